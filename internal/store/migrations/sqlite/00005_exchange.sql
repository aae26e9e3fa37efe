-- +goose Up
-- sub_agents is a JSON array of client IDs; template_id names the template that
-- made it, also when that is gone ('': its person did).
ALTER TABLE delegations ADD COLUMN sub_agents TEXT NOT NULL DEFAULT '[]';
ALTER TABLE delegations ADD COLUMN sender_constrained TEXT NOT NULL DEFAULT '';
ALTER TABLE delegations ADD COLUMN template_id TEXT NOT NULL DEFAULT '';
CREATE UNIQUE INDEX delegations_by_template ON delegations (template_id, delegator_id) WHERE template_id <> '';

-- settings is JSON; issuer is in it, too.
CREATE TABLE identity_providers (
    id         TEXT PRIMARY KEY,
    name       TEXT NOT NULL,
    name_key   TEXT NOT NULL UNIQUE,
    enabled    INTEGER NOT NULL,
    issuer     TEXT NOT NULL UNIQUE,
    settings   TEXT NOT NULL,
    search     TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;

-- Who a provider calls subject is the user, and the user's only one there: when
-- the link goes, so does all that they lent by it.
CREATE TABLE identity_links (
    provider_id TEXT NOT NULL REFERENCES identity_providers (id),
    subject     TEXT NOT NULL,
    user_id     TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at  INTEGER NOT NULL,
    PRIMARY KEY (provider_id, subject)
) STRICT;
CREATE UNIQUE INDEX identity_links_by_user ON identity_links (user_id, provider_id);

-- conditions, actions, resources and sub_agents are JSON arrays.
CREATE TABLE delegation_templates (
    id                 TEXT PRIMARY KEY,
    name               TEXT NOT NULL,
    name_key           TEXT NOT NULL UNIQUE,
    enabled            INTEGER NOT NULL,
    client_id          TEXT NOT NULL REFERENCES agents (client_id),
    provider_id        TEXT NOT NULL REFERENCES identity_providers (id),
    conditions         TEXT NOT NULL,
    role               TEXT NOT NULL,
    actions            TEXT NOT NULL,
    max_duration_s     INTEGER NOT NULL,
    resources          TEXT NOT NULL,
    sub_agents         TEXT NOT NULL,
    sender_constrained TEXT NOT NULL,
    search             TEXT NOT NULL,
    created_at         INTEGER NOT NULL,
    updated_at         INTEGER NOT NULL
) STRICT;
CREATE INDEX delegation_templates_by_agent ON delegation_templates (client_id);
CREATE INDEX delegation_templates_by_provider ON delegation_templates (provider_id);

-- The agents of the chain that a live status index belongs to.
CREATE TABLE status_chain_agents (
    n         INTEGER NOT NULL REFERENCES status_indexes (n) ON DELETE CASCADE,
    client_id TEXT NOT NULL,
    PRIMARY KEY (n, client_id)
) STRICT;
CREATE INDEX status_chain_agents_by_agent ON status_chain_agents (client_id);

-- A place in a list stays retired for as long as there is the list; the entry in
-- recalls goes when its tokens have ended.
CREATE TABLE retired_indexes (
    n   INTEGER PRIMARY KEY,
    seq INTEGER NOT NULL,
    at  INTEGER NOT NULL
) STRICT;
INSERT INTO retired_indexes (n, seq, at) SELECT n, seq, at FROM recalls WHERE n IS NOT NULL;
CREATE INDEX recalls_by_end ON recalls (until_at);

-- Whose tokens were recalled: those of a delegation and actor chain, or one of the
-- delegation's ('' for what was recalled before this was written down). last_seq is
-- the number of the same change's last recall.
ALTER TABLE recalls ADD COLUMN delegation_id TEXT NOT NULL DEFAULT '';
ALTER TABLE recalls ADD COLUMN chain TEXT NOT NULL DEFAULT '';
ALTER TABLE recalls ADD COLUMN last_seq INTEGER NOT NULL DEFAULT 0;
CREATE INDEX recalls_by_delegation ON recalls (delegation_id, seq);

-- Lists that nobody needs any more. Their numbers are not used again.
CREATE TABLE dropped_lists (
    id INTEGER PRIMARY KEY,
    at INTEGER NOT NULL
) STRICT;

-- What a token was exchanged for, so that both are recalled as one. audience is a JSON array.
CREATE TABLE exchanged_tokens (
    token_id   TEXT PRIMARY KEY,
    parent_id  TEXT NOT NULL,
    audience   TEXT NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX exchanged_tokens_by_parent ON exchanged_tokens (parent_id);
CREATE INDEX exchanged_tokens_by_expiry ON exchanged_tokens (expires_at);

CREATE TABLE sign_in_states (
    hash        TEXT PRIMARY KEY,
    browser     TEXT NOT NULL, -- hash
    provider_id TEXT NOT NULL REFERENCES identity_providers (id) ON DELETE CASCADE,
    return_to   TEXT NOT NULL,
    created_at  INTEGER NOT NULL,
    expires_at  INTEGER NOT NULL
) STRICT;
CREATE INDEX sign_in_states_by_expiry ON sign_in_states (expires_at);
CREATE INDEX sign_in_states_by_provider ON sign_in_states (provider_id);

-- What each server knows of the verifiers that listen to it. report is JSON.
CREATE TABLE verifier_reports (
    server_id TEXT PRIMARY KEY,
    at        INTEGER NOT NULL,
    report    TEXT NOT NULL
) STRICT;
