//! What Neon's agent and master say to each other.
//!
//! The JSON contract of `docs/wire.md`, written once: [`metrics`] holds the fixed readings, [`readings`] those
//! that a peer may not know, [`api`] the requests and answers around them, [`time`] the one time stamp form, [`limits`] the capacities both sides obey. Nothing here
//! allocates or reads a clock. Types that hold text are generic over where that text lives, so that the agent fills
//! fixed buffers and the master owns its strings, while the names on the wire stand in one place.
#![no_std]
#![forbid(unsafe_code)]

pub mod api;
pub mod limits;
pub mod metrics;
pub mod readings;
pub mod time;
