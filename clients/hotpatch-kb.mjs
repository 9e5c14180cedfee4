// Ask an export of hotpatch-kb, by its address or (in Node) its folder, whether a build is patched. No dependencies.
//
//     import { Export } from "./hotpatch-kb.mjs";
//     const found = await new Export("https://facts.example.com/hotpatch-kb/").verdict("26100.32772", { product: "ws2025", line: "hotpatch" });
//
// What the export does not know is "unknown", and after the last day on which its verdicts hold nothing is "current" (docs/export.md).

const VALUES = ["verdict", "reason", "next_kb", "next_needs_restart", "months_behind"];
const unknown = (reason) => ({ verdict: "unknown", reason, next_kb: null, next_needs_restart: null, months_behind: null });
const kbOf = (text) => /^(?:KB)?[ -]?([0-9]{6,7})$/i.exec(text.trim())?.[1];

export class Export {
    constructor(where) { this.where = String(where).replace(/\/*$/, "/"); }

    /** What `hotpatch-kb lookup --json` answers to a build or a KB; null where the export does not name it. */
    async lookup(text) {
        const build = /^(?:10\.0\.)?([0-9]{5}\.[0-9]{1,5})$/.exec(text.trim());
        if (build) { return this.read(`v1/builds/${build[1]}.json`); }
        const kb = kbOf(text);
        if (kb) { return this.read(`v1/kbs/KB${kb}.json`); }
        throw new Error(`expected a build such as 26100.32772 or a KB such as KB5087423, got ${JSON.stringify(text.slice(0, 60))}`);
    }

    /** A product: its latest releases, the next restart, its support; null where the export does not have it. */
    async product(name) {
        if (!/^[a-z0-9-]{3,40}$/.test(name)) { throw new Error(`expected the id of a product such as ws2025, got ${JSON.stringify(name.slice(0, 60))}`); }
        return this.read(`v1/products/${name}.json`);
    }

    /** Whether a machine is patched, as far as the export knows: verdict, reason, next_kb, next_needs_restart, months_behind. */
    async verdict(build, { product = null, line = null, kbs = [], today = new Date().toISOString().slice(0, 10) } = {}) {
        if (line !== null && line !== "hotpatch" && line !== "standard") { throw new Error(`expected hotpatch or standard, got ${JSON.stringify(line)}`); }
        const answer = await this.lookup(build);
        if (answer === null) { return unknown(`the export has no ${build.trim()}`); }
        const installed = new Set(kbs.map(kbOf).filter(Boolean));
        const ofProduct = answer.matches.filter((match) => product === null || match.product === product);
        const ofKbs = ofProduct.filter((match) => installed.has((match.kb ?? "").replace("KB", "")));
        const matches = ofKbs.length ? ofKbs : ofProduct;
        const judged = matches.map((match) => (line && match.by_line ? match.by_line[line] : match.verdict));
        if (!judged.length || judged.some((found) => !found)) {
            return unknown(`the export has no verdict for ${build.trim()}${product === null ? "" : ` on ${product}`}`);
        }
        const first = Object.fromEntries(VALUES.map((name) => [name, judged[0][name] ?? null]));
        if (judged.some((found) => found.verdict !== first.verdict || found.next_kb !== first.next_kb)) {
            const either = matches.map((match, place) => `${match.product} ${match.kb ?? match.build}: ${judged[place].verdict}`).join("; ");
            return { ...unknown(`it may be ${either}`), verdict: "ambiguous" };
        }
        if (first.verdict === "current" && !(typeof answer.valid_until === "string" && today <= answer.valid_until)) {
            return unknown(`the verdicts of this export held until ${answer.valid_until}`);
        }
        return first;
    }

    async read(name) {
        if (/^https?:/.test(this.where)) {
            const answer = await fetch(this.where + name);
            if (answer.status === 404) { return null; }
            if (!answer.ok) { throw new Error(`${name}: HTTP ${answer.status}`); }
            return answer.json();
        }
        const { readFile } = await import("node:fs/promises");
        try {
            return JSON.parse(await readFile(this.where + name, "utf-8"));
        } catch (error) {
            if (error.code !== "ENOENT") { throw error; }
            await readFile(`${this.where}index.json`);  // it is an export, which does not have this
            return null;
        }
    }
}
