-- Statements of baselines: reading series, and keeping what is ordinary.

-- name: read_windows
-- Closed windows of every series in a half-open span, oldest first. A series sums its nodes; the
-- quantiles of one with several nodes are those of the merged histograms.
with summed as (
    select cache_name, implementation_type, minute_window,
           -- a node without operations adds nothing that would have to be merged
           count(*) filter (where total_operations > 0) as nodes,
           sum(total_operations)::double precision as total_operations,
           sum(hits)::double precision as hits, sum(misses)::double precision as misses,
           sum(sets)::double precision as sets, sum(deletes)::double precision as deletes,
           sum(evictions)::double precision as evictions,
           sum(expirations)::double precision as expirations,
           sum(errors)::double precision as errors,
           sum(get_errors)::double precision as get_errors,
           sum(load_errors)::double precision as load_errors,
           sum(set_errors)::double precision as set_errors,
           case when count(*) filter (where total_operations > 0) <= 1
                then max(distinct_keys) end::double precision as distinct_keys,
           -- a time that nobody measured is no time of 0: agents see no load, memcached keeps none
           bool_and(hits = 0 or hit_latency_sum_ms > 0 or hit_p50_ms is not null) as hits_timed,
           bool_and(misses = 0 or miss_latency_sum_ms > 0 or miss_p50_ms is not null)
               as misses_timed,
           sum(latency_sum_ms order by node) as latency_sum_ms,
           sum(hit_latency_sum_ms order by node) as hit_latency_sum_ms,
           sum(miss_latency_sum_ms order by node) as miss_latency_sum_ms,
           max(p50_response_time_ms) as p50_response_time_ms,
           max(p95_response_time_ms) as p95_response_time_ms,
           max(p99_response_time_ms) as p99_response_time_ms,
           max(hit_p50_ms) as hit_p50_ms, max(hit_p95_ms) as hit_p95_ms,
           max(miss_p50_ms) as miss_p50_ms, max(miss_p95_ms) as miss_p95_ms,
           sum(bytes_read)::double precision as bytes_read,
           sum(bytes_written)::double precision as bytes_written,
           sum(avg_cache_size order by node) as avg_cache_size,
           min(completeness) as completeness
    from monitoring.cache_metrics_1min
    where minute_window >= %(since)s and minute_window < %(until)s and not provisional
      and (%(cache_names)s::text[] is null or cache_name = any(%(cache_names)s))
    group by 1, 2, 3
), merged as (
    select cache_name, implementation_type, minute_window, part,
           array_agg(bin order by bin) as bins, array_agg(n order by bin) as counts
    from (
        select h.cache_name, h.implementation_type, h.minute_window, wanted.part, cell.bin,
               sum(cell.n)::bigint as n
        from summed as s
        join monitoring.cache_histograms_1min as h
            using (cache_name, implementation_type, minute_window)
        cross join lateral unnest(h.bins, h.counts) as cell (bin, n)
        cross join lateral (
            values ('get', h.operation_type in ('hit', 'miss', 'error')),
                   (h.operation_type, h.operation_type in ('hit', 'miss'))
        ) as wanted (part, counts)
        where s.nodes > 1 and wanted.counts
        group by 1, 2, 3, 4, 5
    ) as cells
    group by 1, 2, 3, 4
), quantiles as (
    select cache_name, implementation_type, minute_window,
           max(monitoring.histogram_quantile(bins, counts, 0.50)) filter (where part = 'get') as p50,
           max(monitoring.histogram_quantile(bins, counts, 0.95)) filter (where part = 'get') as p95,
           max(monitoring.histogram_quantile(bins, counts, 0.99)) filter (where part = 'get') as p99,
           max(monitoring.histogram_quantile(bins, counts, 0.50)) filter (where part = 'hit') as hit_p50,
           max(monitoring.histogram_quantile(bins, counts, 0.95)) filter (where part = 'hit') as hit_p95,
           max(monitoring.histogram_quantile(bins, counts, 0.50)) filter (where part = 'miss') as miss_p50,
           max(monitoring.histogram_quantile(bins, counts, 0.95)) filter (where part = 'miss') as miss_p95
    from merged
    group by 1, 2, 3
)
select cache_name, implementation_type, extract(epoch from minute_window)::bigint / 60 as minute,
       total_operations, hits, misses, sets, deletes, evictions, expirations, errors, get_errors,
       load_errors, set_errors, distinct_keys,
       case when hits_timed and misses_timed then latency_sum_ms end as latency_sum_ms,
       case when hits_timed then hit_latency_sum_ms end as hit_latency_sum_ms,
       case when misses_timed then miss_latency_sum_ms end as miss_latency_sum_ms, bytes_read, bytes_written, avg_cache_size, completeness,
       case when nodes <= 1 then p50_response_time_ms else p50 end as p50_response_time_ms,
       case when nodes <= 1 then p95_response_time_ms else p95 end as p95_response_time_ms,
       case when nodes <= 1 then p99_response_time_ms else p99 end as p99_response_time_ms,
       case when nodes <= 1 then s.hit_p50_ms else hit_p50 end as hit_p50_ms,
       case when nodes <= 1 then s.hit_p95_ms else hit_p95 end as hit_p95_ms,
       case when nodes <= 1 then s.miss_p50_ms else miss_p50 end as miss_p50_ms,
       case when nodes <= 1 then s.miss_p95_ms else miss_p95 end as miss_p95_ms
