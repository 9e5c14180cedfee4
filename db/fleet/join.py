"""The judgement of machines as tables, so that a join in any engine gives what ``assess`` gives.

Everything that a machine may be is judged by ``Judge`` and written down: by build, the products that its name leaves, its line, the KBs that decide and
its edition. What people write (names of systems and editions, spellings of builds, words for a line) becomes those keys through tables of aliases. A
spelling that is in no table is not guessed at: the join calls such a machine unknown, never current.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain, combinations
from operator import itemgetter
from typing import Any, Final, NamedTuple

from hotpatch_kb.db.fleet.formats import VERDICT_COLUMNS
from hotpatch_kb.db.fleet.inventory.columns import LINE_OF_STATUS
from hotpatch_kb.db.fleet.judge import Judge, Kind
from hotpatch_kb.db.model.editions import NUMBERS, SPELLED, Machine, edition_in, machine_of
from hotpatch_kb.db.model.product_names import Name, read_name
from hotpatch_kb.db.model.products import named

# What is known of the name of a machine's system: a product, a family, or nothing.
ANY_PRODUCT: Final = ""
OTHER: Final = "other"
_SERVER_EDITIONS: Final = (
    "", "Standard", "Datacenter", "Datacenter: Azure Edition", "Datacenter Azure Edition", "Azure Edition", "Essentials", "Standard Evaluation", "Datacenter Evaluation",
)  # fmt: skip
_CLIENT_EDITIONS: Final = (
    "", "Home", "Home N", "Home Single Language", "Pro", "Pro N", "Pro for Workstations", "Pro Education", "Enterprise", "Enterprise N", "Enterprise Evaluation",
    "Enterprise multi-session", "Enterprise LTSC", "Enterprise N LTSC", "IoT Enterprise", "IoT Enterprise LTSC", "Education", "Education N", "SE",
)  # fmt: skip
# ``EditionID`` of the registry and DISM, and what people call editions.
_EDITIONS: Final = (
    "Core", "CoreN", "CoreSingleLanguage", "CoreCountrySpecific", "Professional", "ProfessionalN", "ProfessionalWorkstation", "ProfessionalWorkstationN",
    "ProfessionalEducation", "ProfessionalEducationN", "CloudEdition", "CloudEditionN", "Enterprise", "EnterpriseN", "EnterpriseEval", "EnterpriseNEval", "EnterpriseS", "EnterpriseSN",
    "EnterpriseSEval", "EnterpriseSNEval", "Education", "EducationN", "IoTEnterprise", "IoTEnterpriseK", "IoTEnterpriseS", "IoTEnterpriseSK", "IoTUAP", "ServerRdsh",
    "ServerStandard", "ServerStandardCor", "ServerStandardEval", "ServerStandardEvalCor", "ServerDatacenter", "ServerDatacenterCor", "ServerDatacenterEval",
    "ServerDatacenterEvalCor", "ServerTurbine", "ServerTurbineCor", "ServerAzureStackHCICor", "ServerSolution", "Workstation",
)  # fmt: skip
_OTHERS: Final = (
    "Azure Local", "Azure Stack HCI", "Windows Server 2003", "Windows Server 2008", "Windows Server 2008 R2", "Windows Server 2012", "Windows Server 2012 R2", "Windows 7", "Windows 8", "Windows 8.1",
    "Windows XP", "Windows Vista",
)  # fmt: skip


class Join(NamedTuple):
    """The tables, each a list of rows in a fixed order.

    Attributes:
        machines: build, products, line, deciding, edition, outcome. The row with edition "" holds for every edition without a row.
        outcomes: outcome, and the columns of a verdict.
        product_choices: build, product_key, products; a pair without a row leaves all products of the build, ``products`` "".
        deciding_kbs: build, kb, word: ``deciding`` is the words of the installed KBs, sorted, with blanks between them.
        build_aliases: alias, build.
        product_aliases: alias, product_key, edition; aliases in lower case, with single blanks.
        edition_aliases: alias, edition; aliases as those of products.
        line_aliases: alias, line; aliases in lower case, letters and digits alone.
    """

    machines: list[tuple[Any, ...]]
    outcomes: list[tuple[Any, ...]]
    product_choices: list[tuple[Any, ...]]
    deciding_kbs: list[tuple[Any, ...]]
    build_aliases: list[tuple[Any, ...]]
    product_aliases: list[tuple[Any, ...]]
    edition_aliases: list[tuple[Any, ...]]
    line_aliases: list[tuple[Any, ...]]


def join_tables(judge: Judge) -> Join:
    """Return the tables of a judge's day."""
    names = _product_names(judge)
    aliases = sorted((alias, _key(name), machine_of("", alias, "").name) for alias, name in names.items())
    keys = {_key(name): name for name in names.values() if not name.is_other}
    outcomes: dict[tuple[Any, ...], int] = {}
    machines: list[tuple[Any, ...]] = []
    choices: list[tuple[Any, ...]] = []
    for build, products in judge.products_by_build().items():
        left: dict[str, Name] = {"": Name()}
        for key, name in sorted(keys.items()):
            kept = judge.of_name(name, products)
            if len(kept) < len(products):
                choices.append((build, key, "+".join(kept)))
                left.setdefault("+".join(kept), name)
        words = sorted({word for meaning in judge.deciding.of_build[build].values() for word in meaning.split()})
        for of_products, name in left.items():
            machines += _judged(judge, build, of_products, name, words, outcomes)
    deciding = [
        (build, int(kb), word)
        for build, meanings in judge.deciding.of_build.items()
        for kb, meaning in meanings.items()
        for word in meaning.split()
    ]
    builds = judge.products_by_build()
    return Join(
        sorted(machines), [(number, *outcome) for outcome, number in outcomes.items()], sorted(choices), sorted(deciding),
        sorted((alias, build) for build in builds for alias in (build, f"10.0.{build}")), aliases, _edition_aliases(), sorted(LINE_OF_STATUS.items()),
    )  # fmt: skip


