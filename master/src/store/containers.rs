//! Containers: the newest set of each server.

use neon_shared::time::Timestamp;
use sqlx::{QueryBuilder, Row as _};

use super::{ROWS_PER_INSERT, StoreError, for_both_engines, from_json, json, word};
use crate::domain::changes::ContainerSet;
use crate::model::{Container, ContainerChanges, ContainerHealth, ContainerStatus, Reporter};

for_both_engines! {
    pub async fn replace<F>(
        connection: &mut Connection,
        reporter: &Reporter,
        hash: Option<i64>,
        now: Timestamp,
        changes: F,
    ) -> Result<(), StoreError>
    where
        F: FnOnce(Option<&[Container]>) -> ContainerChanges + Send,
    {
        // Changes nothing, but locks the row on either engine.
        let row: Option<Row> = sqlx::query(
            "UPDATE servers SET containers_synced_at_ms = containers_synced_at_ms WHERE id = $1 AND name = $2 \
             RETURNING containers_synced_at_ms",
        )
        .bind(reporter.server_id)
        .bind(&reporter.server_name)
        .fetch_optional(&mut *connection)
        .await?;
        let row = row.ok_or(StoreError::ServerGone)?;
        let synced_at_ms: Option<i64> = row.try_get("containers_synced_at_ms")?;
        let previous = list(connection, reporter.server_id).await?;
        let changes = changes(synced_at_ms.map(|_| previous.as_slice()));

        remove(connection, reporter.server_id, &changes.remove).await?;
        store(connection, reporter.server_id, &changes.store).await?;
        activities_of_engine::record(connection, reporter.server_id, &changes.events, now).await?;
        sqlx::query("UPDATE servers SET containers_synced_at_ms = $2 WHERE id = $1")
            .bind(reporter.server_id)
            .bind(now.unix_ms())
            .execute(&mut *connection)
            .await?;
        sqlx::query(
            "UPDATE server_heard SET containers_hash = $2, \
             container_count = (SELECT COUNT(*) FROM containers WHERE server_id = $1) WHERE server_id = $1",
        )
        .bind(reporter.server_id)
        .bind(hash)
        .execute(connection)
        .await?;
        Ok(())
    }

    async fn remove(connection: &mut Connection, server_id: i64, ids: &[String]) -> Result<(), StoreError> {
        for ids in ids.chunks(ROWS_PER_INSERT) {
            let mut delete = QueryBuilder::<Engine>::new("DELETE FROM containers WHERE server_id = ");
            delete.push_bind(server_id).push(" AND container_id IN (");
            let mut list = delete.separated(", ");
            for id in ids {
                list.push_bind(id);
            }
            delete.push(")");
            delete.build().persistent(false).execute(&mut *connection).await?;
        }
        Ok(())
    }

    async fn store(connection: &mut Connection, server_id: i64, containers: &[Container]) -> Result<(), StoreError> {
        for rows in containers.chunks(ROWS_PER_INSERT) {
            let mut insert = QueryBuilder::<Engine>::new(
                "INSERT INTO containers (server_id, container_id, name, image, image_id, image_tags, status, health, \
                 ports, labels, networks, started_at_ms, exit_code, restart_count, oom_killed, created_at_ms, \
                 compose_project, compose_service, labels_left_out, updated_at_ms) ",
            );
            insert.push_values(rows, |mut row, container| {
                row.push_bind(server_id)
                    .push_bind(&container.container_id)
                    .push_bind(&container.name)
                    .push_bind(&container.image)
                    .push_bind(&container.image_id)
                    .push_bind(json(&container.image_tags))
                    .push_bind(container.status.as_str())
                    .push_bind(container.health.map(ContainerHealth::as_str))
                    .push_bind(&container.ports)
                    .push_bind(json(&container.labels))
                    .push_bind(json(&container.networks))
                    .push_bind(container.started_at.map(Timestamp::unix_ms))
                    .push_bind(container.exit_code)
                    .push_bind(container.restart_count)
                    .push_bind(container.oom_killed)
                    .push_bind(container.created_at.map(Timestamp::unix_ms))
                    .push_bind(&container.compose_project)
                    .push_bind(&container.compose_service)
                    .push_bind(container.labels_left_out)
                    .push_bind(container.updated_at.unix_ms());
            });
            insert.push(
                " ON CONFLICT (server_id, container_id) DO UPDATE SET name = excluded.name, image = excluded.image, \
                 image_id = excluded.image_id, image_tags = excluded.image_tags, status = excluded.status, \
                 health = excluded.health, ports = excluded.ports, labels = excluded.labels, \
                 networks = excluded.networks, started_at_ms = excluded.started_at_ms, \
                 exit_code = excluded.exit_code, restart_count = excluded.restart_count, \
                 oom_killed = excluded.oom_killed, created_at_ms = excluded.created_at_ms, \
                 compose_project = excluded.compose_project, compose_service = excluded.compose_service, \
                 labels_left_out = excluded.labels_left_out, updated_at_ms = excluded.updated_at_ms",
            );
            insert.build().persistent(false).execute(&mut *connection).await?;
        }
        Ok(())
    }

    pub async fn list(connection: &mut Connection, server_id: i64) -> Result<Vec<Container>, StoreError> {
        let rows = sqlx::query("SELECT * FROM containers WHERE server_id = $1 ORDER BY name, container_id")
            .bind(server_id)
            .fetch_all(connection)
            .await?;
        rows.iter().map(|row| container(row, server_id)).collect()
    }

    pub async fn sets_since(connection: &mut Connection, since_ms: i64) -> Result<Vec<ContainerSet>, StoreError> {
        let rows = sqlx::query(
            "SELECT s.id, s.containers_synced_at_ms, h.container_count FROM servers s \
             JOIN server_heard h ON h.server_id = s.id WHERE s.containers_synced_at_ms >= $1 ORDER BY s.id",
        )
        .bind(since_ms)
        .fetch_all(connection)
        .await?;
        let set = |row: &Row| {
            Ok(ContainerSet {
                server_id: row.try_get("id")?,
                stored_at_ms: row.try_get("containers_synced_at_ms")?,
                count: row.try_get("container_count")?,
            })
        };
        rows.iter().map(set).collect()
    }

    fn container(row: &Row, server_id: i64) -> Result<Container, StoreError> {
        Ok(Container {
            server_id,
            container_id: row.try_get("container_id")?,
            name: row.try_get("name")?,
            image: row.try_get("image")?,
            image_id: row.try_get("image_id")?,
            image_tags: from_json("image_tags", row.try_get("image_tags")?)?,
            status: word("status", row.try_get("status")?, ContainerStatus::parse)?,
            health: row
                .try_get::<Option<&str>, _>("health")?
                .map(|text| word("health", text, ContainerHealth::parse))
                .transpose()?,
            ports: row.try_get("ports")?,
            labels: from_json("labels", row.try_get("labels")?)?,
            networks: from_json("networks", row.try_get("networks")?)?,
            started_at: row.try_get::<Option<i64>, _>("started_at_ms")?.map(Timestamp::from_unix_ms),
            exit_code: row.try_get("exit_code")?,
            restart_count: row.try_get("restart_count")?,
            oom_killed: row.try_get("oom_killed")?,
            created_at: row.try_get::<Option<i64>, _>("created_at_ms")?.map(Timestamp::from_unix_ms),
            compose_project: row.try_get("compose_project")?,
            compose_service: row.try_get("compose_service")?,
            labels_left_out: row.try_get("labels_left_out")?,
            updated_at: Timestamp::from_unix_ms(row.try_get("updated_at_ms")?),
        })
    }
}
