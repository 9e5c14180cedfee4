-- How many CVEs the cumulative update and the hotpatch of each month fix, according to MSRC's document of that month, or to a copy of MSRC's data where MSRC was not read (subject kb_cves/...). Known where the document is complete or copied, and lists both; unknown does not mean none.
with
hotpatches as (
    select
        r.product, r.month, r.kb,
        (
            -- Where a month has two updates and no title says out-of-band, the first is the month's.
            select u.kb from releases as u
            where u.product = r.product and u.month = r.month and u.in_standard_line = 1 and u.cadence = 'B' and u.kb is not null
            order by u.release_date, u.revision limit 1
        ) as lcu_kb
    from releases as r
    where r.classification = 'hotpatch' and r.cadence = 'B' and r.kb is not null
),
counted as (
    select
        product,
        month,
        lcu_kb,
        kb as hotpatch_kb,
        (select count(*) from kb_cves as c where c.kb = h.lcu_kb and c.product = h.product and c.source_month = h.month) as lcu_cves,
        (select count(*) from kb_cves as c where c.kb = h.kb and c.product = h.product and c.source_month = h.month) as hotpatch_cves,
        exists (
            select 1 from kb_cves as c
            where c.kb = h.kb and c.product = h.product and c.source_month = h.month and c.subject >= 'kb_cves/' and c.subject < 'kb_cves0'
        ) as is_copied
    from hotpatches as h
)
select
    counted.product,
    counted.month,
    lcu_kb,
    hotpatch_kb,
    nullif(lcu_cves, 0) as lcu_cves,
    nullif(hotpatch_cves, 0) as hotpatch_cves,
    (coalesce(m.is_complete, 0) = 1 or is_copied) and lcu_cves > 0 and hotpatch_cves > 0 as is_known,
    m.revised_on
from counted
left join security_months as m on m.month = counted.month
order by counted.product, counted.month desc
