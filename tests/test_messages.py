"""Messages are data until they are shown: every form in the code has its translation, with the same places, and reads well in both languages."""

from __future__ import annotations

import ast
import csv
import importlib.util
import json
import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from string import Formatter

from datasette.filters import Filters

from hotpatch_kb.db import site
from hotpatch_kb.db.answers.cost.question import DISCOUNTS
from hotpatch_kb.db.answers.events import CODES, FORMS
from hotpatch_kb.db.answers.verdicts import VERDICTS, verdicts
from hotpatch_kb.db.model.messages import Field, Message, Messages
from hotpatch_kb.db.site import i18n, tables
from hotpatch_kb.db.store.connections import open_seed_database

ROOT = Path(__file__).parent.parent
# Texts of the site that are a code after one of these words: "verdict current", "status current".
CODED = {
    "verdict", "decides", "by", "status", "editions", "end", "kind", "severity", "answer", "documents", "source", "field", "fact", "rule",
}  # fmt: skip
# What the site may show; errors of crawls are in scraper/ and are shown by the command alone.
SHOWN = ("db",)
# Calls that make a message, by the place of the form among their arguments.
MAKERS = {"Message": 0, "BadInput": 0, "HttpError": 1}
DAYS = (
    "2022-07-01", "2024-12-20", "2025-11-05", "2026-01-20", "2026-05-20", "2026-07-20", "2026-11-22", "2028-01-01", "2036-01-01",
)  # fmt: skip


