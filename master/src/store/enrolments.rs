//! Enrolment codes, and the credentials of one server each that they are exchanged for. A code is known by its hash alone.

use neon_shared::api::HostFingerprint;
use neon_shared::time::Timestamp;
use sqlx::Row as _;

use super::{Engine, Store, StoreError, for_both_engines, in_transaction, read, word};
use crate::domain::admission::{self, Denial, Holder, KnownCode};
use crate::model::{Action, Actor, Claim, CredentialKind, EnrolmentCode, NewEnrolment, Proof, ServerStatus};

/// How long a code that is used or expired stays in the list, in milliseconds: 30 days. The audit log has it for ever.
const LISTED_MS: i64 = 30 * 86_400_000;

/// What is known of the server of a name, locked until the transaction ends where `rest` says so.
macro_rules! select_holder {
    ($rest:literal) => {
        concat!(
            "SELECT s.id, s.status, s.generation, s.credential, s.credential_hash, s.host_machine, s.host_engine, \
             s.rival_hostname, s.rival_address, s.rival_first_ms, s.rival_last_ms, h.last_seen_at_ms \
             FROM servers s LEFT JOIN server_heard h ON h.server_id = s.id WHERE s.name = $1",
            $rest
        )
    };
}
pub(super) use select_holder;

/// What is known of a code, locked likewise.
macro_rules! select_code {
    ($rest:literal) => {
        concat!("SELECT * FROM enrolments WHERE hash = $1", $rest)
    };
}
pub(super) use select_code;

const HOLDER: &str = select_holder!("");
const CODE: &str = select_code!("");

/// The server that has a name.
#[derive(Debug)]
pub struct HolderRow {
    pub server_id: i64,
    pub generation: i64,
    pub holder: Holder,
    /// Host name and address of the host that was refused last, when first and when last.
    pub rival: Option<(String, String, i64, i64)>,
}

