//! The parts of Neon's agent that touch neither kernel nor network.
//!
//! Bytes go in and readings come out ([`parse`], [`sample`]), readings wait in a [`ring`] and leave as the bytes of
//! a request body ([`wire`]). Every buffer is the caller's or has a fixed capacity: the crate is `no_std` without
//! `alloc`, so the compiler is the proof that a collection cannot allocate. Time is an argument, never read here.
#![no_std]
#![forbid(unsafe_code)]

pub mod buffer_file;
pub mod clock;
pub mod parse;
pub mod ring;
pub mod sample;
pub mod text;
pub mod wire;
