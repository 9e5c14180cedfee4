-- How fresh each source is: when a page of it was last accepted, when it is due again, and whether it is stale.
select
    s.source,
    s.state,
    last.good_at as last_good_at,
    case when s.due_every != 'never' then strftime('%Y-%m-%dT%H:%M:%SZ', last.good_at, due.step) end as due_at,
    case
        when s.state in ('refused', 'unreachable') then 1
        when s.due_every = 'never' or s.stands_in_for is not null or s.state = 'off' then 0
        when last.good_at is null then 1
        -- A source that was not asked is stale after it missed four due dates.
        else strftime('%Y-%m-%dT%H:%M:%SZ', 'now') > strftime('%Y-%m-%dT%H:%M:%SZ', last.good_at, due.step, due.step, due.step, due.step)
    end as is_stale,
    coalesce((
        select group_concat(note, '; ') from (
            select distinct c.note from checks as c
            where c.source = s.source and c.ok = 0 and c.run = (select max(run) from checks where checks.source = s.source)
                -- A run without anything new leaves no checks, so the last ones may be of an earlier run: where the state is ok, a refusal then is past.
                and (c.required = 0 or c.name = 'correction' or s.state in ('refused', 'unreachable'))
            order by c.note limit 5
        )
    ), '') as note
from sources as s
left join (
    select o.source, max(p.fetched_at) as good_at
    from sources as o
    join sources as r on r.source = o.source or r.stands_in_for = o.source
    join pages as p on p.source = r.source and p.state = 'accepted'
    group by o.source
) as last on last.source = s.source
join (
    select source, case
        when due_every like '%h' then '+' || rtrim(due_every, 'h') || ' hours'
        when due_every like '%d' then '+' || rtrim(due_every, 'd') || ' days'
        else '+0 days'
    end as step
    from sources
) as due on due.source = s.source
order by s.source
