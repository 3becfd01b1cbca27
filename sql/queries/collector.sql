-- Statements of the collector: delivering a batch, saying that it lives.

-- name: bound_transaction
-- How long this transaction may wait for a lock, for a statement, and for its client (ms).
select set_config('lock_timeout', %(lock_ms)s, true),
       set_config('statement_timeout', %(statement_ms)s, true),
       set_config('idle_in_transaction_session_timeout', %(statement_ms)s, true);

-- name: insert_batch
-- The ledger's row, first in a batch's transaction. No row back: the batch is stored already.
insert into monitoring.cache_metric_batches
    (collector_id, sequence, minutes, events, weights, refused, too_late)
values (
    %(collector_id)s::uuid, %(sequence)s,
    array(select to_timestamp(minute * 60) from unnest(%(minutes)s::bigint[]) as minute),
    %(events)s, %(weights)s, %(refused)s, %(too_late)s)
on conflict (collector_id, sequence) do nothing
returning batch_id;

-- name: find_batch
select batch_id
from monitoring.cache_metric_batches
where collector_id = %(collector_id)s::uuid and sequence = %(sequence)s;

-- name: copy_events
-- In the order of the collector's Row; node and batch_id are alike in all rows of a batch.
copy monitoring.cache_metrics (
    "timestamp", operation_type, cache_name, implementation_type, cache_key, response_time_ms,
    cache_size, value_bytes, error_type, error_message, metadata, is_sample, node, batch_id)
from stdin (format binary);

-- name: copy_weights
copy monitoring.cache_metric_weights (
    cache_name, implementation_type, node, second, operation_type, failed, n, latency_sum_ns,
    latency_max_ms, bins, counts, value_bytes, batch_id)
from stdin (format binary);

-- name: copy_gauges
copy monitoring.cache_metric_gauges (
    cache_name, implementation_type, node, second, measured_ms, entries, memory_bytes,
    memory_limit_bytes, clients, batch_id)
from stdin (format binary);

-- name: heartbeat
select monitoring.collector_heartbeat(
    %(collector_id)s::uuid, %(watermark)s, %(counts)s::jsonb, %(goodbye)s);

-- name: key_secret
select monitoring.collector_key_secret();

-- name: ensure_partition
-- A day within what a live collector may send; refused outside of it.
select monitoring.ensure_metric_partition(%(day)s);

-- name: create_partition
-- Any day that is not final, for recorded events.
select monitoring.create_metric_partition(%(day)s);

-- name: pin_span
-- A half-open span that retention leaves alone; the same one is kept once.
insert into monitoring.cache_retention_pins (since, until, reason)
select %(since)s, %(until)s, %(reason)s
where not exists (
    select from monitoring.cache_retention_pins
    where since = %(since)s and until = %(until)s and reason = %(reason)s);
