//! What the master concludes: pure functions over plain records.
//!
//! No I/O and no clock; the time is an argument. Random numbers are `password`'s alone, on which `totp` and `seal` stand. May depend on `model` and on `neon_shared`.

pub mod activity;
pub mod admission;
pub mod changes;
pub mod fields;
pub mod history;
pub mod intake;
pub mod listing;
pub mod organise;
pub mod password;
pub mod rollup;
pub mod seal;
pub mod series;
pub mod services;
pub mod status;
pub mod totp;
