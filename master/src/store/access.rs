//! Users, their sessions, API tokens, and the audit log. What changes one of them writes the log's line in the same
//! transaction: nothing is done without it, and nothing is in it that was not done.

use neon_shared::time::Timestamp;
use sqlx::Row as _;

use super::second_factor::Proof;
use super::{Engine, Store, StoreError, for_both_engines, in_transaction, read, word};
use crate::model::{
    Action, Actor, ApiToken, AuditEntry, NewApiToken, NewSession, Role, Scope, SessionDetail, User, UserDetail,
    UserPatch,
};

/// Refused logins that are kept, the newest: whoever may not log in can make more of them. Everything else is kept for
/// ever.
const REFUSED_KEPT: i64 = 10_000;
/// How exactly is noted when a token was used last: a request a second need not be a write a second.
const LAST_USED_MS: i64 = 60_000;
/// As much of a session's hash as it is named by to its owner.
const SESSION_ID_DIGITS: usize = 16;

/// A user, and what their password is recognised by.
#[derive(Clone)]
pub struct UserWithHash {
    /// The user.
    pub user: User,
    /// Argon2id of the password, in PHC form.
    pub password_hash: String,
    /// Whether they may not log in.
    pub is_disabled: bool,
}

impl std::fmt::Debug for UserWithHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "UserWithHash({})", self.user.name)
    }
}

/// What became of a change to users.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UserChange {
    /// It was made.
    Done,
    /// There is no such user.
    Missing,
    /// There would be no admin left who may log in.
    LastAdmin,
}

/// Of a token `t`: a user who may not log in may not come in by a token either. One of a user that is gone is gone too.
macro_rules! maker_is_good {
    () => {
        "NOT EXISTS (SELECT 1 FROM users u WHERE u.name = t.created_by AND u.disabled_at_ms IS NOT NULL)"
    };
}

/// Users as admins see them.
macro_rules! user_details {
    () => {
        "SELECT *, EXISTS (SELECT 1 FROM second_factors f WHERE f.user_id = users.id AND f.confirmed_at_ms IS NOT NULL) \
         AS has_second_factor, EXISTS (SELECT 1 FROM identities i WHERE i.user_id = users.id) AS is_from_provider FROM users"
    };
}

