-- Replies to bodies that come without an id of their own, so that one that comes again is stored
-- once and answered as it was.

create table monitoring.cache_ingest_replies (
    key      bytea       primary key,
    body     bytea       not null,
    first_at timestamptz not null,
    reply    jsonb,
    constraint cache_ingest_replies_hashed check (octet_length(key) = 32 and octet_length(body) = 32)
);
comment on table monitoring.cache_ingest_replies is
    'What was answered to a body that came over HTTP without an id of its own; kept 24 hours.';
comment on column monitoring.cache_ingest_replies.key is
    'SHA-256 of the token and the idempotency key, or of the token and the body.';
comment on column monitoring.cache_ingest_replies.body is 'SHA-256 of the body that came first.';
comment on column monitoring.cache_ingest_replies.first_at is
    'When it came first; its batches are numbered by it.';
comment on column monitoring.cache_ingest_replies.reply is
    'What was answered; null: not yet, or its process died.';
create index cache_ingest_replies_first_idx on monitoring.cache_ingest_replies (first_at);

create function monitoring.claim_reply(p_key bytea, p_body bytea)
    returns table (first_at timestamptz, reply jsonb, same_body boolean)
    language plpgsql security definer
    set search_path = pg_catalog, pg_temp
as $$
declare
    kept_since constant timestamptz := clock_timestamp() - interval '24 hours';
begin
    delete from monitoring.cache_ingest_replies as old
    where old.key in (
        select r.key from monitoring.cache_ingest_replies as r
        where r.first_at < kept_since and r.key <> p_key
        order by r.first_at limit 100 for update skip locked);
    insert into monitoring.cache_ingest_replies as r (key, body, first_at)
    values (p_key, p_body, clock_timestamp())
    on conflict (key) do update set body = excluded.body, first_at = excluded.first_at, reply = null
        where r.first_at < kept_since;
    return query
        select r.first_at, r.reply, r.body = p_body
        from monitoring.cache_ingest_replies as r where r.key = p_key;
end
$$;
comment on function monitoring.claim_reply(bytea, bytea) is
    'The place of a body among those of the last 24 hours: who claims a key first decides.';

create function monitoring.settle_reply(p_key bytea, p_first_at timestamptz, p_reply jsonb)
    returns jsonb
    language sql security definer
    set search_path = pg_catalog, pg_temp
as $$
    update monitoring.cache_ingest_replies as r set reply = coalesce(r.reply, p_reply)
    where r.key = p_key and r.first_at = p_first_at
    returning r.reply
$$;
comment on function monitoring.settle_reply(bytea, timestamptz, jsonb) is
    'What was answered, the first time it is said; gives the answer that stands.';

-- apply_grants, which every `migrate` calls, grants these rights after those it granted before.
alter function monitoring.apply_grants() rename to apply_grants_before_ingest;

create function monitoring.apply_grants() returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    perform monitoring.apply_grants_before_ingest();
    if to_regrole('cache_auditor_auditor') is not null then
        revoke execute on function monitoring.apply_grants_before_ingest()
            from cache_auditor_auditor;
    end if;
    if to_regrole('cache_auditor_writer') is not null then
        grant execute on function
            monitoring.claim_reply(bytea, bytea),
            monitoring.settle_reply(bytea, timestamptz, jsonb)
            to cache_auditor_writer;
    end if;
end
$$;
