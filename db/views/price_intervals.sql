-- Prices over time, split where sources start to agree or to disagree. Disputed: the sources of an interval state different amounts, and the range is shown. valid_to is the first day without the price; an unknown start or end is empty.
with
stated as (
    select
        service, coalesce(product, '') as product, meter, unit, currency, coalesce(region, '') as region, condition,
        amount, coalesce(valid_from, '') as valid_from, coalesce(valid_to, '9999-12-31') as valid_to, source_url
    from prices
),
days as (
    select service, product, meter, unit, currency, region, condition, valid_from as day from stated
    union
    select service, product, meter, unit, currency, region, condition, valid_to from stated
),
spans as (
    select
        *,
        lead(day) over (partition by service, product, meter, unit, currency, region, condition order by day) as next_day
    from days
),
priced as (
    select
        spans.service, spans.product, spans.meter, spans.unit, spans.currency, spans.region, spans.condition,
        spans.day, spans.next_day,
        min(stated.amount) as amount_low, max(stated.amount) as amount_high, count(distinct stated.source_url) as sources
    from spans
    join stated
        on stated.service = spans.service and stated.product = spans.product and stated.meter = spans.meter
        and stated.unit = spans.unit and stated.currency = spans.currency and stated.region = spans.region
        and stated.condition = spans.condition
        and stated.valid_from <= spans.day and stated.valid_to >= spans.next_day
    where spans.next_day is not null
    group by 1, 2, 3, 4, 5, 6, 7, 8, 9
),
-- Adjacent spans with the same amounts are one interval.
islands as (
    select
        *,
        coalesce(
            lag(next_day) over same = day and lag(amount_low) over same = amount_low and lag(amount_high) over same = amount_high, 0
        ) = 0 as begins
    from priced
    window same as (partition by service, product, meter, unit, currency, region, condition order by day)
),
numbered as (
    select *, sum(begins) over (partition by service, product, meter, unit, currency, region, condition order by day) as island from islands
)
select
    service, nullif(product, '') as product, meter, unit, currency, nullif(region, '') as region, condition,
    nullif(min(day), '') as valid_from,
    nullif(max(next_day), '9999-12-31') as valid_to,
    amount_low, amount_high,
    amount_low != amount_high as is_disputed
from numbered
group by service, numbered.product, meter, unit, currency, numbered.region, condition, island
order by service, product, meter, condition, currency, valid_from
