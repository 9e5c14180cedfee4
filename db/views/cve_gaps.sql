-- CVEs that the month's cumulative update fixes and its hotpatch does not, with the companion update that closes the gap on the hotpatch line. Only where MSRC lists the hotpatch, or a companion, in the same document: a month without data is unknown, which the view cve_months shows. Out-of-band cumulative updates are not compared.
with
hotpatches as (
    select
        r.product, r.month, r.kb,
        (
            -- A second update of a month that its title does not call out-of-band is not the month's: the first is.
            select u.kb from releases as u
            where u.product = r.product and u.month = r.month and u.in_standard_line = 1 and u.cadence = 'B' and u.kb is not null
            order by u.release_date, u.revision limit 1
        ) as lcu_kb
    from releases as r
    where r.classification = 'hotpatch' and r.cadence = 'B' and r.kb is not null
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
