-- +goose Up
-- sub_agents is a JSON array of client IDs; template_id names the template that
-- made it, also when that is gone ('': its person did).
ALTER TABLE delegations ADD COLUMN sub_agents TEXT COLLATE "C" NOT NULL DEFAULT '[]';
ALTER TABLE delegations ADD COLUMN sender_constrained TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE delegations ADD COLUMN template_id TEXT COLLATE "C" NOT NULL DEFAULT '';
CREATE UNIQUE INDEX delegations_by_template ON delegations (template_id, delegator_id) WHERE template_id <> '';

-- settings is JSON; issuer is in it, too.
CREATE TABLE identity_providers (
    id         TEXT COLLATE "C" PRIMARY KEY,
    name       TEXT COLLATE "C" NOT NULL,
    name_key   TEXT COLLATE "C" NOT NULL UNIQUE,
    enabled    BIGINT NOT NULL,
    issuer     TEXT COLLATE "C" NOT NULL UNIQUE,
    settings   TEXT COLLATE "C" NOT NULL,
    search     TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

-- Who a provider calls subject is the user, and the user's only one there: when
-- the link goes, so does all that they lent by it.
CREATE TABLE identity_links (
    provider_id TEXT COLLATE "C" NOT NULL REFERENCES identity_providers (id),
    subject     TEXT COLLATE "C" NOT NULL,
    user_id     TEXT COLLATE "C" NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at  BIGINT NOT NULL,
    PRIMARY KEY (provider_id, subject)
);
CREATE UNIQUE INDEX identity_links_by_user ON identity_links (user_id, provider_id);

-- conditions, actions, resources and sub_agents are JSON arrays.
CREATE TABLE delegation_templates (
    id                 TEXT COLLATE "C" PRIMARY KEY,
    name               TEXT COLLATE "C" NOT NULL,
    name_key           TEXT COLLATE "C" NOT NULL UNIQUE,
    enabled            BIGINT NOT NULL,
    client_id          TEXT COLLATE "C" NOT NULL REFERENCES agents (client_id),
    provider_id        TEXT COLLATE "C" NOT NULL REFERENCES identity_providers (id),
    conditions         TEXT COLLATE "C" NOT NULL,
    role               TEXT COLLATE "C" NOT NULL,
    actions            TEXT COLLATE "C" NOT NULL,
    max_duration_s     BIGINT NOT NULL,
    resources          TEXT COLLATE "C" NOT NULL,
    sub_agents         TEXT COLLATE "C" NOT NULL,
    sender_constrained TEXT COLLATE "C" NOT NULL,
    search             TEXT COLLATE "C" NOT NULL,
    created_at         BIGINT NOT NULL,
    updated_at         BIGINT NOT NULL
);
CREATE INDEX delegation_templates_by_agent ON delegation_templates (client_id);
CREATE INDEX delegation_templates_by_provider ON delegation_templates (provider_id);

-- The agents of the chain that a live status index belongs to.
CREATE TABLE status_chain_agents (
    n         BIGINT NOT NULL REFERENCES status_indexes (n) ON DELETE CASCADE,
    client_id TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (n, client_id)
);
CREATE INDEX status_chain_agents_by_agent ON status_chain_agents (client_id);

-- A place in a list stays retired for as long as there is the list; the entry in
-- recalls goes when its tokens have ended.
CREATE TABLE retired_indexes (
    n   BIGINT PRIMARY KEY,
    seq BIGINT NOT NULL,
    at  BIGINT NOT NULL
);
INSERT INTO retired_indexes (n, seq, at) SELECT n, seq, at FROM recalls WHERE n IS NOT NULL;
CREATE INDEX recalls_by_end ON recalls (until_at);

-- Whose tokens were recalled: those of a delegation and actor chain, or one of the
-- delegation's ('' for what was recalled before this was written down). last_seq is
-- the number of the same change's last recall.
ALTER TABLE recalls ADD COLUMN delegation_id TEXT NOT NULL DEFAULT '';
ALTER TABLE recalls ADD COLUMN chain TEXT NOT NULL DEFAULT '';
ALTER TABLE recalls ADD COLUMN last_seq BIGINT NOT NULL DEFAULT 0;
CREATE INDEX recalls_by_delegation ON recalls (delegation_id, seq);

-- Lists that nobody needs any more. Their numbers are not used again.
CREATE TABLE dropped_lists (
    id BIGINT PRIMARY KEY,
    at BIGINT NOT NULL
);

-- What a token was exchanged for, so that both are recalled as one. audience is a JSON array.
CREATE TABLE exchanged_tokens (
    token_id   TEXT COLLATE "C" PRIMARY KEY,
    parent_id  TEXT COLLATE "C" NOT NULL,
    audience   TEXT COLLATE "C" NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX exchanged_tokens_by_parent ON exchanged_tokens (parent_id);
CREATE INDEX exchanged_tokens_by_expiry ON exchanged_tokens (expires_at);

CREATE TABLE sign_in_states (
    hash        TEXT COLLATE "C" PRIMARY KEY,
    browser     TEXT COLLATE "C" NOT NULL, -- hash
    provider_id TEXT COLLATE "C" NOT NULL REFERENCES identity_providers (id) ON DELETE CASCADE,
    return_to   TEXT COLLATE "C" NOT NULL,
    created_at  BIGINT NOT NULL,
    expires_at  BIGINT NOT NULL
);
CREATE INDEX sign_in_states_by_expiry ON sign_in_states (expires_at);
CREATE INDEX sign_in_states_by_provider ON sign_in_states (provider_id);

-- What each server knows of the verifiers that listen to it. report is JSON.
CREATE TABLE verifier_reports (
    server_id TEXT COLLATE "C" PRIMARY KEY,
    at        BIGINT NOT NULL,
    report    TEXT COLLATE "C" NOT NULL
);
