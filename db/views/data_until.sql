-- Up to which day the facts reach: the day of the latest accepted page that lists a product's line. After the next second Tuesday nothing is known to be current.
select product, line, data_until
from lines
order by product, line
