-- Hours and days of samples, each with the least, mean, greatest and number of every field. The rows lie in the order in
-- which they were written, and so by time: a body of a kilobyte would leave the tree of a table WITHOUT ROWID.
CREATE TABLE rollups_hourly (
    server_id INTEGER NOT NULL,
    start_ms INTEGER NOT NULL,
    samples INTEGER NOT NULL,
    -- The form of store/rollup_form.rs, which names one of rollup_names.
    body BLOB NOT NULL,
    PRIMARY KEY (server_id, start_ms)
);

CREATE TABLE rollups_daily (
    server_id INTEGER NOT NULL,
    start_ms INTEGER NOT NULL,
    samples INTEGER NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (server_id, start_ms)
);

-- The fields that rollups of a server have, in the order of their values.
CREATE TABLE rollup_names (
    server_id INTEGER NOT NULL,
    hash INTEGER NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (server_id, hash)
);

-- Hours before this are rolled up.
CREATE TABLE rollups_done (
    server_id INTEGER PRIMARY KEY,
    hour_ms BIGINT NOT NULL
);

-- Hours that got samples after they were over, and so have to be rolled up again. How often they were marked tells whether
-- that happened once more meanwhile.
CREATE TABLE rollups_due (
    server_id INTEGER NOT NULL,
    hour_ms BIGINT NOT NULL,
    marks BIGINT NOT NULL,
    PRIMARY KEY (server_id, hour_ms)
) WITHOUT ROWID;

-- Those that register from now on begin with the hour of their registration; what they send of before is marked as due.
INSERT INTO rollups_done SELECT
    s.id, COALESCE((SELECT MIN(m.timestamp_ms) FROM metrics m WHERE m.server_id = s.id), s.created_at_ms) / 3600000 * 3600000
FROM servers s;

DROP TRIGGER servers_forget;
CREATE TRIGGER servers_forget AFTER DELETE ON servers BEGIN
    DELETE FROM metric_shapes WHERE server_id = OLD.id;
    DELETE FROM metrics WHERE server_id = OLD.id;
    DELETE FROM rollups_hourly WHERE server_id = OLD.id;
    DELETE FROM rollups_daily WHERE server_id = OLD.id;
    DELETE FROM rollup_names WHERE server_id = OLD.id;
    DELETE FROM rollups_done WHERE server_id = OLD.id;
    DELETE FROM rollups_due WHERE server_id = OLD.id;
END;
