-- Wake-ups: one a statement on channel cache_auditor, none when nothing changed, never from raw events.
-- The tables are the truth: a listener re-reads them; the payload says only what to read again.

create function monitoring.notify_windows(minutes timestamptz[]) returns void
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
    having count(*) > 0
$$;

-- INSERT … ON CONFLICT DO UPDATE fires the update trigger, then the insert trigger, at the end of
-- one statement. The trigger before the statement says that an insert is under way, so that the
-- update's minutes are kept for it and both make one payload.
create function monitoring.windows_insert_begins() returns trigger
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    perform set_config('cache_auditor.inserting', 'yes', true),
            set_config('cache_auditor.updated_minutes', '', true);
    return null;
end
$$;

create function monitoring.windows_updated() returns trigger
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
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

create function monitoring.windows_inserted() returns trigger
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
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

create trigger windows_insert_begins before insert on monitoring.cache_metrics_1min
    for each statement execute function monitoring.windows_insert_begins();
create trigger windows_updated after update on monitoring.cache_metrics_1min
    referencing new table as new_rows
    for each statement execute function monitoring.windows_updated();
create trigger windows_inserted after insert on monitoring.cache_metrics_1min
    referencing new table as new_rows
    for each statement execute function monitoring.windows_inserted();

create function monitoring.observations_changed() returns trigger
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    perform pg_notify('cache_auditor', json_build_object('kind', 'observations', 'sequence', max(id))::text)
    from new_rows
    having count(*) > 0;
    return null;
end
$$;

create trigger observations_changed after insert on monitoring.cache_observation_changes
    referencing new table as new_rows
    for each statement execute function monitoring.observations_changed();
