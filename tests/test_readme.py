"""The README and ``docs`` say what is true: their commands, tables, views, sources and links exist, and all that exist are in them."""

from __future__ import annotations

import os
import re
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import Command

from hotpatch_kb.db.store import schema
from hotpatch_kb.db.store.connections import open_seed_database
from hotpatch_kb.scraper.cli.group import cli
from hotpatch_kb.scraper.sources import registry

ROOT = Path(__file__).parent.parent
DOCUMENTS = ["README.md", "README.ja.md", *sorted(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md"))]
README = (ROOT / "README.md").read_text(encoding="utf-8")
JAPANESE = (ROOT / "README.ja.md").read_text(encoding="utf-8")


def _document(page: str) -> str:
    return (ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8")


def test_every_document_is_linked() -> None:
    """From one of the READMEs, or from the English page of a translation."""
    linked = set(re.findall(r"\]\(docs/([^)#]+)\)", README + JAPANESE))
    assert sorted(path.name for path in (ROOT / "docs").glob("*.md") if path.name not in linked) == [
        "design.md"
    ]  # of the site, linked from site.md


def test_a_busy_administrator_finishes_it_in_three_minutes() -> None:
    """At 250 words a minute, without examples, commands and the list of documents."""
    prose = re.sub(r"```.*?```|<!--.*?-->", "", README.split("\n## More")[0], flags=re.DOTALL)
    assert 300 < len(re.findall(r"[A-Za-z']{2,}", prose)) <= 750


def test_every_command_table_view_and_source_is_named() -> None:
    commands = [f"hotpatch-kb {name}" for name, command in cli.commands.items() if not command.hidden]
    named = {"commands": commands, "database": [*schema.comments(), *schema.view_files()], "sources": list(registry())}
    for page, names in named.items():
        text = _document(page)
        assert [name for name in names if not re.search(rf"`{re.escape(name)}[ `]", text)] == [], page


def test_generated_parts_are_up_to_date() -> None:
    """Tables, help texts and examples are those of the code; ``cog -r -I docs README.md README.ja.md docs/*.md`` writes them."""
    arguments = [sys.executable, "-m", "cogapp", "--check", "--diff", "-I", "docs", *DOCUMENTS]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(arguments, cwd=ROOT, env=environment, capture_output=True, text=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("text", [README, _document("sources"), _document("database")], ids=["README", "sources", "database"])
def test_every_option_in_a_document_exists(text: str) -> None:
    options = {
        option
        for command in cli.commands.values()
        for parameter in command.params
        for option in (*parameter.opts, *parameter.secondary_opts)
    }
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z0-9-]+", text)) - {"--quiet", "--editable", "--help", "--numprocesses", "--dist"}
    assert named - options == set()


@pytest.mark.parametrize("document", [*DOCUMENTS, "benchmarks/README.md"])
def test_links_of_documents_lead_somewhere(document: str) -> None:
    text = (ROOT / document).read_text(encoding="utf-8")
    links = [link for link in re.findall(r"\]\(([^)#]+)", text) if not link.startswith("http")]
    assert [link for link in links if not ((ROOT / document).parent / link).exists()] == []


def test_the_two_commands_are_marked_for_ci() -> None:
    for name, piece in (("first", "hotpatch-kb serve"), ("second", "pytest")):
        block = re.search(rf"<!-- {name} command -->\n```sh\n([^`\n]+)\n```", README)
        assert block, name
        assert piece in block[1]


@pytest.mark.parametrize(
    "pattern",
    [
        r"^(?:<!-- \w+ command -->\n)?```\w*\n.*?^```",  # commands to copy, the example, the query
        r"^<!-- \[\[\[cog.*?\[\[\[end\]\]\] -->",  # what is generated
        r"`(--[a-z-]+|hotpatch-kb [a-z]+|[A-Z_]{9,}|[a-z]+/<[a-z]+>)",  # options, commands, variables and subjects that the text names
        r"\]\(((?:docs|benchmarks)/[^)]+)\)",
        r"^(#+) ",
    ],
)
def test_the_japanese_readme_has_the_parts_of_the_english_one(pattern: str) -> None:
    """Same headings, commands, generated parts and documents, some of them in Japanese, in whatever order a sentence needs them."""
    texts = README, re.sub(r"(?<=\(docs/)(\w+)\.ja(?=\.md\))", r"\1", JAPANESE)
    english, japanese = (sorted(re.findall(pattern, text, re.DOTALL | re.MULTILINE)) for text in texts)
    assert english
    assert japanese == english


def test_each_readme_leads_to_the_other() -> None:
    assert "[日本語](README.ja.md)" in README.split("\n## ")[0]
    assert "[English](README.md)" in JAPANESE.split("\n## ")[0]


def test_the_example_query_of_the_database_answers() -> None:
    sql = re.search(r"```sql\n(.*?)```", _document("database"), re.DOTALL)
    assert sql
    conn = open_seed_database()
    conn.row_factory = None
    rows = conn.execute(sql[1]).fetchall()
    conn.close()
    assert isinstance(rows, list)
    assert sqlite3.sqlite_version_info >= (3, 37)  # STRICT
    assert ("release_date", "2026-05-12", "2026-05-12") in [(field, value, text) for field, value, text, _, _ in rows]


def test_help_of_every_command(run: Command) -> None:
    for name in cli.commands:
        done = run(name, "--help")
        # schedule prints no answer: it takes --json, as every command does, and does not offer it.
        assert (done.code, "--db" in done.out, "--json" in done.out) == (0, True, name != "schedule")
    assert "Exit codes" in run("--help").out
    assert run("--version").out.startswith("hotpatch-kb, version ")
    assert run("lookups").code == 2


def test_the_module_is_the_command() -> None:
    done = subprocess.run([sys.executable, "-m", "hotpatch_kb", "--version"], capture_output=True, text=True, cwd=ROOT, check=False)
    assert (done.returncode, done.stdout.startswith("hotpatch-kb")) == (0, True)


def test_the_tree_holds_no_path_of_a_machine_and_no_large_file() -> None:
    files = subprocess.run(["git", "ls-files"], capture_output=True, text=True, cwd=ROOT, check=False).stdout.split("\n")
    if not any(files):
        pytest.skip("needs a git checkout to know which files are the project's")
    here = str(ROOT.parent) + "/"
    for name in filter(None, files):
        path = ROOT / name
        if path.is_file():
            # The claims of all recorded pages: 65 bytes each.
            assert path.stat().st_size < (4_000_000 if name == "db/seed/claims.tsv" else 1_000_000), name
            assert here not in path.read_text(encoding="utf-8", errors="replace"), name