def _judged(
    judge: Judge, build: str, products: str, name: Name, words: list[str], outcomes: dict[tuple[Any, ...], int]
) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of a build with a choice of products, for every line, set of deciding KBs and edition that makes a difference."""
    kept = judge.of_name(name, judge.products_by_build()[build])
    # An edition that none of the products can have counts for nothing: "Pro" and "Home" of a server are judged once.
    alike = {machine: judge.kind_of(kept, machine) for machine in _KINDS}
    for deciding in chain.from_iterable(combinations(words, count) for count in range(len(words) + 1)):
        for line in ("", "hotpatch", "standard"):
            usual = None
            found: dict[Kind, int] = {}
            for machine in _KINDS:
                if (kind := alike[machine]) not in found:
                    answer = judge.judge_read(name, build, line, frozenset(deciding), machine, _NO_TEXTS).answer
                    outcome = _columns(answer | {"reason": str(answer["reason"])})
                    found[kind] = outcomes.setdefault(outcome, len(outcomes) + 1)
                number = found[kind]
                usual = number if usual is None else usual
                if not machine.name or number != usual:
                    yield build, products, line, " ".join(deciding), machine.name, number


_columns: Final = itemgetter(*VERDICT_COLUMNS)
_NO_TEXTS: Final[Mapping[str, str]] = {"build": ""}
_KINDS: Final = (Machine(), *(Machine(edition) for edition in SPELLED), Machine("server_datacenter", may_be_azure_edition=True))


def _key(name: Name) -> str:
    return OTHER if name.is_other else name.product or name.family or ANY_PRODUCT


def _product_names(judge: Judge) -> dict[str, Name]:
    """Return names of systems as inventories have them, each with what ``read_name`` understands."""
    texts = ["", "Windows", "Microsoft Windows", *_OTHERS]
    texts += [f"{other} {edition}".strip() for other in _OTHERS if "Server" in other for edition in _SERVER_EDITIONS]
    for product in sorted({product for products in judge.products_by_build().values() for product in products}):
        label = named(product).name
        is_server = named(product).family == "server"
        texts.append(product)
        if is_server:
            texts += [f"{label} {edition}" for edition in _SERVER_EDITIONS]
            continue
        system, _, version = label.partition(", version ")
        for edition in _CLIENT_EDITIONS:
            texts += [f"{system} {edition}{between}{version}" for between in (" ", " version ", ", version ")]
            texts += [f"{system} {edition}", f"{system} {version} {edition}"]
    texts += [f"Windows Server {edition}" for edition in _SERVER_EDITIONS]
    read = ((alias, read_name(alias)) for alias in _spelled([*texts, *(f"Microsoft {text}" for text in texts)]))
    return {alias: name for alias, name in read if name.is_understood}


def _edition_aliases() -> list[tuple[Any, ...]]:
    names = [*_EDITIONS, *_CLIENT_EDITIONS, *_SERVER_EDITIONS, *SPELLED, *SPELLED.values(), *NUMBERS]
    found = {alias: edition_in(alias) for alias in _spelled(names)}
    return sorted((alias, edition) for alias, edition in found.items() if edition or not alias)


def _spelled(texts: Iterable[str]) -> list[str]:
    """Return texts as the join spells them: in lower case, without blanks at the ends, and with one between words."""
    return list(dict.fromkeys(re.sub(r"\s+", " ", text).strip().lower() for text in texts))
