//! `/proc/<pid>/mountinfo`: the mounts of a process.
//!
//! Source: proc_pid_mountinfo(5), Linux 2.6.26 and later. Paths and sources write space, tab, line feed and
//! backslash as `\ooo` in octal; [`unescape`] undoes that.

use super::{Fault, FaultKind, Words, lines};

/// One mount. Byte slices are as the file writes them: escaped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mount<'a> {
    /// Major device number of the file system, 0 for one without a device of its own.
    pub device_major: u64,
    /// Minor device number.
    pub device_minor: u64,
    /// Where it is mounted, relative to the process's root.
    pub mount_point: &'a [u8],
    /// File system type, `ext4` or `fuse.sshfs`.
    pub fs_type: &'a [u8],
    /// What is mounted: a device path, a `host:/export`, a pool's data set, or `none`. May be empty.
    pub source: &'a [u8],
    /// Whether the mount, or the file system itself, is read-only.
    pub read_only: bool,
}

/// Yields every mount whose file system type and source are `wanted`, or the fault of its line; a bad line costs that
/// mount alone.
///
/// Most mounts of a host are of no interest, so a line is read from its end, where type and source are. Errors:
/// `Missing` for a line that ends before the options of the file system, or has no dash; `Syntax` and `Number` for the
/// device.
pub fn mountinfo(
    bytes: &[u8],
    mut wanted: impl FnMut(&[u8], &[u8]) -> bool,
) -> impl Iterator<Item = Result<Mount<'_>, Fault>> {
    lines(bytes).filter_map(move |(number, line)| {
        mount(line, &mut wanted).map_err(|kind| Fault { kind, line: number }).transpose()
    })
}

fn mount<'a>(line: &'a [u8], wanted: impl FnOnce(&[u8], &[u8]) -> bool) -> Result<Option<Mount<'a>>, FaultKind> {
    // One space each, so that an empty source, between two of them, is a field as well.
    let (rest, super_options) = last_field(line)?;
    let (rest, source) = last_field(rest)?;
    let (rest, fs_type) = last_field(rest)?;
    // Before the dash there may be any number of optional fields.
    let rest = rest.strip_suffix(b" -").ok_or(FaultKind::Missing)?;
    if !wanted(fs_type, source) {
        return Ok(None);
    }
    let mut fields = Words(rest);
    fields.skip(2);
    let (device_major, device_minor) = device(&mut fields)?;
    let _root = fields.word()?;
    let mount_point = fields.word()?;
    let read_only = is_read_only(fields.at_word()?) || is_read_only(super_options);
    Ok(Some(Mount { device_major, device_minor, mount_point, fs_type, source, read_only }))
}

/// A line without its last field, and that field.
#[inline(always)]
fn last_field(line: &[u8]) -> Result<(&[u8], &[u8]), FaultKind> {
    let space = memchr::memrchr(b' ', line).ok_or(FaultKind::Missing)?;
    let (rest, field) = line.split_at_checked(space).ok_or(FaultKind::Missing)?;
    Ok((rest, field.strip_prefix(b" ").unwrap_or(field)))
}

/// Whether a list of options, with what follows it, begins with `ro`: the kernel writes that or `rw` first, of the mount and of the file
/// system (show_mountinfo in fs/proc_namespace.c).
fn is_read_only(options: &[u8]) -> bool {
    matches!(options, b"ro" | [b'r', b'o', b',' | b' ', ..])
}

#[inline(always)]
fn device(fields: &mut Words<'_>) -> Result<(u64, u64), FaultKind> {
    fields.at_word()?;
    let major = fields.digits();
    fields.0 = fields.0.strip_prefix(b":").ok_or(FaultKind::Syntax)?;
    let minor = fields.digits().filter(|_| fields.is_at_end_of_word());
    major.zip(minor).ok_or(FaultKind::Number)
}

/// Writes `escaped` into `buffer` with its `\ooo` sequences undone; a backslash that starts none stays itself.
///
/// Returns the written part, or `None` when the buffer is too small.
pub fn unescape<'b>(escaped: &[u8], buffer: &'b mut [u8]) -> Option<&'b [u8]> {
    if !escaped.contains(&b'\\') {
        let plain = buffer.get_mut(..escaped.len())?;
        plain.copy_from_slice(escaped);
        return Some(plain);
    }

    let mut rest = escaped;
    let mut length = 0usize;
    while let Some((&first, tail)) = rest.split_first() {
        let (byte, after) = match octal(rest) {
            Some(escape) => escape,
            None => (first, tail),
        };
        *buffer.get_mut(length)? = byte;
        length = length.checked_add(1)?;
        rest = after;
    }
    buffer.get(..length)
}

