"""Forms of the sentences that other modules make (bad input, notes on costs), and the same in words of templates, for other languages.

What a place holds stays as it is. A sentence of no form here stays English: a test walks through those that visitors meet.
"""

from __future__ import annotations

import re
from typing import Final

_GOT: Final = r"got (?P<got>.+)"

# Sentences without a place.
_WHOLE: Final = (
    "expected a list of hosts and builds, got nothing",
    "expected machines below the header, got none",
    "sources disagree on a part of the days: the least and the most that they state are given",
    "parts of months count by their days, as a share of that month, where no price of a day is stated",
    "months that are not asked for as a whole count by the price of a day, for every day",
    "cores do not matter to Azure Update Manager, which is billed by server",
    "There is no such page.",
    "Something went wrong here. It is in the log of the site.",
    "This took too long. Ask again later.",
)
_FORMS: Final = (
    # db/answers/lookup.py, db/site/web.py
    (
        rf"expected a build \(26100\.32772\), version \(10\.0\.26100\.32772\), KB \(KB5087423\), month or product, {_GOT}",
        "expected a build (26100.32772), version (10.0.26100.32772), KB (KB5087423), month or product, got {got}",
    ),
    (rf"expected a day such as 2026-07-14, {_GOT}", "expected a day such as 2026-07-14, got {got}"),
    (rf"expected a product \((?P<products>[a-z0-9, -]+)\), {_GOT}", "expected a product ({products}), got {got}"),
    # db/inventory
    (
        rf"expected a column that says the build \(build, OSVersion \.\.\.; --map build=NAME names another\), {_GOT}",
        "expected a column that says the build, named build, OSVersion or the like, got {got}",
    ),
    (
        r"expected a table separated by (?P<delimiter>'.+?'), got (?P<got>.+) in line (?P<line>\d+)",
        "expected a table separated by {delimiter}, got {got} in line {line}",
    ),
    # db/answers/cost.py: what is wrong
    (
        rf"expected (?P<option>--[a-z-]+) as a whole number from 1 to (?P<most>\d+), {_GOT}",
        "expected {option} as a whole number from 1 to {most}, got {got}",
    ),
    (r"expected (?P<option>--from) with --to (?P<day>\S+), got none", "expected {option} with an end, {day}, got none"),
    (rf"expected --to no earlier than --from, {_GOT}", "expected an end no earlier than the begin, got {got}"),
    (
        rf"expected (?P<option>--[a-z]+) as a month such as 2026-04 or a day such as 2026-04-14, of the years (?P<first>\d+) to (?P<last>\d+), {_GOT}",
        "expected {option} as a month such as 2026-04 or a day such as 2026-04-14, of the years {first} to {last}, got {got}",
    ),
    (rf"expected (?P<option>--currency) as a code such as USD, {_GOT}", "expected {option} as a code such as USD, got {got}"),
    (
        r"expected --cores \(of all servers together\) or --cores-per-server, got (?P<cores>\d+) and (?P<each>\d+)",
        "expected the cores of all servers together or those of each server, got both: {cores} and {each}",
    ),
    (
        r"expected --servers with --cores-per-server (?P<each>\d+), got none",
        "expected the number of servers with the cores of each server, {each}, got none",
    ),
    (
        r"expected --cores \(of all servers together\), or --cores-per-server and --servers, got neither",
        "expected the cores of all servers together, or those of each server and the number of servers, got neither",
    ),
    (
        r"expected --cores of all servers together, so at least (?P<servers>\d+) for \d+ servers, got (?P<got>\d+); the cores of each server are --cores-per-server",
        "expected the cores of all servers together, so at least {servers} for as many servers, got {got}; the cores of each server have a field of their own",
    ),
    (
        r"expected --servers with --service update-manager, which is billed by server, got none",
        "expected the number of servers for Azure Update Manager, which is billed by server, got none",
    ),
    # db/answers/cost.py: notes
    (
        r"no source states a price of (?P<service>.+) for all of these days, which does not mean that it was free",
        "no source states a price of {service} for all of these days, which does not mean that it was free",
    ),
    (r"there is no price of (?P<service>.+) for (?P<product>[a-z0-9-]+)", "there is no price of {service} for {product}"),
    (
        r"there is no price of (?P<service>.+) for (?P<product>[a-z0-9-]+) as (?P<meter>.+), but as (?P<others>.+)",
        "there is no price of {service} for {product} as {meter}, but as {others}",
    ),
    (
        r"prices of (?P<service>.+) are stated in (?P<currencies>[A-Z, ]+); amounts are never converted",
        "prices of {service} are stated in {currencies}; amounts are never converted",
    ),
    (
        r"prices of (?P<service>.+) by (?P<units>.+) are stated, and not counted",
        "prices of {service} by {units} are stated, and not counted",
    ),
    (
        r"(?P<label>[^()]+) \(--[a-z0-9-]+\) changes nothing of (?P<service>.+): no source states a price with it for (?P<meter>.+) in (?P<currency>[A-Z]{3})",
        "{label} changes nothing of {service}: no source states a price with it for {meter} in {currency}",
    ),
    (
        r"(?P<label>[^()]+) \(--[a-z0-9-]+\) changes nothing of (?P<service>.+): it has no price for these days, or none below that of another discount",
        "{label} changes nothing of {service}: it has no price for these days, or none below that of another discount",
    ),
    (
        r"(?P<label>[^()]+) \(--[a-z0-9-]+\) has a price of (?P<service>.+) for some of the days; the others cost what they cost without",
        "{label} has a price of {service} for some of the days; the others cost what they cost without",
    ),
    (
        r"a price of (?P<service>.+) is stated without its first day: it counts from (?P<day>\S+), the first day for which any price of that service is stated",
        "a price of {service} is stated without its first day: it counts from {day}, the first day for which any price of that service is stated",
    ),
    (r"days after (?P<day>\S+) cost what sources state so far", "days after {day} cost what sources state so far"),
    # the site's own
    (
        r"Expected at most (?P<size>[0-9,]+) bytes, got more\. The command hotpatch-kb assess takes a fleet of any size\.",
        "Expected at most {size} bytes, got more. The command hotpatch-kb assess takes a fleet of any size.",
    ),
)
MESSAGES: Final = tuple(
    (re.compile(pattern, re.DOTALL), text) for pattern, text in (*((re.escape(text), text) for text in _WHOLE), *_FORMS)
)
