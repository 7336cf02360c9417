//! Where readings come from: the only part of the agent that touches the kernel and the Docker Engine.
//!
//! A source fills a caller's buffer and hands it to a parser; it decides nothing about what the bytes mean.

pub mod docker;
pub mod filesystem;
pub mod host;
pub mod kernel;
pub mod links;
pub mod processes;
pub mod procfs;
pub mod runners;
pub mod sensors;
