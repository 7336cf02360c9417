-- What the list of servers shows of each, so that it reads no sample and no container. The newest sample is written with
-- when its server was heard; NULL before the first.
ALTER TABLE server_heard ADD COLUMN newest_ms BIGINT;
ALTER TABLE server_heard ADD COLUMN newest_cpu_percent_hundredths SMALLINT;
ALTER TABLE server_heard ADD COLUMN newest_memory_percent_hundredths SMALLINT;
ALTER TABLE server_heard ADD COLUMN newest_disk_percent_hundredths SMALLINT;
ALTER TABLE server_heard ADD COLUMN container_count BIGINT NOT NULL DEFAULT 0;

-- A master that starts looks for newer samples by itself.
UPDATE server_heard h SET container_count = c.count
FROM (SELECT server_id, COUNT(*) AS count FROM containers GROUP BY server_id) c WHERE c.server_id = h.server_id;
