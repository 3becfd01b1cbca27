-- Statements of charts: a series' windows with its nodes added up, histograms, marks on the axis.

-- name: list_series
-- Every series that there is, or one, those heard of last first, and how many nodes each has.
select cache_name, implementation_type, count(*) as nodes, min(first_minute) as first_minute,
       max(last_minute) as last_minute
from monitoring.cache_series
where %(cache_name)s::text is null
   or cache_name = %(cache_name)s and implementation_type = %(implementation_type)s
group by cache_name, implementation_type
order by max(last_minute) desc, cache_name, implementation_type
limit %(most)s;

-- name: read_course
-- A series in a half-open span, by the minute or by the hour, its nodes added up. A gauge is the sum
-- of the nodes that told it. Provisional windows are there, and say so.
select extract(epoch from at)::bigint / 60 as at,
       sum(total_operations)::double precision as total_operations,
       sum(hits)::double precision as hits, sum(misses)::double precision as misses,
       sum(sets)::double precision as sets, sum(deletes)::double precision as deletes,
       sum(evictions)::double precision as evictions,
       sum(expirations)::double precision as expirations,
       sum(errors)::double precision as errors, sum(get_errors)::double precision as get_errors,
       sum(avg_cache_size order by node) as entries,
       sum(avg_memory_bytes order by node) as memory_bytes,
       sum(avg_memory_bytes order by node) filter (where memory_limit_bytes > 0)
           as limited_memory_bytes,
       sum(memory_limit_bytes) filter (where memory_limit_bytes > 0 and avg_memory_bytes is not null)
           ::double precision as memory_limit_bytes,
       sum(avg_clients order by node) as clients,
       max(max_response_time_ms) as longest_ms, count(*)::double precision as nodes,
       min(completeness) as completeness, bool_or(provisional)::integer::double precision as provisional
from (
    select minute_window as at, node, total_operations, hits, misses, sets, deletes, evictions,
           expirations, errors, get_errors, avg_cache_size, avg_memory_bytes, memory_limit_bytes,
           avg_clients, max_response_time_ms, completeness, provisional
    from monitoring.cache_metrics_1min
    where not %(hourly)s::boolean
      and cache_name = %(cache_name)s and implementation_type = %(implementation_type)s
      and minute_window >= %(since)s and minute_window < %(until)s
    union all
    select hour_window, node, total_operations, hits, misses, sets, deletes, evictions,
           expirations, errors, get_errors, avg_cache_size, avg_memory_bytes, memory_limit_bytes,
           avg_clients, max_response_time_ms, completeness, provisional
    from monitoring.cache_metrics_1hour
    where %(hourly)s::boolean
      and cache_name = %(cache_name)s and implementation_type = %(implementation_type)s
      and hour_window >= %(since)s and hour_window < %(until)s
) as windows
group by at
order by at;

-- name: read_histograms
-- The histograms of a series' gets in a half-open span, by the minute or by the hour; one row a
-- window, node and kind. part: 0 hit, 1 miss, 2 error.
select extract(epoch from minute_window)::bigint / 60 as at,
       array_position(array['hit', 'miss', 'error'], operation_type) - 1 as part, bins, counts
from monitoring.cache_histograms_1min
where not %(hourly)s::boolean
  and cache_name = %(cache_name)s and implementation_type = %(implementation_type)s
  and minute_window >= %(since)s and minute_window < %(until)s
  and operation_type in ('hit', 'miss', 'error')
union all
select extract(epoch from hour_window)::bigint / 60,
       array_position(array['hit', 'miss', 'error'], operation_type) - 1, bins, counts
from monitoring.cache_histograms_1hour
where %(hourly)s::boolean
  and cache_name = %(cache_name)s and implementation_type = %(implementation_type)s
  and hour_window >= %(since)s and hour_window < %(until)s
  and operation_type in ('hit', 'miss', 'error');

-- name: read_marks
-- Observations that touch a series in a half-open span, the weightiest first; those of the whole
-- cache and those that reached the series among them.
select o.id, o.severity, o.title, o.state, o.acknowledged, o.cause, o.first_window, o.resolved_at,
       p.last_window, coalesce(p.rank, o.rank) as rank, o.implementation_type
from monitoring.cache_auditor_observations as o
left join monitoring.cache_observation_progress as p on p.observation_id = o.id
where o.cache_name = %(cache_name)s
  and (o.implementation_type is null or o.implementation_type = %(implementation_type)s
       or exists (
           select from jsonb_to_recordset(coalesce(p.progress -> 'also', o.metadata -> 'also', '[]'))
               as other (cache_name text, implementation_type text)
           where other.cache_name = %(cache_name)s
             and other.implementation_type = %(implementation_type)s))
  and o.first_window < %(until)s and coalesce(o.resolved_at, 'infinity') >= %(since)s
order by array_position(array['info', 'warning', 'critical'], o.severity) desc, rank desc, o.id
limit %(most)s;
