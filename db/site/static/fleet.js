// A file that is chosen, or dropped on the form, is put into the field. Without script the field alone does.
"use strict";
const form = document.querySelector("form[data-drop]");
const field = form.querySelector("textarea");
const chooser = form.querySelector("input[type=file]");
const LARGEST = 5_000_000;
// A file is UTF-8, or UTF-16 by its mark or by its NULs (PowerShell 5.1), else in the code page of the language.
const decoded = (bytes) => {
    const start = bytes.subarray(0, 4096);
    const nuls = (rest) => start.filter((byte, place) => byte === 0 && place % 2 === rest).length;
    if ((start[0] === 0xff && start[1] === 0xfe) || nuls(1) > start.length / 20) { return new TextDecoder("utf-16le").decode(bytes); }
    if ((start[0] === 0xfe && start[1] === 0xff) || nuls(0) > start.length / 20) { return new TextDecoder("utf-16be").decode(bytes); }
    try {
        return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    } catch {
        return new TextDecoder(document.documentElement.lang === "ja" ? "shift_jis" : "windows-1252").decode(bytes);
    }
};
const take = async (file) => {
    if (!file) { return; }
    field.setCustomValidity(file.size > LARGEST ? `${file.name}: ${file.size} bytes, at most ${LARGEST}` : "");
    if (file.size <= LARGEST) { field.value = decoded(new Uint8Array(await file.arrayBuffer())); }
    field.reportValidity();
};
for (const room of form.querySelectorAll(".file")) { room.hidden = false; }
form.querySelector("[data-take]")?.addEventListener("click", (event) => { field.value = event.currentTarget.dataset.take; field.focus(); field.scrollTop = 0; });
chooser.addEventListener("change", () => take(chooser.files[0]));
field.addEventListener("input", () => field.setCustomValidity(""));
form.addEventListener("dragover", (event) => event.preventDefault());
form.addEventListener("drop", (event) => { event.preventDefault(); take(event.dataTransfer.files[0]); });
