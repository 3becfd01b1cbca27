-- Broadcasts: what a listener of topic cache-metrics is sent. The gateway reads it from here, and on
-- Supabase itself the triggers hand it to realtime.send, so that both send the same bytes.

-- What is sent -----------------------------------------------------------------------------------

-- Pinned: the text of an instant and of a number must not depend on who asks.
create function monitoring.windows_broadcast(p_minute timestamptz) returns jsonb
    language sql stable
    set search_path = pg_catalog, pg_temp
    set timezone = 'UTC'
    set extra_float_digits = 1
as $$
    with minute as (
        select date_trunc('minute', p_minute, 'UTC') as minute_window
    ), found as (
        select row_number() over busiest_first as place, count(*) over () as total, w.row,
               -- each row's bytes as text, and the comma and space before it
               sum(octet_length(w.row::text) + 2) over busiest_first as bytes
        from (
            select c.cache_name, c.implementation_type, c.node, c.total_operations,
                   jsonb_build_object(
                       'cache_name', c.cache_name, 'node', c.node,
                       'implementation_type', c.implementation_type,
                       'minute_window', c.minute_window,
                       'total_operations', c.total_operations,
                       'hits', c.hits, 'misses', c.misses, 'sets', c.sets,
                       'evictions', c.evictions, 'errors', c.errors,
                       'avg_response_time_ms', c.avg_response_time_ms,
                       'p50_response_time_ms', c.p50_response_time_ms,
                       'p95_response_time_ms', c.p95_response_time_ms,
                       'p99_response_time_ms', c.p99_response_time_ms,
                       'max_response_time_ms', c.max_response_time_ms,
                       'avg_cache_size', c.avg_cache_size, 'max_cache_size', c.max_cache_size,
                       'hit_rate', c.hit_rate, 'created_at', c.created_at,
                       'completeness', c.completeness, 'provisional', c.provisional) as row
            from monitoring.cache_metrics_1min as c
            where c.minute_window = (select m.minute_window from minute as m)
        ) as w
        window busiest_first as (
            order by w.total_operations desc, w.cache_name collate "C",
                     w.implementation_type collate "C", w.node collate "C")
    )
    select jsonb_build_object(
        'minute_window', (select m.minute_window from minute as m),
        -- 200 bytes are far more than everything beside the rows takes
        'rows', coalesce(jsonb_agg(f.row order by f.place) filter (where f.bytes <= 199800), '[]'),
        'total', coalesce(max(f.total), 0),
        'truncated', coalesce(max(f.bytes) > 199800, false))
    from found as f
$$;
comment on function monitoring.windows_broadcast(timestamptz) is
    'What listeners are sent of a minute: its windows, the busiest first, of them so many as take at '
    'most 200,000 bytes as text; total says how many there are.';

create function monitoring.observation_broadcast(p_observation jsonb) returns jsonb
    language sql stable
    set search_path = pg_catalog, pg_temp
    set timezone = 'UTC'
    set extra_float_digits = 1
as $$
    select case
        when octet_length(o.row::text) <= 200000 then o.row
        -- a megabyte would be dropped on the way; the table has all of it
        else o.row || jsonb_build_object(
            'metadata', jsonb_build_object('truncated', true),
            'title', left(o.row ->> 'title', 1000),
            'description', left(o.row ->> 'description', 10000),
            'recommendation', left(o.row ->> 'recommendation', 10000))
    end
    from (
        select to_jsonb(jsonb_populate_record(
            null::monitoring.cache_auditor_observations, p_observation)) as row
    ) as o
$$;
comment on function monitoring.observation_broadcast(jsonb) is
    'What listeners are sent of an observation: its row, as the log of changes has it, with its '
    'instants in UTC; beyond 200,000 bytes without its metadata, and its texts cut.';

-- Who sends it on Supabase -----------------------------------------------------------------------

