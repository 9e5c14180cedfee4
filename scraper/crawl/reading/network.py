"""Crawl from Microsoft's sites: fixed pages by family, then the pages that those name, one request at a time per host."""

from __future__ import annotations

import asyncio
import os
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from hotpatch_kb.db.claims import pages
from hotpatch_kb.db.claims.corrections import accepted_unreadable
from hotpatch_kb.db.claims.ingest import Failure
from hotpatch_kb.db.model.claims import Page
from hotpatch_kb.scraper.crawl import hubs
from hotpatch_kb.scraper.crawl.database import utc_now
from hotpatch_kb.scraper.crawl.run import MISSING, Run, named_by
from hotpatch_kb.scraper.fetch.errors import FetchError, ShutOut, Throttled, Unreachable
from hotpatch_kb.scraper.sources import PageSpec, Source

if TYPE_CHECKING:
    from hotpatch_kb.scraper.fetch.client import Fetcher


# The limit per source and run: half an hour at one page a second. The longest list so far is 850 articles, of which a run reads 200.
MAX_PAGES: Final = 2000


async def read_fixed(run: Run, sources: Sequence[Source], fetcher: Fetcher) -> None:
    """Read the fixed pages of the sources, of a family the first that can be read; then the hubs that no list names."""
    wanted = [source for source in sources if not source.is_embedded and not _is_off(run, source)]
    groups: dict[str, list[tuple[Source, PageSpec]]] = {}
    for source in sorted(wanted, key=lambda s: not s.stands_in_for):
        for spec in source.pages:
            groups.setdefault(spec.family or spec.page_url, []).append((source, spec))
    left = await asyncio.gather(*(_read_family(run, specs, fetcher) for specs in groups.values()))
    unread = {family: failure for family, failure in zip(groups, left, strict=True) if failure is not None}
    navigation = next((source for source in wanted if source.source == hubs.SOURCE), None)
    if navigation is not None:
        await _read_hubs(run, navigation, unread, fetcher)
    for failure in unread.values():
        run.fail(*failure)


async def _read_hubs(run: Run, navigation: Source, unread: dict[str, Failure], fetcher: Fetcher) -> None:
    """Read the hubs that no list names, by the links of what was read, those that these name in turn, within limits.

    Args:
        run: the run.
        navigation: the source that reads hubs.
        unread: families of which no page could be read; one whose hub has moved is taken out.
        fetcher: the client.
    """
    for _ in range(hubs.MAX_HUBS):
        spec = next(run.hubs.wanted(run.listed_lines(), unread.keys()), None)
        if spec is None:
            return
        if await _read_hub(run, navigation, spec, fetcher) and spec.family in unread:
            del unread[spec.family]
            run.say(f"{navigation.source}: the hub of {spec.family} is at {spec.page_url} now")
    if left := list(run.hubs.wanted(run.listed_lines(), unread.keys())):
        note = f"expected at most {hubs.MAX_HUBS} hubs in a run that no list names, got {len(left)} more"
        run.note(navigation.source, note, left[0].page_url)


async def _read_hub(run: Run, navigation: Source, spec: PageSpec, fetcher: Fetcher) -> bool:
    """Read one hub that no list names; return whether it could be read. That it is not there is no failure: only a link says that it is."""
    asked = set(run.hubs.asked)
    try:
        page = await _get(run, navigation, spec, spec.addresses[0], fetcher)
    except FetchError as error:
        run.say(f"{navigation.source}: not there: {error}")
        return False
    if page.status not in {200, 304}:
        run.say(f"{navigation.source}: not there: {spec.page_url}: expected status 200, got {page.status}")
        return False
    if page.final_url != page.url and page.final_url in asked:
        return False  # it leads to a page that was read
    return (run.take_unchanged(page) if page.status == 304 else run.take(page)).is_read


async def read_followed(run: Run, sources: Sequence[Source], named: Mapping[str, Sequence[PageSpec]], fetcher: Fetcher) -> None:
    """Read the pages that fixed pages name and those that other pages link to, where they are new or may have changed.

    Args:
        run: a run after that of the fixed pages, which are published first because 200 articles take minutes.
        sources: those of the crawl.
        named: what each source's fixed pages name.
        fetcher: the client.
    """
    links, now = run.links(), utc_now()
    wanted = [source for source in sources if not source.is_embedded and not (source.credential and not os.environ.get(source.credential))]
    await asyncio.gather(
        *(_read_followed(run, source, [*named.get(source.source, ()), *source.linked(links, now)], fetcher) for source in wanted)
    )


