-- What the list of servers shows of each, so that it reads no sample and no container. The newest sample is written with
-- when its server was heard; NULL before the first.
ALTER TABLE server_heard ADD COLUMN newest_ms INTEGER;
ALTER TABLE server_heard ADD COLUMN newest_cpu_percent_hundredths INTEGER;
ALTER TABLE server_heard ADD COLUMN newest_memory_percent_hundredths INTEGER;
ALTER TABLE server_heard ADD COLUMN newest_disk_percent_hundredths INTEGER;
ALTER TABLE server_heard ADD COLUMN container_count INTEGER NOT NULL DEFAULT 0;

-- A master that starts looks for newer samples by itself.
UPDATE server_heard SET container_count = (SELECT COUNT(*) FROM containers c WHERE c.server_id = server_heard.server_id);
