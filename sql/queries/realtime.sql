-- Statements of the gateway's Realtime socket.

-- name: read_published_columns
-- Columns of the published tables with the names of their types, as postgres_changes tells them.
select c.relname::text, a.attname::text, t.typname::text
from pg_class as c
join pg_attribute as a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
join pg_type as t on t.oid = a.atttypid
where c.relnamespace = 'monitoring'::regnamespace and c.relname = any(%(tables)s)
order by c.relname, a.attnum;
