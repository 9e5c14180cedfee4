-- The newest release of each product and line: hotpatches and baselines on the hotpatch line, LCUs on the standard line. Components, previews and expired releases are left out, and those that the product's own update history does not list (conflicts, field listed).
select product, line, release, kb, build, release_date, month, cadence, classification, restart_required, baseline_kb, baseline_build, article_url, subject
from (
    select
        r.*,
        l.line,
        row_number() over (partition by r.product, l.line order by r.classification = 'initial', r.release_date desc, r.revision desc, r.kb desc) as place
    from releases as r
    join (select 'hotpatch' as line union all select 'standard') as l
        on (l.line = 'hotpatch' and r.in_hotpatch_line = 1) or (l.line = 'standard' and r.in_standard_line = 1)
    where r.release_date is not null and r.classification not in ('component', 'preview') and r.is_expired = 0
        and not exists (select 1 from conflicts as c where c.subject = r.subject and c.field = 'listed')
)
where place = 1
order by product, line
