-- Every OS build of every product with the KBs that install it. Ambiguous: several KBs share the build, so it does not show which of them is installed.
select
    product,
    build,
    group_concat('KB' || kb, ' ') as kbs,
    group_concat(classification, ' ') as classifications,
    -- A component that shares its build with a hotpatch is its companion; one that shares it with an LCU makes the build ambiguous.
    (
        count(distinct case when classification not in ('component', 'hotpatch') then kb end) > 1
        or count(distinct case when classification not in ('component', 'hotpatch') then kb end) = 1
        and count(case when classification in ('component', 'hotpatch') then 1 end) > 0
        or count(distinct case when classification = 'hotpatch' then kb end) > 1
    ) as is_ambiguous
from (select * from releases where build is not null order by product, build, release_date, kb)
group by product, build
order by product, min(build_number), min(revision)
