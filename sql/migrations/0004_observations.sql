-- What is found: scores, observations, their progress, what people said, and the log of changes.

create table monitoring.cache_score_runs (
    id         bigint generated always as identity primary key,
    scored_at  timestamptz not null default now(),
    since      timestamptz not null,
    until      timestamptz not null,
    forest_id  bigint,
    -- versions of this program and of numpy, scipy and scikit-learn: where `explain` is exact
    made_with  jsonb       not null
);
comment on table monitoring.cache_score_runs is
    'One pass of scoring: which windows, and the versions under which `explain` gives the same bits.';
create index cache_score_runs_until_idx on monitoring.cache_score_runs (until);

create table monitoring.cache_window_scores (
    cache_name          text             not null,
    implementation_type text             not null,
    minute_window       timestamptz      not null,
    -- 0 ordinary … 1 strange; null: not judged
    score               double precision,
    -- −log10 of the calibrated tail probability, unsaturated
    surprise            double precision,
    leading_metric      text,
    -- each detector's part: metric, statistic, surprise, value, expected, lower, upper, count
    parts               jsonb            not null default '[]',
    not_judged          text,
    baseline_id         bigint,
    calibration_id      bigint,
    run_id              bigint           not null,
    -- set when late events changed the window and it was scored again
    corrected_at        timestamptz,
    constraint cache_window_scores_pkey primary key (cache_name, implementation_type, minute_window),
    constraint cache_window_scores_score_in_unit check (score between 0 and 1)
);
comment on table monitoring.cache_window_scores is
    'How strange each closed window was, with the inputs from which the score can be made again.';
create index cache_window_scores_window_idx on monitoring.cache_window_scores (minute_window);

create table monitoring.cache_windows_to_rescore (
    minute_window timestamptz primary key,
    changed_at    timestamptz not null default now()
);
comment on table monitoring.cache_windows_to_rescore is
    'Minutes that late events changed after they were scored.';

-- Observations ---------------------------------------------------------------------------------

create table monitoring.cache_auditor_observations (
    id                   uuid        not null default gen_random_uuid(),
    cache_name           text        not null default 'default',
    implementation_type  text,
    node                 text        not null default '',
    "timestamp"          timestamptz not null default now(),
    severity             text        not null,
    category             text        not null,
    title                text        not null,
    description          text        not null,
    recommendation       text,
    metric_name          text,
    metric_value         double precision,
    baseline_value       double precision,
    -- null where the baseline is 0: there is no percentage of nothing
    deviation_percentage double precision,
    metadata             jsonb       not null default '{}',
    acknowledged         boolean     not null default false,
    acknowledged_at      timestamptz,
    acknowledged_by      text,
    state                text        not null default 'open',
    rank                 double precision not null default 0,
    cause                text,
    first_window         timestamptz not null default date_trunc('minute', now(), 'UTC'),
    resolved_at          timestamptz,
    reopened             integer     not null default 0,
    updated_at           timestamptz not null default now(),
    constraint cache_auditor_observations_pkey primary key (id),
    constraint cache_auditor_observations_severity_known check (
        severity in ('info', 'warning', 'critical')),
    constraint cache_auditor_observations_category_known check (
        category in ('performance', 'reliability', 'capacity', 'anomaly')),
    constraint cache_auditor_observations_state_known check (state in ('open', 'resolved')),
    constraint cache_auditor_observations_resolved_when_resolved check (
        (state = 'resolved') = (resolved_at is not null)),
    constraint cache_auditor_observations_deviation_real check (
        deviation_percentage > '-infinity' and deviation_percentage < 'infinity')
);
comment on table monitoring.cache_auditor_observations is
    'One problem of one cache as a person should see it. Changes only when it opens, escalates, is '
    'acknowledged, reopens or resolves.';
comment on column monitoring.cache_auditor_observations.state is
    'open: the problem lasts. resolved: it is over, and reopens if it returns soon.';
comment on column monitoring.cache_auditor_observations.severity is
    'info < warning < critical; it only rises while the observation is open.';
comment on column monitoring.cache_auditor_observations.rank is
    '0 to 100, orders within and across severities; as of the last transition.';
comment on column monitoring.cache_auditor_observations.deviation_percentage is
    'Against the baseline; null where the baseline is 0: there is no percentage of nothing.';
create index cache_auditor_observations_timestamp_idx
    on monitoring.cache_auditor_observations ("timestamp" desc);
create index cache_auditor_observations_severity_timestamp_idx
    on monitoring.cache_auditor_observations (severity, "timestamp" desc);
create index cache_auditor_observations_unacknowledged_idx
    on monitoring.cache_auditor_observations ("timestamp" desc) where not acknowledged;
comment on index monitoring.cache_auditor_observations_unacknowledged_idx is
    'What nobody has signed yet.';
create index cache_auditor_observations_open_idx
    on monitoring.cache_auditor_observations (cache_name, implementation_type) where state = 'open';

create table monitoring.cache_observation_progress (
    observation_id uuid             primary key
        references monitoring.cache_auditor_observations (id) on delete cascade,
    last_window    timestamptz      not null,
    -- the fold's own state, read back at the next tick
    progress       jsonb            not null default '{}',
    cost_ms        double precision not null default 0,
    rank           double precision not null default 0,
    updated_at     timestamptz      not null default now()
);
comment on table monitoring.cache_observation_progress is
    'What moves every minute while a problem lasts; unpublished, so that listeners are not woken.';

