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
    -- beside what the collector saw refused at the door: its rows, but for those of other minutes
    too_late = b.too_late + case when b.minutes && %(trimmed)s::timestamptz[] then
        b.events + b.weights
        - (select count(*)
           from unnest(b.minutes) as k (minute)
           join monitoring.cache_metrics as m
               on m."timestamp" >= k.minute and m."timestamp" < k.minute + interval '1 minute'
           where m.batch_id = b.batch_id and k.minute <> all (%(trimmed)s::timestamptz[]))
        - (select count(*)
           from unnest(b.minutes) as k (minute)
           join monitoring.cache_metric_weights as w
               on w.second >= k.minute and w.second < k.minute + interval '1 minute'
           where w.batch_id = b.batch_id and k.minute <> all (%(trimmed)s::timestamptz[]))
        else 0 end
where b.batch_id = any(%(batch_ids)s::bigint[]);

-- name: make_windows
-- Makes the windows of some minutes again from their unsampled events, weights and gauges, and
-- writes what differs. One row a cache, implementation, node and minute; histograms beside them.
-- Returns the minutes and hours of the windows that changed.
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
    union all
    -- a poll that counted nothing is a window of zeros; its keys are not known
    select g.cache_name, g.implementation_type, g.node,
           date_trunc('minute', g.second, 'UTC'), null, false, null, 0, 0, null, null, null,
           sum(g.entries), count(g.entries), max(g.entries), 0, true
    from monitoring.cache_metric_gauges as g
    where g.second >= %(since)s and g.second < %(until)s
      and date_trunc('minute', g.second, 'UTC') = any(%(minutes)s::timestamptz[])
    group by 1, 2, 3, 4
), levels as (
    select g.cache_name, g.implementation_type, g.node,
           date_trunc('minute', g.second, 'UTC') as minute_window,
           avg(g.memory_bytes)::double precision as avg_memory_bytes,
           max(g.memory_limit_bytes) as memory_limit_bytes,
           avg(g.clients)::double precision as avg_clients,
           least(sum(g.measured_ms) / 60000.0, 1)::double precision as polled
    from monitoring.cache_metric_gauges as g
    where g.second >= %(since)s and g.second < %(until)s
      and date_trunc('minute', g.second, 'UTC') = any(%(minutes)s::timestamptz[])
    group by 1, 2, 3, 4
), counted as (
    select cache_name, implementation_type, node, minute_window, row_number() over () as window_number,
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
    select c.window_number, x.operation_type, x.bin, sum(x.seen)::bigint as n
    from cells as x
    join counted as c using (cache_name, implementation_type, node, minute_window)
    where x.bin is not null and x.operation_type in ('hit', 'miss', 'error', 'set', 'delete')
    group by 1, 2, 3
    having sum(x.seen) > 0
), merged as (
    -- the same bins under the names of the quantiles that are wanted
    select window_number, part, array_agg(bin order by bin) as bins,
           array_agg(n order by bin) as counts
    from (
        select window_number, part, bin, sum(n)::bigint as n
        from binned
        cross join lateral (
            values ('get', operation_type in ('hit', 'miss', 'error')),
                   (operation_type, operation_type in ('hit', 'miss'))
        ) as wanted (part, counts)
        where wanted.counts
        group by 1, 2, 3
    ) as parts
    group by 1, 2
), wide as (
    select window_number,
           max(monitoring.histogram_quantile(bins, counts, 0.50)) filter (where part = 'get') as p50,
           max(monitoring.histogram_quantile(bins, counts, 0.95)) filter (where part = 'get') as p95,
           max(monitoring.histogram_quantile(bins, counts, 0.99)) filter (where part = 'get') as p99,
           max(monitoring.histogram_quantile(bins, counts, 0.50)) filter (where part = 'hit') as hit_p50,
           max(monitoring.histogram_quantile(bins, counts, 0.95)) filter (where part = 'hit') as hit_p95,
           max(monitoring.histogram_quantile(bins, counts, 0.50)) filter (where part = 'miss') as miss_p50,
           max(monitoring.histogram_quantile(bins, counts, 0.95)) filter (where part = 'miss') as miss_p95
    from merged
    group by 1
), histograms_written as (
    insert into monitoring.cache_histograms_1min as h (
        cache_name, implementation_type, node, minute_window, operation_type, bins, counts)
    select c.cache_name, c.implementation_type, c.node, c.minute_window, b.operation_type,
           array_agg(b.bin order by b.bin), array_agg(b.n order by b.bin)
    from binned as b
    join counted as c using (window_number)
    group by c.window_number, 1, 2, 3, 4, 5
    on conflict (cache_name, implementation_type, node, minute_window, operation_type) do update
    set bins = excluded.bins, counts = excluded.counts
    where (h.bins, h.counts) is distinct from (excluded.bins, excluded.counts)
), series_seen as (
    insert into monitoring.cache_series as s (
        cache_name, implementation_type, node, first_minute, last_minute, last_polled_minute)
    select c.cache_name, c.implementation_type, c.node, min(c.minute_window), max(c.minute_window),
           max(v.minute_window)
    from counted as c
    left join levels as v using (cache_name, implementation_type, node, minute_window)
    group by 1, 2, 3
    on conflict (cache_name, implementation_type, node) do update
    set first_minute = least(s.first_minute, excluded.first_minute),
        last_minute = greatest(s.last_minute, excluded.last_minute),
        last_polled_minute = greatest(s.last_polled_minute, excluded.last_polled_minute)
    where s.first_minute > excluded.first_minute or s.last_minute < excluded.last_minute
       or excluded.last_polled_minute > coalesce(s.last_polled_minute, '-infinity')
), windows_written as (
    insert into monitoring.cache_metrics_1min as w (
        cache_name, implementation_type, node, minute_window, total_operations, hits, misses, sets,
        deletes, evictions, expirations, errors, get_errors, load_errors, set_errors,
        avg_response_time_ms, p50_response_time_ms, p95_response_time_ms, p99_response_time_ms,
        max_response_time_ms, latency_sum_ms, hit_latency_sum_ms, hit_p50_ms, hit_p95_ms,
        miss_latency_sum_ms, miss_p50_ms, miss_p95_ms, avg_cache_size, max_cache_size, bytes_read,
        bytes_written, distinct_keys, hit_rate, sampled, completeness, provisional,
        avg_memory_bytes, memory_limit_bytes, avg_clients, polled)
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
           null::double precision,
           c.minute_window + interval '1 minute' > %(scorable_until)s,
           v.avg_memory_bytes, v.memory_limit_bytes, v.avg_clients, v.polled
    from counted as c
    left join keys as k using (cache_name, implementation_type, node, minute_window)
    left join levels as v using (cache_name, implementation_type, node, minute_window)
    left join wide as q using (window_number)
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
        -- a finished window's completeness was settled when it became scorable; what polls told
        -- later completes it
        completeness = coalesce(
            case when excluded.polled is distinct from w.polled
                then least(w.completeness * coalesce(excluded.polled / nullif(w.polled, 0),
                                                     excluded.polled), 1)
                else w.completeness end,
            excluded.completeness),
        provisional = w.provisional and excluded.provisional,
        avg_memory_bytes = excluded.avg_memory_bytes,
        memory_limit_bytes = excluded.memory_limit_bytes, avg_clients = excluded.avg_clients,
        polled = excluded.polled,
        updated_at = now()
    where (w.total_operations, w.hits, w.misses, w.sets, w.deletes, w.evictions, w.expirations,
           w.errors, w.get_errors, w.load_errors, w.set_errors, w.avg_response_time_ms,
           w.p50_response_time_ms, w.p95_response_time_ms, w.p99_response_time_ms,
           w.max_response_time_ms, w.latency_sum_ms, w.hit_latency_sum_ms, w.hit_p50_ms,
           w.hit_p95_ms, w.miss_latency_sum_ms, w.miss_p50_ms, w.miss_p95_ms, w.avg_cache_size,
           w.max_cache_size, w.bytes_read, w.bytes_written, w.distinct_keys, w.sampled,
           w.avg_memory_bytes, w.memory_limit_bytes, w.avg_clients, w.polled, w.provisional)
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
           excluded.distinct_keys, excluded.sampled, excluded.avg_memory_bytes,
           excluded.memory_limit_bytes, excluded.avg_clients, excluded.polled,
           w.provisional and excluded.provisional)
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
-- Minutes that changed although they had been settled. A minute that is being scored again right
-- now is waited for, and then asked for once more. Who keeps sums of such minutes sees that they
-- are to be read again.
with remade as (
    insert into monitoring.cache_auditor_state as s (name, value)
    values ('windows_remade_at', clock_timestamp())
    on conflict (name) do update set value = excluded.value, updated_at = now()
)
insert into monitoring.cache_windows_to_rescore (minute_window)
select unnest(%(minutes)s::timestamptz[])
on conflict (minute_window) do update set changed_at = clock_timestamp();

