-- Each hotpatch, and each component update of the hotpatch line, with the baseline that it needs.
select
    r.product,
    r.release_date,
    r.kb,
    r.build,
    r.classification,
    r.cadence,
    r.baseline_kb,
    r.baseline_build,
    b.release_date as baseline_date,
    r.derived_from,
    r.subject,
    b.subject as baseline_subject
from releases as r
left join releases as b on b.release = r.baseline_release
where r.classification in ('hotpatch', 'component')
order by r.product, r.release_date desc, r.kb
