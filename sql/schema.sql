-- The schema that the migrations make, as PostgreSQL 18 dumps it. Never run: that is what
-- `cache-auditor migrate` is for. Written by .ci/schema.py, which says what is left out; a test
-- compares the two.


-- schema monitoring

CREATE SCHEMA monitoring;

-- function acknowledge_observation(uuid, text, text, text)

CREATE FUNCTION monitoring.acknowledge_observation(p_observation_id uuid, p_by text, p_reason text, p_note text DEFAULT ''::text) RETURNS text
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
    select outcome
    from monitoring.sign_observation(p_observation_id, p_by, p_reason, p_note, 'metric', null)
$$;

COMMENT ON FUNCTION monitoring.acknowledge_observation(p_observation_id uuid, p_by text, p_reason text, p_note text) IS 'acknowledged, already (it was, and nothing is changed), or unknown (there is no such observation).';

-- function apply_grants()

CREATE FUNCTION monitoring.apply_grants() RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
    perform monitoring.apply_grants_before_telling();
    if to_regrole('cache_auditor_auditor') is not null then
        revoke execute on function monitoring.apply_grants_before_telling()
            from cache_auditor_auditor;
    end if;
    if to_regrole('cache_auditor_reader') is not null then
        grant select on monitoring.cache_listeners, monitoring.cache_notifications
            to cache_auditor_reader;
        grant execute on function
            monitoring.begin_listening(text, uuid, timestamptz),
            monitoring.keep_listening(text, uuid, bigint, bigint[], bigint),
            monitoring.stop_listening(text)
            to cache_auditor_reader;
    end if;
end
$$;

-- function apply_grants_before_broadcasts()

CREATE FUNCTION monitoring.apply_grants_before_broadcasts() RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
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

-- function apply_grants_before_feedback()

CREATE FUNCTION monitoring.apply_grants_before_feedback() RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
    wanted   constant text[] := array[
        'cache_auditor_writer', 'cache_auditor_auditor',
        'cache_auditor_reader', 'cache_auditor_acknowledger'];
    -- what a person or a page may read; protected by row-level security as well
    shown    constant text[] := array[
        'cache_metrics_1min', 'cache_metrics_1hour',
        'cache_baseline_metrics', 'cache_auditor_observations', 'cache_maintenance'];
    -- of these a person may change rows as well, within what the role is granted
    signed   constant text[] := array['cache_maintenance'];
    published constant text[] := array['cache_metrics_1min', 'cache_auditor_observations'];
    role_name text;
    table_name text;
begin
    foreach role_name in array wanted loop
        -- cluster-wide: another database's migration may make it at the same moment
        begin
            if not exists (select from pg_roles where rolname = role_name) then
                execute format('create role %I nologin', role_name);
            end if;
        exception
            when duplicate_object or unique_violation then
                null;
            when insufficient_privilege then
                raise warning 'role % could not be made: % lacks CREATEROLE', role_name, current_user
                    using hint = format(
                        'Ask an administrator to run: create role %s nologin; then run cache-auditor migrate again.',
                        role_name);
        end;
    end loop;

    revoke all on schema monitoring from public;
    revoke all on all functions in schema monitoring from public;

    if to_regrole('cache_auditor_writer') is not null then
        grant usage on schema monitoring to cache_auditor_writer;
        grant insert on monitoring.cache_metrics, monitoring.cache_metric_weights
            to cache_auditor_writer;
        grant select (batch_id, collector_id, sequence),
            insert (collector_id, sequence, minutes, events, weights, refused, too_late)
            on monitoring.cache_metric_batches to cache_auditor_writer;
        grant usage on sequence monitoring.cache_metrics_id_seq to cache_auditor_writer;
        grant execute on function
            monitoring.collector_key_secret(),
            monitoring.collector_heartbeat(uuid, timestamptz, jsonb, boolean),
            monitoring.ensure_metric_partition(date)
            to cache_auditor_writer;
    end if;

    if to_regrole('cache_auditor_auditor') is not null then
        grant usage on schema monitoring to cache_auditor_auditor;
        grant select, insert, update, delete on all tables in schema monitoring
            to cache_auditor_auditor;
        revoke all on monitoring.cache_auditor_secrets from cache_auditor_auditor;
        -- the log is written by triggers alone, the migrations' ledger by their owner
        revoke insert, update on monitoring.cache_observation_changes from cache_auditor_auditor;
        revoke insert, update, delete on monitoring.cache_auditor_migrations
            from cache_auditor_auditor;
        grant usage on all sequences in schema monitoring to cache_auditor_auditor;
        grant execute on all functions in schema monitoring to cache_auditor_auditor;
        revoke execute on function
            monitoring.make_metric_partition(date), monitoring.apply_grants()
            from cache_auditor_auditor;
        alter default privileges in schema monitoring
            grant select, insert, update, delete on tables to cache_auditor_auditor;
        alter default privileges in schema monitoring
            grant usage on sequences to cache_auditor_auditor;
    end if;

    if to_regrole('cache_auditor_reader') is not null then
        grant usage on schema monitoring to cache_auditor_reader;
        grant select on
            monitoring.cache_metrics_1min, monitoring.cache_metrics_1hour,
            monitoring.cache_histograms_1min, monitoring.cache_histograms_1hour,
            monitoring.cache_baseline_metrics, monitoring.cache_baseline_profiles,
            monitoring.cache_window_scores, monitoring.cache_series,
            monitoring.cache_auditor_observations, monitoring.cache_observation_progress,
            monitoring.cache_observation_changes, monitoring.cache_acknowledgements,
            monitoring.cache_collectors, monitoring.cache_auditor_state,
            monitoring.cache_auditor_migrations, monitoring.cache_maintenance
            to cache_auditor_reader;
        grant execute on function
            monitoring.calculate_hit_rate(numeric, numeric),
            monitoring.get_cache_performance_summary(text, interval),
            monitoring.histogram_edges(), monitoring.histogram_bin(double precision),
            monitoring.histogram_value(integer),
            monitoring.histogram_quantile(smallint[], bigint[], double precision)
            to cache_auditor_reader;
    end if;

    if to_regrole('cache_auditor_acknowledger') is not null then
        grant usage on schema monitoring to cache_auditor_acknowledger;
        grant select on
            monitoring.cache_auditor_observations, monitoring.cache_observation_progress,
            monitoring.cache_observation_changes, monitoring.cache_acknowledgements
            to cache_auditor_acknowledger;
        grant execute on function monitoring.acknowledge_observation(uuid, text, text, text)
            to cache_auditor_acknowledger;
        -- it plans and ends a maintenance; what held stays on record, so it removes none
        grant select,
            insert (cache_name, implementation_type, since, until, every, starts_at, lasts,
                    time_zone, reason, entered_by),
            update (ended_at, ended_by, cut_at)
            on monitoring.cache_maintenance to cache_auditor_acknowledger;
    end if;

    foreach table_name in array shown loop
        -- only where it is off: it locks out everybody for a moment
        if not (select relrowsecurity from pg_class
                where oid = format('monitoring.%I', table_name)::regclass) then
            execute format('alter table monitoring.%I enable row level security', table_name);
        end if;
        foreach role_name in array wanted || array['authenticated'] loop
            continue when to_regrole(role_name) is null
                or not has_table_privilege(role_name, format('monitoring.%I', table_name), 'select')
                or exists (select from pg_policies where schemaname = 'monitoring'
                           and tablename = table_name and policyname = role_name || '_policy');
            execute format(
                'create policy %I on monitoring.%I for %s to %I using (true)',
                role_name || '_policy', table_name,
                case when role_name = 'cache_auditor_auditor'
                          or role_name = 'cache_auditor_acknowledger' and table_name = any(signed)
                     then 'all' else 'select' end,
                role_name);
        end loop;
    end loop;

    if exists (select from pg_publication where pubname = 'supabase_realtime' and not puballtables) then
        foreach table_name in array published loop
            if not exists (select from pg_publication_tables where pubname = 'supabase_realtime'
                           and schemaname = 'monitoring' and tablename = table_name) then
                begin
                    execute format(
                        'alter publication supabase_realtime add table monitoring.%I', table_name);
                exception when insufficient_privilege then
                    raise warning '% may not add monitoring.% to publication supabase_realtime',
                        current_user, table_name
                        using hint = format(
                            'Ask its owner to run: alter publication supabase_realtime add table monitoring.%s;',
                            table_name);
                end;
            end if;
        end loop;
    end if;
end
$$;

-- function apply_grants_before_gauges()

CREATE FUNCTION monitoring.apply_grants_before_gauges() RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
    perform monitoring.apply_grants_before_ingest();
    if to_regrole('cache_auditor_auditor') is not null then
        revoke execute on function monitoring.apply_grants_before_ingest()
            from cache_auditor_auditor;
    end if;
    if to_regrole('cache_auditor_writer') is not null then
        grant execute on function
            monitoring.claim_reply(bytea, bytea),
            monitoring.settle_reply(bytea, timestamptz, jsonb)
            to cache_auditor_writer;
    end if;
end
$$;

-- function apply_grants_before_ingest()

CREATE FUNCTION monitoring.apply_grants_before_ingest() RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
    perform monitoring.apply_grants_before_feedback();
    if to_regrole('cache_auditor_auditor') is not null then
        revoke execute on function monitoring.apply_grants_before_feedback()
            from cache_auditor_auditor;
    end if;
    if to_regrole('cache_auditor_reader') is not null then
        grant select on monitoring.cache_observation_verdicts to cache_auditor_reader;
    end if;
    if to_regrole('cache_auditor_acknowledger') is not null then
        grant select on monitoring.cache_observation_verdicts to cache_auditor_acknowledger;
        grant execute on function
            monitoring.sign_observation(uuid, text, text, text, text, interval),
            monitoring.revoke_acknowledgement(bigint, text)
            to cache_auditor_acknowledger;
    end if;
end
$$;

-- function apply_grants_before_telling()

CREATE FUNCTION monitoring.apply_grants_before_telling() RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
    role_name text;
begin
    perform monitoring.apply_grants_before_tokens();
    if to_regrole('cache_auditor_auditor') is not null then
        revoke execute on function monitoring.apply_grants_before_tokens() from cache_auditor_auditor;
        -- who audits need not be able to make itself a token, nor to see what others' hash to
        revoke all on monitoring.cache_tokens from cache_auditor_auditor;
        grant select (token_id, name, scopes, created_at, created_by, revoked_at, last_used_at)
            on monitoring.cache_tokens to cache_auditor_auditor;
    end if;
    foreach role_name in array array[
        'cache_auditor_writer', 'cache_auditor_reader', 'cache_auditor_acknowledger'] loop
        if to_regrole(role_name) is not null then
            execute format(
                'grant execute on function monitoring.check_token(bytea), monitoring.count_tokens() '
                'to %I', role_name);
        end if;
    end loop;
end
$$;

-- function apply_grants_before_tokens()

CREATE FUNCTION monitoring.apply_grants_before_tokens() RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
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

-- function begin_listening(text, uuid, timestamp with time zone)

CREATE FUNCTION monitoring.begin_listening(p_name text, p_holder uuid DEFAULT NULL::uuid, p_since timestamp with time zone DEFAULT NULL::timestamp with time zone) RETURNS TABLE(floor bigint, seen bigint[], missed bigint, missed_until timestamp with time zone, begun boolean, restored boolean)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
    most  constant integer := 200;
    known monitoring.cache_listeners;
begin
    begun := false;
    restored := false;
    select * into known from monitoring.cache_listeners as l where l.name = p_name for update;
    if not found then
        if (select count(*) from monitoring.cache_listeners as l where l.owner = session_user) >= most then
            raise exception 'login % has % listeners, which is the most', session_user, most
                using errcode = 'program_limit_exceeded',
                      hint = 'cache-auditor listeners forget NAME removes one that is dead';
        end if;
        insert into monitoring.cache_listeners (name, holder, floor, seen)
        select p_name, p_holder, s.floor,
               case when p_since is null then array(
                   select c.id from monitoring.cache_observation_changes as c where c.xid >= s.floor)
               else '{}' end
        from (select least(
                  (select min(c.xid::text::bigint) from monitoring.cache_observation_changes as c
                   where c.changed_at >= p_since),
                  pg_snapshot_xmin(pg_current_snapshot())::text::bigint)::text::xid8 as floor) as s
        on conflict do nothing;
        begun := found;
        select * into known from monitoring.cache_listeners as l where l.name = p_name for update;
    end if;
    if not known.owner = session_user
        and not has_table_privilege(session_user, 'monitoring.cache_listeners', 'update') then
        raise exception 'listener % belongs to the login %', p_name, known.owner
            using errcode = 'insufficient_privilege', hint = 'listen under another name';
    end if;
    if known.floor > pg_snapshot_xmax(pg_current_snapshot()) then
        restored := true;
        known.seen := '{}';
        known.floor := least(
            (select min(c.xid::text::bigint) from monitoring.cache_observation_changes as c
             where c.changed_at >= known.heard_at),
            pg_snapshot_xmin(pg_current_snapshot())::text::bigint)::text::xid8;
    end if;
    update monitoring.cache_listeners as l
    set holder = p_holder, floor = known.floor, seen = known.seen where l.name = p_name;
    floor := known.floor::text::bigint;
    seen := known.seen;
    missed := known.missed;
    missed_until := known.missed_until;
    return next;
