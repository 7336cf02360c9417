//! A fleet of agents against a real master and a real database, and an account of what became of every sample.
//!
//!     fleet MASTER [OPTION]…        (scripts/bench fleet builds both and starts PostgreSQL)
//!
//! Registers its agents, then sends what they send at the default intervals, compressed in time: of 76 requests 60
//! heartbeats, 12 samples and 4 container reports, over a pool of kept-alive connections as a load balancer would have.
//! At the end it sends again what was not acknowledged, stops the master, reads the database, and fails unless every
//! acknowledged sample is there exactly once, none is there that was refused, and every server was heard when it should.
//!
//! `--help` has the options. One thread, no HTTP library: it shares the processors with what it measures. What it prints
//! of time depends on the machine and on what else it does; the load average stands beside it.

#[path = "../fleet/account.rs"]
mod account;
#[path = "../fleet/bodies.rs"]
mod bodies;
#[path = "../fleet/load.rs"]
mod load;
#[path = "../fleet/options.rs"]
mod options;
#[path = "../fleet/parse_only.rs"]
mod parse_only;
#[path = "../fleet/process.rs"]
mod process;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use account::Account;
use bodies::Bodies;
use load::{Fleet, Mix};
use options::{Options, Store};
use process::{Database, Master};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// Everything that is not acknowledged after the load has this long to be.
const DRAIN: Duration = Duration::from_secs(120);
/// How long the ceiling is measured, and the samples that are held against it.
const RATIO: Duration = Duration::from_secs(5);
/// Connections of either: a sample waits for a commit, so that the processors are idle where few are under way.
const RATIO_CONNECTIONS: usize = 512;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.first().is_some_and(|first| first == "parse-only") {
        return parse_only::serve();
    }
    let outcome = Options::from_arguments(&arguments).and_then(|options| match options {
        Some(options) => run(&options),
        None => {
            print!("{}", options::HELP);
            Ok(())
        }
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("fleet: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> Result<()> {
    let store = match &options.store {
        Store::Sqlite => "SQLite",
        Store::Postgres(_) => "PostgreSQL",
    };
    println!("fleet of {} agents, {} connections, {store}", options.agents, options.connections);
    println!("load average before: {}", process::load_average());
    let database = Database::fresh(&options.store)?;
    let master = Master::start(&options.master, &database)?;
    std::thread::sleep(Duration::from_secs(1)); // what it allocates at its start it gives back after a moment
    println!("master idle: {} KiB resident", master.resident_kib()?);

    let bodies = Bodies::new();
    let mut fleet = Fleet::new(&master, options.connections, &bodies)?;
    let started = Instant::now();
    fleet.register(options.agents)?;
    println!("registered: {} agents in {:.1} s", options.agents, started.elapsed().as_secs_f64());

    fleet.report_containers()?;
    println!("load average at the start: {}", process::load_average());

    if options.outage {
        println!("outage: every agent sends its 100 samples at once");
        fleet.backfill(&master, Duration::from_secs(600))?.print();
    } else {
        let killer = options.kill_master.map(|times| master.kill_at_random(times));
        let report = fleet.run(&master, Mix::Default, options.rate, Duration::from_secs(options.seconds))?;
        if let Some(killer) = killer {
            let killed = killer.join().map_err(|_| "the thread that kills the master failed")??;
            println!("killed: {killed} times with SIGKILL");
        }
        report.print();
        if options.ratio {
            let most = parse_only::ceiling(Mix::Default, fleet.connections(), &bodies, RATIO)?;
            most.print();
            println!("mixed requests stored, of those only parsed: {:.0} %", 100.0 * report.rate() / most.rate());
            fleet.widen(RATIO_CONNECTIONS);
            let stored = fleet.run(&master, Mix::Samples, None, RATIO)?;
            stored.print();
            let ceiling = parse_only::ceiling(Mix::Samples, fleet.connections(), &bodies, RATIO)?;
            ceiling.print();
            println!("samples stored, of those only parsed: {:.0} %", 100.0 * stored.rate() / ceiling.rate());
        }
    }
    fleet.drain(&master, DRAIN)?;
    println!("load average after: {}", process::load_average());
    let survived_whole = options.kill_master.is_none();
    master.stop()?;
    Account::of(&database)?.settle(&fleet, survived_whole)
}
