-- Statements of the dashboard's pages: what is there now, and how it came to it.

-- name: list_series
-- Series that were heard of since a time, nodes together, and how many there are in all.
select s.cache_name, s.implementation_type, min(s.first_minute) as first_minute,
       max(s.last_minute) as last_minute, count(*) over () as found
from monitoring.cache_series as s
where s.last_minute >= %(since)s
group by s.cache_name, s.implementation_type
order by s.cache_name, s.implementation_type
limit %(most)s;

-- name: read_lookups
-- Closed minutes of a span, hits and misses, a row a series: lists in the order of time.
select cache_name, implementation_type,
       array_agg(minute order by minute) as minutes, array_agg(hits order by minute) as hits,
       array_agg(misses order by minute) as misses
from (
    select cache_name, implementation_type,
           extract(epoch from minute_window)::bigint / 60 as minute,
           sum(hits)::double precision as hits, sum(misses)::double precision as misses
    from monitoring.cache_metrics_1min
    where minute_window >= %(since)s and minute_window < %(until)s and not provisional
    group by cache_name, implementation_type, minute_window
) as summed
group by cache_name, implementation_type;

-- name: read_open_minutes
-- The newest minute of each series that is not closed yet, as far as it is known.
select distinct on (cache_name, implementation_type)
       cache_name, implementation_type, minute_window,
       (sum(hits) + sum(misses) + sum(get_errors))::bigint as gets, sum(hits)::bigint as hits,
       sum(misses)::bigint as misses, sum(errors)::bigint as errors
from monitoring.cache_metrics_1min
where minute_window >= %(since)s and provisional
group by cache_name, implementation_type, minute_window
order by cache_name, implementation_type, minute_window desc;

-- name: read_last_scores
-- What was said of the windows of one minute: null surprise, why not.
select cache_name, implementation_type, surprise, not_judged
from monitoring.cache_window_scores
where minute_window = %(minute)s;

-- name: count_minutes_with_traffic
-- How much there is to learn from, of series that have not been judged yet.
select w.cache_name, w.implementation_type, count(distinct w.minute_window) as minutes
from monitoring.cache_metrics_1min as w
join unnest(%(cache_names)s::text[], %(implementation_types)s::text[])
    as wanted (cache_name, implementation_type)
    using (cache_name, implementation_type)
where w.minute_window >= %(since)s and w.total_operations > 0 and not w.provisional
group by w.cache_name, w.implementation_type;

-- name: read_metric_profiles
-- As baselines' read_profiles, of one metric.
select cache_name, baseline_id, metric, slot, centre, spread, successes, trials, dispersion, windows
from monitoring.cache_baseline_profiles
where metric = %(metric)s and (cache_name, baseline_id) in (
    select * from unnest(%(cache_names)s::text[], %(baseline_ids)s::bigint[]));

-- name: read_speakers
-- Collectors of the last day: who is heard of, and who fell silent without a goodbye and was not
-- replaced by another of its host.
select count(*) filter (where goodbye_at is null and last_seen_at >= %(expected_since)s) as heard,
       count(*) filter (where goodbye_at is null and last_seen_at < %(expected_since)s
                        and not replaced) as silent,
       max(last_seen_at) as last_seen_at
from (
    select c.goodbye_at, c.last_seen_at,
           exists (select from monitoring.cache_collectors as o
                   where o.node = c.node and o.collector_id <> c.collector_id
                     and o.started_at > c.last_seen_at) as replaced
    from monitoring.cache_collectors as c
    where c.last_seen_at >= %(since)s
) as known;

-- name: read_totals
-- How much was ever heard of, as far as it is kept, and what is open.
select (select count(*) from monitoring.cache_collectors) as collectors,
       (select count(distinct (cache_name, implementation_type)) from monitoring.cache_series)
           as series,
       (select count(*) from monitoring.cache_auditor_observations where state = 'open')
           as open_observations;

-- name: read_surprises
-- How strange each minute of one series was, in a span; null: it was not judged.
select extract(epoch from minute_window)::bigint / 60 as minute, surprise
from monitoring.cache_window_scores
where cache_name = %(cache_name)s and implementation_type = %(implementation_type)s
  and minute_window >= %(since)s and minute_window < %(until)s
order by minute_window;

-- name: read_progress
-- An observation as it stood after its last strange minute.
select progress
from monitoring.cache_observation_progress
where observation_id = %(observation_id)s;

-- name: read_observation_feedback
-- Everything that people signed on one observation, the newest first.
select id, reason, note, acknowledged_by, acknowledged_at, scope_cache_name,
       scope_implementation_type, scope_metric, expires_at, revoked_at, revoked_by
from monitoring.cache_acknowledgements
where observation_id = %(observation_id)s
order by id desc
limit 100;