create table monitoring.cache_acknowledgements (
    id              bigint generated always as identity primary key,
    observation_id  uuid        not null
        references monitoring.cache_auditor_observations (id) on delete cascade,
    acknowledged_by text        not null,
    reason          text        not null,
    note            text        not null default '',
    acknowledged_at timestamptz not null default now(),
    revoked_at      timestamptz,
    constraint cache_acknowledgements_reason_known check (
        reason in ('fixed', 'expected', 'false-alarm', 'new-normal')),
    constraint cache_acknowledgements_signed check (
        char_length(acknowledged_by) between 1 and 200),
    constraint cache_acknowledgements_note_short check (char_length(note) <= 2000)
);
comment on table monitoring.cache_acknowledgements is
    'A person''s signed note on an observation. fixed: real, and mended. expected: real, and planned. '
    'false-alarm: not real. new-normal: how things are from now on.';
comment on column monitoring.cache_acknowledgements.revoked_at is
    'A worse turn reopened the observation; null: it stands.';
create index cache_acknowledgements_observation_idx
    on monitoring.cache_acknowledgements (observation_id);

create table monitoring.cache_observation_changes (
    id             bigint generated always as identity primary key,
    -- with pg_snapshot_xmin: what a listener may take as complete
    xid            xid8        not null default pg_current_xact_id(),
    changed_at     timestamptz not null default clock_timestamp(),
    observation_id uuid        not null,
    kind           text        not null,
    by             text,
    reason         text,
    note           text,
    -- the observation's row as it was after the change
    observation    jsonb       not null,
    constraint cache_observation_changes_kind_known check (
        kind in ('opened', 'escalated', 'acknowledged', 'reopened', 'resolved', 'changed'))
);
comment on table monitoring.cache_observation_changes is
    'Append-only log of every transition, written in its transaction, kept 7 days: what listeners catch up from.';
comment on column monitoring.cache_observation_changes.kind is
    'opened, escalated (a higher severity), acknowledged, reopened (after it was over, or worse than '
    'when it was acknowledged), resolved; changed: anything else.';
create index cache_observation_changes_xid_idx on monitoring.cache_observation_changes (xid, id);
create index cache_observation_changes_observation_idx
    on monitoring.cache_observation_changes (observation_id);
create index cache_observation_changes_changed_at_idx on monitoring.cache_observation_changes (changed_at);

-- Whoever changes an observation, the log hears of it: the rule is the table's, not the program's.
-- One statement, one insert into the log, so that listeners are woken once.
create function monitoring.log_opened_observations() returns trigger
    language plpgsql security definer
    set search_path = pg_catalog, pg_temp
as $$
begin
    insert into monitoring.cache_observation_changes (observation_id, kind, observation)
    select id, 'opened', to_jsonb(new_rows) from new_rows order by rank desc, id;
    return null;
end
$$;

create function monitoring.log_changed_observations() returns trigger
    language plpgsql security definer
    set search_path = pg_catalog, pg_temp
as $$
declare
    severities constant text[] := array['info', 'warning', 'critical'];
begin
    insert into monitoring.cache_observation_changes (
        observation_id, kind, by, reason, note, observation)
    select c.id, c.kind,
           case when c.kind = 'acknowledged' then c.row ->> 'acknowledged_by' end,
           case when c.kind = 'acknowledged' then c.row #>> '{metadata,acknowledgement,reason}' end,
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

create trigger log_opened after insert on monitoring.cache_auditor_observations
    referencing new table as new_rows
    for each statement execute function monitoring.log_opened_observations();
create trigger log_changed after update on monitoring.cache_auditor_observations
    referencing old table as old_rows new table as new_rows
    for each statement execute function monitoring.log_changed_observations();

-- Acknowledging: all a person's role may do to an observation.
create function monitoring.acknowledge_observation(
    p_observation_id uuid, p_by text, p_reason text, p_note text default ''
) returns text
    language plpgsql security definer
    set search_path = pg_catalog, pg_temp
as $$
declare
    observation monitoring.cache_auditor_observations;
begin
    select * into observation from monitoring.cache_auditor_observations
    where id = p_observation_id for update;
    if not found then
        return 'unknown';
    end if;
    if observation.acknowledged then
        return 'already';
    end if;
    insert into monitoring.cache_acknowledgements (observation_id, acknowledged_by, reason, note)
    values (p_observation_id, p_by, p_reason, coalesce(p_note, ''));
    update monitoring.cache_auditor_observations set
        acknowledged = true, acknowledged_at = now(), acknowledged_by = p_by, updated_at = now(),
        metadata = metadata || jsonb_build_object(
            'acknowledgement', jsonb_build_object('reason', p_reason, 'note', coalesce(p_note, '')))
    where id = p_observation_id;
    return 'acknowledged';
end
$$;
comment on function monitoring.acknowledge_observation(uuid, text, text, text) is
    'acknowledged, already (it was, and nothing is changed), or unknown (there is no such observation).';
