//! Second factors of users, and their recovery codes. What a code is compared with is sealed; this module never sees it.

use neon_shared::time::Timestamp;
use sqlx::Row as _;

use super::{Engine, Store, StoreError, for_both_engines, in_transaction, read};
use crate::model::{Action, Actor};

/// A second factor as it is stored.
#[derive(Clone, Debug)]
pub struct StoredFactor {
    /// What its codes are made of, sealed.
    pub sealed: String,
    /// When a code showed that its owner has it; `None` before that.
    pub confirmed_at: Option<Timestamp>,
    /// The newest half minute whose code was taken.
    pub last_step: i64,
    /// Recovery codes that were not used yet.
    pub recovery_codes_left: i64,
}

/// What turns a second factor on.
#[derive(Clone, Copy, Debug)]
pub struct Confirmation<'a> {
    /// The one whose code was good.
    pub sealed: &'a str,
    /// The half minute of that code.
    pub step: i64,
    /// What its recovery codes are recognised by.
    pub code_hashes: &'a [String],
    /// The session that goes on.
    pub kept_session: &'a str,
}

/// What is shown at a login beside the password.
#[derive(Clone, Debug)]
pub enum Proof {
    /// Nothing, which is enough for whoever has no second factor.
    Nothing,
    /// The code of this half minute since 1970.
    Code(i64),
    /// A recovery code, by its hash.
    RecoveryCode(String),
    /// What the provider says, which asks for factors of its own.
    Provider,
}

for_both_engines! {
    pub async fn factor_find(connection: &mut Connection, user_id: i64) -> Result<Option<StoredFactor>, StoreError> {
        let row: Option<Row> = sqlx::query(
            "SELECT f.*, (SELECT COUNT(*) FROM recovery_codes c WHERE c.user_id = f.user_id) AS left_count \
             FROM second_factors f WHERE f.user_id = $1",
        )
        .bind(user_id)
        .fetch_optional(connection)
        .await?;
        let Some(row) = row else { return Ok(None) };
        Ok(Some(StoredFactor {
            sealed: row.try_get("sealed")?,
            confirmed_at: row.try_get::<Option<i64>, _>("confirmed_at_ms")?.map(Timestamp::from_unix_ms),
            last_step: row.try_get("last_step")?,
            recovery_codes_left: row.try_get("left_count")?,
        }))
    }

    pub async fn factor_begin(connection: &mut Connection, user_id: i64, sealed: &str) -> Result<bool, StoreError> {
        let done = sqlx::query(
            "INSERT INTO second_factors (user_id, sealed) VALUES ($1, $2) \
             ON CONFLICT (user_id) DO UPDATE SET sealed = excluded.sealed, last_step = 0 \
             WHERE second_factors.confirmed_at_ms IS NULL",
        )
        .bind(user_id)
        .bind(sealed)
        .execute(connection)
        .await?;
        Ok(done.rows_affected() > 0)
    }

    pub async fn factor_confirm(
        connection: &mut Connection,
        user_id: i64,
        confirmation: &Confirmation<'_>,
        actor: &Actor,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let Confirmation { sealed, step, code_hashes, kept_session } = *confirmation;
        let done = sqlx::query(
            "UPDATE second_factors SET confirmed_at_ms = $3, last_step = $4 \
             WHERE user_id = $1 AND sealed = $2 AND confirmed_at_ms IS NULL",
        )
        .bind(user_id)
        .bind(sealed)
        .bind(now.unix_ms())
        .bind(step)
        .execute(&mut *connection)
        .await?;
        if done.rows_affected() == 0 {
            return Ok(false);
        }
        codes_replace(connection, user_id, code_hashes).await?;
        // Those were begun with a password alone.
        sqlx::query("DELETE FROM sessions WHERE user_id = $1 AND hash <> $2")
            .bind(user_id)
            .bind(kept_session)
            .execute(&mut *connection)
            .await?;
        access_of_engine::audit(connection, actor, Action::SecondFactorOn, &actor.name, now).await?;
        Ok(true)
    }

    pub async fn factor_remove(
        connection: &mut Connection,
        user_id: i64,
        actor: &Actor,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let row: Option<Row> = sqlx::query(
            "DELETE FROM second_factors WHERE user_id = $1 \
             RETURNING confirmed_at_ms, (SELECT name FROM users WHERE id = user_id) AS user_name",
        )
        .bind(user_id)
        .fetch_optional(&mut *connection)
        .await?;
        codes_replace(connection, user_id, &[]).await?;
        let Some(row) = row else { return Ok(false) };
        let is_confirmed = row.try_get::<Option<i64>, _>("confirmed_at_ms")?.is_some();
        if is_confirmed {
            let name: String = row.try_get("user_name")?;
            access_of_engine::audit(connection, actor, Action::SecondFactorOff, &name, now).await?;
        }
        Ok(is_confirmed)
    }

    pub async fn recovery_codes_replace(
        connection: &mut Connection,
        user_id: i64,
        code_hashes: &[String],
        actor: &Actor,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        if !is_factor_on(connection, user_id).await? {
            return Ok(false);
        }
        codes_replace(connection, user_id, code_hashes).await?;
        access_of_engine::audit(connection, actor, Action::RecoveryCodesMade, &actor.name, now).await?;
        Ok(true)
    }

    async fn codes_replace(connection: &mut Connection, user_id: i64, hashes: &[String]) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM recovery_codes WHERE user_id = $1").bind(user_id).execute(&mut *connection).await?;
        for hash in hashes {
            sqlx::query("INSERT INTO recovery_codes (user_id, hash) VALUES ($1, $2)")
                .bind(user_id)
                .bind(hash)
                .execute(&mut *connection)
                .await?;
        }
        Ok(())
    }

    async fn is_factor_on(connection: &mut Connection, user_id: i64) -> Result<bool, StoreError> {
        let on: i64 = sqlx::query_scalar(
            "SELECT COUNT(*) FROM second_factors WHERE user_id = $1 AND confirmed_at_ms IS NOT NULL",
        )
        .bind(user_id)
        .fetch_one(connection)
        .await?;
        Ok(on > 0)
    }

    /// Whether `proof` is enough, as things are now. It is used up.
    pub async fn prove(
        connection: &mut Connection,
        user_id: i64,
        proof: &Proof,
        actor: &Actor,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let (step, hash) = match proof {
            Proof::Provider => return Ok(true),
            Proof::Nothing => return Ok(!is_factor_on(connection, user_id).await?),
            Proof::Code(step) => (*step, None),
            Proof::RecoveryCode(hash) => (0, Some(hash)),
        };
        let Some(hash) = hash else {
            let done = sqlx::query(
                "UPDATE second_factors SET last_step = $2 \
                 WHERE user_id = $1 AND confirmed_at_ms IS NOT NULL AND last_step < $2",
            )
            .bind(user_id)
            .bind(step)
            .execute(connection)
            .await?;
            return Ok(done.rows_affected() > 0);
        };
        let done = sqlx::query("DELETE FROM recovery_codes WHERE user_id = $1 AND hash = $2")
            .bind(user_id)
            .bind(hash)
            .execute(&mut *connection)
            .await?;
        if done.rows_affected() == 0 {
            return Ok(false);
        }
        access_of_engine::audit(connection, actor, Action::RecoveryCodeUsed, &actor.name, now).await?;
        Ok(true)
    }

    pub async fn factor_list(connection: &mut Connection) -> Result<Vec<(i64, String)>, StoreError> {
        Ok(sqlx::query_as("SELECT user_id, sealed FROM second_factors").fetch_all(connection).await?)
    }

    pub async fn factor_reseal(
        connection: &mut Connection,
        user_id: i64,
        before: &str,
        sealed: &str,
    ) -> Result<(), StoreError> {
        sqlx::query("UPDATE second_factors SET sealed = $3 WHERE user_id = $1 AND sealed = $2")
            .bind(user_id)
            .bind(before)
            .bind(sealed)
            .execute(connection)
            .await?;
        Ok(())
    }
}

