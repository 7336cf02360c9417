//! Events.

use neon_shared::time::Timestamp;
use sqlx::{QueryBuilder, Row as _};

use super::{ROWS_PER_INSERT, StoreError, for_both_engines, word};
use crate::model::{Activity, ActivityFilter, ActivityKind, Event};

for_both_engines! {
    /// Records events of one server. The caller's transaction has written to the server's row, which keeps others
    /// from giving out the same numbers.
    pub async fn record(
        connection: &mut Connection,
        server_id: i64,
        events: &[Event],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        if events.is_empty() {
            return Ok(());
        }
        let row: Row = sqlx::query("SELECT COALESCE(MAX(sequence), 0) AS last FROM activities WHERE server_id = $1")
            .bind(server_id)
            .fetch_one(&mut *connection)
            .await?;
        let last: i64 = row.try_get("last")?;
        let numbered: Vec<(i64, &Event)> = (last.saturating_add(1)..).zip(events).collect();
        for rows in numbered.chunks(ROWS_PER_INSERT) {
            let mut insert = QueryBuilder::<Engine>::new(
                "INSERT INTO activities (server_id, sequence, timestamp_ms, kind, container_id, container_name, \
                 message, old_value, new_value) ",
            );
            insert.push_values(rows, |mut row, (sequence, event)| {
                let (container_id, container_name) = event.container.as_ref().map(|(id, name)| (id, name)).unzip();
                row.push_bind(server_id)
                    .push_bind(*sequence)
                    .push_bind(now.unix_ms())
                    .push_bind(event.kind.as_str())
                    .push_bind(container_id)
                    .push_bind(container_name)
                    .push_bind(&event.message)
                    .push_bind(&event.old_value)
                    .push_bind(&event.new_value);
            });
            insert.build().persistent(false).execute(&mut *connection).await?;
        }
        Ok(())
    }

    /// `None` where the event to go on after is not there (any more).
    pub async fn list(
        connection: &mut Connection,
        filter: &ActivityFilter,
        limit: i64,
    ) -> Result<Option<Vec<Activity>>, StoreError> {
        let mut select = QueryBuilder::<Engine>::new(
            "SELECT a.*, s.id AS number, s.name AS server_name FROM activities a JOIN servers s ON s.id = a.server_id \
             WHERE TRUE",
        );
        if let Some(server_id) = filter.server_id {
            select.push(" AND a.server_id = ").push_bind(server_id);
        }
        if let Some(kind) = filter.kind {
            select.push(" AND a.kind = ").push_bind(kind.as_str());
        }
        if let Some((server_id, sequence)) = filter.before {
            let sql = "SELECT timestamp_ms FROM activities WHERE server_id = $1 AND sequence = $2";
            let found: Option<i64> =
                sqlx::query_scalar(sql).bind(server_id).bind(sequence).fetch_optional(&mut *connection).await?;
            let Some(timestamp_ms) = found else { return Ok(None) };
            // The first is part of the second, and what an index of one server is searched by.
            select.push(" AND a.timestamp_ms <= ").push_bind(timestamp_ms);
            select.push(" AND (a.timestamp_ms, a.server_id, a.sequence) < (").push_bind(timestamp_ms);
            select.push(", ").push_bind(server_id).push(", ").push_bind(sequence).push(")");
        }
        select.push(" ORDER BY a.timestamp_ms DESC, a.server_id DESC, a.sequence DESC LIMIT ").push_bind(limit);
        let rows = select.build().fetch_all(connection).await?;
        Ok(Some(rows.iter().map(activity).collect::<Result<_, _>>()?))
    }

    pub async fn since(connection: &mut Connection, since_ms: i64, limit: i64) -> Result<Vec<Activity>, StoreError> {
        let rows = sqlx::query(
            "SELECT a.*, s.id AS number, s.name AS server_name FROM activities a JOIN servers s ON s.id = a.server_id \
             WHERE a.timestamp_ms >= $1 ORDER BY a.timestamp_ms, a.server_id, a.sequence LIMIT $2",
        )
        .bind(since_ms)
        .bind(limit)
        .fetch_all(connection)
        .await?;
        rows.iter().map(activity).collect()
    }

    fn activity(row: &Row) -> Result<Activity, StoreError> {
        let server_id: i64 = row.try_get("number")?;
        let sequence: i64 = row.try_get("sequence")?;
        Ok(Activity {
            id: format!("{server_id}-{sequence}"),
            server_id,
            server_name: row.try_get("server_name")?,
            container_id: row.try_get("container_id")?,
            container_name: row.try_get("container_name")?,
            kind: word("kind", row.try_get("kind")?, ActivityKind::parse)?,
            message: row.try_get("message")?,
            timestamp: Timestamp::from_unix_ms(row.try_get("timestamp_ms")?),
            old_value: row.try_get("old_value")?,
            new_value: row.try_get("new_value")?,
        })
    }
}
