-- What operators say about a server, beside what its agent says.
ALTER TABLE servers ADD COLUMN display_name TEXT;
ALTER TABLE servers ADD COLUMN group_name TEXT;
-- A JSON list of texts without quotes: read whole, and looked for one by one.
ALTER TABLE servers ADD COLUMN tags TEXT NOT NULL DEFAULT '[]';
ALTER TABLE servers ADD COLUMN notes TEXT;
-- Of the status `maintenance`: since when, until when where that is known, why, and whether the server was silent before.
ALTER TABLE servers ADD COLUMN maintenance_since_ms BIGINT;
ALTER TABLE servers ADD COLUMN maintenance_until_ms BIGINT;
ALTER TABLE servers ADD COLUMN maintenance_reason TEXT;
ALTER TABLE servers ADD COLUMN status_before TEXT;
-- When any of this was changed last.
ALTER TABLE servers ADD COLUMN edited_at_ms BIGINT;

CREATE INDEX servers_maintenance_ends ON servers (maintenance_until_ms) WHERE maintenance_until_ms IS NOT NULL;
