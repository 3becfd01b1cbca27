-- What agents deliver of servers that they poll: levels, beside the weights; and how they stand.

-- Gauges ---------------------------------------------------------------------------------------

create table monitoring.cache_metric_gauges (
    cache_name          text        not null default 'default',
    implementation_type text        not null,
    node                text        not null default '',
    second              timestamptz not null,
    measured_ms         integer     not null,
    entries             bigint,
    memory_bytes        bigint,
    memory_limit_bytes  bigint,
    clients             bigint,
    batch_id            bigint      not null default 0,
    constraint cache_metric_gauges_pkey primary key (
        cache_name, implementation_type, node, second, batch_id),
    constraint cache_metric_gauges_implementation_type_short check (
        implementation_type ~ '^[A-Za-z0-9_.:-]{1,64}$'),
    -- bounds that a minute's sums can never carry beyond a bigint, as those of events
    constraint cache_metric_gauges_believable check (
        measured_ms between 0 and 60000
        and entries between 0 and 9007199254740992 and clients between 0 and 9007199254740992
        and memory_bytes between 0 and 9007199254740992
        and memory_limit_bytes between 0 and 9007199254740992)
);
comment on table monitoring.cache_metric_gauges is
    'What a polled server said it held, one poll a row; the counts of the poll are weights.';
comment on column monitoring.cache_metric_gauges.measured_ms is
    'How long a span, all of it in the minute of `second`, the counts delivered beside it were '
    'measured over; 0: they are estimates.';
comment on column monitoring.cache_metric_gauges.memory_limit_bytes is 'Null: there is no limit.';
create index cache_metric_gauges_second_idx on monitoring.cache_metric_gauges (second);

-- Windows --------------------------------------------------------------------------------------

alter table monitoring.cache_metrics_1min
    add column avg_memory_bytes double precision,
    add column memory_limit_bytes bigint,
    add column avg_clients double precision,
    -- share of the window over which polls measured it; null: no agent polls it
    add column polled double precision;
comment on column monitoring.cache_metrics_1min.memory_limit_bytes is 'Null: none, or not known.';
comment on column monitoring.cache_metrics_1min.polled is
    'Share of the window over which an agent''s polls measured it; null: none did, its counts are '
    'those of collectors.';
alter table monitoring.cache_metrics_1hour
    add column avg_memory_bytes double precision,
    add column memory_limit_bytes bigint,
    add column avg_clients double precision,
    add column polled double precision;

alter table monitoring.cache_series add column last_polled_minute timestamptz;
comment on column monitoring.cache_series.last_polled_minute is
    'The last minute that an agent''s polls told of. A series that was last heard of by a poll has no '
    'windows of zeros: a server that is away is not one that is idle.';

-- Servers --------------------------------------------------------------------------------------

create table monitoring.cache_servers (
    cache_name          text        not null,
    implementation_type text        not null,
    node                text        not null default '',
    kind                text        not null,
    place               text        not null,
    collector_id        uuid        not null,
    polled_at           timestamptz,
    away_since          timestamptz,
    because             text        not null default '',
    said_at             timestamptz not null default now(),
    owner               name        not null default session_user,
    constraint cache_servers_pkey primary key (cache_name, implementation_type, node)
);
comment on table monitoring.cache_servers is
    'Servers that agents poll, and whether they answer, as the agent''s last beats said.';
comment on column monitoring.cache_servers.place is 'Host and port, or a socket''s path.';
comment on column monitoring.cache_servers.away_since is 'Null: it answers.';
comment on column monitoring.cache_servers.said_at is
    'When the agent last said so, to within a minute.';
comment on column monitoring.cache_servers.owner is 'The login that made it; no other may change it.';

create function monitoring.note_cache_servers(p_collector_id uuid, p_servers jsonb) returns void
    language sql security definer
    set search_path = pg_catalog, pg_temp
as $$
    insert into monitoring.cache_servers as c (
        cache_name, implementation_type, node, kind, place, collector_id, polled_at, away_since,
        because, said_at, owner)
    select distinct on (1, 2, 3)
           s.cache_name, s.implementation_type, coalesce(s.node, ''), left(coalesce(s.kind, ''), 64),
           left(coalesce(s.place, ''), 512), p_collector_id,
           case when s.polled_ns between 0 and 4e18 then to_timestamp(s.polled_ns / 1e9) end,
           case when s.away_since_ns between 0 and 4e18 then to_timestamp(s.away_since_ns / 1e9) end,
           left(coalesce(s.because, ''), 512), clock_timestamp(), session_user
    from jsonb_to_recordset(p_servers) as s (
        cache_name text, implementation_type text, node text, kind text, place text,
        polled_ns double precision, away_since_ns double precision, because text)
    where s.cache_name is not null and s.implementation_type is not null
    on conflict (cache_name, implementation_type, node) do update set
        kind = excluded.kind, place = excluded.place, collector_id = excluded.collector_id,
        polled_at = excluded.polled_at, away_since = excluded.away_since,
        because = excluded.because, said_at = excluded.said_at
    where c.owner = session_user
      -- what stays as it is, is said again once a minute
      and (c.kind, c.place, c.collector_id, c.away_since, c.because) is distinct from
          (excluded.kind, excluded.place, excluded.collector_id, excluded.away_since, excluded.because)
       or c.owner = session_user and c.said_at < excluded.said_at - interval '50 seconds'
$$;
comment on function monitoring.note_cache_servers(uuid, jsonb) is
    'Part of collector_heartbeat: what an agent says of the servers that it polls.';

-- The heartbeat as before, and behind it the servers.
alter function monitoring.collector_heartbeat(uuid, timestamptz, jsonb, boolean)
    rename to collector_heartbeat_alone;

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
    perform monitoring.collector_heartbeat_alone(p_collector_id, p_watermark, p_counts, p_goodbye);
    if jsonb_typeof(p_counts -> 'servers') = 'array' then
        perform monitoring.note_cache_servers(p_collector_id, p_counts -> 'servers');
    end if;
end
$$;

-- Who may do it --------------------------------------------------------------------------------

alter function monitoring.apply_grants() rename to apply_grants_before_gauges;

create function monitoring.apply_grants() returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    perform monitoring.apply_grants_before_gauges();
    if to_regrole('cache_auditor_auditor') is not null then
        revoke execute on function monitoring.apply_grants_before_gauges() from cache_auditor_auditor;
    end if;
    if to_regrole('cache_auditor_writer') is not null then
        grant insert on monitoring.cache_metric_gauges to cache_auditor_writer;
        revoke execute on function
            monitoring.collector_heartbeat_alone(uuid, timestamptz, jsonb, boolean)
            from cache_auditor_writer;
    end if;
    if to_regrole('cache_auditor_reader') is not null then
        grant select on monitoring.cache_servers to cache_auditor_reader;
    end if;
end
$$;
