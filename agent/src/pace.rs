//! What keeps a thousand agents that start together from arriving together: a number made of the server's name.

/// A number of `name` alone, the same in every run and build. Names that differ in one letter get numbers that have
/// nothing to do with each other.
///
/// FNV-1a with 64 bits, and the finish of MurmurHash3 behind it, without which the high bits of short names hardly
/// differ.
pub fn number_of(name: &str) -> u64 {
    let fnv = name
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
    let mixed = (fnv ^ (fnv >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    let mixed = (mixed ^ (mixed >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    mixed ^ (mixed >> 33)
}
