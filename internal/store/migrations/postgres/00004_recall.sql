-- +goose Up
-- A status index is a number from 0: list number / 131072 + 1, place number % 131072.
-- Numbers are handed out in order, and none twice.
CREATE TABLE status_head (
    id BIGINT PRIMARY KEY CHECK (id = 1),
    n  BIGINT NOT NULL -- handed out so far
);

-- The live index of each delegation and actor chain ('': the agent alone).
CREATE TABLE status_indexes (
    delegation_id TEXT COLLATE "C" NOT NULL REFERENCES delegations (id) ON DELETE CASCADE,
    chain         TEXT COLLATE "C" NOT NULL,
    n             BIGINT NOT NULL UNIQUE,
    PRIMARY KEY (delegation_id, chain)
);

INSERT INTO status_indexes (delegation_id, chain, n)
SELECT id, '', ROW_NUMBER() OVER (ORDER BY id) - 1 FROM delegations;
INSERT INTO status_head (id, n) SELECT 1, COUNT(*) FROM status_indexes;

-- Each recalls a status index or one token. audience is a JSON array.
CREATE TABLE recalls (
    seq      BIGINT PRIMARY KEY,
    at       BIGINT NOT NULL,
    n        BIGINT UNIQUE,
    token_id TEXT COLLATE "C" UNIQUE,
    audience TEXT COLLATE "C" NOT NULL,
    until_at BIGINT NOT NULL,
    CHECK ((n IS NULL) <> (token_id IS NULL))
);

-- Whoever raises it holds it until the commit, so that a reader who sees a
-- recall has seen all before it.
CREATE TABLE recall_head (
    id  BIGINT PRIMARY KEY CHECK (id = 1),
    seq BIGINT NOT NULL
);
INSERT INTO recall_head (id, seq) VALUES (1, 0);
