-- Times are microseconds since 1970 UTC (0: never); booleans are 0 or 1; hashes are hexadecimal.
-- +goose Up
CREATE TABLE actions (
    name        TEXT COLLATE "C" PRIMARY KEY,
    description TEXT COLLATE "C" NOT NULL,
    sensitive   BIGINT NOT NULL,
    search      TEXT COLLATE "C" NOT NULL,
    created_at  BIGINT NOT NULL,
    updated_at  BIGINT NOT NULL
);

CREATE TABLE roles (
    name        TEXT COLLATE "C" PRIMARY KEY,
    description TEXT COLLATE "C" NOT NULL,
    search      TEXT COLLATE "C" NOT NULL,
    created_at  BIGINT NOT NULL,
    updated_at  BIGINT NOT NULL
);

CREATE TABLE role_actions (
    role   TEXT COLLATE "C" NOT NULL REFERENCES roles (name) ON DELETE CASCADE,
    action TEXT COLLATE "C" NOT NULL REFERENCES actions (name),
    PRIMARY KEY (role, action)
);
CREATE INDEX role_actions_by_action ON role_actions (action);

CREATE TABLE users (
    id              TEXT COLLATE "C" PRIMARY KEY,
    email           TEXT COLLATE "C" NOT NULL,
    email_key       TEXT COLLATE "C" NOT NULL UNIQUE,
    name            TEXT COLLATE "C" NOT NULL,
    status          TEXT COLLATE "C" NOT NULL,
    level           TEXT COLLATE "C" NOT NULL,
    password_hash   TEXT COLLATE "C" NOT NULL,
    search          TEXT COLLATE "C" NOT NULL,
    created_at      BIGINT NOT NULL,
    updated_at      BIGINT NOT NULL,
    last_sign_in_at BIGINT NOT NULL
);

CREATE TABLE user_roles (
    user_id TEXT COLLATE "C" NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    role    TEXT COLLATE "C" NOT NULL REFERENCES roles (name),
    PRIMARY KEY (user_id, role)
);
CREATE INDEX user_roles_by_role ON user_roles (role);

CREATE TABLE agents (
    client_id             TEXT COLLATE "C" PRIMARY KEY,
    name                  TEXT COLLATE "C" NOT NULL,
    name_key              TEXT COLLATE "C" NOT NULL,
    type                  TEXT COLLATE "C" NOT NULL,
    platform              TEXT COLLATE "C" NOT NULL,
    attestation           TEXT COLLATE "C" NOT NULL,
    attestation_chosen    BIGINT NOT NULL,
    status                TEXT COLLATE "C" NOT NULL,
    default_delegation_id TEXT COLLATE "C" NOT NULL,
    search                TEXT COLLATE "C" NOT NULL,
    created_at            BIGINT NOT NULL,
    updated_at            BIGINT NOT NULL
);
CREATE UNIQUE INDEX agents_by_name ON agents (name_key) WHERE status <> 'deleted';

CREATE TABLE agent_selectors (
    client_id      TEXT COLLATE "C" NOT NULL REFERENCES agents (client_id) ON DELETE CASCADE,
    ord            BIGINT NOT NULL,
    selector_key   TEXT COLLATE "C" NOT NULL,
    selector_value TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (client_id, selector_key)
);

