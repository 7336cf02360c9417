//! Instructions of each stage on the fixture hosts, counted by callgrind, and the budgets of docs/limits.md.
//!
//! A count past its budget makes the run fail. Counts are the same on every run of one binary, whatever else the
//! machine does; a new compiler moves them a little.
// What gungraun's macros write is public.
#![allow(missing_docs)]

use std::hint::black_box;

use gungraun::{
    Callgrind, CallgrindMetrics, EventKind, LibraryBenchmarkConfig, library_benchmark, library_benchmark_group, main,
};
use neon_benches::{
    Cycle, ENCODE_BUDGET_INSTRUCTIONS, Kind, PARSE_AND_SAMPLE_BUDGET_INSTRUCTIONS, PARSERS,
    PLAIN_CYCLE_BUDGET_INSTRUCTIONS, Parser, WHOLE_CYCLE_BUDGET_INSTRUCTIONS,
};

fn budget(instructions: u64) -> LibraryBenchmarkConfig {
    let mut callgrind = Callgrind::default();
    callgrind.format([CallgrindMetrics::SingleEvent(EventKind::Ir)]).hard_limits([(EventKind::Ir, instructions)]);
    LibraryBenchmarkConfig::default().tool(callgrind).clone()
}

#[library_benchmark]
#[bench::stat(args = (PARSERS[0]), config = budget(PARSERS[0].budget_instructions))]
#[bench::loadavg(args = (PARSERS[1]), config = budget(PARSERS[1].budget_instructions))]
#[bench::meminfo(args = (PARSERS[2]), config = budget(PARSERS[2].budget_instructions))]
#[bench::vmstat(args = (PARSERS[3]), config = budget(PARSERS[3].budget_instructions))]
#[bench::pressure(args = (PARSERS[4]), config = budget(PARSERS[4].budget_instructions))]
#[bench::mountinfo(args = (PARSERS[5]), config = budget(PARSERS[5].budget_instructions))]
#[bench::diskstats(args = (PARSERS[6]), config = budget(PARSERS[6].budget_instructions))]
#[bench::net_dev(args = (PARSERS[7]), config = budget(PARSERS[7].budget_instructions))]
#[bench::sockstat(args = (PARSERS[8]), config = budget(PARSERS[8].budget_instructions))]
#[bench::http(args = (PARSERS[9]), config = budget(PARSERS[9].budget_instructions))]
#[bench::docker_list(args = (PARSERS[10]), config = budget(PARSERS[10].budget_instructions))]
#[bench::docker_inspect(args = (PARSERS[11]), config = budget(PARSERS[11].budget_instructions))]
fn parse(parser: Parser) -> u64 {
    (parser.parse)(black_box(parser.bytes))
}

#[library_benchmark]
#[bench::rich(args = (Cycle::new(Kind::Rich)), config = budget(PARSE_AND_SAMPLE_BUDGET_INSTRUCTIONS))]
fn parse_and_sample(mut cycle: Cycle) -> Cycle {
    black_box(cycle.parse()).expect("the fixture is well formed");
    cycle
}

#[library_benchmark]
#[bench::rich(args = (Cycle::new(Kind::Rich)), config = budget(ENCODE_BUDGET_INSTRUCTIONS))]
fn encode(mut cycle: Cycle) -> (usize, Cycle) {
    (cycle.encode().len(), cycle)
}

#[library_benchmark]
#[bench::plain(args = (Cycle::new(Kind::Plain)), config = budget(PLAIN_CYCLE_BUDGET_INSTRUCTIONS))]
#[bench::rich(args = (Cycle::new(Kind::Rich)), config = budget(WHOLE_CYCLE_BUDGET_INSTRUCTIONS))]
fn whole_cycle(mut cycle: Cycle) -> (usize, Cycle) {
    black_box(cycle.parse()).expect("the fixture is well formed");
    (cycle.encode().len(), cycle)
}

library_benchmark_group!(name = parsers, benchmarks = parse);
library_benchmark_group!(name = host, benchmarks = [parse_and_sample, encode, whole_cycle]);
main!(library_benchmark_groups = [parsers, host]);
