-- Credentials of one server each, the codes they are exchanged for, and which host a name belongs to.
CREATE TABLE enrolments (
    -- The audit log names a code by its number.
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    -- SHA-256 of the code.
    hash TEXT NOT NULL UNIQUE,
    -- NULL for a server that is new, whatever its name.
    server_name TEXT,
    -- The group that its server is put into; NULL for none.
    group_name TEXT,
    created_by TEXT NOT NULL,
    created_at_ms BIGINT NOT NULL,
    expires_at_ms BIGINT NOT NULL,
    -- NULL until it is used, as the two below.
    used_at_ms BIGINT,
    -- A number, not a reference: that it was used stays when the server is gone.
    server_id BIGINT,
    -- SHA-256 of the credential it was exchanged for, so that who lost the answer can ask again.
    credential_hash TEXT
);

-- A token is good as long as its generation is the server's: a new or revoked credential, or another host, makes a new one.
ALTER TABLE servers ADD COLUMN generation BIGINT NOT NULL DEFAULT 0;
ALTER TABLE servers ADD COLUMN credential TEXT NOT NULL DEFAULT 'fleet' CHECK (credential IN ('fleet', 'own', 'revoked'));
-- SHA-256, where it is its own; and since when it is what it is, NULL for the fleet's.
ALTER TABLE servers ADD COLUMN credential_hash TEXT;
ALTER TABLE servers ADD COLUMN credential_at_ms BIGINT;
-- Which host it is, hashed by its agent; NULL where that does not say.
ALTER TABLE servers ADD COLUMN host_machine TEXT;
ALTER TABLE servers ADD COLUMN host_engine TEXT;
-- The last host that was refused because another one has the name; NULL where none was.
ALTER TABLE servers ADD COLUMN rival_hostname TEXT;
ALTER TABLE servers ADD COLUMN rival_address TEXT;
ALTER TABLE servers ADD COLUMN rival_first_ms BIGINT;
ALTER TABLE servers ADD COLUMN rival_last_ms BIGINT;

CREATE UNIQUE INDEX servers_of_credential ON servers (credential_hash);