end
$$;

COMMENT ON FUNCTION monitoring.begin_listening(p_name text, p_holder uuid, p_since timestamp with time zone) IS 'The place of a named listener, made when it is new; whoever calls it is the holder from now on. begun: it is new. restored: its place was another server''s, and changes since then come again.';

-- function calculate_hit_rate(numeric, numeric)

CREATE FUNCTION monitoring.calculate_hit_rate(hits numeric, misses numeric) RETURNS numeric
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN ((COALESCE(hits, (0)::numeric) + COALESCE(misses, (0)::numeric)) = (0)::numeric) THEN (0)::numeric ELSE round((((100)::numeric * COALESCE(hits, (0)::numeric)) / (COALESCE(hits, (0)::numeric) + COALESCE(misses, (0)::numeric))), 2) END;

COMMENT ON FUNCTION monitoring.calculate_hit_rate(hits numeric, misses numeric) IS 'Percent with two decimals; 0 when there was neither hit nor miss.';

-- function check_token(bytea)

CREATE FUNCTION monitoring.check_token(p_digest bytea) RETURNS TABLE(name text, scopes text[])
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
    if current_setting('transaction_read_only') = 'off' then
        update monitoring.cache_tokens as t set last_used_at = clock_timestamp()
        where t.token_id in (
            select u.token_id from monitoring.cache_tokens as u
            where u.digest = p_digest and u.revoked_at is null
              and (u.last_used_at is null or u.last_used_at < clock_timestamp() - interval '1 hour')
            -- nobody waits for somebody else's hour
            for update skip locked);
    end if;
    return query
        select t.name, t.scopes from monitoring.cache_tokens as t
        where t.digest = p_digest and t.revoked_at is null;
end
$$;

COMMENT ON FUNCTION monitoring.check_token(p_digest bytea) IS 'Whose token has this SHA-256, and what it may; no row for one that is unknown or revoked.';

-- function claim_reply(bytea, bytea)

CREATE FUNCTION monitoring.claim_reply(p_key bytea, p_body bytea) RETURNS TABLE(first_at timestamp with time zone, reply jsonb, same_body boolean)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
    kept_since constant timestamptz := clock_timestamp() - interval '24 hours';
begin
    delete from monitoring.cache_ingest_replies as old
    where old.key in (
        select r.key from monitoring.cache_ingest_replies as r
        where r.first_at < kept_since and r.key <> p_key
        order by r.first_at limit 100 for update skip locked);
    insert into monitoring.cache_ingest_replies as r (key, body, first_at)
    values (p_key, p_body, clock_timestamp())
    on conflict (key) do update set body = excluded.body, first_at = excluded.first_at, reply = null
        where r.first_at < kept_since;
    return query
        select r.first_at, r.reply, r.body = p_body
        from monitoring.cache_ingest_replies as r where r.key = p_key;
end
$$;

COMMENT ON FUNCTION monitoring.claim_reply(p_key bytea, p_body bytea) IS 'The place of a body among those of the last 24 hours: who claims a key first decides.';

-- function collector_heartbeat(uuid, timestamp with time zone, jsonb, boolean)

CREATE FUNCTION monitoring.collector_heartbeat(p_collector_id uuid, p_watermark timestamp with time zone, p_counts jsonb DEFAULT '{}'::jsonb, p_goodbye boolean DEFAULT false) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
    perform monitoring.collector_heartbeat_alone(p_collector_id, p_watermark, p_counts, p_goodbye);
    if jsonb_typeof(p_counts -> 'servers') = 'array' then
        perform monitoring.note_cache_servers(p_collector_id, p_counts -> 'servers');
    end if;
end
$$;

-- function collector_heartbeat_alone(uuid, timestamp with time zone, jsonb, boolean)

CREATE FUNCTION monitoring.collector_heartbeat_alone(p_collector_id uuid, p_watermark timestamp with time zone, p_counts jsonb DEFAULT '{}'::jsonb, p_goodbye boolean DEFAULT false) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
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

-- function collector_key_secret()

CREATE FUNCTION monitoring.collector_key_secret() RETURNS bytea
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
    select secret from monitoring.cache_auditor_secrets where name = 'cache_key'
$$;

-- function count_tokens()

CREATE FUNCTION monitoring.count_tokens() RETURNS TABLE(scope text, tokens bigint)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
    select s.scope, count(t.token_id)
    from unnest(array['ingest', 'ack', 'read']) as s (scope)
    left join monitoring.cache_tokens as t on s.scope = any (t.scopes) and t.revoked_at is null
    group by s.scope
$$;

COMMENT ON FUNCTION monitoring.count_tokens() IS 'How many tokens are good for each scope.';

-- function create_metric_partition(date)

CREATE FUNCTION monitoring.create_metric_partition(p_day date) RETURNS boolean
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
    select monitoring.make_metric_partition(p_day)
$$;

COMMENT ON FUNCTION monitoring.create_metric_partition(p_day date) IS 'Any day, for `cache-auditor load`; the collector''s own is ensure_metric_partition.';

-- function drop_metric_partition(date)

CREATE FUNCTION monitoring.drop_metric_partition(p_day date) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
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

-- function ensure_metric_partition(date)

CREATE FUNCTION monitoring.ensure_metric_partition(p_day date) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
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

-- function get_cache_performance_summary(text, interval)

CREATE FUNCTION monitoring.get_cache_performance_summary(p_implementation_type text DEFAULT NULL::text, p_time_window interval DEFAULT '01:00:00'::interval) RETURNS TABLE(implementation_type text, total_operations bigint, hit_rate numeric, avg_response_time_ms double precision, error_count bigint)
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
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

COMMENT ON FUNCTION monitoring.get_cache_performance_summary(p_implementation_type text, p_time_window interval) IS 'By implementation over the last p_time_window: operations, hit rate in percent, mean response time of gets, errors.';

-- function histogram_bin(double precision)

CREATE FUNCTION monitoring.histogram_bin(ms double precision) RETURNS smallint
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN (width_bucket(ms, '{0.001,0.00102,…,1010135.9665647133}' /* 1048 */::double precision[]))::smallint;

COMMENT ON FUNCTION monitoring.histogram_bin(ms double precision) IS 'How many edges lie at or below a response time: 0 is below 1 µs, all of them is overflow.';

-- function histogram_edges()

CREATE FUNCTION monitoring.histogram_edges() RETURNS double precision[]
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN '{0.001,0.00102,…,1010135.9665647133}' /* 1048 */::double precision[];

COMMENT ON FUNCTION monitoring.histogram_edges() IS 'ms: 0.001 and each 1.02 times the one before, up to the first at or beyond 1,000,000.';

-- function histogram_quantile(smallint[], bigint[], double precision)

CREATE FUNCTION monitoring.histogram_quantile(bins smallint[], counts bigint[], q double precision) RETURNS double precision
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
    AS $$
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

COMMENT ON FUNCTION monitoring.histogram_quantile(bins smallint[], counts bigint[], q double precision) IS 'Quantile of a sparse histogram in ms, type 7, within 1 %; null when it is empty.';

-- function histogram_value(integer)

CREATE FUNCTION monitoring.histogram_value(bin integer) RETURNS double precision
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN (bin <= 0) THEN (0)::double precision WHEN (bin >= 1048) THEN ('{0.001,0.00102,…,1010135.9665647133}' /* 1048 */::double precision[])[1048] ELSE ((((2)::double precision * ('{0.001,0.00102,…,1010135.9665647133}' /* 1048 */::double precision[])[bin]) * ('{0.001,0.00102,…,1010135.9665647133}' /* 1048 */::double precision[])[(bin + 1)]) / (('{0.001,0.00102,…,1010135.9665647133}' /* 1048 */::double precision[])[bin] + ('{0.001,0.00102,…,1010135.9665647133}' /* 1048 */::double precision[])[(bin + 1)])) END;

COMMENT ON FUNCTION monitoring.histogram_value(bin integer) IS 'ms that a bin stands for: 0, 2·lo·hi/(lo+hi), or the last edge for overflow.';

-- function keep_listening(text, uuid, bigint, bigint[], bigint)

CREATE FUNCTION monitoring.keep_listening(p_name text, p_holder uuid, p_floor bigint, p_seen bigint[], p_told bigint DEFAULT 0) RETURNS boolean
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
    update monitoring.cache_listeners as l
    set floor = p_floor::text::xid8, seen = p_seen, heard_at = clock_timestamp(),
        missed = greatest(l.missed - p_told, 0)
    where l.name = p_name and l.holder = p_holder
      and (l.owner = session_user
           or has_table_privilege(session_user, 'monitoring.cache_listeners', 'update'))
    returning true
$$;

COMMENT ON FUNCTION monitoring.keep_listening(p_name text, p_holder uuid, p_floor bigint, p_seen bigint[], p_told bigint) IS 'Notes how far the holder has heard, and of how many missed changes it was told; null: another process follows under this name now, or it was forgotten.';

-- function log_changed_observations()

CREATE FUNCTION monitoring.log_changed_observations() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
    severities constant text[] := array['info', 'warning', 'critical'];
begin
    insert into monitoring.cache_observation_changes (
        observation_id, kind, by, reason, note, observation)
    select c.id, c.kind,
           case c.kind when 'acknowledged' then c.row ->> 'acknowledged_by'
                       when 'revoked' then c.row #>> '{metadata,revocation,by}' end,
           case c.kind when 'acknowledged' then c.row #>> '{metadata,acknowledgement,reason}'
                       when 'revoked' then c.row #>> '{metadata,revocation,reason}' end,
           case when c.kind = 'acknowledged' then c.row #>> '{metadata,acknowledgement,note}' end,
           c.row
    from (
        select n.id, to_jsonb(n) as row,
               case
                   when o.state = 'open' and n.state = 'resolved' then 'resolved'
                   when o.state = 'resolved' and n.state = 'open' then 'reopened'
                   when array_position(severities, n.severity)
                        > array_position(severities, o.severity) then 'escalated'
                   when n.acknowledged and not o.acknowledged then 'acknowledged'
                   when o.acknowledged and not n.acknowledged
                        and (n.metadata -> 'revocation') is distinct from (o.metadata -> 'revocation')
                        then 'revoked'
                   when o.acknowledged and not n.acknowledged then 'reopened'
                   else 'changed'
               end as kind
        from new_rows as n join old_rows as o using (id)
        where to_jsonb(n) - 'updated_at' is distinct from to_jsonb(o) - 'updated_at'
    ) as c
    order by c.id;
    return null;
end
$$;

-- function log_opened_observations()

CREATE FUNCTION monitoring.log_opened_observations() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
    insert into monitoring.cache_observation_changes (observation_id, kind, observation)
    select id, 'opened', to_jsonb(new_rows) from new_rows order by rank desc, id;
    return null;
end
$$;

-- function make_metric_partition(date)

CREATE FUNCTION monitoring.make_metric_partition(p_day date) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
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

-- function note_cache_servers(uuid, jsonb)

CREATE FUNCTION monitoring.note_cache_servers(p_collector_id uuid, p_servers jsonb) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
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

COMMENT ON FUNCTION monitoring.note_cache_servers(p_collector_id uuid, p_servers jsonb) IS 'Part of collector_heartbeat: what an agent says of the servers that it polls.';

-- function note_missed_changes()

CREATE FUNCTION monitoring.note_missed_changes() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
    update monitoring.cache_listeners as l
    set missed = l.missed + m.changes, missed_until = greatest(l.missed_until, m.last)
    from (
        select k.name, count(*) as changes, max(o.changed_at) as last
        from monitoring.cache_listeners as k
        join old_rows as o on o.xid >= k.floor and not o.id = any (k.seen)
        group by k.name
    ) as m
    where l.name = m.name;
    insert into monitoring.cache_auditor_state as s (name, value)
    select 'changes_trimmed_until', max(o.changed_at) from old_rows as o
    having count(*) > 0
    on conflict (name) do update set value = greatest(s.value, excluded.value);
    return null;
end
$$;

-- function notify_windows(timestamp with time zone[])

CREATE FUNCTION monitoring.notify_windows(minutes timestamp with time zone[]) RETURNS void
    LANGUAGE sql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
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

-- function observation_broadcast(jsonb)

CREATE FUNCTION monitoring.observation_broadcast(p_observation jsonb) RETURNS jsonb
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET extra_float_digits TO '1'
    AS $$
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

