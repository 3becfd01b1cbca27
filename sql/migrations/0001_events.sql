-- What arrives: events, weights, the ledger that makes a replay harmless, and who delivers.

-- Installation-wide facts ----------------------------------------------------------------------

create table monitoring.cache_auditor_secrets (
    name   text primary key,
    secret bytea not null
);
comment on table monitoring.cache_auditor_secrets is
    'Keyed hashing of cache keys: one secret an installation, so that keys compare across hosts.';

-- 32 bytes from two version-4 UUIDs (244 random bits); pgcrypto is not everywhere.
insert into monitoring.cache_auditor_secrets (name, secret)
values ('cache_key', decode(replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''), 'hex'));

create function monitoring.collector_key_secret() returns bytea
    language sql stable security definer
    set search_path = pg_catalog, pg_temp
as $$
    select secret from monitoring.cache_auditor_secrets where name = 'cache_key'
$$;

-- Raw events -----------------------------------------------------------------------------------

create sequence monitoring.cache_metrics_id_seq as bigint;

create table monitoring.cache_metrics (
    cache_name          text             not null default 'default',
    "timestamp"         timestamptz      not null default now(),
    id                  bigint           not null default nextval('monitoring.cache_metrics_id_seq'),
    implementation_type text             not null,
    node                text             not null default '',
    cache_key           text             not null default '',
    operation_type      text             not null,
    response_time_ms    double precision,
    cache_size          bigint,
    value_bytes         bigint,
    error_type          text,
    error_message       text,
    metadata            jsonb,
    -- true: an example only, already counted in a weight; never summed.
    is_sample           boolean          not null default false,
    batch_id            bigint           not null default 0,
    constraint cache_metrics_pkey primary key (cache_name, "timestamp", id),
    constraint cache_metrics_operation_type_known check (
        operation_type in ('hit', 'miss', 'set', 'evict', 'error', 'delete', 'expire')),
    constraint cache_metrics_implementation_type_short check (
        implementation_type ~ '^[A-Za-z0-9_.:-]{1,64}$'),
    constraint cache_metrics_response_time_real check (
        response_time_ms >= 0 and response_time_ms < 1e9),
    -- bounds that a minute's sums can never carry beyond a bigint: one absurd row must not stop all
    constraint cache_metrics_sizes_believable check (
        cache_size between 0 and 9007199254740992 and value_bytes between 0 and 1099511627776)
) partition by range ("timestamp");
comment on table monitoring.cache_metrics is
    'One cache operation a row, as recorded; never changed. Partitioned by UTC day, kept 7 days.';
alter sequence monitoring.cache_metrics_id_seq owned by monitoring.cache_metrics.id;

create index cache_metrics_timestamp_idx on monitoring.cache_metrics ("timestamp");
create index cache_metrics_operation_timestamp_idx
    on monitoring.cache_metrics (operation_type, "timestamp");
create index cache_metrics_implementation_timestamp_idx
    on monitoring.cache_metrics (implementation_type, "timestamp");
create index cache_metrics_errors_idx
    on monitoring.cache_metrics ("timestamp") where error_type is not null;
comment on index monitoring.cache_metrics_errors_idx is 'Events that failed, in whole or in part.';
comment on column monitoring.cache_metrics.cache_key is
    'Keyed hash in hex, unless the user asked for plain; empty: no key.';
comment on column monitoring.cache_metrics.is_sample is
    'An example only, already counted in a weight; never summed.';

-- Weights --------------------------------------------------------------------------------------

create table monitoring.cache_metric_weights (
    cache_name          text             not null default 'default',
    implementation_type text             not null,
    node                text             not null default '',
    second              timestamptz      not null,
    operation_type      text             not null,
    failed              boolean          not null default false,
    n                   bigint           not null,
    latency_sum_ns      bigint           not null default 0,
    latency_max_ms      double precision,
    bins                smallint[]       not null default '{}',
    counts              bigint[]         not null default '{}',
    value_bytes         bigint           not null default 0,
    batch_id            bigint           not null default 0,
    constraint cache_metric_weights_pkey primary key (
        cache_name, implementation_type, node, second, operation_type, failed, batch_id),
    constraint cache_metric_weights_operation_type_known check (
        operation_type in ('hit', 'miss', 'set', 'evict', 'error', 'delete', 'expire')),
    constraint cache_metric_weights_implementation_type_short check (
        implementation_type ~ '^[A-Za-z0-9_.:-]{1,64}$'),
    constraint cache_metric_weights_histogram_paired check (cardinality(bins) = cardinality(counts)),
    constraint cache_metric_weights_not_negative check (
        n >= 0 and latency_sum_ns >= 0 and value_bytes >= 0),
    constraint cache_metric_weights_believable check (
        n <= 1000000000000 and value_bytes <= 1125899906842624
        and latency_max_ms >= 0 and latency_max_ms < 1e9
        and 0 <= all (counts) and 1000000000000 >= all (counts))
);
comment on table monitoring.cache_metric_weights is
    'Operations counted before they were shipped: n of one kind in one second of one series.';
create index cache_metric_weights_second_idx on monitoring.cache_metric_weights (second);

