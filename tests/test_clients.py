"""Clients of an export: they say what the command says or less, and never that a machine is patched where it is not known to be."""

from __future__ import annotations

import importlib.util
import json
import re
import shutil
import subprocess
import sys
import types
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import yaml
from helpers.folder_server import served

from hotpatch_kb.client import Export
from hotpatch_kb.db.answers.metrics import metrics
from hotpatch_kb.db.answers.verdicts import Verdicts
from hotpatch_kb.db.site.export import folder as exporting
from hotpatch_kb.db.store.connections import open_for_reading

CLIENTS = Path(__file__).parent.parent / "clients"
DAY = "2026-07-20"
LINES = ("", "hotpatch", "standard")
ASK = """
import { Export } from "%s";
const asked = JSON.parse(await new Response(process.stdin).text());
const found = [];
for (const [where, build, options] of asked) { found.push(await new Export(where).verdict(build, options)); }
console.log(JSON.stringify(found));
"""


@pytest.fixture(scope="module")
def exported(made_once: Any, seeded: Path) -> Path:
    def make(folder: Path) -> None:
        with closing(open_for_reading(seeded)) as conn:
            exporting.write(conn, folder / "public", DAY, with_site=False)

    return Path(made_once("clients", make)) / "public"


@pytest.fixture(scope="module")
def questions(seeded: Path) -> list[tuple[str, dict[str, Any], set[str]]]:
    """Every build with each product and line, and the verdicts of a machine of which no more is known."""
    found = []
    with closing(open_for_reading(seeded)) as conn:
        verdicts = Verdicts(conn, DAY)
        for build, products in verdicts.products_by_build().items():
            of_line = {line: {verdicts.of_build(product, build)[line, ""].verdict for product in products} for line in LINES}
            for line in LINES:
                found.append((build, {"product": None, "line": line or None}, of_line[line]))
                found += [
                    (build, {"product": product, "line": line or None}, {verdicts.of_build(product, build)[line, ""].verdict})
                    for product in products
                ]
    return found


def test_a_client_never_says_more_than_the_command(exported: Path, questions: list[Any]) -> None:
    export, same = Export(exported), 0
    for build, options, verdicts in questions:
        found = export.verdict(build, **options, today=DAY)["verdict"]
        assert found in {*verdicts, "ambiguous", "unknown"}, (build, options, found, verdicts)
        assert found != "current" or verdicts == {"current"}, (build, options, verdicts)
        same += {found} == verdicts
    assert same > len(questions) * 0.7


def test_nothing_is_current_after_the_last_day(exported: Path, questions: list[Any]) -> None:
    export = Export(exported)
    asked = [(build, options) for build, options, verdicts in questions if verdicts == {"current"}]
    before = [(build, options) for build, options in asked if export.verdict(build, **options, today="2026-07-31")["verdict"] == "current"]
    assert before
    for build, options in before:
        late = export.verdict(build, **options, today="2026-08-01")
        assert (late["verdict"], late["next_kb"], late["reason"]) == ("unknown", None, "the verdicts of this export held until 2026-07-31")


def test_what_the_export_does_not_know_is_unknown(exported: Path) -> None:
    export = Export(exported)
    assert export.verdict("26100.32773")["verdict"] == "unknown"
    assert export.verdict("26100.32772", product="ws2022")["verdict"] == "unknown"
    assert export.lookup("KB1234567") is None
    assert export.product("ws2099") is None
    for bad in ("26100", "../../etc/passwd", "", "26100.32772\n../x"):
        with pytest.raises(ValueError, match="expected a build"):
            export.verdict(bad)
    with pytest.raises(ValueError, match="expected hotpatch or standard"):
        export.verdict("26100.32772", line="Hotpatch")
    with pytest.raises(OSError, match="No such file"):
        Export(exported / "tables").verdict("26100.32772")


def test_an_installed_kb_decides(exported: Path) -> None:
    export = Export(exported)
    assert export.verdict("26100.6905", product="ws2025", today=DAY)["verdict"] == "ambiguous"
    assert export.verdict("26100.6905", product="ws2025", kbs=["kb5070893"], today=DAY)["verdict"] == "restart_due"


def test_by_an_address_it_says_the_same(exported: Path) -> None:
    with served(exported) as address:
        export, local = Export(address), Export(str(exported))
        for build in ("26100.32772", "10.0.26100.6905", "26100.32773"):
            assert export.verdict(build, product="ws2025", today=DAY) == local.verdict(build, product="ws2025", today=DAY)
        assert export.product("ws2025") == local.product("ws2025")