-- name: read_hours_to_roll
-- Closed hours of which a minute has changed, oldest first.
select hour_window from monitoring.cache_hours_to_roll
where hour_window + interval '1 hour' <= %(scorable_until)s
order by hour_window
limit %(most)s;

-- name: make_hour
-- Makes one hour again from its minutes: sums, and quantiles of the merged histograms. Distinct keys
-- come from the raw events, because they do not add; unknown where a minute does not know them.
with minutes as (
    select * from monitoring.cache_metrics_1min
    where minute_window >= %(hour)s and minute_window < %(hour)s + interval '1 hour'
), counted as (
    select cache_name, implementation_type, node,
           sum(total_operations)::bigint as total_operations, sum(hits)::bigint as hits,
           sum(misses)::bigint as misses, sum(sets)::bigint as sets,
           sum(deletes)::bigint as deletes, sum(evictions)::bigint as evictions,
           sum(expirations)::bigint as expirations, sum(errors)::bigint as errors,
           sum(get_errors)::bigint as get_errors, sum(load_errors)::bigint as load_errors,
           sum(set_errors)::bigint as set_errors, max(max_response_time_ms) as max_ms,
           -- in minute order, so that the sum of floating-point numbers is the same every time
           sum(latency_sum_ms order by minute_window) as latency_sum_ms,
           sum(hit_latency_sum_ms order by minute_window) as hit_latency_sum_ms,
           sum(miss_latency_sum_ms order by minute_window) as miss_latency_sum_ms,
           sum(avg_cache_size * total_operations order by minute_window)
               / nullif(sum(total_operations) filter (where avg_cache_size is not null), 0)::double precision
               as avg_cache_size,
           max(max_cache_size) as max_cache_size, sum(bytes_read)::bigint as bytes_read,
           sum(bytes_written)::bigint as bytes_written, sum(sampled)::bigint as sampled,
           avg(completeness order by minute_window) as completeness,
           bool_or(distinct_keys is null and total_operations > 0) as keys_unknown,
           avg(avg_memory_bytes order by minute_window) as avg_memory_bytes,
           max(memory_limit_bytes) as memory_limit_bytes,
           avg(avg_clients order by minute_window) as avg_clients,
           sum(polled order by minute_window) / 60 as polled
    from minutes
    group by 1, 2, 3
), keys as (
    select cache_name, implementation_type, node, count(distinct cache_key) as distinct_keys
    from monitoring.cache_metrics
    where "timestamp" >= %(hour)s and "timestamp" < %(hour)s + interval '1 hour'
      and operation_type not in ('evict', 'expire') and cache_key <> '' and not is_sample
    group by 1, 2, 3
), binned as (
    select h.cache_name, h.implementation_type, h.node, h.operation_type, cell.bin,
           sum(cell.n)::bigint as n
    from monitoring.cache_histograms_1min as h, unnest(h.bins, h.counts) as cell (bin, n)
    where h.minute_window >= %(hour)s and h.minute_window < %(hour)s + interval '1 hour'
    group by 1, 2, 3, 4, 5
), merged as (
    select cache_name, implementation_type, node, part,
           array_agg(bin order by bin) as bins, array_agg(n order by bin) as counts, sum(n) as seen
    from (
        select cache_name, implementation_type, node, part, bin, sum(n)::bigint as n
        from binned
        cross join lateral (
            values ('get', operation_type in ('hit', 'miss', 'error')),
                   (operation_type, operation_type in ('hit', 'miss'))
        ) as wanted (part, counts)
        where wanted.counts
        group by 1, 2, 3, 4, 5
    ) as parts
    group by 1, 2, 3, 4
), histograms_written as (
    insert into monitoring.cache_histograms_1hour as h (
        cache_name, implementation_type, node, hour_window, operation_type, bins, counts)
    select cache_name, implementation_type, node, %(hour)s, operation_type,
           array_agg(bin order by bin), array_agg(n order by bin)
    from binned
    group by 1, 2, 3, 5
    on conflict (cache_name, implementation_type, node, hour_window, operation_type) do update
    set bins = excluded.bins, counts = excluded.counts
    where (h.bins, h.counts) is distinct from (excluded.bins, excluded.counts)
), finished as (
    delete from monitoring.cache_hours_to_roll where hour_window = %(hour)s
)
insert into monitoring.cache_metrics_1hour as w (
    cache_name, implementation_type, node, hour_window, total_operations, hits, misses, sets,
    deletes, evictions, expirations, errors, get_errors, load_errors, set_errors,
    avg_response_time_ms, p50_response_time_ms, p95_response_time_ms, p99_response_time_ms,
    max_response_time_ms, latency_sum_ms, hit_latency_sum_ms, hit_p50_ms, hit_p95_ms,
    miss_latency_sum_ms, miss_p50_ms, miss_p95_ms, avg_cache_size, max_cache_size, bytes_read,
    bytes_written, distinct_keys, hit_rate, sampled, completeness, avg_memory_bytes,
    memory_limit_bytes, avg_clients, polled)
