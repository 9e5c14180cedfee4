"""The command ``hotpatch-kb`` with all its subcommands, read by click."""

from __future__ import annotations

from typing import Final

import click

from hotpatch_kb.db import __version__
from hotpatch_kb.scraper.cli import answers, commands, options
from hotpatch_kb.scraper.crawl.exit_codes import ExitCode

SUBCOMMANDS: Final = (
    answers.lookup, answers.calendar, answers.next_command, answers.verdicts, answers.assess, answers.eligible, answers.cost,
    answers.changes, commands.crawl, commands.replay, commands.doctor, commands.status, commands.schedule, commands.serve, commands.seed,
)  # fmt: skip


@click.group(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120},
    epilog="\n\n".join((options.examples("lookup 26100.32772", "next --product ws2025"), options.TERMS, options.EXIT_CODES)),
)
@click.version_option(__version__, prog_name="hotpatch-kb")
def cli() -> None:
    """Answer questions about Windows hotpatching.

    Which KB and OS build is a baseline (restart), which is a hotpatch (no restart), when is the next restart, and which page says so?
    Answers come from a database that crawl fills from Microsoft's pages; without one, from the facts that come with the program.
    """


for _command in SUBCOMMANDS:
    cli.add_command(_command)


def run(arguments: list[str]) -> int:
    """Run any subcommand. What click finds wrong with the arguments is printed as click words it.

    Returns:
        the exit code.

    Raises:
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
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    return code if isinstance(code, int) else ExitCode.DONE
