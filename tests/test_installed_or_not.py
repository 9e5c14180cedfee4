"""What an inventory says of a machine without saying that the machine has it. Families by kind, with verdicts that are written by hand.

26100.33158 is KB5099536, the baseline of July 2026 of Windows Server 2025; 26100.32995 is that of June. A machine that is called patched for a build
or a KB that it lacks is the worst that can happen. Embedded facts, on 2026-07-24.
"""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from conftest import Command
from helpers.not_installed import NEW, NO_KB, NOT_ITS_BUILD, OLD

from hotpatch_kb.db.fleet.inventory import read
from hotpatch_kb.db.fleet.inventory.values import may_say_build, states_its_build
from hotpatch_kb.db.model.errors import BadInput
from hotpatch_kb.db.model.wording import is_installed, lists_installed

DAY = "2026-07-24"


def _rows(run: Command, tmp_path: Path, text: str | bytes, *options: str) -> list[dict[str, Any]]:
    (tmp_path / "fleet").write_bytes(text if isinstance(text, bytes) else text.encode())
    done = run("assess", "fleet", "--on", DAY, "--format", "jsonl", *options)
    assert done.code == 0, done.err
    return [json.loads(line) for line in done.out.split("\n") if line]


def _verdicts(run: Command, tmp_path: Path, text: str | bytes, *options: str) -> list[str]:
    return [row["verdict"] for row in _rows(run, tmp_path, text, *options)]


DENIED = [
    f"{NEW} (pending restart)", f"< {NEW}", f"<{NEW}", f"older than {NEW}", f"below {NEW}", f"not {NEW}", f"!={NEW}", f"≠{NEW}", f"≥ {NEW}", f"upgrade to {NEW}", f"target {NEW}", f"{NEW} missing",
    f"update to {NEW} failed", f"{NEW} / 32995", f"{NEW}/32995", f"{NEW}?", f"~{NEW}", f"{NEW} (rolled back)", f"{NEW} -> 32995", f"32995 → {NEW}", f"{NEW} not installed", f"{NEW} not yet", f"to {NEW}",
    f"min. {NEW}", f"lacks {NEW}", f"{NEW} downloaded", f"{NEW} staged, reboot to finish", f"fixed in {NEW}", f"behind {NEW}", f"{NEW} after restart", f"{NEW} superseded", f"no {NEW}", f"{NEW} available",
    f"älter als {NEW}", f"{NEW} fehlt", f"{NEW} verfügbar", f"Ausstehend: {NEW}", f"{NEW} nicht installiert", f"{NEW} manquant", f"pas {NEW}", f"{NEW} disponible", f"falta {NEW}", f"{NEW} pendiente",
    f"no instalado {NEW}", f"non installato {NEW}", f"{NEW} mancante", f"não instalado {NEW}", f"{NEW} ontbreekt", f"brak {NEW}", f"{NEW} отсутствует", f"не установлено {NEW}", f"{NEW} eksik", f"saknas {NEW}",
    f"{NEW} 未インストール", f"最新 {NEW}", f"{NEW} 再起動待ち", f"{NEW} 未安装", f"缺少 {NEW}", f"{NEW} 미설치", f"{NEW} 누락", f"{NEW} (installing)", f"{NEW} in progress", f"{NEW} queued", f"{NEW} stuck at 30%", f"{NEW} 45%", f"{NEW} error 0x800f0922", f"{NEW} on hold",
    f"{NEW} or later", f"{NEW} and above", f"{NEW}+", f"{NEW} >=", f"{NEW} oder höher", f"{NEW} 以降", f"{NEW} golden image", f"{NEW} ⏳", f"✗ {NEW}", f"{NEW} *", f"{NEW} wird installiert", f"{NEW} en cours d'installation",
    f"{NEW} インストール中", f"{NEW} 正在安装", f"{NEW} 설치 중", f"{NEW} устанавливается", f"{NEW} xyz", f"certified {NEW}", f"{NEW} N", f"{NEW} (x)", f"{NEW}.0 pending", f"{NEW}.0?",
]  # fmt: skip


@pytest.mark.parametrize("column", ["build", "OS-Version", "Betriebssystemversion"])
def test_cells_that_deny_their_build(column: str, run: Command, tmp_path: Path) -> None:
    """Of a column of a known name, and of those that are found by their values, where half of the rows say their build."""
    builds = [OLD] * len(DENIED) + [text.replace(",", " ") for text in DENIED]
    rows = _rows(run, tmp_path, f"host,OS,{column}\n" + "".join(f"A,Windows Server 2025,{build}\n" for build in builds))
    for build, row in list(zip(builds, rows, strict=True))[len(DENIED) :]:
        assert not states_its_build(build)
        assert (row["verdict"], "does not say that the machine has it" in row["reason"]) == ("unknown", True), row