-- Ledger ---------------------------------------------------------------------------------------

create table monitoring.cache_metric_batches (
    batch_id     bigint generated always as identity primary key,
    collector_id uuid        not null,
    sequence     bigint      not null,
    -- every minute that a row of the batch falls into: what a rollup must make again
    minutes      timestamptz[] not null default '{}',
    events       bigint      not null default 0,
    weights      bigint      not null default 0,
    refused      bigint      not null default 0,
    -- rows that came after the raw rows of their day were trimmed; counted, never rolled
    too_late     bigint      not null default 0,
    received_at  timestamptz not null default now(),
    xid          xid8        not null default pg_current_xact_id(),
    -- null: a rollup has not seen it yet
    rolled_at    timestamptz,
    constraint cache_metric_batches_once unique (collector_id, sequence)
);
comment on table monitoring.cache_metric_batches is
    'Exactly once: a batch is stored when its row here is, in the same transaction. Kept 14 days, '
    'longer than a spool may grow old.';
comment on column monitoring.cache_metric_batches.minutes is
    'Every minute that a row of the batch falls into: what a rollup must make again.';
comment on column monitoring.cache_metric_batches.too_late is
    'Rows that came after the raw rows of their day were trimmed: counted, never rolled.';
comment on column monitoring.cache_metric_batches.rolled_at is
    'When a rollup made its windows; null: none has seen it yet.';
comment on constraint cache_metric_batches_once on monitoring.cache_metric_batches is
    'Forbids storing a batch twice.';
create index cache_metric_batches_to_roll_idx
    on monitoring.cache_metric_batches (batch_id) where rolled_at is null;
comment on index monitoring.cache_metric_batches_to_roll_idx is 'What waits for a rollup.';
create index cache_metric_batches_received_idx on monitoring.cache_metric_batches (received_at);

-- Collectors -----------------------------------------------------------------------------------

create table monitoring.cache_collectors (
    collector_id uuid        primary key,
    node         text        not null default '',
    pid          integer,
    version      text        not null default '',
    started_at   timestamptz not null default now(),
    last_seen_at timestamptz not null default now(),
    -- everything recorded before this instant has been delivered
    watermark    timestamptz,
    goodbye_at   timestamptz,
    recorded     bigint      not null default 0,
    delivered    bigint      not null default 0,
    dropped      bigint      not null default 0,
    refused      bigint      not null default 0,
    lost         bigint      not null default 0,
    spooled      bigint      not null default 0,
    keys_local   boolean     not null default false,
    owner        name        not null default session_user
);
comment on table monitoring.cache_collectors is
    'Who delivers, up to when (watermark), and what it could not keep.';
comment on column monitoring.cache_collectors.watermark is
    'Everything recorded before this instant has been delivered; null: not known of any instant.';
comment on column monitoring.cache_collectors.goodbye_at is
    'It ended in an orderly way; null: it is expected for 3 minutes after it was last seen.';
comment on column monitoring.cache_collectors.dropped is 'Discarded because the buffer or the spool was full.';
comment on column monitoring.cache_collectors.refused is 'Not stored for what they held, or for their age.';
comment on column monitoring.cache_collectors.lost is 'Died with a process that was killed.';
comment on column monitoring.cache_collectors.spooled is 'Waiting on the collector''s disk now.';
comment on column monitoring.cache_collectors.keys_local is
    'Its keys were hashed with a secret of its host alone, and compare with no other''s.';
comment on column monitoring.cache_collectors.owner is 'The login that made it; no other may move it.';
create index cache_collectors_seen_idx on monitoring.cache_collectors (last_seen_at);

create function monitoring.collector_heartbeat(
    p_collector_id uuid,
    p_watermark    timestamptz,
    p_counts       jsonb   default '{}',
    p_goodbye      boolean default false
) returns void
    language plpgsql security definer
    set search_path = pg_catalog, pg_temp
as $$
begin
    insert into monitoring.cache_collectors as c (
        collector_id, node, pid, version, started_at, last_seen_at, watermark, goodbye_at,
        recorded, delivered, dropped, refused, lost, spooled, keys_local, owner)
    values (
        p_collector_id,
        coalesce(p_counts ->> 'node', ''),
        (p_counts ->> 'pid')::integer,
        coalesce(p_counts ->> 'version', ''),
        least(coalesce((p_counts ->> 'started_at')::timestamptz, 'infinity'), clock_timestamp()),
        clock_timestamp(),
        -- a collector whose clock runs ahead has delivered nothing of the future; null stays null
        case when p_watermark is not null then least(p_watermark, clock_timestamp()) end,
        case when p_goodbye then clock_timestamp() end,
        coalesce((p_counts ->> 'recorded')::bigint, 0),
        coalesce((p_counts ->> 'delivered')::bigint, 0),
        coalesce((p_counts ->> 'dropped')::bigint, 0),
        coalesce((p_counts ->> 'refused')::bigint, 0),
        coalesce((p_counts ->> 'lost')::bigint, 0),
        coalesce((p_counts ->> 'spooled')::bigint, 0),
        coalesce((p_counts ->> 'keys_local')::boolean, false),
        session_user)
    on conflict (collector_id) do update set
        -- who speaks for a dead collector does not make it alive
        last_seen_at = case when (p_counts ->> 'buried')::boolean then c.last_seen_at
                            else greatest(c.last_seen_at, excluded.last_seen_at) end,
        -- a watermark never moves back, however late a replayed batch comes
        watermark    = greatest(c.watermark, excluded.watermark),
        goodbye_at   = case when (p_counts ->> 'buried')::boolean then c.last_seen_at
                            when p_goodbye then excluded.last_seen_at end,
        recorded     = greatest(c.recorded, excluded.recorded),
        delivered    = greatest(c.delivered, excluded.delivered),
        dropped      = greatest(c.dropped, excluded.dropped),
        refused      = greatest(c.refused, excluded.refused),
        lost         = greatest(c.lost, excluded.lost),
        spooled      = excluded.spooled,
        keys_local   = excluded.keys_local
    where c.owner = session_user;
    if not found then
        raise exception 'collector % belongs to another login than %', p_collector_id, session_user
            using errcode = 'insufficient_privilege';
    end if;
