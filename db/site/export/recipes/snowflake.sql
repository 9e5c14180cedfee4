-- Judge a fleet with the tables of an export, in Snowflake: host, verdict, next_kb, reason. As duckdb.sql, where each step is explained.
-- Not run by the project: a parser of Snowflake's SQL has read it, no more. Load the tables first, each once after an export:
--   copy into machines from @hotpatch_kb/tables/machines.parquet file_format = (type = parquet) match_by_column_name = case_insensitive
with stated as (
    select seq8() as number, host, trim(coalesce(build, '')) as stated, coalesce(kbs, '') as kbs, lower(trim(regexp_replace(coalesce(product, ''), '\\s+', ' '))) as product,
        lower(trim(regexp_replace(coalesce(edition, ''), '\\s+', ' '))) as edition, regexp_replace(lower(coalesce(line, '')), '[[:punct:][:space:]]', '') as line
    from fleet
),
named as (
    select f.number, f.host, f.kbs, f.stated, b.build, coalesce(l.line, '') as line, p.product_key, iff(f.edition = '', p.edition, e.edition) as edition
    from stated as f left join build_aliases as b on b.alias = f.stated left join line_aliases as l on l.alias = f.line
    left join product_aliases as p on p.alias = f.product
    left join edition_aliases as e on e.alias = f.edition
),
deciding as (
    select i.number, listagg(distinct d.word, ' ') within group (order by d.word) as words
    from named as i, lateral flatten(input => regexp_substr_all(i.kbs, '[0-9]+')) as kb
    join deciding_kbs as d on d.build = i.build and d.kb = try_cast(kb.value::varchar as bigint)
    group by i.number
),
keyed as (
    select n.*, coalesce(c.products, '') as products, coalesce(d.words, '') as deciding,
        d.words is not null and not regexp_like(n.kbs, '\\s*((kb[ -]?)?[0-9]{6,7}([\\s,;|]+|$))*', 'i') as has_other_words
    from named as n left join deciding as d on d.number = n.number
    left join product_choices as c on c.build = n.build and c.product_key = n.product_key
),
told as (
    select k.*, o.verdict, o.next_kb, o.reason, o.valid_until, coalesce(o.verdict = 'current' and current_date > to_date(o.valid_until), false) as is_late
    from keyed as k
    left join machines as usual on usual.build = k.build and usual.products = k.products and usual.line = k.line and usual.deciding = k.deciding
        and usual.edition = ''
    left join machines as own on own.build = k.build and own.products = k.products and own.line = k.line and own.deciding = k.deciding
        and own.edition = k.edition and k.edition <> ''
    left join outcomes as o on o.outcome = coalesce(own.outcome, usual.outcome)
)
select host,
    case when has_other_words or is_late then 'unknown'
        when verdict is not null and product_key <> 'other' and edition is not null then verdict
        when stated = '' or product_key is null or product_key = 'other' or regexp_like(stated, '(10\\.0\\.)?[0-9]{5}(\\.[0-9]{1,5})?') then 'unknown'
        when edition is null and build is not null then 'unknown'
        else 'invalid' end as verdict,
    iff(product_key <> 'other' and edition is not null and not has_other_words, next_kb, null) as next_kb,
    case when stated = '' then 'no build is stated' when product_key = 'other' then 'not covered'
        when has_other_words then 'its KBs have other words or signs beside them'
        when is_late then 'the verdicts of this export held until ' || valid_until
        when product_key is null then 'the table product_aliases does not have the name of its system'
        when edition is null then 'the table edition_aliases does not have its edition'
        else coalesce(reason, 'the table build_aliases does not have its build') end as reason
from told order by number
