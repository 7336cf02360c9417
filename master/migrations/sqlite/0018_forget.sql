-- Servers that were deleted, or merged into another, and whose rows are still to go: a few hundred at a time
-- (store/forget.rs), so that nobody waits for it.
CREATE TABLE servers_deleted (
    server_id INTEGER PRIMARY KEY,
    -- The server that its history goes to; NULL where it goes nowhere.
    merged_into INTEGER,
    -- When all of it was gone for the first time; NULL before.
    emptied_at_ms BIGINT
);

-- Events without a reference to their server, which would delete all of them in one go.
CREATE TABLE activities_alone (
    server_id BIGINT NOT NULL,
    -- Number of the event on its server, from 1; given out while the server's row is locked.
    sequence BIGINT NOT NULL,
    timestamp_ms BIGINT NOT NULL,
    kind TEXT NOT NULL,
    container_id TEXT,
    container_name TEXT,
    message TEXT NOT NULL,
    old_value TEXT,
    new_value TEXT,
    PRIMARY KEY (server_id, sequence)
) WITHOUT ROWID;
INSERT INTO activities_alone SELECT
    server_id, sequence, timestamp_ms, kind, container_id, container_name, message, old_value, new_value
FROM activities;
DROP TABLE activities;
ALTER TABLE activities_alone RENAME TO activities;
CREATE INDEX activities_newest ON activities (timestamp_ms DESC, server_id DESC, sequence DESC);

-- Also for who deletes a server with a statement of their own.
DROP TRIGGER servers_forget;
CREATE TRIGGER servers_forget AFTER DELETE ON servers BEGIN
    UPDATE servers_deleted SET merged_into = NULL WHERE merged_into = OLD.id;
    INSERT INTO servers_deleted (server_id) VALUES (OLD.id) ON CONFLICT DO NOTHING;
END;
