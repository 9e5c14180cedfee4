"""What else a row says of its build and its KBs: two builds that differ, a label, a status of an update.

"26100.33158" beside "Target build" or "pending" is not the build of the machine, and a KB that is "Missing" is not installed. A machine is never
called patched for either.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import takewhile
from typing import Final

from hotpatch_kb.db.fleet.inventory.columns import NAMES, bare, first, is_of_anything, parent_of
from hotpatch_kb.db.fleet.inventory.days import day_named, day_of
from hotpatch_kb.db.fleet.inventory.hosts import is_of_others, is_of_plan, is_thing, may_be_host, may_be_name_of_words, no_host
from hotpatch_kb.db.fleet.inventory.subjects import (
    OF_ANY_NAME,
    OF_ANY_THING,
    Subjects,
    column_of_others,
    is_name_of_image,
    is_of_another_machine,
    names_one,
    short,
)
from hotpatch_kb.db.fleet.inventory.subjects.titles import title_of_others
from hotpatch_kb.db.fleet.inventory.updates import BesideBuild, Facts, Said, is_title_of_missing, said_of_update
from hotpatch_kb.db.fleet.inventory.values import (
    is_label_of_installed,
    is_of_installed,
    is_of_other,
    is_of_part,
    may_say_build,
    names_of_object,
    says_build,
    says_product,
    states_its_build,
)
from hotpatch_kb.db.fleet.inventory.vocabulary import is_of_machine, is_of_metric, is_of_sensor, path_of
from hotpatch_kb.db.fleet.other_systems import of_columns
from hotpatch_kb.db.fleet.rows import NotStated, not_stated
from hotpatch_kb.db.model.lazy_patterns import lazy
from hotpatch_kb.db.model.messages import Message
from hotpatch_kb.db.model.products import BUILD_NUMBERS
from hotpatch_kb.db.model.reading import build_numbers_in, builds_in
from hotpatch_kb.db.model.wording import MAX_TEXT, denies, is_installed, is_of_machine_itself

# Columns that say of what kind a row's value is: names of properties, which are few, and sensors, which people name as they like.
_PROPERTIES: Final = frozenset(
    {"property", "propertyname", "attribute", "parameter", "field", "fieldname", "setting", "variable", "metric", "key"}
)
_KINDS: Final = frozenset({"type", "kind", "category", "sensor", "item", "itemname", "check", "counter"})
_LABELS: Final = _KINDS | {"title", "name", "label", "service", "servicedescription"}
# Kinds of builds that a machine does not have yet, before anything else of a label.
_TARGETS: Final = lazy(
    r"^\W*(?:target|expected|desired|planned|required|available|latest|newest|next|goal|golden|reference|approved|recommended|minimum|missing|pending|previous|staged|planning|plan$|policy|soll|ziel|geplant|verfügbar|cible|objetivo"
    r"|целев|目標|目标|最新)", re.IGNORECASE,
)  # fmt: skip
# A name without a blank is of a host, or of a property: "RequiredOSVersion".
_OF_VERSION: Final = lazy(
    r"version|build|\bubr|kernel|revision|patchlevel|versi[oó]n|verz|wersj|sürüm|compil|kompil|верси|сборк|ビルド|バージョン|版本|버전|빌드",
    re.IGNORECASE,
)
# Columns that say how the installation of an update went.
_STATUSES: Final = frozenset(
    {"status", "state", "installed", "isinstalled", "present", "ispresent", "result", "event", "action", "operation", "phase", "outcome", "patched", "installiert", "statut", "zustand", "estado", "stato", "статус", "состояние", "状態", "状态", "狀態", "상태", "durum", "stan", "stav", "tilstand"}
    | {f"{of}{status}" for of in ("install", "installation", "kb", "hotfix", "patch", "update", "deployment", "compliance") for status in ("status", "state", "result")}
)  # fmt: skip
# The state of a machine's life, at the top of its object: of one that is planned the build is an intention. One that waits
# for its installation, or is in stock, may have been found by a scan (ServiceNow). "status.value" is NetBox's.
_OF_LIFE: Final = lazy(
    r"(?:(?:device|asset|machine|host|server|vm|ci|lifecycle|install|operational)?(?:status|state|stage)|lifecycle|statut|zustand|estado|stato|статус|состояние|状態|状态|狀態|상태|durum|stan|stav|tilstand)(?:\.(?:value|label|name|displayvalue))?"
)
_NOT_THERE_YET: Final = lazy(
    r"\W*(?:planned|in planning|planning|staged|proposed|future|to be (?:built|deployed|installed)|geplant|prévue?|planifiée?|planificad[oa]|previst[oa]"
    r"|pianificat[oa]|planead[oa]|planejad[oa]|gepland|planowan[ya]|запланирован[оа]?|planlandı|planerad|planlagt|予定|計画中?|计划中?|計畫中?|예정)\W*",
    re.IGNORECASE,
)
# Names of builds that may be of an update as well; "OSVersion" and "CurrentBuild" are of the machine.
_OF_SYSTEMS: Final = lazy(
    r"(?<![a-z])os(?![a-z])|syst|sist|windows|betrieb|besturing|exploitation|platform|操作|作業|シス|オペ|운영|시스템|ос\b|систем|λειτουργ|işletim",
    re.IGNORECASE,
)
_FLAGS: Final = frozenset({"installed", "isinstalled", "present", "ispresent", "patched", "installiert"})
# Beside these a column that is only called "build" or "version" may be of an update, a file or an image.
_THINGS: Final = frozenset({
    "update", "updatename", "updatetitle", "patchname", "patchtitle", "missingkb", "cve", "cveid", "pluginid", "qid", "severity", "filename", "file", "filepath", "driver", "drivername", "component", "package", "packagename", "feature",
    "ring", "path", "role", "rolename", "title", "advisory", "vulnerability", "updatetype", "servicingoption", "availabilitydate", "releasedate", "image", "imagename", "imageindex", "software", "softwarename", "application", "applicationname", "app", "appname",
})  # fmt: skip
_NAMELESS: Final = lazy(r"column\d+")  # as tables without a header get them
_SOFTWARE: Final = lazy(
    r"\b(?:update agent|defender|edge|office|framework|driver|powershell|winre|winpe|windows pe|recovery environment|servicing stack|update stack|engine)\b|\.net\b",
    re.IGNORECASE,
)
# What a row is of where none of its columns says a host: an update, a vulnerability, a file, a month, a product by its long name.
_THING: Final = lazy(r"[\\/]|^20\d\d-\d\d\b|\S \S", re.IGNORECASE)
# Who publishes builds, and names of lists of them.
_NO_HOSTS: Final = lazy(
    r"wsus|msrc|microsoft|nvd|cisa|intune|sccm|mecm|wufb|autopatch|catalog|nessus|tenable|qualys|defender|winre|winpe|dism|iis|rsat|learn|docs|n/?a|null|none|total|average|median",
    re.IGNORECASE,
)
# Names that are looked at: most hosts have a digit, and few other names have one.
_WORD_OR_THING: Final = lazy(
    r"^\D*$|kb|cve|20\d\d|[\\/]|\.\w{3,4}$|^[a-z]{1,8}[-._ ]?\d{1,2}(?:$|[-._])|^\d|\d(?:st|nd|rd|th)|windows", re.IGNORECASE
)
# Most names of large fleets, which need no closer look.
_NUMBERED: Final = lazy(
    r"(?!kb|cve|ws|win|server|microsoft|ring|wave|phase|pilot|channel|stage|tier|cohort|canary|broad|fast|slow|insider|source|site|group|batch|set|release|baseline|target|update|patch|build|col|option|variant|test|run|step"
    r"|ver|rev|[qhwvrdnfkc]{1,2}[-._]?\d|week|day|no|nr|[a-z]+[-_]?(?:19|20)\d\d$)[a-z][\w-]*\d{3}", re.IGNORECASE | re.ASCII,
)  # fmt: skip
# Numbers of systems that share their files, each with the first of them.
_ALIKE: Final = {**dict.fromkeys(range(19042, 19046), 19041), 22631: 22621, 26200: 26100, 18363: 18362}
_NAMES_OF_DATES: Final = lazy(r"version|(?<!up)date|time|day|stat|last|count|percent|%|datum|fecha|дат|日", re.IGNORECASE)
# A column with one KB a row; "kbs" and "hotfixes" are lists of a machine, beside its own status ("online").
_OF_ONE_KB: Final = frozenset({"kb", "hotfixid", "hotfixid0"})

# Reports of vulnerabilities name the KB that would mend one.
_OF_REPORTS: Final = frozenset({
    "qid", "cve", "cves", "cveid", "pluginid", "plugin", "severity", "cvss", "cvssscore", "risk", "solution", "vulnerability", "vulnerabilities", "recommendation",
    "remediation", "finding",
})  # fmt: skip

# The same in longer names: "Vuln Title", "Schwachstelle".
_OF_REPORT: Final = lazy(r"vuln|schwachst|脆弱|漏洞|취약|уязвим|vulnérab")
# What kind of value a row has: "Value type", "Build type".
_KIND_OF_VALUE: Final = lazy(r"(?:value|build|version|os|osbuild|osversion|row|record|entry|data)?(?:type|kind|category|typ|art)")

# Of an answer of Prometheus: the name of a metric, and its value after the time. Labels are in an object called "metric".
_OF_METRICS: Final = lazy(r"(?:^|\.)__name__$|^(?:.+\.)?value$")
_ONE: Final = lazy(r"(?:^|\s)1(?:\.0*)?$")

Value = Callable[[str], str]


class RowEvidence:
    """The build and the KBs of rows with the same columns.

    Attributes:
        columns: those on which the build of a row depends.
        names_apart: the column of the host where its name may be of anything ("Name"), and says no more; one of ``columns``. Most rows differ in it.
        kb_columns: those on which, beside the list itself, the KBs of a row depend.
        watches_builds: whether more than one column has a say in the build.
        watches_kbs: whether a row may say that its KBs are not installed.
        has_member: whether a column besides that of the host names a machine, or is one that only a machine has.
    """

    def __init__(
        self,
        names: Sequence[str],
        by_field: Mapping[str, Sequence[str]],
        unnamed: Iterable[str],
        wanted: Iterable[str],
        title: str = "",
        statuses_by_value: Iterable[str] = (),
    ) -> None:
        """Find the columns that say more of a build or KB.

        Args:
            names: every column.
            by_field: the columns of each field.
            unnamed: columns that are read as a build for their values alone.
            wanted: columns that the user names; what they say is taken as it is.
            title: the lines above the header of a table: "Missing updates".
            statuses_by_value: columns that have nothing but statuses of an update, whatever they are called.
        """
        self._builds, kbs = list(by_field.get("build", ())), list(by_field.get("kbs", ()))
        self._unnamed = frozenset(unnamed).intersection(self._builds)
        near = {parent_of(name) for name in (*self._builds, *kbs)}  # not "antivirus.status"
        taken = {name for columns in by_field.values() for name in columns[:1]}.union(kbs)
        spare = [(bare(name).rpartition(".")[2], name) for name in names if name not in taken and parent_of(name) in near]
        spare = _without_parts(spare, names)
        is_trusted = not frozenset(wanted).isdisjoint(self._builds)
        is_of_value = self._is_of_value = any(not _OF_SYSTEMS.search(name) for name in self._unnamed)
        may_be_anything = any(is_of_anything(name) or (name in self._unnamed and not _OF_SYSTEMS.search(name)) for name in self._builds)
        statuses = [name for short, name in spare if short in _STATUSES]
        # A table of names and values: each name must be one of a version. Other labels may be of anything but another build.
        self._properties = [name for short, name in spare if short in _PROPERTIES and is_of_value and not is_trusted]
        labels = _LABELS if is_of_value else _KINDS | _PROPERTIES
        labelled = [name for short, name in spare if short in labels or _KIND_OF_VALUE.fullmatch(short)]
        self._labels = [name for name in labelled if name not in self._properties and not is_trusted]
        if is_of_value and not is_trusted:  # Zabbix: "Latest OS build available" is the name of an item
            self._labels += [name for name in by_field.get("host", ())[:1] if bare(name).rpartition(".")[2] == "name"]
        self._statuses_of_build = [] if is_trusted else statuses if may_be_anything else [name for name in statuses if bare(name) in _FLAGS]
        self._beside = BesideBuild(() if is_trusted or not self._builds else spare, statuses_by_value, is_plain=may_be_anything)
        self._watch_kbs(names, kbs, spare, statuses, title)
        hosts = self._hosts = by_field.get("host", ())
        untold = () if is_trusted else self._builds
        self._others = frozenset(name for name in untold if _is_of_others(name, hosts, names))
        self._targets = [name for name in untold if any(map(is_of_target, path_of(name)[:-1]))]
        self._life = [name for name in names if _OF_LIFE.fullmatch(bare(name))] if untold else []
        self._find_things(names, by_field, spare, is_of_anything=may_be_anything, is_trusted=is_trusted)
        self._find_names(names, is_plain=may_be_anything, is_trusted=is_trusted)
        watched = [
            *(*self._builds, *self._nameless, *self._unnamed_hosts),
            *([*hosts, *self._names_inside] if self._others else ()),
            *(*self._subjects, *self._metrics, *self._properties),
            *self._labels,
            *(*self._statuses_of_build, *self._life),
            *self._beside.columns,
            *self._others_said.columns,
        ]
        self.names_apart = tuple(name for name in self._any_names if name not in watched)
        watched += self._any_names
        present = frozenset(names)
        self.columns = tuple(dict.fromkeys(name for name in watched if name in present))
        self.watches_builds = len(watched) > 1 or bool(self._unnamed) or bool(self._thing or self._others or self._targets or self._days)

    def _find_names(self, names: Sequence[str], *, is_plain: bool, is_trusted: bool) -> None:
        has_metrics = not is_trusted and any(name.startswith("metric.") or ".metric." in name for name in names)
        self._metrics = [name for name in names if has_metrics and _OF_METRICS.search(name)]
        self._days = [(name, day) for name in self._builds if not is_trusted and (day := day_named(name))]
        tops = dict.fromkeys(path_of(name)[0] for name in self._others)
        self._names_inside = [name for top in tops for name in names_of_object(f"{top}.", names)]
        self._unnamed_hosts = [] if self._hosts else _before_names(names, self._builds)
        # A column without a name may say what the build is of: "A,pending,26100.33158", "A,Windows Update Agent,10.0.26100.33158".
        self._nameless = [name for name in names if _NAMELESS.fullmatch(name) and name not in self._builds] if is_plain else []

    def _watch_kbs(
        self, names: Sequence[str], kbs: Sequence[str], spare: Sequence[tuple[str, str]], statuses: Sequence[str], title: str
    ) -> None:
        self._title = title_of_others(title)
        self._statuses_of_kb = statuses if kbs else []
        one_kb = [short for name in kbs if (short := bare(name).rpartition(".")[2]) in _OF_ONE_KB]
        self._is_of_hotfix = bool(one_kb) and all(name.startswith("hotfix") for name in one_kb)
        self._of_update = [(bare(name), name) for _, name in spare] if one_kb else []
        is_of_report = bool(one_kb) and any(bare(name) in _OF_REPORTS or _OF_REPORT.search(bare(name)) for name in names)
        self._is_of_missing = is_of_report or (bool(kbs) and is_title_of_missing(title))
        self.kb_columns = tuple(dict.fromkeys([*self._statuses_of_kb, *(name for _, name in self._of_update)]))
        self.watches_kbs = bool(self.kb_columns) or self._is_of_missing

    def _find_things(
        self,
        names: Sequence[str],
        by_field: Mapping[str, Sequence[str]],
        spare: Sequence[tuple[str, str]],
        *,
        is_of_anything: bool,
        is_trusted: bool,
    ) -> None:
        """Find the columns that may say that a row is of something else than a machine; none where there is no build, or the user names its column."""
        hosts, kbs = by_field.get("host", ())[:1], by_field.get("kbs", ())
        is_asked = bool(self._builds) and not is_trusted
        self._thing, self._subjects = "", list[str]()
        if is_of_anything and is_asked:
            self._thing, self._subjects = _things(names, self._builds[0], spare, [*hosts, *kbs])
        if is_asked:
            self._thing = self._thing or column_of_others(names, by_field) or self._title
        self._others_said = Subjects(names, by_field if is_asked else {}, is_of_anything=is_of_anything)
        # Only its place says that a name is one of a host: "Source,Build", "Name,Version".
        self._any_names = tuple(name for name in hosts if is_asked and short(name) in OF_ANY_NAME)
        self._may_be_word = is_of_anything or any(short(name) in OF_ANY_THING for name in hosts)
        self.has_member = any(names_one(name) for name in names if name not in hosts)

    def build(self, value: Value, facts: Facts = Facts()) -> str | Message | NotStated:  # noqa: B008 (it cannot change)
        """Return the build of a row as it is written, or why it has none that counts.

        Args:
            value: returns the text of a column, "" where the row has none.
            facts: the day, and the KBs of builds.
        """
        texts = {name: text for name in self._builds if (text := value(name).strip())}
        if len(texts) > 1 and (differing := _differing(texts.values())):
            return Message("expected one build, got {builds}", builds=", ".join(differing[:5]))
        if texts and len(self._builds) > 1 and all(bare(name) == "version" for name in texts):
            return ""  # the column of the system's version is empty, and "version" may be of anything
        text = first("build", texts.values())
        if not says_build(text):
            if why := of_columns(texts.values()):
                return NotStated(why)
            other = next((name for name in self._others if texts.get(name) == text), "")
            return not_stated(text, other) if other and text else text
        if any(texts.get(name) == text for name in self._unnamed) and not states_its_build(text):
            return not_stated(text)
        value = _beginning(value)
        for name in (*self._properties, *self._labels):
            label = value(name).strip()
            if label and not (_is_of_system(label) if name in self._properties else self._is_of_machine(name, label)):
                return not_stated(text, label)
        if metric := next((said for name in self._metrics if (said := value(name)) and not _is_of_system_now(name, said)), ""):
            return not_stated(text, metric)
        for name in self._nameless:
            if (said := value(name).strip()) and (denies(said) or _SOFTWARE.search(said)):
                return not_stated(text, said)
        said = next((said for name in self._unnamed_hosts if (said := value(name).strip())), "")
        if any(map(str.isalpha, said)) and not may_be_host(said):
            return not_stated(text, no_host(said))._replace(machine=text)
        for name in self._statuses_of_build:
            if (status := value(name).strip()) and _is_of_missing(name, status):
                return not_stated(text, status)._replace(machine=text)
        if said := next((said for name in self._life if _NOT_THERE_YET.fullmatch(said := value(name))), ""):
            return not_stated(text, said)._replace(machine=text)
        if said := self._beside.said_against(text, value, facts):
            return not_stated(text, said)._replace(machine=text)
        if doubtful := next((said for name in self._any_names if not self.may_name_host(said := value(name).strip())), ""):
            return not_stated(text, no_host(doubtful))._replace(machine=text)
        thing = self._thing or self._others_said.of(value)
        thing = thing or next((said for name in self._subjects if is_thing(said := value(name).strip()) or _THING.search(said)), "")
        thing = thing or next((name for name in self._others if texts.get(name) == text and not self._is_of_same_host(name, value)), "")
        thing = thing or next((name for name in self._targets if texts.get(name) == text), "")
        thing = thing or next((name for name, day in self._days if texts.get(name) == text and facts.on and day > facts.on[: len(day)]), "")
        return not_stated(text, thing)._replace(machine=text) if thing else text

    def may_name_host(self, name: str) -> bool:
        """Return whether a name in a column that may be of anything can be one of a host.

        Where the build is of anything, too ("Name,Version"), a word in lower case counts only where it is like a host.
        """
        name = name[:MAX_TEXT]
        if " " in name and is_name_of_image(name):
            return False
        if " " in name and not (_is_of_system(name) or self.has_member or may_be_name_of_words(name, is_plain=self._may_be_word)):
            return False
        if not self._may_be_word or not name or _NUMBERED.fullmatch(name) or not _WORD_OR_THING.search(name):
            return True
        if _is_of_system(name):  # "OSBuild" and "OS Build" in a table of names and values
            return True
        if is_thing(name) or is_of_others(name) or _NO_HOSTS.fullmatch(name):
            return self.has_member and says_product(name)  # osquery, asked on the machine itself
        return may_be_host(name) if name.isalpha() and not name.isupper() else is_of_installed(name) or not name.isalpha()

    def _is_of_same_host(self, column: str, value: Value) -> bool:
        """Return whether the object that a column is in names the host of the row: "node.name" beside "node.os.version" and "hostname"."""
        inside = {_short(value(name)) for name in self._names_inside if parent_of(column).startswith(parent_of(name))} - {""}
        outside = {_short(value(name)) for name in self._hosts if name not in self._names_inside} - {""}
        return len(inside) == 1 and inside == outside

    def _is_of_machine(self, column: str, label: str) -> bool:
        """Return whether a label may be of what a machine has. A host may be called "target"; the name of an item has a blank."""
        if (
            not self._is_of_value
            or bare(column).rpartition(".")[2] in {"type", "kind", "category"}
            or _KIND_OF_VALUE.fullmatch(bare(column))
        ):
            return _TARGETS.search(label) is None
        is_of_host = bare(column).rpartition(".")[2] == "name" and " " not in label
        is_of_host = is_of_host and not _OF_VERSION.search(label) and not _TARGETS.search(label)
        # Beside another column of hosts a name is that of a fact, unless it is like a host.
        is_of_host = is_of_host and (column in self._hosts[:1] or not self._hosts or any(map(str.isdigit, label)))
        return is_of_host or (is_label_of_installed(label) and _may_be_of_system(label))

    def kbs(self, text: str, value: Value, facts: Facts = Facts()) -> str:  # noqa: B008 (it cannot change)
        """Return the installed KBs of a row: nothing where its status says that they are not, or not yet."""
        return text if text and self.said_of_kbs(value, facts).is_installed else ""

    def said_of_kbs(self, value: Value, facts: Facts) -> Said:
        """Return what a row says of its KBs."""
        value = _beginning(value)
        said = said_of_update([(name, value(column)) for name, column in self._of_update], facts.on, is_of_hotfix=self._is_of_hotfix)
        is_denied = any(_is_of_missing(name, value(name).strip()) for name in self._statuses_of_kb)
        if self._is_of_missing or is_denied:
            return said._replace(is_installed=False, is_denied=said.is_denied or is_denied)
        return said


def _beginning(value: Value) -> Value:
    """Return what returns the beginning of a text: patterns would search a cell of megabytes for what a name or a status has."""
    return lambda name: value(name)[:MAX_TEXT]


def _before_names(names: Sequence[str], builds: Sequence[str]) -> list[str]:
    """Return the columns without a name before all others, which say what a row is of: "|  | Build |", "| supported | 26100.33158 |"."""
    return [name for name in takewhile(_NAMELESS.fullmatch, names) if name not in builds]


def _without_parts(spare: Sequence[tuple[str, str]], names: Sequence[str]) -> list[tuple[str, str]]:
    """Return columns without those that say nothing beside others, each after its bare name.

    "major", "minor" and "patch" of osquery are of one version; Zabbix has "key_", the technical name, beside the name of an item.
    """
    is_one = {"major", "minor"} <= {short.removesuffix("version") for short, _ in spare}
    is_item = "key_" in map(str.casefold, names) and "name" in map(bare, names)
    parts = {"major", "minor", "patch", "majorversion", "minorversion"} if is_one else set[str]()
    return [pair for pair in spare if pair[0] not in parts and not (is_item and pair[0] == "key")]


def _things(names: Sequence[str], build: str, spare: Sequence[tuple[str, str]], taken: Sequence[str]) -> tuple[str, list[str]]:
    """Find out whether a row with a build may be of something else than a machine: an update, a file, a month.

    Returns:
        the column whose presence says so, "" if there is none; and the columns whose texts may say so.

    Args:
        names: every column.
        build: the column that is only called "build" or "version".
        spare: columns that are of no field, each after its bare name.
        taken: the columns of the host and of KBs. A KB before the build is the row's subject ("KB,Build,Computer"), after it one that is installed.
    """
    before_build = frozenset(names[: names.index(build)] if build in names else ())
    before = [name for _, name in spare if name in before_build]
    things = [name for short, name in spare if short in _THINGS]
    things += [name for name in taken if bare(name).rpartition(".")[2] in _OF_ONE_KB and name in before_build]
    things += [name for name in before[-1:] if (is_of_part(name) or not is_of_installed(name)) and not _NAMES_OF_DATES.search(name)]
    if things or any(bare(name).rpartition(".")[2] not in _OF_ONE_KB for name in taken):
        return (things[0] if things else ""), []
    others = [name for _, name in spare if parent_of(name) == parent_of(build)]
    if not any(is_of_machine(name) for name in others):
        things = [name for name in others if is_of_plan(name)]
    return (things[0] if things else ""), before[:1] + [
        name for short, name in spare if short in _LABELS | {"displayname"} and name not in before[:1]
    ]


def is_of_target(name: str) -> bool:
    """Return whether a name is of what a machine shall have, or had: "target", "desired_state", "Soll"."""
    return _TARGETS.search(name) is not None


def _short(host: str) -> str:
    """Return a host without its domain, as it is compared."""
    host = host.strip().casefold()
    return host.partition(".")[0] if any(map(str.isalpha, host)) else host


def _is_of_missing(name: str, status: str) -> bool:
    """Return whether a column of a status says that an update is not there, or not yet. "Not compliant" is of the machine."""
    if bare(name).rpartition(".")[2] in _FLAGS:
        return not is_installed(status) and day_of(status) is None
    return denies(status) and not is_of_machine_itself(status)


def _is_of_others(build: str, hosts: Sequence[str], names: Sequence[str]) -> bool:
    """Return whether the name of a build says that it may be of another machine, or of something else."""
    return (bare(build) not in NAMES["build"] and is_of_other(build, hosts, names)) or is_of_another_machine(build, hosts, names)


def _is_of_system(label: str) -> bool:
    return bare(label) in NAMES["build"] or may_say_build(label)


def _is_of_system_now(column: str, said: str) -> bool:
    """Return whether a metric is of the system of its machine, and its value 1: 0 says nothing now, and 12 is a number of machines."""
    return is_of_metric(said) if column.endswith("__name__") else _ONE.search(said) is not None


def _may_be_of_system(label: str) -> bool:
    """Return whether the name of a sensor may be of the system: it says so ("Bonn OS build"), or each of its words may be. "gateway_build" is of another."""
    return (_OF_VERSION.search(label) and _OF_SYSTEMS.search(label)) is not None or is_of_sensor(label) or may_say_build(label)


def _differing(texts: Iterable[str]) -> list[str]:
    """Return the builds of several columns where their revisions differ, or their numbers. 19041 and 19045, 26100 and 26200 have files of each other."""
    texts = [text[:MAX_TEXT] for text in texts]
    builds = list(dict.fromkeys(build for text in texts for build in builds_in(text)))
    if len({build.partition(".")[2] for build in builds}) > 1:
        return builds
    numbers = dict.fromkeys(int(number) for text in texts for number in build_numbers_in(text))
    known = [number for number in numbers if number in BUILD_NUMBERS]
    return list(map(str, known)) if len({_ALIKE.get(number, number) for number in known}) > 1 else []
