-- Where each server stands, apart from what it is: these are written for every server that is heard, once a second.
CREATE TABLE server_heard (
    server_id INTEGER PRIMARY KEY REFERENCES servers (id) ON DELETE CASCADE,
    last_seen_at_ms BIGINT NOT NULL,
    -- Of the container report that is stored; NULL where a part of it was refused, or before the first.
    containers_hash BIGINT
);

INSERT INTO server_heard (server_id, last_seen_at_ms) SELECT id, last_seen_at_ms FROM servers;
ALTER TABLE servers DROP COLUMN last_seen_at_ms;
CREATE INDEX servers_offline ON servers (id) WHERE status = 'offline';

-- Samples in as few bytes as they need: SQLite stores a whole number in as many bytes as it has. No foreign key: it would
-- look up the server of every sample.
CREATE TABLE metrics_compact (
    server_id INTEGER NOT NULL,
    timestamp_ms INTEGER NOT NULL,
    network_rx_bytes INTEGER NOT NULL,
    network_tx_bytes INTEGER NOT NULL,
    memory_used_gb_hundredths INTEGER NOT NULL,
    memory_total_gb_hundredths INTEGER NOT NULL,
    disk_used_gb_hundredths INTEGER NOT NULL,
    disk_total_gb_hundredths INTEGER NOT NULL,
    cpu_percent_hundredths INTEGER NOT NULL,
    memory_percent_hundredths INTEGER NOT NULL,
    disk_percent_hundredths INTEGER NOT NULL,
    -- How long after it was taken it arrived, in whole minutes: not 0 for what was sent after an outage.
    late_minutes INTEGER NOT NULL,
    -- Everything else: empty, or a byte that says the form and what is in that form (store/additions.rs).
    additions BLOB NOT NULL,
    PRIMARY KEY (server_id, timestamp_ms)
) WITHOUT ROWID;

INSERT INTO metrics_compact SELECT
    server_id, timestamp_ms, network_rx_bytes, network_tx_bytes,
    MIN(CAST(ROUND(memory_used_gb * 100) AS INTEGER), 2147483647),
    MIN(CAST(ROUND(memory_total_gb * 100) AS INTEGER), 2147483647),
    MIN(CAST(ROUND(disk_used_gb * 100) AS INTEGER), 2147483647),
    MIN(CAST(ROUND(disk_total_gb * 100) AS INTEGER), 2147483647),
    CAST(ROUND(cpu_percent * 100) AS INTEGER), CAST(ROUND(memory_percent * 100) AS INTEGER),
    CAST(ROUND(disk_percent * 100) AS INTEGER), 0,
    CASE WHEN readings IS NULL THEN x'' ELSE CAST(char(1) || readings AS BLOB) END
FROM metrics;
DROP TABLE metrics;
ALTER TABLE metrics_compact RENAME TO metrics;

-- What the samples of a server have in common (store/packed.rs), by the time of the sample that began it.
CREATE TABLE metric_shapes (
    server_id INTEGER NOT NULL,
    base_ms INTEGER NOT NULL,
    hash INTEGER NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (server_id, base_ms, hash)
) WITHOUT ROWID;

-- What foreign keys would do.
CREATE TRIGGER servers_forget AFTER DELETE ON servers BEGIN
    DELETE FROM metric_shapes WHERE server_id = OLD.id;
    DELETE FROM metrics WHERE server_id = OLD.id;
END;
