-- Hours and days of samples, each with the least, mean, greatest and number of every field. Hours are 28 days to a
-- partition, so that old ones are dropped and not deleted.
CREATE TABLE rollups_hourly (
    start_ms BIGINT NOT NULL,
    server_id INTEGER NOT NULL,
    samples INTEGER NOT NULL,
    -- The form of store/rollup_form.rs, which names one of rollup_names.
    body BYTEA NOT NULL,
    CONSTRAINT rollups_hourly_key PRIMARY KEY (server_id, start_ms)
) PARTITION BY RANGE (start_ms);

-- Before the first whole period of 2025: only of hosts whose clock is wrong.
CREATE TABLE rollups_hourly_ancient PARTITION OF rollups_hourly FOR VALUES FROM (MINVALUE) TO (1736985600000);

-- Makes the partition of a period of 28 days, counted from 1970, where there is none; like metrics_make_day.
CREATE FUNCTION rollups_make_period(period BIGINT) RETURNS VOID LANGUAGE plpgsql AS $$
DECLARE
    name TEXT := 'rollups_hourly_' || to_char(to_timestamp(period * 2419200) AT TIME ZONE 'UTC', 'YYYYMMDD');
BEGIN
    IF period < 718 OR to_regclass(name) IS NOT NULL THEN
        RETURN;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtext('neon.rollups_make_period'));
    IF to_regclass(name) IS NULL THEN
        EXECUTE format('CREATE TABLE %I (LIKE rollups_hourly INCLUDING DEFAULTS)', name);
        EXECUTE format('ALTER TABLE rollups_hourly ATTACH PARTITION %I FOR VALUES FROM (%s) TO (%s)',
            name, period * 2419200000, (period + 1) * 2419200000);
    END IF;
END $$;

CREATE TABLE rollups_daily (
    start_ms BIGINT NOT NULL,
    server_id INTEGER NOT NULL,
    samples INTEGER NOT NULL,
    body BYTEA NOT NULL,
    PRIMARY KEY (server_id, start_ms)
);

-- The fields that rollups of a server have, in the order of their values.
CREATE TABLE rollup_names (
    server_id INTEGER NOT NULL,
    hash BIGINT NOT NULL,
    body BYTEA NOT NULL,
    PRIMARY KEY (server_id, hash)
);

-- Hours before this are rolled up.
CREATE TABLE rollups_done (
    server_id INTEGER PRIMARY KEY,
    hour_ms BIGINT NOT NULL
) WITH (fillfactor = 50); -- each row is written every hour; room for its next version beside it

-- Hours that got samples after they were over, and so have to be rolled up again. How often they were marked tells whether
-- that happened once more meanwhile.
CREATE TABLE rollups_due (
    server_id INTEGER NOT NULL,
    hour_ms BIGINT NOT NULL,
    marks BIGINT NOT NULL,
    PRIMARY KEY (server_id, hour_ms)
);

-- Those that register from now on begin with the hour of their registration; what they send of before is marked as due.
INSERT INTO rollups_done SELECT
    s.id, COALESCE((SELECT MIN(m.timestamp_ms) FROM metrics m WHERE m.server_id = s.id), s.created_at_ms) / 3600000 * 3600000
FROM servers s;

CREATE OR REPLACE FUNCTION forget_server() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM metric_shapes WHERE server_id = OLD.id;
    DELETE FROM metrics WHERE server_id = OLD.id;
    DELETE FROM rollups_hourly WHERE server_id = OLD.id;
    DELETE FROM rollups_daily WHERE server_id = OLD.id;
    DELETE FROM rollup_names WHERE server_id = OLD.id;
    DELETE FROM rollups_done WHERE server_id = OLD.id;
    DELETE FROM rollups_due WHERE server_id = OLD.id;
    RETURN NULL;
END $$;
