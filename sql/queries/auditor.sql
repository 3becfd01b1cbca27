-- Statements of the auditor: rollup, watermarks, scores, observations, retention.

-- name: try_lock
-- One worker at a time on one job; the lock goes with the transaction, so it works through poolers.
select pg_try_advisory_xact_lock(hashtextextended(%(job)s, 0)) as locked;

-- name: read_batches_to_roll
-- Deliveries that no rollup has seen, oldest first.
select batch_id, minutes
from monitoring.cache_metric_batches
where rolled_at is null
order by batch_id
limit %(most)s;

-- name: read_trimmed_days
-- Which of these days have lost their raw rows.
select day from monitoring.cache_trimmed_days where day = any(%(days)s::date[]);

-- name: mark_rolled
update monitoring.cache_metric_batches as b
set rolled_at = %(now)s,
    too_late = case when b.minutes && %(trimmed)s::timestamptz[] then b.events + b.weights else 0 end
where b.batch_id = any(%(batch_ids)s::bigint[]);

-- name: make_windows
-- Makes the windows of some minutes again from their unsampled events and weights, and writes what
-- differs. One row a cache, implementation, node and minute; histograms beside them. Returns the
-- minutes and hours of the windows that changed.
with cells as (
    -- n counts operations, seen those with a known latency; bin is null where there is none
    select m.cache_name, m.implementation_type, m.node,
           date_trunc('minute', m."timestamp", 'UTC') as minute_window,
           m.operation_type, m.error_type is not null as failed,
           monitoring.histogram_bin(m.response_time_ms) as bin,
           count(*) filter (where not m.is_sample) as n,
           count(m.response_time_ms) filter (where not m.is_sample) as seen,
           sum(round(m.response_time_ms * 1e6)::bigint) filter (where not m.is_sample) as sum_ns,
           max(m.response_time_ms) filter (where not m.is_sample) as max_ms,
           sum(m.value_bytes) filter (where not m.is_sample) as value_bytes,
           sum(m.cache_size) as size_sum, count(m.cache_size) as size_n, max(m.cache_size) as size_max,
           count(*) filter (where m.is_sample) as sampled,
           false as weighed
    from monitoring.cache_metrics as m
    where m."timestamp" >= %(since)s and m."timestamp" < %(until)s
      and date_trunc('minute', m."timestamp", 'UTC') = any(%(minutes)s::timestamptz[])
    group by 1, 2, 3, 4, 5, 6, 7
    union all
    select w.cache_name, w.implementation_type, w.node,
           date_trunc('minute', w.second, 'UTC'), w.operation_type, w.failed, null,
           sum(w.n)::bigint, 0, sum(w.latency_sum_ns), max(w.latency_max_ms), sum(w.value_bytes),
           null, 0, null, 0, true
    from monitoring.cache_metric_weights as w
    where w.second >= %(since)s and w.second < %(until)s
      and date_trunc('minute', w.second, 'UTC') = any(%(minutes)s::timestamptz[])
    group by 1, 2, 3, 4, 5, 6
    union all
    select w.cache_name, w.implementation_type, w.node,
           date_trunc('minute', w.second, 'UTC'), w.operation_type, w.failed, cell.bin,
           0, sum(cell.n)::bigint, null, null, null, null, 0, null, 0, true
    from monitoring.cache_metric_weights as w, unnest(w.bins, w.counts) as cell (bin, n)
    where w.second >= %(since)s and w.second < %(until)s
      and date_trunc('minute', w.second, 'UTC') = any(%(minutes)s::timestamptz[])
    group by 1, 2, 3, 4, 5, 6, 7
), counted as (
    select cache_name, implementation_type, node, minute_window,
           coalesce(sum(n) filter (where operation_type = 'hit'), 0)::bigint as hits,
           coalesce(sum(n) filter (where operation_type = 'miss'), 0)::bigint as misses,
           coalesce(sum(n) filter (where operation_type = 'set' and not failed), 0)::bigint as sets,
           coalesce(sum(n) filter (where operation_type = 'delete'), 0)::bigint as deletes,
           coalesce(sum(n) filter (where operation_type = 'evict'), 0)::bigint as evictions,
           coalesce(sum(n) filter (where operation_type = 'expire'), 0)::bigint as expirations,
           coalesce(sum(n) filter (where operation_type = 'error' or failed), 0)::bigint as errors,
           coalesce(sum(n) filter (where operation_type = 'error'), 0)::bigint as get_errors,
           coalesce(sum(n) filter (where operation_type = 'miss' and failed), 0)::bigint as load_errors,
           coalesce(sum(n) filter (where operation_type = 'set' and failed), 0)::bigint as set_errors,
           coalesce(sum(sum_ns) filter (where operation_type in ('hit', 'miss', 'error')), 0) as latency_ns,
           coalesce(sum(sum_ns) filter (where operation_type = 'hit'), 0) as hit_ns,
           coalesce(sum(sum_ns) filter (where operation_type = 'miss'), 0) as miss_ns,
           coalesce(sum(seen) filter (where operation_type in ('hit', 'miss', 'error')), 0) as gets_seen,
           max(max_ms) filter (where operation_type in ('hit', 'miss', 'error')) as max_ms,
           sum(size_sum) / nullif(sum(size_n), 0) as avg_cache_size,
           max(size_max) as max_cache_size,
           coalesce(sum(value_bytes) filter (where operation_type = 'hit'), 0)::bigint as bytes_read,
           coalesce(sum(value_bytes) filter (where operation_type = 'set'), 0)::bigint as bytes_written,
           sum(sampled)::bigint as sampled,
           bool_or(weighed) as weighed
    from cells
    group by 1, 2, 3, 4
), keys as (
    select m.cache_name, m.implementation_type, m.node,
           date_trunc('minute', m."timestamp", 'UTC') as minute_window,
           count(distinct m.cache_key) as distinct_keys
    from monitoring.cache_metrics as m
    where m."timestamp" >= %(since)s and m."timestamp" < %(until)s
      and date_trunc('minute', m."timestamp", 'UTC') = any(%(minutes)s::timestamptz[])
      and m.operation_type not in ('evict', 'expire')
      and m.cache_key <> '' and not m.is_sample
    group by 1, 2, 3, 4
), binned as (
    select cache_name, implementation_type, node, minute_window, operation_type, bin,
           sum(seen)::bigint as n
    from cells
    where bin is not null and operation_type in ('hit', 'miss', 'error', 'set', 'delete')
    group by 1, 2, 3, 4, 5, 6
    having sum(seen) > 0
), grouped as (
    -- the same bins under the names of the quantiles that are wanted
    select cache_name, implementation_type, node, minute_window, part, bin, sum(n) as n
    from binned
    cross join lateral (
        values ('get', operation_type in ('hit', 'miss', 'error')), (operation_type, operation_type in ('hit', 'miss'))
    ) as wanted (part, counts)
    where wanted.counts
    group by 1, 2, 3, 4, 5, 6
), reached as (
    select *, sum(n) over (
                  partition by cache_name, implementation_type, node, minute_window, part order by bin) as upto,
              sum(n) over (partition by cache_name, implementation_type, node, minute_window, part) - 1 as top
    from grouped
), quantiles as (
    -- type 7: h = (total − 1) q, between the ranks ⌊h⌋ and ⌊h⌋ + 1
    select cache_name, implementation_type, node, minute_window, part,
           monitoring.histogram_value(min(bin) filter (where upto > floor(top * 0.50))) as p50_low,
           monitoring.histogram_value(min(bin) filter (where upto > least(floor(top * 0.50) + 1, top))) as p50_high,
           (max(top) * 0.50 - floor(max(top) * 0.50))::double precision as p50_share,
           monitoring.histogram_value(min(bin) filter (where upto > floor(top * 0.95))) as p95_low,
           monitoring.histogram_value(min(bin) filter (where upto > least(floor(top * 0.95) + 1, top))) as p95_high,
           (max(top) * 0.95 - floor(max(top) * 0.95))::double precision as p95_share,
           monitoring.histogram_value(min(bin) filter (where upto > floor(top * 0.99))) as p99_low,
           monitoring.histogram_value(min(bin) filter (where upto > least(floor(top * 0.99) + 1, top))) as p99_high,
           (max(top) * 0.99 - floor(max(top) * 0.99))::double precision as p99_share
    from reached
    group by 1, 2, 3, 4, 5
), wide as (
    select cache_name, implementation_type, node, minute_window,
           max(p50_low + p50_share * (p50_high - p50_low)) filter (where part = 'get') as p50,
           max(p95_low + p95_share * (p95_high - p95_low)) filter (where part = 'get') as p95,
           max(p99_low + p99_share * (p99_high - p99_low)) filter (where part = 'get') as p99,
           max(p50_low + p50_share * (p50_high - p50_low)) filter (where part = 'hit') as hit_p50,
           max(p95_low + p95_share * (p95_high - p95_low)) filter (where part = 'hit') as hit_p95,
           max(p50_low + p50_share * (p50_high - p50_low)) filter (where part = 'miss') as miss_p50,
           max(p95_low + p95_share * (p95_high - p95_low)) filter (where part = 'miss') as miss_p95
    from quantiles
    group by 1, 2, 3, 4
), histograms_written as (
    insert into monitoring.cache_histograms_1min as h (
        cache_name, implementation_type, node, minute_window, operation_type, bins, counts)
    select cache_name, implementation_type, node, minute_window, operation_type,
           array_agg(bin order by bin), array_agg(n order by bin)
    from binned
    group by 1, 2, 3, 4, 5
    on conflict (cache_name, implementation_type, node, minute_window, operation_type) do update
    set bins = excluded.bins, counts = excluded.counts
    where (h.bins, h.counts) is distinct from (excluded.bins, excluded.counts)
), series_seen as (
    insert into monitoring.cache_series as s (
        cache_name, implementation_type, node, first_minute, last_minute)
    select cache_name, implementation_type, node, min(minute_window), max(minute_window)
    from counted
    group by 1, 2, 3
    on conflict (cache_name, implementation_type, node) do update
    set first_minute = least(s.first_minute, excluded.first_minute),
        last_minute = greatest(s.last_minute, excluded.last_minute)
    where s.first_minute > excluded.first_minute or s.last_minute < excluded.last_minute
), windows_written as (
    insert into monitoring.cache_metrics_1min as w (
        cache_name, implementation_type, node, minute_window, total_operations, hits, misses, sets,
        deletes, evictions, expirations, errors, get_errors, load_errors, set_errors,
        avg_response_time_ms, p50_response_time_ms, p95_response_time_ms, p99_response_time_ms,
        max_response_time_ms, latency_sum_ms, hit_latency_sum_ms, hit_p50_ms, hit_p95_ms,
        miss_latency_sum_ms, miss_p50_ms, miss_p95_ms, avg_cache_size, max_cache_size, bytes_read,
        bytes_written, distinct_keys, hit_rate, sampled, completeness, provisional)
    select c.cache_name, c.implementation_type, c.node, c.minute_window,
           c.hits + c.misses + c.get_errors + c.sets + c.set_errors + c.deletes,
           c.hits, c.misses, c.sets, c.deletes, c.evictions, c.expirations, c.errors, c.get_errors,
           c.load_errors, c.set_errors,
           (c.latency_ns / 1e6 / nullif(c.gets_seen, 0))::double precision,
           least(q.p50, c.max_ms), least(q.p95, c.max_ms), least(q.p99, c.max_ms), c.max_ms,
           (c.latency_ns / 1e6)::double precision,
           (c.hit_ns / 1e6)::double precision, q.hit_p50, q.hit_p95,
           (c.miss_ns / 1e6)::double precision, q.miss_p50, q.miss_p95,
           c.avg_cache_size::double precision, c.max_cache_size, c.bytes_read, c.bytes_written,
           case when not c.weighed then k.distinct_keys end,
           monitoring.calculate_hit_rate(c.hits, c.misses), c.sampled,
           %(completeness)s::double precision,
           c.minute_window + interval '1 minute' > %(scorable_until)s
    from counted as c
    left join keys as k using (cache_name, implementation_type, node, minute_window)
    left join wide as q using (cache_name, implementation_type, node, minute_window)
    on conflict (cache_name, implementation_type, node, minute_window) do update set
        total_operations = excluded.total_operations, hits = excluded.hits,
        misses = excluded.misses, sets = excluded.sets, deletes = excluded.deletes,
        evictions = excluded.evictions, expirations = excluded.expirations,
        errors = excluded.errors, get_errors = excluded.get_errors,
        load_errors = excluded.load_errors, set_errors = excluded.set_errors,
        avg_response_time_ms = excluded.avg_response_time_ms,
        p50_response_time_ms = excluded.p50_response_time_ms,
        p95_response_time_ms = excluded.p95_response_time_ms,
        p99_response_time_ms = excluded.p99_response_time_ms,
        max_response_time_ms = excluded.max_response_time_ms,
        latency_sum_ms = excluded.latency_sum_ms,
        hit_latency_sum_ms = excluded.hit_latency_sum_ms,
        hit_p50_ms = excluded.hit_p50_ms, hit_p95_ms = excluded.hit_p95_ms,
        miss_latency_sum_ms = excluded.miss_latency_sum_ms,
        miss_p50_ms = excluded.miss_p50_ms, miss_p95_ms = excluded.miss_p95_ms,
        avg_cache_size = excluded.avg_cache_size, max_cache_size = excluded.max_cache_size,
        bytes_read = excluded.bytes_read, bytes_written = excluded.bytes_written,
        distinct_keys = excluded.distinct_keys, hit_rate = excluded.hit_rate,
        sampled = excluded.sampled,
        -- a finished window's completeness was settled when it became scorable
        completeness = coalesce(w.completeness, excluded.completeness),
        provisional = w.provisional and excluded.provisional,
        updated_at = now()
    where (w.total_operations, w.hits, w.misses, w.sets, w.deletes, w.evictions, w.expirations,
           w.errors, w.get_errors, w.load_errors, w.set_errors, w.avg_response_time_ms,
           w.p50_response_time_ms, w.p95_response_time_ms, w.p99_response_time_ms,
           w.max_response_time_ms, w.latency_sum_ms, w.hit_latency_sum_ms, w.hit_p50_ms,
           w.hit_p95_ms, w.miss_latency_sum_ms, w.miss_p50_ms, w.miss_p95_ms, w.avg_cache_size,
           w.max_cache_size, w.bytes_read, w.bytes_written, w.distinct_keys, w.sampled,
           w.provisional)
        is distinct from
          (excluded.total_operations, excluded.hits, excluded.misses, excluded.sets,
           excluded.deletes, excluded.evictions, excluded.expirations, excluded.errors,
           excluded.get_errors, excluded.load_errors, excluded.set_errors,
           excluded.avg_response_time_ms, excluded.p50_response_time_ms,
           excluded.p95_response_time_ms, excluded.p99_response_time_ms,
           excluded.max_response_time_ms, excluded.latency_sum_ms, excluded.hit_latency_sum_ms,
           excluded.hit_p50_ms, excluded.hit_p95_ms, excluded.miss_latency_sum_ms,
           excluded.miss_p50_ms, excluded.miss_p95_ms, excluded.avg_cache_size,
           excluded.max_cache_size, excluded.bytes_read, excluded.bytes_written,
           excluded.distinct_keys, excluded.sampled, w.provisional and excluded.provisional)
    returning w.minute_window
), hours_touched as (
    insert into monitoring.cache_hours_to_roll (hour_window)
    select distinct date_trunc('hour', minute_window, 'UTC') from windows_written
    on conflict do nothing
)
select minute_window, count(*) as windows
from windows_written
group by minute_window
order by minute_window;

-- name: mark_to_rescore
-- Minutes that changed although they had been scored.
insert into monitoring.cache_windows_to_rescore (minute_window)
select unnest(%(minutes)s::timestamptz[])
on conflict (minute_window) do nothing;
