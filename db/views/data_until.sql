-- Data as of which day: that of the latest accepted page that lists a product's line. After the next Patch Tuesday, newer releases are likely.
select product, line, data_until
from lines
order by product, line
