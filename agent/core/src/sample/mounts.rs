//! Mounts to the host's file systems: which mounts count, and each backing device only once.
//!
//! The first generation counted bind mounts and overlays of one device again; [`Mounts`] remembers the devices. The
//! data sets of a ZFS pool are file systems of their own that share the pool's free space: they make one entry.

use neon_shared::readings::MountReading;

use super::Places;
use crate::parse::mountinfo::Mount;
use crate::text::Text;

/// Most file systems that are told apart, data sets included. A host has a handful; more are counted by
/// [`Mounts::left_out`].
pub const MOUNTS_MAX: usize = 128;
/// Longest mount point kept, in bytes; a longer one is cut, its file system still counts. Those of container
/// orchestrators have about 150.
pub const MOUNT_POINT_BYTES: usize = 192;
/// Longest device or data set name kept, in bytes; a longer one is cut.
pub const MOUNT_DEVICE_BYTES: usize = 96;
/// Longest file system type kept, in bytes.
pub const FS_TYPE_BYTES: usize = 32;

/// File systems that hold a read-only image, of a file or an optical disk, or device files.
const LEFT_OUT_TYPES: [&[u8]; 5] = [b"squashfs", b"iso9660", b"erofs", b"udf", b"devtmpfs"];
/// File systems with devices of their own that need not be named under `/dev`.
const POOLED_TYPES: [&[u8]; 3] = [b"zfs", b"btrfs", b"bcachefs"];

/// Whether a mount of this type and source holds data on a disk of this host.
///
/// A source under `/dev` says so (ext4, xfs, vfat, ntfs over FUSE, …), and so do the types with pools of their own.
/// Pseudo file systems, network mounts, overlays and read-only images of a file are out.
pub fn is_real(fs_type: &[u8], source: &[u8]) -> bool {
    if source.starts_with(b"/dev/") {
        return !LEFT_OUT_TYPES.contains(&fs_type);
    }
    POOLED_TYPES.contains(&fs_type)
}

/// Whether to ask a mount of this type for its space may take for ever: its answer comes from elsewhere, or from a
/// program (a server that is gone, a FUSE program that was stopped), or nobody knows.
///
/// What is named here answers from the kernel's memory: file systems of disks, images and memory, and the kernel's own.
/// A type that is missing costs a thread and two switches to it and back, a type too many could stop the agent, so when
/// in doubt it stays out. `autofs` is out because looking it up mounts something.
pub fn may_hang(fs_type: &[u8]) -> bool {
    !matches!(
        fs_type,
        b"ext2"
            | b"ext3"
            | b"ext4"
            | b"xfs"
            | b"btrfs"
            | b"zfs"
            | b"bcachefs"
            | b"f2fs"
            | b"jfs"
            | b"reiserfs"
            | b"nilfs2"
            | b"ntfs3"
            | b"vfat"
            | b"msdos"
            | b"exfat"
            | b"hfsplus"
            | b"ubifs"
            | b"jffs2"
            | b"overlay"
            | b"squashfs"
            | b"erofs"
            | b"iso9660"
            | b"udf"
            | b"cramfs"
            | b"romfs"
            | b"tmpfs"
            | b"ramfs"
            | b"rootfs"
            | b"devtmpfs"
            | b"hugetlbfs"
            | b"proc"
            | b"sysfs"
            | b"devpts"
            | b"cgroup"
            | b"cgroup2"
            | b"cpuset"
            | b"securityfs"
            | b"selinuxfs"
            | b"debugfs"
            | b"tracefs"
            | b"configfs"
            | b"fusectl"
            | b"pstore"
            | b"efivarfs"
            | b"bpf"
            | b"mqueue"
            | b"binfmt_misc"
            | b"nsfs"
            | b"rpc_pipefs"
            | b"nfsd"
    )
}

/// Whether the way to `mount_point` may lead through another mount than the root: it has more than one part.
pub fn is_below_another(mount_point: &[u8]) -> bool {
    mount_point.iter().skip(1).any(|byte| *byte == b'/')
}

/// One file system's reading.
pub type MountEntry = MountReading<MountText>;

/// Text of an entry; the mount point is the longest.
pub type MountText = Text<MOUNT_POINT_BYTES>;

