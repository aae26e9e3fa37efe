-- +goose Up
-- public_keys is the JWK Set that an agent signs assertions with ('': none).
ALTER TABLE agents ADD COLUMN public_keys TEXT NOT NULL DEFAULT '';

-- An assertion is a proof once: id_hash is the SHA-256 of its jti.
CREATE TABLE used_assertions (
    client_id  TEXT NOT NULL,
    id_hash    TEXT NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (client_id, id_hash)
) STRICT;
CREATE INDEX used_assertions_by_expiry ON used_assertions (expires_at);
