-- +goose Up
-- settings is the JSON of the kind's settings; origin is what no two sources may
-- share, an issuer or a trust domain ('': nothing).
CREATE TABLE workload_sources (
    id         TEXT PRIMARY KEY,
    name       TEXT NOT NULL,
    name_key   TEXT NOT NULL UNIQUE,
    kind       TEXT NOT NULL,
    enabled    INTEGER NOT NULL,
    settings   TEXT NOT NULL,
    origin     TEXT NOT NULL,
    search     TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX workload_sources_by_origin ON workload_sources (origin) WHERE origin <> '';

-- Raised by every change to a source: what was verified under an older one does not count.
CREATE TABLE workload_source_revision (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    n  INTEGER NOT NULL
) STRICT;
INSERT INTO workload_source_revision (id, n) VALUES (1, 1);

-- A process on the server's own machine needs no credential, so that a laptop works as it is.
INSERT INTO workload_sources (id, name, name_key, kind, enabled, settings, origin, search, created_at, updated_at)
SELECT '0190a000-0000-7000-8000-756e69780001', 'This machine', 'this machine', 'unix', 1, '{"unix":{}}', '',
    'this machine' || char(10) || 'unix', t.now, t.now
FROM (SELECT CAST(unixepoch('subsec') * 1000000 AS INTEGER) AS now) t;
