-- Judge a fleet with the tables of an export, in BigQuery: host, verdict, next_kb, reason. As duckdb.sql, where each step is explained.
-- Not run by the project: a parser of BigQuery's SQL has read it, no more. Load the tables first, each once after an export:
--   bq load --replace --source_format=PARQUET hotpatch_kb.machines gs://bucket/tables/machines.parquet
with stated as (
    select generate_uuid() as number, host, trim(coalesce(build, '')) as stated, coalesce(kbs, '') as kbs,
        lower(trim(regexp_replace(coalesce(product, ''), r'\s+', ' '))) as product,
        lower(trim(regexp_replace(coalesce(edition, ''), r'\s+', ' '))) as edition,
        regexp_replace(lower(coalesce(line, '')), r'[^\p{L}\p{N}]', '') as line
    from hotpatch_kb.fleet
),
named as (
    select f.number, f.host, f.kbs, f.stated, b.build, coalesce(l.line, '') as line, p.product_key, if(f.edition = '', p.edition, e.edition) as edition
    from stated as f
    left join hotpatch_kb.build_aliases as b on b.alias = f.stated
    left join hotpatch_kb.line_aliases as l on l.alias = f.line
    left join hotpatch_kb.product_aliases as p on p.alias = f.product
    left join hotpatch_kb.edition_aliases as e on e.alias = f.edition
),
deciding as (
    select i.number, string_agg(distinct d.word, ' ' order by d.word) as words
    from named as i
    cross join unnest(regexp_extract_all(i.kbs, r'[0-9]+')) as kb
    join hotpatch_kb.deciding_kbs as d on d.build = i.build and d.kb = safe_cast(kb as int64)
    group by i.number
),
keyed as (
    select n.*, coalesce(c.products, '') as products, coalesce(d.words, '') as deciding,
        d.words is not null and not regexp_contains(n.kbs, r'^(?i:\s*(?:(?:kb[ -]?)?[0-9]{6,7}(?:[\s,;|]+|$))*)$') as has_other_words
    from named as n
    left join deciding as d on d.number = n.number
    left join hotpatch_kb.product_choices as c on c.build = n.build and c.product_key = n.product_key
),
told as (
    select k.*, o.verdict, o.next_kb, o.reason, o.valid_until,
        coalesce(o.verdict = 'current' and current_date() > cast(o.valid_until as date), false) as is_late
    from keyed as k
    left join hotpatch_kb.machines as usual on usual.build = k.build and usual.products = k.products and usual.line = k.line
        and usual.deciding = k.deciding and usual.edition = ''
    left join hotpatch_kb.machines as own on own.build = k.build and own.products = k.products and own.line = k.line
        and own.deciding = k.deciding and own.edition = k.edition and k.edition <> ''
    left join hotpatch_kb.outcomes as o on o.outcome = coalesce(own.outcome, usual.outcome)
)
select
    host,
    case when has_other_words or is_late then 'unknown'
        when verdict is not null and product_key <> 'other' and edition is not null then verdict
        when stated = '' or product_key is null or product_key = 'other' then 'unknown'
        when regexp_contains(stated, r'^(10\.0\.)?[0-9]{5}(\.[0-9]{1,5})?$') or (edition is null and build is not null) then 'unknown'
        else 'invalid' end as verdict,
    case when product_key <> 'other' and edition is not null and not has_other_words then next_kb end as next_kb,
    case when stated = '' then 'no build is stated'
        when product_key = 'other' then 'not covered'
        when has_other_words then 'its KBs have other words or signs beside them'
        when is_late then concat('the verdicts of this export held until ', valid_until)
        when product_key is null then 'the table product_aliases does not have the name of its system'
        when edition is null then 'the table edition_aliases does not have its edition'
        else coalesce(reason, 'the table build_aliases does not have its build') end as reason
from told
