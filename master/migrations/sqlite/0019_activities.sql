-- Events of one server and of one kind are listed as fast as those of all, and what is old of a server is found.
CREATE INDEX activities_of_server ON activities (server_id, timestamp_ms, sequence);
CREATE INDEX activities_of_kind ON activities (kind, timestamp_ms, server_id, sequence);
