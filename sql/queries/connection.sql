-- Statements of every connection, whoever opens it.

-- name: open_session
-- Instants come back in UTC. The server reports its time zone, so poolers carry it over.
set timezone to 'UTC';