for_both_engines! {
    pub async fn add(
        connection: &mut Connection,
        new: &NewEnrolment,
        actor: &Actor,
        now: Timestamp,
    ) -> Result<EnrolmentCode, StoreError> {
        sqlx::query("DELETE FROM enrolments WHERE expires_at_ms < $1")
            .bind(now.unix_ms().saturating_sub(LISTED_MS))
            .execute(&mut *connection)
            .await?;
        let row: Row = sqlx::query(
            "INSERT INTO enrolments (hash, server_name, group_name, created_by, created_at_ms, expires_at_ms) \
             VALUES ($1, $2, $3, $4, $5, $6) RETURNING *",
        )
        .bind(&new.hash)
        .bind(&new.server_name)
        .bind(&new.group)
        .bind(&actor.name)
        .bind(now.unix_ms())
        .bind(new.expires_at.unix_ms())
        .fetch_one(&mut *connection)
        .await?;
        let made = enrolment(&row)?;
        let target = format!("{} {}", made.id, whom(&made));
        access_of_engine::audit(connection, actor, Action::EnrolmentCreated, &target, now).await?;
        Ok(made)
    }

    /// `None` where there is no such server.
    pub async fn add_for_server(
        connection: &mut Connection,
        server_id: i64,
        new: &NewEnrolment,
        actor: &Actor,
        now: Timestamp,
    ) -> Result<Option<EnrolmentCode>, StoreError> {
        let Some(name) = servers_of_engine::name(connection, server_id).await? else { return Ok(None) };
        let new = NewEnrolment { server_name: Some(name), ..new.clone() };
        add(connection, &new, actor, now).await.map(Some)
    }

    pub async fn list(connection: &mut Connection) -> Result<Vec<EnrolmentCode>, StoreError> {
        let rows = sqlx::query("SELECT * FROM enrolments ORDER BY id").fetch_all(connection).await?;
        rows.iter().map(enrolment).collect()
    }

    pub async fn revoke(
        connection: &mut Connection,
        id: i64,
        actor: &Actor,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let row: Option<Row> =
            sqlx::query("DELETE FROM enrolments WHERE id = $1 RETURNING *").bind(id).fetch_optional(&mut *connection).await?;
        let Some(row) = row else { return Ok(false) };
        let target = format!("{id} {}", whom(&enrolment(&row)?));
        access_of_engine::audit(connection, actor, Action::EnrolmentRevoked, &target, now).await?;
        Ok(true)
    }

    /// Ends what a server's credential and the tokens of it are good for; its new generation, or `None` where there is no
    /// such server.
    pub async fn credential_revoke(
        connection: &mut Connection,
        server_id: i64,
        actor: &Actor,
        now: Timestamp,
    ) -> Result<Option<i64>, StoreError> {
        let row: Option<Row> = sqlx::query(
            "UPDATE servers SET credential = 'revoked', credential_hash = NULL, credential_at_ms = $2, \
             generation = generation + 1 WHERE id = $1 RETURNING name, generation",
        )
        .bind(server_id)
        .bind(now.unix_ms())
        .fetch_optional(&mut *connection)
        .await?;
        let Some(row) = row else { return Ok(None) };
        let name: String = row.try_get("name")?;
        let target = format!("{server_id} {name}");
        access_of_engine::audit(connection, actor, Action::CredentialRevoked, &target, now).await?;
        Ok(Some(row.try_get("generation")?))
    }

    /// The server of the name and the code that a registration shows, locked until the transaction ends: of two that use one
    /// code, or come for one name, the second sees what the first did.
    pub async fn lock(
        connection: &mut Connection,
        name: &str,
        proof: &Proof,
    ) -> Result<(Option<HolderRow>, Option<KnownCode>), StoreError> {
        look(connection, name, proof, of_engine::LOCK_HOLDER, of_engine::LOCK_CODE).await
    }

    async fn look(
        connection: &mut Connection,
        name: &str,
        proof: &Proof,
        holder_sql: &'static str,
        code_sql: &'static str,
    ) -> Result<(Option<HolderRow>, Option<KnownCode>), StoreError> {
        let code: Option<Row> = match proof {
            Proof::Code { hash, .. } => sqlx::query(code_sql).bind(hash).fetch_optional(&mut *connection).await?,
            _ => None,
        };
        let holder: Option<Row> = sqlx::query(holder_sql).bind(name).fetch_optional(&mut *connection).await?;
        Ok((holder.as_ref().map(holder_row).transpose()?, code.as_ref().map(known_code).transpose()?))
    }

    /// Whether a registration would be let in, as far as is known without the facts.
    pub async fn judge(
        connection: &mut Connection,
        name: &str,
        claim: &Claim,
        now: Timestamp,
    ) -> Result<Result<(), Denial>, StoreError> {
        let (holder, code) = look(connection, name, &claim.proof, HOLDER, CODE).await?;
        let holder = holder.map(|row| row.holder);
        Ok(match admission::admit(name, claim, holder.as_ref(), code.as_ref(), now) {
            // Who only asks has made none yet.
            Ok(_) | Err(Denial::NoCredential) => Ok(()),
            Err(denial) => Err(denial),
        })
    }

    /// Whether what is shown was ever given out here.
    pub async fn is_known(connection: &mut Connection, proof: &Proof) -> Result<bool, StoreError> {
        let (sql, hash) = match proof {
            Proof::Fleet => return Ok(true),
            Proof::Credential(hash) => ("SELECT COUNT(*) FROM servers WHERE credential_hash = $1", hash),
            Proof::Code { hash, .. } => ("SELECT COUNT(*) FROM enrolments WHERE hash = $1", hash),
        };
        let found: i64 = sqlx::query_scalar(sql).bind(hash).fetch_one(connection).await?;
        Ok(found > 0)
    }

    /// Notes that the code was exchanged, and puts the server into its group. It is locked, and was not used before.
    pub async fn used(
        connection: &mut Connection,
        code: &EnrolmentCode,
        server_id: i64,
        name: &str,
        credential_hash: &str,
        address: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        sqlx::query("UPDATE enrolments SET used_at_ms = $2, server_id = $3, credential_hash = $4 WHERE id = $1")
            .bind(code.id)
            .bind(now.unix_ms())
            .bind(server_id)
            .bind(credential_hash)
            .execute(&mut *connection)
            .await?;
        if let Some(group) = &code.group {
            sqlx::query("UPDATE servers SET group_name = $2, edited_at_ms = $3 WHERE id = $1")
                .bind(server_id)
                .bind(group)
                .bind(now.unix_ms())
                .execute(&mut *connection)
                .await?;
        }
        let target = format!("{} by server {server_id} {name}{}", code.id, into_group(code));
        let agent = Actor::agent(address.to_owned());
        access_of_engine::audit(connection, &agent, Action::EnrolmentUsed, &target, now).await
    }

    fn enrolment(row: &Row) -> Result<EnrolmentCode, StoreError> {
        Ok(EnrolmentCode {
            id: row.try_get("id")?,
            server_name: row.try_get("server_name")?,
            group: row.try_get("group_name")?,
            created_by: row.try_get("created_by")?,
            created_at: Timestamp::from_unix_ms(row.try_get("created_at_ms")?),
            expires_at: Timestamp::from_unix_ms(row.try_get("expires_at_ms")?),
            used_at: row.try_get::<Option<i64>, _>("used_at_ms")?.map(Timestamp::from_unix_ms),
            server_id: row.try_get("server_id")?,
        })
    }

    fn known_code(row: &Row) -> Result<KnownCode, StoreError> {
        Ok(KnownCode { enrolment: enrolment(row)?, credential_hash: row.try_get("credential_hash")? })
    }

    fn holder_row(row: &Row) -> Result<HolderRow, StoreError> {
        let rival: (Option<String>, Option<String>, Option<i64>, Option<i64>) = (
            row.try_get("rival_hostname")?,
            row.try_get("rival_address")?,
            row.try_get("rival_first_ms")?,
            row.try_get("rival_last_ms")?,
        );
        let rival = match rival {
            (Some(hostname), Some(address), Some(first_ms), Some(last_ms)) => Some((hostname, address, first_ms, last_ms)),
            _ => None,
        };
        let last_seen_at_ms: Option<i64> = row.try_get("last_seen_at_ms")?;
        let holder = Holder {
            status: word("status", row.try_get("status")?, ServerStatus::parse)?,
            last_seen_at: Timestamp::from_unix_ms(last_seen_at_ms.unwrap_or_default()),
            credential: word("credential", row.try_get("credential")?, CredentialKind::parse)?,
            credential_hash: row.try_get("credential_hash")?,
            host: HostFingerprint { machine: row.try_get("host_machine")?, engine: row.try_get("host_engine")? },
        };
        Ok(HolderRow { server_id: row.try_get("id")?, generation: row.try_get("generation")?, holder, rival })
    }
}

