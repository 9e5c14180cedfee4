"""Pages of support.microsoft.com: the navigation of a product, in the layouts before and since July 2026."""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from helpers.render.shapes import CalendarRow, NavCategory, NavEntry
from helpers.render.text import escaped, slug, with_crlf, with_entities


def navigation_new(
    categories: Sequence[NavCategory],
    *,
    active: int = 0,
    current: int = 0,
    h1: str,
    url: str = "",
    flight: str = "00000000-0000-0000-0000-000000000000",
    current_as_text: bool = False,
    months: Sequence[CalendarRow] = (),
    crlf: bool = True,
) -> str:
    """Return a page of the layout of July 2026.

    Args:
        categories: the navigation; links relative to ``url``, as ``hotpatch_categories(layout="new")`` gives them.
        active: the category the page belongs to.
        current: its entry that is the page itself; 0 is the hub.
        h1: the heading of the article; ``<title>`` is the same with its suffix.
        url: the page's own address, for ``link[rel=canonical]``.
        flight: what differs in every response (``awa-userFlightingId`` and ``awa-expid``).
        current_as_text: the current entry has no link (seen on article pages).
        months: rows of the month tables in the article.
        crlf: the site's template ends its lines CRLF, the article in it LF (as recorded); False: LF throughout.
    """
    slot = 0
    nav = []
    for number, category in enumerate(categories):
        slot += 1
        classes = "learnRenderLeftNavCategory" + (" learnRenderLeftNavActiveCategory" if number == active else "")
        nav.append(f'\t\t\t\t<div class="{classes}">\n\t\t\t\t\t<div class="learnRenderLeftNavCategoryTitle">\n')
        nav.append(f'\t\t\t\t\t\t<a href="{html.escape(category.href)}" class="learnRenderLeftNavLink" data-bi-slot="{slot}">')
        nav.append(f"{escaped(category.title)}</a>\n\t\t\t\t\t</div>\n")
        nav.append('\t\t\t\t\t\t<ul class="learnRenderLeftNavArticles list-unstyled col">\n')
        for position, entry in _with_hub(category):
            slot += 1
            here = number == active and position == current
            classes = "learnRenderLeftNavArticle" + (" learnRenderLeftNavCurrentArticle" if here else "")
            content = escaped(entry.title)
            if not (here and current_as_text):
                page = ' aria-current="page"' if here else ""
                content = f'<a href="{html.escape(entry.href)}" class="learnRenderLeftNavLink" data-bi-slot="{slot}"{page}>{content}</a>'
            nav.append(f'<li class="{classes}">{content}</li>')  # all entries of a category are in one line
        nav.append("\t\t\t\t\t\t</ul>\n\t\t\t\t</div>\n")
    head = f"""

<!DOCTYPE html>
<html lang="en-US" dir=ltr>
<head>
	<meta charset="utf-8" />
	<title>{escaped(h1)} | Microsoft Support</title>
	<meta name="ms.date" content="07/17/2026" />
<meta name="site_name" content="SMC" />
<meta name="toc_rel" content="../../toc.json" />
<meta name="updated_at" content="2026-07-17 03:37 AM" />

		<link rel="canonical" href="{html.escape(url)}" />

{_flight_meta(flight)}
	<meta name="awa-title" content="{html.escape(h1)} | Microsoft Support" />
</head>
<body class="article">
	<div id="bodyWrapper">
{_SITE_HEADER}
		<div id="ocHelp">
			<div class="container" id="ocArticle">
				<div class="row">
					<div class="col-md-3 mt-4">

<div id="learnRenderLeftNav"
	class="ps-4 float-end pe-0 end-0"
	role="complementary"
	aria-label="Related Links"
	ms.pgarea="leftnav"
	data-bi-area="leftnav"
	dir="ltr">

	<div class="height-48px flex-row border-bottom w-100 d-flex d-md-none">
		<div class="closePaneButtonContainer border-bottom">
			<a href="javascript:"
			class="closePaneButton text-decoration-none"
			aria-label="Close">&times;</a>
		</div>
	</div>

	<div class="learnRenderLeftNavContent fs-6 fw-normal text-muted lh-base overflow-y-auto">
{"".join(nav)}	</div>
</div>

					</div>
                    <main role="main" class="col-md-9 mt-4" id="supMainContent" tabindex="-1">

"""
    article = f"""<h1 id="{slug(h1)}">{escaped(h1)}</h1>

	<section class="supAppliesToSection" dir="ltr">
		<div id="supAppliesToTableContainer">
			<details id="supAppliesToList"><summary class="contentToggle">Applies To</summary><div role="list"><span class="appliesToItem" role="listitem">Windows</span> </div></details>
		</div>
	</section>

<div class="learnArticleContent">
	<p>The updates of this product stand in the navigation.</p>
{_months_new(months)}
</div>

"""
    foot = f"""					</main>
				</div>
			</div>
		</div>
{_SITE_FOOTER}
	</div>
</body>
</html>
"""
    return with_crlf(head) + article + with_crlf(foot) if crlf else head + article + foot


