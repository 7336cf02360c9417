//! What operators say about servers: display names, groups, tags, notes, and maintenance.

use neon_shared::time::Timestamp;
use sqlx::Row as _;

use super::servers::{maintenance, status, tags};
use super::{Engine, Store, StoreError, for_both_engines, in_transaction, json, organise};
use crate::model::{Action, Actor, Event, Maintenance, ServerChange, ServerStatus};

/// Ends maintenance. Who was silent before and has not been heard since is offline still, without being told so again;
/// the others are judged as everybody is.
macro_rules! end_maintenance {
    ($which:literal) => {
        concat!(
            "UPDATE servers SET status = CASE WHEN status_before = 'offline' AND NOT EXISTS \
             (SELECT 1 FROM server_heard h WHERE h.server_id = servers.id \
             AND h.last_seen_at_ms > servers.maintenance_since_ms) THEN 'offline' ELSE 'online' END, \
             maintenance_since_ms = NULL, maintenance_until_ms = NULL, maintenance_reason = NULL, status_before = NULL \
             WHERE status = 'maintenance' AND ",
            $which,
            " RETURNING id, name, status"
        )
    };
}

const END_ONE: &str = end_maintenance!("id = $1");
const END_OVERDUE: &str = end_maintenance!("maintenance_until_ms <= $1");

/// A server as operators described it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Described {
    name: String,
    status: ServerStatus,
    display_name: Option<String>,
    group: Option<String>,
    tags: Vec<String>,
    notes: Option<String>,
    maintenance: Option<Maintenance>,
}

impl Described {
    /// The same after `change`, its status aside.
    fn after(&self, change: &ServerChange, now: Timestamp) -> Self {
        let begun = self.maintenance.clone().unwrap_or(Maintenance { since: now, until: None, reason: None });
        let maintenance = match &change.maintenance {
            None => self.maintenance.clone(),
            Some(None) => None,
            Some(Some(change)) => Some(Maintenance {
                since: begun.since,
                until: change.until.unwrap_or(begun.until),
                reason: change.reason.clone().unwrap_or(begun.reason),
            }),
        };
        Self {
            name: self.name.clone(),
            status: self.status,
            display_name: change.display_name.clone().unwrap_or_else(|| self.display_name.clone()),
            group: change.group.clone().unwrap_or_else(|| self.group.clone()),
            tags: change.tags.clone().unwrap_or_else(|| self.tags.clone()),
            notes: change.notes.clone().unwrap_or_else(|| self.notes.clone()),
            maintenance,
        }
    }

    /// In which `after` differs, for the audit log. Notes may be long, and are only named.
    fn difference(&self, after: &Self) -> String {
        let said = |value: &Option<String>| value.as_deref().map_or("none".to_owned(), |text| format!("\"{text}\""));
        let mut parts = Vec::new();
        if self.display_name != after.display_name {
            parts.push(format!("display name {}", said(&after.display_name)));
        }
        if self.group != after.group {
            parts.push(format!("group {}", said(&after.group)));
        }
        if self.tags != after.tags {
            parts
                .push(format!("tags {}", if after.tags.is_empty() { "none".to_owned() } else { after.tags.join(" ") }));
        }
        if self.notes != after.notes {
            parts.push("notes".to_owned());
        }
        if self.maintenance != after.maintenance {
            parts.push(match &after.maintenance {
                None => "maintenance ended".to_owned(),
                Some(Maintenance { until: Some(until), .. }) => format!("maintenance until {until}"),
                Some(_) => "maintenance".to_owned(),
            });
        }
        parts.join(", ")
    }
}

impl Store {
    /// Changes what operators say about a server; false where there is no such server.
    pub async fn server_change(
        &self,
        server_id: i64,
        change: &ServerChange,
        actor: &Actor,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        in_transaction!(self, organise::change(server_id, change, actor, now))
    }

    /// Ends the maintenance whose time is over and returns the names of those servers.
    pub async fn servers_end_maintenance(&self, now: Timestamp) -> Result<Vec<String>, StoreError> {
        in_transaction!(self, organise::end_overdue(now))
    }
}

