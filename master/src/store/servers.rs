//! Servers: who they are, when they were heard, and their newest numbers.

use std::collections::{HashMap, HashSet};

use neon_shared::time::Timestamp;
use sqlx::Row as _;

use super::heard::{Facts, Known};
use super::{StoreError, for_both_engines};
use crate::model::{Event, Registration, ServerDetail, ServerStatus, ServerSummary, Stats};

/// All facts of a server, its number of containers and its newest sample. `MAX` over the primary key's second column
/// is one look-up per server.
macro_rules! select_servers {
    ($rest:literal) => {
        concat!(
            "SELECT s.*, h.last_seen_at_ms, m.timestamp_ms AS last_metrics_at_ms, \
             CAST(m.cpu_percent_hundredths AS DOUBLE PRECISION) AS cpu, \
             CAST(m.memory_percent_hundredths AS DOUBLE PRECISION) AS memory, \
             CAST(m.disk_percent_hundredths AS DOUBLE PRECISION) AS disk, \
             (SELECT COUNT(*) FROM containers c WHERE c.server_id = s.id) AS container_count \
             FROM servers s JOIN server_heard h ON h.server_id = s.id LEFT JOIN metrics m ON m.server_id = s.id \
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
    ) -> Result<Known, StoreError> {
        const UPDATE: &str = "UPDATE servers SET hostname = $2, ip_address = $3, agent_version = $4, cpu_cores = $5, \
             total_memory_gb = $6, total_disk_gb = $7, os_name = $8, os_version = $9, os_kernel = $10, os_arch = $11, \
             docker_version = $12 WHERE name = $1 RETURNING id, status";
        const INSERT: &str = "INSERT INTO servers (name, hostname, ip_address, agent_version, cpu_cores, \
             total_memory_gb, total_disk_gb, os_name, os_version, os_kernel, os_arch, docker_version, \
             created_at_ms, status) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 'offline') \
             ON CONFLICT (name) DO UPDATE SET hostname = excluded.hostname, ip_address = excluded.ip_address, \
             agent_version = excluded.agent_version, cpu_cores = excluded.cpu_cores, \
             total_memory_gb = excluded.total_memory_gb, total_disk_gb = excluded.total_disk_gb, \
             os_name = excluded.os_name, os_version = excluded.os_version, os_kernel = excluded.os_kernel, \
             os_arch = excluded.os_arch, docker_version = excluded.docker_version RETURNING id, status";
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
        };
        let row: Row = match bound(UPDATE).fetch_optional(&mut *connection).await? {
            Some(row) => row,
            None => bound(INSERT).bind(now.unix_ms()).fetch_one(&mut *connection).await?,
        };
        let server_id = row.try_get("id")?;
        sqlx::query(
            "INSERT INTO server_heard (server_id, last_seen_at_ms) VALUES ($1, $2) \
             ON CONFLICT (server_id) DO UPDATE SET last_seen_at_ms = excluded.last_seen_at_ms \
             WHERE server_heard.last_seen_at_ms < excluded.last_seen_at_ms",
        )
        .bind(server_id)
        .bind(now.unix_ms())
        .execute(&mut *connection)
        .await?;
        come_online(connection, server_id, &registration.server_name, row.try_get("status")?, now).await?;
        Ok(Known {
            server_id,
            name: registration.server_name.clone(),
            ip_address: registration.ip_address.clone(),
            agent_version: registration.agent_version.clone(),
            last_seen_at_ms: now.unix_ms(),
            is_offline: false,
        })
    }

    /// What is needed to recognise servers: of those that there are.
    pub async fn known(connection: &mut Connection, server_ids: &[i64]) -> Result<Vec<Known>, StoreError> {
        let rows: Vec<Row> = of_engine::known_among(connection, server_ids).await?;
        let known = |row: &Row| {
            Ok(Known {
                server_id: row.try_get("id")?,
                name: row.try_get("name")?,
                ip_address: row.try_get("ip_address")?,
                agent_version: row.try_get("agent_version")?,
                last_seen_at_ms: row.try_get("last_seen_at_ms")?,
                is_offline: status(row.try_get("status")?)? == ServerStatus::Offline,
            })
        };
        rows.iter().map(known).collect()
    }

    /// Writes when servers were heard last, each with its time, and returns those that do not exist any more. Who was
    /// offline is online again.
    pub async fn write_seen(connection: &mut Connection, seen: &[(i64, i64)]) -> Result<Vec<i64>, StoreError> {
        let ids: Vec<i64> = seen.iter().map(|(id, _)| *id).collect();
        of_engine::lock_heard(connection).await?;
        // Before the rest: a registration and a container report, too, lock the server before what was heard of it.
        let silent = of_engine::offline_among(connection, &ids).await?;
        let written = of_engine::write_seen(connection, seen).await?;
        if !silent.is_empty() {
            let seen: HashMap<i64, i64> = seen.iter().copied().collect();
            for row in &silent {
                let server_id: i64 = row.try_get("id")?;
                let heard_at = Timestamp::from_unix_ms(seen.get(&server_id).copied().unwrap_or_default());
                come_online(connection, server_id, row.try_get("name")?, ServerStatus::Offline.as_str(), heard_at).await?;
            }
        }
        if written == seen.len() as u64 {
            return Ok(Vec::new());
        }
        let known = of_engine::containers_hashes(connection, &ids).await?;
        let known: HashSet<i64> = known.iter().map(|row| row.try_get("server_id")).collect::<Result<_, _>>()?;
        Ok(ids.into_iter().filter(|id| !known.contains(id)).collect())
    }

    /// Writes where agents report from and their versions.
    pub async fn write_facts(connection: &mut Connection, facts: &[(i64, Facts)]) -> Result<(), StoreError> {
        for (server_id, Facts { ip_address, agent_version }) in facts {
            sqlx::query("UPDATE servers SET ip_address = $2, agent_version = COALESCE($3, agent_version) WHERE id = $1")
                .bind(*server_id)
                .bind(ip_address)
                .bind(agent_version)
                .execute(&mut *connection)
                .await?;
        }
        Ok(())
    }

    /// A server that was offline is online again. Maintenance is the operator's word and stays.
    async fn come_online(
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
    ) -> Result<Vec<(i64, String)>, StoreError> {
        of_engine::lock_heard(connection).await?;
        of_engine::lock_silent(connection, cutoff.unix_ms()).await?;
        let rows: Vec<Row> = sqlx::query(
            "UPDATE servers SET status = 'offline' WHERE status = 'online' AND id IN \
             (SELECT server_id FROM server_heard WHERE last_seen_at_ms < $1) RETURNING id, name",
        )
        .bind(cutoff.unix_ms())
        .fetch_all(&mut *connection)
        .await?;
        let mut marked = Vec::with_capacity(rows.len());
        for row in rows {
            let (server_id, name): (i64, String) = (row.try_get("id")?, row.try_get("name")?);
            activities_of_engine::record(connection, server_id, &[Event::server_offline(&name)], now).await?;
            marked.push((server_id, name));
        }
        Ok(marked)
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
        let newest = match metrics_of_engine::latest(connection, server_id).await {
            // A sample that cannot be read costs itself.
            Err(StoreError::Corrupt { .. }) => None,
            newest => newest?,
        };
        Ok(Some(ServerDetail {
            summary: summary(&row)?,
            created_at: Timestamp::from_unix_ms(row.try_get("created_at_ms")?),
            os_name: row.try_get("os_name")?,
            os_version: row.try_get("os_version")?,
            os_kernel: row.try_get("os_kernel")?,
            os_arch: row.try_get("os_arch")?,
            docker_version: row.try_get("docker_version")?,
            agent_version: row.try_get("agent_version")?,
            clock_offset_milliseconds: newest.and_then(|sample| sample.readings?.agent?.clock_offset_milliseconds),
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
             (SELECT AVG(CAST(m.cpu_percent_hundredths AS DOUBLE PRECISION)) FROM servers s JOIN metrics m ON m.server_id = s.id \
             AND m.timestamp_ms = (SELECT MAX(n.timestamp_ms) FROM metrics n WHERE n.server_id = s.id) \
             WHERE s.status = 'online') AS avg_cpu",
        )
        .fetch_one(connection)
        .await?;
        Ok(Stats {
            total_servers: row.try_get("total_servers")?,
            total_containers: row.try_get("total_containers")?,
            avg_cpu: row.try_get::<Option<f64>, _>("avg_cpu")?.unwrap_or(0.0) / 100.0,
            active_alerts: 0,
        })
    }

    fn summary(row: &Row) -> Result<ServerSummary, StoreError> {
        let percent = |column: &str| -> Result<Option<f64>, sqlx::Error> {
            Ok(row.try_get::<Option<f64>, _>(column)?.map(|hundredths| hundredths / 100.0))
        };
        Ok(ServerSummary {
            id: row.try_get("id")?,
            name: row.try_get("name")?,
            hostname: row.try_get("hostname")?,
            ip_address: row.try_get("ip_address")?,
            status: status(row.try_get("status")?)?,
            container_count: row.try_get("container_count")?,
            cpu: percent("cpu")?,
            memory: percent("memory")?,
            disk: percent("disk")?,
            cpu_cores: row.try_get("cpu_cores")?,
            total_memory_gb: row.try_get("total_memory_gb")?,
            total_disk_gb: row.try_get("total_disk_gb")?,
            last_metrics_at: row.try_get::<Option<i64>, _>("last_metrics_at_ms")?.map(Timestamp::from_unix_ms),
            last_seen_at: Timestamp::from_unix_ms(row.try_get("last_seen_at_ms")?),
        })
    }
}
