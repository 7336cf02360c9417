//! What the tests stand on.

pub mod client;
pub mod database;
pub mod fixtures;
pub mod host;
pub mod master;
pub mod people;
pub mod provider;
pub mod proxy;

use std::time::{Duration, Instant};

pub use client::Client;
pub use database::{Database, Engine};
pub use master::Master;

/// How long a test waits for a state before it fails. Generous: it only costs time where something is broken.
pub const DEADLINE: Duration = Duration::from_secs(60);

/// Calls `probe` until it returns something; fails after [`DEADLINE`], naming `what` was waited for.
pub fn wait_for<T>(what: &str, mut probe: impl FnMut() -> Option<T>) -> T {
    let give_up = Instant::now() + DEADLINE;
    loop {
        if let Some(found) = probe() {
            return found;
        }
        assert!(Instant::now() < give_up, "waited {DEADLINE:?} for {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Makes one test per engine of each function that takes an [`Engine`].
macro_rules! on_both_engines {
    ($($test:ident)+) => {
        mod sqlite {
            $(#[test] fn $test() { super::$test($crate::common::Engine::Sqlite) })+
        }
        mod postgres {
            $(#[test] fn $test() { super::$test($crate::common::Engine::Postgres) })+
        }
    };
}
pub(crate) use on_both_engines;
