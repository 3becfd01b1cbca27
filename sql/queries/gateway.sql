-- Statements of the gateway: ingest beyond what a collector itself needs.

-- name: find_parts
-- Whether any part of a batch is in the ledger.
select sequence
from monitoring.cache_metric_batches
where collector_id = %(collector_id)s::uuid and sequence between %(first)s and %(last)s
limit 1;

-- name: claim_reply
-- A key's first claim within 24 h, and what was answered to it.
select first_at, reply, same_body from monitoring.claim_reply(%(key)s, %(body)s);

-- name: settle_reply
select monitoring.settle_reply(%(key)s, %(first_at)s, %(reply)s::jsonb);
