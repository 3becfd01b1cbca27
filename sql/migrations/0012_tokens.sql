-- Who may do what over HTTP: tokens, of which only the SHA-256 is kept.

create table monitoring.cache_tokens (
    token_id     bigint generated always as identity primary key,
    name         text        not null,
    digest       bytea       not null,
    scopes       text[]      not null,
    created_at   timestamptz not null default now(),
    created_by   name        not null default session_user,
    revoked_at   timestamptz,
    last_used_at timestamptz,
    constraint cache_tokens_digest_once unique (digest),
    constraint cache_tokens_digest_hashed check (octet_length(digest) = 32),
    constraint cache_tokens_scopes_known check (
        scopes <@ array['ingest', 'ack', 'read'] and cardinality(scopes) between 1 and 3),
    -- the gateway says these two of whoever has no row here
    constraint cache_tokens_name_free check (name not in ('settings', 'anyone')),
    constraint cache_tokens_name_short check (char_length(name) between 1 and 64 and name = btrim(name))
);
comment on table monitoring.cache_tokens is
    'Who may do what over HTTP. A token is shown once, when it is made; it is not kept.';
comment on column monitoring.cache_tokens.name is
    'Unique among those that are not revoked; it signs what is acknowledged with the token.';
comment on column monitoring.cache_tokens.digest is 'SHA-256 of the token. A revoked one stays refused.';
comment on column monitoring.cache_tokens.scopes is
    'ingest: deliver; ack: acknowledge and plan; read: see what the auditor has to say.';
comment on column monitoring.cache_tokens.last_used_at is 'To within an hour.';
create unique index cache_tokens_name_once on monitoring.cache_tokens (name) where revoked_at is null;

create function monitoring.check_token(p_digest bytea)
    returns table (name text, scopes text[])
    language plpgsql security definer
    set search_path = pg_catalog, pg_temp
as $$
begin
    if current_setting('transaction_read_only') = 'off' then
        update monitoring.cache_tokens as t set last_used_at = clock_timestamp()
        where t.token_id in (
            select u.token_id from monitoring.cache_tokens as u
            where u.digest = p_digest and u.revoked_at is null
              and (u.last_used_at is null or u.last_used_at < clock_timestamp() - interval '1 hour')
            -- nobody waits for somebody else's hour
            for update skip locked);
    end if;
    return query
        select t.name, t.scopes from monitoring.cache_tokens as t
        where t.digest = p_digest and t.revoked_at is null;
end
$$;
comment on function monitoring.check_token(bytea) is
    'Whose token has this SHA-256, and what it may; no row for one that is unknown or revoked.';

create function monitoring.count_tokens() returns table (scope text, tokens bigint)
    language sql stable security definer
    set search_path = pg_catalog, pg_temp
as $$
    select s.scope, count(t.token_id)
    from unnest(array['ingest', 'ack', 'read']) as s (scope)
    left join monitoring.cache_tokens as t on s.scope = any (t.scopes) and t.revoked_at is null
    group by s.scope
$$;
comment on function monitoring.count_tokens() is 'How many tokens are good for each scope.';

-- Who may do it --------------------------------------------------------------------------------

alter function monitoring.apply_grants() rename to apply_grants_before_tokens;

create function monitoring.apply_grants() returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    role_name text;
begin
    perform monitoring.apply_grants_before_tokens();
    if to_regrole('cache_auditor_auditor') is not null then
        revoke execute on function monitoring.apply_grants_before_tokens() from cache_auditor_auditor;
        -- who audits need not be able to make itself a token, nor to see what others' hash to
        revoke all on monitoring.cache_tokens from cache_auditor_auditor;
        grant select (token_id, name, scopes, created_at, created_by, revoked_at, last_used_at)
            on monitoring.cache_tokens to cache_auditor_auditor;
    end if;
    foreach role_name in array array[
        'cache_auditor_writer', 'cache_auditor_reader', 'cache_auditor_acknowledger'] loop
        if to_regrole(role_name) is not null then
            execute format(
                'grant execute on function monitoring.check_token(bytea), monitoring.count_tokens() '
                'to %I', role_name);
        end if;
    end loop;
end
$$;
