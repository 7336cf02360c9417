-- Times are milliseconds since 1970 in UTC. Lists and maps of a container are JSON texts: they are only ever read whole.

CREATE TABLE servers (
    -- AUTOINCREMENT: a number is never given out twice, so a token of a server that is gone finds nobody.
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    hostname TEXT NOT NULL,
    ip_address TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('online', 'offline', 'maintenance')),
    agent_version TEXT NOT NULL,
    cpu_cores BIGINT NOT NULL,
    total_memory_gb REAL NOT NULL,
    total_disk_gb REAL NOT NULL,
    os_name TEXT NOT NULL,
    os_version TEXT NOT NULL,
    os_kernel TEXT NOT NULL,
    os_arch TEXT NOT NULL,
    docker_version TEXT,
    created_at_ms BIGINT NOT NULL,
    last_seen_at_ms BIGINT NOT NULL,
    -- When the last container set was stored; NULL before the first, which is told apart from an empty one.
    containers_synced_at_ms BIGINT
);

CREATE TABLE metrics (
    server_id BIGINT NOT NULL REFERENCES servers (id) ON DELETE CASCADE,
    timestamp_ms BIGINT NOT NULL,
    cpu_percent REAL NOT NULL,
    memory_percent REAL NOT NULL,
    disk_percent REAL NOT NULL,
    memory_used_gb REAL NOT NULL,
    memory_total_gb REAL NOT NULL,
    disk_used_gb REAL NOT NULL,
    disk_total_gb REAL NOT NULL,
    network_rx_bytes BIGINT NOT NULL,
    network_tx_bytes BIGINT NOT NULL,
    PRIMARY KEY (server_id, timestamp_ms)
) WITHOUT ROWID;

CREATE TABLE containers (
    server_id BIGINT NOT NULL REFERENCES servers (id) ON DELETE CASCADE,
    container_id TEXT NOT NULL,
    name TEXT NOT NULL,
    image TEXT NOT NULL,
    image_id TEXT,
    image_tags TEXT NOT NULL,
    status TEXT NOT NULL,
    health TEXT,
    ports TEXT NOT NULL,
    labels TEXT NOT NULL,
    networks TEXT NOT NULL,
    started_at_ms BIGINT,
    exit_code BIGINT,
    updated_at_ms BIGINT NOT NULL,
    PRIMARY KEY (server_id, container_id)
) WITHOUT ROWID;

CREATE TABLE activities (
    server_id BIGINT NOT NULL REFERENCES servers (id) ON DELETE CASCADE,
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

CREATE INDEX activities_newest ON activities (timestamp_ms DESC, server_id DESC, sequence DESC);
