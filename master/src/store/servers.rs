//! Servers: who they are, when they were heard, and their newest numbers.

use std::collections::{HashMap, HashSet};

use futures_util::TryStreamExt;
use futures_util::stream::BoxStream;
use neon_shared::time::Timestamp;
use sqlx::Row as _;

use super::enrolments::HolderRow;
use super::heard::{Facts, Known, Newest, SeenServer};
use super::{StoreError, for_both_engines, from_json, json, word};
use crate::domain::admission::{self, Admission, Denial};
use crate::model::{
    CredentialKind, Event, Maintenance, Registration, RivalHost, ServerDetail, ServerFilter, ServerStatus,
    ServerSummary, Stats,
};

/// How long a host that was refused may say nothing until its next try is news, in milliseconds: an hour. Agents try
/// again every five minutes.
const RIVAL_FORGOTTEN_MS: i64 = 3_600_000;

/// Servers with what is kept of each beside its facts: no sample and no container is read. Then `more` columns.
macro_rules! select_servers {
    ($more:literal, $rest:literal) => {
        concat!(
            "SELECT s.id, s.name, s.hostname, s.ip_address, s.status, s.cpu_cores, s.total_memory_gb, s.total_disk_gb, \
             h.last_seen_at_ms, h.newest_ms, h.newest_cpu_percent_hundredths, h.newest_memory_percent_hundredths, \
             h.newest_disk_percent_hundredths, h.container_count, s.display_name, s.group_name, s.tags, \
             s.maintenance_since_ms, s.maintenance_until_ms, s.maintenance_reason, s.edited_at_ms",
            $more,
            " FROM servers s JOIN server_heard h ON h.server_id = s.id ",
            $rest
        )
    };
}

const LIST: &str = select_servers!("", "ORDER BY s.name");
/// Those of a group and with a tag, and one more. A tag is found between its quotes, which no tag has.
const SOME: &str = select_servers!(
    "",
    "WHERE s.id = $3 OR (COALESCE(s.group_name, '') = COALESCE($1, s.group_name, '') \
     AND (CAST($2 AS TEXT) IS NULL OR REPLACE(s.tags, $2, '') <> s.tags)) ORDER BY s.name"
);
const ONE: &str = select_servers!(
    ", s.created_at_ms, s.os_name, s.os_version, s.os_kernel, s.os_arch, s.docker_version, s.agent_version, s.credential, \
     s.credential_at_ms, s.rival_hostname, s.rival_address, s.rival_first_ms, s.rival_last_ms, s.notes",
    "WHERE s.id = $1"
);

/// The fleet in numbers, `u` being the newest samples that are not written yet.
macro_rules! select_stats {
    ($unwritten:literal) => {
        concat!(
            "SELECT COUNT(*) AS total_servers, CAST(COALESCE(SUM(h.container_count), 0) AS BIGINT) AS total_containers, \
             AVG(CASE WHEN s.status = 'online' THEN CAST(CASE WHEN COALESCE(u.ms > h.newest_ms, u.ms IS NOT NULL) \
             THEN u.cpu ELSE h.newest_cpu_percent_hundredths END AS DOUBLE PRECISION) END) AS avg_cpu \
             FROM servers s JOIN server_heard h ON h.server_id = s.id LEFT JOIN ",
            $unwritten,
            " ON u.id = s.id"
        )
    };
}
pub(super) use select_stats;

/// Puts the sample `s` into what is kept of its server, `h`, where it is newer than what is there.
macro_rules! set_newest {
    () => {
        concat!(
            set_newest!("newest_ms"),
            ", ",
            set_newest!("newest_cpu_percent_hundredths"),
            ", ",
            set_newest!("newest_memory_percent_hundredths"),
            ", ",
            set_newest!("newest_disk_percent_hundredths")
        )
    };
    ($column:literal) => {
        concat!(
            $column,
            " = CASE WHEN COALESCE(s.newest_ms > h.newest_ms, TRUE) THEN s.",
            $column,
            " ELSE h.",
            $column,
            " END"
        )
    };
}
pub(super) use set_newest;