COMMENT ON FUNCTION monitoring.observation_broadcast(p_observation jsonb) IS 'What listeners are sent of an observation: its row, as the log of changes has it, with its instants in UTC; beyond 200,000 bytes without its metadata, and its texts cut.';

-- function observations_changed()

CREATE FUNCTION monitoring.observations_changed() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
    perform pg_notify('cache_auditor', json_build_object('kind', 'observations', 'sequence', max(id))::text)
    from new_rows
    having count(*) > 0;
    perform monitoring.send_observations(array_agg(observation order by id)) from new_rows;
    return null;
end
$$;

-- function revoke_acknowledgement(bigint, text)

CREATE FUNCTION monitoring.revoke_acknowledgement(p_feedback_id bigint, p_by text) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
    observation_of uuid;
    feedback monitoring.cache_acknowledgements;
begin
    select observation_id into observation_of
    from monitoring.cache_acknowledgements where id = p_feedback_id;
    -- in the order in which the tick takes its locks: the observation, then what was said of it
    perform from monitoring.cache_auditor_observations where id = observation_of for update;
    select * into feedback from monitoring.cache_acknowledgements
    where id = p_feedback_id for update;
    if not found then
        return 'unknown';
    end if;
    if feedback.revoked_at is not null then
        return 'already';
    end if;
    update monitoring.cache_acknowledgements set revoked_at = now(), revoked_by = p_by
    where id = p_feedback_id;
    update monitoring.cache_auditor_observations set
        acknowledged = false, acknowledged_at = null, acknowledged_by = null, updated_at = now(),
        metadata = (metadata - 'acknowledgement') || jsonb_build_object(
            'revocation', jsonb_build_object(
                'feedback', p_feedback_id, 'by', p_by, 'reason', feedback.reason))
    where id = feedback.observation_id and acknowledged;
    return 'revoked';
end
$$;

COMMENT ON FUNCTION monitoring.revoke_acknowledgement(p_feedback_id bigint, p_by text) IS 'revoked, already (it was, or a worse turn took it back), or unknown (there is no such feedback).';

-- function send_observations(jsonb[])

CREATE FUNCTION monitoring.send_observations(observations jsonb[]) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET lock_timeout TO '1s'
    AS $$
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

COMMENT ON FUNCTION monitoring.send_observations(observations jsonb[]) IS 'Broadcasts the first 50 of these observations where there is Supabase Realtime; never fails.';

-- function send_windows(timestamp with time zone[])

CREATE FUNCTION monitoring.send_windows(minutes timestamp with time zone[]) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET lock_timeout TO '1s'
    AS $$
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

COMMENT ON FUNCTION monitoring.send_windows(minutes timestamp with time zone[]) IS 'Broadcasts the newest three of these minutes where there is Supabase Realtime; never fails.';

-- function settle_reply(bytea, timestamp with time zone, jsonb)

CREATE FUNCTION monitoring.settle_reply(p_key bytea, p_first_at timestamp with time zone, p_reply jsonb) RETURNS jsonb
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
    update monitoring.cache_ingest_replies as r set reply = coalesce(r.reply, p_reply)
    where r.key = p_key and r.first_at = p_first_at
    returning r.reply
$$;

COMMENT ON FUNCTION monitoring.settle_reply(p_key bytea, p_first_at timestamp with time zone, p_reply jsonb) IS 'What was answered, the first time it is said; gives the answer that stands.';

-- function sign_observation(uuid, text, text, text, text, interval)

CREATE FUNCTION monitoring.sign_observation(p_observation_id uuid, p_by text, p_reason text, p_note text DEFAULT ''::text, p_scope text DEFAULT 'metric'::text, p_expires interval DEFAULT NULL::interval, OUT outcome text, OUT feedback_id bigint) RETURNS record
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
    observation monitoring.cache_auditor_observations;
    lasts interval := coalesce(p_expires, case p_reason
        when 'false-alarm' then interval '30 days'
        when 'expected' then interval '24 hours'
        when 'new-normal' then interval '14 days'
    end);
begin
    if p_scope is null or p_scope not in ('metric', 'series', 'cache-metric', 'cache') then
        raise check_violation using message = format('there is no scope %L', p_scope),
            hint = 'It is metric, series, cache-metric or cache.';
    end if;
    if lasts < interval '1 minute' or lasts > interval '366 days' then
        raise check_violation using message = format('feedback cannot last %s', lasts),
            hint = 'It lasts from a minute to 366 days.';
    end if;
    select * into observation from monitoring.cache_auditor_observations
    where id = p_observation_id for update;
    if not found then
        outcome := 'unknown';
        return;
    end if;
    if observation.acknowledged then
        outcome := 'already';
        return;
    end if;
    insert into monitoring.cache_acknowledgements (
        observation_id, acknowledged_by, reason, note, scope_cache_name, scope_implementation_type,
        scope_metric, expires_at, bar, severity)
    values (
        p_observation_id, p_by, p_reason, coalesce(p_note, ''), observation.cache_name,
        case when p_scope in ('metric', 'series') then observation.implementation_type end,
        case when p_scope in ('metric', 'cache-metric') then observation.metric_name end,
        case when p_reason <> 'fixed' then now() + lasts end,
        (select (progress ->> 'peak_surprise')::double precision
         from monitoring.cache_observation_progress where observation_id = p_observation_id),
        observation.severity)
    returning id into feedback_id;
    update monitoring.cache_auditor_observations set
        acknowledged = true, acknowledged_at = now(), acknowledged_by = p_by, updated_at = now(),
        metadata = metadata || jsonb_build_object(
            'acknowledgement', jsonb_build_object('reason', p_reason, 'note', coalesce(p_note, '')))
    where id = p_observation_id;
    outcome := 'acknowledged';
end
$$;

COMMENT ON FUNCTION monitoring.sign_observation(p_observation_id uuid, p_by text, p_reason text, p_note text, p_scope text, p_expires interval, OUT outcome text, OUT feedback_id bigint) IS 'outcome: acknowledged, already (it was, and nothing is changed), or unknown; feedback_id: of the new row of cache_acknowledgements. Scope: metric, series, cache-metric or cache.';

-- function stop_listening(text)

CREATE FUNCTION monitoring.stop_listening(p_name text) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
    delete from monitoring.cache_listeners as l
    where l.name = p_name
      and (l.owner = session_user
           or has_table_privilege(session_user, 'monitoring.cache_listeners', 'delete'));
    if found then
        return 'forgotten';
    end if;
    perform from monitoring.cache_listeners as l where l.name = p_name;
    return case when found then 'foreign' else 'unknown' end;
end
$$;

COMMENT ON FUNCTION monitoring.stop_listening(p_name text) IS 'forgotten, foreign (another login''s), or unknown (there is no such listener).';

-- function take_back_acknowledgements()

CREATE FUNCTION monitoring.take_back_acknowledgements() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
    update monitoring.cache_acknowledgements as a set revoked_at = now()
    from new_rows as n join old_rows as o using (id)
    where o.acknowledged and not n.acknowledged
      and a.observation_id = n.id and a.revoked_at is null;
    return null;
end
$$;

-- function windows_broadcast(timestamp with time zone)

CREATE FUNCTION monitoring.windows_broadcast(p_minute timestamp with time zone) RETURNS jsonb
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET extra_float_digits TO '1'
    AS $$
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

COMMENT ON FUNCTION monitoring.windows_broadcast(p_minute timestamp with time zone) IS 'What listeners are sent of a minute: its windows, the busiest first, of them so many as take at most 200,000 bytes as text; total says how many there are.';

-- function windows_insert_begins()

CREATE FUNCTION monitoring.windows_insert_begins() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
    perform set_config('cache_auditor.inserting', 'yes', true),
            set_config('cache_auditor.updated_minutes', '', true);
    return null;
end
$$;

-- function windows_inserted()

CREATE FUNCTION monitoring.windows_inserted() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
    touched timestamptz[];
begin
    select array_agg(distinct minute_window) into touched from new_rows;
    touched := touched
        || coalesce(nullif(current_setting('cache_auditor.updated_minutes', true), '')::timestamptz[], '{}');
    perform set_config('cache_auditor.inserting', 'no', true),
            set_config('cache_auditor.updated_minutes', '', true);
    perform monitoring.notify_windows(touched);
    return null;
end
$$;

-- function windows_updated()

CREATE FUNCTION monitoring.windows_updated() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
    touched timestamptz[];
begin
    select array_agg(distinct minute_window) into touched from new_rows;
    if current_setting('cache_auditor.inserting', true) = 'yes' then
        perform set_config('cache_auditor.updated_minutes', coalesce(touched::text, ''), true);
    else
        perform monitoring.notify_windows(touched);
    end if;
    return null;
end
$$;

-- table cache_acknowledgements

CREATE TABLE monitoring.cache_acknowledgements (
    id bigint NOT NULL,
    observation_id uuid NOT NULL,
    acknowledged_by text NOT NULL,
    reason text NOT NULL,
    note text DEFAULT ''::text NOT NULL,
    acknowledged_at timestamp with time zone DEFAULT now() NOT NULL,
    revoked_at timestamp with time zone,
    scope_cache_name text NOT NULL,
    scope_implementation_type text,
    scope_metric text,
    expires_at timestamp with time zone,
    bar double precision,
    severity text NOT NULL,
    revoked_by text,
    CONSTRAINT cache_acknowledgements_expires_unless_fixed CHECK ((((reason = 'fixed'::text) = (expires_at IS NULL)) AND (expires_at >= acknowledged_at))),
    CONSTRAINT cache_acknowledgements_note_short CHECK ((char_length(note) <= 2000)),
    CONSTRAINT cache_acknowledgements_reason_known CHECK ((reason = ANY (ARRAY['fixed'::text, 'expected'::text, 'false-alarm'::text, 'new-normal'::text]))),
    CONSTRAINT cache_acknowledgements_revoked_when_revoked CHECK (((revoked_by IS NULL) OR ((revoked_at IS NOT NULL) AND ((char_length(revoked_by) >= 1) AND (char_length(revoked_by) <= 200))))),
    CONSTRAINT cache_acknowledgements_severity_known CHECK ((severity = ANY (ARRAY['info'::text, 'warning'::text, 'critical'::text]))),
    CONSTRAINT cache_acknowledgements_signed CHECK (((char_length(acknowledged_by) >= 1) AND (char_length(acknowledged_by) <= 200)))
);

COMMENT ON TABLE monitoring.cache_acknowledgements IS 'A person''s signed note on an observation. fixed: real, and mended. expected: real, and planned. false-alarm: not real. new-normal: how things are from now on.';

COMMENT ON COLUMN monitoring.cache_acknowledgements.revoked_at IS 'It no longer counts, from then on; null: it stands.';

COMMENT ON COLUMN monitoring.cache_acknowledgements.scope_implementation_type IS 'Null: every implementation of the cache.';

COMMENT ON COLUMN monitoring.cache_acknowledgements.scope_metric IS 'The leading metric of the observations that it silences; null: any.';

COMMENT ON COLUMN monitoring.cache_acknowledgements.expires_at IS 'Until when it silences, at least; expected goes on until its observation has resolved, new-normal ends when the new has been learned. Null where it silences nothing (fixed).';

COMMENT ON COLUMN monitoring.cache_acknowledgements.bar IS 'The surprise that the observation had reached when it was signed; null: not known.';

COMMENT ON COLUMN monitoring.cache_acknowledgements.severity IS 'Of the observation when it was signed: what is more severe is never silenced by it.';

COMMENT ON COLUMN monitoring.cache_acknowledgements.revoked_by IS 'Who revoked it; null: a worse turn of the observation took it back.';

-- sequence cache_acknowledgements_id_seq

ALTER TABLE monitoring.cache_acknowledgements ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME monitoring.cache_acknowledgements_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

-- table cache_auditor_migrations

CREATE TABLE monitoring.cache_auditor_migrations (
    version integer NOT NULL,
    name text NOT NULL,
    sha256 text NOT NULL,
    applied_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    applied_by text DEFAULT SESSION_USER NOT NULL,
    app_version text NOT NULL
);

COMMENT ON TABLE monitoring.cache_auditor_migrations IS 'Which migrations have landed; each row was written in its migration''s transaction.';

-- table cache_auditor_observations

