-- Ten pools deleted by one person within a minute. Pipelines that clean up as fast are service accounts.
with deletions as (
  select *, list(id) over recent as event_ids, count(*) over recent as deletions
  from events
  where method = 'DeleteComputePool' and status = 'SUCCESS' and principal like 'u-%'
  window recent as (partition by principal order by time range between interval 60 seconds preceding and current row)
)
select 'mass deletion' as rule, time, principal, address, event_ids
from deletions
where deletions >= 10;
