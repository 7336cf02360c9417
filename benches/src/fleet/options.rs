//! The command line.

use std::path::PathBuf;

use crate::Result;

pub const HELP: &str = "\
Usage: fleet MASTER [OPTION]…

  --agents N          how many agents (10000)
  --seconds S         length of the load (20)
  --connections C     kept-alive connections they share (128)
  --rate R            requests a second, each at its own time; without it as many as get through
  --postgres URL      a server where a database may be made; without it a new SQLite file
  --kill-master N     kills the master N times during the load, at random moments, and starts it again
  --outage            instead of the load, every agent sends 100 samples that it kept, all at once
  --ratio             also samples alone, and how many requests of either kind can be parsed and thrown away
";

pub struct Options {
    pub master: PathBuf,
    pub agents: usize,
    pub seconds: u64,
    pub connections: usize,
    pub rate: Option<f64>,
    pub store: Store,
    pub kill_master: Option<u32>,
    pub outage: bool,
    pub ratio: bool,
}

pub enum Store {
    Sqlite,
    Postgres(String),
}

impl Options {
    /// `None` where help is wanted.
    pub fn from_arguments(arguments: &[String]) -> Result<Option<Self>> {
        let mut options = Self {
            master: PathBuf::new(),
            agents: 10_000,
            seconds: 20,
            connections: 128,
            rate: None,
            store: Store::Sqlite,
            kill_master: None,
            outage: false,
            ratio: false,
        };
        let mut arguments = arguments.iter();
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().ok_or_else(|| format!("{argument} needs a value, see --help"));
            match argument.as_str() {
                "--help" => return Ok(None),
                "--agents" => options.agents = value()?.parse()?,
                "--seconds" => options.seconds = value()?.parse()?,
                "--connections" => options.connections = value()?.parse()?,
                "--rate" => options.rate = Some(value()?.parse()?),
                "--postgres" => options.store = Store::Postgres(value()?.clone()),
                "--kill-master" => options.kill_master = Some(value()?.parse()?),
                "--outage" => options.outage = true,
                "--ratio" => options.ratio = true,
                other if other.starts_with('-') => return Err(format!("unknown option {other}, see --help").into()),
                path => options.master = std::path::absolute(path)?,
            }
        }
        if options.master.as_os_str().is_empty() || options.agents == 0 || options.connections == 0 {
            return Err("usage: fleet MASTER [OPTION]…, see --help".into());
        }
        Ok(Some(options))
    }
}
