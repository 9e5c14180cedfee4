"""Options that several commands share, and the ends of their help texts."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final, TypeVar

import click

from hotpatch_kb.db.model import reading
from hotpatch_kb.db.model.errors import BadInput
from hotpatch_kb.scraper.cli.common import DB_VARIABLE, DEFAULT_DB, known_day, open_facts
from hotpatch_kb.scraper.cli.text.colour import NO_COLOUR
from hotpatch_kb.scraper.crawl.exit_codes import MEANINGS
from hotpatch_kb.scraper.crawl.reading.feed_state import FEED_VARIABLE
from hotpatch_kb.scraper.crawl.upkeep import parent

F = TypeVar("F", bound=Callable[..., Any])

# "\b" on a line of its own keeps click from refilling the paragraph below it.
TERMS: Final = """\b
Terms: a baseline is a cumulative update (LCU) that restarts the machine and opens a quarter of the hotpatch
line. The hotpatches after it need no restart. The standard line gets an LCU, with a restart, every month.
Cadence B is the security release of the second Tuesday, C and D are optional previews, OOB is out-of-band:
the letters are those that Microsoft publishes, also where a release of another day has the letter B.
A component is an update of PowerShell, WSUS or the like for machines of the hotpatch line."""

VERDICT_TERMS: Final = """\b
Verdicts:
  current      nothing that counts is missing, and the pages were read recently enough to know it
  behind       updates are missing; on the hotpatch line hotpatches alone, which need no restart
  restart_due  on the hotpatch line: a newer baseline is missing, which restarts
  left_line    on the hotpatch line: it took an LCU that is no baseline, and returns with the next one
  unsupported  support has ended for its edition
  ambiguous    it depends on what the inventory does not say, such as the line; the reason says on what
  unknown      nothing says whether it is patched
  invalid      the build or the row cannot be read"""

EXIT_CODES: Final = "\b\nExit codes:\n" + "\n".join(f"  {code:<4} {meaning.replace('`', '')}" for code, meaning in MEANINGS.items())


def examples(*calls: str) -> str:
    """Return calls of the command as the paragraph "Examples" of a help text."""
    return "\b\nExamples:\n" + "\n".join(f"  hotpatch-kb {call}" for call in calls)


def connection(db: Path, known: str | None = None, *, with_prices_and_cves: bool = False) -> sqlite3.Connection:
    """Return a connection to the database to answer from (see ``open_facts``), which is closed when the command ends."""
    return click.get_current_context().with_resource(closing(open_facts(db, known, with_prices_and_cves=with_prices_and_cves)))


class OneOf(click.Choice[str]):
    """One of several words. Any other word is bad input, with the word that is most like it."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the word.

        Raises:
            BadInput: the value is not one of them.
        """
        try:
            return super().convert(value, param, ctx)
        except click.BadParameter:
            option, words = _name(param), list(self.choices)
            close = get_close_matches(str(value).casefold(), words, n=1, cutoff=0.0)[0]
            raise BadInput(
                "expected {option} {words}, got {got!r}; nearest: {option} {close}",
                option=option, words=" or ".join(words), got=str(value)[: reading.MAX_SHOWN], close=close,
            ) from None  # fmt: skip


class Whole(click.IntRange):
    """A whole number of a range. Anything else is bad input, with the nearest number."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return the number.

        Raises:
            BadInput: the value is not a whole number of the range.
        """
        try:
            return int(super().convert(value, param, ctx))
        except click.BadParameter:
            digits = str(value).strip().lstrip("-")
            number = int(str(value)) if digits.isdecimal() and len(digits) < 20 else None
            close = self.min if number is None or number < (self.min or 0) else self.max
            raise BadInput(
                "expected {option} as a whole number from {low} to {high}, got {got!r}; nearest: {option} {close}",
                option=_name(param), low=self.min, high=self.max, got=str(value)[: reading.MAX_SHOWN], close=close,
            ) from None  # fmt: skip


def _name(param: click.Parameter | None) -> str:
    return max(param.opts, key=len) if param is not None else "it"


def path_option(*names: str, is_folder: bool = False, **settings: Any) -> Callable[[F], F]:
    """Return an option that takes the path of a file, or of a folder."""
    return click.option(*names, type=click.Path(path_type=Path, file_okay=not is_folder, dir_okay=is_folder), **settings)


def day_option(name: str, help_text: str, reader: Callable[[str], str] = reading.day) -> Callable[[F], F]:
    """Return an option that takes a day such as 2026-07-14."""

    def read(_context: click.Context, _parameter: click.Parameter, value: str | None) -> str | None:
        return None if value is None else reader(value)

    return click.option(name, callback=read, metavar="DAY", help=help_text)


db = path_option(
    "--db", default=Path(DEFAULT_DB), show_default=True, envvar=DB_VARIABLE, show_envvar=True, metavar="FILE", help="The database file."
)
json = click.option("--json", "as_json", is_flag=True, help="Print JSON: a list of objects.")


# Read by main(), so that the lookup which is read without click knows it too.
no_color = click.option(
    NO_COLOUR, is_flag=True, expose_value=False, help="Show no colours on a terminal; the variable NO_COLOR does the same."
)


def common(command: F) -> F:
    """Add the options of every command."""
    return db(json(no_color(command)))


def platform_flag(platform: str, help_text: str) -> Callable[[F], F]:
    """Return a flag that sets the parameter ``platform``. Two of them contradict each other, which is bad input."""

    def read(context: click.Context, parameter: click.Parameter, is_on: bool) -> None:
        before = context.params.setdefault("platform", None)
        if is_on and before is not None:
            raise BadInput(
                "expected one platform, got {first} and {second}", first=f"--{before.replace('_', '-')}", second=_name(parameter)
            )
        if is_on:
            context.params["platform"] = platform

    return click.option(
        f"--{platform.replace('_', '-')}", f"is_{platform}", is_flag=True, expose_value=False, callback=read, help=help_text
    )


product = click.option("--product", metavar="PRODUCT", help="Only this product, such as ws2025, win11-25h2 or 'Windows Server 2022'.")
ON: Final = "Answer for that day, such as 2026-07-14: count releases up to it, with what is known now"
on = day_option("--on", f"{ON}; for what an administrator could know that day use --known.")
known = day_option("--known", "Answer from what the sources stated by that day, such as 2026-06-01; no day to come.", known_day)
archive = path_option(
    "--archive", is_folder=True, metavar="FOLDER", help="The folder that keeps every answer as served.  [default: <db>.archive]"
)
corrections = path_option(
    "--corrections", multiple=True, metavar="FILE", help="A file of corrections, added to <db>.corrections.csv. May be repeated."
)
contact = click.option(
    "--contact", metavar="ADDRESS", default="", envvar="HOTPATCH_KB_CONTACT", show_envvar=True,
    help="An e-mail or web address for the user agent, so that the operators of a site can reach you.",
)  # fmt: skip
user_agent = click.option(
    "--user-agent", metavar="TEXT", default="", envvar="HOTPATCH_KB_USER_AGENT", show_envvar=True,
    help="Send this user agent instead of ours, where a site answers 403 to ours.",
)  # fmt: skip
feed = click.option(
    "--feed", metavar="URL|DIR", envvar=FEED_VARIABLE, show_envvar=True,
    help="Take newer facts from this export of another hotpatch-kb, as update does, instead of crawling.",
)  # fmt: skip
feed_key = path_option(
    "--key", metavar="FILE", envvar="HOTPATCH_KB_FEED_KEY", show_envvar=True,
    help="The public key that must have signed the export: Ed25519, as openssl or ssh-keygen writes it.",
)  # fmt: skip
ends_with_stdin = click.option(parent.OPTION, is_flag=True, hidden=True, help="End when standard input does, for serve and schedule.")
mirror = click.option("--mirror", metavar="URL", hidden=True, help="Send every request to this server (for tests).")


def asking(command: F) -> F:
    """Add the options of every command that asks hosts."""
    return contact(user_agent(mirror(command)))


def archive_of(database: Path, folder: Path | None) -> Path:
    """Return the archive's folder, which need not be there yet: the one given, else the one beside the database.

    Raises:
        BadInput: something else is there, such as a link to a disk that is not mounted: a crawl could not keep what it reads, and a backup
            would have nothing of what was kept.
    """
    path = folder or database.with_name(f"{database.name}.archive")
    if not path.is_dir() and (path.exists() or path.is_symlink()):
        got = "a link that leads nowhere" if path.is_symlink() else "a file"
        raise BadInput("expected a folder of answers at {path}, got {got}", path=path, got=got)
    return path
