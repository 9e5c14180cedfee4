-- The next restart of each hotpatched product, from today (UTC) on: a released baseline, else a planned one, else the one expected from the cadence of January, April, July and October.
with recursive
today (day) as (select date('now')),
lines (product, hotpatch_end_date, support_end_date) as (
    -- The cadence is extrapolated only for products with a published calendar, which the preview of 2021 has not.
    select distinct p.product, p.hotpatch_end_date, p.extended_end_date
    from products as p
    join claims as c on c.subject >= 'calendar/' || p.product || '/' and c.subject < 'calendar/' || p.product || '0'
),
months (month) as (
    select substr(day, 1, 7) from today
    union all
    select strftime('%Y-%m', month || '-01', '+1 month') from months
    limit 25
),
second_tuesdays (month, date) as (
    select month, date(month || '-01', 'weekday 2', '+7 days') from months
),
candidates as (
    select
        l.product, t.month,
        coalesce(p.release_date, t.date) as date,
        p.type is null as is_expected,
        coalesce(p.is_unplanned, 0) as is_unplanned,
        p.kb, p.build, l.support_end_date
    from lines as l
    cross join second_tuesdays as t
    left join hotpatch_calendar as p on p.product = l.product and p.month = t.month
    where coalesce(p.expected_type, case when substr(t.month, 6) in ('01', '04', '07', '10') then 'baseline' else 'hotpatch' end) = 'baseline'
        and (l.hotpatch_end_date is null or t.month <= substr(l.hotpatch_end_date, 1, 7))
)
select product, month, date, is_expected, is_unplanned, kb, build
from (
    select c.*, row_number() over (partition by c.product order by c.date) as place
    from candidates as c, today
    where c.date >= today.day and (c.support_end_date is null or c.date <= c.support_end_date)
)
where place = 1
order by product
