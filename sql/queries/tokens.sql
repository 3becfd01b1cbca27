-- Statements about tokens: what a gateway asks of them, and what their owner does with them.

-- name: check_token
-- Whose token it is and what it may; no row for one that is unknown or revoked.
select name, scopes from monitoring.check_token(%(digest)s);

-- name: count_tokens
select scope, tokens from monitoring.count_tokens();