select c.cache_name, c.implementation_type, c.node, %(hour)s, c.total_operations, c.hits, c.misses,
       c.sets, c.deletes, c.evictions, c.expirations, c.errors, c.get_errors, c.load_errors,
       c.set_errors, c.latency_sum_ms / nullif(g.seen, 0)::double precision,
       least(monitoring.histogram_quantile(g.bins, g.counts, 0.50), c.max_ms),
       least(monitoring.histogram_quantile(g.bins, g.counts, 0.95), c.max_ms),
       least(monitoring.histogram_quantile(g.bins, g.counts, 0.99), c.max_ms), c.max_ms,
       c.latency_sum_ms, c.hit_latency_sum_ms,
       monitoring.histogram_quantile(h.bins, h.counts, 0.50),
       monitoring.histogram_quantile(h.bins, h.counts, 0.95), c.miss_latency_sum_ms,
       monitoring.histogram_quantile(m.bins, m.counts, 0.50),
       monitoring.histogram_quantile(m.bins, m.counts, 0.95),
       c.avg_cache_size, c.max_cache_size, c.bytes_read, c.bytes_written,
       case when not c.keys_unknown then coalesce(k.distinct_keys, 0) end,
       monitoring.calculate_hit_rate(c.hits, c.misses), c.sampled, c.completeness,
       c.avg_memory_bytes, c.memory_limit_bytes, c.avg_clients, c.polled
from counted as c
left join keys as k using (cache_name, implementation_type, node)
left join merged as g on (g.cache_name, g.implementation_type, g.node, g.part)
    = (c.cache_name, c.implementation_type, c.node, 'get')
left join merged as h on (h.cache_name, h.implementation_type, h.node, h.part)
    = (c.cache_name, c.implementation_type, c.node, 'hit')
left join merged as m on (m.cache_name, m.implementation_type, m.node, m.part)
    = (c.cache_name, c.implementation_type, c.node, 'miss')
on conflict (cache_name, implementation_type, node, hour_window) do update set
    total_operations = excluded.total_operations, hits = excluded.hits, misses = excluded.misses,
    sets = excluded.sets, deletes = excluded.deletes, evictions = excluded.evictions,
    expirations = excluded.expirations, errors = excluded.errors,
    get_errors = excluded.get_errors, load_errors = excluded.load_errors,
    set_errors = excluded.set_errors, avg_response_time_ms = excluded.avg_response_time_ms,
    p50_response_time_ms = excluded.p50_response_time_ms,
    p95_response_time_ms = excluded.p95_response_time_ms,
    p99_response_time_ms = excluded.p99_response_time_ms,
    max_response_time_ms = excluded.max_response_time_ms,
    latency_sum_ms = excluded.latency_sum_ms, hit_latency_sum_ms = excluded.hit_latency_sum_ms,
    hit_p50_ms = excluded.hit_p50_ms, hit_p95_ms = excluded.hit_p95_ms,
    miss_latency_sum_ms = excluded.miss_latency_sum_ms, miss_p50_ms = excluded.miss_p50_ms,
    miss_p95_ms = excluded.miss_p95_ms, avg_cache_size = excluded.avg_cache_size,
    max_cache_size = excluded.max_cache_size, bytes_read = excluded.bytes_read,
    bytes_written = excluded.bytes_written,
    -- once the raw rows are trimmed the earlier count is the better one
    distinct_keys = greatest(w.distinct_keys, excluded.distinct_keys),
    hit_rate = excluded.hit_rate, sampled = excluded.sampled,
    completeness = excluded.completeness, avg_memory_bytes = excluded.avg_memory_bytes,
    memory_limit_bytes = excluded.memory_limit_bytes, avg_clients = excluded.avg_clients,
    polled = excluded.polled, updated_at = now();

-- name: read_watermarks
-- For each minute's end in a span: how many collectors were expected, and how many have passed it.
-- Expected: started before it, no goodbye before it, heard of not too long before it.
select ends.minute_end, count(c.collector_id) as expected,
       count(c.collector_id) filter (where c.watermark >= ends.minute_end) as passed
from generate_series(
        %(since)s::timestamptz + interval '1 minute', %(until)s::timestamptz, interval '1 minute'
     ) as ends (minute_end)
left join monitoring.cache_collectors as c
    on c.started_at < ends.minute_end
   and (c.goodbye_at is null or c.goodbye_at >= ends.minute_end)
   and c.last_seen_at >= ends.minute_end - %(expected_for)s::interval
group by ends.minute_end
order by ends.minute_end;

-- name: settle_windows
-- Closes some minutes: no longer provisional, with the completeness they became scorable at. Of a
-- polled series only what its polls measured is complete.
with settled as (
    select * from unnest(%(minutes)s::timestamptz[], %(completeness)s::double precision[])
        as s (minute_window, completeness)
)
update monitoring.cache_metrics_1min as w
set provisional = false, completeness = s.completeness * coalesce(w.polled, 1), updated_at = now()
from settled as s
where w.minute_window = s.minute_window
  and (w.provisional or w.completeness is distinct from s.completeness * coalesce(w.polled, 1));

-- name: fill_with_zeros
-- A known series with complete watermarks and no event has a window of zeros: silence, not absence.
insert into monitoring.cache_metrics_1min (
    cache_name, implementation_type, node, minute_window, completeness, distinct_keys)
