"""A stub of what Supabase adds to a PostgreSQL, as far as the migrations meet it.

Read in Supabase's own migrations: its roles, the schema realtime whose table belongs to another
role and is protected row by row, its three functions, and the publication. As there, the table has
no partition until a client has joined, and `send` turns every error into a warning.
"""

STUB = """
create role anon nologin noinherit;
create role authenticated nologin noinherit;
create role service_role nologin noinherit bypassrls;
create role supabase_admin login superuser;
create role supabase_realtime_admin nologin noinherit;
create role project_owner login createrole createdb bypassrls;
grant anon, authenticated, service_role to project_owner;
grant create on database cache_auditor to project_owner;
alter role anon set statement_timeout = '3s';
alter role authenticated set statement_timeout = '8s';

create schema realtime authorization supabase_admin;
grant usage on schema realtime to project_owner, anon, authenticated, service_role;
create table realtime.messages (
    topic text not null, extension text not null, payload jsonb, event text,
    private boolean default false, updated_at timestamp not null default now(),
    inserted_at timestamp not null default now(), id uuid not null default gen_random_uuid(),
    primary key (id, inserted_at)
) partition by range (inserted_at);
alter table realtime.messages enable row level security;
alter table realtime.messages owner to supabase_realtime_admin;
grant select, insert, update on realtime.messages
    to project_owner, anon, authenticated, service_role;
create function realtime.topic() returns text language sql stable
    as $$ select nullif(current_setting('realtime.topic', true), '') $$;
create function realtime.send(payload jsonb, event text, topic text, private boolean default true)
    returns void language plpgsql as $$
declare
    generated_id uuid := gen_random_uuid();
begin
    if not payload ? 'id' then
        payload := jsonb_set(payload, '{id}', to_jsonb(generated_id));
    end if;
    execute format('set local realtime.topic to %L', topic);
    insert into realtime.messages (id, payload, event, topic, private, extension)
    values (generated_id, payload, event, topic, private, 'broadcast');
exception when others then
    raise warning 'WarnSendingBroadcastMessage: %', sqlerrm;
end $$;
create function realtime.broadcast_changes(
    topic_name text, event_name text, operation text, table_name text, table_schema text,
    new record, old record, level text default 'ROW') returns void language plpgsql
    as $$ begin perform realtime.send('{}'::jsonb, event_name, topic_name); end $$;

create table public.orders (id int primary key);
alter table public.orders owner to project_owner;
create publication supabase_realtime for table public.orders;
alter publication supabase_realtime owner to project_owner;
"""
PARTITION = """
create table realtime.messages_all partition of realtime.messages
    for values from (minvalue) to (maxvalue)
"""
