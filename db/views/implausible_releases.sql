-- Releases since September 2021 that cannot be as they are listed: a letter that does not fit the day, a KB of two days or of both lines, two releases of
-- one line on one day, a number that lies far from its neighbours. They stay facts; the view quarantine shows each until a correction accepts it. What broke these rules and was right is named below.
with known (product, kb, build) as (
    values
        ('win10-22h2', 5071959, '19045.6466'),  -- 2025-11-11, out-of-band on a second Tuesday: enrolment for extended security updates
        ('win10-20h2', 5026361, '19042.2965'),  -- 2023-05-09, the last one of its version, expired since
        ('win11-24h2', 5039239, '26100.863'),   -- 2024-06-15, a Saturday: for the first devices with 24H2
        ('win10-1507', 5055547, '10240.20979'), -- 2025-04-09, a Wednesday
        ('win11-23h2', 5031455, '22631.2506'),  -- 2023-10-31, first day of 23H2; five days before for 22H2
        ('win11-24h2', 5046696, '26100.2240'),  -- 2024-11-19 in the navigation alone; Learn has 2024-11-12
        ('win11-24h2', 0, '26100.1742')         -- 2024-10-01, first day of 24H2; devices with Copilot+ had it since June
), listed as (
    select *, date(substr(release_date, 1, 7) || '-01', 'weekday 2', '+7 days') as second_tuesday
    from releases as r
    where release_date >= '2021-09-01' and gone_since is null and classification != 'component'
        and not exists (select 1 from known as k where k.product = r.product and k.kb = coalesce(r.kb, 0) and k.build = r.build)
), judged as (
    select *, case
        when release_date = second_tuesday and (cadence != 'B' or classification = 'preview')
        then 'expected a B release on a second Tuesday, got ' || coalesce(nullif(cadence, 'B'), 'a ' || classification)
        when release_date != second_tuesday and cadence = 'B'
        then 'expected a B release on a second Tuesday, such as ' || second_tuesday || ', got ' || release_date
        when is_expired and not exists (
            select 1 from releases as o
            where o.product = r.product and o.release_date > r.release_date and o.cadence = 'B'
                and (o.in_standard_line and r.in_standard_line or o.in_hotpatch_line and r.in_hotpatch_line)
        ) and cadence = 'B'
        then 'expected the newest B release to be offered, got an expired one'
        when cadence = 'B' and in_standard_line and exists (
            select 1 from releases as o
            where o.product = r.product and o.release_date = r.release_date and o.release != r.release and o.gone_since is null
                and o.in_standard_line and o.cadence = 'B' and o.classification in ('cumulative', 'baseline')
        ) then 'expected one B release of the standard line on ' || release_date || ', got several'
        when classification in ('baseline', 'hotpatch') and exists (
            select 1 from releases as o
            where o.product = r.product and o.release_date = r.release_date and o.release != r.release and o.gone_since is null
                and o.classification in ('baseline', 'hotpatch')
        ) then 'expected one release of the hotpatch line on ' || release_date || ', got several'
        -- What a release history lists is no hotpatch; where nothing calls it a baseline, the hotpatch of its month may be another release.
        when classification = 'cumulative' and in_standard_line and exists (
            select 1 from conflicts as c
            where c.subject = r.subject and c.field = 'classification' and c.value_lost = 'hotpatch' and c.rule = 'sanity'
        ) then 'expected a hotpatch in the hotpatch line alone, got it among cumulative updates, too'
        when exists (
            select 1 from releases as o
            where o.kb = r.kb and o.gone_since is null and (o.classification = 'hotpatch') != (r.classification = 'hotpatch')
                and o.classification != 'component'
        ) then 'expected a KB of one line, got a hotpatch and a cumulative update of the same KB'
        when exists (
            select 1 from releases as o
            where o.kb = r.kb and o.gone_since is null and o.release_date < r.release_date and o.classification != 'component'
        ) then 'expected one day of a KB, got an earlier one, too'
        -- One site has the KB with other digits. Without its KB it is not known which CVEs a release fixes, and so whether it counts.
        when exists (
            select 1 from conflicts as c
            where c.subject = r.subject and c.field = 'kb' and c.rule not in ('correction', 'slug')
        ) then 'expected one KB of a release, got several'
        when kb is null and (
            cadence = 'B' and classification != 'baseline' or exists (
                select 1 from releases as o
                where o.product = r.product and o.build_number = r.build_number and o.revision < r.revision and o.classification != 'component'
            )
        ) then 'expected a KB of every release but the first, got none'
        when build is null and kb is not null
        then 'expected the build of a release, got none'
        when classification != 'initial' and exists (
            select 1 from releases as o
            where o.product = r.product and o.release_date < r.release_date and o.release_date > date(r.release_date, '-100 days')
                and o.build_number = r.build_number and o.revision > r.revision and o.classification not in ('component', 'initial')
                and (o.in_standard_line and r.in_standard_line or o.in_hotpatch_line and r.in_hotpatch_line)
        ) then 'expected builds to rise with the days, got a higher one before'
        when is_public_preview and exists (
            select 1 from releases as o
            where o.product = r.product and o.release_date < r.release_date and o.classification = 'hotpatch' and not o.is_public_preview
        ) then 'expected public previews before the first hotpatch for all, got one after it'
        -- Old navigations link to /en-us/help/ and the number of an article, which is not always the KB; tables link to /help/ and the KB.
        when classification != 'baseline' and article_url not like '%' || kb || '%'
            and (article_url like '%/kb5%' or article_url like '%-kb5%' or article_url like 'https://support.microsoft.com/help/%')
        then 'expected a link to the article of its KB, got ' || article_url
        -- KBs of one second Tuesday lie within 1,000 of a neighbour; every KB is above those of the months before, and by at most 20,118 (July 2026).
        when cadence = 'B' and kb is not null and not exists (
            select 1 from releases as o
            where o.month = r.month and o.release_date = r.release_date and o.cadence = 'B' and o.kb != r.kb and abs(o.kb - r.kb) <= 5000
        ) and (
            select count(distinct o.kb) from releases as o
            where o.month = r.month and o.release_date = r.release_date and o.cadence = 'B' and o.kb != r.kb
        ) > 1
        then 'expected a KB beside those of the same day, got one far from them'
        -- At least six others, all above it or all below it by more than 50,000. The first two look-ups end at the first neighbour.
        when cadence is not 'B' and kb is not null and (
            not exists (
                select 1 from releases as o
                where o.month between substr(date(r.release_date, '-120 days'), 1, 7) and substr(r.release_date, 1, 7)
                    and o.release_date < r.release_date and o.kb < r.kb
            ) or not exists (
                select 1 from releases as o
                where o.month between substr(date(r.release_date, '-120 days'), 1, 7) and substr(r.release_date, 1, 7)
                    and o.release_date < r.release_date and o.kb >= r.kb - 50000 and o.kb != r.kb
            )
        ) and (
            select count(*) from releases as o
            where o.month between substr(date(r.release_date, '-120 days'), 1, 7) and substr(r.release_date, 1, 7)
                and o.release_date < r.release_date and o.kb != r.kb
        ) > 5
        then 'expected a KB near those of the months before, got one far from them'
        end as reason
    from listed as r
)
select product, kb, build, release_date, cadence, classification, reason, subject
from judged
where reason is not null
