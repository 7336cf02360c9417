//! `neon-agent --once`: one report as JSON on standard output, with no master.
//!
//! What would be registered, sampled and listed, in one object: `serverInfo` and `metrics` as the wire has them, and
//! `containers` where an engine answers. Two collections one second apart give the shares and rates their window.

use std::io::{self, Write};
use std::thread::sleep;
use std::time::{Duration, Instant};

use neon_agent_core::sample::host::AgentStanding;
use neon_agent_core::wire;

use crate::clock;
use crate::config::Config;
use crate::reactor;
use crate::scheduler::{self, ENGINE_SWEEP_DEADLINE, SampleBuffer};
use crate::source::docker::Engine;
use crate::source::host;
use crate::source::kernel::Kernel;
use crate::transport::REGISTRATION_BYTES;

/// Time between the two collections.
const WINDOW: Duration = Duration::from_secs(1);

/// Collects and prints. Errors: standard output is closed, or processor times or memory cannot be read.
pub fn run(
    config: &Config,
    mut kernel: Kernel,
    mut engine: Engine,
    sample_buffer: &'static mut SampleBuffer,
) -> io::Result<()> {
    let started = Instant::now();
    let clock = || started.elapsed();
    kernel.collect(&clock);
    let mut facts = kernel.facts();
    reactor::block_on(scheduler::describe(&mut engine, &mut facts, host::in_container(&config.host_root)))?;
    sleep(WINDOW);
    kernel.collect(&clock);
    let (sweep, standing) = reactor::block_on(scheduler::sweep(&mut engine, ENGINE_SWEEP_DEADLINE))?;
    kernel.add_source(standing);
    for error in kernel.sources().iter().filter_map(|source| source.error.as_ref()) {
        eprintln!("neon-agent: {error}");
    }

    let mut server_info = [0; REGISTRATION_BYTES];
    let server_info = wire::server_info(&facts.server_info(&config.server_name), &mut server_info);
    let metrics = kernel.metrics(clock::wall(), AgentStanding::default());
    let sample = metrics.and_then(|metrics| scheduler::encoded(&metrics, &mut sample_buffer.0));
    let (Ok(server_info), Some(sample)) = (server_info, sample) else {
        return Err(io::Error::other("without processor times and memory there is no report"));
    };
    let mut out = io::stdout().lock();
    for part in [b"{\"serverInfo\":", server_info, b",\"metrics\":", sample] {
        out.write_all(part)?;
    }
    match sweep {
        // Its own object goes on where this one is.
        Some(sweep) => {
            out.write_all(b",")?;
            out.write_all(sweep.body.strip_prefix(b"{").unwrap_or_default())?;
        }
        None => out.write_all(b"}")?,
    }
    out.write_all(b"\n")
}
