//! Which version of the schema a database has, before anything is done with it.

use sqlx::migrate::Migrator;

use super::StoreError;

/// What a database's schema is to this master.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Schema {
    /// This master's own.
    Current,
    /// An older one, which a master brings up to date when it starts.
    Older(i64),
    /// One that this master does not know.
    Newer(i64),
    /// A migration was begun and not finished, or is not the one of this number.
    Broken(i64),
}

/// A migration that was applied: its number, whether it was finished, and the checksum of its text.
pub type Applied = (i64, bool, Vec<u8>);

/// Lists the migrations that were applied, oldest first; fails where there is no such table.
pub const APPLIED: &str = "SELECT version, success, checksum FROM _sqlx_migrations ORDER BY version";

/// The number of the newest migration that this master knows.
pub fn newest(known: &Migrator) -> i64 {
    known.iter().map(|migration| migration.version).max().unwrap_or_default()
}

/// Compares what was applied to a database with what this master knows.
pub fn compare(known: &Migrator, applied: &[Applied]) -> Schema {
    let newest = newest(known);
    // First of all: a newer master may have rewritten whatever came before.
    match applied.last() {
        Some((version, ..)) if *version > newest => return Schema::Newer(*version),
        None => return Schema::Older(0),
        Some(_) => {}
    }
    let is_known = |(version, success, checksum): &&Applied| {
        let of_ours = known.iter().find(|migration| migration.version == *version);
        *success && of_ours.is_some_and(|migration| *migration.checksum == **checksum)
    };
    match (applied.iter().find(|row| !is_known(row)), applied.last()) {
        (Some((version, ..)), _) => Schema::Broken(*version),
        (None, Some((version, ..))) if *version < newest => Schema::Older(*version),
        _ => Schema::Current,
    }
}

/// What was applied to the SQLite database, `None` where it is not one of Neon's.
pub async fn of_sqlite(connection: &mut sqlx::SqliteConnection) -> Result<Option<Vec<Applied>>, StoreError> {
    let sql = "SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name IN ('_sqlx_migrations', 'servers')";
    let tables: i64 = sqlx::query_scalar(sql).fetch_one(&mut *connection).await?;
    if tables < 2 {
        return Ok(None);
    }
    Ok(Some(sqlx::query_as(APPLIED).fetch_all(connection).await?))
}

/// What was applied to the PostgreSQL database, `None` where it has no tables of Neon.
pub async fn of_postgres(connection: &mut sqlx::PgConnection) -> Result<Option<Vec<Applied>>, StoreError> {
    let sql = "SELECT to_regclass('_sqlx_migrations') IS NOT NULL";
    let is_there: bool = sqlx::query_scalar(sql).fetch_one(&mut *connection).await?;
    if !is_there {
        return Ok(None);
    }
    Ok(Some(sqlx::query_as(APPLIED).fetch_all(connection).await?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::sqlite::MIGRATIONS;

    #[test]
    fn a_schema_is_told_from_what_was_applied() {
        let all: Vec<Applied> = MIGRATIONS.iter().map(|m| (m.version, true, m.checksum.to_vec())).collect();
        let newest = newest(&MIGRATIONS);
        assert_eq!(compare(&MIGRATIONS, &all), Schema::Current);
        assert_eq!(compare(&MIGRATIONS, &all[..1]), Schema::Older(1));
        assert_eq!(compare(&MIGRATIONS, &[]), Schema::Older(0));
        let with = |row: Applied| [&all[..all.len() - 1], &[row]].concat();
        assert_eq!(compare(&MIGRATIONS, &with((newest, false, all[all.len() - 1].2.clone()))), Schema::Broken(newest));
        assert_eq!(compare(&MIGRATIONS, &with((newest, true, vec![1]))), Schema::Broken(newest));
        assert_eq!(compare(&MIGRATIONS, &with((newest + 1, true, vec![1]))), Schema::Newer(newest + 1));
    }
}
