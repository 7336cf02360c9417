//! How to open PostgreSQL.

use std::str::FromStr;
use std::time::Duration;

use sqlx::PgPool;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

use super::StoreError;

const CONNECTIONS: u32 = 10;
/// How long a request waits for a connection before it is told to come back later.
const WAIT: Duration = Duration::from_secs(5);

pub async fn open(url: &str) -> Result<PgPool, StoreError> {
    let options = PgConnectOptions::from_str(url)?.application_name("neon-master");
    let pool = PgPoolOptions::new().max_connections(CONNECTIONS).acquire_timeout(WAIT).connect_with(options).await?;
    sqlx::migrate!("migrations/postgres").run(&pool).await?;
    Ok(pool)
}

/// The part of `url` that may be printed.
pub fn describe(url: &str) -> String {
    match PgConnectOptions::from_str(url) {
        Ok(options) => format!(
            "PostgreSQL {} at {}:{}",
            options.get_database().unwrap_or("(default database)"),
            options.get_host(),
            options.get_port()
        ),
        Err(_) => "PostgreSQL (unreadable address)".to_owned(),
    }
}