for_both_engines! {
    pub async fn user_count(connection: &mut Connection) -> Result<i64, StoreError> {
        Ok(sqlx::query_scalar("SELECT COUNT(*) FROM users").fetch_one(connection).await?)
    }

    pub async fn user_list(connection: &mut Connection) -> Result<Vec<UserDetail>, StoreError> {
        let rows = sqlx::query(concat!(user_details!(), " ORDER BY name")).fetch_all(connection).await?;
        rows.iter().map(user_detail).collect()
    }

    pub async fn user_detail_of(connection: &mut Connection, id: i64) -> Result<Option<UserDetail>, StoreError> {
        let row: Option<Row> =
            sqlx::query(concat!(user_details!(), " WHERE id = $1")).bind(id).fetch_optional(connection).await?;
        row.as_ref().map(user_detail).transpose()
    }

    pub async fn user_find(connection: &mut Connection, name: &str) -> Result<Option<UserWithHash>, StoreError> {
        let row: Option<Row> =
            sqlx::query("SELECT * FROM users WHERE name = $1").bind(name).fetch_optional(connection).await?;
        let Some(row) = row else { return Ok(None) };
        Ok(Some(UserWithHash {
            user: user(&row)?,
            password_hash: row.try_get("password_hash")?,
            is_disabled: row.try_get::<Option<i64>, _>("disabled_at_ms")?.is_some(),
        }))
    }

    pub async fn user_add(
        connection: &mut Connection,
        name: &str,
        role: Role,
        password_hash: &str,
        actor: &Actor,
        now: Timestamp,
    ) -> Result<Option<UserDetail>, StoreError> {
        let row: Option<Row> = sqlx::query(
            "INSERT INTO users (name, role, password_hash, created_at_ms) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (name) DO NOTHING RETURNING *, FALSE AS has_second_factor, FALSE AS is_from_provider",
        )
        .bind(name)
        .bind(role.as_str())
        .bind(password_hash)
        .bind(now.unix_ms())
        .fetch_optional(&mut *connection)
        .await?;
        let Some(row) = row else { return Ok(None) };
        audit(connection, actor, Action::UserAdded, &format!("{name} ({})", role.as_str()), now).await?;
        Ok(Some(user_detail(&row)?))
    }

    pub async fn user_change(
        connection: &mut Connection,
        id: i64,
        patch: &UserPatch,
        kept_session: &str,
        actor: &Actor,
        now: Timestamp,
    ) -> Result<UserChange, StoreError> {
        lock_admins(connection).await?;
        let Some(before) = user_detail_of(connection, id).await? else { return Ok(UserChange::Missing) };
        let is_lost = patch.role.is_some_and(|role| role != Role::Admin) || patch.is_disabled == Some(true);
        if is_lost && is_last_admin(connection, &before).await? {
            return Ok(UserChange::LastAdmin);
        }
        user_change_unguarded(connection, id, patch, kept_session, actor, now).await
    }

    /// Without a look at whether there is an admin then: a provider that takes somebody's role away is obeyed.
    pub async fn user_change_unguarded(
        connection: &mut Connection,
        id: i64,
        patch: &UserPatch,
        kept_session: &str,
        actor: &Actor,
        now: Timestamp,
    ) -> Result<UserChange, StoreError> {
        let Some(before) = user_detail_of(connection, id).await? else { return Ok(UserChange::Missing) };
        let role = patch.role.filter(|role| *role != before.role);
        let is_disabled = patch.is_disabled.filter(|is_disabled| *is_disabled != before.is_disabled);
        if let Some(role) = role {
            sqlx::query("UPDATE users SET role = $2 WHERE id = $1")
                .bind(id)
                .bind(role.as_str())
                .execute(&mut *connection)
                .await?;
            let target = format!("{} ({} to {})", before.name, before.role.as_str(), role.as_str());
            audit(connection, actor, Action::RoleChanged, &target, now).await?;
            // Who may not make tokens any more has none either.
            if role < Role::Operator {
                tokens_revoke(connection, &before.name, actor, now).await?;
            }
        }
        if let Some(hash) = &patch.password_hash {
            sqlx::query("UPDATE users SET password_hash = $2 WHERE id = $1")
                .bind(id)
                .bind(hash)
                .execute(&mut *connection)
                .await?;
            audit(connection, actor, Action::PasswordChanged, &before.name, now).await?;
        }
        if let Some(is_disabled) = is_disabled {
            sqlx::query("UPDATE users SET disabled_at_ms = $2 WHERE id = $1")
                .bind(id)
                .bind(is_disabled.then_some(now.unix_ms()))
                .execute(&mut *connection)
                .await?;
            let action = if is_disabled { Action::UserDisabled } else { Action::UserEnabled };
            audit(connection, actor, action, &before.name, now).await?;
        }
        if role.is_some() || is_disabled.is_some() || patch.password_hash.is_some() {
            sqlx::query("DELETE FROM sessions WHERE user_id = $1 AND hash <> $2")
                .bind(id)
                .bind(kept_session)
                .execute(connection)
                .await?;
        }
        Ok(UserChange::Done)
    }

    pub async fn user_remove(
        connection: &mut Connection,
        id: i64,
        actor: &Actor,
        now: Timestamp,
    ) -> Result<UserChange, StoreError> {
        lock_admins(connection).await?;
        let Some(user) = user_detail_of(connection, id).await? else { return Ok(UserChange::Missing) };
        if is_last_admin(connection, &user).await? {
            return Ok(UserChange::LastAdmin);
        }
        sqlx::query("DELETE FROM users WHERE id = $1").bind(id).execute(&mut *connection).await?;
        // Whoever is gone must not come back by a token that they kept.
        tokens_revoke(connection, &user.name, actor, now).await?;
        audit(connection, actor, Action::UserRemoved, &user.name, now).await?;
        Ok(UserChange::Done)
    }

    /// Two that take each other's role away at the same time do so one after the other: each would still see the other.
    async fn lock_admins(connection: &mut Connection) -> Result<(), StoreError> {
        sqlx::query("UPDATE users SET role = role WHERE role = 'admin'").execute(connection).await?;
        Ok(())
    }

    /// Whether without this one there is no admin who may log in.
    async fn is_last_admin(connection: &mut Connection, user: &UserDetail) -> Result<bool, StoreError> {
        if user.role != Role::Admin || user.is_disabled {
            return Ok(false);
        }
        let others: i64 = sqlx::query_scalar(
            "SELECT COUNT(*) FROM users WHERE role = 'admin' AND disabled_at_ms IS NULL AND id <> $1",
        )
        .bind(user.id)
        .fetch_one(connection)
        .await?;
        Ok(others == 0)
    }

    async fn tokens_revoke(
        connection: &mut Connection,
        created_by: &str,
        actor: &Actor,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let tokens: Vec<Row> = sqlx::query("DELETE FROM api_tokens WHERE created_by = $1 RETURNING id, name")
            .bind(created_by)
            .fetch_all(&mut *connection)
            .await?;
        for token in tokens {
            let (id, name): (i64, String) = (token.try_get("id")?, token.try_get("name")?);
            audit(connection, actor, Action::TokenRevoked, &format!("{id} {name}"), now).await?;
        }
        Ok(())
    }

    /// No session begins where the password was changed since `user` was read, they may not log in, or `proof` is not
    /// enough; then it returns false.
    pub async fn session_begin(
        connection: &mut Connection,
        user: &UserWithHash,
        session: &NewSession,
        proof: &Proof,
        actor: &Actor,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        if !second_factor_of_engine::prove(connection, user.user.id, proof, actor, now).await? {
            return Ok(false);
        }
        sqlx::query("DELETE FROM sessions WHERE expires_at_ms <= $1").bind(now.unix_ms()).execute(&mut *connection).await?;
        let done = sqlx::query(
            "INSERT INTO sessions (hash, user_id, created_at_ms, expires_at_ms, address, user_agent) \
             SELECT $1, id, $3, $4, $6, $7 FROM users WHERE id = $2 AND password_hash = $5 AND disabled_at_ms IS NULL",
        )
        .bind(&session.hash)
        .bind(user.user.id)
        .bind(now.unix_ms())
        .bind(session.expires_at.unix_ms())
        .bind(&user.password_hash)
        .bind(&actor.address)
        .bind(&session.user_agent)
        .execute(&mut *connection)
        .await?;
        if done.rows_affected() == 0 {
            return Ok(false);
        }
        audit(connection, actor, Action::LoggedIn, &user.user.name, now).await?;
        Ok(true)
    }

    pub async fn session_list(
        connection: &mut Connection,
        user_id: i64,
        current: &str,
        now: Timestamp,
    ) -> Result<Vec<SessionDetail>, StoreError> {
        let rows: Vec<Row> = sqlx::query(
            "SELECT * FROM sessions WHERE user_id = $1 AND expires_at_ms > $2 ORDER BY created_at_ms DESC, hash",
        )
        .bind(user_id)
        .bind(now.unix_ms())
        .fetch_all(connection)
        .await?;
        rows.iter().map(|row| session_detail(row, current)).collect()
    }

    pub async fn session_end_by_id(
        connection: &mut Connection,
        user_id: i64,
        id: &str,
        actor: &Actor,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let done = sqlx::query("DELETE FROM sessions WHERE user_id = $1 AND substr(hash, 1, $2) = $3")
            .bind(user_id)
            .bind(SESSION_ID_DIGITS as i32)
            .bind(id)
            .execute(&mut *connection)
            .await?;
        if done.rows_affected() == 0 {
            return Ok(false);
        }
        audit(connection, actor, Action::SessionEnded, &actor.name, now).await?;
        Ok(true)
    }

    pub async fn session_user(connection: &mut Connection, hash: &str, now: Timestamp) -> Result<Option<User>, StoreError> {
        let row: Option<Row> = sqlx::query(
            "SELECT u.id, u.name, u.role FROM sessions s JOIN users u ON u.id = s.user_id \
             WHERE s.hash = $1 AND s.expires_at_ms > $2 AND u.disabled_at_ms IS NULL",
        )
        .bind(hash)
        .bind(now.unix_ms())
        .fetch_optional(connection)
        .await?;
        row.as_ref().map(user).transpose()
    }

    pub async fn session_end(
        connection: &mut Connection,
        hash: &str,
        actor: &Actor,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let done = sqlx::query("DELETE FROM sessions WHERE hash = $1").bind(hash).execute(&mut *connection).await?;
        if done.rows_affected() > 0 {
            audit(connection, actor, Action::LoggedOut, &actor.name, now).await?;
        }
        Ok(())
    }

    /// `None` where the server it is for does not exist.
    pub async fn token_add(
        connection: &mut Connection,
        token: &NewApiToken,
        actor: &Actor,
        now: Timestamp,
    ) -> Result<Option<ApiToken>, StoreError> {
        if let Some(server_id) = token.server_id {
            let known: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM servers WHERE id = $1")
                .bind(server_id)
                .fetch_one(&mut *connection)
                .await?;
            if known == 0 {
                return Ok(None);
            }
        }
        let row: Row = sqlx::query(
            "INSERT INTO api_tokens (name, hash, scope, server_id, created_by, created_at_ms) \
             VALUES ($1, $2, $3, $4, $5, $6) RETURNING *",
        )
        .bind(&token.name)
        .bind(&token.hash)
        .bind(token.scope.as_str())
        .bind(token.server_id)
        .bind(&actor.name)
        .bind(now.unix_ms())
        .fetch_one(&mut *connection)
        .await?;
        let made = api_token(&row)?;
        let servers = token.server_id.map_or("all servers".to_owned(), |id| format!("server {id}"));
        let target = format!("{} {} ({}, {servers})", made.id, made.name, made.scope.as_str());
        audit(connection, actor, Action::TokenCreated, &target, now).await?;
        Ok(Some(made))
    }

    pub async fn token_list(connection: &mut Connection) -> Result<Vec<ApiToken>, StoreError> {
        let rows = sqlx::query("SELECT * FROM api_tokens ORDER BY id").fetch_all(connection).await?;
        rows.iter().map(api_token).collect()
    }

    pub async fn token_find(connection: &mut Connection, hash: &str) -> Result<Option<ApiToken>, StoreError> {
        let row: Option<Row> =
            sqlx::query(concat!("SELECT * FROM api_tokens t WHERE t.hash = $1 AND ", maker_is_good!()))
                .bind(hash)
                .fetch_optional(connection)
                .await?;
        row.as_ref().map(api_token).transpose()
    }

    pub async fn token_is_good(connection: &mut Connection, id: i64) -> Result<bool, StoreError> {
        let found: i64 =
            sqlx::query_scalar(concat!("SELECT COUNT(*) FROM api_tokens t WHERE t.id = $1 AND ", maker_is_good!()))
                .bind(id)
                .fetch_one(connection)
                .await?;
        Ok(found > 0)
    }

    pub async fn token_used(connection: &mut Connection, id: i64, now: Timestamp) -> Result<(), StoreError> {
        sqlx::query("UPDATE api_tokens SET last_used_at_ms = $2 WHERE id = $1")
            .bind(id)
            .bind(now.unix_ms())
            .execute(connection)
            .await?;
        Ok(())
    }

    pub async fn token_revoke(
        connection: &mut Connection,
        id: i64,
        actor: &Actor,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let row: Option<Row> =
            sqlx::query("DELETE FROM api_tokens WHERE id = $1 RETURNING name").bind(id).fetch_optional(&mut *connection).await?;
        let Some(row) = row else { return Ok(false) };
        let name: String = row.try_get("name")?;
        audit(connection, actor, Action::TokenRevoked, &format!("{id} {name}"), now).await?;
        Ok(true)
    }

    pub async fn audit(
        connection: &mut Connection,
        actor: &Actor,
        action: Action,
        target: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        sqlx::query("INSERT INTO audit (timestamp_ms, actor, address, action, target) VALUES ($1, $2, $3, $4, $5)")
            .bind(now.unix_ms())
            .bind(&actor.name)
            .bind(&actor.address)
            .bind(action.as_str())
            .bind(target)
            .execute(&mut *connection)
            .await?;
        if matches!(action, Action::LoginRefused | Action::LoginLimited) {
            sqlx::query(
                "DELETE FROM audit WHERE action = $1 AND id <= \
                 (SELECT id FROM audit WHERE action = $1 ORDER BY id DESC LIMIT 1 OFFSET $2)",
            )
            .bind(action.as_str())
            .bind(REFUSED_KEPT)
            .execute(connection)
            .await?;
        }
        Ok(())
    }

    pub async fn audit_list(connection: &mut Connection, before: i64, limit: i64) -> Result<Vec<AuditEntry>, StoreError> {
        let rows = sqlx::query("SELECT * FROM audit WHERE id < $1 ORDER BY id DESC LIMIT $2")
            .bind(before)
            .bind(limit)
            .fetch_all(connection)
            .await?;
        rows.iter().map(audit_entry).collect()
    }

    fn user(row: &Row) -> Result<User, StoreError> {
        Ok(User {
            id: row.try_get("id")?,
            name: row.try_get("name")?,
            role: word("role", row.try_get("role")?, Role::parse)?,
        })
    }

    fn user_detail(row: &Row) -> Result<UserDetail, StoreError> {
        Ok(UserDetail {
            id: row.try_get("id")?,
            name: row.try_get("name")?,
            role: word("role", row.try_get("role")?, Role::parse)?,
            is_disabled: row.try_get::<Option<i64>, _>("disabled_at_ms")?.is_some(),
            has_second_factor: row.try_get("has_second_factor")?,
            is_from_provider: row.try_get("is_from_provider")?,
            created_at: Timestamp::from_unix_ms(row.try_get("created_at_ms")?),
        })
    }

    fn session_detail(row: &Row, current: &str) -> Result<SessionDetail, StoreError> {
        let hash: String = row.try_get("hash")?;
        Ok(SessionDetail {
            is_current: hash == current,
            id: hash.chars().take(SESSION_ID_DIGITS).collect(),
            created_at: Timestamp::from_unix_ms(row.try_get("created_at_ms")?),
            expires_at: Timestamp::from_unix_ms(row.try_get("expires_at_ms")?),
            address: row.try_get("address")?,
            user_agent: row.try_get("user_agent")?,
        })
    }

    fn api_token(row: &Row) -> Result<ApiToken, StoreError> {
        Ok(ApiToken {
            id: row.try_get("id")?,
            name: row.try_get("name")?,
            scope: word("scope", row.try_get("scope")?, Scope::parse)?,
            server_id: row.try_get("server_id")?,
            created_by: row.try_get("created_by")?,
            created_at: Timestamp::from_unix_ms(row.try_get("created_at_ms")?),
            last_used_at: row.try_get::<Option<i64>, _>("last_used_at_ms")?.map(Timestamp::from_unix_ms),
        })
    }

    fn audit_entry(row: &Row) -> Result<AuditEntry, StoreError> {
        Ok(AuditEntry {
            id: row.try_get("id")?,
            timestamp: Timestamp::from_unix_ms(row.try_get("timestamp_ms")?),
            actor: row.try_get("actor")?,
            address: row.try_get("address")?,
            action: word("action", row.try_get("action")?, Action::parse)?,
            target: row.try_get("target")?,
        })
    }
}

