-- CVEs that a month's cumulative update fixes and its hotpatch does not, with the companion update that fixes them on the hotpatch line. Listed only where MSRC's document of the month has the hotpatch or a companion; a month without data is unknown, see the view cve_months. Out-of-band cumulative updates are not compared.
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
-- Updates of the hotpatch line besides the monthly hotpatches: component updates and out-of-band hotpatches.
companions as (
    select r.product, c.cve, min(r.kb) as kb
    from releases as r
    join kb_cves as c on c.kb = r.kb and c.product = r.product
    where r.in_hotpatch_line = 1 and (r.classification = 'component' or (r.classification = 'hotpatch' and r.cadence = 'OOB'))
    group by 1, 2
)
select
    h.product,
    h.month,
    fixed.cve,
    fixed.severity,
    h.lcu_kb,
    h.kb as hotpatch_kb,
    companions.kb as companion_kb
from hotpatches as h
join kb_cves as fixed on fixed.kb = h.lcu_kb and fixed.product = h.product
left join companions on companions.product = h.product and companions.cve = fixed.cve
where not exists (
    select 1 from kb_cves as own where own.kb = h.kb and own.product = h.product and own.cve = fixed.cve
)
and (
    companions.kb is not null
    or exists (
        select 1 from kb_cves as own where own.kb = h.kb and own.product = h.product and own.source_month = fixed.source_month
    )
)
order by h.product, h.month desc, fixed.cve
