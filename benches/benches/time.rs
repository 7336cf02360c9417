//! Time of each stage on the rich fixture host, and bytes a second. Compare two commits on one machine: nothing is promised.
// What criterion's macros write is public.
#![allow(missing_docs)]

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use neon_benches::{Cycle, Kind, PARSERS};

fn parsers(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("parse");
    for parser in PARSERS {
        group.throughput(Throughput::Bytes(parser.bytes.len() as u64));
        group.bench_function(parser.name, |bencher| bencher.iter(|| (parser.parse)(black_box(parser.bytes))));
    }
}

fn stages(criterion: &mut Criterion) {
    let mut cycle = Cycle::new(Kind::Rich);
    let (input_bytes, output_bytes) = (Cycle::input_bytes() as u64, cycle.encode().len() as u64);
    let mut group = criterion.benchmark_group("host");
    group.throughput(Throughput::Bytes(input_bytes));
    group.bench_function("parse and sample", |bencher| bencher.iter(|| black_box(&mut cycle).parse()));
    group.throughput(Throughput::Bytes(output_bytes));
    group.bench_function("encode", |bencher| bencher.iter(|| black_box(&mut cycle).encode().len()));
    group.throughput(Throughput::Bytes(input_bytes + output_bytes));
    group.bench_function("whole cycle", |bencher| {
        bencher.iter(|| {
            let cycle = black_box(&mut cycle);
            cycle.parse().map(|()| cycle.encode().len())
        });
    });
}

criterion_group!(benches, parsers, stages);
criterion_main!(benches);