CREATE TABLE monitoring.cache_auditor_observations (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    cache_name text DEFAULT 'default'::text NOT NULL,
    implementation_type text,
    node text DEFAULT ''::text NOT NULL,
    "timestamp" timestamp with time zone DEFAULT now() NOT NULL,
    severity text NOT NULL,
    category text NOT NULL,
    title text NOT NULL,
    description text NOT NULL,
    recommendation text,
    metric_name text,
    metric_value double precision,
    baseline_value double precision,
    deviation_percentage double precision,
    metadata jsonb DEFAULT '{}'::jsonb NOT NULL,
    acknowledged boolean DEFAULT false NOT NULL,
    acknowledged_at timestamp with time zone,
    acknowledged_by text,
    state text DEFAULT 'open'::text NOT NULL,
    rank double precision DEFAULT 0 NOT NULL,
    cause text,
    first_window timestamp with time zone DEFAULT date_trunc('minute'::text, now(), 'UTC'::text) NOT NULL,
    resolved_at timestamp with time zone,
    reopened integer DEFAULT 0 NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT cache_auditor_observations_category_known CHECK ((category = ANY (ARRAY['performance'::text, 'reliability'::text, 'capacity'::text, 'anomaly'::text]))),
    CONSTRAINT cache_auditor_observations_deviation_real CHECK (((deviation_percentage > '-Infinity'::double precision) AND (deviation_percentage < 'Infinity'::double precision))),
    CONSTRAINT cache_auditor_observations_resolved_when_resolved CHECK (((state = 'resolved'::text) = (resolved_at IS NOT NULL))),
    CONSTRAINT cache_auditor_observations_severity_known CHECK ((severity = ANY (ARRAY['info'::text, 'warning'::text, 'critical'::text]))),
    CONSTRAINT cache_auditor_observations_state_known CHECK ((state = ANY (ARRAY['open'::text, 'resolved'::text])))
);

COMMENT ON TABLE monitoring.cache_auditor_observations IS 'One problem of one cache as a person should see it. Changes only when it opens, escalates, is acknowledged, reopens or resolves.';

COMMENT ON COLUMN monitoring.cache_auditor_observations.severity IS 'info < warning < critical; it only rises while the observation is open.';

COMMENT ON COLUMN monitoring.cache_auditor_observations.deviation_percentage IS 'Against the baseline; null where the baseline is 0: there is no percentage of nothing.';

COMMENT ON COLUMN monitoring.cache_auditor_observations.state IS 'open: the problem lasts. resolved: it is over, and reopens if it returns soon.';

COMMENT ON COLUMN monitoring.cache_auditor_observations.rank IS '0 to 100, orders within and across severities; as of the last transition.';

-- table cache_auditor_secrets

CREATE TABLE monitoring.cache_auditor_secrets (
    name text NOT NULL,
    secret bytea NOT NULL
);

COMMENT ON TABLE monitoring.cache_auditor_secrets IS 'Keyed hashing of cache keys: one secret an installation, so that keys compare across hosts.';

-- table cache_auditor_state

CREATE TABLE monitoring.cache_auditor_state (
    name text NOT NULL,
    value timestamp with time zone NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL
);

COMMENT ON TABLE monitoring.cache_auditor_state IS 'Where the auditor stands: settled_until, scored_until, last_tick_at, last_retention_at, last_refresh_at.';

-- table cache_baseline_metrics

CREATE TABLE monitoring.cache_baseline_metrics (
    id bigint NOT NULL,
    cache_name text DEFAULT 'default'::text NOT NULL,
    implementation_type text NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    baseline_period_start timestamp with time zone NOT NULL,
    baseline_period_end timestamp with time zone NOT NULL,
    baseline_hit_rate double precision,
    baseline_avg_response_time_ms double precision,
    baseline_p95_response_time_ms double precision,
    baseline_error_rate double precision,
    hit_rate_stddev double precision,
    response_time_stddev double precision,
    sample_size bigint DEFAULT 0 NOT NULL,
    time_zone text DEFAULT 'UTC'::text NOT NULL,
    recipe jsonb DEFAULT '{}'::jsonb NOT NULL,
    is_active boolean DEFAULT true NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT cache_baseline_metrics_ordered CHECK ((baseline_period_start < baseline_period_end))
);

COMMENT ON TABLE monitoring.cache_baseline_metrics IS 'What is ordinary for a cache and implementation (rates in percent), and the span it was fitted on.';

-- sequence cache_baseline_metrics_id_seq

ALTER TABLE monitoring.cache_baseline_metrics ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME monitoring.cache_baseline_metrics_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

-- table cache_baseline_profiles

CREATE TABLE monitoring.cache_baseline_profiles (
    cache_name text NOT NULL,
    baseline_id bigint NOT NULL,
    metric text NOT NULL,
    slot smallint NOT NULL,
    centre double precision,
    spread double precision,
    successes double precision,
    trials double precision,
    dispersion double precision,
    windows double precision DEFAULT 0 NOT NULL
);

COMMENT ON TABLE monitoring.cache_baseline_profiles IS 'Centre and spread by metric and slot of the week (0 = Monday 00:00 in the cache''s zone; −1 = all).';

-- table cache_calibrations

CREATE TABLE monitoring.cache_calibrations (
    id bigint NOT NULL,
    cache_name text NOT NULL,
    implementation_type text NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    fitted_at timestamp with time zone NOT NULL,
    fitted_since timestamp with time zone NOT NULL,
    fitted_until timestamp with time zone NOT NULL,
    tails jsonb NOT NULL,
    is_active boolean DEFAULT true NOT NULL
);

COMMENT ON TABLE monitoring.cache_calibrations IS 'How rare each detector''s statistic has been on this series'' own past: the tail, as plain numbers.';

-- sequence cache_calibrations_id_seq

ALTER TABLE monitoring.cache_calibrations ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME monitoring.cache_calibrations_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

-- table cache_collectors

CREATE TABLE monitoring.cache_collectors (
    collector_id uuid NOT NULL,
    node text DEFAULT ''::text NOT NULL,
    pid integer,
    version text DEFAULT ''::text NOT NULL,
    started_at timestamp with time zone DEFAULT now() NOT NULL,
    last_seen_at timestamp with time zone DEFAULT now() NOT NULL,
    watermark timestamp with time zone,
    goodbye_at timestamp with time zone,
    recorded bigint DEFAULT 0 NOT NULL,
    delivered bigint DEFAULT 0 NOT NULL,
    dropped bigint DEFAULT 0 NOT NULL,
    refused bigint DEFAULT 0 NOT NULL,
    lost bigint DEFAULT 0 NOT NULL,
    spooled bigint DEFAULT 0 NOT NULL,
    keys_local boolean DEFAULT false NOT NULL,
    owner name DEFAULT SESSION_USER NOT NULL
);

COMMENT ON TABLE monitoring.cache_collectors IS 'Who delivers, up to when (watermark), and what it could not keep.';

COMMENT ON COLUMN monitoring.cache_collectors.watermark IS 'Everything recorded before this instant has been delivered; null: not known of any instant.';

COMMENT ON COLUMN monitoring.cache_collectors.goodbye_at IS 'It ended in an orderly way; null: it is expected for 3 minutes after it was last seen.';

COMMENT ON COLUMN monitoring.cache_collectors.dropped IS 'Discarded because the buffer or the spool was full.';

COMMENT ON COLUMN monitoring.cache_collectors.refused IS 'Not stored for what they held, or for their age.';

COMMENT ON COLUMN monitoring.cache_collectors.lost IS 'Died with a process that was killed.';

COMMENT ON COLUMN monitoring.cache_collectors.spooled IS 'Waiting on the collector''s disk now.';

COMMENT ON COLUMN monitoring.cache_collectors.keys_local IS 'Its keys were hashed with a secret of its host alone, and compare with no other''s.';

COMMENT ON COLUMN monitoring.cache_collectors.owner IS 'The login that made it; no other may move it.';

-- table cache_forests

CREATE TABLE monitoring.cache_forests (
    id bigint NOT NULL,
    fitted_at timestamp with time zone NOT NULL,
    fitted_since timestamp with time zone NOT NULL,
    fitted_until timestamp with time zone NOT NULL,
    seed bigint NOT NULL,
    features text[] NOT NULL,
    n_rows integer NOT NULL,
    training bytea NOT NULL,
    is_active boolean DEFAULT true NOT NULL
);

COMMENT ON TABLE monitoring.cache_forests IS 'The one isolation forest of all series: its seed and the residual rows it learned from.';

-- sequence cache_forests_id_seq

ALTER TABLE monitoring.cache_forests ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME monitoring.cache_forests_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

-- table cache_histograms_1hour

CREATE TABLE monitoring.cache_histograms_1hour (
    cache_name text CONSTRAINT cache_histograms_1min_cache_name_not_null NOT NULL,
    implementation_type text CONSTRAINT cache_histograms_1min_implementation_type_not_null NOT NULL,
    node text DEFAULT ''::text CONSTRAINT cache_histograms_1min_node_not_null NOT NULL,
    hour_window timestamp with time zone CONSTRAINT cache_histograms_1min_minute_window_not_null NOT NULL,
    operation_type text CONSTRAINT cache_histograms_1min_operation_type_not_null NOT NULL,
    bins smallint[] CONSTRAINT cache_histograms_1min_bins_not_null NOT NULL,
    counts bigint[] CONSTRAINT cache_histograms_1min_counts_not_null NOT NULL,
    CONSTRAINT cache_histograms_1hour_paired CHECK ((cardinality(bins) = cardinality(counts)))
);

COMMENT ON TABLE monitoring.cache_histograms_1hour IS 'The same by the hour: the sum of its minutes.';

-- table cache_histograms_1min

CREATE TABLE monitoring.cache_histograms_1min (
    cache_name text NOT NULL,
    implementation_type text NOT NULL,
    node text DEFAULT ''::text NOT NULL,
    minute_window timestamp with time zone NOT NULL,
    operation_type text NOT NULL,
    bins smallint[] NOT NULL,
    counts bigint[] NOT NULL,
    CONSTRAINT cache_histograms_1min_paired CHECK ((cardinality(bins) = cardinality(counts)))
);

COMMENT ON TABLE monitoring.cache_histograms_1min IS 'Latency of one kind of operation in one window, as sparse log bins; mergeable by adding counts.';

-- table cache_hours_to_roll

CREATE TABLE monitoring.cache_hours_to_roll (
    hour_window timestamp with time zone NOT NULL
);

COMMENT ON TABLE monitoring.cache_hours_to_roll IS 'Hours of which a minute has changed since they were last made.';

-- table cache_ingest_replies

CREATE TABLE monitoring.cache_ingest_replies (
    key bytea NOT NULL,
    body bytea NOT NULL,
    first_at timestamp with time zone NOT NULL,
    reply jsonb,
    CONSTRAINT cache_ingest_replies_hashed CHECK (((octet_length(key) = 32) AND (octet_length(body) = 32)))
);

COMMENT ON TABLE monitoring.cache_ingest_replies IS 'What was answered to a body that came over HTTP without an id of its own; kept 24 hours.';

COMMENT ON COLUMN monitoring.cache_ingest_replies.key IS 'SHA-256 of the token and the idempotency key, or of the token and the body.';

COMMENT ON COLUMN monitoring.cache_ingest_replies.body IS 'SHA-256 of the body that came first.';

COMMENT ON COLUMN monitoring.cache_ingest_replies.first_at IS 'When it came first; its batches are numbered by it.';

COMMENT ON COLUMN monitoring.cache_ingest_replies.reply IS 'What was answered; null: not yet, or its process died.';

-- table cache_listeners

CREATE TABLE monitoring.cache_listeners (
    name text NOT NULL,
    owner name DEFAULT SESSION_USER NOT NULL,
    floor xid8 NOT NULL,
    seen bigint[] DEFAULT '{}'::bigint[] NOT NULL,
    holder uuid,
    missed bigint DEFAULT 0 NOT NULL,
    missed_until timestamp with time zone,
    begun_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    heard_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT cache_listeners_name_short CHECK ((name ~ '^[A-Za-z0-9_.:-]{1,64}$'::text)),
    CONSTRAINT cache_listeners_seen_bounded CHECK ((cardinality(seen) <= 100000))
);

COMMENT ON TABLE monitoring.cache_listeners IS 'How far each named listener has heard the change log, so that it goes on there after a kill.';

COMMENT ON COLUMN monitoring.cache_listeners.owner IS 'The login that made it; no other may move it.';

COMMENT ON COLUMN monitoring.cache_listeners.floor IS 'The oldest transaction that was unfinished when the listener last read: it reads from there.';

COMMENT ON COLUMN monitoring.cache_listeners.seen IS 'Changes of transactions at or above the floor that it has dealt with.';

COMMENT ON COLUMN monitoring.cache_listeners.holder IS 'Who follows under this name: the process that began last.';

COMMENT ON COLUMN monitoring.cache_listeners.missed IS 'Changes that were removed from the log before the listener heard them, and that it was not told of.';

COMMENT ON COLUMN monitoring.cache_listeners.missed_until IS 'The last of them.';

-- table cache_maintenance