def _calls() -> Iterator[tuple[str, ast.Call]]:
    for folder in SHOWN:
        for path in sorted((ROOT / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call):
                    yield f"{path.relative_to(ROOT)}:{node.lineno}", node


def _name(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else call.func.id if isinstance(call.func, ast.Name) else ""


def _forms() -> dict[str, str]:
    """Return every form that the code makes messages of, and where."""
    found: dict[str, str] = {}
    for where, call in _calls():
        place = MAKERS.get(_name(call))
        if place is not None and len(call.args) > place:
            constants = [node.value for node in ast.walk(call.args[place]) if isinstance(node, ast.Constant)]
            assert not isinstance(call.args[place], ast.JoinedStr) or "DISCOUNTS" in ast.unparse(call), where
            if not isinstance(call.args[place], ast.JoinedStr):
                found |= {str(constant): where for constant in constants}
    return found | {f"{label} ({Field(name)})": "DISCOUNTS" for name, label in DISCOUNTS.items()} | dict.fromkeys(FORMS.values(), "FORMS")


def _fields() -> set[str]:
    """Return every field that a message names, as an option."""
    found = set()
    for _, call in _calls():
        if _name(call) == "Field" and isinstance(call.args[0], ast.Constant):
            found.add(str(Field(call.args[0].value)))
    return found | {"--cores", "--servers", "--cores-per-server"}


def _places(text: str) -> set[tuple[str | None, str | None, str | None]]:
    return {(name, conversion, spec) for _, name, spec, conversion in Formatter().parse(text) if name is not None}


def test_every_form_has_its_japanese() -> None:
    forms, japanese = _forms(), i18n.texts("ja")
    assert len(forms) > 80
    assert {form: where for form, where in forms.items() if form not in japanese and re.search("[a-z]", re.sub(r"{\w+}", "", form))} == {}
    assert {*VERDICTS, "hotpatch", "standard"} <= japanese.keys()


def test_every_field_has_its_label_in_both_languages() -> None:
    labels = {language: i18n.texts(language) for language in i18n.LANGUAGES}
    for language, texts in labels.items():
        assert _fields() <= texts.keys(), language
        assert not [form for form in _forms() if "(--" in form and form not in texts], language


def _of_tables() -> set[str]:
    """Return what the site says of tables, columns and queries: from the schema, the views, tables.yaml and metadata.yaml."""
    path = ROOT / "db" / "site" / "plugins" / "descriptions.py"
    spec = importlib.util.spec_from_file_location("descriptions", path)
    assert spec
    assert spec.loader
    plugin = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(plugin)
    described = plugin.get_metadata(None, None, None, None)["databases"]["hotpatch"]["tables"].values()
    found = {text for table in described for text in (table["description"], *table["columns"].values())}
    found |= {text for about in tables.about().values() for text in (about.title, *about.ask, about.row or "", about.listed or "")}
    own = site.config(public=False)["metadata"]["databases"]["hotpatch"]
    found |= {own["description"], *(text for query in own["queries"].values() for text in (query["title"], query["description"]))}
    return found | {table["when_empty"] for table in own["tables"].values() if "when_empty" in table}


def _of_facts() -> set[str]:
    """What our own facts say in words: requirements, notes and where a day is from. Names of services and licences are as their owner writes them."""
    found = set()
    for name, columns in (("eligibility", ("requirement",)), ("prices", ("note", "unit", "service")), ("support-ends", ("trust",))):
        with (ROOT / "db" / "seed" / "facts" / f"{name}.tsv").open(encoding="utf-8") as file:
            found |= {row[column] for row in csv.DictReader(file, delimiter="\t") for column in columns if row[column]}
    return {
        text
        for text in found
        if not re.fullmatch(r"Azure Update Manager|(?:Microsoft|Windows) [\w ]*(?:[AEF]\d|365 Enterprise|Business Premium)", text)
    }


def test_what_facts_say_has_its_japanese() -> None:
    japanese, said = i18n.texts("ja"), _of_facts()
    assert len(said) > 60
    assert [text for text in said if text not in japanese] == []


def test_what_is_said_of_tables_has_its_japanese() -> None:
    japanese, said = i18n.texts("ja"), _of_tables()
    assert len(said) > 400
    assert [text for text in said if re.search("[a-z]", re.sub(r"{\w+}", "", text)) and text not in japanese] == []


def test_translations_have_the_places_of_their_form() -> None:
    for language in i18n.LANGUAGES:
        for form, text in i18n.texts(language).items():
            assert _places(form) == _places(text), form


def test_no_translation_is_left_over() -> None:
    source = "".join(
        path.read_text(encoding="utf-8")
        for path in [
            *site.FOLDER.rglob("*.html"),
            *site.FOLDER.glob("*.yaml"),
            *(ROOT / "db").rglob("*.py"),
            *(ROOT / "scraper" / "parsing").glob("*.py"),
        ]
    )
    known = (
        _forms().keys() | _of_tables() | _of_facts() | _fields() | {display for _, display, _ in Filters([]).lookups()}
    )  # Datasette's comparisons
    for language in i18n.LANGUAGES:
        left = [text for text in i18n.texts(language) if text not in known and text not in source and json.dumps(text)[1:-1] not in source]
        assert [text for text in left if text.partition(" ")[0] not in CODED] == [], language


def test_no_sentence_is_read_again() -> None:
    """Patterns that turn our own English into forms are gone: neither the site nor the answers match a message's text."""
    for where, call in _calls():
        assert _name(call) not in {"BadInput", "HttpError"} or not any(isinstance(node, ast.JoinedStr) for node in call.args), where


def test_every_reason_of_every_verdict_is_translated() -> None:
    t = i18n.words("ja")
    reasons: set[Messages] = set()
    with closing(open_seed_database()) as conn:
        for day in DAYS:
            reasons |= {row.reason for row in verdicts(conn, day)}
    assert len(reasons) > 100
    assert [said for reason in reasons if re.search(r"[a-z]{4,}", (said := str(t.say(reason))).replace("Microsoft", ""))] == []


def test_a_value_that_is_a_message_is_put_into_words_too() -> None:
    t = i18n.words("ja")
    reason = Messages([Message("{product}: {verdict}", product="ws2025", verdict=Message("behind")), Message("no build is stated")])
    assert str(reason) == "ws2025: behind; no build is stated"
    assert t.say(reason) == "ws2025: 最新ではない。ビルドの記載がありません"
    assert [t.say(value) for value in ("", "something else altogether", None)] == ["", "something else altogether", None]


def test_a_field_is_an_option_of_the_command_and_a_label_of_the_site() -> None:
    message = Message("expected {field} as a code such as USD, got {got!r}", field=Field("currency"), got="{x}")
    assert str(message) == "expected --currency as a code such as USD, got '{x}'"
    assert i18n.words("en").say(message) == "expected \"Currency\" as a code such as USD, got '{x}'"


def test_messages_are_compared_by_what_they_say() -> None:
    assert len({Message("a {b}", b=1), Message("a {b}", b=1), Message("a {b}", b=2)}) == 2
    assert Message("{x}") == Message("{x}")
    assert str(Message("{x}")) == "{x}"
    assert (repr(Message("a {b}", b="c")), repr(Field("to"))) == ("Message('a {b}', b='c')", "Field('to')")


def test_codes_of_events_are_words() -> None:
    assert {name for form in FORMS.values() for _, name, _, _ in Formatter().parse(form) if name} >= CODES