def test_cells_that_say_their_build_in_words(run: Command, tmp_path: Path) -> None:
    texts = [
        f"Microsoft Windows [Versión 10.0.{NEW}]", f"build => {NEW}", f"<version>{NEW}</version>", f"OS Build <{NEW}>", f"{NEW} - 2026-07-14", f"10.0.{NEW} (ge_release)", f"Build no. {NEW}", f"(OS ビルド {NEW})",
        f"版本 24H2 (OS 内部版本 {NEW})", f"Windows Server 2025 Standard 24H2 10.0.{NEW}", f"läuft mit {NEW}", f"{NEW}.", f"v{NEW}", f"버전 24H2(OS 빌드 {NEW})", f"сборка ОС {NEW}", f"Compilación {NEW}",
        "10.0.26100 (33158)", "26100 (33158)", "10.0.26100.0 (33158)", "10.0.26100 [33158]", "10.0.26100 (UBR 33158)", f"{NEW}.0", f"10.0.{NEW}.0",
        "26100.33\u200b158", f"\u200e{NEW}\u200f", "26100\u00ad.33158", "26100.3\x003158", "26100,33158", "26.100,33158", "26100 Rev 33158", "10.0.26100 UBR 33158", "10,0,26100,33158",
    ]  # fmt: skip
    rows = _rows(run, tmp_path, "host,OS,build\n" + "".join(f'A,Windows Server 2025,"{text}"\n' for text in texts))
    assert [row["build"] for row in rows if (row["verdict"], row["kb"]) != ("current", "KB5099536")] == []


# Names as reports of updates, of vulnerabilities and of plans have them.
OF_OTHERS = [
    "Fixed Version", "Fixed in build", "New version", "To version", "Upgrade version", "Verfügbare Version", "Neueste Version", "Erforderliche Version", "Version disponible", "Dernière version",
    "Nouvelle version", "Última versión", "最新バージョン", "利用可能なバージョン", "最新版本", "可用版本", "Доступная версия", "Последняя версия", "Install build", "Build to deploy", "Offered build",
    "Scheduled build", "Staged build", "Downloaded version", "Reference build", "Gold version", "Patched version", "Secure version", "Solution version", "Min version", "OS version >=", "Build after reboot",
    "Published version", "Release version", "Vendor version", "Supported version", "Affected versions", "Vulnerable versions", "Should be version", "Up-to-date build", "Max version", "Newer version",
    "Remediation version", "Catalog build", "Deployment build", "Final build", "Server version on WSUS", "Optional build", "Failed build", "Rollback version", "Prior build", "Last version", "Original build",
    "Install.Wim version", "History version", "Ver. ult.", "Prevvalue", "Comment on OS", "Ideal version", "Current Microsoft build", "Upcoming build", "Future version", "Version (WSUS)", "Compare version",
    "Threshold version", "Ring version", "Update ring OS", "proposed version", "Superseded version", "detection version", "Fehlende Version", "缺失版本", "必要なビルド", "Version manquante", "Versión nueva",
    "Windows version (WSUS approved)", "Update build version", "LCUVer", "Certified build", "Beta build", "Golden image build", "Exception version", "Notes", "Remarks", "Bemerkung", "備考",
    "Sollstand", "Zielstand", "Release", "Neuer Build", "Build-Nr. (Ziel)", "Целевой билд", "Новый билд", "Билд WSUS", "OS Release target", "OS Update available", "Patch", "Last release", "Nächster Stand", "新版数", "다음 빌드", "Stand WSUS",
]  # fmt: skip


def _builds(text: str) -> list[str]:
    return [row.machine["build"] for row in read(io.BytesIO(text.encode()))]


@pytest.mark.parametrize("name", OF_OTHERS)
def test_a_column_of_another_build_is_not_read(name: str) -> None:
    """By itself it is no build at all; beside the installed one that one counts."""
    assert not may_say_build(name)
    for text in (f"host,OS,{name}\nsrv1,Windows Server 2025,{NEW}\n", json.dumps([{"host": "s", name: NEW}])):
        with pytest.raises(BadInput, match="--map build=NAME"):
            _builds(text)
    for installed in ("Installed version", "OS Build", "Betriebssystemversion"):
        assert _builds(f"host,OS,{name},{installed}\nsrv1,Windows Server 2025,{NEW},{OLD}\n") == [OLD]
        assert _builds(json.dumps([{"host": "s", name: NEW, installed: OLD}])) == [OLD]