CREATE TABLE monitoring.cache_maintenance (
    id bigint NOT NULL,
    cache_name text,
    implementation_type text,
    since timestamp with time zone NOT NULL,
    until timestamp with time zone,
    every text,
    starts_at time without time zone,
    lasts interval,
    time_zone text DEFAULT 'UTC'::text NOT NULL,
    reason text DEFAULT ''::text NOT NULL,
    entered_by text NOT NULL,
    entered_at timestamp with time zone DEFAULT now() NOT NULL,
    ended_at timestamp with time zone,
    ended_by text,
    cut_at timestamp with time zone[] DEFAULT '{}'::timestamp with time zone[] NOT NULL,
    CONSTRAINT cache_maintenance_cuts_real CHECK (((cardinality(cut_at) <= 1000) AND (array_position(cut_at, NULL::timestamp with time zone) IS NULL) AND (NOT (cut_at && '{infinity,-infinity}'::timestamp with time zone[])))),
    CONSTRAINT cache_maintenance_ended_signed CHECK ((((ended_at IS NULL) OR (ended_by IS NOT NULL)) AND ((char_length(ended_by) >= 1) AND (char_length(ended_by) <= 200)))),
    CONSTRAINT cache_maintenance_ends_after_it_begins CHECK ((until > since)),
    CONSTRAINT cache_maintenance_every_known CHECK ((every ~ '^(daily|last day|day ([1-9]|[12][0-9]|3[01])|(monday|tuesday|wednesday|thursday|friday|saturday|sunday)(,(monday|tuesday|wednesday|thursday|friday|saturday|sunday))*)$'::text)),
    CONSTRAINT cache_maintenance_lasts_short CHECK (((lasts >= '00:01:00'::interval) AND (lasts <= '31 days'::interval))),
    CONSTRAINT cache_maintenance_once_or_again CHECK ((((every IS NULL) = (starts_at IS NULL)) AND ((every IS NULL) = (lasts IS NULL)) AND ((every IS NOT NULL) OR (until IS NOT NULL)))),
    CONSTRAINT cache_maintenance_once_short CHECK (((every IS NOT NULL) OR (((until - since) >= '00:01:00'::interval) AND ((until - since) <= '31 days'::interval)))),
    CONSTRAINT cache_maintenance_reason_short CHECK ((char_length(reason) <= 2000)),
    CONSTRAINT cache_maintenance_scope_named CHECK (((cache_name <> ''::text) AND (implementation_type <> ''::text))),
    CONSTRAINT cache_maintenance_signed CHECK (((char_length(entered_by) >= 1) AND (char_length(entered_by) <= 200))),
    CONSTRAINT cache_maintenance_starts_on_the_minute CHECK ((starts_at = (date_trunc('minute'::text, (starts_at)::interval))::time without time zone)),
    CONSTRAINT cache_maintenance_time_zone_short CHECK (((char_length(time_zone) >= 1) AND (char_length(time_zone) <= 100))),
    CONSTRAINT cache_maintenance_years_real CHECK (((since >= '1970-01-01 00:00:00+00'::timestamp with time zone) AND (since < '2200-01-01 00:00:00+00'::timestamp with time zone) AND (until < '2200-01-01 00:00:00+00'::timestamp with time zone) AND (ended_at >= '1970-01-01 00:00:00+00'::timestamp with time zone) AND (ended_at < '2200-01-01 00:00:00+00'::timestamp with time zone)))
);

COMMENT ON TABLE monitoring.cache_maintenance IS 'While it holds, nothing new is opened for its series and nothing escalates; its windows are not learned from.';

COMMENT ON COLUMN monitoring.cache_maintenance.every IS 'null: once, in [since, until). daily; weekdays such as monday,thursday; day 1 to day 31 of a month; last day of a month.';

COMMENT ON COLUMN monitoring.cache_maintenance.cut_at IS 'Instants at which the occurrence that was on was ended, and no other.';

-- sequence cache_maintenance_id_seq

ALTER TABLE monitoring.cache_maintenance ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME monitoring.cache_maintenance_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

-- table cache_metric_batches

CREATE TABLE monitoring.cache_metric_batches (
    batch_id bigint NOT NULL,
    collector_id uuid NOT NULL,
    sequence bigint NOT NULL,
    minutes timestamp with time zone[] DEFAULT '{}'::timestamp with time zone[] NOT NULL,
    events bigint DEFAULT 0 NOT NULL,
    weights bigint DEFAULT 0 NOT NULL,
    refused bigint DEFAULT 0 NOT NULL,
    too_late bigint DEFAULT 0 NOT NULL,
    received_at timestamp with time zone DEFAULT now() NOT NULL,
    xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
    rolled_at timestamp with time zone
);

COMMENT ON TABLE monitoring.cache_metric_batches IS 'Exactly once: a batch is stored when its row here is, in the same transaction. Kept 14 days, longer than a spool may grow old.';

COMMENT ON COLUMN monitoring.cache_metric_batches.minutes IS 'Every minute that a row of the batch falls into: what a rollup must make again.';

COMMENT ON COLUMN monitoring.cache_metric_batches.too_late IS 'Rows that came after the raw rows of their day were trimmed: counted, never rolled.';

COMMENT ON COLUMN monitoring.cache_metric_batches.rolled_at IS 'When a rollup made its windows; null: none has seen it yet.';

-- sequence cache_metric_batches_batch_id_seq

ALTER TABLE monitoring.cache_metric_batches ALTER COLUMN batch_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME monitoring.cache_metric_batches_batch_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

-- table cache_metric_gauges

CREATE TABLE monitoring.cache_metric_gauges (
    cache_name text DEFAULT 'default'::text NOT NULL,
    implementation_type text NOT NULL,
    node text DEFAULT ''::text NOT NULL,
    second timestamp with time zone NOT NULL,
    measured_ms integer NOT NULL,
    entries bigint,
    memory_bytes bigint,
    memory_limit_bytes bigint,
    clients bigint,
    batch_id bigint DEFAULT 0 NOT NULL,
    CONSTRAINT cache_metric_gauges_believable CHECK ((((measured_ms >= 0) AND (measured_ms <= 60000)) AND ((entries >= 0) AND (entries <= '9007199254740992'::bigint)) AND ((clients >= 0) AND (clients <= '9007199254740992'::bigint)) AND ((memory_bytes >= 0) AND (memory_bytes <= '9007199254740992'::bigint)) AND ((memory_limit_bytes >= 0) AND (memory_limit_bytes <= '9007199254740992'::bigint)))),
    CONSTRAINT cache_metric_gauges_implementation_type_short CHECK ((implementation_type ~ '^[A-Za-z0-9_.:-]{1,64}$'::text))
);

COMMENT ON TABLE monitoring.cache_metric_gauges IS 'What a polled server said it held, one poll a row; the counts of the poll are weights.';

COMMENT ON COLUMN monitoring.cache_metric_gauges.measured_ms IS 'How long a span, all of it in the minute of `second`, the counts delivered beside it were measured over; 0: they are estimates.';

COMMENT ON COLUMN monitoring.cache_metric_gauges.memory_limit_bytes IS 'Null: there is no limit.';

-- table cache_metric_weights

CREATE TABLE monitoring.cache_metric_weights (
    cache_name text DEFAULT 'default'::text NOT NULL,
    implementation_type text NOT NULL,
    node text DEFAULT ''::text NOT NULL,
    second timestamp with time zone NOT NULL,
    operation_type text NOT NULL,
    failed boolean DEFAULT false NOT NULL,
    n bigint NOT NULL,
    latency_sum_ns bigint DEFAULT 0 NOT NULL,
    latency_max_ms double precision,
    bins smallint[] DEFAULT '{}'::smallint[] NOT NULL,
    counts bigint[] DEFAULT '{}'::bigint[] NOT NULL,
    value_bytes bigint DEFAULT 0 NOT NULL,
    batch_id bigint DEFAULT 0 NOT NULL,
    CONSTRAINT cache_metric_weights_believable CHECK (((n <= '1000000000000'::bigint) AND (value_bytes <= '1125899906842624'::bigint) AND (latency_max_ms >= (0)::double precision) AND (latency_max_ms < ('1000000000'::numeric)::double precision) AND (0 <= ALL (counts)) AND ('1000000000000'::bigint >= ALL (counts)))),
    CONSTRAINT cache_metric_weights_histogram_paired CHECK ((cardinality(bins) = cardinality(counts))),
    CONSTRAINT cache_metric_weights_implementation_type_short CHECK ((implementation_type ~ '^[A-Za-z0-9_.:-]{1,64}$'::text)),
    CONSTRAINT cache_metric_weights_not_negative CHECK (((n >= 0) AND (latency_sum_ns >= 0) AND (value_bytes >= 0))),
    CONSTRAINT cache_metric_weights_operation_type_known CHECK ((operation_type = ANY (ARRAY['hit'::text, 'miss'::text, 'set'::text, 'evict'::text, 'error'::text, 'delete'::text, 'expire'::text])))
);

COMMENT ON TABLE monitoring.cache_metric_weights IS 'Operations counted before they were shipped: n of one kind in one second of one series.';

-- table cache_metrics

CREATE TABLE monitoring.cache_metrics (
    cache_name text DEFAULT 'default'::text NOT NULL,
    "timestamp" timestamp with time zone DEFAULT now() NOT NULL,
    id bigint NOT NULL,
    implementation_type text NOT NULL,
    node text DEFAULT ''::text NOT NULL,
    cache_key text DEFAULT ''::text NOT NULL,
    operation_type text NOT NULL,
    response_time_ms double precision,
    cache_size bigint,
    value_bytes bigint,
    error_type text,
    error_message text,
    metadata jsonb,
    is_sample boolean DEFAULT false NOT NULL,
    batch_id bigint DEFAULT 0 NOT NULL,
    CONSTRAINT cache_metrics_implementation_type_short CHECK ((implementation_type ~ '^[A-Za-z0-9_.:-]{1,64}$'::text)),
    CONSTRAINT cache_metrics_operation_type_known CHECK ((operation_type = ANY (ARRAY['hit'::text, 'miss'::text, 'set'::text, 'evict'::text, 'error'::text, 'delete'::text, 'expire'::text]))),
    CONSTRAINT cache_metrics_response_time_real CHECK (((response_time_ms >= (0)::double precision) AND (response_time_ms < ('1000000000'::numeric)::double precision))),
    CONSTRAINT cache_metrics_sizes_believable CHECK ((((cache_size >= 0) AND (cache_size <= '9007199254740992'::bigint)) AND ((value_bytes >= 0) AND (value_bytes <= '1099511627776'::bigint))))
)
PARTITION BY RANGE ("timestamp");

COMMENT ON TABLE monitoring.cache_metrics IS 'One cache operation a row, as recorded; never changed. Partitioned by UTC day, kept 7 days.';

COMMENT ON COLUMN monitoring.cache_metrics.cache_key IS 'Keyed hash in hex, unless the user asked for plain; empty: no key.';

COMMENT ON COLUMN monitoring.cache_metrics.is_sample IS 'An example only, already counted in a weight; never summed.';

-- table cache_metrics_1hour

CREATE TABLE monitoring.cache_metrics_1hour (
    cache_name text DEFAULT 'default'::text CONSTRAINT cache_metrics_1min_cache_name_not_null NOT NULL,
    implementation_type text CONSTRAINT cache_metrics_1min_implementation_type_not_null NOT NULL,
    node text DEFAULT ''::text CONSTRAINT cache_metrics_1min_node_not_null NOT NULL,
    hour_window timestamp with time zone CONSTRAINT cache_metrics_1min_minute_window_not_null NOT NULL,
    total_operations bigint DEFAULT 0 CONSTRAINT cache_metrics_1min_total_operations_not_null NOT NULL,
    hits bigint DEFAULT 0 CONSTRAINT cache_metrics_1min_hits_not_null NOT NULL,
    misses bigint DEFAULT 0 CONSTRAINT cache_metrics_1min_misses_not_null NOT NULL,
    sets bigint DEFAULT 0 CONSTRAINT cache_metrics_1min_sets_not_null NOT NULL,
    deletes bigint DEFAULT 0 CONSTRAINT cache_metrics_1min_deletes_not_null NOT NULL,
    evictions bigint DEFAULT 0 CONSTRAINT cache_metrics_1min_evictions_not_null NOT NULL,
    expirations bigint DEFAULT 0 CONSTRAINT cache_metrics_1min_expirations_not_null NOT NULL,
    errors bigint DEFAULT 0 CONSTRAINT cache_metrics_1min_errors_not_null NOT NULL,
    get_errors bigint DEFAULT 0 CONSTRAINT cache_metrics_1min_get_errors_not_null NOT NULL,
    load_errors bigint DEFAULT 0 CONSTRAINT cache_metrics_1min_load_errors_not_null NOT NULL,
    set_errors bigint DEFAULT 0 CONSTRAINT cache_metrics_1min_set_errors_not_null NOT NULL,
    avg_response_time_ms double precision,
    p50_response_time_ms double precision,
    p95_response_time_ms double precision,
    p99_response_time_ms double precision,
    max_response_time_ms double precision,
    latency_sum_ms double precision DEFAULT 0 CONSTRAINT cache_metrics_1min_latency_sum_ms_not_null NOT NULL,
    hit_latency_sum_ms double precision DEFAULT 0 CONSTRAINT cache_metrics_1min_hit_latency_sum_ms_not_null NOT NULL,
    hit_p50_ms double precision,
    hit_p95_ms double precision,
    miss_latency_sum_ms double precision DEFAULT 0 CONSTRAINT cache_metrics_1min_miss_latency_sum_ms_not_null NOT NULL,
    miss_p50_ms double precision,
    miss_p95_ms double precision,
    avg_cache_size double precision,
    max_cache_size bigint,
    bytes_read bigint DEFAULT 0 CONSTRAINT cache_metrics_1min_bytes_read_not_null NOT NULL,
    bytes_written bigint DEFAULT 0 CONSTRAINT cache_metrics_1min_bytes_written_not_null NOT NULL,
    distinct_keys bigint,
    hit_rate numeric(5,2) DEFAULT 0 CONSTRAINT cache_metrics_1min_hit_rate_not_null NOT NULL,
    sampled bigint DEFAULT 0 CONSTRAINT cache_metrics_1min_sampled_not_null NOT NULL,
    completeness double precision,
    provisional boolean DEFAULT false CONSTRAINT cache_metrics_1min_provisional_not_null NOT NULL,
    created_at timestamp with time zone DEFAULT now() CONSTRAINT cache_metrics_1min_created_at_not_null NOT NULL,
    updated_at timestamp with time zone DEFAULT now() CONSTRAINT cache_metrics_1min_updated_at_not_null NOT NULL,
    avg_memory_bytes double precision,
    memory_limit_bytes bigint,
    avg_clients double precision,
    polled double precision,
    CONSTRAINT cache_metrics_1hour_on_the_hour CHECK ((hour_window = date_trunc('hour'::text, hour_window, 'UTC'::text)))
);

