//! Size and use of mounted file systems: statvfs(3) on the mount points of a mount table.

use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use neon_agent_core::parse::mountinfo::{self, Mount};
use neon_agent_core::sample::disk::{Disks, Space, is_real};
use nix::sys::statvfs::statvfs;

/// Longest path that the kernel takes, PATH_MAX of limits.h. A longer mount point is passed over.
const PATH_BYTES: usize = 4096;

/// Adds up the real file systems of a mount table, looking their paths up under `host_root`.
///
/// A malformed line, or a mount point that cannot be asked, costs itself alone.
pub fn disks(mount_table: &[u8], host_root: &Path) -> Disks {
    let mut disks = Disks::default();
    for mount in mountinfo::mountinfo(mount_table).flatten().filter(is_real) {
        disks.add(&mount, || space(&mount, host_root));
    }
    disks
}

fn space(mount: &Mount<'_>, host_root: &Path) -> Option<Space> {
    let mut path = [0; PATH_BYTES];
    let root = match host_root.as_os_str().as_bytes() {
        b"/" => &[][..],
        root => root,
    };
    path.get_mut(..root.len())?.copy_from_slice(root);
    let mount_point = mountinfo::unescape(mount.mount_point, &mut path[root.len()..])?.len();
    let stat = statvfs(path.get(..root.len() + mount_point)?).ok()?;
    let fragment_bytes = stat.fragment_size();
    let used_blocks = stat.blocks().saturating_sub(stat.blocks_free());
    Some(Space {
        total_bytes: stat.blocks().saturating_mul(fragment_bytes),
        used_bytes: used_blocks.saturating_mul(fragment_bytes),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(mount_point: &str) -> Vec<u8> {
        format!("1 2 8:1 / {mount_point} rw - ext4 /dev/sda1 rw\n").into_bytes()
    }

    #[test]
    fn a_mount_point_is_looked_up_under_the_host_root() {
        let at_root = disks(&table("/"), Path::new("/"));
        assert!(at_root.total_bytes() > 0);
        assert_eq!(disks(&table("/proc"), Path::new("/")).total_bytes(), 0, "procfs has no size");
        assert_eq!(disks(&table("/"), Path::new("/proc")).total_bytes(), 0, "looked up under the host root");
    }

    #[test]
    fn an_escaped_mount_point_is_found() {
        let folder = std::env::temp_dir().join(format!("neon agent {}", std::process::id()));
        std::fs::create_dir(&folder).unwrap();
        let escaped = folder.to_str().unwrap().replace(' ', "\\040");
        let found = disks(&table(&escaped), Path::new("/")).total_bytes();
        std::fs::remove_dir(&folder).unwrap();
        assert!(found > 0);
    }

    #[test]
    fn a_mount_point_that_is_gone_or_too_long_is_passed_over() {
        assert_eq!(disks(&table("/nowhere/at/all"), Path::new("/")).total_bytes(), 0);
        assert_eq!(disks(&table(&format!("/{}", "x".repeat(5000))), Path::new("/")).total_bytes(), 0);
    }
}
