-- Statements of `compare`: which implementations there are, and what windows do not hold.

-- name: list_implementations
-- Every cache and implementation with windows in a half-open span, nodes taken together.
select cache_name, implementation_type, min(first_minute) as first_minute,
       max(last_minute) as last_minute
from monitoring.cache_series
where last_minute >= %(since)s and first_minute < %(until)s
group by cache_name, implementation_type
order by cache_name, implementation_type;

-- name: read_hour_histograms
-- Response times of gets by the hour, one row an hour, node and operation: their sum is the hour's.
select implementation_type, extract(epoch from hour_window)::bigint / 60 as hour, bins, counts
from monitoring.cache_histograms_1hour
where cache_name = %(cache_name)s
  and implementation_type in (%(baseline)s, %(candidate)s)
  and hour_window >= %(since)s and hour_window < %(until)s
  and operation_type in ('hit', 'miss', 'error');

-- name: count_keys
-- Hits and misses of the most asked keys in a half-open span, on both sides; all others together
-- under the empty key. The caller has bounded the span by the gets in it.
with counted as (
    select cache_key,
           count(*) filter (where implementation_type = %(baseline)s
                                  and operation_type = 'hit') as baseline_hits,
           count(*) filter (where implementation_type = %(baseline)s
                                  and operation_type = 'miss') as baseline_misses,
           count(*) filter (where implementation_type = %(candidate)s
                                  and operation_type = 'hit') as candidate_hits,
           count(*) filter (where implementation_type = %(candidate)s
                                  and operation_type = 'miss') as candidate_misses
    from monitoring.cache_metrics
    where cache_name = %(cache_name)s
      and "timestamp" >= %(since)s and "timestamp" < %(until)s
      and implementation_type in (%(baseline)s, %(candidate)s)
      and operation_type in ('hit', 'miss') and cache_key <> ''
      -- samples are as many of misses as of hits, so they say nothing of shares
      and not is_sample
    group by cache_key
), ranked as (
    select cache_key, baseline_hits, baseline_misses, candidate_hits, candidate_misses,
           row_number() over (
               order by baseline_hits + baseline_misses + candidate_hits + candidate_misses desc,
                        cache_key) as place
    from counted
)
select case when place <= %(most)s then cache_key else '' end as cache_key, count(*) as keys,
       sum(baseline_hits)::bigint as baseline_hits,
       sum(baseline_misses)::bigint as baseline_misses,
       sum(candidate_hits)::bigint as candidate_hits,
       sum(candidate_misses)::bigint as candidate_misses
from ranked
group by 1
order by 1;
