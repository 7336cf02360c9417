//! Servers that go, with all their data or with their history handed on.
//!
//! The row of such a server goes at once, and with it the server from every list: whoever reports for it is unknown from
//! then on. What it had is keyed by a number that is never given out again, and goes afterwards, a few hundred rows at a
//! time, each time in a transaction of its own that takes its turn among the writers. Which servers are left to do is
//! in `servers_deleted`, so an end in the middle costs nothing. The leading master does it.
//!
//! A report that was on its way may still be stored after its server is gone; so each is visited once more when nothing
//! can be on its way any more, and only then is done with.

use neon_shared::time::Timestamp;
use sqlx::Row as _;
use tokio::time::Instant;

use super::retention::{Batch, Kind, Old, Retained, SERVERS_PER_LOOK};
use super::servers::status;
use super::{Engine, Store, StoreError, for_both_engines, forget, in_transaction, read, retention};
use crate::model::{Action, Actor, ServerStatus};

/// Longer than anything may take to be written, roll-ups included.
const SETTLED_MS: i64 = 10 * 60_000;
/// Rows that one transaction hands on at most, fewer than it deletes: each is inserted, and its hour marked, before it goes.
const ROWS_PER_STEP: i64 = 125;
/// Everything that a server may have much of. Shapes go first: who gets them has to have them before the samples.
const KINDS: [(Kind, i64); 6] = [
    (Kind::Shapes, i64::MAX),
    (Kind::Samples, i64::MAX),
    (Kind::Hours, i64::MAX),
    (Kind::Days, i64::MAX),
    (Kind::Due, i64::MAX),
    (Kind::Activities, i64::MAX),
];

/// What a step does before it takes these rows away, where they go to another server: `$1` is that one, `$2` the one that
/// goes, `$3` the last of the rows. A row of the same time that is there already stays, and what was made of both has to be
/// made again.
fn hand_on(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Shapes => &["INSERT INTO metric_shapes (server_id, base_ms, hash, body) \
             SELECT $1, base_ms, hash, body FROM metric_shapes WHERE server_id = $2 AND base_ms <= $3 \
             ON CONFLICT DO NOTHING"],
        Kind::Samples => &[
            // Those that no hour was made of yet.
            "INSERT INTO rollups_due (server_id, hour_ms, marks) \
             SELECT DISTINCT $1, timestamp_ms / 3600000 * 3600000 AS hour, 1 FROM metrics \
             WHERE server_id = $2 AND timestamp_ms <= $3 \
             AND timestamp_ms >= COALESCE((SELECT hour_ms FROM rollups_done WHERE server_id = $2), 0) ORDER BY hour \
             ON CONFLICT (server_id, hour_ms) DO UPDATE SET marks = rollups_due.marks + 1",
            "INSERT INTO metrics (server_id, timestamp_ms, network_rx_bytes, network_tx_bytes, \
             memory_used_gb_hundredths, memory_total_gb_hundredths, disk_used_gb_hundredths, disk_total_gb_hundredths, \
             cpu_percent_hundredths, memory_percent_hundredths, disk_percent_hundredths, late_minutes, additions) \
             SELECT $1, timestamp_ms, network_rx_bytes, network_tx_bytes, \
             memory_used_gb_hundredths, memory_total_gb_hundredths, disk_used_gb_hundredths, disk_total_gb_hundredths, \
             cpu_percent_hundredths, memory_percent_hundredths, disk_percent_hundredths, late_minutes, additions \
             FROM metrics WHERE server_id = $2 AND timestamp_ms <= $3 ON CONFLICT DO NOTHING",
        ],
        Kind::Hours => &[
            "INSERT INTO rollups_due (server_id, hour_ms, marks) SELECT $1, h.start_ms, 1 FROM rollups_hourly h \
             JOIN rollups_hourly i ON i.server_id = $1 AND i.start_ms = h.start_ms \
             WHERE h.server_id = $2 AND h.start_ms <= $3 ORDER BY h.start_ms \
             ON CONFLICT (server_id, hour_ms) DO UPDATE SET marks = rollups_due.marks + 1",
            "INSERT INTO rollups_hourly (server_id, start_ms, samples, body) SELECT $1, start_ms, samples, body \
             FROM rollups_hourly WHERE server_id = $2 AND start_ms <= $3 ON CONFLICT DO NOTHING",
        ],
        Kind::Days => &[
            // An hour of the day that both have makes the day again.
            "INSERT INTO rollups_due (server_id, hour_ms, marks) SELECT $1, MAX(h.start_ms) AS hour, 1 FROM rollups_daily d \
             JOIN rollups_daily i ON i.server_id = $1 AND i.start_ms = d.start_ms \
             JOIN rollups_hourly h ON h.server_id = $1 AND h.start_ms >= d.start_ms AND h.start_ms < d.start_ms + 86400000 \
             WHERE d.server_id = $2 AND d.start_ms <= $3 GROUP BY d.start_ms ORDER BY hour \
             ON CONFLICT (server_id, hour_ms) DO UPDATE SET marks = rollups_due.marks + 1",
            "INSERT INTO rollups_daily (server_id, start_ms, samples, body) SELECT $1, start_ms, samples, body \
             FROM rollups_daily WHERE server_id = $2 AND start_ms <= $3 ON CONFLICT DO NOTHING",
        ],
        Kind::Due => {
            &["INSERT INTO rollups_due (server_id, hour_ms, marks) SELECT $1, hour_ms, marks FROM rollups_due \
             WHERE server_id = $2 AND hour_ms <= $3 ORDER BY hour_ms \
             ON CONFLICT (server_id, hour_ms) DO UPDATE SET marks = rollups_due.marks + 1"]
        }
        // Their numbers are given out anew.
        Kind::Activities => &["INSERT INTO activities (server_id, sequence, timestamp_ms, kind, container_id, \
             container_name, message, old_value, new_value) \
             SELECT $1, (SELECT COALESCE(MAX(i.sequence), 0) FROM activities i WHERE i.server_id = $1) \
             + ROW_NUMBER() OVER (ORDER BY a.sequence), a.timestamp_ms, a.kind, a.container_id, a.container_name, \
             a.message, a.old_value, a.new_value FROM activities a WHERE a.server_id = $2 AND a.sequence <= $3"],
        // By their numbers, above.
        Kind::OldActivities => &[],
    }
}