select s.cache_name, s.implementation_type, s.node, m.minute_window, 1, 0
from monitoring.cache_series as s
cross join unnest(%(minutes)s::timestamptz[]) as m (minute_window)
where s.first_minute < m.minute_window
  and s.last_minute >= m.minute_window - %(known_for)s::interval
  -- a server that is polled tells its zeros itself, and is away when it tells nothing
  and (s.last_polled_minute is null or s.last_polled_minute < s.last_minute)
  -- a node that went long ago is not silent but gone; the last one speaks for its series
  and (s.last_minute >= m.minute_window - %(node_known_for)s::interval
       or (s.last_minute, s.node) = (
           select t.last_minute, t.node from monitoring.cache_series as t
           where t.cache_name = s.cache_name and t.implementation_type = s.implementation_type
           order by t.last_minute desc, t.node desc limit 1))
on conflict do nothing;

-- name: read_state
select name, value from monitoring.cache_auditor_state;

-- name: advance_state
insert into monitoring.cache_auditor_state as s (name, value)
values (%(name)s, %(value)s)
on conflict (name) do update set value = greatest(s.value, excluded.value), updated_at = now();

-- name: write_state
insert into monitoring.cache_auditor_state as s (name, value)
values (%(name)s, %(value)s)
on conflict (name) do update set value = excluded.value, updated_at = now();

-- name: read_minutes_to_rescore
select minute_window from monitoring.cache_windows_to_rescore
where minute_window < %(scored_until)s
order by minute_window
limit %(most)s
for update;

-- name: forget_rescored
delete from monitoring.cache_windows_to_rescore where minute_window = any(%(minutes)s::timestamptz[]);

-- name: read_oldest_batch_minute
select min(minute) as minute_window
from monitoring.cache_metric_batches, unnest(minutes) as minute;

-- name: read_retained_days
-- Days that have raw rows: partitions, and weights and gauges that are older than a date.
select to_date(right(c.relname, 8), 'YYYYMMDD') as day
from pg_inherits as i
join pg_class as c on c.oid = i.inhrelid
where i.inhparent = 'monitoring.cache_metrics'::regclass
union
select distinct (second at time zone 'UTC')::date
from monitoring.cache_metric_weights
where second < %(before)s
union
select distinct (second at time zone 'UTC')::date
from monitoring.cache_metric_gauges
where second < %(before)s
order by day;

-- name: read_unrolled_days
-- Days of deliveries that no rollup has seen: their raw rows are still wanted.
select distinct (minute at time zone 'UTC')::date as day
from monitoring.cache_metric_batches, unnest(minutes) as minute
where rolled_at is null;

-- name: read_pins
select since, until, reason from monitoring.cache_retention_pins order by since;

-- name: wait_briefly
-- For this transaction: collectors queue behind whoever waits for the whole table. Shorter than the
-- server looks for deadlocks (1 s), so that in one it is this transaction that gives way.
set local lock_timeout = '500ms';

-- name: drop_day
select monitoring.drop_metric_partition(%(day)s) as dropped;

-- name: make_days
-- Today's partition and tomorrow's, by the server's clock.
select monitoring.ensure_metric_partition((now() at time zone 'UTC')::date + ahead)
from generate_series(0, 1) as ahead;

-- name: trim_weights
delete from monitoring.cache_metric_weights
where ctid = any(array(
    select ctid from monitoring.cache_metric_weights
    where second >= %(day)s::date::timestamp at time zone 'UTC'
      and second < (%(day)s::date + 1)::timestamp at time zone 'UTC'
    limit %(most)s));

-- name: trim_gauges
delete from monitoring.cache_metric_gauges
where ctid = any(array(
    select ctid from monitoring.cache_metric_gauges
    where second >= %(day)s::date::timestamp at time zone 'UTC'
      and second < (%(day)s::date + 1)::timestamp at time zone 'UTC'
    limit %(most)s));

-- name: trim_windows_1min
delete from monitoring.cache_metrics_1min
where ctid = any(array(
    select w.ctid from monitoring.cache_metrics_1min as w
    where w.minute_window < %(before)s
      and not exists (select from monitoring.cache_retention_pins as p
                      where w.minute_window >= p.since and w.minute_window < p.until)
    limit %(most)s));

-- name: trim_histograms_1min
delete from monitoring.cache_histograms_1min
where ctid = any(array(
    select h.ctid from monitoring.cache_histograms_1min as h
    where h.minute_window < %(before)s
      and not exists (select from monitoring.cache_retention_pins as p
                      where h.minute_window >= p.since and h.minute_window < p.until)
    limit %(most)s));

-- name: trim_window_scores
delete from monitoring.cache_window_scores
where ctid = any(array(
    select ctid from monitoring.cache_window_scores
    where minute_window < %(before)s
    limit %(most)s));

-- name: trim_score_runs
delete from monitoring.cache_score_runs
where ctid = any(array(
    select ctid from monitoring.cache_score_runs where until < %(before)s limit %(most)s));

-- name: trim_windows_1hour
delete from monitoring.cache_metrics_1hour
where ctid = any(array(
    select w.ctid from monitoring.cache_metrics_1hour as w
    where w.hour_window < %(before)s
      and not exists (select from monitoring.cache_retention_pins as p
                      where w.hour_window >= p.since and w.hour_window < p.until)
    limit %(most)s));

-- name: trim_histograms_1hour
delete from monitoring.cache_histograms_1hour
where ctid = any(array(
    select h.ctid from monitoring.cache_histograms_1hour as h
    where h.hour_window < %(before)s
      and not exists (select from monitoring.cache_retention_pins as p
                      where h.hour_window >= p.since and h.hour_window < p.until)
    limit %(most)s));

-- name: trim_changes
delete from monitoring.cache_observation_changes
where ctid = any(array(
    select ctid from monitoring.cache_observation_changes
    where changed_at < %(before)s limit %(most)s));

-- name: trim_notifications
-- What is over for everybody; of a problem that is open the targets' knowledge stays.
delete from monitoring.cache_notifications
where ctid = any(array(
    select n.ctid from monitoring.cache_notifications as n
    where n.due_at is null and greatest(n.asked_at, n.told_at, n.dead_at) < %(before)s
      and not exists (select from monitoring.cache_auditor_observations as o
                      where o.id = n.observation_id and o.state = 'open')
    limit %(most)s));