-- realtime.send is looked for when there is something to send: it may be made later, or never.
-- Nothing here fails the write that it tells of. A backfill is not news: of a statement the newest
-- three minutes are sent, because a free project may send 100 messages a second.
create function monitoring.send_windows(minutes timestamptz[]) returns void
    language plpgsql security definer
    set search_path = pg_catalog, pg_temp
    set lock_timeout = '1s'
as $$
declare
    minute timestamptz;
begin
    if to_regnamespace('realtime') is null then
        return;
    end if;
    begin
        if to_regprocedure('realtime.send(jsonb,text,text,boolean)') is null then
            return;
        end if;
        for minute in
            select newest.m
            from (select distinct m from unnest(minutes) as m order by m desc limit 3) as newest
            order by newest.m
        loop
            perform realtime.send(
                monitoring.windows_broadcast(minute), 'cache_metrics_1min', 'cache-metrics', false);
        end loop;
    exception when others then
        raise warning 'windows were stored, but not broadcast: %', sqlerrm;
    end;
end
$$;
comment on function monitoring.send_windows(timestamptz[]) is
    'Broadcasts the newest three of these minutes where there is Supabase Realtime; never fails.';

create function monitoring.send_observations(observations jsonb[]) returns void
    language plpgsql security definer
    set search_path = pg_catalog, pg_temp
    set lock_timeout = '1s'
as $$
declare
    observation jsonb;
begin
    if to_regnamespace('realtime') is null then
        return;
    end if;
    begin
        if to_regprocedure('realtime.send(jsonb,text,text,boolean)') is null then
            return;
        end if;
        foreach observation in array coalesce(observations[1:50], '{}') loop
            perform realtime.send(
                monitoring.observation_broadcast(observation), 'cache_auditor_observations',
                'cache-metrics', false);
        end loop;
    exception when others then
        raise warning 'observations were stored, but not broadcast: %', sqlerrm;
    end;
end
$$;
comment on function monitoring.send_observations(jsonb[]) is
    'Broadcasts the first 50 of these observations where there is Supabase Realtime; never fails.';

-- When -------------------------------------------------------------------------------------------

create or replace function monitoring.notify_windows(minutes timestamptz[]) returns void
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    -- the span and a count, never a list: always far below the 7,999 bytes that NOTIFY takes
    select pg_notify('cache_auditor', json_build_object(
        'kind', 'windows',
        'since', to_char(min(m) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI"Z"'),
        'until', to_char((max(m) + interval '1 minute') at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI"Z"'),
        'minutes', count(distinct m))::text)
    from unnest(minutes) as m
    having count(*) > 0;
    select monitoring.send_windows(minutes)
$$;

create or replace function monitoring.observations_changed() returns trigger
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    perform pg_notify('cache_auditor', json_build_object('kind', 'observations', 'sequence', max(id))::text)
    from new_rows
    having count(*) > 0;
    perform monitoring.send_observations(array_agg(observation order by id)) from new_rows;
    return null;
end
$$;

-- With their owner's rights, so that whoever may write a window may also tell of it.
alter function monitoring.windows_updated() security definer;
alter function monitoring.windows_inserted() security definer;
alter function monitoring.observations_changed() security definer;

-- Who may do it ----------------------------------------------------------------------------------

alter function monitoring.apply_grants() rename to apply_grants_before_broadcasts;

create function monitoring.apply_grants() returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    perform monitoring.apply_grants_before_broadcasts();
    if to_regrole('cache_auditor_auditor') is not null then
        -- the triggers send; nobody else has a reason to
        revoke execute on function
            monitoring.apply_grants_before_broadcasts(),
            monitoring.send_windows(timestamptz[]), monitoring.send_observations(jsonb[])
            from cache_auditor_auditor;
    end if;
    if to_regrole('cache_auditor_reader') is not null then
        grant execute on function
            monitoring.windows_broadcast(timestamptz), monitoring.observation_broadcast(jsonb)
            to cache_auditor_reader;
    end if;
end
$$;