@pytest.mark.parametrize(
    "name",
    [
        "OS Build", "Betriebssystemversion", "Buildnummer", "OS ビルド", "OS バージョン", "Version du système", "Versión del SO", "操作系统版本", "OS 内部版本", "버전", "OS 빌드", "Версия ОС", "Сборка ОС",
        "Wersja systemu", "Sürüm", "İşletim sistemi sürümü", "Operativsystemversion", "Windows build", "winver", "os_full", "Last value", "message_raw", "Build (UBR)", "Versione sistema operativo", "Versão do SO",
        "Kernel", "Έκδοση λειτουργικού", "Installed build", "WindowsBuild", "Device OS version", "Versie", "OS build number (full)", "संस्करण", "เวอร์ชันระบบ", "إصدار النظام", "גרסת מערכת ההפעלה", "Phiên bản hệ điều hành",
        "Versió del sistema", "Verzia systému", "Käyttöjärjestelmän versio", "Versiune sistem", "システムのバージョン", "目前版本", "현재 버전", "текущая сборка", "Numéro de build", "Numero build", "Kompilacja systemu",
        "Build-Nr.", "Windows-Build-Nr.", "Versionsstand", "OS-Stand", "OS Release", "Windows Release", "Билд", "Номер билда", "Билд ОС", "Компилация", "Numer wersji", "Compilation", "N° de build", "N° version", "Révision Windows", "Bouwnummer",
        "Buildnr.", "Versionsnr.", "Číslo buildu", "Verze buildu", "Verziószám", "Build száma", "Käännös", "Yapı numarası", "版数", "バージョン情報", "버전 정보", "Αριθμός δόμησης", "בנייה", "رقم البناء", "बिल्ड संख्या", "Số bản dựng", "Nomor build", "หมายเลขรุ่น",
        "Nr. build", "OS Ver.", "OS Bld", "W11 Build", "OS Patch Level", "Patchstand",
    ],
)  # fmt: skip
def test_a_column_of_the_system_in_any_language(name: str) -> None:
    assert _builds(f"host,OS,{name}\nsrv1,Windows Server 2025,10.0.{NEW}\n") == [f"10.0.{NEW}"]
    assert _builds(json.dumps([{"host": "s", name: NEW}])) == [NEW]


@pytest.mark.parametrize("name", NO_KB)
def test_a_kb_that_is_not_installed_decides_nothing(name: str, run: Command, tmp_path: Path) -> None:
    assert _verdicts(run, tmp_path, NO_KB[name]) == ["unknown"]


DENIED_KBS = [
        "KB5094125 KB5099536 (pending restart)", "missing: KB5099536", "KB5099536 - uninstalled", "not KB5099536", "KB5099536=NotInstalled", "!KB5099536", "-KB5099536", "KB5094125 (superseded by KB5099536)",
        "https://support.microsoft.com/help/5099536", "KB5099536?", "absent KB5099536", "fehlt: KB5099536", "KB5099536 planifié", "未適用 KB5099536", "缺少 KB5099536", "KB5099536 отсутствует", "todo 5099536",
        "KB5099536 ✗", "needs KB5099536", "KB5099536 = 0",
]  # fmt: skip
INSTALLED_KBS = [
        "KB5099536", "5099536", "KB5087423;KB5099536", "KB5087423 KB5099536", "kb-5099536|KB5012170", "3 Hotfix(s) Installed.; [01]: KB5087423; [02]: KB5099536",
        "2 ホットフィックスがインストールされています。 [01]: KB5012170 [02]: KB5099536", "2026-07 Cumulative Update for Windows Server 2025 (KB5099536)", "Security Update KB5099536 7/14/2026", "{KB5087423; KB5099536...}",
        "Installiert: KB5099536", "[KB5087423] [KB5099536]",
]  # fmt: skip


def _of_kbs(cells: list[str]) -> list[str]:
    """Return the same machines as CSV and as JSON."""
    machines = [{"host": "A", "product": "ws2025", "build": "26100", "kbs": cell} for cell in cells]
    return ["host,product,build,kbs\n" + "".join(f'A,ws2025,26100,"{cell}"\n' for cell in cells), json.dumps(machines)]


def test_lists_of_kbs_with_words_that_may_deny_them(run: Command, tmp_path: Path) -> None:
    assert [cell for cell in DENIED_KBS if lists_installed(cell)] == []
    for text in _of_kbs(DENIED_KBS):
        assert [row["kbs"] for row in _rows(run, tmp_path, text) if row["verdict"] != "unknown"] == []


def test_lists_of_installed_kbs(run: Command, tmp_path: Path) -> None:
    assert [cell for cell in INSTALLED_KBS if not lists_installed(cell)] == []
    for text in _of_kbs(INSTALLED_KBS):
        assert [row["kbs"] for row in _rows(run, tmp_path, text) if row["verdict"] != "current"] == []


def test_duckdb_reads_words_beside_kbs_as_we_do(run: Command, tmp_path: Path) -> None:
    (tmp_path / "fleet").write_text(
        "host,product,build,kbs\n" + "".join(f"A,ws2025,26100,{cell}\n" for cell in DENIED_KBS + INSTALLED_KBS if "," not in cell),
        encoding="utf-8",
    )
    ours, of_duckdb = (run("assess", "fleet", "--on", DAY, "--engine", engine) for engine in ("builtin", "duckdb"))
    assert (ours.out.count(",unknown,"), ours.out.count(",current,")) == (len(DENIED_KBS), len(INSTALLED_KBS))
    assert ours.out == of_duckdb.out


