-- Statements of the demo: its own database on the embedded server.

-- name: drop_stage
drop database if exists cache_auditor_demo with (force);

-- name: make_stage
create database cache_auditor_demo;
