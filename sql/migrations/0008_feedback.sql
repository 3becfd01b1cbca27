-- What people say changes what comes next: scope, expiry and revocation of an acknowledgement; and
-- what an observation was judged by, so that `explain` can judge it again.

-- Feedback: an acknowledgement with a scope ------------------------------------------------------

alter table monitoring.cache_acknowledgements
    add column scope_cache_name          text,
    add column scope_implementation_type text,
    add column scope_metric              text,
    add column expires_at                timestamptz,
    add column bar                       double precision,
    add column severity                  text,
    add column revoked_by                text;

-- What was signed before had no scope: it goes on to quiet its own observation, and nothing else.
update monitoring.cache_acknowledgements as a
set scope_cache_name = o.cache_name, scope_implementation_type = o.implementation_type,
    scope_metric = o.metric_name, severity = o.severity,
    expires_at = case when a.reason <> 'fixed' then a.acknowledged_at end
from monitoring.cache_auditor_observations as o
where o.id = a.observation_id;

alter table monitoring.cache_acknowledgements
    alter column scope_cache_name set not null,
    alter column severity set not null,
    add constraint cache_acknowledgements_severity_known check (
        severity in ('info', 'warning', 'critical')),
    -- what is mended silences nothing, and so has nothing to expire
    add constraint cache_acknowledgements_expires_unless_fixed check (
        (reason = 'fixed') = (expires_at is null) and expires_at >= acknowledged_at),
    add constraint cache_acknowledgements_revoked_when_revoked check (
        revoked_by is null
        or revoked_at is not null and char_length(revoked_by) between 1 and 200);

comment on column monitoring.cache_acknowledgements.scope_implementation_type is
    'Null: every implementation of the cache.';
comment on column monitoring.cache_acknowledgements.scope_metric is
    'The leading metric of the observations that it silences; null: any.';
comment on column monitoring.cache_acknowledgements.expires_at is
    'Until when it silences, at least; expected goes on until its observation has resolved, new-normal '
    'ends when the new has been learned. Null where it silences nothing (fixed).';
comment on column monitoring.cache_acknowledgements.bar is
    'The surprise that the observation had reached when it was signed; null: not known.';
comment on column monitoring.cache_acknowledgements.severity is
    'Of the observation when it was signed: what is more severe is never silenced by it.';
comment on column monitoring.cache_acknowledgements.revoked_at is
    'It no longer counts, from then on; null: it stands.';
comment on column monitoring.cache_acknowledgements.revoked_by is
    'Who revoked it; null: a worse turn of the observation took it back.';
-- of those that may silence; the tick reads them each minute
create index cache_acknowledgements_standing_idx
    on monitoring.cache_acknowledgements (expires_at) where revoked_at is null;

-- Signing: the observation, and all that is like it within the scope.
create function monitoring.sign_observation(
    p_observation_id uuid, p_by text, p_reason text, p_note text default '',
    p_scope text default 'metric', p_expires interval default null,
    out outcome text, out feedback_id bigint
)
    language plpgsql security definer
    set search_path = pg_catalog, pg_temp
as $$
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
comment on function monitoring.sign_observation(uuid, text, text, text, text, interval) is
    'outcome: acknowledged, already (it was, and nothing is changed), or unknown; feedback_id: of the '
    'new row of cache_acknowledgements. Scope: metric, series, cache-metric or cache.';

-- As clients know it: the same, for this metric of this series, as long as is usual for the reason.
create or replace function monitoring.acknowledge_observation(
    p_observation_id uuid, p_by text, p_reason text, p_note text default ''
) returns text
    language sql security definer
    set search_path = pg_catalog, pg_temp
as $$
    select outcome
    from monitoring.sign_observation(p_observation_id, p_by, p_reason, p_note, 'metric', null)
$$;

create function monitoring.revoke_acknowledgement(p_feedback_id bigint, p_by text) returns text
    language plpgsql security definer
    set search_path = pg_catalog, pg_temp