OF_UPDATES = [
    ("Type", "Missing"), ("Group", "Not installed"), ("List", "Available"), ("Message", "Installation Failure: Windows failed to install the following update"), ("Phase", "Install-pending"), ("Outcome", "Failure"),
    ("Disposition", "Deferred"), ("Condition", "Absent"), ("Assignment", "Required"), ("Install Date", ""), ("Installed On", "Never"), ("Date installed", "not installed"), ("Installed Date", "N/A"),
    ("InstallDate", "0"), ("State Name", "Update is required"), ("Compliance", "Non-compliant"), ("Needed", "Yes"), ("Missing", "1"), ("Approved", "Yes"), ("Zustand", "Fehlend"), ("needed", True), ("missing", True), ("failed", True),
    ("rebootRequired", True), ("success", False), ("dateInstalled", None), ("resultCode", 4), ("error", "0x80070643"), ("operation", "Uninstall"), ("progress", 40), ("EventID", 20), ("状態", "未適用"), ("Statut", "En attente"),
]  # fmt: skip


@pytest.mark.parametrize(("column", "value"), OF_UPDATES)
def test_whatever_else_is_said_of_an_update_speaks_for_it(column: str, value: object, run: Command, tmp_path: Path) -> None:
    """In a row of an inventory, in a table of KBs, and in a list of objects."""
    text = "" if value is None else str(value)
    assert _verdicts(run, tmp_path, f'host,product,OSVersion,KB,{column}\nA,ws2025,10.0.26100,KB5099536,"{text}"\n') == ["unknown"]
    (tmp_path / "kbs").write_text(f'host,KB,{column}\nA,KB5099536,"{text}"\n', encoding="utf-8")
    assert _verdicts(run, tmp_path, "host,product,build\nA,ws2025,26100\n", "--hotfixes", "kbs") == ["unknown"]
    machine = {"host": "A", "product": "ws2025", "build": "26100", "installedUpdates": [{"kb": "KB5099536", column: value}]}
    assert _verdicts(run, tmp_path, json.dumps([machine])) == ["unknown"]


def test_what_tools_say_of_installed_updates(run: Command, tmp_path: Path) -> None:
    updates = [
        {"HotFixID": "KB5099536", "Description": "Security Update", "InstalledBy": "NT AUTHORITY\\SYSTEM", "InstalledOn": "7/14/2026 12:00:00 AM"},
        {"kb": "KB5099536", "title": "2026-07 Cumulative Update for Windows Server 2025 for x64-based Systems (KB5099536)", "installedDate": "2026-07-15T03:00:00Z", "resultCode": 2},
        {"kbId": "5099536", "state": "Installed", "rebootRequired": False, "error": None, "severity": "Critical"},
    ]  # fmt: skip
    for update in updates:
        machine = {"host": "A", "product": "ws2025", "build": "26100", "installedUpdates": [update]}
        assert _verdicts(run, tmp_path, json.dumps([machine])) == ["current"], update


def test_statuses_that_say_installed(run: Command, tmp_path: Path) -> None:
    for status in ("Installed", "Succeeded", "installiert", "True", "インストール済み", "已安装", ""):
        assert is_installed(status)
        assert _verdicts(run, tmp_path, f"host,product,OSVersion,HotFixID,Status\nA,ws2025,10.0.26100,KB5099536,{status}\n") == ["current"]
    text = json.dumps(
        [
            {
                "host": "A",
                "product": "ws2025",
                "build": "26100",
                "hotfixes": [{"id": "KB5087423"}, {"id": "KB5099536", "status": "Installed"}],
            }
        ]
    )
    assert _verdicts(run, tmp_path, text) == ["current"]
    # A machine's own status says nothing against its list.
    assert _verdicts(run, tmp_path, "host,product,build,kbs,status\nA,ws2025,26100,KB5099536,Online\n") == ["current"]
    assert _verdicts(run, tmp_path, f"host,product,build,status\nA,ws2025,{NEW},Not compliant\n") == ["current"]
    machine = {"host": "A", "product": "ws2025", "build": NEW, "backup": {"status": "failed"}}
    assert _verdicts(run, tmp_path, json.dumps([machine])) == ["current"]


def test_a_status_does_not_make_an_older_build_unknown(run: Command, tmp_path: Path) -> None:
    """It keeps a machine from being patched; "Update available" beside the build of June denies nothing."""
    text = f"host,product,build,line,status\nA,ws2025,{OLD},standard,Update available\nB,ws2025,{NEW},standard,Update available\n"
    assert _verdicts(run, tmp_path, text) == ["behind", "unknown"]
    machines = [{"host": "A", "product": "ws2025", "build": build, "line": "standard", "state": "pending"} for build in (OLD, NEW)]
    assert _verdicts(run, tmp_path, json.dumps(machines)) == ["behind", "unknown"]


TABLE = "host,HotFixID\n"


