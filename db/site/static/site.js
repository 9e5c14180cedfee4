// Conveniences. Every page works without: copy buttons, tables that filter as one types, timelines that open at today.
"use strict";
for (const button of document.querySelectorAll("button.copy")) {
    if (!navigator.clipboard) { break; }
    button.hidden = false;
    const label = button.textContent;
    button.addEventListener("click", async () => {
        await navigator.clipboard.writeText(button.dataset.copy);
        button.textContent = button.dataset.done;
        setTimeout(() => { button.textContent = label; }, 2000);
    });
}
for (const box of document.querySelectorAll("input[data-filter]")) {
    const rows = [...document.querySelectorAll(`${box.dataset.filter} tbody tr`)].filter((row) => !row.querySelector("th[scope=rowgroup]"));
    const folds = [...document.querySelectorAll(`${box.dataset.filter} details`)].map((fold) => [fold, fold.open]);
    const said = document.getElementById(box.dataset.says);
    box.closest("[hidden]")?.removeAttribute("hidden");
    const filter = () => {
        const words = box.value.toLowerCase().split(/\s+/).filter(Boolean);
        let shown = 0;
        for (const row of rows) {
            const text = row.textContent.toLowerCase();
            row.hidden = !words.every((word) => word.startsWith("=") ? row.dataset.is === word.slice(1) : text.includes(word));
            shown += !row.hidden;
        }
        for (const [fold, wasOpen] of folds) { fold.open = words.length ? fold.querySelector("tbody tr:not([hidden])") !== null : wasOpen; }
        if (said) { said.textContent = words.length ? `${shown} / ${rows.length}` : ""; }
    };
    box.addEventListener("input", filter);
    for (const pill of document.querySelectorAll(`[data-put="${box.id}"]`)) {
        pill.addEventListener("click", (event) => { event.preventDefault(); box.value = pill.dataset.word; filter(); box.scrollIntoView({ block: "start" }); box.focus({ preventScroll: true }); });
    }
    filter();
}
for (const here of document.querySelectorAll(".scroll .here")) {
    const scroller = here.closest(".scroll");
    scroller.scrollLeft += here.getBoundingClientRect().left - scroller.getBoundingClientRect().left - scroller.clientWidth / 2;
}