/// Whom a code is for, in the audit log's words.
fn whom(enrolment: &EnrolmentCode) -> String {
    let server = enrolment.server_name.as_ref().map_or("any new server".to_owned(), |name| format!("server {name}"));
    server + &into_group(enrolment)
}

fn into_group(enrolment: &EnrolmentCode) -> String {
    enrolment.group.as_ref().map_or(String::new(), |group| format!(", for group {group}"))
}

impl Store {
    /// Makes an enrolment code.
    pub async fn enrolment_add(
        &self,
        new: &NewEnrolment,
        actor: &Actor,
        now: Timestamp,
    ) -> Result<EnrolmentCode, StoreError> {
        in_transaction!(self, sql::add(new, actor, now))
    }

    /// Makes an enrolment code for a server that there is; `None` where there is none of this number.
    pub async fn enrolment_add_for_server(
        &self,
        server_id: i64,
        new: &NewEnrolment,
        actor: &Actor,
        now: Timestamp,
    ) -> Result<Option<EnrolmentCode>, StoreError> {
        in_transaction!(self, sql::add_for_server(server_id, new, actor, now))
    }

    /// Enrolment codes, oldest first: those that are good, and those that were within the last 30 days.
    pub async fn enrolment_list(&self) -> Result<Vec<EnrolmentCode>, StoreError> {
        read!(self, sql::list())
    }

    /// Revokes an enrolment code, or forgets one that was used; false where there is none of this number.
    pub async fn enrolment_revoke(&self, id: i64, actor: &Actor, now: Timestamp) -> Result<bool, StoreError> {
        in_transaction!(self, sql::revoke(id, actor, now))
    }

    /// Revokes what a server registers with, and its tokens: here at once, at other masters on the database within
    /// some minutes ([`Self::look_again`]). False where there is no such server.
    pub async fn credential_revoke(&self, server_id: i64, actor: &Actor, now: Timestamp) -> Result<bool, StoreError> {
        let generation: Result<Option<i64>, StoreError> =
            in_transaction!(self, sql::credential_revoke(server_id, actor, now));
        let Some(generation) = generation? else { return Ok(false) };
        self.heard.regenerate(server_id, generation);
        Ok(true)
    }

    /// Whether what a registration shows was ever given out here; true for the fleet's secret, which is not kept.
    pub async fn proof_is_known(&self, proof: &Proof) -> Result<bool, StoreError> {
        if *proof == Proof::Fleet {
            return Ok(true);
        }
        read!(self, sql::is_known(proof))
    }

    /// Whether a registration under this name would be let in. Changes nothing.
    pub async fn claim_judge(
        &self,
        name: &str,
        claim: &Claim,
        now: Timestamp,
    ) -> Result<Result<(), Denial>, StoreError> {
        read!(self, sql::judge(name, claim, now))
    }
}

/// Under the name that the macros look for.
mod sql {
    pub use super::{postgres, sqlite};
}