impl Store {
    /// A user's second factor, confirmed or not.
    pub async fn factor_find(&self, user_id: i64) -> Result<Option<StoredFactor>, StoreError> {
        read!(self, sql::factor_find(user_id))
    }

    /// Keeps what a user's codes are to be made of, until they confirm it; false where they have one that is confirmed.
    pub async fn factor_begin(&self, user_id: i64, sealed: &str) -> Result<bool, StoreError> {
        in_transaction!(self, sql::factor_begin(user_id, sealed))
    }

    /// Turns a second factor on, and ends the user's sessions but the one that did it; false where it is not the one that
    /// waits for it any more.
    pub async fn factor_confirm(
        &self,
        user_id: i64,
        confirmation: &Confirmation<'_>,
        actor: &Actor,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        in_transaction!(self, sql::factor_confirm(user_id, confirmation, actor, now))
    }

    /// Takes a user's second factor away, with its recovery codes; false where none was on.
    pub async fn factor_remove(&self, user_id: i64, actor: &Actor, now: Timestamp) -> Result<bool, StoreError> {
        in_transaction!(self, sql::factor_remove(user_id, actor, now))
    }

    /// Puts new recovery codes in the place of those before; false where no second factor is on.
    pub async fn recovery_codes_replace(
        &self,
        user_id: i64,
        code_hashes: &[String],
        actor: &Actor,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        in_transaction!(self, sql::recovery_codes_replace(user_id, code_hashes, actor, now))
    }

    /// What the codes of each user are made of, sealed.
    pub async fn factor_list(&self) -> Result<Vec<(i64, String)>, StoreError> {
        read!(self, sql::factor_list())
    }

    /// Puts what is sealed anew in the place of what was.
    pub async fn factor_reseal(&self, user_id: i64, before: &str, sealed: &str) -> Result<(), StoreError> {
        in_transaction!(self, sql::factor_reseal(user_id, before, sealed))
    }
}

/// Under the name that the macros look for.
mod sql {
    pub use super::{postgres, sqlite};
}
