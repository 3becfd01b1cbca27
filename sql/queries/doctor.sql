-- Statements of `cache-auditor doctor`: each is one look at one thing that may be wrong.

-- name: read_clock
select clock_timestamp() as now;

-- name: read_server
select current_setting('server_version_num')::integer as version,
       current_setting('server_version') as said, pg_is_in_recovery() as standby, current_user::text as login;

-- name: read_roles
-- Each role: whether it is there, and whether it has the one right that it is made for.
select r.name,
       to_regrole(r.name) is not null as found,
       case
           when to_regrole(r.name) is null then false
           when r.name = 'cache_auditor_writer'
               then has_table_privilege(r.name, 'monitoring.cache_metrics', 'insert')
           when r.name = 'cache_auditor_auditor'
               then has_table_privilege(r.name, 'monitoring.cache_metrics_1min', 'update')
           when r.name = 'cache_auditor_reader'
               then has_table_privilege(r.name, 'monitoring.cache_metrics_1min', 'select')
           else has_function_privilege(
               r.name, 'monitoring.acknowledge_observation(uuid, text, text, text)', 'execute')
       end as granted
from unnest(array['cache_auditor_writer', 'cache_auditor_auditor', 'cache_auditor_reader',
                  'cache_auditor_acknowledger']) as r (name)
order by r.name;

-- name: read_exposed
-- What everybody, or a visitor of Supabase's API, may read beyond what is published to them.
select case when a.grantee = 0 then 'public' else pg_get_userbyid(a.grantee)::text end as grantee,
       array_agg(distinct c.relname::text order by c.relname::text) as tables
from pg_class as c, aclexplode(c.relacl) as a
where c.relnamespace = 'monitoring'::regnamespace
  and c.relkind in ('r', 'p', 'v', 'm')
  and a.privilege_type = 'SELECT'
  and (a.grantee = 0
       or pg_get_userbyid(a.grantee) = 'anon'
       or pg_get_userbyid(a.grantee) = 'authenticated'
          and c.relname not in ('cache_metrics_1min', 'cache_auditor_observations'))
group by 1
order by 1;

-- name: read_publication
-- No row: there is no such publication. missing: of the two tables that it should have.
-- others: tables of the schema that it should not have.
select p.puballtables as every_table,
       array(select t.name from unnest(array['cache_auditor_observations', 'cache_metrics_1min']) as t (name)
             where not exists (select from pg_publication_tables as m where m.pubname = p.pubname
                               and m.schemaname = 'monitoring' and m.tablename = t.name)) as missing,
       array(select m.tablename::text from pg_publication_tables as m
             where m.pubname = p.pubname and m.schemaname = 'monitoring'
               and m.tablename not in ('cache_auditor_observations', 'cache_metrics_1min')
             order by 1) as others
from pg_publication as p
where p.pubname = 'supabase_realtime';

-- name: read_key_secret_bytes
select octet_length(monitoring.collector_key_secret()) as bytes;

-- name: read_missing_days
-- Which of these days has no partition yet.
select day
from unnest(%(days)s::date[]) as d (day)
where to_regclass('monitoring.cache_metrics_p' || to_char(day, 'YYYYMMDD')) is null
order by day;

-- name: read_waiting
-- Deliveries that no rollup has seen.
select count(*) as batches, min(received_at) as oldest
from monitoring.cache_metric_batches
where rolled_at is null;

-- name: read_late
-- What came after its day was final, of the deliveries since an instant.
select coalesce(sum(too_late), 0)::bigint as rows, max(received_at) filter (where too_late > 0) as last
from monitoring.cache_metric_batches
where received_at >= %(since)s;

-- name: read_hours_backlog
-- Closed hours that are still to be made again.
select count(*) as hours, min(hour_window) as oldest
from monitoring.cache_hours_to_roll
where hour_window + interval '1 hour' <= %(until)s;

-- name: read_collectors
select c.collector_id, c.node, c.pid, c.version, c.started_at, c.last_seen_at, c.goodbye_at,
       c.dropped, c.refused, c.lost, c.spooled, c.keys_local,
       -- another of its host has started since it fell silent: it was replaced
       exists (select from monitoring.cache_collectors as o
               where o.node = c.node and o.collector_id <> c.collector_id
                 and o.started_at > c.last_seen_at) as replaced
from monitoring.cache_collectors as c
where c.last_seen_at >= %(since)s
order by c.last_seen_at desc
limit 10000;

-- name: read_servers
-- Servers that agents poll, those that are away first; agent_here: the agent is there to poll it.
select s.cache_name, s.implementation_type, s.node, s.kind, s.place, s.polled_at, s.away_since,
       s.because,
       coalesce(c.goodbye_at is null and c.last_seen_at >= %(heard_since)s, false) as agent_here
from monitoring.cache_servers as s
left join monitoring.cache_collectors as c using (collector_id)
where s.said_at >= %(since)s
order by s.away_since nulls last, s.cache_name, s.implementation_type, s.node
limit 10000;

-- name: read_baseline_ages
-- Every series that is alive, with the baseline in force.
select s.cache_name, s.implementation_type, min(s.first_minute) as first_minute,
       max(b.baseline_period_end) as fitted_until
from monitoring.cache_series as s
left join monitoring.cache_baseline_metrics as b
    on b.cache_name = s.cache_name and b.implementation_type = s.implementation_type and b.is_active
where s.last_minute >= %(since)s
group by s.cache_name, s.implementation_type
order by s.cache_name, s.implementation_type;

-- name: read_series_names
-- Every series that was ever heard of.
select distinct cache_name, implementation_type
from monitoring.cache_series;

-- name: read_notice_queue
select pg_notification_queue_usage() as share;

-- name: listen_probe
listen cache_auditor_doctor;

-- name: send_probe
select pg_notify('cache_auditor_doctor', %(token)s);