CREATE TABLE agent_secrets (
    hash       TEXT COLLATE "C" PRIMARY KEY,
    client_id  TEXT COLLATE "C" NOT NULL REFERENCES agents (client_id) ON DELETE CASCADE,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX agent_secrets_by_agent ON agent_secrets (client_id);

CREATE TABLE resources (
    id          TEXT COLLATE "C" PRIMARY KEY,
    name        TEXT COLLATE "C" NOT NULL,
    name_key    TEXT COLLATE "C" NOT NULL UNIQUE,
    uri         TEXT COLLATE "C" NOT NULL UNIQUE,
    secret_hash TEXT COLLATE "C" NOT NULL,
    search      TEXT COLLATE "C" NOT NULL,
    created_at  BIGINT NOT NULL,
    updated_at  BIGINT NOT NULL
);

CREATE TABLE delegations (
    id                TEXT COLLATE "C" PRIMARY KEY,
    client_id         TEXT COLLATE "C" NOT NULL REFERENCES agents (client_id),
    role              TEXT COLLATE "C" NOT NULL,
    delegator_id      TEXT COLLATE "C" NOT NULL REFERENCES users (id),
    max_duration_s    BIGINT NOT NULL,
    ends_at           BIGINT NOT NULL,
    status            TEXT COLLATE "C" NOT NULL,
    disabled_by_admin BIGINT NOT NULL,
    disabled_by_delegator BIGINT NOT NULL DEFAULT 0, -- both: each lifts their own
    revoke_reason     TEXT COLLATE "C" NOT NULL,
    revoked_at        BIGINT NOT NULL,
    created_at        BIGINT NOT NULL,
    updated_at        BIGINT NOT NULL
);
CREATE INDEX delegations_by_agent ON delegations (client_id);
CREATE INDEX delegations_by_role ON delegations (role);
CREATE INDEX delegations_by_delegator ON delegations (delegator_id);

CREATE TABLE delegation_actions (
    delegation_id TEXT COLLATE "C" NOT NULL REFERENCES delegations (id) ON DELETE CASCADE,
    action        TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (delegation_id, action)
);
CREATE INDEX delegation_actions_by_action ON delegation_actions (action);

CREATE TABLE delegation_resources (
    delegation_id TEXT COLLATE "C" NOT NULL REFERENCES delegations (id) ON DELETE CASCADE,
    uri           TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (delegation_id, uri)
);
CREATE INDEX delegation_resources_by_uri ON delegation_resources (uri);

-- Apart from delegations, so that issuance never locks a row that people change.
CREATE TABLE last_use (
    delegation_id TEXT COLLATE "C" PRIMARY KEY REFERENCES delegations (id) ON DELETE CASCADE,
    client_id     TEXT COLLATE "C" NOT NULL,
    last_at       BIGINT NOT NULL
);
CREATE INDEX last_use_by_agent ON last_use (client_id);

CREATE TABLE sessions (
    hash       TEXT COLLATE "C" PRIMARY KEY,
    user_id    TEXT COLLATE "C" NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    level      TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    seen_at    BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX sessions_by_user ON sessions (user_id);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

CREATE TABLE api_tokens (
    id           TEXT COLLATE "C" PRIMARY KEY,
    user_id      TEXT COLLATE "C" NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name         TEXT COLLATE "C" NOT NULL,
    hash         TEXT COLLATE "C" NOT NULL UNIQUE,
    search       TEXT COLLATE "C" NOT NULL,
    created_at   BIGINT NOT NULL,
    expires_at   BIGINT NOT NULL,
    last_used_at BIGINT NOT NULL
);
CREATE INDEX api_tokens_by_user ON api_tokens (user_id);

-- user_id is '' for the link that makes the first admin. Used links are deleted.
CREATE TABLE setup_links (
    hash       TEXT COLLATE "C" PRIMARY KEY,
    user_id    TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX setup_links_by_user ON setup_links (user_id);

-- sealed is the private key as a JWE under the master key.
CREATE TABLE signing_keys (
    kid          TEXT COLLATE "C" PRIMARY KEY,
    alg          TEXT COLLATE "C" NOT NULL,
    sealed       TEXT COLLATE "C" NOT NULL,
    published_at BIGINT NOT NULL,
    active_at    BIGINT NOT NULL
);

-- body holds exactly the bytes that the chain links; the other columns are for finding it.
CREATE TABLE audit_events (
    seq           BIGINT PRIMARY KEY,
    at            BIGINT NOT NULL,
    actor_type    TEXT COLLATE "C" NOT NULL,
    actor_id      TEXT COLLATE "C" NOT NULL,
    action        TEXT COLLATE "C" NOT NULL,
    target_type   TEXT COLLATE "C" NOT NULL,
    target_id     TEXT COLLATE "C" NOT NULL,
    outcome       TEXT COLLATE "C" NOT NULL,
    client_id     TEXT COLLATE "C" NOT NULL,
    delegation_id TEXT COLLATE "C" NOT NULL,
    event_count   BIGINT NOT NULL,
    body          TEXT COLLATE "C" NOT NULL,
    hash          TEXT COLLATE "C" NOT NULL
);
CREATE INDEX audit_events_by_at ON audit_events (at);
CREATE INDEX audit_events_by_actor ON audit_events (actor_id, seq);
CREATE INDEX audit_events_by_action ON audit_events (action, seq);
CREATE INDEX audit_events_by_agent ON audit_events (client_id, seq);
CREATE INDEX audit_events_by_delegation ON audit_events (delegation_id, seq);
CREATE INDEX audit_events_by_target ON audit_events (target_id, seq);

CREATE TABLE audit_head (
    id   BIGINT PRIMARY KEY CHECK (id = 1),
    seq  BIGINT NOT NULL,
    hash TEXT COLLATE "C" NOT NULL
);
INSERT INTO audit_head (id, seq, hash) VALUES (1, 0, '0000000000000000000000000000000000000000000000000000000000000000');

CREATE TABLE audit_checkpoints (
    seq        BIGINT PRIMARY KEY,
    created_at BIGINT NOT NULL,
    jws        TEXT COLLATE "C" NOT NULL
);

-- Every change to authority takes this row first: changes are one after the other, and numbered.
CREATE TABLE changes (
    id BIGINT PRIMARY KEY CHECK (id = 1),
    n  BIGINT NOT NULL
);
INSERT INTO changes (id, n) VALUES (1, 0);