def test_javascript_says_what_python_says(exported: Path, questions: list[Any], tmp_path: Path) -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("expected Node 18 or later, got none: apt-get install nodejs")
    asked: list[Any] = [[str(exported), build, {**options, "today": day}] for build, options, _ in questions for day in (DAY, "2026-08-01")]
    asked += [[str(exported), "26100.32773", {}], [str(exported), "26100.6905", {"product": "ws2025", "kbs": ["kb5070893"], "today": DAY}]]
    (tmp_path / "ask.mjs").write_text(ASK % (CLIENTS / "hotpatch-kb.mjs").as_uri(), encoding="utf-8")
    done = subprocess.run(
        [node, "ask.mjs"], cwd=tmp_path, input=json.dumps(asked), capture_output=True, text=True, encoding="utf-8", check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    export = Export(exported)
    assert json.loads(done.stdout) == [export.verdict(build, **options) for _, build, options in asked]


def test_powershell_is_read_by_a_grammar() -> None:
    grammar = pytest.importorskip("tree_sitter_powershell")
    tree_sitter = pytest.importorskip("tree_sitter")
    text = (CLIENTS / "powershell" / "hotpatch-kb.ps1").read_text(encoding="utf-8")
    parser = tree_sitter.Parser(tree_sitter.Language(grammar.language()))
    assert not parser.parse(text.encode()).root_node.has_error
    assert parser.parse(text.replace("{", "(", 1).encode()).root_node.has_error  # it would see one
    assert "Not run in our CI" in text
    assert text.isascii()  # Windows PowerShell reads a file without a mark as ANSI
    assert re.findall(r"^function ((?:Test|Get)-\S+)", text, re.MULTILINE) == [
        "Test-HotpatchBuild",
        "Get-HotpatchNext",
        "Get-HotpatchInventory",
    ]
    # 5.1 has none of these operators.
    assert not re.search(r"\?\?|\?\.|&&|\|\||\? [^|]+ : ", re.sub(r"#[^\n]*|'[^'\n]*'", "", text))


def test_a_row_of_powershell_is_one_that_assess_reads(run: Any, tmp_path: Path, db: Path) -> None:
    text = (CLIENTS / "powershell" / "hotpatch-kb.ps1").read_text(encoding="utf-8")
    names = re.findall(r"(\w+) = ", text.partition("function Get-HotpatchInventory")[2].rpartition("@{")[2])
    assert names == ["host", "product", "build", "line", "kbs", "edition", "vbs"]
    row = ["srv1", "Microsoft Windows Server 2025 Datacenter", "26100.32772", "hotpatch", "KB5087423", "ServerDatacenter", "True"]
    lines = [",".join(f'"{cell}"' for cell in cells) for cells in (names, row)]
    (tmp_path / "inventory.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    done = run("assess", "inventory.csv", "--on", DAY, "--format", "json", "--db", db)
    assert (done.code, done.json()[0]["verdict"], done.json()[0]["kb"]) == (0, "restart_due", "KB5087423")


def test_ansible_asks_the_python_client(exported: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ansible is not installed here: its two classes are stood in for."""
    for name, values in {
        "ansible": {}, "ansible.errors": {"AnsibleError": type("AnsibleError", (Exception,), {})}, "ansible.plugins": {}, "ansible.plugins.lookup": {"LookupBase": object},
    }.items():  # fmt: skip
        module = types.ModuleType(name)
        module.__dict__.update(values)
        monkeypatch.setitem(sys.modules, name, module)
    spec = importlib.util.spec_from_file_location("hotpatch_kb_lookup", CLIENTS / "ansible" / "hotpatch_kb.py")
    assert spec is not None
    assert spec.loader is not None
    plugin = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(plugin)
    found = plugin.LookupModule().run(["26100.32773"], export=str(exported), product="ws2025")
    assert [row["verdict"] for row in found] == ["unknown"]
    with pytest.raises(sys.modules["ansible.errors"].AnsibleError, match="expected a build"):
        plugin.LookupModule().run(["x"], export=str(exported))
    assert set(yaml.safe_load(plugin.DOCUMENTATION)["options"]) == {"_terms", "export", "product", "line"}
    tasks = yaml.safe_load((CLIENTS / "ansible" / "playbook.yml").read_text(encoding="utf-8"))[0]["tasks"]
    assert "lookup('hotpatch_kb'," in tasks[1]["ansible.builtin.set_fact"]["hotpatch"]


def test_rules_and_dashboard_ask_for_metrics_that_there_are(seeded: Path, at: Any) -> None:
    at(DAY)
    with closing(open_for_reading(seeded)) as conn:
        text = metrics(conn)
    there = set(re.findall(r"^# TYPE (\w+) gauge$", text, re.MULTILINE))
    rules = yaml.safe_load((CLIENTS / "prometheus" / "rules.yml").read_text(encoding="utf-8"))["groups"][0]["rules"]
    panels = json.loads((CLIENTS / "grafana" / "dashboard.json").read_text(encoding="utf-8"))["panels"]
    asked = " ".join([*(rule["expr"] for rule in rules), *(target["expr"] for panel in panels for target in panel["targets"])])
    assert set(re.findall(r"hotpatch_kb_\w+", asked)) <= there
    assert re.search(
        r'^hotpatch_kb_next_restart_timestamp_seconds\{product="ws2025",month="20\d\d-\d\d",certainty="\w+",is_unplanned="[01]"\} \d+$',
        text,
        re.MULTILINE,
    )
    assert re.search(
        r'^hotpatch_kb_newest_release_timestamp_seconds\{product="ws2025",line="hotpatch",kb="KB\d+",build="[\d.]+"\} \d+$',
        text,
        re.MULTILINE,
    )
    labels = set(re.findall(r"\$labels\.(\w+)", json.dumps(rules)))
    assert labels <= set(re.findall(r'[{,](\w+)="', text))


def test_examples_name_what_an_export_has(exported: Path) -> None:
    query = (CLIENTS / "excel" / "releases.pq").read_text(encoding="utf-8")
    header = (exported / "tables" / "releases.csv").read_text(encoding="utf-8").partition("\n")[0].split(",")
    columns = re.search(r"SelectColumns\(Chosen, \{([^}]*)\}", query)
    assert columns is not None
    assert set(json.loads(f"[{columns[1]}]")) <= set(header)
    sensor = yaml.safe_load((CLIENTS / "home-assistant" / "configuration.yaml").read_text(encoding="utf-8"))["rest"][0]
    product = json.loads((exported / "v1" / "products" / "ws2025.json").read_text(encoding="utf-8"))
    assert sensor["resource"].endswith("v1/products/ws2025.json")
    assert set(sensor["sensor"][0]["json_attributes"]) <= set(product)
    assert product["nextRestart"]["hotpatch"]["date"]