@pytest.mark.parametrize(
    ("hosts", "table", "expected"),
    [
        (["10.0.0.5", "10.0.0.6", "10.9.9.9"], "10.0.0.5,KB5099536\n", ["current", "unknown", "unknown"]),
        (["fe80::1", "fe80::2"], "fe80::1,KB5099536\n", ["current", "unknown"]),
        (["srv1.prod.example.com", "srv1.test.example.com"], "srv1.prod.example.com,KB5099536\n", ["current", "unknown"]),
        (["SRV1.example.com", "srv2"], "srv1,KB5099536\nSRV2$,KB5099536\n", ["current", "current"]),
        (["srv1"], "srv1.example.com,KB5099536\n", ["current"]),
        (["srv1"], "srv1.example.com,KB5099536\nsrv1.example.net,KB5012170\n", ["unknown"]),
        (["srv1.example.com"], "srv1,KB5099536\nsrv1.example.net,KB5012170\n", ["unknown"]),
        (["\\\\SRV1"], "srv1.,KB5099536\n", ["current"]),
    ],
)
def test_hosts_of_a_table_of_kbs(hosts: list[str], table: str, expected: list[str], run: Command, tmp_path: Path) -> None:
    (tmp_path / "kbs").write_text(TABLE + table, encoding="utf-8")
    text = "host,product,build\n" + "".join(f"{host},ws2025,26100\n" for host in hosts)
    assert _verdicts(run, tmp_path, text, "--hotfixes", "kbs") == expected


def test_a_bare_name_that_two_machines_may_have(run: Command, tmp_path: Path) -> None:
    (tmp_path / "kbs").write_text(f"{TABLE}srv1,KB5099536\n", encoding="utf-8")
    (tmp_path / "fleet").write_text("host,product,build\nsrv1.prod,ws2025,26100\nsrv1.test,ws2025,26100\n", encoding="utf-8")
    done = run("assess", "fleet", "--on", DAY, "--hotfixes", "kbs")
    assert (done.code, done.out) == (2, "")
    assert "expected one machine 'srv1'" in done.err
    assert "'srv1.prod' and 'srv1.test'" in done.err


def test_a_table_of_kbs_with_their_status(run: Command, tmp_path: Path) -> None:
    (tmp_path / "kbs").write_text(
        "host,HotFixID,UpdateState\nsrv1,KB5094125,Installed\nsrv1,KB5099536,Required\nsrv2,KB5099536,Installed\n", encoding="utf-8"
    )
    text = "host,product,build,line\nsrv1,ws2025,26100,standard\nsrv2,ws2025,26100,standard\n"
    rows = _rows(run, tmp_path, text, "--hotfixes", "kbs")
    assert [(row["verdict"], row["kb"]) for row in rows] == [("behind", "KB5094125"), ("current", "KB5099536")]


@pytest.mark.parametrize("name", NOT_ITS_BUILD)
def test_what_a_row_says_beside_its_build(name: str, run: Command, tmp_path: Path) -> None:
    text, expected = NOT_ITS_BUILD[name]
    assert _verdicts(run, tmp_path, text) == expected


@pytest.mark.parametrize(
    "text",
    [
        f"host,build,build\nA,{OLD},{NEW}\n",
        f"host,build,os version\nA,{NEW},{OLD}\n",
        f"A,{NEW},{OLD}\n",
        f"host,CurrentBuild,UBR,Build\nA,26100,32995,{NEW}\n",
        f'[{{"host": "A", "build": "{OLD}", "build": "{NEW}"}}]',
        f"=== A ===\nOS Name: Windows Server 2025\nOS Build: {OLD}\nOS Build: {NEW}\n",
    ],
)
def test_two_builds_of_a_row_are_invalid_and_named(text: str, run: Command, tmp_path: Path) -> None:
    (row,) = _rows(run, tmp_path, text)
    assert row["verdict"] == "invalid"
    assert OLD in row["reason"]
    assert NEW in row["reason"]


EDITIONS = {
    "unsupported": [
        "Pro", "Hogar", "Profesional", "홈", "Windows 11 Casa", "0x30", "48", "CoreConnected", "Core Connected", "Famille", "家庭版", "ホーム", "プロ", "Домашняя", "W11 Pro", "Home Single Language",
    ],
    "current": ["Enterprise", "Education", "Entreprise", "企业版", "エンタープライズ", "0x4", "", "n/a"],
    "ambiguous": ["S mode", "Starter", "Ultimate", "Pro/Enterprise", "Enterprise or Pro", "Standard", "Otthoni", "999"],
}  # fmt: skip


def test_editions_whose_support_ended_earlier(run: Command, tmp_path: Path) -> None:
    """Windows 11 23H2: support of Home and Pro ended on 2025-11-11, that of Enterprise and Education ends on 2026-11-10."""
    expected = [(edition, verdict) for verdict, editions in EDITIONS.items() for edition in editions]
    rows = _rows(
        run, tmp_path, "host,product,build,edition\n" + "".join(f"A,Windows 11 23H2,22631.7376,{edition}\n" for edition, _ in expected)
    )
    assert [(row["edition"], row["verdict"]) for row in rows] == expected


@pytest.mark.parametrize(
    ("edition", "esu", "verdict"),
    [
        ("Pro (no ESU)", "", "unsupported"), ("Pro without ESU", "", "unsupported"), ("Pro, ESU expired", "", "unsupported"), ("Pro + ESU", "no", "unsupported"), ("Pro", "Not enrolled", "unsupported"),
        ("Pro ohne ESU", "", "unsupported"), ("not ESU Pro", "", "unsupported"), ("Pro + ESU", "", "current"), ("Pro (ESU)", "", "current"), ("Pro ESU Year 1", "", "current"), ("Pro", "yes", "current"), ("Enterprise with ESU", "", "current"),
    ],
)  # fmt: skip
def test_extended_security_updates_are_stated(edition: str, esu: str, verdict: str, run: Command, tmp_path: Path) -> None:
    (row,) = _rows(run, tmp_path, f'host,product,build,edition,esu\nA,win10-22h2,19045.7548,"{edition}",{esu}\n')
    assert row["verdict"] == verdict, row["reason"]