/// The byte that a leading `\ooo` stands for, and what follows it.
fn octal(bytes: &[u8]) -> Option<(u8, &[u8])> {
    let (&[backslash, high, middle, low], rest) = bytes.split_first_chunk()?;
    if backslash != b'\\' {
        return None;
    }
    let value = [high, middle, low]
        .iter()
        .try_fold(0u32, |value, digit| value.checked_mul(8)?.checked_add(char::from(*digit).to_digit(8)?))?;
    Some((u8::try_from(value).ok()?, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_man_page_is_read() {
        let line = b"36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue\n";
        let mount = mountinfo(line, |_, _| true).next().unwrap().unwrap();
        assert_eq!((mount.device_major, mount.device_minor), (98, 0));
        assert_eq!(mount.mount_point, b"/mnt2");
        assert_eq!((mount.fs_type, mount.source), (&b"ext3"[..], &b"/dev/root"[..]));
    }

    #[test]
    fn a_mount_is_read_only_by_its_own_option_or_its_file_systems() {
        let read_only = |mount: &str, file_system: &str| {
            extern crate std;
            let line = std::format!("1 2 8:1 / / {mount} - ext4 /dev/sda1 {file_system}\n");
            mountinfo(line.as_bytes(), |_, _| true).next().unwrap().unwrap().read_only
        };
        assert!(!read_only("rw,relatime", "rw,errors=remount-ro"));
        assert!(read_only("ro,relatime", "rw"));
        assert!(read_only("rw", "ro,errors=continue"));
        assert!(read_only("ro", "ro"));
        assert!(!read_only("root", "rows"));
    }

    #[test]
    fn an_empty_source_is_not_taken_for_what_follows_it() {
        let mount = mountinfo(b"1 2 0:9 / /x rw - tmpfs  ro,size=4k\n", |_, _| true).next().unwrap().unwrap();
        assert_eq!((mount.source, mount.read_only), (&b""[..], true));
    }

    #[test]
    fn a_read_cut_anywhere_gives_only_whole_lines() {
        let line = b"36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue\n";
        assert!(super::super::cuts(line).all(|cut| mountinfo(cut, |_, _| true).next().is_none()));
    }

    #[test]
    fn optional_fields_may_be_none_or_many() {
        for optional in ["", "shared:1 ", "shared:1 master:2 propagate_from:3 unbindable "] {
            extern crate std;
            let line = std::format!("1 2 8:1 / / rw {optional}- ext4 /dev/sda1 rw\n");
            assert_eq!(mountinfo(line.as_bytes(), |_, _| true).next().unwrap().unwrap().fs_type, b"ext4");
        }
    }

    #[test]
    fn a_bad_line_names_its_fault_and_costs_only_itself() {
        let file = b"1 2 8:1 / /\n1 2 8-1 / / rw - ext4 a b\n1 2 8:x / / rw - ext4 a b\n1 2 8:1 / / rw ext4 a b\n\
            1 2 8:1 / /ok rw - ext4 a b\n1 2 8:1 / /cut rw - ext4 a";
        let mut mounts = mountinfo(file, |_, _| true);
        assert_eq!(mounts.next(), Some(Err(Fault { kind: FaultKind::Missing, line: 1 })));
        assert_eq!(mounts.next(), Some(Err(Fault { kind: FaultKind::Syntax, line: 2 })));
        assert_eq!(mounts.next(), Some(Err(Fault { kind: FaultKind::Number, line: 3 })));
        assert_eq!(mounts.next(), Some(Err(Fault { kind: FaultKind::Missing, line: 4 })));
        assert_eq!(mounts.next().unwrap().unwrap().mount_point, b"/ok");
        assert_eq!(mounts.next(), None);
    }

    #[test]
    fn octal_escapes_are_undone() {
        let mut buffer = [0; 16];
        assert_eq!(unescape(br"/a\040b\134c\011", &mut buffer), Some(&b"/a b\\c\t"[..]));
        assert_eq!(unescape(br"/x\04", &mut buffer), Some(&br"/x\04"[..]));
        assert_eq!(unescape(br"/x\999\777", &mut buffer), Some(&br"/x\999\777"[..]));
    }

    #[test]
    fn unescaping_into_an_exact_fit_works_and_one_short_does_not() {
        assert_eq!(unescape(br"\040b", &mut [0; 2]), Some(&b" b"[..]));
        assert_eq!(unescape(br"\040b", &mut [0; 1]), None);
    }
}
