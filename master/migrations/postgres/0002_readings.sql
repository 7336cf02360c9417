-- Everything a sample says beyond the fixed fields, as a JSON text of what this master understands of it; NULL from an
-- agent that says no more.
ALTER TABLE metrics ADD COLUMN readings TEXT;

-- NULL from an agent that does not know of them.
ALTER TABLE containers ADD COLUMN restart_count BIGINT;
ALTER TABLE containers ADD COLUMN oom_killed BOOLEAN;
ALTER TABLE containers ADD COLUMN created_at_ms BIGINT;
ALTER TABLE containers ADD COLUMN compose_project TEXT;
ALTER TABLE containers ADD COLUMN compose_service TEXT;
ALTER TABLE containers ADD COLUMN labels_left_out BIGINT;
