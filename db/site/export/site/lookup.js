// Leads from what was typed to the page of it, where the copy has one. Nothing is guessed: what it does not have stays unanswered.
"use strict";
const root = new URL("../", document.currentScript.src);
const asked = (new URLSearchParams(location.search).get("q") || "").trim();
const read = [
    [/^(?:10\.0\.)?([0-9]{5}(?:\.[0-9]{1,5})?)$/, (text) => `build/${text}`],
    [/^(?:KB)?\s?([0-9]{6,7})$/i, (text) => `kb/${text}`],
    [/^(CVE-[0-9]{4}-[0-9]{4,7})$/i, (text) => `cve/${text.toUpperCase()}`],
    [/^(20[0-9]{2}-[0-9]{2})$/, (text) => `calendar/${text}`],
    [/^([a-z0-9-]{3,40})$/i, (text) => `product/${text.toLowerCase()}`],
];
for (const [form, path] of read) {
    const found = form.exec(asked);
    if (!found) { continue; }
    const page = path(found[1]);
    if (PAGES.has(page)) {
        location.replace(new URL(`${document.documentElement.lang === "en" ? "" : `${document.documentElement.lang}/`}${page}.html`, root));
    } else if (FILES.has(page)) {
        location.replace(new URL(`v1/${page.replace("cve/", "cves/")}.json`, root));
    }
}
for (const box of document.querySelectorAll("input[name=q]")) { box.value = asked; }