from summed as s
left join quantiles as q using (cache_name, implementation_type, minute_window)
order by minute, cache_name, implementation_type;

-- name: read_window_versions
-- By minute: how many rows its windows have, and the sum of the transactions that wrote them. Each
-- way of changing them changes one or the other: a new version's transaction is a later one.
select extract(epoch from minute_window)::bigint / 60 as minute, count(*) as rows,
       sum(xmin::text::bigint)::bigint as written
from monitoring.cache_metrics_1min
where minute_window >= %(since)s and minute_window < %(until)s
group by 1;

-- name: lock_baselines
select pg_advisory_xact_lock(hashtextextended('monitoring.cache_baseline_metrics', 0));

-- name: retire_baseline
update monitoring.cache_baseline_metrics set is_active = false
where cache_name = %(cache_name)s and implementation_type = %(implementation_type)s and is_active;

-- name: write_baseline
-- The new one in force; its version is one more than the last of its series.
insert into monitoring.cache_baseline_metrics (
    cache_name, implementation_type, version, baseline_period_start, baseline_period_end,
    baseline_hit_rate, baseline_avg_response_time_ms, baseline_p95_response_time_ms,
    baseline_error_rate, hit_rate_stddev, response_time_stddev, sample_size, time_zone, recipe)
values (
    %(cache_name)s, %(implementation_type)s,
    1 + coalesce((select max(version) from monitoring.cache_baseline_metrics
                  where cache_name = %(cache_name)s
                    and implementation_type = %(implementation_type)s), 0),
    %(baseline_period_start)s, %(baseline_period_end)s, %(baseline_hit_rate)s,
    %(baseline_avg_response_time_ms)s, %(baseline_p95_response_time_ms)s, %(baseline_error_rate)s,
    %(hit_rate_stddev)s, %(response_time_stddev)s, %(sample_size)s, %(time_zone)s, %(recipe)s)
returning id, version;

-- name: copy_profiles
copy monitoring.cache_baseline_profiles (
    cache_name, baseline_id, metric, slot, centre, spread, successes, trials, dispersion, windows)
from stdin (format binary);

-- name: list_baselines
select id, cache_name, implementation_type, version, baseline_period_start, baseline_period_end,
       baseline_hit_rate, baseline_avg_response_time_ms, baseline_p95_response_time_ms,
       baseline_error_rate, hit_rate_stddev, response_time_stddev, sample_size, time_zone, recipe,
       is_active, created_at
from monitoring.cache_baseline_metrics
where (%(every)s or is_active)
  and (%(cache_name)s::text is null or cache_name = %(cache_name)s)
  and (%(implementation_type)s::text is null or implementation_type = %(implementation_type)s)
order by cache_name, implementation_type, version desc;

-- name: read_profiles
select cache_name, baseline_id, metric, slot, centre, spread, successes, trials, dispersion, windows
from monitoring.cache_baseline_profiles
where (cache_name, baseline_id) in (
    select * from unnest(%(cache_names)s::text[], %(baseline_ids)s::bigint[]))
order by cache_name, baseline_id, metric, slot;
