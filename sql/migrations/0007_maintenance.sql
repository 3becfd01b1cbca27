-- Maintenance: the time in which what happens to a cache is meant to happen.

create table monitoring.cache_maintenance (
    id                  bigint generated always as identity,
    -- null: every cache, every implementation
    cache_name          text,
    implementation_type text,
    -- once: it holds in [since, until). every: it begins in [since, until) only, null for no end
    since               timestamptz not null,
    until               timestamptz,
    -- null: once. daily; sunday; monday,thursday; day 1 (of the month); last day
    every               text,
    -- on the clock of time_zone
    starts_at           time,
    -- of real time: an hour that is skipped or doubled makes it neither shorter nor longer
    lasts               interval,
    -- an IANA name
    time_zone           text        not null default 'UTC',
    reason              text        not null default '',
    entered_by          text        not null,
    entered_at          timestamptz not null default now(),
    -- ended early: nothing of it holds from then on
    ended_at            timestamptz,
    ended_by            text,
    -- instants at which a person ended the occurrence that was on, and no other
    cut_at              timestamptz[] not null default '{}',
    constraint cache_maintenance_pkey primary key (id),
    constraint cache_maintenance_scope_named check (cache_name <> '' and implementation_type <> ''),
    constraint cache_maintenance_once_or_again check (
        (every is null) = (starts_at is null) and (every is null) = (lasts is null)
        and (every is not null or until is not null)),
    constraint cache_maintenance_ends_after_it_begins check (until > since),
    constraint cache_maintenance_years_real check (
        since >= '1970-01-01 00:00Z' and since < '2200-01-01 00:00Z'
        and until < '2200-01-01 00:00Z'
        and ended_at >= '1970-01-01 00:00Z' and ended_at < '2200-01-01 00:00Z'),
    constraint cache_maintenance_once_short check (
        every is not null or until - since between '1 minute' and '31 days'),
    constraint cache_maintenance_lasts_short check (lasts between '1 minute' and '31 days'),
    constraint cache_maintenance_starts_on_the_minute check (
        starts_at = date_trunc('minute', starts_at::interval)::time),
    constraint cache_maintenance_every_known check (
        every ~ '^(daily|last day|day ([1-9]|[12][0-9]|3[01])|(monday|tuesday|wednesday|thursday|friday|saturday|sunday)(,(monday|tuesday|wednesday|thursday|friday|saturday|sunday))*)$'),
    constraint cache_maintenance_time_zone_short check (char_length(time_zone) between 1 and 100),
    constraint cache_maintenance_signed check (char_length(entered_by) between 1 and 200),
    constraint cache_maintenance_ended_signed check (
        (ended_at is null or ended_by is not null) and char_length(ended_by) between 1 and 200),
    constraint cache_maintenance_reason_short check (char_length(reason) <= 2000),
    constraint cache_maintenance_cuts_real check (
        cardinality(cut_at) <= 1000 and array_position(cut_at, null) is null
        and not cut_at && '{infinity,-infinity}'::timestamptz[])
);
comment on table monitoring.cache_maintenance is
    'While it holds, nothing new is opened for its series and nothing escalates; its windows are not '
    'learned from.';
comment on column monitoring.cache_maintenance.every is
    'null: once, in [since, until). daily; weekdays such as monday,thursday; day 1 to day 31 of a month; '
    'last day of a month.';
comment on column monitoring.cache_maintenance.cut_at is
    'Instants at which the occurrence that was on was ended, and no other.';

-- The rights of 0006 again, and those on this table.
create or replace function monitoring.apply_grants() returns void
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
