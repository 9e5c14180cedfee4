-- What is known of each hotpatch month's CVEs: how many the cumulative update and the hotpatch fix, by MSRC's data. Not known is not none.
select
    h.product,
    h.month,
    u.kb as lcu_kb,
    h.kb as hotpatch_kb,
    nullif((select count(*) from kb_cves as c where c.kb = u.kb and c.product = h.product), 0) as lcu_cves,
    nullif((select count(*) from kb_cves as c where c.kb = h.kb and c.product = h.product), 0) as hotpatch_cves,
    coalesce(m.is_complete, 0) = 1
    and exists (select 1 from kb_cves as c where c.kb = h.kb and c.product = h.product)
    and exists (select 1 from kb_cves as c where c.kb = u.kb and c.product = h.product) as is_known,
    m.revised_on
from releases as h
left join releases as u on u.product = h.product and u.month = h.month and u.in_standard_line = 1 and u.cadence = 'B' and u.kb is not null
left join security_months as m on m.month = h.month
where h.classification = 'hotpatch' and h.cadence = 'B' and h.kb is not null
order by h.product, h.month desc
