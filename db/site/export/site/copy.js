// A copy of the site outlives its day. After the last day on which its verdicts hold, nothing on it is called patched.
"use strict";
for (const note of document.querySelectorAll("[data-valid-until]")) {
    if (new Date().toISOString().slice(0, 10) <= note.dataset.validUntil) { continue; }
    note.classList.replace("note", "warning");
    for (const status of document.querySelectorAll(".status.current")) {
        status.classList.replace("current", "unknown");
        status.textContent = note.dataset.unknown;
        const box = status.closest(".verdict");
        if (box) {
            box.classList.replace("current", "unknown");
            for (const reason of box.querySelectorAll("p:not(:has(.status))")) { reason.remove(); }
        }
    }
}
