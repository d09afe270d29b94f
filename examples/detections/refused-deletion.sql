-- Someone tries to delete ten pools within five minutes, and is refused each time.
with refusals as (
  select *, list(id) over recent as event_ids, count(distinct resource) over recent as pools
  from events
  where method = 'DeleteComputePool' and failure = '403'
  window recent as (partition by principal order by time range between interval 300 seconds preceding and current row)
)
select 'refused deletion' as rule, time, principal, address, event_ids
from refusals
where pools >= 10;