impl Store {
    /// How many users there are.
    pub async fn user_count(&self) -> Result<i64, StoreError> {
        read!(self, sql::user_count())
    }

    /// All users, by name.
    pub async fn user_list(&self) -> Result<Vec<UserDetail>, StoreError> {
        read!(self, sql::user_list())
    }

    /// The user of this number.
    pub async fn user_detail(&self, id: i64) -> Result<Option<UserDetail>, StoreError> {
        read!(self, sql::user_detail_of(id))
    }

    /// The user of this name.
    pub async fn user_find(&self, name: &str) -> Result<Option<UserWithHash>, StoreError> {
        read!(self, sql::user_find(name))
    }

    /// Makes a user; `None` where there is one of this name.
    pub async fn user_add(
        &self,
        name: &str,
        role: Role,
        password_hash: &str,
        actor: &Actor,
        now: Timestamp,
    ) -> Result<Option<UserDetail>, StoreError> {
        in_transaction!(self, sql::user_add(name, role, password_hash, actor, now))
    }

    /// Changes a user: all of `patch`, or nothing. Where something is another way then, their sessions end, except
    /// `kept_session`; and their tokens, where they may not make any now.
    pub async fn user_change(
        &self,
        id: i64,
        patch: &UserPatch,
        kept_session: Option<&str>,
        actor: &Actor,
        now: Timestamp,
    ) -> Result<UserChange, StoreError> {
        let kept_session = kept_session.unwrap_or_default();
        in_transaction!(self, sql::user_change(id, patch, kept_session, actor, now))
    }