def navigation_old(
    categories: Sequence[NavCategory],
    *,
    active: int = 0,
    current: int = 0,
    h1: str,
    url: str = "",
    flight: str = "00000000-0000-0000-0000-000000000000",
    current_as_text: bool = False,
    months: Sequence[CalendarRow] = (),
    entities: bool = True,
    crlf: bool = True,
) -> str:
    """Return a page of the layout before July 2026: the navigation is in it twice, first for narrow screens.

    Args:
        categories: the navigation, with links such as ``/en-us/help/5089466``.
        active: see ``navigation_new``.
        current: see ``navigation_new``.
        h1: see ``navigation_new``.
        url: see ``navigation_new``.
        flight: see ``navigation_new``.
        current_as_text: see ``navigation_new``.
        months: see ``navigation_new``.
        entities: dashes, nbsp and zero-width blanks of titles as character references (as recorded).
        crlf: nearly every line of the recorded pages ends CRLF; False: LF.
    """
    written = with_entities if entities else escaped
    nav = []
    for number, category in enumerate(categories):
        first = number + 1  # the slots of each category begin with its own number: they repeat across categories
        classes = "supLeftNavCategory" + (" supLeftNavActiveCategory" if number == active else "")
        kind = ' ms.interactiontype="11"' if number == active else ""
        nav.append(f'\t\t\t<div class="{classes}">\n\t\t\t\t<div class="supLeftNavCategoryTitle">\n')
        nav.append(f'\t\t\t\t\t<a class="supLeftNavLink"{kind} data-bi-slot="{first}" href="{html.escape(category.href)}">')
        nav.append(f'{written(category.title)}</a>\n\t\t\t\t</div>\n\t\t\t\t<ul class="supLeftNavArticles">\n')
        for position, entry in _with_hub(category):
            here = number == active and position == current
            classes = "supLeftNavArticle" + (" supLeftNavCurrentArticle" if here else "")
            content = written(entry.title)
            if not (here and current_as_text):
                slot = f'data-bi-slot="{first + 1 + position}"' + (' aria-current="page"' if here else "")
                content = f'<a class="supLeftNavLink" {slot} href="{html.escape(entry.href)}">{content}</a>'
            nav.append(f'\t\t\t\t\t\t\t<li class="{classes}" role="presentation">\n\t\t\t\t\t\t\t\t{content}\n\t\t\t\t\t\t\t</li>\n')
        nav.append("\t\t\t\t</ul>\n\t\t\t</div>\n")
    navigation = "".join(nav)
    page = f"""
<!DOCTYPE html>
<html lang="en-US" dir="ltr">
<head>
	<meta charset="utf-8" />
	<title>{written(h1)} - Microsoft Support</title>

		<link rel="canonical" href="{html.escape(url)}" />

	<meta name="lastPublishedDate" content="2026-05-12" />
	<meta name="awa-pageType" content="Article" />

{_flight_meta(flight)}
	<meta name="awa-title" content="{html.escape(h1)} - Microsoft Support" />
</head>
<body class="supCont ocArticle">
	<div id="ocBodyWrapper">

<div class="supLeftNavMobileView" dir="ltr">
	<div class="supLeftNavMobileViewHeader">
		<div class="supLeftNavMobileViewHeaderTitle" role="heading" aria-level="2">Related topics</div>
		<div class="supLeftNavMobileViewCloseButton">
			<a href="javascript:" class="supLeftNavMobileViewClose" role="button" aria-label="Close">&times;</a>
		</div>
	</div>

	<div class="supLeftNavMobileViewContent grd" role="complementary" aria-label="Related Links" ms.pgarea="leftnav" data-bi-area="leftnav">

{navigation}
	</div>
</div>
{_SITE_HEADER}
		<div id="ocHelp" dir="ltr">
			<div id="ocArticle" class="">
				<div class="grd main-content zero-margin" id="ocMainContent">
					<div class="row ocpArticleSizingWrapper">

<div class="col-1-5" role="complementary" aria-label="Related Links" id="supLeftNav" ms.pgarea="leftnav" data-bi-area="leftnav">

{navigation}
</div>

						<main id="supArticleContent" class="col-3-5 supLeftNavArticleContent" data-dc="" data-bi-area="content" tabindex="-1">

	<header class="ocpArticleTitleSection" aria-labelledby="page-header" role="banner">
		<h1 id="page-header" class="">{written(h1)}</h1>
	</header>

<article class="ocpArticleContent"><section class="ocpIntroduction">
        <p>The updates of this product stand in the navigation.</p>
      </section>{_months_old(months)}</article>

						</main>
					</div>
				</div>
			</div>
		</div>
{_SITE_FOOTER}
	</div>
</body>
</html>
"""
    return with_crlf(page) if crlf else page