/// Puts a sample into a server's row of the list, where it is newer than what is there.
pub fn add_newest(server: &mut ServerSummary, newest: &Newest) {
    if server.last_metrics_at.is_some_and(|at| at.unix_ms() >= newest.timestamp_ms) {
        return;
    }
    server.last_metrics_at = Some(Timestamp::from_unix_ms(newest.timestamp_ms));
    server.cpu = Some(percent(newest.cpu_percent_hundredths));
    server.memory = Some(percent(newest.memory_percent_hundredths));
    server.disk = Some(percent(newest.disk_percent_hundredths));
}

fn percent(hundredths: i16) -> f64 {
    f64::from(hundredths) / 100.0
}

pub(super) fn tags(text: &str) -> Result<Vec<String>, StoreError> {
    // Most have none.
    if text == "[]" { Ok(Vec::new()) } else { from_json("tags", text) }
}

/// `None` where there is no beginning.
pub(super) fn maintenance(since_ms: Option<i64>, until_ms: Option<i64>, reason: Option<String>) -> Option<Maintenance> {
    let since = Timestamp::from_unix_ms(since_ms?);
    Some(Maintenance { since, until: until_ms.map(Timestamp::from_unix_ms), reason })
}

pub(super) fn status(text: &str) -> Result<ServerStatus, StoreError> {
    word("status", text, ServerStatus::parse)
}

