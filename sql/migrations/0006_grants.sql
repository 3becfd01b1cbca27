-- Who may do what. One idempotent function, called here and again by every `migrate`, so that roles
-- that an administrator makes later get their rights without a new migration.

create function monitoring.apply_grants() returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    wanted   constant text[] := array[
        'cache_auditor_writer', 'cache_auditor_auditor',
        'cache_auditor_reader', 'cache_auditor_acknowledger'];
    -- what a person or a page may read; protected by row-level security as well
    shown    constant text[] := array[
        'cache_metrics_1min', 'cache_metrics_1hour',
        'cache_baseline_metrics', 'cache_auditor_observations'];
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
            monitoring.cache_auditor_migrations
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
                case when role_name = 'cache_auditor_auditor' then 'all' else 'select' end,
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

-- Once and not at every migrate, so that what the owner of a project revokes stays revoked.
do $$
begin
    -- Supabase's own roles, where they exist: signed-in users read what is published, anon nothing.
    if to_regrole('authenticated') is not null then
        grant usage on schema monitoring to authenticated;
        grant select on monitoring.cache_metrics_1min, monitoring.cache_auditor_observations
            to authenticated;
    end if;
    if to_regrole('service_role') is not null then
        grant usage on schema monitoring to service_role;
        grant select on
            monitoring.cache_metrics_1min, monitoring.cache_metrics_1hour,
            monitoring.cache_baseline_metrics, monitoring.cache_auditor_observations
            to service_role;
        grant execute on function
            monitoring.calculate_hit_rate(numeric, numeric),
            monitoring.get_cache_performance_summary(text, interval),
            monitoring.acknowledge_observation(uuid, text, text, text)
            to service_role;
    end if;
end
$$;