    /// Removes a user with their sessions and the API tokens they made, unless they are the last admin.
    pub async fn user_remove(&self, id: i64, actor: &Actor, now: Timestamp) -> Result<UserChange, StoreError> {
        in_transaction!(self, sql::user_remove(id, actor, now))
    }

    /// Begins a session; false where the password was changed since `user` was read, they may not log in, or `proof` is not
    /// enough.
    pub async fn session_begin(
        &self,
        user: &UserWithHash,
        session: &NewSession,
        proof: &Proof,
        actor: &Actor,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        in_transaction!(self, sql::session_begin(user, session, proof, actor, now))
    }

    /// A user's sessions, newest first; `current` is the hash of the one that asks.
    pub async fn session_list(
        &self,
        user_id: i64,
        current: &str,
        now: Timestamp,
    ) -> Result<Vec<SessionDetail>, StoreError> {
        read!(self, sql::session_list(user_id, current, now))
    }

    /// Ends one of a user's sessions, by the name that the list has; false where there is none.
    pub async fn session_end_by_id(
        &self,
        user_id: i64,
        id: &str,
        actor: &Actor,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        in_transaction!(self, sql::session_end_by_id(user_id, id, actor, now))
    }

    /// Whose session it is. `None` where it ended or never was.
    pub async fn session_user(&self, hash: &str, now: Timestamp) -> Result<Option<User>, StoreError> {
        read!(self, sql::session_user(hash, now))
    }