for_both_engines! {
    pub async fn ping(connection: &mut Connection) -> Result<(), StoreError> {
        sqlx::query("SELECT 1").execute(connection).await?;
        Ok(())
    }

    /// Looks before it inserts: an insert that meets the name would use up a number on PostgreSQL, and agents register
    /// every day. The insert may still meet it, when two agents register a new name at once; then it is looked again.
    pub async fn register(
        connection: &mut Connection,
        registration: &Registration,
        now: Timestamp,
    ) -> Result<Result<Known, Denial>, StoreError> {
        let (name, claim) = (registration.server_name.as_str(), &registration.claim);
        let (server_id, status, generation, admission, code) = loop {
            let (row, code) = enrolments_of_engine::lock(&mut *connection, name, &claim.proof).await?;
            let holder = row.as_ref().map(|row| &row.holder);
            let admission = match admission::admit(name, claim, holder, code.as_ref(), now) {
                Ok(admission) => admission,
                Err(denial) => {
                    if let (Denial::Clash, Some(row)) = (denial, &row) {
                        note_rival(connection, row, registration, now).await?;
                    }
                    return Ok(Err(denial));
                }
            };
            match row {
                Some(row) => {
                    let is_new = admission.changes_host || admission.credential.is_some();
                    let generation = row.generation + i64::from(is_new);
                    update(connection, row.server_id, registration, &admission, generation, now).await?;
                    break (row.server_id, row.holder.status, generation, admission, code);
                }
                None => {
                    if let Some(server_id) = insert(connection, registration, &admission, now).await? {
                        break (server_id, ServerStatus::Offline, 0, admission, code);
                    }
                }
            }
        };
        if let (Some(code), Some(credential)) = (code, &admission.credential) {
            let address = &registration.ip_address;
            enrolments_of_engine::used(connection, &code.enrolment, server_id, name, credential, address, now).await?;
        }
        sqlx::query(
            "INSERT INTO server_heard (server_id, last_seen_at_ms) VALUES ($1, $2) \
             ON CONFLICT (server_id) DO UPDATE SET last_seen_at_ms = excluded.last_seen_at_ms \
             WHERE server_heard.last_seen_at_ms < excluded.last_seen_at_ms",
        )
        .bind(server_id)
        .bind(now.unix_ms())
        .execute(&mut *connection)
        .await?;
        if admission.changes_host {
            activities_of_engine::record(connection, server_id, &[Event::host_changed(name)], now).await?;
        }
        come_online(connection, server_id, name, status.as_str(), now).await?;
        Ok(Ok(Known {
            server_id,
            name: name.to_owned(),
            ip_address: registration.ip_address.clone(),
            agent_version: registration.agent_version.clone(),
            generation,
            last_seen_at_ms: now.unix_ms(),
            is_offline: false,
        }))
    }

    /// The server's number; `None` where somebody has got the name meanwhile.
    async fn insert(
        connection: &mut Connection,
        registration: &Registration,
        admission: &Admission,
        now: Timestamp,
    ) -> Result<Option<i64>, StoreError> {
        let Registration { server_name, info, agent_version, ip_address, claim } = registration;
        let credential = admission.credential.as_ref();
        let kind = if credential.is_some() { CredentialKind::Own } else { CredentialKind::Fleet };
        let row: Option<Row> = sqlx::query(
            "INSERT INTO servers (name, hostname, ip_address, agent_version, cpu_cores, total_memory_gb, total_disk_gb, \
             os_name, os_version, os_kernel, os_arch, docker_version, host_machine, host_engine, credential, \
             credential_hash, credential_at_ms, created_at_ms, status) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, 'offline') \
             ON CONFLICT (name) DO NOTHING RETURNING id",
        )
        .bind(server_name)
        .bind(&info.hostname)
        .bind(ip_address)
        .bind(agent_version)
        .bind(i64::from(info.cpu_cores))
        .bind(info.total_memory_gb)
        .bind(info.total_disk_gb)
        .bind(&info.os_name)
        .bind(&info.os_version)
        .bind(&info.os_kernel)
        .bind(&info.os_arch)
        .bind(&info.docker_version)
        .bind(&claim.host.machine)
        .bind(&claim.host.engine)
        .bind(kind.as_str())
        .bind(credential)
        .bind(credential.map(|_| now.unix_ms()))
        .bind(now.unix_ms())
        .fetch_optional(connection)
        .await?;
        Ok(row.map(|row| row.try_get("id")).transpose()?)
    }

    /// A host that does not say which it is stays the one that it was. With another host nothing of the one before is left.
    async fn update(
        connection: &mut Connection,
        server_id: i64,
        registration: &Registration,
        admission: &Admission,
        generation: i64,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        const UPDATE: &str = "UPDATE servers SET hostname = $2, ip_address = $3, agent_version = $4, cpu_cores = $5, \
             total_memory_gb = $6, total_disk_gb = $7, os_name = $8, os_version = $9, os_kernel = $10, os_arch = $11, \
             docker_version = $12, generation = $13, host_machine = COALESCE($14, host_machine), \
             host_engine = COALESCE($15, host_engine) WHERE id = $1";
        const OTHER_HOST: &str = "UPDATE servers SET host_machine = $2, host_engine = $3, rival_hostname = NULL, \
             rival_address = NULL, rival_first_ms = NULL, rival_last_ms = NULL WHERE id = $1";
        const CREDENTIAL: &str = "UPDATE servers SET credential = 'own', credential_hash = $2, credential_at_ms = $3 \
             WHERE id = $1";
        let Registration { info, agent_version, ip_address, claim, .. } = registration;
        sqlx::query(UPDATE)
            .bind(server_id)
            .bind(&info.hostname)
            .bind(ip_address)
            .bind(agent_version)
            .bind(i64::from(info.cpu_cores))
            .bind(info.total_memory_gb)
            .bind(info.total_disk_gb)
            .bind(&info.os_name)
            .bind(&info.os_version)
            .bind(&info.os_kernel)
            .bind(&info.os_arch)
            .bind(&info.docker_version)
            .bind(generation)
            .bind(&claim.host.machine)
            .bind(&claim.host.engine)
            .execute(&mut *connection)
            .await?;
        if admission.changes_host {
            let (machine, engine) = (&claim.host.machine, &claim.host.engine);
            sqlx::query(OTHER_HOST).bind(server_id).bind(machine).bind(engine).execute(&mut *connection).await?;
        }
        if let Some(credential) = &admission.credential {
            sqlx::query(CREDENTIAL).bind(server_id).bind(credential).bind(now.unix_ms()).execute(connection).await?;
        }
        Ok(())
    }

    /// Keeps which host was refused, and records it unless it was of late.
    async fn note_rival(
        connection: &mut Connection,
        row: &HolderRow,
        registration: &Registration,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let (hostname, address) = (&registration.info.hostname, &registration.ip_address);
        let first_ms = row.rival.as_ref().and_then(|(known, at, first_ms, last_ms)| {
            let is_known = known == hostname && at == address && now.unix_ms() - last_ms < RIVAL_FORGOTTEN_MS;
            is_known.then_some(*first_ms)
        });
        sqlx::query(
            "UPDATE servers SET rival_hostname = $2, rival_address = $3, rival_first_ms = $4, rival_last_ms = $5 \
             WHERE id = $1",
        )
        .bind(row.server_id)
        .bind(hostname)
        .bind(address)
        .bind(first_ms.unwrap_or(now.unix_ms()))
        .bind(now.unix_ms())
        .execute(&mut *connection)
        .await?;
        if first_ms.is_some() {
            return Ok(());
        }
        let event = Event::host_clash(&registration.server_name, &format!("{hostname} at {address}"));
        activities_of_engine::record(connection, row.server_id, &[event], now).await
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
                generation: row.try_get("generation")?,
                last_seen_at_ms: row.try_get("last_seen_at_ms")?,
                is_offline: status(row.try_get("status")?)? == ServerStatus::Offline,
            })
        };
        rows.iter().map(known).collect()
    }

    /// Writes when servers were heard last and their newest samples, and returns those that do not exist any more. Who
    /// was offline is online again.
    pub async fn write_seen(connection: &mut Connection, seen: &[SeenServer]) -> Result<Vec<i64>, StoreError> {
        let ids: Vec<i64> = seen.iter().map(|seen| seen.server_id).collect();
        of_engine::lock_heard(connection).await?;
        // Before the rest: a registration and a container report, too, lock the server before what was heard of it.
        let silent = of_engine::offline_among(connection, &ids).await?;
        // Apart, since most were heard and sent no sample: a row whose newest sample may change costs several times as much.
        let sampled: Vec<_> =
            seen.iter().filter_map(|seen| Some((seen.server_id, seen.last_seen_at_ms, seen.newest?))).collect();
        let heard = seen.iter().filter(|seen| seen.newest.is_none());
        let heard: Vec<_> = heard.map(|seen| (seen.server_id, seen.last_seen_at_ms)).collect();
        let mut written = 0;
        // Each is a question to PostgreSQL, also where it is about nobody.
        if !sampled.is_empty() {
            written += of_engine::write_sampled(connection, &sampled).await?;
        }
        if !heard.is_empty() {
            written += of_engine::write_heard(connection, &heard).await?;
        }
        if !silent.is_empty() {
            let seen: HashMap<i64, i64> = seen.iter().map(|seen| (seen.server_id, seen.last_seen_at_ms)).collect();
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

    /// The samples that are newer than those that are written as the newest, of up to `count` servers after one, by number.
    pub async fn find_newest(
        connection: &mut Connection,
        after: i64,
        count: i64,
    ) -> Result<Vec<(i64, Newest)>, StoreError> {
        let rows = sqlx::query(of_engine::FIND_NEWEST).bind(after).bind(count).fetch_all(connection).await?;
        let found = |row: &Row| {
            Ok((
                row.try_get("server_id")?,
                Newest {
                    timestamp_ms: row.try_get("timestamp_ms")?,
                    cpu_percent_hundredths: row.try_get("cpu_percent_hundredths")?,
                    memory_percent_hundredths: row.try_get("memory_percent_hundredths")?,
                    disk_percent_hundredths: row.try_get("disk_percent_hundredths")?,
                },
            ))
        };
        rows.iter().map(found).collect()
    }

    /// Writes newest samples of servers that nobody heard.
    pub async fn write_newest(connection: &mut Connection, found: &[(i64, Newest)]) -> Result<(), StoreError> {
        of_engine::lock_heard(connection).await?;
        let unheard: Vec<_> = found.iter().map(|(server_id, newest)| (*server_id, i64::MIN, *newest)).collect();
        of_engine::write_sampled(connection, &unheard).await?;
        Ok(())
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
        summaries(sqlx::query(LIST).fetch(connection)).await
    }

    /// Those that `filter` is for, and the one of the number `also`.
    pub async fn list_some(
        connection: &mut Connection,
        filter: &ServerFilter,
        also: Option<i64>,
    ) -> Result<Vec<ServerSummary>, StoreError> {
        let tag = filter.tag.as_ref().map(json);
        summaries(sqlx::query(SOME).bind(&filter.group).bind(tag).bind(also).fetch(connection)).await
    }

    /// Takes up each row while the database makes the next ones.
    async fn summaries(mut rows: BoxStream<'_, Result<Row, sqlx::Error>>) -> Result<Vec<ServerSummary>, StoreError> {
        let mut servers = Vec::new();
        while let Some(row) = rows.try_next().await? {
            servers.push(summary(&row)?);
        }
        Ok(servers)
    }

    pub async fn find(connection: &mut Connection, server_id: i64) -> Result<Option<ServerDetail>, StoreError> {
        let row: Option<Row> =
            sqlx::query(ONE).bind(server_id).fetch_optional(&mut *connection).await?;
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
            notes: row.try_get("notes")?,
            clock_offset_milliseconds: newest.and_then(|sample| sample.readings?.agent?.clock_offset_milliseconds),
            credential: word("credential", row.try_get("credential")?, CredentialKind::parse)?,
            credential_since: row.try_get::<Option<i64>, _>("credential_at_ms")?.map(Timestamp::from_unix_ms),
            rival_host: rival_host(&row)?,
            containers,
            services: Vec::new(),
        }))
    }

    pub async fn name(connection: &mut Connection, server_id: i64) -> Result<Option<String>, StoreError> {
        let row: Option<Row> =
            sqlx::query("SELECT name FROM servers WHERE id = $1").bind(server_id).fetch_optional(connection).await?;
        Ok(row.map(|row| row.try_get("name")).transpose()?)
    }

    /// `newest` are the samples that are not written yet.
    pub async fn stats(connection: &mut Connection, newest: &HashMap<i64, Newest>) -> Result<Stats, StoreError> {
        let row: Row = of_engine::stats(connection, newest).await?;
        Ok(Stats {
            total_servers: row.try_get("total_servers")?,
            total_containers: row.try_get("total_containers")?,
            avg_cpu: row.try_get::<Option<f64>, _>("avg_cpu")?.unwrap_or(0.0) / 100.0,
            active_alerts: 0,
        })
    }

    fn rival_host(row: &Row) -> Result<Option<RivalHost>, StoreError> {
        let Some(hostname) = row.try_get("rival_hostname")? else { return Ok(None) };
        Ok(Some(RivalHost {
            hostname,
            ip_address: row.try_get("rival_address")?,
            first_seen_at: Timestamp::from_unix_ms(row.try_get("rival_first_ms")?),
            last_seen_at: Timestamp::from_unix_ms(row.try_get("rival_last_ms")?),
        }))
    }

    /// Columns by their place: a long list would look up their names for each of its rows.
    fn summary(row: &Row) -> Result<ServerSummary, StoreError> {
        let percent = |column: usize| -> Result<Option<f64>, sqlx::Error> {
            Ok(row.try_get::<Option<i16>, _>(column)?.map(percent))
        };
        Ok(ServerSummary {
            id: row.try_get(0)?,
            name: row.try_get(1)?,
            hostname: row.try_get(2)?,
            ip_address: row.try_get(3)?,
            status: status(row.try_get(4)?)?,
            container_count: row.try_get(13)?,
            cpu: percent(10)?,
            memory: percent(11)?,
            disk: percent(12)?,
            cpu_cores: row.try_get(5)?,
            total_memory_gb: row.try_get(6)?,
            total_disk_gb: row.try_get(7)?,
            last_metrics_at: row.try_get::<Option<i64>, _>(9)?.map(Timestamp::from_unix_ms),
            last_seen_at: Timestamp::from_unix_ms(row.try_get(8)?),
            display_name: row.try_get(14)?,
            group: row.try_get(15)?,
            tags: tags(row.try_get(16)?)?,
            maintenance: maintenance(row.try_get(17)?, row.try_get(18)?, row.try_get(19)?),
            edited_at: row.try_get::<Option<i64>, _>(20)?.map(Timestamp::from_unix_ms),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// PostgreSQL counts what is read: `listing.rs` of the integration tests.
    #[tokio::test]
    async fn sqlite_lists_servers_without_their_samples_and_containers() {
        let mut connection = <sqlx::SqliteConnection as sqlx::Connection>::connect("sqlite::memory:").await.unwrap();
        crate::store::sqlite::MIGRATIONS.run(&mut connection).await.unwrap();
        let stats = select_stats!("(SELECT 1 AS id, 2 AS ms, 3 AS cpu) AS u");
        for sql in [LIST, stats] {
            let sql = sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}"));
            let plan = sqlx::query(sql).fetch_all(&mut connection).await.unwrap();
            let steps: Vec<String> = plan.iter().map(|step| step.get("detail")).collect();
            assert!(steps.iter().any(|step| step.contains(" s")), "{steps:?}");
            for unwanted in ["metrics", "containers", "CORRELATED", "TEMP B-TREE"] {
                assert!(!steps.iter().any(|step| step.contains(unwanted)), "{unwanted}: {steps:?}");
            }
        }
    }
}