ALL_ROWS: dict[str, tuple[str, list[str]]] = {
    "an object with one empty list": (f'{{"host":"a","build":"{NEW}"}}\n{{"host":"b","hotfixes":[]}}\n{{"host":"c","build":"{NEW}"}}\n', ["current", "unknown", "current"]),
    "an object with a list of its disks": (json.dumps([{"host": "a", "os": {"build": NEW}}, {"host": "b", "os": None, "disks": [{"d": 1}, {"d": 2}]}]), ["current", "unknown"]),
    "lines with a list of disks": ('{"host":"b","disks":[{"d":1},{"d":2}]}\n' + json.dumps({"host": "a", "build": NEW}), ["unknown", "current"]),
    "a list of those that did not answer": (json.dumps({"servers": [{"host": "a", "build": NEW}], "offline": [{"host": "b"}], "tags": [{"x": 1}]}), ["current", "unknown"]),
    "hosts by name, one with an error": (json.dumps({"alpha": {"build": NEW}, "beta": {"error": "unreachable"}}), ["current", "unknown"]),
    "a group without a build": (
        json.dumps({"value": [{"group": "x", "members": [{"host": "a", "build": NEW}, {"host": "b"}]}, {"group": "y", "members": [{"host": "c"}, {"host": "d"}]}]}), ["current", "unknown", "unknown", "unknown"],
    ),
    "builds by host, one offline": (json.dumps({"srv1": NEW, "srv2": "offline", "srv3": NEW}), ["current", "invalid", "current"]),
    "guests of a host": (json.dumps([{"host": "h1", "build": NEW, "vms": [{"host": "vm1", "build": OLD}]}]), ["current", "ambiguous"]),
    "ver without an answer": (f"srv1\nMicrosoft Windows [Version 10.0.{NEW}]\nsrv2\nAccess is denied.\nsrv3\nMicrosoft Windows [Version 10.0.{NEW}]\nsrv4\n", ["current", "unknown", "current", "unknown"]),
    "labels, some offline": (f"srv1: {NEW}\nsrv2: offline\nsrv3: {NEW}\n", ["current", "invalid", "current"]),
    "sections without labels": (
        f"=== srv1 ===\nOS Name: Windows Server 2025\nOS Build: {NEW}\n=== srv2 ===\n=== srv3 ===\nERROR: RPC server unavailable\n", ["current", "unknown", "unknown"],
    ),
    "labels in another order": (f"Host : a\n\nOS Build : {NEW}\nHost : b\nOS Build : {OLD}\n", ["current", "ambiguous"]),
    "Ansible, failed with lists": (
        f'srv1 | SUCCESS => {{"ansible_facts":{{"ansible_kernel":"10.0.{NEW}"}}}}\nsrv3 | FAILED! => {{"msg":"x","warnings":[]}}\nsrv5 | FAILED! => {{"results":[{{"a":1}},{{"a":2}}]}}\n', ["current", "unknown", "unknown"],
    ),
    "line separators that are none": (f"Name   Build\n----   -----\nsr\u2028v1  {NEW}\nsrv\x0c2  {NEW}\n", ["current", "current"]),
    "a remark above the header": (f"# newest: {NEW}\nhost,product,build\na,ws2025,{OLD}\n", ["ambiguous"]),
    "a title above the header": (f"Report of 2026-07-24: newest is {NEW}\n\nhost,product,build\na,ws2025,{OLD}\n", ["ambiguous"]),
    "Lansweeper's revisions": ("AssetName,OSname,OSCode,BuildNumber,Version\nsrv1,Win 2025,10.0.26100,33158,24H2\nsrv2,Win 2022,10.0.20348,5386,21H2\n", ["current", "current"]),
    "systeminfo in two languages": (
        "\n".join(f"\n{host}: srv{number}\n{name}: Microsoft Windows Server 2025 Standard\n{version}: 10.0.26100 {nothing} Build 26100\n{kbs}: 1\n           [01]: KB{kb}\n" for number, (host, name, version, nothing, kbs, kb) in enumerate([
            ("Host Name", "OS Name", "OS Version", "N/A", "Hotfix(s)", 5099536), ("Hostname", "Betriebssystemname", "Betriebssystemversion", "Nicht zutreffend", "Hotfix(es)", 5094125)])),
        ["current", "ambiguous"],
    ),
    "labels without the first one": (f"Domain : a\nName : x\nBuild : {NEW}\n\nName : y\nBuild : {OLD}\n", ["current", "ambiguous"]),
    "Ansible, dark hosts": (json.dumps({"contacted": {"srv1": {"ansible_kernel": f"10.0.{NEW}"}}, "dark": {"srv3": {"msg": "timed out"}}}), ["current", "unknown"]),
    "a list of names that did not answer": (json.dumps({"ok": [{"host": "a", "build": NEW}], "unreachable": ["srv3", "srv4"]}), ["current", "unknown", "unknown"]),
    "Salt, one without an answer": (json.dumps({"srv1": {"kernelversion": f"10.0.{NEW}"}, "srv2": "Minion did not return. [No response]"}), ["current", "unknown"]),
    "revisions by other names": ("host,OSBuild,OSBuildRevision\na,26100,33158\n", ["current"]),
    "UBRs with digits in groups": ('host,CurrentBuild,UBR\na,26100,33.158\nb,26100,"33,158"\nc,26100,33158 (pending)\n', ["current", "current", "unknown"]),
    "a status of hotpatching": ("host,product,build,Hotpatch\na,ws2025,26100.32995,enrolled\nb,ws2025,26100.32995,off\n", ["restart_due", "behind"]),
}  # fmt: skip