COMMENT ON TABLE monitoring.cache_metrics_1hour IS 'The same by the hour: sums of its minutes, quantiles of their merged histograms. Kept 1 year.';

-- table cache_metrics_1min

CREATE TABLE monitoring.cache_metrics_1min (
    cache_name text DEFAULT 'default'::text NOT NULL,
    implementation_type text NOT NULL,
    node text DEFAULT ''::text NOT NULL,
    minute_window timestamp with time zone NOT NULL,
    total_operations bigint DEFAULT 0 NOT NULL,
    hits bigint DEFAULT 0 NOT NULL,
    misses bigint DEFAULT 0 NOT NULL,
    sets bigint DEFAULT 0 NOT NULL,
    deletes bigint DEFAULT 0 NOT NULL,
    evictions bigint DEFAULT 0 NOT NULL,
    expirations bigint DEFAULT 0 NOT NULL,
    errors bigint DEFAULT 0 NOT NULL,
    get_errors bigint DEFAULT 0 NOT NULL,
    load_errors bigint DEFAULT 0 NOT NULL,
    set_errors bigint DEFAULT 0 NOT NULL,
    avg_response_time_ms double precision,
    p50_response_time_ms double precision,
    p95_response_time_ms double precision,
    p99_response_time_ms double precision,
    max_response_time_ms double precision,
    latency_sum_ms double precision DEFAULT 0 NOT NULL,
    hit_latency_sum_ms double precision DEFAULT 0 NOT NULL,
    hit_p50_ms double precision,
    hit_p95_ms double precision,
    miss_latency_sum_ms double precision DEFAULT 0 NOT NULL,
    miss_p50_ms double precision,
    miss_p95_ms double precision,
    avg_cache_size double precision,
    max_cache_size bigint,
    bytes_read bigint DEFAULT 0 NOT NULL,
    bytes_written bigint DEFAULT 0 NOT NULL,
    distinct_keys bigint,
    hit_rate numeric(5,2) DEFAULT 0 NOT NULL,
    sampled bigint DEFAULT 0 NOT NULL,
    completeness double precision,
    provisional boolean DEFAULT false NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    avg_memory_bytes double precision,
    memory_limit_bytes bigint,
    avg_clients double precision,
    polled double precision,
    CONSTRAINT cache_metrics_1min_on_the_minute CHECK ((minute_window = date_trunc('minute'::text, minute_window, 'UTC'::text)))
);

COMMENT ON TABLE monitoring.cache_metrics_1min IS 'One cache, implementation and node in one half-open UTC minute. Latencies are of gets. Kept 30 days.';

COMMENT ON COLUMN monitoring.cache_metrics_1min.distinct_keys IS 'Of gets, sets and deletes; null: not known, because weights carry no keys.';

COMMENT ON COLUMN monitoring.cache_metrics_1min.hit_rate IS 'Percent of hits in hits and misses; 0 where there was neither.';

COMMENT ON COLUMN monitoring.cache_metrics_1min.sampled IS 'Raw rows of the window that are samples only, counted in weights.';

COMMENT ON COLUMN monitoring.cache_metrics_1min.completeness IS 'Share of the expected collectors whose watermark had passed the window''s end when it was settled; null: no collector sends watermarks.';

COMMENT ON COLUMN monitoring.cache_metrics_1min.provisional IS 'The minute was still open when this was made: shown, never scored.';

COMMENT ON COLUMN monitoring.cache_metrics_1min.memory_limit_bytes IS 'Null: none, or not known.';

COMMENT ON COLUMN monitoring.cache_metrics_1min.polled IS 'Share of the window over which an agent''s polls measured it; null: none did, its counts are those of collectors.';

-- sequence cache_metrics_id_seq

CREATE SEQUENCE monitoring.cache_metrics_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

-- sequence owned by cache_metrics_id_seq

ALTER SEQUENCE monitoring.cache_metrics_id_seq OWNED BY monitoring.cache_metrics.id;

-- table cache_notifications

CREATE TABLE monitoring.cache_notifications (
    route text NOT NULL,
    target text NOT NULL,
    observation_id uuid NOT NULL,
    told text,
    told_severity text,
    told_at timestamp with time zone,
    due_at timestamp with time zone,
    attempts integer DEFAULT 0 NOT NULL,
    failing_since timestamp with time zone,
    because text DEFAULT ''::text NOT NULL,
    claim uuid,
    claimed_until timestamp with time zone,
    dead_at timestamp with time zone,
    asked_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT cache_notifications_because_short CHECK ((char_length(because) <= 500)),
    CONSTRAINT cache_notifications_dead_waits_for_nothing CHECK (((dead_at IS NULL) OR (due_at IS NULL))),
    CONSTRAINT cache_notifications_severity_known CHECK ((told_severity = ANY (ARRAY['info'::text, 'warning'::text, 'critical'::text]))),
    CONSTRAINT cache_notifications_told_known CHECK ((told = ANY (ARRAY['open'::text, 'acknowledged'::text, 'resolved'::text])))
);

COMMENT ON TABLE monitoring.cache_notifications IS 'What each target of a [[notify]] route was told of each problem, and what it is still to be told.';

COMMENT ON COLUMN monitoring.cache_notifications.target IS 'The beginning of a hash of its address, which is a secret and is never stored.';

COMMENT ON COLUMN monitoring.cache_notifications.due_at IS 'When it is to be looked at (again); null: nothing waits.';

COMMENT ON COLUMN monitoring.cache_notifications.claim IS 'Who is sending; until claimed_until nobody else does.';

COMMENT ON COLUMN monitoring.cache_notifications.dead_at IS 'When it was given up, `because` says why; `notify retry` takes it up again.';

-- table cache_observation_changes

CREATE TABLE monitoring.cache_observation_changes (
    id bigint NOT NULL,
    xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
    changed_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    observation_id uuid NOT NULL,
    kind text NOT NULL,
    by text,
    reason text,
    note text,
    observation jsonb NOT NULL,
    CONSTRAINT cache_observation_changes_kind_known CHECK ((kind = ANY (ARRAY['opened'::text, 'escalated'::text, 'acknowledged'::text, 'revoked'::text, 'reopened'::text, 'resolved'::text, 'changed'::text])))
);

COMMENT ON TABLE monitoring.cache_observation_changes IS 'Append-only log of every transition, written in its transaction, kept 7 days: what listeners catch up from.';

COMMENT ON COLUMN monitoring.cache_observation_changes.kind IS 'opened, escalated (a higher severity), acknowledged, revoked (the acknowledgement), reopened (after it was over, or worse than when it was acknowledged), resolved; changed: anything else.';

-- sequence cache_observation_changes_id_seq

ALTER TABLE monitoring.cache_observation_changes ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME monitoring.cache_observation_changes_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

-- table cache_observation_progress

CREATE TABLE monitoring.cache_observation_progress (
    observation_id uuid NOT NULL,
    last_window timestamp with time zone NOT NULL,
    progress jsonb DEFAULT '{}'::jsonb NOT NULL,
    cost_ms double precision DEFAULT 0 NOT NULL,
    rank double precision DEFAULT 0 NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL
);

COMMENT ON TABLE monitoring.cache_observation_progress IS 'What moves every minute while a problem lasts; unpublished, so that listeners are not woken.';

-- table cache_observation_verdicts

CREATE TABLE monitoring.cache_observation_verdicts (
    observation_id uuid NOT NULL,
    moment text NOT NULL,
    minute_window timestamp with time zone NOT NULL,
    surprise double precision,
    severity text NOT NULL,
    verdict jsonb NOT NULL,
    in_force jsonb NOT NULL,
    forest_id bigint,
    rules jsonb NOT NULL,
    made_with jsonb NOT NULL,
    recorded_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT cache_observation_verdicts_moment_known CHECK ((moment = ANY (ARRAY['opened'::text, 'worst'::text])))
);

COMMENT ON TABLE monitoring.cache_observation_verdicts IS 'What was found in the window that opened an observation and in its worst one, and by what it was judged: `explain` judges it again and compares.';

COMMENT ON COLUMN monitoring.cache_observation_verdicts.moment IS 'opened: the window whose scoring opened it. worst: the most surprising one since.';

-- table cache_retention_pins

CREATE TABLE monitoring.cache_retention_pins (
    id bigint NOT NULL,
    since timestamp with time zone NOT NULL,
    until timestamp with time zone NOT NULL,
    reason text DEFAULT ''::text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT cache_retention_pins_ordered CHECK ((since < until))
);

COMMENT ON TABLE monitoring.cache_retention_pins IS 'Half-open spans that retention leaves alone (load --keep).';

-- sequence cache_retention_pins_id_seq

ALTER TABLE monitoring.cache_retention_pins ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME monitoring.cache_retention_pins_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

-- table cache_score_runs

CREATE TABLE monitoring.cache_score_runs (
    id bigint NOT NULL,
    scored_at timestamp with time zone DEFAULT now() NOT NULL,
    since timestamp with time zone NOT NULL,
    until timestamp with time zone NOT NULL,
    forest_id bigint,
    made_with jsonb NOT NULL
);

COMMENT ON TABLE monitoring.cache_score_runs IS 'One pass of scoring: which windows, and the versions under which `explain` gives the same bits.';

-- sequence cache_score_runs_id_seq

ALTER TABLE monitoring.cache_score_runs ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME monitoring.cache_score_runs_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

-- table cache_series

CREATE TABLE monitoring.cache_series (
    cache_name text NOT NULL,
    implementation_type text NOT NULL,
    node text DEFAULT ''::text NOT NULL,
    first_minute timestamp with time zone NOT NULL,
    last_minute timestamp with time zone NOT NULL,
    last_polled_minute timestamp with time zone
);

COMMENT ON TABLE monitoring.cache_series IS 'Every cache, implementation and node ever seen.';

COMMENT ON COLUMN monitoring.cache_series.last_polled_minute IS 'The last minute that an agent''s polls told of. A series that was last heard of by a poll has no windows of zeros: a server that is away is not one that is idle.';

-- table cache_servers

CREATE TABLE monitoring.cache_servers (
    cache_name text NOT NULL,
    implementation_type text NOT NULL,
    node text DEFAULT ''::text NOT NULL,
    kind text NOT NULL,
    place text NOT NULL,
    collector_id uuid NOT NULL,
    polled_at timestamp with time zone,
    away_since timestamp with time zone,
    because text DEFAULT ''::text NOT NULL,
    said_at timestamp with time zone DEFAULT now() NOT NULL,
    owner name DEFAULT SESSION_USER NOT NULL
);

COMMENT ON TABLE monitoring.cache_servers IS 'Servers that agents poll, and whether they answer, as the agent''s last beats said.';

COMMENT ON COLUMN monitoring.cache_servers.place IS 'Host and port, or a socket''s path.';

COMMENT ON COLUMN monitoring.cache_servers.away_since IS 'Null: it answers.';

COMMENT ON COLUMN monitoring.cache_servers.said_at IS 'When the agent last said so, to within a minute.';

