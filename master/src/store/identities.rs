//! Users that a provider knows: which of ours they are, and which logins came back from it.

use neon_shared::time::Timestamp;
use sqlx::Row as _;

use super::access::UserWithHash;
use super::{Engine, Store, StoreError, for_both_engines, in_transaction};
use crate::model::{Actor, Role, User, UserPatch};

/// Somebody whom the provider knows.
#[derive(Clone, Copy, Debug)]
pub struct Identity<'a> {
    /// The provider.
    pub issuer: &'a str,
    /// What it calls them, never another one.
    pub subject: &'a str,
    /// What a user is called that is made for them.
    pub name: &'a str,
    /// What they may do, by what the provider says now.
    pub role: Role,
}

for_both_engines! {
    /// Nobody is taken for a user who was here before: `None` where there is one of this name.
    pub async fn identity_user(
        connection: &mut Connection,
        identity: &Identity<'_>,
        actor: &Actor,
        now: Timestamp,
    ) -> Result<Option<UserWithHash>, StoreError> {
        let known: Option<Row> = sqlx::query(
            "SELECT u.name, u.id FROM identities i JOIN users u ON u.id = i.user_id WHERE i.issuer = $1 AND i.subject = $2",
        )
        .bind(identity.issuer)
        .bind(identity.subject)
        .fetch_optional(&mut *connection)
        .await?;
        if let Some(row) = known {
            let (id, name): (i64, String) = (row.try_get("id")?, row.try_get("name")?);
            let patch = UserPatch { role: Some(identity.role), ..UserPatch::default() };
            access_of_engine::user_change_unguarded(connection, id, &patch, "", actor, now).await?;
            return access_of_engine::user_find(connection, &name).await;
        }
        // Without a password nothing is one.
        let made = access_of_engine::user_add(connection, identity.name, identity.role, "", actor, now).await?;
        let Some(made) = made else { return Ok(None) };
        sqlx::query("INSERT INTO identities (issuer, subject, user_id) VALUES ($1, $2, $3)")
            .bind(identity.issuer)
            .bind(identity.subject)
            .bind(made.id)
            .execute(connection)
            .await?;
        let user = User { id: made.id, name: made.name, role: made.role };
        Ok(Some(UserWithHash { user, password_hash: String::new(), is_disabled: false }))
    }

    pub async fn oidc_state_use(
        connection: &mut Connection,
        hash: &str,
        expires_at: Timestamp,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        sqlx::query("DELETE FROM oidc_states WHERE expires_at_ms <= $1")
            .bind(now.unix_ms())
            .execute(&mut *connection)
            .await?;
        let done = sqlx::query("INSERT INTO oidc_states (hash, expires_at_ms) VALUES ($1, $2) ON CONFLICT DO NOTHING")
            .bind(hash)
            .bind(expires_at.unix_ms())
            .execute(connection)
            .await?;
        Ok(done.rows_affected() > 0)
    }
}

impl Store {
    /// The user of an identity, made where it is new, with the role that the provider gives them now; `None` where another
    /// user has the name.
    pub async fn identity_user(
        &self,
        identity: &Identity<'_>,
        actor: &Actor,
        now: Timestamp,
    ) -> Result<Option<UserWithHash>, StoreError> {
        in_transaction!(self, sql::identity_user(identity, actor, now))
    }

    /// Notes that a login came back from the provider; false where it already had.
    pub async fn oidc_state_use(&self, hash: &str, expires_at: Timestamp, now: Timestamp) -> Result<bool, StoreError> {
        in_transaction!(self, sql::oidc_state_use(hash, expires_at, now))
    }
}

/// Under the name that the macros look for.
mod sql {
    pub use super::{postgres, sqlite};
}