/// The fields of hours and days, of which there are few.
const HAND_ON_NAMES: &str = "INSERT INTO rollup_names (server_id, hash, body) SELECT $1, hash, body FROM rollup_names \
     WHERE server_id = $2 ON CONFLICT DO NOTHING";

/// A server that is not there any more.
#[derive(Clone, Copy, Debug)]
pub struct Gone {
    server_id: i64,
    is_merged: bool,
}

/// What became of a merge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Merge {
    /// The one server is gone, and its history is on its way to the other.
    Begun,
    /// There is no server that could go on.
    NoServer,
    /// There is no server whose history could be handed on.
    NoOther,
    /// The other is not offline.
    Alive,
}

impl Store {
    /// Hands the history of `from` on to `server_id`, and with it what operators say of it where nothing is said of the
    /// other. Only of a server that is offline.
    pub async fn server_merge(
        &self,
        server_id: i64,
        from: i64,
        actor: &Actor,
        now: Timestamp,
    ) -> Result<Merge, StoreError> {
        // What was heard counts, whether it is written or not.
        self.write_heard().await?;
        let merge: Result<Merge, StoreError> = in_transaction!(self, forget::server_merge(server_id, from, actor, now));
        let merge = merge?;
        if merge == Merge::Begun {
            self.heard.forget(from);
        }
        Ok(merge)
    }

    /// Deletes a server, at once for whoever looks; false where there is no such server.
    pub async fn server_delete(&self, server_id: i64, actor: &Actor, now: Timestamp) -> Result<bool, StoreError> {
        let deleted: Result<bool, StoreError> = in_transaction!(self, forget::server_delete(server_id, actor, now));
        let is_deleted = deleted?;
        if is_deleted {
            self.heard.forget(server_id);
        }
        Ok(is_deleted)
    }

    /// Deletes what servers had that are not there any more, or hands it on. Stops where this master does not lead any
    /// more.
    pub async fn forget_deleted(&self, now: Timestamp) -> Result<Retained, StoreError> {
        let led = self.is_leading();
        let mut done = Retained::default();
        let mut after = i64::MIN;
        loop {
            let servers: Result<Vec<Gone>, StoreError> =
                read!(self, forget::deleted(after, now.unix_ms().saturating_sub(SETTLED_MS)));
            let servers = servers?;
            let Some(last) = servers.last() else { return Ok(done) };
            after = last.server_id;
            for server in servers {
                if !self.forget_one(server, led, &mut done).await? {
                    return Ok(done);
                }
                let finished: Result<(), StoreError> = in_transaction!(self, forget::finish(server.server_id, now));
                finished?;
                if server.is_merged {
                    // The other may have had none.
                    self.find_newest().await?;
                }
            }
        }
    }

