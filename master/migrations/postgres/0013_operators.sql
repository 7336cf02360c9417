-- NULL for a user who may log in.
ALTER TABLE users ADD COLUMN disabled_at_ms BIGINT;

-- What its owner recognises a session by: where it began, and with which program.
ALTER TABLE sessions ADD COLUMN address TEXT NOT NULL DEFAULT '';
ALTER TABLE sessions ADD COLUMN user_agent TEXT NOT NULL DEFAULT '';

CREATE TABLE second_factors (
    user_id BIGINT PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    -- AES-256-GCM with a key derived from JWT_SECRET, which is not in here.
    sealed TEXT NOT NULL,
    -- NULL until a code has shown that the other side has it; it is asked for from then on.
    confirmed_at_ms BIGINT,
    -- The newest half minute since 1970 whose code was taken: that one and those before are taken no more.
    last_step BIGINT NOT NULL DEFAULT 0
);

CREATE TABLE recovery_codes (
    user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    -- SHA-256 of a code of 80 random bits. A code that was used is deleted.
    hash TEXT NOT NULL,
    PRIMARY KEY (user_id, hash)
);