-- name: trim_ledger
-- Never a batch that no rollup has seen.
delete from monitoring.cache_metric_batches
where ctid = any(array(
    select ctid from monitoring.cache_metric_batches
    where received_at < %(before)s and rolled_at is not null limit %(most)s));

-- name: trim_collectors
delete from monitoring.cache_collectors
where ctid = any(array(
    select ctid from monitoring.cache_collectors
    where last_seen_at < %(before)s limit %(most)s));

-- name: trim_servers
delete from monitoring.cache_servers
where ctid = any(array(
    select ctid from monitoring.cache_servers
    where said_at < %(before)s limit %(most)s));

-- name: trim_baselines
-- Never one that a stored score was judged by: `explain` judges it again.
delete from monitoring.cache_baseline_metrics
where ctid = any(array(
    select b.ctid from monitoring.cache_baseline_metrics as b
    where not b.is_active and b.created_at < %(before)s
      and not exists (
          select from monitoring.cache_window_scores as s
          where s.cache_name = b.cache_name and s.implementation_type = b.implementation_type
            and s.baseline_id = b.id)
    limit %(most)s));

-- name: trim_calibrations
-- Never one that a stored score was judged by.
delete from monitoring.cache_calibrations
where ctid = any(array(
    select c.ctid from monitoring.cache_calibrations as c
    where not c.is_active and c.fitted_at < %(before)s
      and not exists (
          select from monitoring.cache_window_scores as s
          where s.cache_name = c.cache_name and s.implementation_type = c.implementation_type
            and s.calibration_id = c.id)
    limit %(most)s));

-- name: trim_forests
-- Never one that a run whose scores are stored was judged by, however long ago it was grown.
delete from monitoring.cache_forests
where ctid = any(array(
    select f.ctid from monitoring.cache_forests as f
    where not f.is_active and f.fitted_at < %(before)s
      and not exists (select from monitoring.cache_score_runs as r where r.forest_id = f.id)
    limit %(most)s));

-- name: list_observations
-- Observations as a person should see them: open ones first, then by rank, then the newest.
select o.id, o.cache_name, o.implementation_type, o.node, o."timestamp", o.severity, o.category,
       o.title, o.description, o.recommendation, o.metric_name, o.metric_value, o.baseline_value,
       o.deviation_percentage, o.metadata, o.acknowledged, o.acknowledged_at, o.acknowledged_by,
       o.state, coalesce(p.rank, o.rank) as rank, o.cause, o.first_window, o.resolved_at,
       o.reopened, o.updated_at, p.last_window, coalesce(p.cost_ms, 0) as cost_ms,
       coalesce(p.progress -> 'also', o.metadata -> 'also', '[]') as also
from monitoring.cache_auditor_observations as o
left join monitoring.cache_observation_progress as p on p.observation_id = o.id
where (%(state)s::text is null or o.state = %(state)s)
  and (%(severities)s::text[] is null or o.severity = any(%(severities)s))
  and (%(cache_name)s::text is null or o.cache_name = %(cache_name)s)
  and (%(since)s::timestamptz is null
       or coalesce(o.resolved_at, now()) >= %(since)s)
  and (%(acknowledged)s::boolean is null or o.acknowledged = %(acknowledged)s)
order by o.state = 'resolved', rank desc, o."timestamp" desc, o.id
limit %(most)s;

-- name: find_observations
-- Observations whose id begins with what was typed.
select o.id, o.cache_name, o.implementation_type, o.node, o."timestamp", o.severity, o.category,
       o.title, o.description, o.recommendation, o.metric_name, o.metric_value, o.baseline_value,
       o.deviation_percentage, o.metadata, o.acknowledged, o.acknowledged_at, o.acknowledged_by,
       o.state, coalesce(p.rank, o.rank) as rank, o.cause, o.first_window, o.resolved_at,
       o.reopened, o.updated_at, p.last_window, coalesce(p.cost_ms, 0) as cost_ms,
       coalesce(p.progress -> 'also', o.metadata -> 'also', '[]') as also
from monitoring.cache_auditor_observations as o
left join monitoring.cache_observation_progress as p on p.observation_id = o.id
where o.id::text like %(prefix)s || '%%'
order by o."timestamp" desc
limit 10;

-- name: read_history
-- What happened to one observation, oldest first.
select id, kind, changed_at, by, reason, note, observation ->> 'severity' as severity
from monitoring.cache_observation_changes
where observation_id = %(observation_id)s
order by id;

-- name: acknowledge
select monitoring.acknowledge_observation(
    %(observation_id)s, %(by)s, %(reason)s, %(note)s) as outcome;

-- name: sign
select outcome, feedback_id
from monitoring.sign_observation(
    %(observation_id)s, %(by)s, %(reason)s, %(note)s, %(scope)s, %(expires)s::interval);

-- name: revoke
select monitoring.revoke_acknowledgement(%(feedback_id)s, %(by)s) as outcome;

-- name: read_feedback
-- All that may silence a window from some time on. Expected goes on until its observation has
-- resolved; a false alarm's bar is the most that its observation has reached by now.
select a.id, a.observation_id, a.reason, a.scope_cache_name, a.scope_implementation_type,
       a.scope_metric, a.acknowledged_by, a.acknowledged_at,
       case when a.reason <> 'expected' then a.expires_at
            when o.state = 'resolved' then greatest(a.expires_at, o.resolved_at) end as expires_at,
       a.revoked_at, o.first_window,
       greatest(a.bar, (p.progress ->> 'peak_surprise')::double precision) as bar, a.severity
from monitoring.cache_acknowledgements as a
join monitoring.cache_auditor_observations as o on o.id = a.observation_id
left join monitoring.cache_observation_progress as p on p.observation_id = o.id
where a.reason <> 'fixed'
  and (a.revoked_at is null or a.revoked_at > %(since)s)
  and (a.expires_at > %(since)s
       or a.reason = 'expected' and coalesce(o.resolved_at, 'infinity') > %(since)s)
order by a.id;