@pytest.mark.parametrize("name", ALL_ROWS)
def test_every_machine_gets_a_verdict(name: str, run: Command, tmp_path: Path) -> None:
    text, expected = ALL_ROWS[name]
    assert _verdicts(run, tmp_path, text) == expected


# Exports of tools, with the names of columns that they have.
TOOLS: dict[str, str] = {
    "AWS Systems Manager": "InstanceId,ComputerName,PlatformName,PlatformVersion\ni-1,srv1,Microsoft Windows Server 2025 Datacenter,10.0.26100.33158\n",
    "GCP OS inventory": "hostname,osInfo.longName,osInfo.version,osInfo.kernelRelease\nsrv1,Microsoft Windows Server 2025 Datacenter,10.0.26100,10.0.26100.33158\n",
    "RVTools": 'VM,Powerstate,OS according to the configuration file,OS according to the VMware Tools\nsrv1,poweredOn,Microsoft Windows Server 2025 (64-bit),"Windows Server 2025, 64-bit (Build 26100.33158)"\n',
    "PDQ": "Computer Name,Computer O/S Version,Computer O/S,Computer O/S Build\nsrv1,10.0.26100,Server 2025,26100.33158\n",
    "Tanium": "Computer Name,Operating System,Operating System Build Number,OS Version,Count\nsrv1,Windows Server 2025 Datacenter,26100.33158,10.0.26100,1\n",
    "ServiceNow": "Name,Operating System,OS Version,Kernel release,Install Status\nsrv1,Windows Server 2025,24H2,10.0.26100.33158,Pending install\n",
    "Checkmk": "host_name,service_description,state,plugin_output\nsrv1,OS Build,0,OK - 10.0.26100.33158\n",
    "Nagios": "Host\tService\tStatus\tStatus Information\nsrv1\tWindows Build\tOK\tOS build 26100.33158\n",
    "Rapid7": "Asset Name,Asset OS Name,Asset OS Version\nsrv1,Microsoft Windows Server 2025 Standard Edition,24H2 26100.33158\n",
    "Matrix42": "Computername;Betriebssystem;BS-Version;BS-Build\nsrv1;Windows Server 2025;24H2;26100.33158\n",
    "NetBox": "Name,Status,Platform,Custom field: OS build\nsrv1,Active,Windows Server 2025,26100.33158\n",
    "GLPI": '"Nom";"Statut";"Système d\'exploitation";"Version du système d\'exploitation"\n"srv1";"En attente";"Microsoft Windows Server 2025 Standard";"10.0.26100.33158"\n',
    "Intune": "Device name,Category,Ownership,OS,OS version\nsrv1,Unknown,Corporate,Windows Server 2025,10.0.26100.33158\n",
    "Salt": "srv1:\n    Microsoft Windows [Version 10.0.26100.33158]\nsrv2:\n    Microsoft Windows [Version 10.0.26100.33158]\n",
    "Puppet": json.dumps({"srv1.c.com": {"os": {"windows": {"edition_id": "ServerStandard", "product_name": "Windows Server 2025 Standard"}}, "kernelversion": "10.0.26100", "kernelrelease": "10.0.26100.33158"}}),
    "a list with remarks": "host,build,type,comment\nsrv1,26100.33158,File server,replaced disk before the restart\n",
}  # fmt: skip


@pytest.mark.parametrize("name", TOOLS)
def test_exports_in_which_the_build_is_plain(name: str, run: Command, tmp_path: Path) -> None:
    assert set(_verdicts(run, tmp_path, TOOLS[name])) == {"current"}


def test_a_guest_is_not_its_host(run: Command, tmp_path: Path) -> None:
    for header in ("Name,OperatingSystem,VMHost,HostOSVersion", "VMName,OS,HostName,Host OS version"):
        (tmp_path / "fleet").write_text(f"{header}\nvm1,Windows Server 2025,hv1,{NEW}\n", encoding="utf-8")
        done = run("assess", "fleet", "--on", DAY)
        assert ",current," not in done.out, done


