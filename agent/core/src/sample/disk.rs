//! Mounts to the host's disk space: which mounts count, and each backing device only once.
//!
//! The first generation counted bind mounts and overlays of one device again; [`Disks`] remembers the devices.

use crate::parse::mountinfo::Mount;

/// Most file systems that are told apart. A host has a handful; one with more is counted up to here and the rest
/// reported by [`Disks::is_complete`].
pub const DEVICES_MAX: usize = 128;

/// File systems that take their data from elsewhere over a network, or from a file that another one holds.
const LEFT_OUT_TYPES: [&[u8]; 4] = [b"squashfs", b"iso9660", b"erofs", b"udf"];
/// File systems with devices of their own that need not be named under `/dev`.
const POOLED_TYPES: [&[u8]; 3] = [b"zfs", b"btrfs", b"bcachefs"];

/// Whether a mount holds data on a disk of this host.
///
/// A source under `/dev` says so (ext4, xfs, vfat, ntfs over FUSE, …), and so do the types with pools of their own.
/// Pseudo file systems, network mounts, overlays and read-only images of a file are out.
pub fn is_real(mount: &Mount<'_>) -> bool {
    let on_device = mount.source.starts_with(b"/dev/") && !LEFT_OUT_TYPES.contains(&mount.fs_type);
    on_device && mount.fs_type != b"devtmpfs" || POOLED_TYPES.contains(&mount.fs_type)
}

/// What tells one backing device from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Device {
    Number(u64, u64),
    /// A pool, by the hash of its name: its members have anonymous device numbers that differ by data set.
    Pool(u64),
}

impl Device {
    fn of(mount: &Mount<'_>) -> Self {
        match mount.fs_type {
            b"zfs" => Self::Pool(fnv1a(mount.source.split(|byte| *byte == b'/').next().unwrap_or_default())),
            b"btrfs" | b"bcachefs" => Self::Pool(fnv1a(mount.source)),
            _ => Self::Number(mount.device_major, mount.device_minor),
        }
    }
}

/// FNV-1a, 64 bit. Source: draft-eastlake-fnv. Two pools of one host colliding is not a practical concern.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

/// Size and use of the file systems counted so far.
#[derive(Clone, Debug, Default)]
pub struct Disks {
    seen: heapless::Vec<Device, DEVICES_MAX>,
    total_bytes: u64,
    used_bytes: u64,
    left_out: u32,
}

/// What statvfs(3) says of one file system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Space {
    /// `f_blocks` × `f_frsize`.
    pub total_bytes: u64,
    /// (`f_blocks` − `f_bfree`) × `f_frsize`: what files hold, root's reserve not counted as used.
    pub used_bytes: u64,
}

impl Disks {
    /// Counts a mount that [`is_real`], unless its device is counted already; `space` is asked only if needed, and a
    /// mount it cannot be had from leaves the device to the next mount of it.
    pub fn add(&mut self, mount: &Mount<'_>, space: impl FnOnce() -> Option<Space>) {
        let device = Device::of(mount);
        if self.seen.contains(&device) {
            return;
        }
        let Some(space) = space() else { return };
        if self.seen.push(device).is_err() {
            self.left_out = self.left_out.saturating_add(1);
            return;
        }
        self.total_bytes = self.total_bytes.saturating_add(space.total_bytes);
        self.used_bytes = self.used_bytes.saturating_add(space.used_bytes);
    }

    /// Size of all counted file systems.
    pub fn total_bytes(&self) -> u64 {
        self.total_bytes
    }

    /// Used bytes of all counted file systems.
    pub fn used_bytes(&self) -> u64 {
        self.used_bytes
    }

    /// False when there were more than [`DEVICES_MAX`] devices.
    pub fn is_complete(&self) -> bool {
        self.left_out == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mount<'a>(device_minor: u64, fs_type: &'a str, source: &'a str) -> Mount<'a> {
        Mount {
            device_major: 8,
            device_minor,
            mount_point: b"/x",
            fs_type: fs_type.as_bytes(),
            source: source.as_bytes(),
        }
    }

    const SPACE: Space = Space { total_bytes: 100, used_bytes: 10 };

    #[test]
    fn real_file_systems_are_told_from_the_rest() {
        for (fs_type, source) in [
            ("ext4", "/dev/sda1"),
            ("xfs", "/dev/mapper/vg-root"),
            ("zfs", "tank/data"),
            ("btrfs", "/dev/sdb"),
            ("fuseblk", "/dev/sdc1"),
        ] {
            assert!(is_real(&mount(1, fs_type, source)), "{fs_type}");
        }
        for (fs_type, source) in [
            ("tmpfs", "tmpfs"),
            ("overlay", "overlay"),
            ("proc", "proc"),
            ("nfs4", "host:/export"),
            ("squashfs", "/dev/loop3"),
            ("fuse.sshfs", "user@host:/"),
            ("devtmpfs", "udev"),
            ("iso9660", "/dev/sr0"),
            ("cgroup2", "cgroup2"),
            ("cifs", "//host/share"),
        ] {
            assert!(!is_real(&mount(1, fs_type, source)), "{fs_type}");
        }
    }

    #[test]
    fn a_device_mounted_twice_counts_once() {
        let mut disks = Disks::default();
        disks.add(&mount(1, "ext4", "/dev/sda1"), || Some(SPACE));
        disks.add(&mount(1, "ext4", "/dev/sda1"), || panic!("asked again"));
        disks.add(&mount(2, "ext4", "/dev/sda2"), || Some(SPACE));
        assert_eq!((disks.total_bytes(), disks.used_bytes()), (200, 20));
    }

    #[test]
    fn pools_count_once_whatever_their_device_numbers() {
        let mut disks = Disks::default();
        for (minor, source) in [(1, "tank"), (2, "tank/home"), (3, "tank/var/log")] {
            disks.add(&mount(minor, "zfs", source), || Some(SPACE));
        }
        for minor in [4, 5] {
            disks.add(&mount(minor, "btrfs", "/dev/sdb"), || Some(SPACE));
        }
        assert_eq!(disks.total_bytes(), 200);
    }

    #[test]
    fn a_mount_that_cannot_be_asked_leaves_the_device_to_the_next() {
        let mut disks = Disks::default();
        disks.add(&mount(1, "ext4", "/dev/sda1"), || None);
        disks.add(&mount(1, "ext4", "/dev/sda1"), || Some(SPACE));
        assert_eq!(disks.total_bytes(), 100);
    }

    #[test]
    fn one_device_more_than_the_capacity_is_said() {
        let mut disks = Disks::default();
        (0..DEVICES_MAX as u64).for_each(|minor| disks.add(&mount(minor, "ext4", "/dev/sda"), || Some(SPACE)));
        assert!(disks.is_complete());
        disks.add(&mount(9999, "ext4", "/dev/sdz"), || Some(SPACE));
        assert!(!disks.is_complete());
        assert_eq!(disks.total_bytes(), 100 * DEVICES_MAX as u64);
    }
}