end
$$;

-- Days -----------------------------------------------------------------------------------------

create table monitoring.cache_trimmed_days (
    day        date        primary key,
    trimmed_at timestamptz not null default now()
);
comment on table monitoring.cache_trimmed_days is
    'Days whose raw rows retention has removed: their windows are final, later rows are refused.';

create table monitoring.cache_retention_pins (
    id         bigint generated always as identity primary key,
    since      timestamptz not null,
    until      timestamptz not null,
    reason     text        not null default '',
    created_at timestamptz not null default now(),
    constraint cache_retention_pins_ordered check (since < until)
);
comment on table monitoring.cache_retention_pins is
    'Half-open spans that retention leaves alone (load --keep).';

-- Not for callers: makes the day's partition, whatever the day.
-- LIKE and ATTACH, because CREATE … PARTITION OF would lock out every writer.
create function monitoring.make_metric_partition(p_day date) returns boolean
    language plpgsql security definer
    set search_path = pg_catalog, pg_temp
as $$
declare
    partition_name constant text := 'cache_metrics_p' || to_char(p_day, 'YYYYMMDD');
begin
    if to_regclass('monitoring.' || partition_name) is not null then
        return false;
    end if;
    perform pg_advisory_xact_lock(hashtextextended('monitoring.cache_metrics.partition', 0));
    -- whoever had the lock may have made it; to_regclass would answer from this session's cache
    if exists (select from pg_class where relname = partition_name
               and relnamespace = 'monitoring'::regnamespace) then
        return false;
    end if;
    if exists (select from monitoring.cache_trimmed_days where day = p_day) then
        raise exception 'the raw rows of % have been trimmed; its windows are final', p_day
            using errcode = 'check_violation',
                  hint = 'Rows this late are refused, so that finished windows stay right.';
    end if;
    execute format(
        'create table monitoring.%I (like monitoring.cache_metrics including defaults including constraints)',
        partition_name);
    execute format(
        'alter table monitoring.cache_metrics attach partition monitoring.%I for values from (%L) to (%L)',
        partition_name,
        p_day::timestamp at time zone 'UTC', (p_day + 1)::timestamp at time zone 'UTC');
    return true;
end
$$;

create function monitoring.ensure_metric_partition(p_day date) returns boolean
    language plpgsql security definer
    set search_path = pg_catalog, pg_temp
as $$
declare
    today constant date := (clock_timestamp() at time zone 'UTC')::date;
begin
    if p_day < today - 8 or p_day > today + 1 then
        raise exception 'day % lies outside [%, %], within which events are accepted',
            p_day, today - 8, today + 1
            using errcode = 'check_violation',
                  hint = 'Older history comes in by `cache-auditor load`.';
    end if;
    return monitoring.make_metric_partition(p_day);
end
$$;

create function monitoring.create_metric_partition(p_day date) returns boolean
    language sql security definer
    set search_path = pg_catalog, pg_temp
as $$
    select monitoring.make_metric_partition(p_day)
$$;
comment on function monitoring.create_metric_partition(date) is
    'Any day, for `cache-auditor load`; the collector''s own is ensure_metric_partition.';

create function monitoring.drop_metric_partition(p_day date) returns boolean
    language plpgsql security definer
    set search_path = pg_catalog, pg_temp
as $$
declare
    partition_name constant text := 'cache_metrics_p' || to_char(p_day, 'YYYYMMDD');
begin
    if p_day > (clock_timestamp() at time zone 'UTC')::date - 2 then
        raise exception 'day % is too recent to be trimmed', p_day using errcode = 'check_violation';
    end if;
    perform pg_advisory_xact_lock(hashtextextended('monitoring.cache_metrics.partition', 0));
    insert into monitoring.cache_trimmed_days (day) values (p_day) on conflict do nothing;
    if not exists (select from pg_class where relname = partition_name
                   and relnamespace = 'monitoring'::regnamespace) then
        return false;
    end if;
    execute format('drop table monitoring.%I', partition_name);
    return true;
end
$$;
