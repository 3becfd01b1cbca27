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

-- name: limit_statements
select set_config('statement_timeout', %(ms)s, false);

-- name: read_minute_versions
-- A number for each minute of a span that changes with any of its rows; the newest minutes only.
select minute_window, bit_xor(hashtextextended(ctid::text || '/' || xmin::text, 0)) as version
from monitoring.cache_metrics_1min
where minute_window >= %(since)s and minute_window < %(until)s
group by minute_window
order by minute_window desc
limit %(most)s;

-- name: read_newest_minute
select max(minute_window) from monitoring.cache_metrics_1min;

-- name: read_clock
select clock_timestamp();

-- name: read_windows_broadcast
-- In the database's own words, so that listeners here and on Supabase get the same bytes.
select monitoring.windows_broadcast(%(minute)s)::text as payload;

-- name: read_minute_rows
select coalesce(jsonb_agg(to_jsonb(w) order by w.cache_name, w.implementation_type, w.node), '[]')
from monitoring.cache_metrics_1min as w
where w.minute_window = %(minute)s;

-- name: read_broadcast_changes
-- As read_changes; beside each row what is broadcast of it.
select c.id, c.xid::text::bigint as xid, c.kind, c.changed_at, c.observation_id, c.by, c.reason,
       c.note, c.observation, monitoring.observation_broadcast(c.observation)::text as payload
from monitoring.cache_observation_changes as c
where c.xid >= %(floor)s::text::xid8
order by c.id;

-- name: send_self_probe
select pg_notify('cache_auditor', json_build_object('kind', 'probe', 'token', %(token)s::text)::text);

-- name: read_metrics
-- How the auditor is, in one row.
select clock_timestamp() as now,
       (select s.value from monitoring.cache_auditor_state as s where s.name = 'scored_until') as scored_until,
       (select s.value from monitoring.cache_auditor_state as s where s.name = 'last_tick_at') as last_tick_at,
       (select count(distinct (s.cache_name, s.implementation_type)) from monitoring.cache_series as s) as series,
       (select count(*) from monitoring.cache_metrics_1min as w
        where w.minute_window >= clock_timestamp() - interval '1 hour') as windows,
       (select jsonb_object_agg(v.severity, (
            select count(*) from monitoring.cache_auditor_observations as o
            where o.state = 'open' and o.severity = v.severity))
        from unnest(array['info', 'warning', 'critical']) as v (severity)) as open_observations,
       c.collectors, c.undelivered, c.spooled,
       (select jsonb_build_object(
            'waiting', count(*) filter (where n.due_at is not null),
            'dead', count(*) filter (where n.dead_at is not null))
        from monitoring.cache_notifications as n) as messages,
       pg_notification_queue_usage() as notice_queue
from (
    select count(*) filter (
               where k.goodbye_at is null
                 and k.last_seen_at >= clock_timestamp() - interval '3 minutes') as collectors,
           jsonb_build_object('dropped', coalesce(sum(k.dropped), 0), 'lost', coalesce(sum(k.lost), 0),
                              'refused', coalesce(sum(k.refused), 0)) as undelivered,
           coalesce(sum(k.spooled), 0)::bigint as spooled
    from monitoring.cache_collectors as k
) as c;

-- name: read_place
-- Where the change log is now: the next floor, and what is at or above it; one statement, so that
-- both are of one snapshot.
select s.floor::text::bigint as floor,
       array(select c.id from monitoring.cache_observation_changes as c where c.xid >= s.floor) as seen
from (select pg_snapshot_xmin(pg_current_snapshot()) as floor) as s;

-- name: read_resumed
-- What becomes of a place that a client comes back with: whether this server can have given it, and
-- whether anything after it was trimmed from the log.
select %(floor)s::text::xid8 <= pg_snapshot_xmax(pg_current_snapshot()) as known,
       coalesce((select s.value > %(at)s from monitoring.cache_auditor_state as s
                 where s.name = 'changes_trimmed_until'), false) as trimmed;

-- name: read_changes_page
-- As read_changes, some at a time. What commits meanwhile with a lower id is left for the next
-- reading, which begins at a floor that was taken before the first page.
select c.id, c.xid::text::bigint as xid, c.kind, c.changed_at, c.observation_id, c.by, c.reason,
       c.note, c.observation
from monitoring.cache_observation_changes as c
where c.xid >= %(floor)s::text::xid8 and c.id > %(after)s
order by c.id
limit %(most)s;
