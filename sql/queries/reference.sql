-- Statements of the reference's read endpoint: the answer as a whole, as JSON.

-- name: read_minutes
-- The newest minutes, oldest first, and the sum of all in the time asked for.
with found as materialized (
    select c.* from monitoring.cache_metrics_1min as c
    where c.minute_window > now() - make_interval(secs => %(hours)s * 3600.0) - interval '1 minute'
      and (%(cache_name)s::text is null or c.cache_name = %(cache_name)s::text)
), newest as (
    select f.* from found as f
    order by f.minute_window desc, f.cache_name, f.implementation_type, f.node
    limit %(most)s
)
select json_build_object(
    'metrics', (
        select coalesce(json_agg(n order by n.minute_window, n.cache_name, n.implementation_type, n.node), '[]')
        from newest as n),
    'summary', (
        select json_build_object(
            'total_operations', coalesce(sum(f.total_operations), 0),
            'total_hits', coalesce(sum(f.hits), 0),
            'total_misses', coalesce(sum(f.misses), 0),
            'overall_hit_rate', monitoring.calculate_hit_rate(
                coalesce(sum(f.hits), 0), coalesce(sum(f.misses), 0)),
            -- sum / mean is how many gets of a window were timed at all
            'avg_response_time_ms', coalesce(
                sum(f.latency_sum_ms)
                    / nullif(sum(f.latency_sum_ms / nullif(f.avg_response_time_ms, 0)), 0), 0),
            'time_range_hours', %(hours)s)
        from found as f),
    'truncated', (select count(*) from found) > %(most)s)::text;

-- name: read_hours
-- The same by the hour.
with found as materialized (
    select c.* from monitoring.cache_metrics_1hour as c
    where c.hour_window > now() - make_interval(secs => %(hours)s * 3600.0) - interval '1 hour'
      and (%(cache_name)s::text is null or c.cache_name = %(cache_name)s::text)
), newest as (
    select f.* from found as f
    order by f.hour_window desc, f.cache_name, f.implementation_type, f.node
    limit %(most)s
)
select json_build_object(
    'metrics', (
        select coalesce(json_agg(n order by n.hour_window, n.cache_name, n.implementation_type, n.node), '[]')
        from newest as n),
    'summary', (
        select json_build_object(
            'total_operations', coalesce(sum(f.total_operations), 0),
            'total_hits', coalesce(sum(f.hits), 0),
            'total_misses', coalesce(sum(f.misses), 0),
            'overall_hit_rate', monitoring.calculate_hit_rate(
                coalesce(sum(f.hits), 0), coalesce(sum(f.misses), 0)),
            'avg_response_time_ms', coalesce(
                sum(f.latency_sum_ms)
                    / nullif(sum(f.latency_sum_ms / nullif(f.avg_response_time_ms, 0)), 0), 0),
            'time_range_hours', %(hours)s)
        from found as f),
    'truncated', (select count(*) from found) > %(most)s)::text;
