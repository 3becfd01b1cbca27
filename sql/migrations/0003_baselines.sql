-- What is ordinary: one active baseline a series, with the week's profile beside it.

create table monitoring.cache_baseline_metrics (
    id                            bigint generated always as identity,
    cache_name                    text        not null default 'default',
    implementation_type           text        not null,
    version                       integer     not null default 1,
    baseline_period_start         timestamptz not null,
    baseline_period_end           timestamptz not null,
    baseline_hit_rate             double precision,
    baseline_avg_response_time_ms double precision,
    baseline_p95_response_time_ms double precision,
    baseline_error_rate           double precision,
    hit_rate_stddev               double precision,
    response_time_stddev          double precision,
    sample_size                   bigint      not null default 0,
    time_zone                     text        not null default 'UTC',
    -- version of the fitting code and its constants, so that the same windows give the same numbers
    recipe                        jsonb       not null default '{}',
    is_active                     boolean     not null default true,
    created_at                    timestamptz not null default now(),
    constraint cache_baseline_metrics_pkey primary key (cache_name, id),
    constraint cache_baseline_metrics_ordered check (baseline_period_start < baseline_period_end)
);
comment on table monitoring.cache_baseline_metrics is
    'What is ordinary for a cache and implementation (rates in percent), and the span it was fitted on.';
-- forbids two baselines in force for one series
create unique index cache_baseline_metrics_one_active
    on monitoring.cache_baseline_metrics (cache_name, implementation_type) where is_active;
comment on index monitoring.cache_baseline_metrics_one_active is
    'Forbids two baselines in force for one series.';

create table monitoring.cache_baseline_profiles (
    cache_name          text             not null,
    baseline_id         bigint           not null,
    metric              text             not null,
    slot                smallint         not null,
    centre              double precision,
    spread              double precision,
    successes           double precision,
    trials              double precision,
    dispersion          double precision,
    windows             double precision not null default 0,
    constraint cache_baseline_profiles_pkey primary key (cache_name, baseline_id, metric, slot),
    constraint cache_baseline_profiles_of_a_baseline foreign key (cache_name, baseline_id)
        references monitoring.cache_baseline_metrics (cache_name, id) on delete cascade
);
comment on table monitoring.cache_baseline_profiles is
    'Centre and spread by metric and slot of the week (0 = Monday 00:00 in the cache''s zone; −1 = all).';

create table monitoring.cache_calibrations (
    id                  bigint generated always as identity,
    cache_name          text        not null,
    implementation_type text        not null,
    version             integer     not null default 1,
    fitted_at           timestamptz not null,
    fitted_since        timestamptz not null,
    fitted_until        timestamptz not null,
    tails               jsonb       not null,
    is_active           boolean     not null default true,
    constraint cache_calibrations_pkey primary key (cache_name, id)
);
comment on table monitoring.cache_calibrations is
    'How rare each detector''s statistic has been on this series'' own past: the tail, as plain numbers.';
create unique index cache_calibrations_one_active
    on monitoring.cache_calibrations (cache_name, implementation_type) where is_active;
comment on index monitoring.cache_calibrations_one_active is
    'Forbids two calibrations in force for one series.';

create table monitoring.cache_forests (
    id           bigint generated always as identity primary key,
    fitted_at    timestamptz not null,
    fitted_since timestamptz not null,
    fitted_until timestamptz not null,
    seed         bigint      not null,
    features     text[]      not null,
    n_rows       integer     not null,
    -- float64, little endian, row by row: what the isolation forest is fitted on, so that it can be fitted again
    training     bytea       not null,
    is_active    boolean     not null default true
);
comment on table monitoring.cache_forests is
    'The one isolation forest of all series: its seed and the residual rows it learned from.';
create unique index cache_forests_one_active on monitoring.cache_forests ((true)) where is_active;
comment on index monitoring.cache_forests_one_active is 'Forbids two forests in force.';
