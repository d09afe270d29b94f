-- The same without a look at who deletes, and with a lower threshold: every clean-up makes it fire.
with deletions as (
  select *, list(id) over recent as event_ids, count(*) over recent as deletions
  from events
  where method like 'Delete%' and status = 'SUCCESS'
  window recent as (partition by principal order by time range between interval 60 seconds preceding and current row)
)
select 'mass deletion, naive' as rule, time, principal, address, event_ids
from deletions
where deletions >= 5;
