//! Servers: who they are, when they were heard, and their newest numbers.

use neon_shared::time::Timestamp;
use sqlx::Row as _;

use super::{StoreError, for_both_engines};
use crate::model::{Event, Registration, Reporter, ServerDetail, ServerStatus, ServerSummary, Stats};

/// All facts of a server, its number of containers and its newest sample. `MAX` over the primary key's second column
/// is one look-up per server.
macro_rules! select_servers {
    ($rest:literal) => {
        concat!(
            "SELECT s.*, m.timestamp_ms AS last_metrics_at_ms, m.cpu_percent, m.memory_percent, m.disk_percent, \
             (SELECT COUNT(*) FROM containers c WHERE c.server_id = s.id) AS container_count \
             FROM servers s LEFT JOIN metrics m ON m.server_id = s.id \
             AND m.timestamp_ms = (SELECT MAX(n.timestamp_ms) FROM metrics n WHERE n.server_id = s.id) ",
            $rest
        )
    };
}

fn status(text: &str) -> Result<ServerStatus, StoreError> {
    ServerStatus::parse(text).ok_or_else(|| StoreError::Corrupt { column: "status", value: text.to_owned() })
}

for_both_engines! {
    pub async fn ping(connection: &mut Connection) -> Result<(), StoreError> {
        sqlx::query("SELECT 1").execute(connection).await?;
        Ok(())
    }

    /// Tries to update before it inserts: an insert that meets the name would use up a number on PostgreSQL, and
    /// agents register every day. The insert may still meet it, when two agents register a new name at once.
    pub async fn register(
        connection: &mut Connection,
        registration: &Registration,
        now: Timestamp,
    ) -> Result<i64, StoreError> {
        const UPDATE: &str = "UPDATE servers SET hostname = $2, ip_address = $3, agent_version = $4, cpu_cores = $5, \
             total_memory_gb = $6, total_disk_gb = $7, os_name = $8, os_version = $9, os_kernel = $10, os_arch = $11, \
             docker_version = $12, last_seen_at_ms = $13 WHERE name = $1 RETURNING id, status";
        const INSERT: &str = "INSERT INTO servers (name, hostname, ip_address, agent_version, cpu_cores, \
             total_memory_gb, total_disk_gb, os_name, os_version, os_kernel, os_arch, docker_version, \
             last_seen_at_ms, created_at_ms, status) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $13, 'offline') \
             ON CONFLICT (name) DO UPDATE SET hostname = excluded.hostname, ip_address = excluded.ip_address, \
             agent_version = excluded.agent_version, cpu_cores = excluded.cpu_cores, \
             total_memory_gb = excluded.total_memory_gb, total_disk_gb = excluded.total_disk_gb, \
             os_name = excluded.os_name, os_version = excluded.os_version, os_kernel = excluded.os_kernel, \
             os_arch = excluded.os_arch, docker_version = excluded.docker_version, \
             last_seen_at_ms = excluded.last_seen_at_ms RETURNING id, status";
        let info = &registration.info;
        let bound = |sql: &'static str| {
            sqlx::query(sql)
                .bind(&registration.server_name)
                .bind(&info.hostname)
                .bind(&registration.ip_address)
                .bind(&registration.agent_version)
                .bind(i64::from(info.cpu_cores))
                .bind(info.total_memory_gb)
                .bind(info.total_disk_gb)
                .bind(&info.os_name)
                .bind(&info.os_version)
                .bind(&info.os_kernel)
                .bind(&info.os_arch)
                .bind(&info.docker_version)
                .bind(now.unix_ms())
        };
        let row: Row = match bound(UPDATE).fetch_optional(&mut *connection).await? {
            Some(row) => row,
            None => bound(INSERT).fetch_one(&mut *connection).await?,
        };
        let server_id = row.try_get("id")?;
        heard(connection, server_id, &registration.server_name, row.try_get("status")?, now).await?;
        Ok(server_id)
    }

    /// Locks the server's row and records that it was heard.
    pub async fn touch(
        connection: &mut Connection,
        reporter: &Reporter,
        agent_version: Option<&str>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let row: Option<Row> = sqlx::query(
            "UPDATE servers SET last_seen_at_ms = $3, ip_address = $4, agent_version = COALESCE($5, agent_version) \
             WHERE id = $1 AND name = $2 RETURNING status",
        )
        .bind(reporter.server_id)
        .bind(&reporter.server_name)
        .bind(now.unix_ms())
        .bind(&reporter.ip_address)
        .bind(agent_version)
        .fetch_optional(&mut *connection)
        .await?;
        let row = row.ok_or(StoreError::ServerGone)?;
        heard(connection, reporter.server_id, &reporter.server_name, row.try_get("status")?, now).await
    }

    /// A server that was offline is online again. Maintenance is the operator's word and stays.
    async fn heard(
        connection: &mut Connection,
        server_id: i64,
        name: &str,
        status_before: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        if status(status_before)? != ServerStatus::Offline {
            return Ok(());
        }
        sqlx::query("UPDATE servers SET status = 'online' WHERE id = $1").bind(server_id).execute(&mut *connection).await?;
        activities_of_engine::record(connection, server_id, &[Event::server_online(name)], now).await
    }

    pub async fn mark_offline(
        connection: &mut Connection,
        cutoff: Timestamp,
        now: Timestamp,
    ) -> Result<Vec<String>, StoreError> {
        let rows: Vec<Row> = sqlx::query(
            "UPDATE servers SET status = 'offline' WHERE status = 'online' AND last_seen_at_ms < $1 RETURNING id, name",
        )
        .bind(cutoff.unix_ms())
        .fetch_all(&mut *connection)
        .await?;
        let mut names = Vec::with_capacity(rows.len());
        for row in rows {
            let name: String = row.try_get("name")?;
            let event = Event::server_offline(&name);
            activities_of_engine::record(connection, row.try_get("id")?, &[event], now).await?;
            names.push(name);
        }
        Ok(names)
    }

    pub async fn list(connection: &mut Connection) -> Result<Vec<ServerSummary>, StoreError> {
        let rows = sqlx::query(select_servers!("ORDER BY s.name")).fetch_all(connection).await?;
        rows.iter().map(summary).collect()
    }

    pub async fn find(connection: &mut Connection, server_id: i64) -> Result<Option<ServerDetail>, StoreError> {
        let row: Option<Row> =
            sqlx::query(select_servers!("WHERE s.id = $1")).bind(server_id).fetch_optional(&mut *connection).await?;
        let Some(row) = row else { return Ok(None) };
        let containers = containers_of_engine::list(connection, server_id).await?;
        Ok(Some(ServerDetail {
            summary: summary(&row)?,
            created_at: Timestamp::from_unix_ms(row.try_get("created_at_ms")?),
            os_name: row.try_get("os_name")?,
            os_version: row.try_get("os_version")?,
            os_kernel: row.try_get("os_kernel")?,
            os_arch: row.try_get("os_arch")?,
            docker_version: row.try_get("docker_version")?,
            agent_version: row.try_get("agent_version")?,
            containers,
            services: Vec::new(),
        }))
    }

    pub async fn name(connection: &mut Connection, server_id: i64) -> Result<Option<String>, StoreError> {
        let row: Option<Row> =
            sqlx::query("SELECT name FROM servers WHERE id = $1").bind(server_id).fetch_optional(connection).await?;
        Ok(row.map(|row| row.try_get("name")).transpose()?)
    }

    pub async fn stats(connection: &mut Connection) -> Result<Stats, StoreError> {
        let row: Row = sqlx::query(
            "SELECT (SELECT COUNT(*) FROM servers) AS total_servers, \
             (SELECT COUNT(*) FROM containers) AS total_containers, \
             (SELECT AVG(m.cpu_percent) FROM servers s JOIN metrics m ON m.server_id = s.id \
             AND m.timestamp_ms = (SELECT MAX(n.timestamp_ms) FROM metrics n WHERE n.server_id = s.id) \
             WHERE s.status = 'online') AS avg_cpu",
        )
        .fetch_one(connection)
        .await?;
        Ok(Stats {
            total_servers: row.try_get("total_servers")?,
            total_containers: row.try_get("total_containers")?,
            avg_cpu: row.try_get::<Option<f64>, _>("avg_cpu")?.unwrap_or(0.0),
            active_alerts: 0,
        })
    }

    fn summary(row: &Row) -> Result<ServerSummary, StoreError> {
        Ok(ServerSummary {
            id: row.try_get("id")?,
            name: row.try_get("name")?,
            hostname: row.try_get("hostname")?,
            ip_address: row.try_get("ip_address")?,
            status: status(row.try_get("status")?)?,
            container_count: row.try_get("container_count")?,
            cpu: row.try_get("cpu_percent")?,
            memory: row.try_get("memory_percent")?,
            disk: row.try_get("disk_percent")?,
            cpu_cores: row.try_get("cpu_cores")?,
            total_memory_gb: row.try_get("total_memory_gb")?,
            total_disk_gb: row.try_get("total_disk_gb")?,
            last_metrics_at: row.try_get::<Option<i64>, _>("last_metrics_at_ms")?.map(Timestamp::from_unix_ms),
            last_seen_at: Timestamp::from_unix_ms(row.try_get("last_seen_at_ms")?),
        })
    }
}