-- name: list_feedback
-- What people said, the newest first, with what it has kept quiet.
with feedback as (
    select a.*, o.title, o.first_window,
           case when a.revoked_at is not null and a.revoked_by is not null then 'revoked'
                when a.revoked_at is not null then 'taken back'
                when a.reason = 'fixed' then 'said'
                when a.reason = 'expected' and o.state = 'open' then 'active'
                when a.reason = 'expected' and o.resolved_at > %(now)s then 'active'
                when a.expires_at <= %(now)s then 'expired'
                when a.reason = 'new-normal' and (
                    select bool_and(b.baseline_period_start >= o.first_window
                                    and b.sample_size >= %(enough)s)
                    from monitoring.cache_baseline_metrics as b
                    where b.is_active and b.cache_name = a.scope_cache_name
                      and (a.scope_implementation_type is null
                           or b.implementation_type = a.scope_implementation_type)) then 'learned'
                else 'active' end as state
    from monitoring.cache_acknowledgements as a
    join monitoring.cache_auditor_observations as o on o.id = a.observation_id
)
select f.id, f.observation_id, f.title, f.reason, f.scope_cache_name, f.scope_implementation_type,
       f.scope_metric, f.acknowledged_by, f.acknowledged_at, f.note, f.expires_at, f.revoked_at,
       f.revoked_by, f.bar, f.severity, f.state, s.silenced, s.last_silenced
from feedback as f
cross join lateral (
    select count(*) as silenced, max(minute_window) as last_silenced
    from monitoring.cache_window_scores
    where silenced_by = f.id
) as s
where %(every)s or f.state = 'active'
order by f.id desc;

-- name: mark_silenced
-- Windows in which an observation would have opened, had somebody not said that it need not.
update monitoring.cache_window_scores as s
set silenced_by = r.silenced_by
from jsonb_to_recordset(%(rows)s) as r (
    cache_name text, implementation_type text, minute_window timestamptz, silenced_by bigint)
where s.cache_name = r.cache_name and s.implementation_type = r.implementation_type
  and s.minute_window = r.minute_window;

-- name: read_past_observations
-- Every observation that is retained, with how it opened and the most that it reached.
select o.id, o.cache_name, o.implementation_type, o.metric_name, o.title, o.first_window,
       o.resolved_at, coalesce(v.surprise, (p.progress ->> 'peak_surprise')::double precision) as surprise,
       (p.progress ->> 'peak_surprise')::double precision as peak,
       coalesce(v.severity, o.severity) as severity, o.severity as highest,
       case when o.acknowledged then o.metadata #>> '{acknowledgement,reason}' end as reason
from monitoring.cache_auditor_observations as o
left join monitoring.cache_observation_progress as p on p.observation_id = o.id
left join monitoring.cache_observation_verdicts as v
    on v.observation_id = o.id and v.moment = 'opened'
order by o.first_window, o.id;

-- name: read_watched
-- By cache: how much was judged since a time, and what was told of it. Observations older than the
-- oldest score have nothing to be held against.
with judged as (
    select cache_name, count(surprise) as minutes, min(minute_window) as since
    from monitoring.cache_window_scores
    where minute_window >= %(since)s
    group by cache_name
), told as (
    select cache_name, count(*) filter (where reason = 'false-alarm') as false_alarms,
           count(*) filter (where reason is null) as unsigned,
           count(*) filter (where reason <> 'false-alarm') as real
    from (
        select o.cache_name,
               case when o.acknowledged then o.metadata #>> '{acknowledgement,reason}' end as reason
        from monitoring.cache_auditor_observations as o
        where o.first_window >= (select min(since) from judged)
          -- what a user's rule opened alone is outside the budget
          and not o.metadata ? 'rule'
    ) as signed
    group by cache_name
)
select cache_name, coalesce(j.minutes, 0) as judged_minutes,
       coalesce(t.false_alarms, 0) as false_alarms, coalesce(t.unsigned, 0) as unsigned,
       coalesce(t.real, 0) as real
from judged as j full join told as t using (cache_name)
order by cache_name;

-- name: listen
listen cache_auditor;

-- name: read_changes
-- Every change that a reader may not have seen: all of transactions that were not surely finished
-- at its last reading (xid at or above the xmin it saw then). Ids already seen come again and are
-- left out by the reader; no order of commits can make it miss one.
select id, xid::text::bigint as xid, kind, changed_at, observation_id, by, reason, note, observation
from monitoring.cache_observation_changes
where xid >= %(floor)s::text::xid8
order by id;

-- name: read_floor
-- Below this transaction everything is finished: what a reading now has surely seen.
select pg_snapshot_xmin(pg_current_snapshot())::text::bigint as floor;

-- name: read_floor_at
select least(
    (select min(xid::text::bigint) from monitoring.cache_observation_changes
     where changed_at >= %(since)s),
    pg_snapshot_xmin(pg_current_snapshot())::text::bigint) as floor;

-- name: lock_learned
select pg_advisory_xact_lock(hashtextextended('monitoring.cache_calibrations', 0));

-- name: retire_calibrations
update monitoring.cache_calibrations set is_active = false
where is_active and (cache_name, implementation_type) in (
    select * from unnest(%(cache_names)s::text[], %(implementation_types)s::text[]));

-- name: write_calibration
insert into monitoring.cache_calibrations (
    cache_name, implementation_type, version, fitted_at, fitted_since, fitted_until, tails)
values (
    %(cache_name)s, %(implementation_type)s,
    1 + coalesce((select max(version) from monitoring.cache_calibrations
                  where cache_name = %(cache_name)s
                    and implementation_type = %(implementation_type)s), 0),
    %(fitted_at)s, %(fitted_since)s, %(fitted_until)s, %(tails)s);

-- name: read_calibrations
select id, cache_name, implementation_type, tails
from monitoring.cache_calibrations
where is_active
order by cache_name, implementation_type;

-- name: retire_forest
update monitoring.cache_forests set is_active = false where is_active;

-- name: write_forest
insert into monitoring.cache_forests (
    fitted_at, fitted_since, fitted_until, seed, features, n_rows, training)
values (
    %(fitted_at)s, %(fitted_since)s, %(fitted_until)s, %(seed)s, %(features)s, %(n_rows)s,
    %(training)s);

-- name: read_forest
select id, seed, features, n_rows, training from monitoring.cache_forests where is_active;

-- name: read_learned_versions
-- What is in force, as one text: a daemon reads everything again only when it changes.
select coalesce((select max(id) from monitoring.cache_baseline_metrics where is_active), 0) as baseline,
       coalesce((select max(id) from monitoring.cache_calibrations where is_active), 0) as calibration,
       coalesce((select max(id) from monitoring.cache_forests where is_active), 0) as forest;

-- name: write_score_run
insert into monitoring.cache_score_runs (since, until, forest_id, made_with)
values (%(since)s, %(until)s, %(forest_id)s, %(made_with)s)
returning id;

