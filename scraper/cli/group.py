"""The command ``hotpatch-kb`` with all its subcommands, read by click."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import Final

import click
from click.shell_completion import shell_complete

from hotpatch_kb.db import __version__
from hotpatch_kb.db.model.errors import BadInput
from hotpatch_kb.db.model.product_names import product_id
from hotpatch_kb.db.model.reading import MAX_SHOWN
from hotpatch_kb.scraper.cli import answers, commands, licensing, options, sharing
from hotpatch_kb.scraper.crawl.exit_codes import ExitCode

SUBCOMMANDS: Final = (
    answers.lookup, answers.calendar, answers.next_command, answers.verdicts, answers.assess, licensing.eligible, licensing.cost,
    answers.changes, commands.crawl, commands.replay, commands.doctor, commands.backup, commands.restore, commands.status, commands.schedule, commands.serve, commands.mcp, commands.seed,
    sharing.export, sharing.update, sharing.pages,
)  # fmt: skip


# A new user finds the call for a question here; docs/questions.md has more, with their answers.
QUESTIONS: Final = "\b\nQuestions, and the call that answers each:\n" + "\n".join(
    f"  {question}\n      hotpatch-kb {call}"
    for question, call in (
        (
            "Is a machine with this build patched? Which KB is missing, does it restart, which CVEs are open?",
            "lookup 26100.32772 --product ws2025",
        ),
        ("What is this KB? Why is a build ambiguous, and which KB does the machine have?", "lookup 26100.6905 --kb-installed KB5070893"),
        ("What came out in a month, or for a version?", "lookup 'Windows Server 2025 June 2026' 24H2"),
        ("Which KB fixes a CVE, and does a hotpatch leave it open?", "lookup CVE-2025-54100"),
        ("Is this edition still supported?", "lookup 22631.6199 --edition Pro"),
        ("When are the next restarts, and how sure are they?", "next --product ws2025 --count 3"),
        (
            "Which months restart, and when did a baseline come unplanned? What was planned on a day?",
            "calendar --year 2026 --known 2026-06-01",
        ),
        ("How do the restarts get into Outlook?", "calendar --ics --restarts --product ws2025 --alarm 3 > hotpatch.ics"),
        ("May this edition, server or image hotpatch, and what is required?", "eligible Windows 11 Pro"),
        ("What does it cost?", "cost --cores 100 --from 2025-08 --to 2026-04"),
        (
            "Which machines of a list are behind? Fail a pipeline for them.",
            "assess servers.csv --fail-on not-current",
        ),
        ("What changed?", "changes --since 2026-07-01"),
        (
            "No internet here? Save these pages elsewhere and read them with crawl --from, or carry an export and take it with update.",
            "pages",
        ),
        ("How old is the data, and which source fails?", "status"),
        ("Which sources disagree, and which is believed? The table conflicts of the site, or of the database.", "serve"),
    )
)


class _Group(click.Group):
    """The command, whose unknown subcommands are bad input."""

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the subcommand that the first argument names.

        Raises:
            BadInput: there is none of that name.
        """
        if args and args[0] not in self.commands and not args[0].startswith("-"):
            names = [name for name, command in self.commands.items() if not command.hidden]
            close = get_close_matches(args[0].casefold(), names, n=1, cutoff=0.0)[0]
            raise BadInput(
                "expected a command ({names}), got {got!r}; nearest: hotpatch-kb {close}",
                names=", ".join(sorted(names)), got=args[0][:MAX_SHOWN], close=close,
            )  # fmt: skip
        return super().resolve_command(ctx, args)


@click.group(
    cls=_Group,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120},
    epilog=f"{QUESTIONS}\n\n{options.TERMS}\n\n{options.EXIT_CODES}",
)
@click.version_option(__version__, prog_name="hotpatch-kb")
def cli() -> None:
    """Answer questions about Windows hotpatching.

    Which KB and OS build is a baseline (restart), which is a hotpatch (no restart), when is the next restart, and which page says so?
    Answers come from a database that crawl fills from Microsoft's pages; without one, from the facts that come with the program. Longer
    texts are in the folder docs of the source.
    """


for _command in SUBCOMMANDS:
    cli.add_command(_command)


COMPLETE: Final = "_HOTPATCH_KB_COMPLETE"


def complete(instruction: str) -> int:
    """Print what a shell asks for: its script, or what may follow the words typed so far.

    Args:
        instruction: as click names it, such as "bash_source" or "zsh_complete".

    Returns:
        the exit code.
    """
    return shell_complete(cli, {}, "hotpatch-kb", COMPLETE, instruction)


def run(arguments: list[str]) -> int:
    """Run any subcommand.

    Returns:
        the exit code.

    Raises:
        BadInput: click finds the arguments wrong.
        KeyboardInterrupt: the user interrupted it.
    """
    try:
        # cli.main() would turn a reader that closes the pipe into exit code 1.
        with cli.make_context("hotpatch-kb", arguments) as context:
            code = cli.invoke(context)
    except click.exceptions.Exit as done:
        code = done.exit_code
    except click.exceptions.Abort:
        raise KeyboardInterrupt from None
    except click.exceptions.NoArgsIsHelpError as error:  # "hotpatch-kb" alone
        error.show()
        code = error.exit_code
    except click.ClickException as error:
        raise _as_bad_input(error, arguments) from None
    return code if isinstance(code, int) else ExitCode.DONE


# Options that mean nearly the same, of which a command may have one alone: what is known on a day, and what was released by it.
_ALIKE: Final = {
    "--on": ("--known", "--since"),
    "--known": ("--on",),
    "--since": ("--from", "--on"),
    "--from": ("--since",),
    "--kb": ("--kb-installed",),
}


def _as_bad_input(error: click.ClickException, arguments: list[str]) -> BadInput:
    """Return what click found wrong in the style of every other error: what was expected, what came, and the nearest right call."""
    context = getattr(error, "ctx", None)
    command = " ".join(["hotpatch-kb", *arguments[:1]]) if context is None else context.command_path
    if isinstance(error, click.NoSuchOption):
        names = [name for parameter in context.command.get_params(context) for name in parameter.opts] if context is not None else []
        got = error.option_name
        # "--db" of a command that was typed before its name, or an option of another command
        close = [name for name in _ALIKE.get(got, ()) if name in names]
        close = close or get_close_matches(got, [name for name in names if name.startswith("--")], n=1, cutoff=0.5)
        right = f"{command} {close[0]}" if close else f"{command} --help"
        return BadInput("expected an option of {command}, got {got}; nearest: {right}", command=command, got=got[:MAX_SHOWN], right=right)
    if isinstance(error, click.BadOptionUsage):
        return BadInput("expected a value after {option}, got none; {command} --help says which", option=error.option_name, command=command)
    if isinstance(error, click.MissingParameter) and error.param is not None and context is not None:
        name = error.param.metavar or max(error.param.opts, key=len)
        return BadInput("expected {name}, got nothing; {command} --help shows examples", name=name, command=command)
    message = " ".join(error.format_message().split()).rstrip(".")
    if match := re.fullmatch(r"Got unexpected extra arguments? \((?P<got>.*)\)", message):
        options_taken = {name for parameter in context.command.params for name in parameter.opts} if context is not None else set()
        product = product_id(match["got"]) if "--product" in options_taken else None  # hotpatch-kb next ws2025
        right = f"{command} --product {product}" if product else f"{command} --help"
        return BadInput("expected options alone, got {got!r}; nearest: {right}", got=match["got"][:MAX_SHOWN], right=right)
    return BadInput("expected what {command} --help lists, got: {got}", command=command, got=message[:200])