def _is_off(run: Run, source: Source) -> bool:
    """Return whether a source needs a credential that the environment does not have."""
    if not source.credential or os.environ.get(source.credential):
        return False
    run.state[source.source] = "off"
    run.say(f"{source.source}: off: {source.credential} is not set")
    return True


async def _get(run: Run, source: Source, spec: PageSpec, url: str, fetcher: Fetcher) -> Page:
    """Ask one address, with what is known of its last answer.

    Raises:
        FetchError: it gave no usable answer.
    """
    known = pages.validators(run.conn, url)
    is_asked_with = known is not None and (known.etag or known.last_modified)
    if known is not None and is_asked_with and run.archive is not None and not run.archive.has(known.sha256):
        # "Not modified" would leave us without the content.
        run.say(f"{source.source}: {url}: asked for whole, its last answer is missing in the archive or damaged")
        known = None
    token = os.environ.get(source.credential) if source.credential else None
    known_url, etag, modified = known[:3] if known else (None, None, None)
    run.hubs.asked.add(url)
    answer = await fetcher.get(url, etag=etag, last_modified=modified, known_url=known_url, accept=spec.accept, token=token)
    run.hubs.asked.add(answer.final_url)
    page = Page(source.source, spec.page_url, answer.url, answer.final_url, answer.fetched_at, answer.status, answer.body, answer.headers)
    return named_by(spec, page)


async def _read_family(run: Run, specs: list[tuple[Source, PageSpec]], fetcher: Fetcher) -> Failure | None:
    """Read the first page of a family that can be read.

    Returns:
        why none is where it should be; None where one was read or is refused, or where the failure is noted already.
    """
    notes: list[str] = []
    source, spec = specs[-1]
    for source, spec in specs:
        for url in spec.addresses:
            try:
                page = await _get(run, source, spec, url, fetcher)
            except (Unreachable, ShutOut) as error:
                # The host cannot be reached, so its other addresses cannot either.
                run.fail(specs[-1][0].source, specs[-1][1].page_url, "unreachable", str(error))
                return None
            except FetchError as error:
                notes.append(str(error) if error.url == url else f"{url}: {error}")
                continue
            if page.status not in {200, 304}:
                notes.append(f"{url}: expected status 200, got {page.status}")
                continue
            if (run.take_unchanged(page) if page.status == 304 else run.take(page)).is_read:
                return None
            break  # a page that cannot be read is refused and named; another of the family may do
    if notes and all(source.stands_in_for for source, _ in specs):
        run.say(f"{source.source}: not there: {'; '.join(notes)}")  # the source it stands in for is read instead
    elif notes:
        return Failure(source.source, spec.page_url, "unreachable", "; ".join(notes))
    return None


async def _read_followed(run: Run, source: Source, specs: Iterable[PageSpec], fetcher: Fetcher) -> None:
    # Pages that were refused last time come last: a new layout of the newest articles must not keep us from the others.
    refused = pages.refused_urls(run.conn, source.source)
    queue = deque(sorted(specs, key=lambda spec: not refused.isdisjoint(spec.addresses)))
    answered: dict[str, str] = {}  # in this run
    seen = accepted_unreadable(run.corrections, source.source)
    asked = left = 0
    while queue:
        if asked >= MAX_PAGES:  # an API whose answers name each other without end
            run.fail(
                source.source,
                queue[0].page_url,
                "refused",
                f"expected at most {MAX_PAGES} pages of a source in a run, got {len(queue)} more",
            )
            return
        spec = queue.popleft()
        if spec.page_url in seen:
            continue
        seen.add(spec.page_url)
        last = max(
            (at for url in spec.addresses if (at := answered.get(url) or pages.answered_at(run.conn, source.source, url))), default=None
        )
        if last is not None and spec.good_since and last >= spec.good_since:
            continue
        if source.at_a_time and asked >= source.at_a_time:
            left += 1
            continue
        asked += 1
        for place, url in enumerate(spec.addresses):
            try:
                page = await _get(run, source, spec, url, fetcher)
            except (Unreachable, Throttled) as error:
                run.fail(source.source, spec.page_url, "unreachable", f"{error}; {len(queue) + left + 1} pages wait for the next run")
                return
            except FetchError as error:
                run.fail(source.source, spec.page_url, "unreachable", str(error))
                break
            if page.status in MISSING and place + 1 < len(spec.addresses):
                continue
            answered[url] = answered[page.final_url] = page.fetched_at
            taken = run.take_unchanged(page) if page.status == 304 else run.take(page, may_be_missing=True)
            queue.extendleft(reversed(taken.follows))
            break
    if left:
        run.note(
            source.source, f"expected to read every page, got {left} left for the next run (at most {source.at_a_time} are read in one)"
        )
