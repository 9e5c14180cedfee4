-- What is on an accepted page and could not be read or believed, with its text, place and reason. If it may be a release (it has a KB, a build or a
-- date of release), no machine of its product that may lack it is current until it is read, has gone from the page, or is accepted by a correction with
-- its subject.
with stated as (
    select source, page_url, section, subject, coalesce(gone_at, '') as ended, max(value_text) filter (where field = 'kind') as text,
        max(value) filter (where field = 'kind') as kind,
        max(value) filter (where field = 'reason') as reason,
        max(value) filter (where field = 'may_be_release') = '1' as may_be_release,
        cast(max(value) filter (where field = 'kb') as integer) as kb,
        max(value) filter (where field = 'build') as build,
        max(value) filter (where field = 'release_date') as release_date,
        min(first_seen_at) as first_seen_at, max(last_seen_at) as last_seen_at, max(gone_at) as gone_at
    from claims where subject >= 'quarantine/' and subject < 'quarantine0'
    group by source, page_url, section, subject, coalesce(gone_at, '')
)
select
    q.source, q.page_url, q.section, p.value as product, q.kind, q.text, q.reason,
    q.may_be_release and not exists (select 1 from corrections as c where c.source = q.source and c.subject = q.subject) as may_be_release,
    q.kb, q.build, q.release_date, q.first_seen_at, q.last_seen_at, q.gone_at, q.subject
from stated as q
left join claims as p on p.source = q.source and p.page_url = q.page_url and p.section = q.section and p.subject = q.subject
    and coalesce(p.gone_at, '') = q.ended and (p.field = 'product' or p.field like 'product#%')
where q.kind is not null