as $$
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
comment on function monitoring.revoke_acknowledgement(bigint, text) is
    'revoked, already (it was, or a worse turn took it back), or unknown (there is no such feedback).';

-- Whoever takes an acknowledgement off an observation takes back what was signed: the tick at a
-- worse turn, a client that clears the column.
create function monitoring.take_back_acknowledgements() returns trigger
    language plpgsql security definer
    set search_path = pg_catalog, pg_temp
as $$
begin
    update monitoring.cache_acknowledgements as a set revoked_at = now()
    from new_rows as n join old_rows as o using (id)
    where o.acknowledged and not n.acknowledged
      and a.observation_id = n.id and a.revoked_at is null;
    return null;
end
$$;
create trigger take_back after update on monitoring.cache_auditor_observations
    referencing old table as old_rows new table as new_rows
    for each statement execute function monitoring.take_back_acknowledgements();

-- The log tells a revocation from a worse turn.
alter table monitoring.cache_observation_changes
    drop constraint cache_observation_changes_kind_known,
    add constraint cache_observation_changes_kind_known check (
        kind in ('opened', 'escalated', 'acknowledged', 'revoked', 'reopened', 'resolved', 'changed'));
comment on column monitoring.cache_observation_changes.kind is
    'opened, escalated (a higher severity), acknowledged, revoked (the acknowledgement), reopened (after '
    'it was over, or worse than when it was acknowledged), resolved; changed: anything else.';

create or replace function monitoring.log_changed_observations() returns trigger
    language plpgsql security definer
    set search_path = pg_catalog, pg_temp
as $$
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

-- Windows in which an observation would have opened, and feedback kept it from that.
alter table monitoring.cache_window_scores add column silenced_by bigint;
comment on column monitoring.cache_window_scores.silenced_by is
    'The acknowledgement that kept an observation from opening in this window.';
create index cache_window_scores_silenced_idx
    on monitoring.cache_window_scores (minute_window) where silenced_by is not null;

-- What an observation was judged by ---------------------------------------------------------------

create table monitoring.cache_observation_verdicts (
    observation_id uuid             not null
        references monitoring.cache_auditor_observations (id) on delete cascade,
    moment         text             not null,
    minute_window  timestamptz      not null,
    -- null: the window was not judged, and a rule opened it
    surprise       double precision,
    severity       text             not null,
    -- each channel's part, the cost of the minute, the causes: as they were found
    verdict        jsonb            not null,
    -- by implementation of the cache: the baseline and the calibration that were in force
    in_force       jsonb            not null,
    forest_id      bigint,
    -- static thresholds, and the alert budget that the surprise was held against
    rules          jsonb            not null,
    made_with      jsonb            not null,
    recorded_at    timestamptz      not null default now(),
    constraint cache_observation_verdicts_pkey primary key (observation_id, moment),
    constraint cache_observation_verdicts_moment_known check (moment in ('opened', 'worst'))
);
comment on table monitoring.cache_observation_verdicts is
    'What was found in the window that opened an observation and in its worst one, and by what it was '
    'judged: `explain` judges it again and compares.';
comment on column monitoring.cache_observation_verdicts.moment is
    'opened: the window whose scoring opened it. worst: the most surprising one since.';

-- Who may do it -----------------------------------------------------------------------------------

-- apply_grants, which every `migrate` calls, grants these rights after those it granted before.
alter function monitoring.apply_grants() rename to apply_grants_before_feedback;

create function monitoring.apply_grants() returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
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

-- Once, as in 0006: what the owner of a project revokes stays revoked.
do $$
begin
    if to_regrole('service_role') is not null then
        grant execute on function
            monitoring.sign_observation(uuid, text, text, text, text, interval),
            monitoring.revoke_acknowledgement(bigint, text)
            to service_role;
    end if;
end
$$;
