-- Any refused call: people and pipelines whose permissions are incomplete make it fire all day.
select 'refused deletion, naive' as rule, time, principal, address, [id] as event_ids
from events
where failure = '403';
