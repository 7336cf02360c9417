//! What the targets share: plain readings to compare with, values of any type, and the master's intake and packing, compiled alone.
//!
//! The whole master brings its HTTP and database stack, which takes minutes to build with the fuzzer's instrumentation
//! and would drown what is fuzzed. Reading a body needs none of it: `intake` knows serde and the shared types, and one
//! alias of the master's model. A crate of its own for three modules would divide the master for this alone.

pub mod dice;
pub mod plain;

#[path = "../../master/src/domain/intake/mod.rs"]
pub mod intake;

#[path = "../../master/src/store/packed.rs"]
pub mod packed;

/// The part of the master's model that `intake` names.
pub mod model {
    pub use crate::sample::{Readings, Sample};
}

#[path = "../../master/src/model/sample.rs"]
mod sample;
