"""What statuses, flags, days and remarks say against a build or a KB, in the languages of Windows. Verdicts are written by hand, embedded facts.

26100.33158 is KB5099536, the newest release of Windows Server 2025 on 2026-07-20. A machine that is called patched for an update that it lacks is
the worst that can happen; a machine that has it must not become unknown for what its row says of something else.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from conftest import Command
from helpers.inventories import DAY, judged

NEW, OLD = "26100.33158", "26100.32995"


def _beside(build: str, column: str, text: str) -> str:
    ((_, verdict, _, _),) = judged(f"Host;{build};{column}\nSRV1;{NEW};{text}\n")
    return verdict


def _of_kb(column: str, text: str) -> str:
    ((_, verdict, _, _),) = judged(f"Computer;OS Build;KB;{column}\nSRV1;26100;KB5099536;{text}\n")
    return verdict


# A flag or a status beside a column that is only called "Build".
DENIED = [
    ("Installé", "Non"), ("Instalado", "No"), ("Instalado", "Não"), ("Installato", "No"), ("Geïnstalleerd", "Nee"), ("適用済み", "いいえ"), ("インストール済み", "いいえ"), ("已安装", "否"), ("설치됨", "아니요"), ("Установлено", "Нет"),
    ("Zainstalowano", "Nie"), ("Nainstalováno", "Ne"), ("Yüklü", "Hayır"), ("Installerad", "Nej"), ("Asennettu", "Ei"), ("Telepítve", "Nem"), ("已套用", "否"), ("Appliqué", "Non"), ("Angewendet", "Nein"), ("Встановлено", "Ні"),
    ("Patch installed?", "No"), ("Update angewendet", "Nein"), ("KB instalado", "no"), ("適用", "✗"),
    ("État", "En attente"), ("État d'installation", "Échec"), ("Estado de instalación", "Pendiente"), ("Installationsstatus", "Fehlgeschlagen"), ("安装状态", "未安装"), ("適用状況", "未適用"), ("ステータス", "未適用"), ("설치 상태", "미설치"),
    ("Статус установки", "Не установлено"), ("Status", "適用可能"), ("Estado", "no instalada"), ("Estado", "necesaria"), ("Статус", "план"), ("Status", "✗"), ("Status", "❌"), ("Stav instalace", "Čeká"), ("Asennuksen tila", "Epäonnistui"),
    ("Telepítés állapota", "Sikertelen"), ("Yükleme durumu", "Beklemede"), ("Stan instalacji", "Oczekuje"), ("Installatiestatus", "Mislukt"), ("インストール状態", "失敗"), ("部署状态", "挂起"), ("Patchstatus", "ausstehend"),
    ("Status0", "Required"), ("State0", "Failed"), ("LastStatusMessage0", "Installation failed"), ("StatusName", "Required"), ("Status Name", "Missing"), ("EnforcementState", "Failed to install"), ("Job status", "failed"),
    ("Last enforcement state", "Pending system restart"), ("Task state", "Failed"), ("IsMissing", "True"), ("Missing?", "Yes"), ("Fehlt", "Ja"), ("Uninstalled", "Yes"), ("PendingReboot", "True"), ("再起動待ち", "はい"), ("RemovedOn", "2026-07-18"),
    ("Message", "Installation failed"), ("Meldung", "Update fehlgeschlagen"), ("InstalledOn", "never"), ("Installiert am", "nie"), ("Installed on", "2026-08-01"), ("Install date", "1601-01-01"), ("Dry run", "true"),
    ("Estado del parche", "Faltante"), ("Verteilungsstatus", "Fehler"), ("パッチ適用済", "×"), ("Uppdateringsstatus", "Saknas"), ("Stav aktualizace", "Chybí"), ("Annulé", "Oui"), ("Succès", "Non"), ("成功", "いいえ"), ("ErrorCode", "0x80070643"),
    ("Error", "Installation failed"), ("Exit code", "1603"), ("Progress", "45%"),
    ("Durum", "Yüklenemedi"), ("Stan instalacji", "Niezainstalowano"), ("Stav", "Neinstalováno"), ("الحالة", "غير مثبت"), ("상태", "설치 안 됨"), ("Status", "Installation unclear"),
    ("Remarque", "sera installé en août"), ("Примечание", "будет установлено в августе"), ("備考", "来月適用"), ("Note", "will be patched next week"), ("Bemerkung", "wird am 15.08. installiert"),
]  # fmt: skip


@pytest.mark.parametrize(("column", "text"), DENIED)
def test_what_denies_a_plain_build(column: str, text: str) -> None:
    assert _beside("Build", column, text) == "unknown"


def test_a_row_of_configuration_manager() -> None:
    (machine,) = judged(f"Name0,Title0,BulletinID0,Status0,Build\nSRV1,2026-07 CU,KB5099536,Required,{NEW}\n")
    assert machine.verdict == "unknown"


def test_an_older_build_keeps_its_verdict() -> None:
    rows = judged(f"Host;Product;Build;Line;État\nA;ws2025;{OLD};standard;En attente\nB;ws2025;{NEW};standard;En attente\n")
    assert [(row.verdict, "En attente" in row.reason) for row in rows] == [("behind", False), ("unknown", True)]


# "OS Build" is of the machine: only what can mean nothing else denies it.
DENIED_OF_SYSTEM = [
    ("Rolled back", "Yes"), ("Zurückgesetzt", "Ja"), ("Reverted", "true"), ("Uninstalled on", "2026-07-18"), ("Note", "rolled back on 18 July"), ("Missing KBs", "KB5099536"), ("Fehlende Updates", "KB5012170 KB5099536"),
    ("Value type", "Expected"), ("Build type", "target"), ("Planned date", "2026-08-15"), ("Geplant am", "15.08.2026"), ("予定日", "2026/08/15"), ("Note", "target, not yet installed"), ("Hinweis", "noch nicht installiert"),
    ("備考", "未適用"), ("备注", "尚未安装"), ("비고", "미설치"), ("Remarque", "pas encore installé"), ("Nota", "aún no instalado"), ("Note", "non ancora installato"), ("Opmerking", "nog niet geïnstalleerd"), ("Uwagi", "jeszcze nie zainstalowano"),
    ("Примечание", "ещё не установлено"), ("Observação", "ainda não instalado"), ("Installed", "No"), ("Installé", "Non"), ("適用済み", "いいえ"), ("Kommentar", "Rollback, zurückgerollt"), ("メモ", "ロールバック済み"),
    ("Status", "Planned"), ("Device status", "Staged"), ("Lifecycle", "proposed"), ("Statut", "prévue"), ("State", "geplant"), ("Lifecycle state", "予定"),
    ("Note", "Rimosso"), ("Remark", "removed again"), ("Bemerkung", "wieder entfernt"), ("Remarque", "supprimée le 18/07/2026"), ("Note", "update removed because of printing"), ("Note", "reimaged"), ("Kommentar", "neu aufgesetzt"), ("備考", "削除"),
]  # fmt: skip


@pytest.mark.parametrize(("column", "text"), DENIED_OF_SYSTEM)
def test_what_denies_the_build_of_a_system(column: str, text: str) -> None:
    assert _beside("OS Build", column, text) == "unknown"


# Beside either: what is of something else, or says that it is there.
HARMLESS = [
    ("Status", "Online"), ("Status", "Installed"), ("Status", "OK"), ("Status", "No errors"), ("Statut", "En ligne"), ("ステータス", "正常"), ("ステータス", "稼働中"), ("Статус", "Не в сети"), ("Estado", "No conectado"),
    ("Notes", "replaced disk before the restart"), ("Notes", "Decommission planned"), ("Comment", "Backup not configured"), ("Note", "SCCM agent not installed"), ("Note", "No updates pending"), ("Note", "Not in use"), ("Bemerkung", "Wartung geplant im August"),
    ("Message", "Up to date"), ("Installed", "Yes"), ("Installed", "2026-07-15"), ("Installé", "Oui"), ("適用済み", "はい"), ("已安装", "是"), ("Installationsstatus", "Erfolgreich"), ("適用状況", "適用済み"), ("Domain joined", "No"), ("Virtual", "No"),
    ("Agent installed", "No"), ("Backup status", "Failed"), ("Antivirus", "Missing"), ("BitLocker", "Not enabled"), ("PendingReboot", "False"), ("Reboot required", "No"), ("Missing updates", "0"), ("Missing updates", "1"), ("Patch no", "1"), ("Failed updates", "0"), ("Uninstalled", "No"),
    ("RemovedOn", ""), ("InstalledOn", "2026-07-15"), ("Install date", "2024-11-03"), ("Install date", ""), ("Installationsdatum", "03.11.2024"), ("Planned date", "2026-07-15"), ("Next patch date", "2026-08-11"), ("Compliance", "Non-compliant"),
    ("Compliance state", "Not compliant"), ("Update status", "No updates pending"), ("Job status", "Completed"), ("Build type", "Release"), ("Type", "Server"), ("Info", "DC, do not restart before 18:00"), ("Installed by", "admin"),
    ("Deployed", "Yes"), ("Required", "No"), ("Patch date", "2026-07-15"), ("Status", "Installed successfully"), ("Error", "none"),
    ("ErrorCode", "0"), ("Exit code", "0"), ("Progress", "100%"), ("Ergebnis", "keine Fehler"), ("Error", "No errors"), ("Errors", "0"),
    ("Status", "Installed by WSUS on 2026-07-15"), ("Status", "Erfolgreich installiert"), ("الحالة", "مثبت"), ("Status", "Updates installed"), ("Note", "will be patched by hand"), ("Bemerkung", "wird manuell gepatcht"),
    ("Note", "removed from rack 4"), ("Note", "old agent removed"), ("Notes", "Warranty expired"), ("Comment", "user account deleted in May"),
]  # fmt: skip


@pytest.mark.parametrize(("column", "text"), HARMLESS)
def test_what_says_nothing_against_a_build(column: str, text: str) -> None:
    assert [_beside(build, column, text) for build in ("Build", "OS Build")] == ["current", "current"]


def test_a_column_of_missing_kbs_beside_a_build_of_anything() -> None:
    """It lists what each machine lacks, so that a row is of a machine."""
    rows = judged(f"host,build,missing kbs\nA,{NEW},\nB,{NEW},KB5099536\nC,{NEW},KB5012170\n")
    assert [row.verdict for row in rows] == ["current", "unknown", "current"]


def test_kbs_that_are_missing_and_say_nothing_of_the_build() -> None:
    """KB5012170 is of Secure Boot, KB5094125 the update of June; a machine with a pending restart has the build that it runs."""
    for column, text in [
        ("Missing KBs", "KB5012170"),
        ("Missing KBs", "KB5094125"),
        ("Missing KBs", "none"),
        ("Missing KBs", ""),
        ("PendingReboot", "True"),
    ]:
        assert _beside("OS Build", column, text) == "current", text


# Columns whose names say nothing, and whose values are statuses of an update alone. The first machine has it, the second has not.
BY_VALUE = [
    ("七月分", "適用済み", "未適用", "unknown"), ("7月パッチ", "済", "未", "unknown"), ("2026-07", "Installed", "Pending", "unknown"), ("Обновление июля", "установлено", "не установлено", "unknown"), ("July CU", "ok", "offen", "unknown"),
    ("KB5099536", "Installed", "Missing", "unknown"), ("KB5099536", "Yes", "No", "unknown"), ("KB5099536", "はい", "いいえ", "unknown"), ("KB5012170", "Yes", "No", "current"), ("KB5012170", "Installed", "Missing", "current"),
    ("Tanium", "Installed", "Missing", "current"), ("監視", "OK", "NG", "current"), ("エージェント", "インストール済み", "未インストール", "current"), ("Patch group", "Yes", "No", "current"),
]  # fmt: skip


@pytest.mark.parametrize(("column", "is_there", "is_missing", "verdict"), BY_VALUE)
def test_columns_of_statuses_by_their_values(column: str, is_there: str, is_missing: str, verdict: str) -> None:
    rows = judged(f"Host;Build;{column}\nA;{NEW};{is_there}\nB;{NEW};{is_missing}\n")
    assert [row.verdict for row in rows] == ["current", verdict]


DENIED_KBS = [
    ("インストール済み", "いいえ"), ("適用済み", "いいえ"), ("已安装", "否"), ("설치됨", "아니요"), ("Status", "✗"), ("Status", "❌"), ("Installé", "Non"), ("Установлено", "Нет"), ("Deployed", "No"),
    ("Installationsdatum", ""), ("インストール日", ""), ("安装日期", ""), ("Дата установки", ""), ("Date d'installation", ""), ("설치 날짜", ""), ("Data di installazione", ""), ("Fecha de instalación", ""), ("Data instalacji", ""), ("Yükleme tarihi", ""),
    ("Datum der Installation", ""), ("InstalledOn", ""), ("Install date", "—"), ("Install date", "1601-01-01"), ("Install date", "0001-01-01T00:00:00"), ("Install date", "2026-08-01"), ("InstalledOn", "1.8.2026"),
    ("UninstalledOn", "2026-07-18"), ("Uninstall date", "2026-07-18"), ("Deinstalliert am", "18.07.2026"), ("アンインストール日", "2026/07/18"),
    ("Vuln Title", "RCE in Windows"), ("Schwachstelle", "RCE"), ("脆弱性", "RCE"), ("Bulletin", "MS26-07"), ("Exposure", "High"), ("Due date", "2026-07-30"), ("Fälligkeitsdatum", "30.07.2026"), ("期限", "2026-07-30"), ("Deadline", "2026-07-30"),
    ("Release date", "2026-07-14"), ("Downloaded", "Yes"), ("Action", "Install"), ("Ticket", "CHG0012 open"), ("Note", "noch nicht installiert"),
    ("Note", "Deleted"), ("Remark", "Expired"), ("Note", "Reimaged"), ("Bemerkung", "entfernt"), ("Remarque", "supprimé"), ("Uwagi", "usunięto"), ("Status", "Deleted"), ("備考", "削除済み"), ("备注", "已删除"), ("비고", "삭제됨"),
]  # fmt: skip


@pytest.mark.parametrize(("column", "text"), DENIED_KBS)
def test_what_denies_a_kb(column: str, text: str) -> None:
    assert _of_kb(column, text) == "unknown"


SAID_KBS = [
    ("Status", "Installed"), ("Status", "✓"), ("Status", "✅"), ("Status", "Erfolgreich installiert"), ("Statut", "Réussi"), ("Installed", "Yes"), ("適用済み", "はい"), ("インストール済み", "済み"), ("已安装", "是"), ("설치됨", "예"),
    ("Description", "Security Update"), ("InstalledBy", "NT AUTHORITY\\SYSTEM"), ("InstalledOn", "7/14/2026"), ("Installationsdatum", "15.07.2026"), ("インストール日", "2026/07/15"), ("インストール日", "2026年7月15日"), ("安装日期", "2026-07-15"),
    ("Дата установки", "15.07.2026"), ("Date d'installation", "15/07/2026"), ("설치 날짜", "2026. 7. 15."), ("Install date", "20260715"), ("Install date", "15-Jul-2026"), ("Location", "Berlin"), ("Title", "2026-07 Cumulative Update"),
    ("Reboot required", "No"), ("Superseded", "No"), ("Uninstalled", "No"), ("Deadline;InstalledOn", "2026-07-30;2026-07-15"), ("Release date;Status", "2026-07-14;Installed"),
]  # fmt: skip


@pytest.mark.parametrize(("column", "text"), SAID_KBS)
def test_what_says_that_a_kb_is_installed(column: str, text: str) -> None:
    assert _of_kb(column, text) == "current"


def test_a_day_that_is_not_there_is_no_denial_for_get_hotfix() -> None:
    """It has installed updates alone, and often lacks the day; under another name of the KB the row may be of anything."""
    texts = [f"Computer,OS Build,{kb},InstalledOn\nSRV1,26100,KB5099536,\n" for kb in ("HotFixID", "KB")]
    assert [judged(text)[0].verdict for text in texts] == ["current", "unknown"]


# Events of one KB, and whether it is there in the end.
EVENTS: list[tuple[list[dict[str, str]], str]] = [
    ([{"operation": "Installation", "result": "Succeeded"}], "current"),
    ([{"operation": "Installation"}], "unknown"),
    ([{"operation": "Installation", "result": "Succeeded"}, {"operation": "Uninstallation", "result": "Succeeded"}], "unknown"),
    ([{"state": "Installed"}, {"state": "Missing"}], "unknown"),
    ([{"state": "Missing"}, {"state": "Installed"}], "unknown"),
    ([{"state": "Failed", "date": "2026-07-14"}, {"state": "Installed", "date": "2026-07-15"}], "current"),
    ([{"state": "Installed", "date": "2026-07-15"}, {"state": "Uninstalled", "date": "2026-07-18"}], "unknown"),
    ([{"state": "Uninstalled", "date": "7/8/2026"}, {"state": "Installed", "date": "2026-07-15"}], "unknown"),  # of July or August
    ([{"installed_at": "2026-07-15"}], "current"),
    ([{"installed_at": "2026-07-15", "uninstalled_at": "2026-07-18"}], "unknown"),
    ([{"installed_at": "2026-08-15"}], "unknown"),
]  # fmt: skip


@pytest.mark.parametrize(("events", "verdict"), EVENTS)
def test_the_last_event_of_a_kb_decides(events: list[dict[str, str]], verdict: str) -> None:
    (machine,) = judged(json.dumps({"name": "SRV1", "osBuild": "26100", "hotfixes": [{"id": "KB5099536", **event} for event in events]}))
    assert machine.verdict == verdict


# Tables of KBs beside an inventory with the host SRV1.example.com, and its verdict.
TABLES = {
    "installed": ("Host,KB,Status,Date\nSRV1,KB5099536,Installed,2026-07-15\n", "current"),
    "installed, then removed": ("Host,KB,Status,Date\nSRV1,KB5099536,Installed,2026-07-15\nSRV1,KB5099536,Uninstalled,2026-07-18\n", "unknown"),
    "failed, then installed": ("Host,KB,Status,Date\nSRV1,KB5099536,Failed,2026-07-14\nSRV1,KB5099536,Installed,2026-07-15\n", "current"),
    "installed and missing, without days": ("Host,KB,Status\nSRV1,KB5099536,Installed\nSRV1,KB5099536,Missing\n", "unknown"),
    "removed under the name with a domain": ("Host,KB,Status\nSRV1,KB5099536,Installed\nSRV1.example.com,KB5099536,Removed\n", "unknown"),
    "removed on another machine": ("Host,KB,Status\nSRV1,KB5099536,Installed\nSRV2,KB5099536,Removed\n", "current"),
    "two days": ("Host,KB,InstalledOn,UninstalledOn\nSRV1,KB5099536,2026-07-15,2026-07-18\n", "unknown"),
    "days to come": ("Host,KB,InstalledOn\nSRV1,KB5099536,2026-08-15\n", "unknown"),
    "a title": ("Missing updates,,\nHost,KB,Title\nSRV1,KB5099536,2026-07 Cumulative Update\n", "unknown"),
    "a title in German": ("Fehlende Updates,,\nHost,KB,Title\nSRV1,KB5099536,2026-07 Cumulative Update\n", "unknown"),
    "a title of no kind": ("Servers of July,,\nHost,KB,Title\nSRV1,KB5099536,2026-07 Cumulative Update\n", "current"),
}  # fmt: skip


@pytest.mark.parametrize("name", TABLES)
def test_tables_of_kbs(name: str, run: Command, tmp_path: Path) -> None:
    table, verdict = TABLES[name]
    (tmp_path / "kbs.csv").write_text(table, encoding="utf-8")
    (tmp_path / "fleet.csv").write_text("host,product,build\nSRV1.example.com,ws2025,26100\n", encoding="utf-8")
    done = run("assess", "fleet.csv", "--on", DAY, "--hotfixes", "kbs.csv", "--format", "jsonl")
    assert json.loads(done.out)["verdict"] == verdict


ANSIBLE = {
    f"srv1 | FAILED | rc=1 >>\n10.0.{NEW}\nsrv2 | CHANGED | rc=0 >>\n10.0.{NEW}\n": ["unknown", "current"],
    f"srv1 | CHANGED | rc=2 >>\n10.0.{NEW}\n": ["unknown"],
    f'srv1 | FAILED! => {{"ansible_kernel":"10.0.{NEW}","msg":"update failed, rolled back"}}\n': ["unknown"],
    f'srv1 | UNREACHABLE! => {{"ansible_facts":{{"ansible_kernel":"10.0.{NEW}"}}}}\n': ["unknown"],
    f'srv1 | SUCCESS => {{"ansible_kernel":"10.0.{NEW}"}}\n': ["current"],
    f"srv1 | FAILED | rc=1 >>\n10.0.{OLD}\n": ["ambiguous"],
}


@pytest.mark.parametrize("text", ANSIBLE)
def test_a_task_that_failed_does_not_say_its_build(text: str) -> None:
    assert [machine.verdict for machine in judged(text)] == ANSIBLE[text]


@pytest.mark.parametrize(
    ("pair", "verdict"),
    [
        *((pair, "unknown") for pair in (
            "dry_run=true", "simulate=true", "noop=true", "reverted=true", "reboot=pending", 'hinweis="geplant"', 'etat="à installer"', 'msg="update failed"', "event=uninstall", "action=rollback", '状態="未適用"',
            'opmerking="nog niet geïnstalleerd"', "installé=non")),
        *((pair, "current") for pair in ("dry_run=false", "reverted=false", "reboot=no", "reboot=done", 'note="ok"', "level=info", 'owner="not known"')),
    ],
)  # fmt: skip
def test_pairs_beside_a_build(pair: str, verdict: str) -> None:
    assert [machine.verdict for machine in judged(f"host=SRV1 build={NEW} {pair}\n")] == [verdict]


def test_duckdb_says_the_same(run: Command, tmp_path: Path) -> None:
    pytest.importorskip("duckdb", reason="needs the extra 'bulk': pip install 'hotpatch-kb[bulk]'")
    tables = [
        f"Host;Build;{column}\nSRV1;{NEW};{text}\n"
        for column, text in [("適用状況", "未適用"), ("Planned date", "2026-08-15"), ("Status0", "Required")]
    ]
    tables += [
        f"Host;OS Build;KB;{column}\nSRV1;26100;KB5099536;{text}\n"
        for column, text in [("インストール日", ""), ("Install date", "2026-08-01")]
    ]
    tables += ["Missing updates;;\nHost;OS Build;KB\nSRV1;26100;KB5099536\n", f"Host;OS Build;Missing KBs\nSRV1;{NEW};KB5099536\n"]
    for text in tables:
        (tmp_path / "fleet.csv").write_text(text, encoding="utf-8")
        builtin = run("assess", "fleet.csv", "--on", DAY)
        assert ",unknown," in builtin.out, text
        assert run("assess", "fleet.csv", "--on", DAY, "--engine", "duckdb").out == builtin.out
