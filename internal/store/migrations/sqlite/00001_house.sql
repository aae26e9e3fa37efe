-- Times are microseconds since 1970 UTC (0: never); booleans are 0 or 1; hashes are hexadecimal.
-- +goose Up
CREATE TABLE actions (
    name        TEXT PRIMARY KEY,
    description TEXT NOT NULL,
    sensitive   INTEGER NOT NULL,
    search      TEXT NOT NULL,
    created_at  INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL
) STRICT;

CREATE TABLE roles (
    name        TEXT PRIMARY KEY,
    description TEXT NOT NULL,
    search      TEXT NOT NULL,
    created_at  INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL
) STRICT;

CREATE TABLE role_actions (
    role   TEXT NOT NULL REFERENCES roles (name) ON DELETE CASCADE,
    action TEXT NOT NULL REFERENCES actions (name),
    PRIMARY KEY (role, action)
) STRICT;
CREATE INDEX role_actions_by_action ON role_actions (action);

CREATE TABLE users (
    id              TEXT PRIMARY KEY,
    email           TEXT NOT NULL,
    email_key       TEXT NOT NULL UNIQUE,
    name            TEXT NOT NULL,
    status          TEXT NOT NULL,
    level           TEXT NOT NULL,
    password_hash   TEXT NOT NULL,
    search          TEXT NOT NULL,
    created_at      INTEGER NOT NULL,
    updated_at      INTEGER NOT NULL,
    last_sign_in_at INTEGER NOT NULL
) STRICT;

CREATE TABLE user_roles (
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    role    TEXT NOT NULL REFERENCES roles (name),
    PRIMARY KEY (user_id, role)
) STRICT;
CREATE INDEX user_roles_by_role ON user_roles (role);