def test_statuses_of_machines_say_nothing_of_a_build(run: Command, tmp_path: Path) -> None:
    statuses = [
        "Online",
        "Available",
        "No errors",
        "0 failed",
        "None required",
        "Needs assistance",
        "Not encrypted",
        "Not monitored",
        "Not compliant",
        "In use",
        "Deployed",
    ]
    rows = _rows(run, tmp_path, "host,OS,build,status\n" + "".join(f"A,Windows Server 2025,{NEW},{status}\n" for status in statuses))
    assert [row["status"] for row in rows if row["verdict"] != "current"] == []
    kinds = ["File server", "Media server", "Patch server", "Laptop"]
    rows = _rows(
        run, tmp_path, "host,OS,Betriebssystemversion,type,key\n" + "".join(f"A,Windows Server 2025,{NEW},{kind},A-12\n" for kind in kinds)
    )
    assert [row["type"] for row in rows if row["verdict"] != "current"] == []


@pytest.mark.parametrize(
    "column",
    [
        "EditionID",
        "Windows Edition",
        "Operating System Edition",
        "CompositionEditionID",
        "Édition",
        "Ausgabe",
        "エディション",
        "Device edition",
    ],
)
def test_columns_of_the_edition(column: str, run: Command, tmp_path: Path) -> None:
    assert _verdicts(run, tmp_path, f"host,OS,OS build,{column}\nA,Windows 11,22631.7376,Professional\n") == ["unsupported"]


def test_an_edition_in_other_words(run: Command, tmp_path: Path) -> None:
    assert _verdicts(run, tmp_path, "host,OS,build\nA,Windows 11,22631.7376 Pro\n") == ["unsupported"]
    assert _verdicts(run, tmp_path, "host,OS,OS description,build\nA,Windows 11,Microsoft Windows 11 Pro,22631.7376\n") == ["unsupported"]


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("Windows 11 Home 22631.7376", "unsupported"), ("22631.7376 Pro", "unsupported"), ("Windows 11 Famille 22631.7376", "unsupported"), ("Windows 11 Enterprise 22631.7376", "current"), ("22631.7376", "current"),
    ],
)  # fmt: skip
def test_a_lookup_reads_the_edition_beside_a_build(text: str, verdict: str, run: Command) -> None:
    (answer,) = run("lookup", text, "--on", DAY, "--json").json()
    assert {match["verdict"]["verdict"] for match in answer["matches"]} == {verdict}


@pytest.mark.parametrize("text", ["KB5099536 missing", "missing KB5099536", "KB5099536 failed to install"])
def test_a_lookup_does_not_say_patched_of_a_kb_that_is_denied(text: str, run: Command) -> None:
    done = run("lookup", text, "--on", DAY)
    assert (done.code, done.out) == (2, "")
    assert 'lookup "KB5099536" is about the KB' in done.err


@pytest.mark.parametrize("text", [f"{NEW} missing", f"< {NEW}", f"older than {NEW}", f"is {NEW} pending"])
def test_a_lookup_does_not_say_patched_of_a_build_that_is_denied(text: str, run: Command) -> None:
    done = run("lookup", text, "--on", DAY)
    assert (done.code, done.out) == (2, "")
    assert f'lookup "{NEW}" is about the build' in done.err


@pytest.mark.parametrize(
    "text", [f"WinRE 10.0.{NEW}", f"Windows Update Agent 10.0.{NEW}", f"driver {NEW}", f"ntoskrnl.exe 10.0.{NEW}", f"golden image {NEW}", f"hypervisor 10.0.{NEW}", f"{NEW} en cours"]
)  # fmt: skip
def test_a_lookup_does_not_say_patched_of_what_is_not_the_system(text: str, run: Command) -> None:
    done = run("lookup", text, "--on", DAY)
    assert (done.code, done.out) == (2, "")
    assert f'lookup "{NEW}" is about the build' in done.err


@pytest.mark.parametrize(
    "text", [f"srv-iso01 {NEW}", f"srv1.iso.example {NEW}", f"cmd.exe Microsoft Windows [Version 10.0.{NEW}]", f"✅ {NEW}"]
)
def test_a_lookup_of_a_build_beside_a_host(text: str, run: Command) -> None:
    (answer,) = run("lookup", text, "--on", DAY, "--json").json()
    assert [match["verdict"]["verdict"] for match in answer["matches"]] == ["current"]


# A table of two columns says a machine and its build, or a property and its value.
NAMED = {
    "srv-01": "current", "build-server7": "current", "OSBuild": "current", "OsVersion": "current", "os_version": "current", "OS Build": "current",
    "RequiredOSVersion": "unknown", "requiredVersion": "unknown", "LatestBuild": "unknown", "target": "unknown", "TargetBuild": "unknown",
    "GoldenImage": "unknown", "minimum-kernel": "unknown", "Soll-Version": "unknown", "推奨ビルド": "unknown",
}  # fmt: skip


def test_names_of_values_that_have_no_blank(run: Command, tmp_path: Path) -> None:
    verdicts = _verdicts(run, tmp_path, "Name,Value\n" + "".join(f"{name},{NEW}\n" for name in NAMED))
    assert dict(zip(NAMED, verdicts, strict=True)) == NAMED