/// What statvfs(3) says of one file system.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Space {
    /// `f_blocks` × `f_frsize`.
    pub total_bytes: u64,
    /// (`f_blocks` − `f_bfree`) × `f_frsize`: what files hold, root's reserve not counted as used.
    pub used_bytes: u64,
    /// `f_bavail` × `f_frsize`: what users without privilege may still write.
    pub available_bytes: u64,
    /// `f_files`; 0 where the file system makes inodes as it needs them.
    pub inodes_total: u64,
    /// `f_files` − `f_ffree`.
    pub inodes_used: u64,
}

/// What tells one file system from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct FileSystem {
    /// Device number; anonymous for pooled types, where it differs by data set or subvolume.
    number: (u64, u64),
    /// The pool, by the hash of its name; `None` for a device of its own.
    pool: Option<u64>,
    /// Its entry in the list.
    entry: u16,
}

/// The file systems of one sample.
#[derive(Debug)]
pub struct Mounts {
    seen: heapless::Vec<FileSystem, MOUNTS_MAX>,
    entries: Places<MountEntry, MOUNTS_MAX>,
    left_out: u32,
    /// Sums over the real ones: a share of another host that was asked for by name is listed, but is no disk of this
    /// one.
    total_bytes: u64,
    used_bytes: u64,
}

impl Mounts {
    /// None seen yet; all zeroes.
    pub const fn new() -> Self {
        Self { seen: heapless::Vec::new(), entries: Places::new(), left_out: 0, total_bytes: 0, used_bytes: 0 }
    }

    /// Begins a new sample.
    pub fn clear(&mut self) {
        self.seen.clear();
        self.entries.clear();
        (self.left_out, self.total_bytes, self.used_bytes) = (0, 0, 0);
    }

    /// Lists a mount, unless its file system is listed already; `space` is asked only if needed, and a mount it cannot
    /// be had from leaves the file system to the next mount of it. One that is real ([`is_real`]) counts into the sums.
    ///
    /// `mount_point` is the mount's own, its escapes undone.
    pub fn add(&mut self, mount: &Mount<'_>, is_real: bool, mount_point: &[u8], space: impl FnOnce() -> Option<Space>) {
        let number = (mount.device_major, mount.device_minor);
        let pool = pool(mount);
        let is_known = |known: &&FileSystem| known.number == number || pool.is_some() && known.pool == pool;
        let known = self.seen.iter().find(is_known).copied();
        let is_data_set = mount.fs_type == b"zfs";
        if known.is_some() && !is_data_set || self.seen.iter().any(|known| known.number == number) {
            return;
        }
        let Some(space) = space() else { return };
        let entry = known.map_or(self.entries().len(), |pool| usize::from(pool.entry));
        let file_system = FileSystem { number, pool, entry: entry as u16 };
        if self.seen.push(file_system).is_err() {
            self.left_out = self.left_out.saturating_add(1);
            return;
        }
        // A data set's size is what it holds plus what is free in its pool, so only what it holds is new.
        let new_bytes = if known.is_some() { space.used_bytes } else { space.total_bytes };
        if is_real {
            self.total_bytes = self.total_bytes.saturating_add(new_bytes);
            self.used_bytes = self.used_bytes.saturating_add(space.used_bytes);
        }
        if let Some(pool) = self.entries.filled_mut().get_mut(entry) {
            add_data_set(pool, &space);
        // There is a place for each that was seen.
        } else if let Some(entry) = self.entries.next() {
            fill(entry, mount, mount_point, &space);
        }
    }

    /// Each file system, the first place it is mounted at.
    pub fn entries(&self) -> &[MountEntry] {
        self.entries.filled()
    }

    /// File systems that found no room.
    pub fn left_out(&self) -> u32 {
        self.left_out
    }

    /// Size of all real file systems.
    pub fn total_bytes(&self) -> u64 {
        self.total_bytes
    }

    /// Used bytes of all real file systems.
    pub fn used_bytes(&self) -> u64 {
        self.used_bytes
    }
}

impl Default for Mounts {
    fn default() -> Self {
        Self::new()
    }
}

/// The pool a mount belongs to; the subvolumes of one btrfs have one source.
fn pool(mount: &Mount<'_>) -> Option<u64> {
    match mount.fs_type {
        b"zfs" => Some(fnv1a(mount.source.split(|byte| *byte == b'/').next().unwrap_or_default())),
        b"btrfs" | b"bcachefs" => Some(fnv1a(mount.source)),
        _ => None,
    }
}

/// FNV-1a, 64 bit. Source: draft-eastlake-fnv. Two pools of one host colliding is not a practical concern.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

