-- Statements about tokens: what a gateway asks of them, and what their owner does with them.

-- name: check_token
-- Whose token it is and what it may; no row for one that is unknown or revoked.
select name, scopes from monitoring.check_token(%(digest)s);

-- name: count_tokens
select scope, tokens from monitoring.count_tokens();

-- name: create_token
insert into monitoring.cache_tokens (name, digest, scopes)
values (%(name)s, %(digest)s, %(scopes)s::text[])
returning token_id, name, scopes, created_at, created_by::text, revoked_at, last_used_at;

-- name: find_digest
-- Whose a token was, when it is made once more.
select name, revoked_at from monitoring.cache_tokens where digest = %(digest)s;

-- name: list_tokens
-- Good ones first, by name; then the revoked, the latest first.
select token_id, name, scopes, created_at, created_by::text, revoked_at, last_used_at
from monitoring.cache_tokens
order by revoked_at is not null, revoked_at desc, name;

-- name: revoke_token
update monitoring.cache_tokens set revoked_at = clock_timestamp()
where name = %(name)s and revoked_at is null
returning token_id, name, scopes, created_at, created_by::text, revoked_at, last_used_at;
