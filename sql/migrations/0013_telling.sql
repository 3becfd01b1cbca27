-- How far named listeners have heard, and what is told to people elsewhere.

-- Listeners ------------------------------------------------------------------------------------

create table monitoring.cache_listeners (
    name         text        not null,
    owner        name        not null default session_user,
    floor        xid8        not null,
    seen         bigint[]    not null default '{}',
    holder       uuid,
    missed       bigint      not null default 0,
    missed_until timestamptz,
    begun_at     timestamptz not null default clock_timestamp(),
    heard_at     timestamptz not null default clock_timestamp(),
    constraint cache_listeners_pkey primary key (name),
    constraint cache_listeners_name_short check (name ~ '^[A-Za-z0-9_.:-]{1,64}$'),
    constraint cache_listeners_seen_bounded check (cardinality(seen) <= 100000)
);
comment on table monitoring.cache_listeners is
    'How far each named listener has heard the change log, so that it goes on there after a kill.';
comment on column monitoring.cache_listeners.owner is 'The login that made it; no other may move it.';
comment on column monitoring.cache_listeners.floor is
    'The oldest transaction that was unfinished when the listener last read: it reads from there.';
comment on column monitoring.cache_listeners.seen is
    'Changes of transactions at or above the floor that it has dealt with.';
comment on column monitoring.cache_listeners.holder is
    'Who follows under this name: the process that began last.';
comment on column monitoring.cache_listeners.missed is
    'Changes that were removed from the log before the listener heard them, and that it was not told of.';
comment on column monitoring.cache_listeners.missed_until is 'The last of them.';

-- Where a name begins, or goes on. Begun now, it has seen what is there now: one statement, one
-- snapshot. A floor that this server has not reached is another server's: a dump was restored.
create function monitoring.begin_listening(
    p_name text, p_holder uuid default null, p_since timestamptz default null
) returns table (
    floor bigint, seen bigint[], missed bigint, missed_until timestamptz, begun boolean,
    restored boolean
)
    language plpgsql security definer
    set search_path = pg_catalog, pg_temp
as $$
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
comment on function monitoring.begin_listening(text, uuid, timestamptz) is
    'The place of a named listener, made when it is new; whoever calls it is the holder from now on. '
    'begun: it is new. restored: its place was another server''s, and changes since then come again.';

create function monitoring.keep_listening(
    p_name text, p_holder uuid, p_floor bigint, p_seen bigint[], p_told bigint default 0
) returns boolean
    language sql security definer
    set search_path = pg_catalog, pg_temp
as $$
    update monitoring.cache_listeners as l
    set floor = p_floor::text::xid8, seen = p_seen, heard_at = clock_timestamp(),
        missed = greatest(l.missed - p_told, 0)
    where l.name = p_name and l.holder = p_holder
      and (l.owner = session_user
           or has_table_privilege(session_user, 'monitoring.cache_listeners', 'update'))
    returning true
$$;
comment on function monitoring.keep_listening(text, uuid, bigint, bigint[], bigint) is
    'Notes how far the holder has heard, and of how many missed changes it was told; null: another '
    'process follows under this name now, or it was forgotten.';

create function monitoring.stop_listening(p_name text) returns text
    language plpgsql security definer
    set search_path = pg_catalog, pg_temp
as $$
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
comment on function monitoring.stop_listening(text) is
    'forgotten, foreign (another login''s), or unknown (there is no such listener).';

-- Whoever shortens the log, each listener that had not heard what goes is told how much it was.
create function monitoring.note_missed_changes() returns trigger
    language plpgsql security definer
    set search_path = pg_catalog, pg_temp
as $$
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
    return null;
end
$$;
create trigger note_missed after delete on monitoring.cache_observation_changes
    referencing old table as old_rows
    for each statement execute function monitoring.note_missed_changes();

-- What is told to people elsewhere ---------------------------------------------------------------

create table monitoring.cache_notifications (
    route          text        not null,
    target         text        not null,
    observation_id uuid        not null,
    -- what the target was last told: open, acknowledged or resolved; null: nothing yet
    told           text,
    told_severity  text,
    told_at        timestamptz,
    due_at         timestamptz,
    attempts       integer     not null default 0,
    failing_since  timestamptz,
    because        text        not null default '',
    claim          uuid,
    claimed_until  timestamptz,
    dead_at        timestamptz,
    asked_at       timestamptz not null default clock_timestamp(),
    constraint cache_notifications_pkey primary key (route, target, observation_id),
    constraint cache_notifications_told_known check (told in ('open', 'acknowledged', 'resolved')),
    constraint cache_notifications_severity_known check (
        told_severity in ('info', 'warning', 'critical')),
    constraint cache_notifications_because_short check (char_length(because) <= 500),
    constraint cache_notifications_dead_waits_for_nothing check (dead_at is null or due_at is null)
);
comment on table monitoring.cache_notifications is
    'What each target of a [[notify]] route was told of each problem, and what it is still to be told.';
comment on column monitoring.cache_notifications.target is
    'The beginning of a hash of its address, which is a secret and is never stored.';
comment on column monitoring.cache_notifications.due_at is
    'When it is to be looked at (again); null: nothing waits.';
comment on column monitoring.cache_notifications.claim is
    'Who is sending; until claimed_until nobody else does.';
comment on column monitoring.cache_notifications.dead_at is
    'When it was given up, `because` says why; `notify retry` takes it up again.';
create index cache_notifications_due_idx
    on monitoring.cache_notifications (due_at) where due_at is not null;
create index cache_notifications_observation_idx on monitoring.cache_notifications (observation_id);
create index cache_notifications_dead_idx
    on monitoring.cache_notifications (dead_at) where dead_at is not null;
comment on index monitoring.cache_notifications_dead_idx is 'Dead letters.';

-- Who may do it ----------------------------------------------------------------------------------

alter function monitoring.apply_grants() rename to apply_grants_before_telling;

create function monitoring.apply_grants() returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
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