    /// False where this master `led` and does not any more.
    async fn forget_one(&self, server: Gone, led: bool, done: &mut Retained) -> Result<bool, StoreError> {
        let Gone { server_id, is_merged } = server;
        if is_merged {
            return self.hand_all_on(server_id, led, done).await;
        }
        let mut batch = Batch::default();
        let goes_on = self.delete_old_of(server_id, &KINDS, led, &mut batch, done).await?;
        self.delete(&mut batch, done).await?;
        Ok(goes_on)
    }

    async fn hand_all_on(&self, server_id: i64, led: bool, done: &mut Retained) -> Result<bool, StoreError> {
        for (kind, before) in KINDS {
            loop {
                if led && !self.is_leading() {
                    return Ok(false);
                }
                let old: Result<Option<(i64, Old)>, StoreError> =
                    read!(self, retention::oldest(kind, server_id, before, ROWS_PER_STEP));
                let Some((_, old)) = old? else { break };
                let began = Instant::now();
                let moved: Result<u64, StoreError> = in_transaction!(self, forget::hand_on_some(&old));
                done.step(moved?, began.elapsed());
            }
        }
        Ok(true)
    }
}

for_both_engines! {
    pub async fn server_delete(
        connection: &mut Connection,
        server_id: i64,
        actor: &Actor,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let Some(name) = remove(connection, server_id, actor, now).await? else { return Ok(false) };
        let target = format!("{server_id} {name}");
        access_of_engine::audit(connection, actor, Action::ServerDeleted, &target, now).await?;
        Ok(true)
    }

    pub async fn server_merge(
        connection: &mut Connection,
        server_id: i64,
        from: i64,
        actor: &Actor,
        now: Timestamp,
    ) -> Result<Merge, StoreError> {
        // Changes nothing, but locks both rows on either engine.
        let rows: Vec<Row> = sqlx::query(
            "UPDATE servers SET edited_at_ms = edited_at_ms WHERE id IN ($1, $2) RETURNING id, name, status, tags",
        )
        .bind(server_id)
        .bind(from)
        .fetch_all(&mut *connection)
        .await?;
        let (mut own, mut other) = (None, None);
        for row in &rows {
            let side = if row.try_get::<i64, _>("id")? == server_id { &mut own } else { &mut other };
            *side = Some((row.try_get::<String, _>("name")?, row.try_get::<String, _>("status")?, row.try_get("tags")?));
        }
        let Some((name, _, tags)) = own else { return Ok(Merge::NoServer) };
        let Some((other_name, other_status, other_tags)) = other else { return Ok(Merge::NoOther) };
        if status(&other_status)? != ServerStatus::Offline {
            return Ok(Merge::Alive);
        }
        let tags: String = if tags == "[]" { other_tags } else { tags };
        sqlx::query(
            "UPDATE servers SET \
             display_name = COALESCE(display_name, (SELECT o.display_name FROM servers o WHERE o.id = $2)), \
             group_name = COALESCE(group_name, (SELECT o.group_name FROM servers o WHERE o.id = $2)), \
             notes = COALESCE(notes, (SELECT o.notes FROM servers o WHERE o.id = $2)), tags = $3, edited_at_ms = $4, \
             created_at_ms = (SELECT MIN(o.created_at_ms) FROM servers o WHERE o.id IN ($1, $2)) WHERE id = $1",
        )
        .bind(server_id)
        .bind(from)
        .bind(tags)
        .bind(now.unix_ms())
        .execute(&mut *connection)
        .await?;
        for sql in [
            // Those that were merged into it and are not done yet go on to this one.
            "UPDATE servers_deleted SET merged_into = $1 WHERE merged_into = $2",
            "INSERT INTO servers_deleted (server_id, merged_into) VALUES ($2, $1)",
        ] {
            sqlx::query(sql).bind(server_id).bind(from).execute(&mut *connection).await?;
        }
        remove(connection, from, actor, now).await?;
        let target = format!("{server_id} {name} (from {from} {other_name})");
        access_of_engine::audit(connection, actor, Action::ServerMerged, &target, now).await?;
        Ok(Merge::Begun)
    }

    /// Takes the server's row away, and with it what refers to it: when it was heard, its containers, and its tokens.
    async fn remove(
        connection: &mut Connection,
        server_id: i64,
        actor: &Actor,
        now: Timestamp,
    ) -> Result<Option<String>, StoreError> {
        let tokens: Vec<Row> = sqlx::query("DELETE FROM api_tokens WHERE server_id = $1 RETURNING id, name")
            .bind(server_id)
            .fetch_all(&mut *connection)
            .await?;
        let row: Option<Row> = sqlx::query("DELETE FROM servers WHERE id = $1 RETURNING name")
            .bind(server_id)
            .fetch_optional(&mut *connection)
            .await?;
        let Some(row) = row else { return Ok(None) };
        // The trigger has done it, except on Citus, which takes none.
        for sql in [
            "UPDATE servers_deleted SET merged_into = NULL WHERE merged_into = $1",
            "INSERT INTO servers_deleted (server_id) VALUES ($1) ON CONFLICT DO NOTHING",
        ] {
            sqlx::query(sql).bind(server_id).execute(&mut *connection).await?;
        }
        for token in tokens {
            let target = format!("{} {}", token.try_get::<i64, _>("id")?, token.try_get::<String, _>("name")?);
            access_of_engine::audit(connection, actor, Action::TokenRevoked, &target, now).await?;
        }
        Ok(row.try_get("name")?)
    }

    /// Gives these rows to the server that they are to go to, and takes them away. Nobody gets them where that has been
    /// deleted meanwhile.
    pub async fn hand_on_some(connection: &mut Connection, old: &Old) -> Result<u64, StoreError> {
        // Changes nothing, but locks the row on either engine.
        let into: Option<Option<i64>> = sqlx::query_scalar(
            "UPDATE servers_deleted SET merged_into = merged_into WHERE server_id = $1 \
             RETURNING CAST(merged_into AS BIGINT)",
        )
        .bind(old.server_id)
        .fetch_optional(&mut *connection)
        .await?;
        if let Some(Some(into)) = into {
            match old.kind {
                Kind::Hours | Kind::Days => {
                    sqlx::query(HAND_ON_NAMES).bind(into).bind(old.server_id).execute(&mut *connection).await?;
                }
                // Nobody else gives out numbers of events meanwhile.
                Kind::Activities => {
                    let sql = "UPDATE servers SET edited_at_ms = edited_at_ms WHERE id = $1";
                    sqlx::query(sql).bind(into).execute(&mut *connection).await?;
                }
                Kind::Shapes | Kind::Samples | Kind::Due | Kind::OldActivities => {}
            }
            for sql in hand_on(old.kind) {
                let query = sqlx::query(*sql).bind(into).bind(old.server_id).bind(old.last);
                query.execute(&mut *connection).await?;
            }
        }
        retention_of_engine::delete(connection, std::slice::from_ref(old)).await
    }

    /// Servers that are to be visited: for the first time, or emptied before `settled_ms`.
    pub async fn deleted(connection: &mut Connection, after: i64, settled_ms: i64) -> Result<Vec<Gone>, StoreError> {
        let sql = "SELECT CAST(server_id AS BIGINT) AS server_id, merged_into IS NOT NULL AS is_merged \
             FROM servers_deleted WHERE server_id > $1 AND COALESCE(emptied_at_ms <= $2, TRUE) \
             ORDER BY server_id LIMIT $3";
        let rows: Vec<Row> =
            sqlx::query(sql).bind(after).bind(settled_ms).bind(SERVERS_PER_LOOK).fetch_all(connection).await?;
        let gone = |row: &Row| Ok(Gone { server_id: row.try_get("server_id")?, is_merged: row.try_get("is_merged")? });
        rows.iter().map(gone).collect()
    }

    /// The few rows that are left, and whether the server is to be visited once more.
    pub async fn finish(connection: &mut Connection, server_id: i64, now: Timestamp) -> Result<(), StoreError> {
        for sql in [
            "DELETE FROM rollup_names WHERE server_id = $1",
            "DELETE FROM rollups_done WHERE server_id = $1",
            "DELETE FROM servers_deleted WHERE server_id = $1 AND emptied_at_ms IS NOT NULL",
        ] {
            sqlx::query(sql).bind(server_id).execute(&mut *connection).await?;
        }
        sqlx::query("UPDATE servers_deleted SET emptied_at_ms = $2 WHERE server_id = $1")
            .bind(server_id)
            .bind(now.unix_ms())
            .execute(connection)
            .await?;
        Ok(())
    }
}