fn fill(entry: &mut MountEntry, mount: &Mount<'_>, mount_point: &[u8], space: &Space) {
    // A pool makes inodes as it needs them; what statvfs says of their number is only its free space again.
    let has_inodes = space.inodes_total > 0 && !POOLED_TYPES.contains(&mount.fs_type);
    // Every field is named, so that none stays as it was.
    let MountEntry {
        mount_point: mount_point_text,
        device,
        fs_type,
        total_bytes,
        used_bytes,
        available_bytes,
        inodes_total,
        inodes_used,
        read_only,
    } = entry;
    mount_point_text.set(mount_point);
    device.set(cut(mount.source, MOUNT_DEVICE_BYTES));
    fs_type.set(cut(mount.fs_type, FS_TYPE_BYTES));
    (*total_bytes, *used_bytes, *available_bytes) = (space.total_bytes, space.used_bytes, space.available_bytes);
    *inodes_total = has_inodes.then_some(space.inodes_total);
    *inodes_used = has_inodes.then_some(space.inodes_used);
    *read_only = mount.read_only;
}

fn cut(bytes: &[u8], length_max: usize) -> &[u8] {
    bytes.get(..length_max).unwrap_or(bytes)
}

fn add_data_set(pool: &mut MountEntry, space: &Space) {
    pool.used_bytes = pool.used_bytes.saturating_add(space.used_bytes);
    pool.total_bytes = pool.total_bytes.saturating_add(space.used_bytes);
    // A quota may leave one data set less than another.
    pool.available_bytes = pool.available_bytes.max(space.available_bytes);
}

#[cfg(test)]
mod tests {
    extern crate std;
    use std::format;

    use super::*;

    fn mount<'a>(device_minor: u64, fs_type: &'a str, source: &'a str) -> Mount<'a> {
        Mount {
            device_major: 8,
            device_minor,
            mount_point: b"/x",
            fs_type: fs_type.as_bytes(),
            source: source.as_bytes(),
            read_only: false,
        }
    }

    const SPACE: Space =
        Space { total_bytes: 100, used_bytes: 10, available_bytes: 80, inodes_total: 50, inodes_used: 5 };

    fn add(mounts: &mut Mounts, mount: &Mount<'_>, mount_point: &[u8], space: impl FnOnce() -> Option<Space>) {
        mounts.add(mount, is_real(mount.fs_type, mount.source), mount_point, space);
    }

    fn totals(mounts: &Mounts) -> (u64, u64) {
        (mounts.total_bytes(), mounts.used_bytes())
    }

    #[test]
    fn real_file_systems_are_told_from_the_rest() {
        for (fs_type, source) in [
            ("ext4", "/dev/sda1"),
            ("xfs", "/dev/mapper/vg-root"),
            ("zfs", "tank/data"),
            ("btrfs", "/dev/sdb"),
            ("fuseblk", "/dev/sdc1"),
        ] {
            assert!(is_real(fs_type.as_bytes(), source.as_bytes()), "{fs_type}");
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
            assert!(!is_real(fs_type.as_bytes(), source.as_bytes()), "{fs_type}");
        }
    }

    #[test]
    fn only_what_is_known_to_answer_from_memory_is_asked_at_once() {
        for fs_type in ["ext4", "xfs", "btrfs", "zfs", "vfat", "overlay", "tmpfs", "proc", "cgroup2"] {
            assert!(!may_hang(fs_type.as_bytes()), "{fs_type}");
        }
        for fs_type in [
            "nfs",
            "nfs4",
            "cifs",
            "smb3",
            "fuse",
            "fuseblk",
            "fuse.sshfs",
            "9p",
            "ceph",
            "virtiofs",
            "autofs",
            "",
            "new",
        ] {
            assert!(may_hang(fs_type.as_bytes()), "{fs_type}");
        }
        for (mount_point, is_below) in [("/", false), ("/home", false), ("/boot/efi", true), ("", false)] {
            assert_eq!(is_below_another(mount_point.as_bytes()), is_below, "{mount_point}");
        }
    }

    #[test]
    fn a_device_mounted_twice_counts_once_at_its_first_place() {
        let mut mounts = Mounts::new();
        add(&mut mounts, &mount(1, "ext4", "/dev/sda1"), b"/", || Some(SPACE));
        add(&mut mounts, &mount(1, "ext4", "/dev/sda1"), b"/bind", || panic!("asked again"));
        add(&mut mounts, &mount(2, "ext4", "/dev/sda2"), b"/home", || Some(SPACE));
        assert_eq!(totals(&mounts), (200, 20));
        assert!(mounts.entries().iter().map(|entry| entry.mount_point.as_str()).eq(["/", "/home"]));
    }

