-- Who logs in at an OpenID Connect provider, and which user they are here.
CREATE TABLE identities (
    issuer TEXT NOT NULL,
    -- What the provider calls them, never another one.
    subject TEXT NOT NULL,
    user_id BIGINT NOT NULL UNIQUE REFERENCES users (id) ON DELETE CASCADE,
    PRIMARY KEY (issuer, subject)
);

-- Logins at the provider that came back, so that none comes back twice. Kept as long as one could.
CREATE TABLE oidc_states (
    -- SHA-256 of the state.
    hash TEXT PRIMARY KEY,
    expires_at_ms BIGINT NOT NULL
);