-- name: write_window_scores
-- A window is scored once; scored again after late events, it keeps the time of the correction.
insert into monitoring.cache_window_scores as s (
    cache_name, implementation_type, minute_window, score, surprise, leading_metric, parts,
    not_judged, baseline_id, calibration_id, run_id)
select r.cache_name, r.implementation_type, r.minute_window, r.score, r.surprise, r.leading_metric,
       r.parts, r.not_judged, r.baseline_id, r.calibration_id, %(run_id)s
from jsonb_to_recordset(%(rows)s) as r (
    cache_name text, implementation_type text, minute_window timestamptz, score double precision,
    surprise double precision, leading_metric text, parts jsonb, not_judged text,
    baseline_id bigint, calibration_id bigint)
on conflict (cache_name, implementation_type, minute_window) do update set
    score = excluded.score, surprise = excluded.surprise, leading_metric = excluded.leading_metric,
    parts = excluded.parts, not_judged = excluded.not_judged, baseline_id = excluded.baseline_id,
    calibration_id = excluded.calibration_id, run_id = excluded.run_id, corrected_at = now();

-- name: read_fold_states
-- The fold's own state of every observation that is open or may still reopen, newest last.
select o.id, p.progress, o.acknowledged
from monitoring.cache_auditor_observations as o
join monitoring.cache_observation_progress as p on p.observation_id = o.id
where o.state = 'open' or o.resolved_at >= %(reopen_since)s
order by o.state = 'open', o.resolved_at, o."timestamp", o.id
-- an acknowledgement that comes meanwhile waits for this tick instead of being overwritten by it
for update of o;

-- name: insert_observations
-- All that opened at once, in one statement and so with one notice.
insert into monitoring.cache_auditor_observations (
    id, cache_name, implementation_type, "timestamp", severity, category, title, description,
    recommendation, metric_name, metric_value, baseline_value, deviation_percentage, metadata,
    state, rank, cause, first_window)
select id, cache_name, implementation_type, "timestamp", severity, category, title, description,
       recommendation, metric_name, metric_value, baseline_value, deviation_percentage, metadata,
       'open', rank, cause, first_window
from jsonb_to_recordset(%(rows)s) as r (
    id uuid, cache_name text, implementation_type text, "timestamp" timestamptz, severity text,
    category text, title text, description text, recommendation text, metric_name text,
    metric_value double precision, baseline_value double precision,
    deviation_percentage double precision, metadata jsonb, rank double precision, cause text,
    first_window timestamptz)
on conflict (id) do nothing;

-- name: update_observations
-- Escalated, reopened, resolved: what a person reads is told anew, what they signed stays signed
-- unless the problem turned worse.
update monitoring.cache_auditor_observations as o
set severity = r.severity, category = r.category, title = r.title, description = r.description,
    recommendation = r.recommendation, metric_value = r.metric_value,
    baseline_value = r.baseline_value, deviation_percentage = r.deviation_percentage,
    metadata = o.metadata || r.metadata, state = r.state, rank = r.rank, cause = r.cause,
    resolved_at = r.resolved_at, reopened = o.reopened + r.reopened,
    acknowledged = o.acknowledged and r.acknowledged,
    updated_at = now()
from jsonb_to_recordset(%(rows)s) as r (
    id uuid, severity text, category text, title text, description text, recommendation text,
    metric_value double precision, baseline_value double precision,
    deviation_percentage double precision, metadata jsonb, state text, rank double precision,
    cause text, resolved_at timestamptz, reopened integer, acknowledged boolean)
where o.id = r.id;

-- name: write_progress
insert into monitoring.cache_observation_progress as p (
    observation_id, last_window, progress, cost_ms, rank)
select id, last_window, progress, cost_ms, rank
from jsonb_to_recordset(%(rows)s) as r (
    id uuid, last_window timestamptz, progress jsonb, cost_ms double precision,
    rank double precision)
on conflict (observation_id) do update set
    last_window = excluded.last_window, progress = excluded.progress, cost_ms = excluded.cost_ms,
    rank = excluded.rank, updated_at = now();

-- name: write_judgements
-- What was found in some windows, and by what it was judged. An observation opens once; its worst
-- window is the worst so far.
insert into monitoring.cache_observation_verdicts as v (
    observation_id, moment, minute_window, surprise, severity, verdict, in_force, forest_id, rules,
    made_with)
select r.observation_id, r.moment, r.minute_window, r.surprise, r.severity, r.verdict, r.in_force,
       r.forest_id, r.rules, r.made_with
from jsonb_to_recordset(%(rows)s) as r (
    observation_id uuid, moment text, minute_window timestamptz, surprise double precision,
    severity text, verdict jsonb, in_force jsonb, forest_id bigint, rules jsonb, made_with jsonb)
on conflict (observation_id, moment) do update set
    minute_window = excluded.minute_window, surprise = excluded.surprise,
    severity = excluded.severity, verdict = excluded.verdict, in_force = excluded.in_force,
    forest_id = excluded.forest_id, rules = excluded.rules, made_with = excluded.made_with,
    recorded_at = excluded.recorded_at
where v.moment = 'worst';

-- name: read_judgements
select o.cache_name, o.implementation_type, v.moment, v.minute_window, v.severity, v.verdict,
       v.in_force, v.forest_id, v.rules, v.made_with, v.recorded_at
from monitoring.cache_observation_verdicts as v
join monitoring.cache_auditor_observations as o on o.id = v.observation_id
where v.observation_id = %(observation_id)s
order by v.moment;

-- name: read_reached
-- The most surprise of an observation: as the fold has it, and as its row tells once it is over.
select (p.progress ->> 'peak_surprise')::double precision as peak,
       case when o.state = 'resolved' then (o.metadata ->> 'peak_surprise')::double precision end as told
from monitoring.cache_auditor_observations as o
left join monitoring.cache_observation_progress as p on p.observation_id = o.id
where o.id = %(observation_id)s;

-- name: read_calibrations_then
select id, tails from monitoring.cache_calibrations
where cache_name = %(cache_name)s and id = any(%(ids)s::bigint[]);

-- name: read_forest_then
select seed, features, n_rows, training from monitoring.cache_forests where id = %(id)s;

-- name: read_hours
-- Hits and misses of every series in whole hours of a half-open span, from their closed minutes. An
-- hour without a window has no row.
select cache_name, implementation_type, extract(epoch from minute_window)::bigint / 3600 as hour,
       sum(hits)::double precision as hits, sum(misses)::double precision as misses