# Links and lists of the site itself, around what a parser wants.
_SITE_HEADER: Final = """
            <div id="headerArea" class="uhf">
<header class="c-uhfh context-uhf">
	<strong>Help</strong>
	<nav id="uhf-g-nav" aria-label="Contextual menu"><ul class="js-paddle-items"><li class="single-link"><a class="c-uhf-nav-link" href="https://support.microsoft.com/en-us">Home</a></li></ul></nav>
</header>
            </div>
"""
_SITE_FOOTER: Final = """
		<div id="footerArea"><footer><ul><li><a href="https://www.microsoft.com/">Home</a></li></ul></footer></div>
"""


def _with_hub(category: NavCategory) -> Iterable[tuple[int, NavEntry]]:
    hub = [NavEntry(category.hub, category.href)] if category.hub else []
    return enumerate([*hub, *category.entries])


def _flight_meta(flight: str) -> str:
    return f"""<meta name="awa-env" content="Production" />
<meta name="awa-userFlightingId" content="{html.escape(flight)}" />
<meta name="awa-expid" content="P-R-{html.escape(flight)}-1-1" />
<meta name="awa-irisId" />"""


def _years(rows: Iterable[CalendarRow]) -> Mapping[str, list[CalendarRow]]:
    years: dict[str, list[CalendarRow]] = {}
    for row in rows:
        years.setdefault(row.update_type[:4], []).append(row)  # 2026.06 B
    return years


# The month tables of a hub have no dates and no builds, and their column is "Update Type", not "Update type".
_MONTH_COLUMNS: Final = ("Month", "Update Type", "Type", "KB article")


def _months_new(rows: Sequence[CalendarRow]) -> str:
    parts = []
    for year, months in _years(rows).items():
        heads = "".join(f"<th><strong>{name}</strong></th>\n" for name in _MONTH_COLUMNS)
        body = "".join(
            "<tr>\n"
            + "".join(f"<td>{cell}</td>\n" for cell in (row.month_name, row.update_type, row.type, _month_link(row, "")))
            + "</tr>\n"
            for row in months
        )
        parts.append(
            f'<h2 id="hotpatch-updates-for-calendar-year-{year}">Hotpatch updates for calendar year {year}</h2>\n'
            f"<p><strong>Hopatch, {year}</strong></p>\n"
            f"<table>\n<thead>\n<tr>\n{heads}</tr>\n</thead>\n<tbody>\n{body}</tbody>\n</table>\n"
        )
    return "".join(parts)


def _months_old(rows: Sequence[CalendarRow]) -> str:
    parts = []
    for year, months in _years(rows).items():
        heads = "".join(f'<td>\n<p>\n<b class="ocpLegacyBold">{name}</b>\n</p>\n</td>\n' for name in _MONTH_COLUMNS)
        link = ' class="ocpArticleLink" data-bi-type="anchor"'
        body = "".join(
            "<tr>\n"
            + "".join(f"<td>\n<p>{cell}</p>\n</td>\n" for cell in (row.month_name, row.update_type, row.type, _month_link(row, link)))
            + "</tr>\n"
            for row in months
        )
        parts.append(
            f'<section aria-labelledby="ID{year}" class="ocpSection">\n'
            f'<h2 id="ID{year}" class="">Hotpatch updates for calendar year {year}</h2>\n'
            f'<p>\n<b class="ocpLegacyBold">Hopatch, {year}</b>\n</p>\n'
            f'<table aria-label="" class="banded">\n<tbody>\n<tr>\n{heads}</tr>\n{body}</tbody>\n</table>\n</section>\n'
        )
    return "".join(parts)


def _month_link(row: CalendarRow, attributes: str) -> str:
    return f'<a href="{html.escape(row.href)}"{attributes}>{row.kb}</a>' if row.kb else ""