COMMENT ON COLUMN monitoring.cache_servers.owner IS 'The login that made it; no other may change it.';

-- table cache_tokens

CREATE TABLE monitoring.cache_tokens (
    token_id bigint NOT NULL,
    name text NOT NULL,
    digest bytea NOT NULL,
    scopes text[] NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    created_by name DEFAULT SESSION_USER NOT NULL,
    revoked_at timestamp with time zone,
    last_used_at timestamp with time zone,
    CONSTRAINT cache_tokens_digest_hashed CHECK ((octet_length(digest) = 32)),
    CONSTRAINT cache_tokens_name_free CHECK ((name <> ALL (ARRAY['settings'::text, 'anyone'::text]))),
    CONSTRAINT cache_tokens_name_short CHECK ((((char_length(name) >= 1) AND (char_length(name) <= 64)) AND (name = btrim(name)))),
    CONSTRAINT cache_tokens_scopes_known CHECK (((scopes <@ ARRAY['ingest'::text, 'ack'::text, 'read'::text]) AND ((cardinality(scopes) >= 1) AND (cardinality(scopes) <= 3))))
);

COMMENT ON TABLE monitoring.cache_tokens IS 'Who may do what over HTTP. A token is shown once, when it is made; it is not kept.';

COMMENT ON COLUMN monitoring.cache_tokens.name IS 'Unique among those that are not revoked; it signs what is acknowledged with the token.';

COMMENT ON COLUMN monitoring.cache_tokens.digest IS 'SHA-256 of the token. A revoked one stays refused.';

COMMENT ON COLUMN monitoring.cache_tokens.scopes IS 'ingest: deliver; ack: acknowledge and plan; read: see what the auditor has to say.';

COMMENT ON COLUMN monitoring.cache_tokens.last_used_at IS 'To within an hour.';

-- sequence cache_tokens_token_id_seq

ALTER TABLE monitoring.cache_tokens ALTER COLUMN token_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME monitoring.cache_tokens_token_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

-- table cache_trimmed_days

CREATE TABLE monitoring.cache_trimmed_days (
    day date NOT NULL,
    trimmed_at timestamp with time zone DEFAULT now() NOT NULL
);

COMMENT ON TABLE monitoring.cache_trimmed_days IS 'Days whose raw rows retention has removed: their windows are final, later rows are refused.';

-- table cache_window_scores

CREATE TABLE monitoring.cache_window_scores (
    cache_name text NOT NULL,
    implementation_type text NOT NULL,
    minute_window timestamp with time zone NOT NULL,
    score double precision,
    surprise double precision,
    leading_metric text,
    parts jsonb DEFAULT '[]'::jsonb NOT NULL,
    not_judged text,
    baseline_id bigint,
    calibration_id bigint,
    run_id bigint NOT NULL,
    corrected_at timestamp with time zone,
    silenced_by bigint,
    CONSTRAINT cache_window_scores_score_in_unit CHECK (((score >= (0)::double precision) AND (score <= (1)::double precision)))
);

COMMENT ON TABLE monitoring.cache_window_scores IS 'How strange each closed window was, with the inputs from which the score can be made again.';

COMMENT ON COLUMN monitoring.cache_window_scores.silenced_by IS 'The acknowledgement that kept an observation from opening in this window.';

-- table cache_windows_to_rescore

CREATE TABLE monitoring.cache_windows_to_rescore (
    minute_window timestamp with time zone NOT NULL,
    changed_at timestamp with time zone DEFAULT now() NOT NULL
);

COMMENT ON TABLE monitoring.cache_windows_to_rescore IS 'Minutes that late events changed after they were scored.';

-- default cache_metrics id

ALTER TABLE ONLY monitoring.cache_metrics ALTER COLUMN id SET DEFAULT nextval('monitoring.cache_metrics_id_seq'::regclass);

-- constraint cache_acknowledgements cache_acknowledgements_pkey

ALTER TABLE ONLY monitoring.cache_acknowledgements
    ADD CONSTRAINT cache_acknowledgements_pkey PRIMARY KEY (id);

-- constraint cache_auditor_migrations cache_auditor_migrations_pkey

ALTER TABLE ONLY monitoring.cache_auditor_migrations
    ADD CONSTRAINT cache_auditor_migrations_pkey PRIMARY KEY (version);

-- constraint cache_auditor_observations cache_auditor_observations_pkey

ALTER TABLE ONLY monitoring.cache_auditor_observations
    ADD CONSTRAINT cache_auditor_observations_pkey PRIMARY KEY (id);

-- constraint cache_auditor_secrets cache_auditor_secrets_pkey

ALTER TABLE ONLY monitoring.cache_auditor_secrets
    ADD CONSTRAINT cache_auditor_secrets_pkey PRIMARY KEY (name);

-- constraint cache_auditor_state cache_auditor_state_pkey

ALTER TABLE ONLY monitoring.cache_auditor_state
    ADD CONSTRAINT cache_auditor_state_pkey PRIMARY KEY (name);

-- constraint cache_baseline_metrics cache_baseline_metrics_pkey

ALTER TABLE ONLY monitoring.cache_baseline_metrics
    ADD CONSTRAINT cache_baseline_metrics_pkey PRIMARY KEY (cache_name, id);

-- constraint cache_baseline_profiles cache_baseline_profiles_pkey

ALTER TABLE ONLY monitoring.cache_baseline_profiles
    ADD CONSTRAINT cache_baseline_profiles_pkey PRIMARY KEY (cache_name, baseline_id, metric, slot);

-- constraint cache_calibrations cache_calibrations_pkey

ALTER TABLE ONLY monitoring.cache_calibrations
    ADD CONSTRAINT cache_calibrations_pkey PRIMARY KEY (cache_name, id);

-- constraint cache_collectors cache_collectors_pkey

ALTER TABLE ONLY monitoring.cache_collectors
    ADD CONSTRAINT cache_collectors_pkey PRIMARY KEY (collector_id);

-- constraint cache_forests cache_forests_pkey

ALTER TABLE ONLY monitoring.cache_forests
    ADD CONSTRAINT cache_forests_pkey PRIMARY KEY (id);

-- constraint cache_histograms_1hour cache_histograms_1hour_pkey

ALTER TABLE ONLY monitoring.cache_histograms_1hour
    ADD CONSTRAINT cache_histograms_1hour_pkey PRIMARY KEY (cache_name, implementation_type, node, hour_window, operation_type);

-- constraint cache_histograms_1min cache_histograms_1min_pkey

ALTER TABLE ONLY monitoring.cache_histograms_1min
    ADD CONSTRAINT cache_histograms_1min_pkey PRIMARY KEY (cache_name, implementation_type, node, minute_window, operation_type);

-- constraint cache_hours_to_roll cache_hours_to_roll_pkey

ALTER TABLE ONLY monitoring.cache_hours_to_roll
    ADD CONSTRAINT cache_hours_to_roll_pkey PRIMARY KEY (hour_window);

-- constraint cache_ingest_replies cache_ingest_replies_pkey

ALTER TABLE ONLY monitoring.cache_ingest_replies
    ADD CONSTRAINT cache_ingest_replies_pkey PRIMARY KEY (key);

-- constraint cache_listeners cache_listeners_pkey

ALTER TABLE ONLY monitoring.cache_listeners
    ADD CONSTRAINT cache_listeners_pkey PRIMARY KEY (name);

-- constraint cache_maintenance cache_maintenance_pkey

ALTER TABLE ONLY monitoring.cache_maintenance
    ADD CONSTRAINT cache_maintenance_pkey PRIMARY KEY (id);

-- constraint cache_metric_batches cache_metric_batches_once

ALTER TABLE ONLY monitoring.cache_metric_batches
    ADD CONSTRAINT cache_metric_batches_once UNIQUE (collector_id, sequence);

COMMENT ON CONSTRAINT cache_metric_batches_once ON monitoring.cache_metric_batches IS 'Forbids storing a batch twice.';

-- constraint cache_metric_batches cache_metric_batches_pkey

ALTER TABLE ONLY monitoring.cache_metric_batches
    ADD CONSTRAINT cache_metric_batches_pkey PRIMARY KEY (batch_id);

-- constraint cache_metric_gauges cache_metric_gauges_pkey

ALTER TABLE ONLY monitoring.cache_metric_gauges
    ADD CONSTRAINT cache_metric_gauges_pkey PRIMARY KEY (cache_name, implementation_type, node, second, batch_id);

-- constraint cache_metric_weights cache_metric_weights_pkey

ALTER TABLE ONLY monitoring.cache_metric_weights
    ADD CONSTRAINT cache_metric_weights_pkey PRIMARY KEY (cache_name, implementation_type, node, second, operation_type, failed, batch_id);

-- constraint cache_metrics_1hour cache_metrics_1hour_pkey

ALTER TABLE ONLY monitoring.cache_metrics_1hour
    ADD CONSTRAINT cache_metrics_1hour_pkey PRIMARY KEY (cache_name, implementation_type, node, hour_window);

-- constraint cache_metrics_1min cache_metrics_1min_pkey

ALTER TABLE ONLY monitoring.cache_metrics_1min
    ADD CONSTRAINT cache_metrics_1min_pkey PRIMARY KEY (cache_name, implementation_type, node, minute_window);

-- constraint cache_metrics cache_metrics_pkey

ALTER TABLE ONLY monitoring.cache_metrics
    ADD CONSTRAINT cache_metrics_pkey PRIMARY KEY (cache_name, "timestamp", id);

-- constraint cache_notifications cache_notifications_pkey

ALTER TABLE ONLY monitoring.cache_notifications
    ADD CONSTRAINT cache_notifications_pkey PRIMARY KEY (route, target, observation_id);

-- constraint cache_observation_changes cache_observation_changes_pkey

ALTER TABLE ONLY monitoring.cache_observation_changes
    ADD CONSTRAINT cache_observation_changes_pkey PRIMARY KEY (id);

-- constraint cache_observation_progress cache_observation_progress_pkey

ALTER TABLE ONLY monitoring.cache_observation_progress
    ADD CONSTRAINT cache_observation_progress_pkey PRIMARY KEY (observation_id);

-- constraint cache_observation_verdicts cache_observation_verdicts_pkey

ALTER TABLE ONLY monitoring.cache_observation_verdicts
    ADD CONSTRAINT cache_observation_verdicts_pkey PRIMARY KEY (observation_id, moment);

-- constraint cache_retention_pins cache_retention_pins_pkey

ALTER TABLE ONLY monitoring.cache_retention_pins
    ADD CONSTRAINT cache_retention_pins_pkey PRIMARY KEY (id);

-- constraint cache_score_runs cache_score_runs_pkey

ALTER TABLE ONLY monitoring.cache_score_runs
    ADD CONSTRAINT cache_score_runs_pkey PRIMARY KEY (id);

-- constraint cache_series cache_series_pkey

ALTER TABLE ONLY monitoring.cache_series
    ADD CONSTRAINT cache_series_pkey PRIMARY KEY (cache_name, implementation_type, node);

-- constraint cache_servers cache_servers_pkey

ALTER TABLE ONLY monitoring.cache_servers
    ADD CONSTRAINT cache_servers_pkey PRIMARY KEY (cache_name, implementation_type, node);

-- constraint cache_tokens cache_tokens_digest_once

ALTER TABLE ONLY monitoring.cache_tokens
    ADD CONSTRAINT cache_tokens_digest_once UNIQUE (digest);

-- constraint cache_tokens cache_tokens_pkey

ALTER TABLE ONLY monitoring.cache_tokens
    ADD CONSTRAINT cache_tokens_pkey PRIMARY KEY (token_id);

-- constraint cache_trimmed_days cache_trimmed_days_pkey

ALTER TABLE ONLY monitoring.cache_trimmed_days
    ADD CONSTRAINT cache_trimmed_days_pkey PRIMARY KEY (day);

-- constraint cache_window_scores cache_window_scores_pkey

ALTER TABLE ONLY monitoring.cache_window_scores
    ADD CONSTRAINT cache_window_scores_pkey PRIMARY KEY (cache_name, implementation_type, minute_window);

-- constraint cache_windows_to_rescore cache_windows_to_rescore_pkey

ALTER TABLE ONLY monitoring.cache_windows_to_rescore
    ADD CONSTRAINT cache_windows_to_rescore_pkey PRIMARY KEY (minute_window);

-- index cache_acknowledgements_observation_idx

CREATE INDEX cache_acknowledgements_observation_idx ON monitoring.cache_acknowledgements USING btree (observation_id);

-- index cache_acknowledgements_standing_idx

CREATE INDEX cache_acknowledgements_standing_idx ON monitoring.cache_acknowledgements USING btree (expires_at) WHERE (revoked_at IS NULL);

-- index cache_auditor_observations_open_idx

CREATE INDEX cache_auditor_observations_open_idx ON monitoring.cache_auditor_observations USING btree (cache_name, implementation_type) WHERE (state = 'open'::text);

