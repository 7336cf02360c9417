//! `/proc/<pid>/mountinfo`: unescaping never makes a path longer, agrees with a plain reading of its rule, and a
//! device counts once.
#![no_main]

use libfuzzer_sys::fuzz_target;
use neon_agent_core::parse::mountinfo::{mountinfo, unescape};
use neon_agent_core::sample::disk::{Disks, Space, is_real};

fuzz_target!(|bytes: &[u8]| {
    let mut disks = Disks::default();
    let mut asked = 0u64;
    for mount in mountinfo(bytes).flatten() {
        let mut buffer = vec![0; mount.mount_point.len()];
        let path = unescape(mount.mount_point, &mut buffer).expect("never longer than the escaped form");
        assert_eq!(path, plainly_unescaped(mount.mount_point));
        if is_real(&mount) {
            disks.add(&mount, || {
                asked += 1;
                Some(Space { total_bytes: 1, used_bytes: 1 })
            });
        }
    }
    assert!(disks.total_bytes() <= asked);
    assert!(disks.is_complete() == (disks.total_bytes() == asked));
});

fn plainly_unescaped(escaped: &[u8]) -> Vec<u8> {
    let (mut path, mut at) = (Vec::new(), 0);
    while at < escaped.len() {
        let digits = escaped.get(at + 1..at + 4).and_then(|digits| std::str::from_utf8(digits).ok());
        let is_octal = digits.is_some_and(|digits| digits.bytes().all(|byte| (b'0'..=b'7').contains(&byte)));
        match digits.filter(|_| escaped[at] == b'\\' && is_octal).and_then(|digits| u8::from_str_radix(digits, 8).ok())
        {
            Some(byte) => {
                path.push(byte);
                at += 4;
            }
            None => {
                path.push(escaped[at]);
                at += 1;
            }
        }
    }
    path
}
