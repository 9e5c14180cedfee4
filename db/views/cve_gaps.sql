-- CVEs that the month's cumulative update fixes and its hotpatch does not, with the companion update that closes the gap on the hotpatch line. Only where MSRC lists the hotpatch, or a companion, in the month's data: a month without data is unknown, which the view cve_months shows.
with
hotpatches as (
    select product, month, kb from releases where classification = 'hotpatch' and cadence = 'B' and kb is not null
),
updates as (
    select product, month, kb from releases where in_standard_line = 1 and cadence = 'B' and kb is not null
),
-- What the hotpatch line got beside its hotpatches: component updates and out-of-band hotpatches.
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
    u.kb as lcu_kb,
    h.kb as hotpatch_kb,
    companions.kb as companion_kb
from hotpatches as h
join updates as u on u.product = h.product and u.month = h.month
join kb_cves as fixed on fixed.kb = u.kb and fixed.product = h.product
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
