-- Statements of named listeners.

-- name: begin_listening
select floor, seen, missed, missed_until, begun, restored
from monitoring.begin_listening(%(name)s, %(holder)s, %(since)s);

-- name: keep_listening
select monitoring.keep_listening(
    %(name)s, %(holder)s, %(floor)s, %(seen)s::bigint[], %(told)s) is not null as kept;

-- name: stop_listening
select monitoring.stop_listening(%(name)s) as outcome;

-- name: read_listeners
-- How far each has heard: behind counts what is in the log and it has not dealt with, missed what
-- was removed from the log before it heard it.
select l.name, l.owner::text as owner, l.begun_at, l.heard_at, b.behind, b.oldest_unheard_at,
       l.missed, case when l.missed > 0 then l.missed_until end as missed_until,
       clock_timestamp() as now
from monitoring.cache_listeners as l
cross join lateral (
    select count(*) as behind, min(c.changed_at) as oldest_unheard_at
    from monitoring.cache_observation_changes as c
    where c.xid >= l.floor and not c.id = any (l.seen)) as b
order by l.name;
