-- Judge a fleet with the tables of an export, in T-SQL of Microsoft Fabric, Azure SQL or SQL Server 2025: host, verdict, next_kb, reason. As duckdb.sql.
-- Not run by the project: a parser of T-SQL has read it, no more. Put where the export is in the place of the address; dbo.fleet has the six columns.
with
build_aliases as (select * from openrowset(bulk 'https://facts.example.com/tables/build_aliases.parquet', format = 'parquet') as t),
line_aliases as (select * from openrowset(bulk 'https://facts.example.com/tables/line_aliases.parquet', format = 'parquet') as t),
product_aliases as (select * from openrowset(bulk 'https://facts.example.com/tables/product_aliases.parquet', format = 'parquet') as t),
edition_aliases as (select * from openrowset(bulk 'https://facts.example.com/tables/edition_aliases.parquet', format = 'parquet') as t),
product_choices as (select * from openrowset(bulk 'https://facts.example.com/tables/product_choices.parquet', format = 'parquet') as t),
deciding_kbs as (select * from openrowset(bulk 'https://facts.example.com/tables/deciding_kbs.parquet', format = 'parquet') as t),
machines as (select * from openrowset(bulk 'https://facts.example.com/tables/machines.parquet', format = 'parquet') as t),
outcomes as (select * from openrowset(bulk 'https://facts.example.com/tables/outcomes.parquet', format = 'parquet') as t),
stated as (
    select row_number() over (order by host) as number, host, trim(coalesce(build, '')) as stated, coalesce(kbs, '') as kbs,
        lower(trim(regexp_replace(coalesce(product, ''), '\s+', ' '))) as product, lower(trim(regexp_replace(coalesce(edition, ''), '\s+', ' '))) as edition,
        regexp_replace(lower(coalesce(line, '')), '[^\p{L}\p{N}]', '') as line
    from dbo.fleet
),
named as (
    select f.number, f.host, f.kbs, f.stated, b.build, coalesce(l.line, '') as line, p.product_key, case when f.edition = '' then p.edition else e.edition end as edition
    from stated as f left join build_aliases as b on b.alias = f.stated left join line_aliases as l on l.alias = f.line
    left join product_aliases as p on p.alias = f.product left join edition_aliases as e on e.alias = f.edition
),
installed as (
    select distinct i.number, d.word
    from named as i cross apply regexp_matches(i.kbs, '[0-9]+') as found
    join deciding_kbs as d on d.build = i.build and d.kb = try_cast(found.match_value as bigint)
),
deciding as (select number, string_agg(word, ' ') within group (order by word collate Latin1_General_100_BIN2) as words from installed group by number),
keyed as (
    select n.*, coalesce(c.products, '') as products, coalesce(d.words, '') as deciding,
        case when d.words is not null and not regexp_like(n.kbs, '^\s*((kb[ -]?)?[0-9]{6,7}([\s,;|]+|$))*$', 'i') then 1 else 0 end as has_other_words
    from named as n left join deciding as d on d.number = n.number left join product_choices as c on c.build = n.build and c.product_key = n.product_key
),
told as (
    select k.*, o.verdict, o.next_kb, o.reason, o.valid_until,
        case when o.verdict = 'current' and cast(sysutcdatetime() as date) > cast(o.valid_until as date) then 1 else 0 end as is_late
    from keyed as k
    left join machines as usual
        on usual.build = k.build and usual.products = k.products and usual.line = k.line and usual.deciding = k.deciding and usual.edition = ''
    left join machines as own on own.build = k.build and own.products = k.products and own.line = k.line and own.deciding = k.deciding and own.edition = k.edition
        and k.edition <> ''
    left join outcomes as o on o.outcome = coalesce(own.outcome, usual.outcome)
)
select host,
    case when has_other_words = 1 or is_late = 1 then 'unknown' when verdict is not null and product_key <> 'other' and edition is not null then verdict
        when stated = '' or product_key is null or product_key = 'other' or regexp_like(stated, '^(10\.0\.)?[0-9]{5}(\.[0-9]{1,5})?$') then 'unknown'
        when edition is null and build is not null then 'unknown'
        else 'invalid' end as verdict,
    case when product_key <> 'other' and edition is not null and has_other_words = 0 then next_kb end as next_kb,
    case when stated = '' then 'no build is stated' when product_key = 'other' then 'not covered'
        when has_other_words = 1 then 'its KBs have other words or signs beside them'
        when is_late = 1 then concat('the verdicts of this export held until ', valid_until)
        when product_key is null then 'the table product_aliases does not have the name of its system'
        when edition is null then 'the table edition_aliases does not have its edition'
        else coalesce(reason, 'the table build_aliases does not have its build') end as reason
from told order by number
