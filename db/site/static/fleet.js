// A file that is chosen, or dropped on the form, is put into the field. Without script the field alone does.
"use strict";
const form = document.querySelector("form[data-drop]");
const field = form.querySelector("textarea");
const chooser = form.querySelector("input[type=file]");
const LARGEST = 5_000_000;
const take = async (file) => {
    if (!file) { return; }
    field.setCustomValidity(file.size > LARGEST ? `${file.name}: ${file.size} bytes, at most ${LARGEST}` : "");
    if (file.size <= LARGEST) { field.value = await file.text(); }
    field.reportValidity();
};
form.querySelector(".file").hidden = false;
chooser.addEventListener("change", () => take(chooser.files[0]));
field.addEventListener("input", () => field.setCustomValidity(""));
form.addEventListener("dragover", (event) => event.preventDefault());
form.addEventListener("drop", (event) => { event.preventDefault(); take(event.dataTransfer.files[0]); });
