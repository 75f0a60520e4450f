SELECT
    'acme' AS tenant, 'observation' AS record_type, lower(hex(sipHash128(a, step + {shift:UInt64}))) AS event_id, 'rest' AS feed, 'rest' AS dialect,
    lower(hex(sipHash128(g, 77))) AS group_id, toInt64(bitAnd(sipHash64(g), 9007199254740991)) AS group_number,
    lower(hex(sipHash128(a))) AS activity_id,
    if(step = 2, last, ['Pending', 'Committed'][step + 1]) AS status,
    if(step = 0, '', ['Pending', 'Committed'][step]) AS previous_status, status AS reported_status, upper(status) AS raw_status,
    status AS group_status,
    multiIf(cause = 'Password Request', 'password', operation IN ('Remove', 'Disable'), 'deprovisioning', 'provisioning') AS kind,
    if(cause = 'Password Request', 'ChangePassword', ['Add', 'Add', 'Modify', 'Create', 'Remove', 'Disable'][1 + h % 6]) AS operation,
    ['Access Request', 'Access Request', 'Attribute Sync', 'Identity Refresh', 'Lifecycle Change', 'Certification', 'Password Request'][1 + sipHash64(g, 3) % 7] AS cause,
    concat('source-', leftPad(toString(source), 28, '0')) AS source_id, concat('Source ', toString(source)) AS source_name,
    concat('CN=Person ', toString(person), ',OU=People,DC=example,DC=com') AS account_id,
    if(operation IN ('Add', 'Remove'), 'memberOf', '') AS attribute_name,
    if(attribute_name = '', '', concat('CN=Role ', toString(h % 900), ',OU=Groups,DC=example,DC=com')) AS attribute_value,
    lower(hex(sipHash128(person, 5))) AS identity_id, concat('Person ', toString(person)) AS identity_name,
    concat('Person ', toString(sipHash64(g, 9) % 2000)) AS requester_name, if(g % 3 = 0, concat('Person ', toString(sipHash64(g, 10) % 500)), '') AS approver_name,
    if(status = 'Failed', concat(['Connection to ', 'Timeout after 30 s from ', 'Object not found in ', 'Insufficient rights on '][1 + h % 4], source_name, ' (request ', toString(h), ')'), '') AS error_message,
    if(status = 'Failed', 'fault', '') AS outcome, if(status = 'Failed', ['connection_failed', 'temporary_source_fault', 'object_not_found', 'permission_denied'][1 + h % 4], '') AS error_category,
    multiIf(kind != 'password', '', status != 'Failed', 'none', h % 2 = 0, 'source', 'identitynow') AS failed_on,
    item_id, if(status = 'Retrying', 2, 1) AS attempts, status = 'Retrying' AS stalled,
    fromUnixTimestamp64Micro(toInt64({from:UInt64} + intDiv(a * {every:UInt64}, 1000000) * 1000), 'UTC') AS requested_at,
    requested_at + [20, 60 + h % 3000, 120 + h % 5000][step + 1] AS occurred_at, true AS timed, occurred_at + 15 AS observed_at,
    occurred_at AS status_since, requested_at + 20 AS first_pending_at,
    if(step > 0, requested_at + 60 + h % 3000, NULL) AS committed_at, if(status = 'Success', occurred_at, NULL) AS finished_at,
    if(status = 'Failed', occurred_at, NULL) AS failed_at, failed_at AS first_failed_at, if(status = 'Retrying', occurred_at, NULL) AS first_retrying_at, if(status = 'Not Verifiable', occurred_at, NULL) AS first_not_verifiable_at,
    step + 1 AS state_seq, toUInt64(2 * (step + 1)) + {shift:UInt64} AS version, true AS current,
    concat('{"id":"', item_id, '","attribute":"', attribute_name, '","value":"', attribute_value, '","status":"', raw_status, '","created":"', toString(requested_at), '"}') AS original
FROM (
    SELECT number AS a, intDiv(a, 4) AS g, sipHash64(a, 1) AS h, sipHash64(g, 2) % 40000 AS person, sipHash64(a, 4) % 24 AS source,
        lower(hex(sipHash128(a, 6))) AS item_id,
        multiIf(h % 100 < 88, 'Success', h % 100 < 94, 'Failed', h % 100 < 98, 'Not Verifiable', 'Retrying') AS last,
        arrayJoin(range(if(intDiv(h, 1000) % 2 = 0, 3, 2))) AS step
    FROM numbers({first:UInt64}, {count:UInt64})
)
