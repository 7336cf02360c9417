//! The table that `neon-agent --budget` prints, against the binary itself.

use std::process::Command;

/// What the standard library, libc and the crates keep in bss of their own.
const OTHERS_MAX_BYTES: usize = 64 * 1024;

const AGENT: &str = env!("CARGO_BIN_EXE_neon-agent");

#[test]
fn the_budget_is_what_the_binary_sets_aside() {
    let output = Command::new(AGENT).arg("--budget").output().unwrap();
    assert!(output.status.success());
    let table = String::from_utf8(output.stdout).unwrap();
    let bytes = |line: &str| -> usize { line[20..].split_whitespace().next().unwrap().parse().unwrap() };
    let sum = table.lines().find(|line| line.starts_with("sum ")).map(bytes).unwrap();
    let rows: usize = table.lines().skip(1).filter(|line| !line.starts_with("sum ")).map(bytes).sum();
    assert_eq!(rows, sum);
    let bss = bss_bytes(&std::fs::read(AGENT).unwrap());
    assert!((sum..sum + OTHERS_MAX_BYTES).contains(&bss), "the table says {sum} bytes, .bss has {bss}");
}

/// Size of the section `.bss` of a 64-bit little-endian ELF file (elf(5)).
fn bss_bytes(elf: &[u8]) -> usize {
    let number = |at: usize, length: usize| {
        elf[at..at + length].iter().rev().fold(0usize, |value, byte| value << 8 | usize::from(*byte))
    };
    let (sections, entry_bytes, count, names) = (number(0x28, 8), number(0x3a, 2), number(0x3c, 2), number(0x3e, 2));
    let section = |index: usize| sections + index * entry_bytes;
    let names_offset = number(section(names) + 0x18, 8);
    let is_bss = |at: &usize| elf[names_offset + number(*at, 4)..].starts_with(b".bss\0");
    let bss = (0..count).map(section).find(is_bss).expect("a section .bss");
    number(bss + 0x20, 8)
}
