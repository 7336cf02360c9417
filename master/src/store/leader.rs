//! Which of several masters on one database does what one of them alone has to do: finding silent servers, and keeping
//! the store small.
//!
//! A master leads while a connection of its own holds an advisory lock of PostgreSQL. The lock goes with that session, so
//! the death of a master frees it at once, and one that has only fallen silent (its machine is gone, its network is cut,
//! the process is stopped) loses it when the database ends the idle session. A leader asks every second whether it still
//! has its session and counts as leader for [`LEASE`] from when it asked; who gets the lock waits for [`PATIENCE`], which is
//! longer, before it begins. So as long as their clocks run at one speed no two lead at a time. What a leader has already
//! asked of the database may still be carried out a moment later; all of it is such that doing it twice does no harm.
//!
//! An SQLite file has one master, which leads always.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use nix::time::{ClockId, clock_gettime};
use sqlx::postgres::PgConnectOptions;
use sqlx::{Connection as _, PgConnection};
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};

use super::StoreError;
use crate::http::error_chain;

/// How often a leader makes sure that it is, and the others try to become it.
const ASK_EVERY: Duration = Duration::from_secs(1);
/// How long one answer of the database makes a leader.
const LEASE: Duration = Duration::from_secs(4);
/// How long who gets the lock waits: what the one before may still take itself for the leader, and some more.
const PATIENCE: Duration = Duration::from_secs(6);
/// How long an answer is waited for before the connection counts as lost.
const ANSWER_MAX: Duration = Duration::from_secs(10);

/// Frees the lock of a silent master: PostgreSQL 14 and later ends its session by itself, any version when its host does
/// not answer any more. The server's own stricter values are overridden too; they are for this one connection.
const PREPARE: &str = "SELECT set_config('tcp_keepalives_idle', '5', false), \
     set_config('tcp_keepalives_interval', '2', false), set_config('tcp_keepalives_count', '3', false), \
     set_config('tcp_user_timeout', '10000', false), \
     CASE WHEN current_setting('server_version_num')::INTEGER >= 140000 \
     THEN set_config('idle_session_timeout', '10000', false) END";
/// The number of the session that has got the lock; none where another has it. A pooler that changes sessions between
/// statements is found out by it.
const TRY: &str = "SELECT CASE WHEN pg_try_advisory_lock(hashtext('neon.leader')) THEN pg_backend_pid() END";
const ASK: &str = "SELECT pg_backend_pid()";

/// Whether this master leads.
#[derive(Debug)]
pub struct Leader {
    /// Until when, on [`now_ms`].
    until_ms: AtomicI64,
    /// Told whenever it leads.
    leads: Notify,
}

impl Leader {
    /// Of SQLite: leads from the start for ever.
    pub fn alone() -> Self {
        Self { until_ms: AtomicI64::new(i64::MAX), leads: Notify::new() }
    }

    /// Of PostgreSQL: does not lead before [`Self::stand`].
    pub fn one_of_many() -> Self {
        Self { until_ms: AtomicI64::new(i64::MIN), leads: Notify::new() }
    }

    /// Whether it leads now. Long work asks between its steps.
    pub fn is_leading(&self) -> bool {
        now_ms() < self.until_ms.load(Ordering::Acquire)
    }

    /// Returns while it leads, at once or later.
    pub async fn leading(&self) {
        loop {
            let leads = self.leads.notified();
            if self.is_leading() {
                return;
            }
            leads.await;
        }
    }

    /// Tries to lead, for ever.
    pub async fn stand(self: Arc<Self>, options: PgConnectOptions) {
        let options = options.application_name("neon-master leader");
        let mut said = false;
        loop {
            let Err(error) = self.session(&options, &mut said).await;
            if self.until_ms.swap(i64::MIN, Ordering::AcqRel) != i64::MIN {
                tracing::warn!(cause = error_chain(&error), "this master does not lead any more");
            } else if !std::mem::replace(&mut said, true) {
                tracing::warn!(cause = error_chain(&error), "cannot ask the database which master leads");
            }
            sleep(ASK_EVERY).await;
        }
    }

    /// Tries to lead as long as one connection lasts.
    async fn session(
        &self,
        options: &PgConnectOptions,
        said: &mut bool,
    ) -> Result<std::convert::Infallible, StoreError> {
        let mut connection = within(PgConnection::connect_with(options)).await?;
        within(sqlx::query(PREPARE).execute(&mut connection)).await?;
        *said = false;
        let session = loop {
            let (session,): (Option<i32>,) = within(sqlx::query_as(TRY).fetch_one(&mut connection)).await?;
            match session {
                Some(session) => break session,
                None => sleep(ASK_EVERY).await,
            }
        };
        let begins_ms = now_ms().saturating_add(ms(PATIENCE));
        let mut leads = false;
        loop {
            let asked_ms = now_ms();
            let (now,): (i32,) = within(sqlx::query_as(ASK).fetch_one(&mut connection)).await?;
            if now != session {
                return Err(StoreError::OtherSession);
            }
            if asked_ms >= begins_ms {
                self.until_ms.store(asked_ms.saturating_add(ms(LEASE)), Ordering::Release);
                self.leads.notify_waiters();
                if !std::mem::replace(&mut leads, true) {
                    tracing::info!("this master leads");
                }
            }
            sleep(ASK_EVERY).await;
        }
    }
}

async fn within<T>(answer: impl Future<Output = Result<T, sqlx::Error>>) -> Result<T, StoreError> {
    timeout(ANSWER_MAX, answer).await.map_err(|_| StoreError::Busy)?.map_err(StoreError::from)
}

/// Milliseconds since boot, with the time that the machine was suspended: a lease runs out in that time too.
fn now_ms() -> i64 {
    // There on every Linux since 2.6.39; without it nobody could be said to lead.
    clock_gettime(ClockId::CLOCK_BOOTTIME).map_or(i64::MAX, |now| Duration::from(now).as_millis() as i64)
}

const fn ms(duration: Duration) -> i64 {
    duration.as_millis() as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_ends_before_the_next_leader_begins_and_both_well_within_thirty_seconds() {
        // The database ends a silent session after ten seconds, and the next one tries within one more.
        let failover = Duration::from_secs(10) + ASK_EVERY + PATIENCE + ASK_EVERY;
        assert!(LEASE + ASK_EVERY < PATIENCE && failover < Duration::from_secs(25));
    }

    #[test]
    fn one_of_many_does_not_lead_unasked_and_a_lease_runs_out() {
        let leader = Leader::one_of_many();
        assert!(!leader.is_leading());
        leader.until_ms.store(now_ms() + 60_000, Ordering::Release);
        assert!(leader.is_leading());
        leader.until_ms.store(now_ms(), Ordering::Release);
        assert!(!leader.is_leading());
        assert!(Leader::alone().is_leading());
    }
}
