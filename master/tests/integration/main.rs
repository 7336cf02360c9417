//! The master from outside: the real binary on a loopback port, with a real SQLite file and a real PostgreSQL server.
//!
//! One binary for all, so that they share one PostgreSQL. It is `TEST_DATABASE_URL` where that is set (a user that may
//! create databases), else a private cluster made with the `initdb` found on this machine; without either the tests
//! fail.

mod access;
mod backup;
mod common;
mod config;
mod dashboard;
mod disk;
mod distribute;
mod enrolment;
mod events;
mod floods;
mod forget;
mod history;
mod history_speed;
mod hostile;
mod large_bodies;
mod lifecycle;
mod listing;
mod login;
mod masters;
mod oidc;
mod organise;
mod readiness;
mod reading;
mod retention;
mod rollups;
mod second_factor;
mod secrets;
mod store;
mod store_size;
mod tls;
mod transfer;
mod users;
mod wire_contract;