-- index cache_auditor_observations_severity_timestamp_idx

CREATE INDEX cache_auditor_observations_severity_timestamp_idx ON monitoring.cache_auditor_observations USING btree (severity, "timestamp" DESC);

-- index cache_auditor_observations_timestamp_idx

CREATE INDEX cache_auditor_observations_timestamp_idx ON monitoring.cache_auditor_observations USING btree ("timestamp" DESC);

-- index cache_auditor_observations_unacknowledged_idx

CREATE INDEX cache_auditor_observations_unacknowledged_idx ON monitoring.cache_auditor_observations USING btree ("timestamp" DESC) WHERE (NOT acknowledged);

COMMENT ON INDEX monitoring.cache_auditor_observations_unacknowledged_idx IS 'What nobody has signed yet.';

-- index cache_baseline_metrics_one_active

CREATE UNIQUE INDEX cache_baseline_metrics_one_active ON monitoring.cache_baseline_metrics USING btree (cache_name, implementation_type) WHERE is_active;

COMMENT ON INDEX monitoring.cache_baseline_metrics_one_active IS 'Forbids two baselines in force for one series.';

-- index cache_calibrations_one_active

CREATE UNIQUE INDEX cache_calibrations_one_active ON monitoring.cache_calibrations USING btree (cache_name, implementation_type) WHERE is_active;

COMMENT ON INDEX monitoring.cache_calibrations_one_active IS 'Forbids two calibrations in force for one series.';

-- index cache_collectors_seen_idx

CREATE INDEX cache_collectors_seen_idx ON monitoring.cache_collectors USING btree (last_seen_at);

-- index cache_forests_one_active

CREATE UNIQUE INDEX cache_forests_one_active ON monitoring.cache_forests USING btree ((true)) WHERE is_active;

COMMENT ON INDEX monitoring.cache_forests_one_active IS 'Forbids two forests in force.';

-- index cache_histograms_1hour_window_idx

CREATE INDEX cache_histograms_1hour_window_idx ON monitoring.cache_histograms_1hour USING btree (hour_window);

-- index cache_histograms_1min_window_idx

CREATE INDEX cache_histograms_1min_window_idx ON monitoring.cache_histograms_1min USING btree (minute_window);

-- index cache_ingest_replies_first_idx

CREATE INDEX cache_ingest_replies_first_idx ON monitoring.cache_ingest_replies USING btree (first_at);

-- index cache_metric_batches_received_idx

CREATE INDEX cache_metric_batches_received_idx ON monitoring.cache_metric_batches USING btree (received_at);

-- index cache_metric_batches_to_roll_idx

CREATE INDEX cache_metric_batches_to_roll_idx ON monitoring.cache_metric_batches USING btree (batch_id) WHERE (rolled_at IS NULL);

COMMENT ON INDEX monitoring.cache_metric_batches_to_roll_idx IS 'What waits for a rollup.';

-- index cache_metric_gauges_second_idx

CREATE INDEX cache_metric_gauges_second_idx ON monitoring.cache_metric_gauges USING btree (second);

-- index cache_metric_weights_second_idx

CREATE INDEX cache_metric_weights_second_idx ON monitoring.cache_metric_weights USING btree (second);

-- index cache_metrics_1hour_implementation_window_idx

CREATE INDEX cache_metrics_1hour_implementation_window_idx ON monitoring.cache_metrics_1hour USING btree (implementation_type, hour_window DESC);

-- index cache_metrics_1hour_window_idx

CREATE INDEX cache_metrics_1hour_window_idx ON monitoring.cache_metrics_1hour USING btree (hour_window DESC);

-- index cache_metrics_1min_implementation_window_idx

CREATE INDEX cache_metrics_1min_implementation_window_idx ON monitoring.cache_metrics_1min USING btree (implementation_type, minute_window DESC);

-- index cache_metrics_1min_window_idx

CREATE INDEX cache_metrics_1min_window_idx ON monitoring.cache_metrics_1min USING btree (minute_window DESC);

-- index cache_metrics_errors_idx

CREATE INDEX cache_metrics_errors_idx ON ONLY monitoring.cache_metrics USING btree ("timestamp") WHERE (error_type IS NOT NULL);

COMMENT ON INDEX monitoring.cache_metrics_errors_idx IS 'Events that failed, in whole or in part.';

-- index cache_metrics_implementation_timestamp_idx

CREATE INDEX cache_metrics_implementation_timestamp_idx ON ONLY monitoring.cache_metrics USING btree (implementation_type, "timestamp");

-- index cache_metrics_operation_timestamp_idx

CREATE INDEX cache_metrics_operation_timestamp_idx ON ONLY monitoring.cache_metrics USING btree (operation_type, "timestamp");

-- index cache_metrics_timestamp_idx

CREATE INDEX cache_metrics_timestamp_idx ON ONLY monitoring.cache_metrics USING btree ("timestamp");

-- index cache_notifications_dead_idx

CREATE INDEX cache_notifications_dead_idx ON monitoring.cache_notifications USING btree (dead_at) WHERE (dead_at IS NOT NULL);

COMMENT ON INDEX monitoring.cache_notifications_dead_idx IS 'Dead letters.';

-- index cache_notifications_due_idx

CREATE INDEX cache_notifications_due_idx ON monitoring.cache_notifications USING btree (due_at) WHERE (due_at IS NOT NULL);

-- index cache_notifications_observation_idx

CREATE INDEX cache_notifications_observation_idx ON monitoring.cache_notifications USING btree (observation_id);

-- index cache_observation_changes_changed_at_idx

CREATE INDEX cache_observation_changes_changed_at_idx ON monitoring.cache_observation_changes USING btree (changed_at);

-- index cache_observation_changes_observation_idx

CREATE INDEX cache_observation_changes_observation_idx ON monitoring.cache_observation_changes USING btree (observation_id);

-- index cache_observation_changes_xid_idx

CREATE INDEX cache_observation_changes_xid_idx ON monitoring.cache_observation_changes USING btree (xid, id);

-- index cache_score_runs_until_idx

CREATE INDEX cache_score_runs_until_idx ON monitoring.cache_score_runs USING btree (until);

-- index cache_tokens_name_once

CREATE UNIQUE INDEX cache_tokens_name_once ON monitoring.cache_tokens USING btree (name) WHERE (revoked_at IS NULL);

-- index cache_window_scores_silenced_idx

CREATE INDEX cache_window_scores_silenced_idx ON monitoring.cache_window_scores USING btree (minute_window) WHERE (silenced_by IS NOT NULL);

-- index cache_window_scores_window_idx

CREATE INDEX cache_window_scores_window_idx ON monitoring.cache_window_scores USING btree (minute_window);

-- trigger cache_auditor_observations log_changed

CREATE TRIGGER log_changed AFTER UPDATE ON monitoring.cache_auditor_observations REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION monitoring.log_changed_observations();

-- trigger cache_auditor_observations log_opened

CREATE TRIGGER log_opened AFTER INSERT ON monitoring.cache_auditor_observations REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION monitoring.log_opened_observations();

-- trigger cache_observation_changes note_missed

CREATE TRIGGER note_missed AFTER DELETE ON monitoring.cache_observation_changes REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION monitoring.note_missed_changes();

-- trigger cache_observation_changes observations_changed

CREATE TRIGGER observations_changed AFTER INSERT ON monitoring.cache_observation_changes REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION monitoring.observations_changed();

-- trigger cache_auditor_observations take_back

CREATE TRIGGER take_back AFTER UPDATE ON monitoring.cache_auditor_observations REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION monitoring.take_back_acknowledgements();

-- trigger cache_metrics_1min windows_insert_begins

CREATE TRIGGER windows_insert_begins BEFORE INSERT ON monitoring.cache_metrics_1min FOR EACH STATEMENT EXECUTE FUNCTION monitoring.windows_insert_begins();

-- trigger cache_metrics_1min windows_inserted

CREATE TRIGGER windows_inserted AFTER INSERT ON monitoring.cache_metrics_1min REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION monitoring.windows_inserted();

-- trigger cache_metrics_1min windows_updated

CREATE TRIGGER windows_updated AFTER UPDATE ON monitoring.cache_metrics_1min REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION monitoring.windows_updated();

-- fk constraint cache_acknowledgements cache_acknowledgements_observation_id_fkey

ALTER TABLE ONLY monitoring.cache_acknowledgements
    ADD CONSTRAINT cache_acknowledgements_observation_id_fkey FOREIGN KEY (observation_id) REFERENCES monitoring.cache_auditor_observations(id) ON DELETE CASCADE;

-- fk constraint cache_baseline_profiles cache_baseline_profiles_of_a_baseline

ALTER TABLE ONLY monitoring.cache_baseline_profiles
    ADD CONSTRAINT cache_baseline_profiles_of_a_baseline FOREIGN KEY (cache_name, baseline_id) REFERENCES monitoring.cache_baseline_metrics(cache_name, id) ON DELETE CASCADE;

-- fk constraint cache_observation_progress cache_observation_progress_observation_id_fkey

ALTER TABLE ONLY monitoring.cache_observation_progress
    ADD CONSTRAINT cache_observation_progress_observation_id_fkey FOREIGN KEY (observation_id) REFERENCES monitoring.cache_auditor_observations(id) ON DELETE CASCADE;

-- fk constraint cache_observation_verdicts cache_observation_verdicts_observation_id_fkey

ALTER TABLE ONLY monitoring.cache_observation_verdicts
    ADD CONSTRAINT cache_observation_verdicts_observation_id_fkey FOREIGN KEY (observation_id) REFERENCES monitoring.cache_auditor_observations(id) ON DELETE CASCADE;

-- policy cache_auditor_observations cache_auditor_acknowledger_policy

CREATE POLICY cache_auditor_acknowledger_policy ON monitoring.cache_auditor_observations FOR SELECT TO cache_auditor_acknowledger USING (true);

-- policy cache_maintenance cache_auditor_acknowledger_policy

CREATE POLICY cache_auditor_acknowledger_policy ON monitoring.cache_maintenance TO cache_auditor_acknowledger USING (true);

-- policy cache_auditor_observations cache_auditor_auditor_policy

CREATE POLICY cache_auditor_auditor_policy ON monitoring.cache_auditor_observations TO cache_auditor_auditor USING (true);

-- policy cache_baseline_metrics cache_auditor_auditor_policy

CREATE POLICY cache_auditor_auditor_policy ON monitoring.cache_baseline_metrics TO cache_auditor_auditor USING (true);

-- policy cache_maintenance cache_auditor_auditor_policy

CREATE POLICY cache_auditor_auditor_policy ON monitoring.cache_maintenance TO cache_auditor_auditor USING (true);

-- policy cache_metrics_1hour cache_auditor_auditor_policy

CREATE POLICY cache_auditor_auditor_policy ON monitoring.cache_metrics_1hour TO cache_auditor_auditor USING (true);

-- policy cache_metrics_1min cache_auditor_auditor_policy

CREATE POLICY cache_auditor_auditor_policy ON monitoring.cache_metrics_1min TO cache_auditor_auditor USING (true);

-- row security cache_auditor_observations

ALTER TABLE monitoring.cache_auditor_observations ENABLE ROW LEVEL SECURITY;

-- policy cache_auditor_observations cache_auditor_reader_policy

CREATE POLICY cache_auditor_reader_policy ON monitoring.cache_auditor_observations FOR SELECT TO cache_auditor_reader USING (true);

-- policy cache_baseline_metrics cache_auditor_reader_policy

CREATE POLICY cache_auditor_reader_policy ON monitoring.cache_baseline_metrics FOR SELECT TO cache_auditor_reader USING (true);

-- policy cache_maintenance cache_auditor_reader_policy

CREATE POLICY cache_auditor_reader_policy ON monitoring.cache_maintenance FOR SELECT TO cache_auditor_reader USING (true);

-- policy cache_metrics_1hour cache_auditor_reader_policy

CREATE POLICY cache_auditor_reader_policy ON monitoring.cache_metrics_1hour FOR SELECT TO cache_auditor_reader USING (true);

-- policy cache_metrics_1min cache_auditor_reader_policy

CREATE POLICY cache_auditor_reader_policy ON monitoring.cache_metrics_1min FOR SELECT TO cache_auditor_reader USING (true);

-- row security cache_baseline_metrics

ALTER TABLE monitoring.cache_baseline_metrics ENABLE ROW LEVEL SECURITY;

-- row security cache_maintenance

ALTER TABLE monitoring.cache_maintenance ENABLE ROW LEVEL SECURITY;

-- row security cache_metrics_1hour

ALTER TABLE monitoring.cache_metrics_1hour ENABLE ROW LEVEL SECURITY;

-- row security cache_metrics_1min

ALTER TABLE monitoring.cache_metrics_1min ENABLE ROW LEVEL SECURITY;
