-- Up to which day the facts reach: the day of the latest accepted page that lists a product's line.
select
    substr(subject, 9, instr(substr(subject, 9), '/') - 1) as product,
    value as line,
    substr(max(last_seen_at), 1, 10) as data_until
from claims
where field = 'line' and subject >= 'release/' and subject < 'release0'
group by 1, 2
order by 1, 2
