-- What is kept of each minute and hour: windows, their histograms, and which series there are.

-- The histogram's one specification ------------------------------------------------------------
-- edges[1] = 0.001 ms; edges[k+1] = edges[k] × 1.02 in IEEE double precision, up to the first edge
-- at or beyond 1,000,000 ms. collector/histogram.py does the same multiplications, so both have the
-- same bits. A value's bin is the number of edges at or below it: 0 is under a microsecond,
-- cardinality(edges) is overflow.
do $$
declare
    edge  double precision   := 0.001;
    edges double precision[] := array[0.001::double precision];
begin
    -- the literals below must have every bit, whatever this session prints otherwise
    perform set_config('extra_float_digits', '1', true);
    while edge < 1e6::double precision loop
        edge := edge * 1.02::double precision;
        edges := edges || edge;
    end loop;
    execute format(
        'create function monitoring.histogram_edges() returns double precision[]
             language sql immutable parallel safe
             return %L::double precision[]', edges);
    execute format(
        'create function monitoring.histogram_bin(ms double precision) returns smallint
             language sql immutable parallel safe
             return width_bucket(ms, %L::double precision[])::smallint', edges);
    -- 2·lo·hi/(lo+hi): at most (1.02−1)/(1.02+1) < 1 % from any value of the bin
    execute format(
        'create function monitoring.histogram_value(bin integer) returns double precision
             language sql immutable parallel safe
             return case
                 when bin <= 0 then 0
                 when bin >= %1$s then (%2$L::double precision[])[%1$s]
                 else 2 * (%2$L::double precision[])[bin] * (%2$L::double precision[])[bin + 1]
                      / ((%2$L::double precision[])[bin] + (%2$L::double precision[])[bin + 1])
             end', cardinality(edges), edges);
end
$$;

-- Quantile of a sparse histogram, type 7 (Hyndman and Fan 1996): both ranks' bins, interpolated.
create function monitoring.histogram_quantile(bins smallint[], counts bigint[], q double precision)
    returns double precision
    language plpgsql immutable strict parallel safe
as $$
declare
    total   bigint := 0;
    reached bigint := 0;
    low     bigint;
    high    bigint;
    low_bin integer;
    n       bigint;
    h       double precision;
begin
    foreach n in array counts loop
        total := total + n;
    end loop;
    if total = 0 then
        return null;
    end if;
    h := (total - 1) * q;
    low := floor(h);
    high := least(low + 1, total - 1);
    for i in 1 .. cardinality(bins) loop
        reached := reached + counts[i];
        if low_bin is null and reached > low then
            low_bin := bins[i];
        end if;
        if reached > high then
            return monitoring.histogram_value(low_bin) + (h - low)
                * (monitoring.histogram_value(bins[i]) - monitoring.histogram_value(low_bin));
        end if;
    end loop;
end
$$;

comment on function monitoring.histogram_edges() is
    'ms: 0.001 and each 1.02 times the one before, up to the first at or beyond 1,000,000.';
comment on function monitoring.histogram_bin(double precision) is
    'How many edges lie at or below a response time: 0 is below 1 µs, all of them is overflow.';
comment on function monitoring.histogram_value(integer) is
    'ms that a bin stands for: 0, 2·lo·hi/(lo+hi), or the last edge for overflow.';
comment on function monitoring.histogram_quantile(smallint[], bigint[], double precision) is
    'Quantile of a sparse histogram in ms, type 7, within 1 %; null when it is empty.';

-- Windows --------------------------------------------------------------------------------------

create table monitoring.cache_metrics_1min (
    cache_name           text             not null default 'default',
    implementation_type  text             not null,
    node                 text             not null default '',
    minute_window        timestamptz      not null,
    total_operations     bigint           not null default 0,
    hits                 bigint           not null default 0,
    misses               bigint           not null default 0,
    sets                 bigint           not null default 0,
    deletes              bigint           not null default 0,
    evictions            bigint           not null default 0,
    expirations          bigint           not null default 0,
    errors               bigint           not null default 0,
    get_errors           bigint           not null default 0,
    load_errors          bigint           not null default 0,
    set_errors           bigint           not null default 0,
    avg_response_time_ms double precision,
    p50_response_time_ms double precision,
    p95_response_time_ms double precision,
    p99_response_time_ms double precision,
    max_response_time_ms double precision,
    latency_sum_ms       double precision not null default 0,
    hit_latency_sum_ms   double precision not null default 0,
    hit_p50_ms           double precision,
    hit_p95_ms           double precision,
    miss_latency_sum_ms  double precision not null default 0,
    miss_p50_ms          double precision,
    miss_p95_ms          double precision,
    avg_cache_size       double precision,
    max_cache_size       bigint,
    bytes_read           bigint           not null default 0,
    bytes_written        bigint           not null default 0,
    -- of gets, sets and deletes; null where keys are not known (weights carry none)
    distinct_keys        bigint,
    hit_rate             numeric(5, 2)    not null default 0,
    -- raw rows of the window that are samples only, counted elsewhere
    sampled              bigint           not null default 0,
    -- share of the expected collectors whose watermark has passed the window's end
    completeness         double precision,
    -- the minute is still open: shown, never scored
    provisional          boolean          not null default false,
    created_at           timestamptz      not null default now(),
    updated_at           timestamptz      not null default now(),
    constraint cache_metrics_1min_pkey primary key (
        cache_name, implementation_type, node, minute_window),
    constraint cache_metrics_1min_on_the_minute check (
        minute_window = date_trunc('minute', minute_window, 'UTC'))
);
comment on table monitoring.cache_metrics_1min is
    'One cache, implementation and node in one half-open UTC minute. Latencies are of gets. Kept 30 days.';
comment on column monitoring.cache_metrics_1min.distinct_keys is
    'Of gets, sets and deletes; null: not known, because weights carry no keys.';
comment on column monitoring.cache_metrics_1min.hit_rate is
    'Percent of hits in hits and misses; 0 where there was neither.';
comment on column monitoring.cache_metrics_1min.sampled is
    'Raw rows of the window that are samples only, counted in weights.';
comment on column monitoring.cache_metrics_1min.completeness is
    'Share of the expected collectors whose watermark had passed the window''s end when it was '
    'settled; null: no collector sends watermarks.';
comment on column monitoring.cache_metrics_1min.provisional is
    'The minute was still open when this was made: shown, never scored.';
create index cache_metrics_1min_window_idx on monitoring.cache_metrics_1min (minute_window desc);
create index cache_metrics_1min_implementation_window_idx
    on monitoring.cache_metrics_1min (implementation_type, minute_window desc);

create table monitoring.cache_metrics_1hour (
    like monitoring.cache_metrics_1min including defaults
);
alter table monitoring.cache_metrics_1hour rename column minute_window to hour_window;
alter table monitoring.cache_metrics_1hour
    add constraint cache_metrics_1hour_pkey primary key (
        cache_name, implementation_type, node, hour_window),
    add constraint cache_metrics_1hour_on_the_hour check (
        hour_window = date_trunc('hour', hour_window, 'UTC'));
comment on table monitoring.cache_metrics_1hour is
    'The same by the hour: sums of its minutes, quantiles of their merged histograms. Kept 1 year.';
create index cache_metrics_1hour_window_idx on monitoring.cache_metrics_1hour (hour_window desc);
create index cache_metrics_1hour_implementation_window_idx
    on monitoring.cache_metrics_1hour (implementation_type, hour_window desc);

-- Histograms: beside the windows and unpublished, because a listener never wants them -----------

create table monitoring.cache_histograms_1min (
    cache_name          text        not null,
    implementation_type text        not null,
    node                text        not null default '',
    minute_window       timestamptz not null,
    operation_type      text        not null,
    bins                smallint[]  not null,
    counts              bigint[]    not null,
    constraint cache_histograms_1min_pkey primary key (
        cache_name, implementation_type, node, minute_window, operation_type),
    constraint cache_histograms_1min_paired check (cardinality(bins) = cardinality(counts))
);
comment on table monitoring.cache_histograms_1min is
    'Latency of one kind of operation in one window, as sparse log bins; mergeable by adding counts.';
create index cache_histograms_1min_window_idx on monitoring.cache_histograms_1min (minute_window);

create table monitoring.cache_histograms_1hour (
    like monitoring.cache_histograms_1min including defaults
);
alter table monitoring.cache_histograms_1hour rename column minute_window to hour_window;
alter table monitoring.cache_histograms_1hour
    add constraint cache_histograms_1hour_pkey primary key (
        cache_name, implementation_type, node, hour_window, operation_type),
    add constraint cache_histograms_1hour_paired check (cardinality(bins) = cardinality(counts));
comment on table monitoring.cache_histograms_1hour is 'The same by the hour: the sum of its minutes.';
create index cache_histograms_1hour_window_idx on monitoring.cache_histograms_1hour (hour_window);

-- Series and unfinished work -------------------------------------------------------------------

create table monitoring.cache_series (
    cache_name          text        not null,
    implementation_type text        not null,
    node                text        not null default '',
    first_minute        timestamptz not null,
    -- the last minute with an event (a row of zeros does not move it)
    last_minute         timestamptz not null,
    constraint cache_series_pkey primary key (cache_name, implementation_type, node)
);
comment on table monitoring.cache_series is 'Every cache, implementation and node ever seen.';

create table monitoring.cache_hours_to_roll (
    hour_window timestamptz primary key
);
comment on table monitoring.cache_hours_to_roll is
    'Hours of which a minute has changed since they were last made.';

create table monitoring.cache_auditor_state (
    name       text        primary key,
    value      timestamptz not null,
    updated_at timestamptz not null default now()
);
comment on table monitoring.cache_auditor_state is
    'Where the auditor stands: settled_until, scored_until, last_tick_at, last_retention_at, '
    'last_refresh_at.';

-- The contract's functions --------------------------------------------------------------------

create function monitoring.calculate_hit_rate(hits numeric, misses numeric) returns numeric
    language sql immutable parallel safe
    return case
        when coalesce(hits, 0) + coalesce(misses, 0) = 0 then 0::numeric
        else round(100 * coalesce(hits, 0) / (coalesce(hits, 0) + coalesce(misses, 0)), 2)
    end;
comment on function monitoring.calculate_hit_rate(numeric, numeric) is
    'Percent with two decimals; 0 when there was neither hit nor miss.';

create function monitoring.get_cache_performance_summary(
    p_implementation_type text default null,
    p_time_window interval default '1 hour'
) returns table (
    implementation_type  text,
    total_operations     bigint,
    hit_rate             numeric,
    avg_response_time_ms double precision,
    error_count          bigint
)
    language sql stable
    set search_path = pg_catalog, pg_temp
as $$
    select w.implementation_type,
           sum(w.total_operations)::bigint,
           monitoring.calculate_hit_rate(sum(w.hits), sum(w.misses)),
           -- sum / mean is how many gets of the window had a response time at all
           sum(w.latency_sum_ms)
               / nullif(sum(w.latency_sum_ms / nullif(w.avg_response_time_ms, 0)), 0),
           sum(w.errors)::bigint
    from monitoring.cache_metrics_1min as w
    where w.minute_window >= date_trunc('minute', now() - p_time_window, 'UTC')
      and (p_implementation_type is null or w.implementation_type = p_implementation_type)
    group by w.implementation_type
    order by w.implementation_type
$$;
comment on function monitoring.get_cache_performance_summary(text, interval) is
    'By implementation over the last p_time_window: operations, hit rate in percent, mean response '
    'time of gets, errors.';
