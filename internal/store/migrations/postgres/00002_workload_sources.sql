-- +goose Up
-- settings is the JSON of the kind's settings; origin is what no two sources may
-- share, an issuer or a trust domain ('': nothing).
CREATE TABLE workload_sources (
    id         TEXT COLLATE "C" PRIMARY KEY,
    name       TEXT COLLATE "C" NOT NULL,
    name_key   TEXT COLLATE "C" NOT NULL UNIQUE,
    kind       TEXT COLLATE "C" NOT NULL,
    enabled    BIGINT NOT NULL,
    settings   TEXT COLLATE "C" NOT NULL,
    origin     TEXT COLLATE "C" NOT NULL,
    search     TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX workload_sources_by_origin ON workload_sources (origin) WHERE origin <> '';

-- Raised by every change to a source: what was verified under an older one does not count.
CREATE TABLE workload_source_revision (
    id BIGINT PRIMARY KEY CHECK (id = 1),
    n  BIGINT NOT NULL
);
INSERT INTO workload_source_revision (id, n) VALUES (1, 1);

-- A process on the server's own machine needs no credential, so that a laptop works as it is.
INSERT INTO workload_sources (id, name, name_key, kind, enabled, settings, origin, search, created_at, updated_at)
SELECT '0190a000-0000-7000-8000-756e69780001', 'This machine', 'this machine', 'unix', 1, '{"unix":{}}', '',
    'this machine' || chr(10) || 'unix', t.now, t.now
FROM (SELECT CAST(extract(epoch FROM now()) * 1000000 AS BIGINT) AS now) t;