    #[test]
    fn an_entry_has_what_its_mount_and_its_file_system_say() {
        let mut mounts = Mounts::new();
        add(&mut mounts, &Mount { read_only: true, ..mount(1, "xfs", "/dev/sda1") }, b"/srv/a b", || Some(SPACE));
        add(&mut mounts, &mount(2, "vfat", "/dev/sda2"), b"/boot/efi", || Some(Space { inodes_total: 0, ..SPACE }));
        let [xfs, vfat] = mounts.entries() else { panic!() };
        assert_eq!(
            (xfs.mount_point.as_str(), xfs.device.as_str(), xfs.fs_type.as_str()),
            ("/srv/a b", "/dev/sda1", "xfs")
        );
        assert_eq!(
            (xfs.available_bytes, xfs.inodes_total, xfs.inodes_used, xfs.read_only),
            (80, Some(50), Some(5), true)
        );
        assert_eq!((vfat.inodes_total, vfat.inodes_used, vfat.read_only), (None, None, false));
    }

    #[test]
    fn the_data_sets_of_a_pool_share_its_free_space() {
        let mut mounts = Mounts::new();
        for (minor, source) in [(1, "tank"), (2, "tank/home"), (3, "tank/var/log"), (2, "tank/home")] {
            add(&mut mounts, &mount(minor, "zfs", source), b"/x", || Some(SPACE));
        }
        assert_eq!((mounts.entries().len(), totals(&mounts)), (1, (120, 30)));
        assert_eq!(mounts.entries()[0].inodes_total, None);
        add(&mut mounts, &mount(9, "zfs", "other"), b"/y", || Some(SPACE));
        assert_eq!((mounts.entries().len(), totals(&mounts)), (2, (220, 40)));
    }

    #[test]
    fn the_subvolumes_of_a_btrfs_are_one_file_system() {
        let mut mounts = Mounts::new();
        for minor in [4, 5] {
            add(&mut mounts, &mount(minor, "btrfs", "/dev/sdb"), b"/x", || Some(SPACE));
        }
        assert_eq!(totals(&mounts), (100, 10));
    }

    #[test]
    fn a_mount_that_cannot_be_asked_leaves_the_device_to_the_next() {
        let mut mounts = Mounts::new();
        add(&mut mounts, &mount(1, "ext4", "/dev/sda1"), b"/x", || None);
        add(&mut mounts, &mount(1, "ext4", "/dev/sda1"), b"/y", || Some(SPACE));
        assert_eq!(totals(&mounts), (100, 10));
    }

    #[test]
    fn a_share_of_another_host_is_listed_but_is_no_disk_of_this_one() {
        let mut mounts = Mounts::new();
        add(&mut mounts, &mount(1, "ext4", "/dev/sda1"), b"/", || Some(SPACE));
        add(&mut mounts, &mount(2, "nfs4", "files:/export"), b"/mnt", || Some(SPACE));
        assert_eq!((mounts.entries().len(), totals(&mounts)), (2, (100, 10)));
    }

    #[test]
    fn names_too_long_are_cut_and_their_file_system_counts() {
        let mut mounts = Mounts::new();
        let source = format!("/dev/{}", "d".repeat(200));
        add(&mut mounts, &mount(1, "ext4", &source), &[b'm'; 5000], || Some(SPACE));
        let entry = &mounts.entries()[0];
        assert_eq!((entry.mount_point.len(), entry.device.len()), (MOUNT_POINT_BYTES, MOUNT_DEVICE_BYTES));
        assert_eq!(totals(&mounts), (100, 10));
    }

    #[test]
    fn file_systems_past_the_capacity_are_counted() {
        let mut mounts = Mounts::new();
        (0..MOUNTS_MAX as u64)
            .for_each(|minor| add(&mut mounts, &mount(minor, "ext4", "/dev/sda"), b"/x", || Some(SPACE)));
        assert_eq!(mounts.left_out(), 0);
        add(&mut mounts, &mount(9999, "ext4", "/dev/sdz"), b"/x", || Some(SPACE));
        assert_eq!((mounts.left_out(), mounts.total_bytes()), (1, 100 * MOUNTS_MAX as u64));
    }
}
