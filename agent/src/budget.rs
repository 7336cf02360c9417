//! The memory budget: every static buffer, how large it is, what for, and what happens past it.
//!
//! All of them lie in bss, where a page is only resident once it has been written to. Each capacity stands where its
//! buffer's type is; this table is where they meet, and `neon-agent --budget` prints it.

use std::mem::size_of;

use neon_agent_core::ring::SLOT_BYTES;
use neon_agent_core::sample::host::HostLists;
use neon_shared::limits::{REQUEST_BODY_MAX_BYTES, RING_CAPACITY_SAMPLES};

use crate::outbox::{RING_BYTES, Waiting};
use crate::scheduler::{SAMPLE_BYTES, SampleBuffer};
use crate::source::docker::{self, DockerBuffers};
use crate::source::kernel::{KERNEL_FILE_BYTES, KernelBuffers};
use crate::source::runners::Desks;
use crate::transport::{ANSWER_BYTES, REGISTRATION_BYTES, SenderBuffers};

/// One row of the table.
struct Buffer {
    name: &'static str,
    bytes: usize,
    purpose: &'static str,
    past: &'static str,
}

const fn buffer(name: &'static str, bytes: usize, purpose: &'static str, past: &'static str) -> Buffer {
    Buffer { name, bytes, purpose, past }
}

const BUFFERS: [Buffer; 15] = [
    buffer("kernel file", KERNEL_FILE_BYTES, "one file of /proc at a time", "what is beyond is not seen"),
    buffer(
        "host readings",
        size_of::<HostLists>(),
        "a sample's lists, the counters before it",
        "lists say what they left out",
    ),
    buffer("runners", size_of::<Desks>(), "8 paths that may hang, being asked", "it is not asked and counted"),
    buffer("sample", SAMPLE_BYTES, "one sample as JSON", "it is sent without its readings"),
    buffer("ring", RING_BYTES, "samples the master does not have yet", "the oldest is dropped and counted"),
    buffer("ring slots", RING_CAPACITY_SAMPLES * SLOT_BYTES, "where each sample lies, and its time", "as above"),
    buffer("containers waiting", REQUEST_BODY_MAX_BYTES, "the newest report of containers", "a newer one replaces it"),
    buffer("containers report", REQUEST_BODY_MAX_BYTES, "the report being made", "containers are left out and counted"),
    buffer("engine reads", 2 * docker::READ_BYTES, "what comes from the Docker socket", "read in pieces"),
    buffer(
        "engine elements",
        docker::BATCH_BYTES,
        "32 containers of the list; one has 64 KiB",
        "it is left out and counted",
    ),
    buffer("engine details", docker::DETAIL_BYTES, "one container inspected", "the list's own words stand in"),
    buffer("image tags", docker::IMAGE_TAGS_BYTES, "the tags of all images", "tags are left out and counted"),
    buffer("request", REQUEST_BODY_MAX_BYTES, "the request body being sent", "the rest goes in the next request"),
    buffer("registration", REGISTRATION_BYTES, "the registration's body", "facts are cut to 128 bytes each"),
    buffer("answer", ANSWER_BYTES, "the master's answer", "it is cut, and then not understood"),
];

/// Sum of all statics: the rows, and what little lies between them (locks, lengths, counts).
const TOTAL_BYTES: usize = size_of::<std::sync::Mutex<Waiting>>()
    + size_of::<KernelBuffers>()
    + size_of::<DockerBuffers>()
    + size_of::<SenderBuffers>()
    + size_of::<SampleBuffer>();

const fn rows_bytes() -> usize {
    let (mut sum, mut row) = (0, 0);
    while row < BUFFERS.len() {
        sum += BUFFERS[row].bytes;
        row += 1;
    }
    sum
}

// A buffer that is missing in the table, or stands there twice, does not compile.
const _: () = assert!(rows_bytes() <= TOTAL_BYTES && TOTAL_BYTES - rows_bytes() < 4096);

/// Prints the table with the sum.
pub fn print() {
    println!("{:<20} {:>9}  {:<38} past it", "buffer", "bytes", "holds");
    for Buffer { name, bytes, purpose, past } in &BUFFERS {
        println!("{name:<20} {bytes:>9}  {purpose:<38} {past}");
    }
    println!("{:<20} {:>9}  locks, lengths and counts", "between them", TOTAL_BYTES - rows_bytes());
    println!("{:<20} {:>9}  resident only as far as it has been used", "sum", TOTAL_BYTES);
}