for_both_engines! {
    pub async fn change(
        connection: &mut Connection,
        server_id: i64,
        change: &ServerChange,
        actor: &Actor,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        // Changes nothing, but locks the row on either engine.
        let row: Option<Row> = sqlx::query(
            "UPDATE servers SET edited_at_ms = edited_at_ms WHERE id = $1 RETURNING name, status, display_name, \
             group_name, tags, notes, maintenance_since_ms, maintenance_until_ms, maintenance_reason",
        )
        .bind(server_id)
        .fetch_optional(&mut *connection)
        .await?;
        let Some(row) = row else { return Ok(false) };
        let before = described(&row)?;
        let after = before.after(change, now);
        let difference = before.difference(&after);
        if difference.is_empty() {
            return Ok(true);
        }
        sqlx::query(
            "UPDATE servers SET display_name = $2, group_name = $3, tags = $4, notes = $5, edited_at_ms = $6 WHERE id = $1",
        )
        .bind(server_id)
        .bind(&after.display_name)
        .bind(&after.group)
        .bind(json(&after.tags))
        .bind(&after.notes)
        .bind(now.unix_ms())
        .execute(&mut *connection)
        .await?;
        match &after.maintenance {
            Some(maintenance) => maintain(connection, server_id, &before, maintenance, now).await?,
            None if before.maintenance.is_some() => {
                let ended = sqlx::query(END_ONE).bind(server_id).fetch_all(&mut *connection).await?;
                record_ends(connection, &ended, now).await?;
            }
            None => {}
        }
        let target = format!("{server_id} {} ({difference})", before.name);
        access_of_engine::audit(connection, actor, Action::ServerChanged, &target, now).await?;
        Ok(true)
    }

    fn described(row: &Row) -> Result<Described, StoreError> {
        Ok(Described {
            name: row.try_get("name")?,
            status: status(row.try_get("status")?)?,
            display_name: row.try_get("display_name")?,
            group: row.try_get("group_name")?,
            tags: tags(row.try_get("tags")?)?,
            notes: row.try_get("notes")?,
            maintenance: maintenance(
                row.try_get("maintenance_since_ms")?,
                row.try_get("maintenance_until_ms")?,
                row.try_get("maintenance_reason")?,
            ),
        })
    }

    /// Begins maintenance, or goes on with it in other words.
    async fn maintain(
        connection: &mut Connection,
        server_id: i64,
        before: &Described,
        maintenance: &Maintenance,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE servers SET status_before = CASE WHEN status = 'maintenance' THEN status_before ELSE status END, \
             status = 'maintenance', maintenance_since_ms = $2, maintenance_until_ms = $3, maintenance_reason = $4 \
             WHERE id = $1",
        )
        .bind(server_id)
        .bind(maintenance.since.unix_ms())
        .bind(maintenance.until.map(Timestamp::unix_ms))
        .bind(&maintenance.reason)
        .execute(&mut *connection)
        .await?;
        if before.status == ServerStatus::Maintenance {
            return Ok(());
        }
        let event = Event::maintenance_began(&before.name, before.status);
        activities_of_engine::record(connection, server_id, &[event], now).await
    }

    pub async fn end_overdue(connection: &mut Connection, now: Timestamp) -> Result<Vec<String>, StoreError> {
        let ended: Vec<Row> = sqlx::query(END_OVERDUE).bind(now.unix_ms()).fetch_all(&mut *connection).await?;
        record_ends(connection, &ended, now).await?;
        ended.iter().map(|row| Ok(row.try_get("name")?)).collect()
    }

    async fn record_ends(connection: &mut Connection, ended: &[Row], now: Timestamp) -> Result<(), StoreError> {
        for row in ended {
            let event = Event::maintenance_ended(row.try_get("name")?, status(row.try_get("status")?)?);
            activities_of_engine::record(connection, row.try_get("id")?, &[event], now).await?;
        }
        Ok(())
    }
}
