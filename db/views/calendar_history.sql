-- The type of each month as each source stated it, as a plan or as released, and from when to when. A plan that changed has several rows.
select
    product,
    month,
    type,
    is_plan,
    known_from,
    known_until,
    source,
    page_url,
    claim
from (
    select
        substr(subject, 10, instr(substr(subject, 10), '/') - 1) as product,
        substr(subject, -7) as month,
        value as type,
        field = 'planned_type' as is_plan,
        coalesce(stated_since, first_seen_at) as known_from,
        gone_at as known_until,
        source,
        page_url,
        claim
    from claims
    where subject >= 'calendar/' and subject < 'calendar0' and field in ('planned_type', 'type')
    union all
    -- A navigation states the type of a month through the release that it lists.
    select
        substr(kind.subject, 9, instr(substr(kind.subject, 9), '/') - 1),
        substr(day.value, 1, 7),
        kind.value,
        0,
        coalesce(kind.stated_since, kind.first_seen_at),
        kind.gone_at,
        kind.source,
        kind.page_url,
        kind.claim
    from claims as kind
    join claims as day
        on day.source = kind.source and day.page_url = kind.page_url and day.section = kind.section
        and day.subject = kind.subject and day.field = 'release_date' and day.first_seen_at <= kind.last_seen_at
        and (day.gone_at is null or day.gone_at > kind.first_seen_at)
    where kind.subject >= 'release/' and kind.subject < 'release0' and kind.field = 'classification'
        and kind.value in ('baseline', 'hotpatch')
        and exists (select 1 from claims as title where title.subject = kind.subject and title.field = 'title'
            and title.page_url = kind.page_url and title.section = kind.section)
        and not exists (select 1 from claims as cadence where cadence.subject = kind.subject and cadence.field = 'cadence' and cadence.value = 'OOB')
)
order by product, month, known_from, source, page_url, claim
