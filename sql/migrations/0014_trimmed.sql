-- Up to when the change log was shortened, so that who resumes from an older place is told.

create or replace function monitoring.note_missed_changes() returns trigger
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
    insert into monitoring.cache_auditor_state as s (name, value)
    select 'changes_trimmed_until', max(o.changed_at) from old_rows as o
    having count(*) > 0
    on conflict (name) do update set value = greatest(s.value, excluded.value);
    return null;
end
$$;
