-- Judge a fleet with the tables of an export, in DuckDB: host, verdict, next_kb, reason.
-- The fleet is fleet.csv with the columns host, product, build, line, kbs, edition; run it in the folder of the export, or put its address before tables/.
-- What no table of aliases has is unknown here; hotpatch-kb assess reads more spellings, and finds a build without its revision by the KBs.
-- After the last day on which the verdicts of the export hold, no machine is current: make or fetch it again.
-- A cell that has more than KBs may deny them ("missing: KB5099536"): where one of its KBs would decide, the machine is unknown here.
with
fleet as (
    select
        row_number() over () as number,
        host,
        trim(coalesce(build, '')) as build,
        lower(trim(regexp_replace(coalesce(product, ''), '\s+', ' ', 'g'))) as product,
        lower(trim(regexp_replace(coalesce(edition, ''), '\s+', ' ', 'g'))) as edition,
        regexp_replace(lower(coalesce(line, '')), '[^\p{L}\p{N}]', '', 'g') as line,
        coalesce(kbs, '') as kbs
    from read_csv('fleet.csv', header = true, all_varchar = true)
),
named as (
    select
        f.number,
        f.host,
        f.kbs,
        f.build as stated,
        b.build,
        coalesce(l.line, '') as line,
        p.product_key,
        case when f.edition = '' then p.edition else e.edition end as edition
    from fleet as f
    left join read_parquet('tables/build_aliases.parquet') as b on b.alias = f.build
    left join read_parquet('tables/line_aliases.parquet') as l on l.alias = f.line
    left join read_parquet('tables/product_aliases.parquet') as p on p.alias = f.product
    left join read_parquet('tables/edition_aliases.parquet') as e on e.alias = f.edition
),
installed as (
    select number, build, unnest(regexp_extract_all(kbs, '[0-9]+')) as kb from named where kbs <> ''
),
deciding as (
    select i.number, string_agg(distinct d.word, ' ' order by d.word) as words
    from installed as i
    join read_parquet('tables/deciding_kbs.parquet') as d on d.build = i.build and d.kb = try_cast(i.kb as bigint)
    group by i.number
),
keyed as (
    select n.*, coalesce(c.products, '') as products, coalesce(d.words, '') as deciding
    from named as n
    left join deciding as d on d.number = n.number
    left join read_parquet('tables/product_choices.parquet') as c on c.build = n.build and c.product_key = n.product_key
),
judged as (
    select
        k.*,
        coalesce(own.outcome, usual.outcome) as outcome,
        k.deciding <> '' and not regexp_full_match(k.kbs, '(?i)\s*(?:(?:kb[ -]?)?[0-9]{6,7}(?:[\s,;|]+|$))*') as has_other_words
    from keyed as k
    left join read_parquet('tables/machines.parquet') as usual
        on usual.build = k.build and usual.products = k.products and usual.line = k.line and usual.deciding = k.deciding and usual.edition = ''
    left join read_parquet('tables/machines.parquet') as own
        on own.build = k.build and own.products = k.products and own.line = k.line and own.deciding = k.deciding
        and own.edition = k.edition and k.edition <> ''
),
told as (
    select j.*, o.verdict, o.next_kb, o.reason, o.valid_until, o.verdict = 'current' and current_date > cast(o.valid_until as date) as is_late
    from judged as j
    left join read_parquet('tables/outcomes.parquet') as o on o.outcome = j.outcome
)
select
    j.host,
    case
        when j.has_other_words or j.is_late then 'unknown'
        when j.verdict is not null and j.product_key <> 'other' and j.edition is not null then j.verdict
        when j.stated = '' or j.product_key is null or j.product_key = 'other' or regexp_full_match(j.stated, '(10\.0\.)?[0-9]{5}(\.[0-9]{1,5})?') then 'unknown'
        when j.edition is null and j.build is not null then 'unknown'
        else 'invalid'
    end as verdict,
    case when j.product_key <> 'other' and j.edition is not null and not j.has_other_words then j.next_kb end as next_kb,
    case
        when j.stated = '' then 'no build is stated'
        when j.product_key = 'other' then 'not covered'
        when j.has_other_words then 'its KBs have other words or signs beside them'
        when j.is_late then 'the verdicts of this export held until ' || j.valid_until
        when j.product_key is null then 'the table product_aliases does not have the name of its system'
        when j.edition is null then 'the table edition_aliases does not have its edition'
        when j.reason is null then 'the table build_aliases does not have its build'
        else j.reason
    end as reason
from told as j
order by j.number
