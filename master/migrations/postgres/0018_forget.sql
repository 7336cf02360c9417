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
ALTER TABLE activities DROP CONSTRAINT IF EXISTS activities_server_id_fkey;

-- Also for who deletes a server with a statement of their own.
CREATE OR REPLACE FUNCTION forget_server() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    UPDATE servers_deleted SET merged_into = NULL WHERE merged_into = OLD.id;
    INSERT INTO servers_deleted (server_id) VALUES (OLD.id) ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