    /// Ends a session.
    pub async fn session_end(&self, hash: &str, actor: &Actor, now: Timestamp) -> Result<(), StoreError> {
        in_transaction!(self, sql::session_end(hash, actor, now))
    }

    /// Makes an API token; `None` where the server it is for does not exist.
    pub async fn token_add(
        &self,
        token: &NewApiToken,
        actor: &Actor,
        now: Timestamp,
    ) -> Result<Option<ApiToken>, StoreError> {
        in_transaction!(self, sql::token_add(token, actor, now))
    }

    /// All API tokens, oldest first.
    pub async fn token_list(&self) -> Result<Vec<ApiToken>, StoreError> {
        read!(self, sql::token_list())
    }

    /// The API token that is recognised by `hash`, noting that it is used. `None` where it was revoked or never was.
    pub async fn token_use(&self, hash: &str, now: Timestamp) -> Result<Option<ApiToken>, StoreError> {
        let found: Result<Option<ApiToken>, StoreError> = read!(self, sql::token_find(hash));
        let Some(token) = found? else { return Ok(None) };
        if token.last_used_at.is_none_or(|used| now.unix_ms() - used.unix_ms() >= LAST_USED_MS) {
            let noted: Result<(), StoreError> = in_transaction!(self, sql::token_used(token.id, now));
            // Whether it can be noted is nothing to whoever reads.
            if let Err(error) = noted {
                tracing::debug!(cause = %error, "when a token was used could not be noted");
            }
        }
        Ok(Some(token))
    }

    /// Whether there is a token of this number, which was not revoked then.
    pub async fn token_is_good(&self, id: i64) -> Result<bool, StoreError> {
        read!(self, sql::token_is_good(id))
    }

    /// Revokes an API token; false where there is none of this number.
    pub async fn token_revoke(&self, id: i64, actor: &Actor, now: Timestamp) -> Result<bool, StoreError> {
        in_transaction!(self, sql::token_revoke(id, actor, now))
    }

    /// Writes a line of the audit log that belongs to no change.
    pub async fn audit(&self, actor: &Actor, action: Action, target: &str, now: Timestamp) -> Result<(), StoreError> {
        in_transaction!(self, sql::audit(actor, action, target, now))
    }

    /// The newest `limit` lines of the audit log before the line `before`, newest first.
    pub async fn audit_list(&self, before: i64, limit: i64) -> Result<Vec<AuditEntry>, StoreError> {
        read!(self, sql::audit_list(before, limit))
    }
}

/// Under the name that the macros look for.
mod sql {
    pub use super::{postgres, sqlite};
}