from monitoring.cache_metrics_1min
where minute_window >= %(since)s and minute_window < %(until)s and not provisional
  and (%(cache_name)s::text is null or cache_name = %(cache_name)s)
group by 1, 2, 3
order by 1, 2, 3;

-- name: read_remade_minutes
-- Epoch minutes of a cache of which a window was written after some instant.
select distinct extract(epoch from minute_window)::bigint / 60 as minute
from monitoring.cache_metrics_1min
where cache_name = %(cache_name)s and minute_window >= %(since)s and minute_window < %(until)s
  and updated_at > %(after)s and not provisional
order by minute;

-- name: read_oldest_window
-- Epoch minutes of the oldest window of a cache that is stored, null without any, and of its first
-- event ever: what lies between them is trimmed.
select extract(epoch from min(minute_window))::bigint / 60 as oldest,
       (select extract(epoch from min(first_minute))::bigint / 60
        from monitoring.cache_series where cache_name = %(cache_name)s) as begun
from monitoring.cache_metrics_1min
where cache_name = %(cache_name)s;

-- name: read_score_row
select score, surprise, leading_metric, parts, corrected_at
from monitoring.cache_window_scores
where cache_name = %(cache_name)s and implementation_type = %(implementation_type)s
  and minute_window = %(minute)s;

-- name: read_problem_spans
-- When each series had a problem, as epoch minutes, and what people said of it: such windows are not
-- learned.
select reached.cache_name, reached.implementation_type,
       extract(epoch from o.first_window)::bigint / 60 as first,
       extract(epoch from o.resolved_at)::bigint / 60 as until,
       case when o.acknowledged then o.metadata #>> '{acknowledgement,reason}' end as reason
from monitoring.cache_auditor_observations as o
left join monitoring.cache_observation_progress as p on p.observation_id = o.id
cross join lateral (
    select o.cache_name, o.implementation_type
    union
    select other.cache_name, other.implementation_type
    from jsonb_to_recordset(coalesce(p.progress -> 'also', '[]'::jsonb))
        as other (cache_name text, implementation_type text)
) as reached
where coalesce(o.resolved_at, 'infinity') >= %(since)s and reached.implementation_type is not null
  -- what a user's rule alone said, and nobody confirmed, may be the ordinary all the same
  and (not o.metadata ? 'rule' or o.acknowledged or (p.progress ->> 'seconded')::boolean)
union all
-- a new normal of every implementation is that of those that had no observation, too
select s.cache_name, s.implementation_type,
       extract(epoch from o.first_window)::bigint / 60, extract(epoch from o.resolved_at)::bigint / 60,
       a.reason
from monitoring.cache_acknowledgements as a
join monitoring.cache_auditor_observations as o on o.id = a.observation_id
join (select distinct cache_name, implementation_type from monitoring.cache_series) as s
    on s.cache_name = a.scope_cache_name
where a.reason = 'new-normal' and a.revoked_at is null and a.scope_implementation_type is null
  and s.implementation_type is distinct from o.implementation_type
  and coalesce(o.resolved_at, 'infinity') >= %(since)s
union all
-- what feedback kept from opening was real all the same, unless it stands that it was not
select s.cache_name, s.implementation_type,
       extract(epoch from s.minute_window)::bigint / 60,
       extract(epoch from s.minute_window)::bigint / 60 + 1, 'expected'
from monitoring.cache_window_scores as s
left join monitoring.cache_acknowledgements as a on a.id = s.silenced_by
where s.silenced_by is not null and s.minute_window >= %(since)s
  and (a.id is null or a.reason not in ('false-alarm', 'new-normal') or a.revoked_at is not null)
order by first;

-- name: read_caches
-- Every cache with its number of series, in order.
select cache_name, count(distinct implementation_type)
from monitoring.cache_series
group by cache_name
-- as Python orders them: what is learned together does not depend on the server's locale
order by cache_name collate "C";

-- name: read_waiting_series
-- First and last event, as epoch minutes, of the series that nothing in force can judge.
select extract(epoch from min(s.first_minute))::bigint / 60 as first,
       extract(epoch from max(s.last_minute))::bigint / 60 as last
from monitoring.cache_series as s
where not exists (
    select from monitoring.cache_calibrations as c
    where c.cache_name = s.cache_name and c.implementation_type = s.implementation_type
      and c.is_active and c.tails ? %(channel)s)
group by s.cache_name, s.implementation_type
order by first, last;

-- name: add_maintenance
insert into monitoring.cache_maintenance (
    cache_name, implementation_type, since, until, every, starts_at, lasts, time_zone, reason,
    entered_by)
values (
    %(cache_name)s, %(implementation_type)s, %(since)s, %(until)s, %(every)s, %(starts_at)s,
    %(lasts)s, %(time_zone)s, %(reason)s, %(entered_by)s)
returning id;

-- name: list_maintenance
-- Every maintenance, the one entered last first.
select id, cache_name, implementation_type, since, until, every, starts_at, lasts, time_zone,
       reason, entered_by, entered_at, ended_at, ended_by, cut_at
from monitoring.cache_maintenance
where %(id)s::bigint is null or id = %(id)s
order by id desc;

-- name: read_maintenance
-- What may hold within a half-open span of time.
select id, cache_name, implementation_type, since, until, every, starts_at, lasts, time_zone,
       reason, entered_by, entered_at, ended_at, ended_by, cut_at
from monitoring.cache_maintenance
where since < %(until)s
  and coalesce(ended_at, 'infinity') > %(since)s
  and coalesce(until + coalesce(lasts, interval '0'), 'infinity') > %(since)s
order by id;

-- name: count_in_scope
-- How many series a maintenance is for.
select count(distinct (cache_name, implementation_type))
from monitoring.cache_series
where (%(cache_name)s::text is null or cache_name = %(cache_name)s)
  and (%(implementation_type)s::text is null or implementation_type = %(implementation_type)s);

-- name: end_maintenance
update monitoring.cache_maintenance set ended_at = %(at)s, ended_by = %(by)s
where id = %(id)s and ended_at is null;

-- name: cut_maintenance
-- Ends the occurrence that is on, and no other.
update monitoring.cache_maintenance set cut_at = cut_at || %(at)s::timestamptz
where id = %(id)s;

-- name: remove_maintenance
delete from monitoring.cache_maintenance where id = %(id)s;
