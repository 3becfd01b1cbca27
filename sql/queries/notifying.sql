-- Statements of what is told to people elsewhere.

-- name: lock_place
-- The place from which notifications are made; no row when another daemon is at it.
select floor::text::bigint as floor, seen, missed, missed_until
from monitoring.cache_listeners where name = %(name)s
for update skip locked;

-- name: move_place
update monitoring.cache_listeners set
    floor = %(floor)s::text::xid8, seen = %(seen)s, heard_at = clock_timestamp(), missed = 0
where name = %(name)s;

-- name: ask_notification
-- A problem changed. A target that knows nothing of it yet gets a line only when there is something
-- to tell (fresh). What fails now waits for its next attempt; a dead letter comes alive.
insert into monitoring.cache_notifications as n (route, target, observation_id, due_at, asked_at)
select %(route)s, %(target)s, %(observation_id)s, %(now)s, clock_timestamp()
where %(fresh)s or exists (
    select from monitoring.cache_notifications as k
    where (k.route, k.target, k.observation_id) = (%(route)s, %(target)s, %(observation_id)s))
on conflict (route, target, observation_id) do update set
    due_at = case when n.attempts > 0 and n.due_at is not null then n.due_at else excluded.due_at end,
    attempts = case when n.dead_at is null then n.attempts else 0 end,
    failing_since = case when n.dead_at is null then n.failing_since end,
    dead_at = null, asked_at = excluded.asked_at;

-- name: claim_notifications
-- What is due to some targets, and nobody else is sending: ours until the claim runs out.
update monitoring.cache_notifications as n
set claim = %(claim)s, claimed_until = %(claimed_until)s
from (
    select d.route, d.target, d.observation_id
    from monitoring.cache_notifications as d
    where d.due_at <= %(now)s and coalesce(d.claimed_until <= %(now)s, true)
      and (d.route, d.target) in (
          select * from unnest(%(routes)s::text[], %(targets)s::text[]))
    order by d.due_at
    limit %(most)s
    for update skip locked) as due
where (n.route, n.target, n.observation_id) = (due.route, due.target, due.observation_id)
returning n.route, n.target, n.observation_id, n.told, n.told_severity, n.attempts,
    n.failing_since, n.asked_at, n.claim;

-- name: read_problems
-- Observations as they are, with the severity that each opened with, as far as that is known.
select o.id, o.cache_name, o.implementation_type, o.severity, o.category, o.state, o.acknowledged,
       o.acknowledged_by, o.title, o.recommendation, o.metric_name, o.metric_value, o.baseline_value,
       o.deviation_percentage, o.cause, o.first_window, o.resolved_at,
       coalesce(p.cost_ms, 0) as cost_ms,
       jsonb_array_length(coalesce(p.progress -> 'also', o.metadata -> 'also', '[]')) as also,
       coalesce(
           (select c.observation ->> 'severity' from monitoring.cache_observation_changes as c
            where c.observation_id = o.id and c.kind = 'opened' order by c.id limit 1),
           (select v.severity from monitoring.cache_observation_verdicts as v
            where v.observation_id = o.id and v.moment = 'opened')) as opened_as
from monitoring.cache_auditor_observations as o
left join monitoring.cache_observation_progress as p on p.observation_id = o.id
where o.id = any(%(ids)s);

-- name: settle_notification
-- Told, or nothing to tell. What changed since it was claimed is still to be looked at.
update monitoring.cache_notifications set
    told = %(told)s, told_severity = %(told_severity)s,
    told_at = case when %(sent)s then %(now)s else told_at end,
    due_at = case when asked_at = %(asked_at)s then null else %(now)s end,
    attempts = 0, failing_since = null, because = '', claim = null, claimed_until = null
where (route, target, observation_id) = (%(route)s, %(target)s, %(observation_id)s)
  and claim = %(claim)s;

-- name: postpone_notification
-- Not now: quiet hours, a failure (attempts), or one before it to the same target that failed. What
-- changed since it was claimed is looked at now all the same.
update monitoring.cache_notifications set
    due_at = case when asked_at = %(asked_at)s then %(due_at)s::timestamptz else %(now)s end,
    dead_at = case when asked_at = %(asked_at)s then %(dead_at)s::timestamptz end,
    attempts = %(attempts)s, failing_since = %(failing_since)s, because = %(because)s,
    claim = null, claimed_until = null
where (route, target, observation_id) = (%(route)s, %(target)s, %(observation_id)s)
  and claim = %(claim)s;

-- name: bury_notifications
-- Of targets that are no longer in the settings, what has waited for them for an hour.
update monitoring.cache_notifications set
    dead_at = %(now)s, due_at = null, claim = null, claimed_until = null,
    because = 'its target is no longer in the settings'
where due_at < %(now)s - interval '1 hour' and coalesce(claimed_until <= %(now)s, true)
  and (route, target) not in (select * from unnest(%(routes)s::text[], %(targets)s::text[]));

-- name: retry_notifications
update monitoring.cache_notifications set
    due_at = %(now)s, attempts = 0, failing_since = null, dead_at = null
where (dead_at is not null or attempts > 0) and coalesce(route = %(route)s, true);

-- name: list_notifications
-- What waits and what is dead; with `everything` also what was told. The newest first.
select n.route, n.target, n.observation_id, o.title, o.severity, o.state, n.told, n.told_at,
       n.due_at, n.attempts, n.failing_since, n.because, n.dead_at, n.asked_at
from monitoring.cache_notifications as n
left join monitoring.cache_auditor_observations as o on o.id = n.observation_id
where (%(everything)s or n.due_at is not null or n.dead_at is not null)
  and coalesce(n.route = %(route)s, true)
order by n.dead_at is null, n.asked_at desc
limit %(most)s;

-- name: count_notifications
-- By route: how many wait, how many of them failed at least once, how many are dead letters, and
-- since when the oldest that is due has been so.
select route, count(*) filter (where due_at is not null) as waiting,
       count(*) filter (where attempts > 0 and dead_at is null) as failing,
       count(*) filter (where dead_at is not null) as dead,
       min(due_at) filter (where due_at <= clock_timestamp()) as oldest_due_at,
       max(told_at) as last_told_at
from monitoring.cache_notifications
group by route
order by route;

-- name: is_behind
-- Whether something changed that is not in the outbox yet, or the place was not noted for a while.
select l.heard_at < clock_timestamp() - interval '1 minute'
       or exists (select from monitoring.cache_observation_changes as c
                  where c.xid >= l.floor and not c.id = any (l.seen)) as behind
from monitoring.cache_listeners as l where l.name = %(name)s;
