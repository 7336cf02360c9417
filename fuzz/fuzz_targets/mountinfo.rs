//! `/proc/<pid>/mountinfo`: agrees with a plain reading from the front, unescaping agrees with a plain reading of its
//! rule, and every file system counts once or is left out.
#![no_main]

use libfuzzer_sys::fuzz_target;
use neon_agent_core::parse::mountinfo::{Mount, mountinfo, unescape};
use neon_agent_core::sample::mounts::{Mounts, Space, is_real};
use neon_fuzz::plain::{lines, number};

fuzz_target!(|bytes: &[u8]| {
    for line in lines(bytes) {
        // The kernel writes single spaces; what a line of others gives is nobody's to say.
        if line.contains(&b'\t') || line.windows(2).any(|pair| pair == b"  ") || line.starts_with(b" ") {
            continue;
        }
        let line = [line, b"\n"].concat();
        let read = mountinfo(&line, |_, _| true).next().expect("one line");
        assert_eq!(read.ok(), plain(&line[..line.len() - 1]));
    }
    let mut mounts = Mounts::new();
    let mut asked = 0;
    for mount in mountinfo(bytes, |_, _| true).flatten() {
        let mut buffer = vec![0; mount.mount_point.len()];
        let path = unescape(mount.mount_point, &mut buffer).expect("never longer than the escaped form");
        assert_eq!(path, plainly_unescaped(mount.mount_point));
        mounts.add(&mount, is_real(mount.fs_type, mount.source), path, || {
            asked += 1;
            Some(Space::default())
        });
    }
    assert!(mounts.entries().len() + mounts.left_out() as usize <= asked);
    assert_eq!(mounts.entries().is_empty(), asked == 0);
});

fn plain(line: &[u8]) -> Option<Mount<'_>> {
    let fields: Vec<_> = line.split(|byte| *byte == b' ').collect();
    let [_id, _parent, device, _root, mount_point, options, .., dash, fs_type, source, super_options] = fields[..]
    else {
        return None;
    };
    if dash != b"-" {
        return None;
    }
    let colon = device.iter().position(|byte| *byte == b':')?;
    let is_read_only = |options: &[u8]| options == b"ro" || options.starts_with(b"ro,");
    Some(Mount {
        device_major: Some(&device[..colon]).filter(|n| !n.is_empty()).and_then(|n| number(&[n], 0))?,
        device_minor: Some(&device[colon + 1..]).filter(|n| !n.is_empty()).and_then(|n| number(&[n], 0))?,
        mount_point,
        fs_type,
        source,
        read_only: is_read_only(options) || is_read_only(super_options),
    })
}

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
