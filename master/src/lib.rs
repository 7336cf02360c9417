//! Neon's master: stores what the agents report, judges it, and shows it.
//!
//! `http → domain → store`, with `model` as plain records under all. The library is what the binary starts; tests
//! start it in-process with [`Master`].
#![forbid(unsafe_code)]

pub mod config;
mod connections;
pub mod domain;
pub mod http;
mod master;
pub mod model;
pub mod observe;
pub mod oidc;
pub mod store;
pub mod tls;
mod vital;

pub use master::{Master, StartError};
