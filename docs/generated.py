"""Make the parts of README.md and docs that follow from the code: tables, help texts and examples.

``cog -r -I docs README.md README.ja.md docs/*.md`` writes them between their markers; tests/test_readme.py fails where one is out of date.
"""

from __future__ import annotations

import contextlib
import io
import os
import shlex
import sys
import tempfile
from collections.abc import Iterable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Final
from unittest import mock

import click

from hotpatch_kb.db.site.plugins import api, descriptions
from hotpatch_kb.db.store import schema
from hotpatch_kb.scraper.cli.group import cli
from hotpatch_kb.scraper.cli.main import main
from hotpatch_kb.scraper.crawl.exit_codes import MEANINGS
from hotpatch_kb.scraper.sources import registry

DAY: Final = "2026-07-24"  # of the examples: the day after that of the embedded facts
FLEET: Final = """host,product,build,line
web1,Windows Server 2025,26100.32772,hotpatch
web2,Windows Server 2025,26100.33158,hotpatch
sql1,Windows Server 2022,20348.5256,standard
pc7,Windows 11 Pro,26200.8655,
old1,Windows Server 2012 R2,9600,
"""  # the inventory of docs/questions.md
# The pages about each command. No help names them: the folder docs does not come with the program.
PAGES: Final = {
    "backup": ("unattended",), "calendar": ("calendar",), "cost": ("cost",), "crawl": ("notifications", "offline"), "eligible": ("eligibility",),
    "export": ("export",), "assess": ("fleet",), "lookup": ("lookup",), "mcp": ("site",), "pages": ("offline",), "restore": ("unattended",),
    "schedule": ("unattended", "export"), "serve": ("site",), "update": ("export", "notifications"), "verdicts": ("verdicts",),
}  # fmt: skip
WIDTH: Final = 100  # characters of a line of help


def _table(header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [header, ("---",) * len(header), *([cell.replace("|", r"\|") for cell in row] for row in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines).replace("| --- ", "|---").replace("|--- |", "|---|")


def _visible() -> Iterator[tuple[str, click.Command]]:
    return ((name, cli.commands[name]) for name in sorted(cli.commands) if not cli.commands[name].hidden)


def commands() -> str:
    """Return the table of commands, each with the pages of docs about it."""
    rows = []
    for name, command in _visible():
        arguments = "".join(f" {parameter.metavar}" for parameter in command.params if isinstance(parameter, click.Argument))
        pages = PAGES.get(name, ())
        links = ", ".join(f"[{page}]({page}.md)" for page in pages)
        rows.append((f"`hotpatch-kb {name}{arguments}`", command.get_short_help_str(limit=200).removesuffix("."), links))
    return _table(("call", "does", "more"), rows)


def help_texts() -> str:
    """Return the help of the command and of each subcommand."""
    texts = [f"```\n{_help(cli, 'hotpatch-kb')}\n```\n"]
    texts += [f"### {name}\n\n```\n{_help(command, f'hotpatch-kb {name}')}\n```\n" for name, command in _visible()]
    return "\n".join(texts)


def _help(command: click.Command, name: str) -> str:
    context = click.Context(command, info_name=name, terminal_width=WIDTH, max_content_width=WIDTH, help_option_names=["-h", "--help"])
    return "\n".join(line.rstrip() for line in command.get_help(context).splitlines())


def exit_codes() -> str:
    """Return the table of exit codes."""
    return _table(("exit code", "means"), [(str(int(code)), meaning) for code, meaning in MEANINGS.items()])


def tables() -> str:
    """Return the tables of the database, with their comments in schema.sql."""
    return _table(("table", "a row is"), [(f"`{name}`", comment) for name, (comment, _) in schema.comments().items()])


def views() -> str:
    """Return the views of the database, with the first comment of each."""
    return _table(("view", "shows"), [(f"`{name}`", descriptions.first_comment(sql)) for name, sql in schema.view_files().items()])


def sources() -> str:
    """Return the sources, with the first paragraph of each module."""
    rows = []
    for source in registry().values():
        paragraph = (import_module(source.parse.__module__).__doc__ or "").partition("\n\n")[0]
        rows.append((f"`{source.source}`", " ".join(paragraph.split())))
    return _table(("source", "reads"), rows)


def endpoints() -> str:
    """Return the addresses of the API with their parameters, as its description in OpenAPI has them."""
    rows = []
    for path, methods in api.openapi("")["paths"].items():
        for method, operation in methods.items():
            needed = {parameter["name"]: bool(parameter.get("required")) for parameter in operation["parameters"]}
            names = ", ".join(f"`{name}`{' (required)' if is_required else ''}" for name, is_required in needed.items())
            rows.append((f"{'POST ' if method == 'post' else ''}`/api{path}`", operation["summary"], names))
    return _table(("address", "answers", "parameters"), rows)


def example(arguments: str, *, lines: int | None = None, **files: str) -> str:
    """Return a call of the command with what it prints on ``DAY`` from the embedded facts, as a block of code.

    Args:
        arguments: as typed in a shell.
        lines: how many lines of the output to show; None for all.
        files: texts of files that the call reads, by name, with "_" for ".".
    """
    # The command reconfigures its streams and writes bytes too, so standard output is a text stream over bytes.
    out = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        for name, text in files.items():
            Path(name.replace("_", ".")).write_text(text, encoding="utf-8")
        environment = {name: value for name, value in os.environ.items() if not name.startswith("HOTPATCH_KB_")}
        with (
            mock.patch.dict(os.environ, environment, clear=True),
            mock.patch("hotpatch_kb.db.model.clock.today", return_value=DAY),
            mock.patch.object(sys, "stdout", out),
            mock.patch.object(sys, "stderr", io.StringIO()),
        ):
            main(shlex.split(arguments))
        out.flush()
    printed = out.buffer.getvalue().decode("utf-8").splitlines()  # type: ignore[attr-defined]
    shown = printed[:lines] + (["  …"] if lines is not None and lines < len(printed) else [])
    return "\n".join(["```", f"$ hotpatch-kb {arguments}", *shown, "```", ""])
