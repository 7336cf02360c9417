-- Where each server stands, apart from what it is: these are written for every server that is heard, once a second.
CREATE TABLE server_heard (
    server_id BIGINT PRIMARY KEY REFERENCES servers (id) ON DELETE CASCADE,
    last_seen_at_ms BIGINT NOT NULL,
    -- Of the container report that is stored; NULL where a part of it was refused, or before the first.
    containers_hash BIGINT
) WITH (fillfactor = 50); -- room for the next version of a row beside it, so that no index is touched

INSERT INTO server_heard (server_id, last_seen_at_ms) SELECT id, last_seen_at_ms FROM servers;
ALTER TABLE servers DROP COLUMN last_seen_at_ms;
CREATE INDEX servers_offline ON servers (id) WHERE status = 'offline';

-- Samples, a day of UTC to a partition, in as few bytes as their columns allow: widest first, so that nothing is lost to
-- alignment. No foreign key: it would lock a row of servers for every sample.
ALTER TABLE metrics RENAME TO metrics_before;
ALTER INDEX metrics_pkey RENAME TO metrics_before_pkey;

CREATE TABLE metrics (
    timestamp_ms BIGINT NOT NULL,
    network_rx_bytes BIGINT NOT NULL,
    network_tx_bytes BIGINT NOT NULL,
    server_id INTEGER NOT NULL,
    memory_used_gb_hundredths INTEGER NOT NULL,
    memory_total_gb_hundredths INTEGER NOT NULL,
    disk_used_gb_hundredths INTEGER NOT NULL,
    disk_total_gb_hundredths INTEGER NOT NULL,
    cpu_percent_hundredths SMALLINT NOT NULL,
    memory_percent_hundredths SMALLINT NOT NULL,
    disk_percent_hundredths SMALLINT NOT NULL,
    -- How long after it was taken it arrived, in whole minutes: not 0 for what was sent after an outage.
    late_minutes SMALLINT NOT NULL,
    -- Everything else: empty, or a byte that says the form and what is in that form (store/additions.rs).
    additions BYTEA NOT NULL,
    CONSTRAINT metrics_key PRIMARY KEY (server_id, timestamp_ms)
) PARTITION BY RANGE (timestamp_ms);

-- Before 2025: only of hosts whose clock is wrong.
CREATE TABLE metrics_ancient PARTITION OF metrics FOR VALUES FROM (MINVALUE) TO (1735689600000);

-- Makes the partition of a day, counted from 1970, where there is none. Attached rather than made in place: that waits
-- for no reader and keeps none waiting.
CREATE FUNCTION metrics_make_day(day BIGINT) RETURNS VOID LANGUAGE plpgsql AS $$
DECLARE
    name TEXT := 'metrics_' || to_char(to_timestamp(day * 86400) AT TIME ZONE 'UTC', 'YYYYMMDD');
BEGIN
    IF day < 20089 OR to_regclass(name) IS NOT NULL THEN
        RETURN;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtext('neon.metrics_make_day'));
    IF to_regclass(name) IS NULL THEN
        EXECUTE format('CREATE TABLE %I (LIKE metrics INCLUDING DEFAULTS)', name);
        EXECUTE format('ALTER TABLE metrics ATTACH PARTITION %I FOR VALUES FROM (%s) TO (%s)',
            name, day * 86400000, (day + 1) * 86400000);
    END IF;
END $$;

SELECT metrics_make_day(day) FROM (SELECT DISTINCT timestamp_ms / 86400000 AS day FROM metrics_before) AS days;

INSERT INTO metrics SELECT
    timestamp_ms, network_rx_bytes, network_tx_bytes, server_id,
    LEAST(ROUND(memory_used_gb * 100), 2147483647), LEAST(ROUND(memory_total_gb * 100), 2147483647),
    LEAST(ROUND(disk_used_gb * 100), 2147483647), LEAST(ROUND(disk_total_gb * 100), 2147483647),
    ROUND(cpu_percent * 100), ROUND(memory_percent * 100), ROUND(disk_percent * 100), 0,
    CASE WHEN readings IS NULL THEN ''::BYTEA ELSE '\x01'::BYTEA || convert_to(readings, 'UTF8') END
FROM metrics_before;
DROP TABLE metrics_before;

-- What the samples of a server have in common (store/packed.rs), by the time of the sample that began it.
CREATE TABLE metric_shapes (
    server_id INTEGER NOT NULL,
    base_ms BIGINT NOT NULL,
    hash INTEGER NOT NULL,
    body BYTEA NOT NULL,
    PRIMARY KEY (server_id, base_ms, hash)
);

-- What foreign keys would do.
CREATE FUNCTION forget_server() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM metric_shapes WHERE server_id = OLD.id;
    DELETE FROM metrics WHERE server_id = OLD.id;
    RETURN NULL;
END $$;
CREATE TRIGGER servers_forget AFTER DELETE ON servers FOR EACH ROW EXECUTE FUNCTION forget_server();
