-- One row for each event. Methods differ in the case of their keys, so both are looked up.
create view events as
select
  id,
  time,
  coalesce(data->>'$.methodName', data->>'$.method_name') as method,
  data->>'$.result.status' as status,
  data->>'$.result.data.errors[0].status' as failure,
  coalesce(
    data->>'$.authenticationInfo.principal.confluentUser.resourceId',
    data->>'$.authenticationInfo.principal.confluentServiceAccount.resourceId',
    data->>'$.authentication_info.principal.confluent_user.resource_id',
    data->>'$.authentication_info.principal.confluent_service_account.resource_id') as principal,
  coalesce(
    data->>'$.requestMetadata.clientAddress[0].ip',
    data->>'$.request_metadata.client_address[0].ip') as address,
  regexp_extract(subject, '[^=/]*$') as resource
from read_ndjson($events, columns = { id: 'VARCHAR', time: 'TIMESTAMP', subject: 'VARCHAR', data: 'JSON' });
