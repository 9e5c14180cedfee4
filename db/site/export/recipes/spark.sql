-- Judge a fleet with the tables of an export, in Spark SQL 4: host, verdict, next_kb, reason. As duckdb.sql, where each step is explained.
-- Run it in the folder of the export, with fleet.csv beside it; or name where both are: s3://bucket/tables/machines.parquet.
create or replace temporary view fleet using csv options (path 'fleet.csv', header 'true', quote '"', escape '"', nullValue '');
create or replace temporary view build_aliases using parquet options (path 'tables/build_aliases.parquet');
create or replace temporary view line_aliases using parquet options (path 'tables/line_aliases.parquet');
create or replace temporary view product_aliases using parquet options (path 'tables/product_aliases.parquet');
create or replace temporary view edition_aliases using parquet options (path 'tables/edition_aliases.parquet');
create or replace temporary view product_choices using parquet options (path 'tables/product_choices.parquet');
create or replace temporary view deciding_kbs using parquet options (path 'tables/deciding_kbs.parquet');
create or replace temporary view machines using parquet options (path 'tables/machines.parquet');
create or replace temporary view outcomes using parquet options (path 'tables/outcomes.parquet');
with stated as (
    select monotonically_increasing_id() as number, host, trim(coalesce(build, '')) as stated, coalesce(kbs, '') as kbs,
        lower(trim(regexp_replace(coalesce(product, ''), r'\s+', ' '))) as product, lower(trim(regexp_replace(coalesce(edition, ''), r'\s+', ' '))) as edition,
        regexp_replace(lower(coalesce(line, '')), r'[^\p{L}\p{N}]', '') as line
    from fleet
),
named as (
    select /*+ broadcast(b, l, p, e) */ f.number, f.host, f.kbs, f.stated, b.build, coalesce(l.line, '') as line, p.product_key,
        if(f.edition = '', p.edition, e.edition) as edition
    from stated as f left join build_aliases as b on b.alias = f.stated left join line_aliases as l on l.alias = f.line
    left join product_aliases as p on p.alias = f.product left join edition_aliases as e on e.alias = f.edition
),
deciding as (
    select /*+ broadcast(d) */ i.number, array_join(array_sort(collect_set(d.word)), ' ') as words
    from (select number, build, explode(regexp_extract_all(kbs, '[0-9]+', 0)) as kb from named where kbs <> '') as i
    join deciding_kbs as d on d.build = i.build and d.kb = try_cast(i.kb as bigint) group by i.number
),
keyed as (
    select /*+ broadcast(c) */ n.*, coalesce(c.products, '') as products, coalesce(d.words, '') as deciding,
        d.words is not null and not n.kbs rlike r'^(?i)\s*(?:(?:kb[ -]?)?[0-9]{6,7}(?:[\s,;|]+|$))*$' as has_other_words
    from named as n left join deciding as d on d.number = n.number
    left join product_choices as c on c.build = n.build and c.product_key = n.product_key
),
told as (
    select /*+ broadcast(usual, own, o) */ k.*, o.verdict, o.next_kb, o.reason, o.valid_until,
        coalesce(o.verdict = 'current' and current_date > cast(o.valid_until as date), false) as is_late
    from keyed as k
    left join machines as usual on usual.build = k.build and usual.products = k.products and usual.line = k.line and usual.deciding = k.deciding and usual.edition = ''
    left join machines as own on own.build = k.build and own.products = k.products and own.line = k.line and own.deciding = k.deciding and own.edition = k.edition
        and k.edition <> ''
    left join outcomes as o on o.outcome = coalesce(own.outcome, usual.outcome)
)
select host,
    case when has_other_words or is_late then 'unknown' when verdict is not null and product_key <> 'other' and edition is not null then verdict
        when stated = '' or product_key is null or product_key = 'other' or stated rlike r'^(10\.0\.)?[0-9]{5}(\.[0-9]{1,5})?$' then 'unknown'
        when edition is null and build is not null then 'unknown' else 'invalid' end as verdict,
    case when product_key <> 'other' and edition is not null and not has_other_words then next_kb end as next_kb,
    case when stated = '' then 'no build is stated' when product_key = 'other' then 'not covered'
        when has_other_words then 'its KBs have other words or signs beside them' when is_late then concat('the verdicts of this export held until ', valid_until)
        when product_key is null then 'the table product_aliases does not have the name of its system'
        when edition is null then 'the table edition_aliases does not have its edition'
        when reason is null then 'the table build_aliases does not have its build' else reason end as reason
from told order by number