CREATE TABLE agents (
    client_id             TEXT PRIMARY KEY,
    name                  TEXT NOT NULL,
    name_key              TEXT NOT NULL,
    type                  TEXT NOT NULL,
    platform              TEXT NOT NULL,
    attestation           TEXT NOT NULL,
    attestation_chosen    INTEGER NOT NULL,
    status                TEXT NOT NULL,
    default_delegation_id TEXT NOT NULL,
    search                TEXT NOT NULL,
    created_at            INTEGER NOT NULL,
    updated_at            INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX agents_by_name ON agents (name_key) WHERE status <> 'deleted';

CREATE TABLE agent_selectors (
    client_id      TEXT NOT NULL REFERENCES agents (client_id) ON DELETE CASCADE,
    ord            INTEGER NOT NULL,
    selector_key   TEXT NOT NULL,
    selector_value TEXT NOT NULL,
    PRIMARY KEY (client_id, selector_key)
) STRICT;

CREATE TABLE agent_secrets (
    hash       TEXT PRIMARY KEY,
    client_id  TEXT NOT NULL REFERENCES agents (client_id) ON DELETE CASCADE,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX agent_secrets_by_agent ON agent_secrets (client_id);

CREATE TABLE resources (
    id          TEXT PRIMARY KEY,
    name        TEXT NOT NULL,
    name_key    TEXT NOT NULL UNIQUE,
    uri         TEXT NOT NULL UNIQUE,
    secret_hash TEXT NOT NULL,
    search      TEXT NOT NULL,
    created_at  INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL
) STRICT;

CREATE TABLE delegations (
    id                TEXT PRIMARY KEY,
    client_id         TEXT NOT NULL REFERENCES agents (client_id),
    role              TEXT NOT NULL,
    delegator_id      TEXT NOT NULL REFERENCES users (id),
    max_duration_s    INTEGER NOT NULL,
    ends_at           INTEGER NOT NULL,
    status            TEXT NOT NULL,
    disabled_by_admin INTEGER NOT NULL,
    disabled_by_delegator INTEGER NOT NULL DEFAULT 0, -- both: each lifts their own
    revoke_reason     TEXT NOT NULL,
    revoked_at        INTEGER NOT NULL,
    created_at        INTEGER NOT NULL,
    updated_at        INTEGER NOT NULL
) STRICT;
CREATE INDEX delegations_by_agent ON delegations (client_id);
CREATE INDEX delegations_by_role ON delegations (role);
CREATE INDEX delegations_by_delegator ON delegations (delegator_id);

CREATE TABLE delegation_actions (
    delegation_id TEXT NOT NULL REFERENCES delegations (id) ON DELETE CASCADE,
    action        TEXT NOT NULL,
    PRIMARY KEY (delegation_id, action)
) STRICT;
CREATE INDEX delegation_actions_by_action ON delegation_actions (action);

CREATE TABLE delegation_resources (
    delegation_id TEXT NOT NULL REFERENCES delegations (id) ON DELETE CASCADE,
    uri           TEXT NOT NULL,
    PRIMARY KEY (delegation_id, uri)
) STRICT;
CREATE INDEX delegation_resources_by_uri ON delegation_resources (uri);

-- Apart from delegations, so that issuance never locks a row that people change.
CREATE TABLE last_use (
    delegation_id TEXT PRIMARY KEY REFERENCES delegations (id) ON DELETE CASCADE,
    client_id     TEXT NOT NULL,
    last_at       INTEGER NOT NULL
) STRICT;
CREATE INDEX last_use_by_agent ON last_use (client_id);

CREATE TABLE sessions (
    hash       TEXT PRIMARY KEY,
    user_id    TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    level      TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    seen_at    INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX sessions_by_user ON sessions (user_id);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

CREATE TABLE api_tokens (
    id           TEXT PRIMARY KEY,
    user_id      TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name         TEXT NOT NULL,
    hash         TEXT NOT NULL UNIQUE,
    search       TEXT NOT NULL,
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL,
    last_used_at INTEGER NOT NULL
) STRICT;
CREATE INDEX api_tokens_by_user ON api_tokens (user_id);

-- user_id is '' for the link that makes the first admin. Used links are deleted.
CREATE TABLE setup_links (
    hash       TEXT PRIMARY KEY,
    user_id    TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX setup_links_by_user ON setup_links (user_id);

-- sealed is the private key as a JWE under the master key.
CREATE TABLE signing_keys (
    kid          TEXT PRIMARY KEY,
    alg          TEXT NOT NULL,
    sealed       TEXT NOT NULL,
    published_at INTEGER NOT NULL,
    active_at    INTEGER NOT NULL
) STRICT;

-- body holds exactly the bytes that the chain links; the other columns are for finding it.
CREATE TABLE audit_events (
    seq           INTEGER PRIMARY KEY,
    at            INTEGER NOT NULL,
    actor_type    TEXT NOT NULL,
    actor_id      TEXT NOT NULL,
    action        TEXT NOT NULL,
    target_type   TEXT NOT NULL,
    target_id     TEXT NOT NULL,
    outcome       TEXT NOT NULL,
    client_id     TEXT NOT NULL,
    delegation_id TEXT NOT NULL,
    event_count   INTEGER NOT NULL,
    body          TEXT NOT NULL,
    hash          TEXT NOT NULL
) STRICT;
CREATE INDEX audit_events_by_at ON audit_events (at);
CREATE INDEX audit_events_by_actor ON audit_events (actor_id, seq);
CREATE INDEX audit_events_by_action ON audit_events (action, seq);
CREATE INDEX audit_events_by_agent ON audit_events (client_id, seq);
CREATE INDEX audit_events_by_delegation ON audit_events (delegation_id, seq);
CREATE INDEX audit_events_by_target ON audit_events (target_id, seq);

CREATE TABLE audit_head (
    id   INTEGER PRIMARY KEY CHECK (id = 1),
    seq  INTEGER NOT NULL,
    hash TEXT NOT NULL
) STRICT;
INSERT INTO audit_head (id, seq, hash) VALUES (1, 0, '0000000000000000000000000000000000000000000000000000000000000000');

CREATE TABLE audit_checkpoints (
    seq        INTEGER PRIMARY KEY,
    created_at INTEGER NOT NULL,
    jws        TEXT NOT NULL
) STRICT;

-- Every change to authority takes this row first: changes are one after the other, and numbered.
CREATE TABLE changes (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    n  INTEGER NOT NULL
) STRICT;
INSERT INTO changes (id, n) VALUES (1, 0);
