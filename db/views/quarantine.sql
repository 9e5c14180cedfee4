-- What is on an accepted page and could not be read or believed, with its text, place and reason. If it may be a release (it has a KB, a build or a
-- date of release), no machine of its product that may lack it is current until it is read, has gone from the page, or is accepted by a correction with
-- its subject. A release that was read and cannot be right (see implausible_releases), and a "latest build" that is not the newest one of its page, are
-- here, too. What names no product counts for each product of its page; if the page has none, for each product of its source; else for all.
with stated as (
    select source, page_url, section, subject, coalesce(gone_at, '') as ended, max(value_text) filter (where field = 'kind') as text,
        max(value) filter (where field = 'kind') as kind,
        max(value) filter (where field = 'reason') as reason,
        max(value) filter (where field = 'may_be_release') = '1' as may_be_release,
        cast(max(value) filter (where field = 'kb') as integer) as kb,
        max(value) filter (where field = 'build') as build,
        max(value) filter (where field = 'release_date') as release_date,
        max(field = 'product') as has_product,
        min(first_seen_at) as first_seen_at, max(last_seen_at) as last_seen_at, max(gone_at) as gone_at
    from claims where subject >= 'quarantine/' and subject < 'quarantine0'
    group by source, page_url, section, subject, coalesce(gone_at, '')
), nameless as (
    select * from stated where not has_product and may_be_release
), of_page as materialized (
    select distinct n.source, n.page_url, substr(c.subject, instr(c.subject, '/') + 1, instr(substr(c.subject, instr(c.subject, '/') + 1) || '/', '/') - 1) as product
    from (select distinct source, page_url from nameless) as n
    join claims as c on c.source = n.source and c.page_url = n.page_url and c.gone_at is null
    where c.subject like 'release/%' or c.subject like 'product/%' or c.subject like 'remediation/%'
), of_source as materialized (
    select distinct n.source, substr(c.subject, instr(c.subject, '/') + 1, instr(substr(c.subject, instr(c.subject, '/') + 1) || '/', '/') - 1) as product
    from (select distinct source from nameless as q where not exists (select 1 from of_page as p where p.source = q.source and p.page_url = q.page_url)) as n
    join claims as c on c.source = n.source and c.gone_at is null
    where c.subject like 'release/%' or c.subject like 'product/%' or c.subject like 'remediation/%'
), owners as (
    select q.source, q.page_url, q.section, q.subject, q.ended, p.value as product
    from stated as q
    join claims as p on p.source = q.source and p.page_url = q.page_url and p.section = q.section and p.subject = q.subject
        and coalesce(p.gone_at, '') = q.ended and (p.field = 'product' or p.field like 'product#%')
    union all
    select q.source, q.page_url, q.section, q.subject, q.ended, p.product
    from nameless as q
    join products as p on case
        when exists (select 1 from of_page as o where o.source = q.source and o.page_url = q.page_url)
        then exists (select 1 from of_page as o where o.source = q.source and o.page_url = q.page_url and o.product = p.product)
        when exists (select 1 from of_source as o where o.source = q.source)
        then exists (select 1 from of_source as o where o.source = q.source and o.product = p.product)
        else 1 end
), latest as (
    -- What Learn's tables of versions call the latest build: the newest one of the release history on the same page.
    select b.source, b.page_url, b.section, p.product, b.value as build, d.value as release_date, b.first_seen_at, b.last_seen_at, (
        select max(r.release_date) from releases as r
        cross join fact_claims as f on f.subject = r.subject
        cross join claims as c on c.claim = f.claim
        where r.product = p.product and r.release_date > d.value and r.in_standard_line and c.field = 'line' and c.gone_at is null
            and c.source = b.source and c.page_url = b.page_url
    ) as newer
    from products as p
    join claims as b on b.subject = 'product/' || p.product and b.field in ('latest_build', 'ltsc_latest_build') and b.gone_at is null
    join claims as d on d.source = b.source and d.page_url = b.page_url and d.section = b.section and d.subject = b.subject
        and d.field = replace(b.field, 'build', 'on') and d.gone_at is null
), odd as (
    select source, page_url, section, product, 'cell' as kind, 'latest build ' || build || ' of ' || release_date as text, case
        when newer is not null then 'expected the newest build of the release history, which has one of ' || newer
        else 'expected a build of the release history' end as reason,
        null as kb, build, coalesce(newer, release_date) as release_date, first_seen_at, last_seen_at
    from latest as l
    where newer is not null or (
        exists (select 1 from releases as r where r.product = l.product)
        and not exists (select 1 from releases as r where r.product = l.product and r.build = l.build)
    )
    union all
    select c.source, c.page_url, c.section, i.product, 'entry',
        coalesce('KB' || i.kb, 'no KB') || coalesce(' (OS Build ' || i.build || ')', '') || ' of ' || i.release_date, i.reason,
        i.kb, i.build, i.release_date, c.first_seen_at, c.last_seen_at
    from implausible_releases as i
    join claims as c on c.claim = (
        select f.claim from fact_claims as f join claims as stating on stating.claim = f.claim join sources as s on s.source = stating.source
        where f.subject = i.subject and stating.gone_at is null order by s.precedence, stating.page_url, f.claim limit 1
    )
)
select
    q.source, q.page_url, q.section, o.product, q.kind, q.text, q.reason,
    q.may_be_release and not exists (select 1 from corrections as c where c.source = q.source and c.subject = q.subject) as may_be_release,
    q.kb, q.build, q.release_date, q.first_seen_at, q.last_seen_at, q.gone_at, q.subject
from stated as q
left join owners as o using (source, page_url, section, subject, ended)
where q.kind is not null
    -- An entry with a build of another version is read once another source, or that version's list, says which build of its own product it is.
    and not exists (
        select 1 from releases as r join claims as c on c.subject = 'release/' || r.product || '/' || r.kb || '/-'
        where r.product = o.product and r.kb = q.kb and c.source = q.source and c.page_url = q.page_url and c.section = q.section
    )
union all
select
    o.source, o.page_url, o.section, o.product, o.kind, o.text, o.reason,
    not exists (select 1 from corrections as c where c.source = o.source and c.subject = 'quarantine/' || o.text),
    o.kb, o.build, o.release_date, o.first_seen_at, o.last_seen_at, null, 'quarantine/' || o.text
from odd as o
