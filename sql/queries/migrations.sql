-- Statements that bring a database to this version's schema.

-- name: lock_migrations
-- One at a time in a database, and nothing found by accident: the migrations name every schema.
set local lock_timeout = '5min';
set local search_path = pg_catalog, pg_temp;
set local client_min_messages = warning;
select pg_advisory_xact_lock(hashtextextended('cache-auditor migrate', 0));

-- name: read_ledger_exists
select to_regclass('monitoring.cache_auditor_migrations') is not null as found;

-- name: make_ledger
-- Asked for only where it is missing: "create schema if not exists" needs the right to create one
-- even where one is.
do $$
begin
    if to_regnamespace('monitoring') is null then
        create schema monitoring;
    end if;
    if to_regclass('monitoring.cache_auditor_migrations') is null then
        create table monitoring.cache_auditor_migrations (
            version     integer     primary key,
            name        text        not null,
            sha256      text        not null,
            applied_at  timestamptz not null default clock_timestamp(),
            applied_by  text        not null default session_user,
            app_version text        not null
        );
        comment on table monitoring.cache_auditor_migrations is
            'Which migrations have landed; each row was written in its migration''s transaction.';
    end if;
end
$$;

-- name: read_landed
select version, name, sha256, applied_at, applied_by, app_version
from monitoring.cache_auditor_migrations
order by version;

-- name: read_tables_of_others
-- Which of the five contract tables exist; without a ledger they are not ours.
select relname::text as relname
from pg_catalog.pg_class
where relnamespace = to_regnamespace('monitoring')
  and relkind in ('r', 'p', 'v', 'm', 'f')
  and relname in ('cache_metrics', 'cache_metrics_1min', 'cache_metrics_1hour',
                  'cache_baseline_metrics', 'cache_auditor_observations')
order by relname;

-- name: write_landed
insert into monitoring.cache_auditor_migrations (version, name, sha256, app_version)
values (%(version)s, %(name)s, %(sha256)s, %(app_version)s);

-- name: read_grants_exist
select to_regprocedure('monitoring.apply_grants()') is not null as found;

-- name: apply_grants
-- Again each time, so that roles that were made since get their rights.
select monitoring.apply_grants();
