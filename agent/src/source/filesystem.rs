//! Size and use of a mounted file system: statvfs(3) on a mount point of a mount table.

use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use neon_agent_core::parse::mountinfo::{self, Mount};
use neon_agent_core::sample::mounts::Space;
use nix::sys::statvfs::statvfs;

/// Longest path that the kernel takes, PATH_MAX of limits.h. A longer mount point is passed over.
const PATH_BYTES: usize = 4096;

/// Asks for the space of a mount, its path looked up under `host_root`; `None` when it cannot be asked.
pub fn space(mount: &Mount<'_>, host_root: &Path) -> Option<Space> {
    let mut path = [0; PATH_BYTES];
    let root = match host_root.as_os_str().as_bytes() {
        b"/" => &[][..],
        root => root,
    };
    path.get_mut(..root.len())?.copy_from_slice(root);
    let mount_point = mountinfo::unescape(mount.mount_point, &mut path[root.len()..])?.len();
    let stat = statvfs(path.get(..root.len() + mount_point)?).ok()?;
    let bytes = |blocks: u64| blocks.saturating_mul(stat.fragment_size());
    Some(Space {
        total_bytes: bytes(stat.blocks()),
        used_bytes: bytes(stat.blocks().saturating_sub(stat.blocks_free())),
        available_bytes: bytes(stat.blocks_available()),
        inodes_total: stat.files(),
        inodes_used: stat.files().saturating_sub(stat.files_free()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn space_of(mount_point: &str, host_root: &str) -> Option<Space> {
        let line = format!("1 2 8:1 / {mount_point} rw - ext4 /dev/sda1 rw\n");
        let mount = mountinfo::mountinfo(line.as_bytes(), |_, _| true).next().unwrap().unwrap();
        space(&mount, Path::new(host_root))
    }

    #[test]
    fn a_mount_point_is_looked_up_under_the_host_root() {
        let root = space_of("/", "/").unwrap();
        assert!(root.total_bytes > 0 && root.used_bytes + root.available_bytes <= root.total_bytes);
        assert_eq!(space_of("/proc", "/").unwrap().total_bytes, 0, "procfs has no size");
        assert_eq!(space_of("/", "/proc").unwrap().total_bytes, 0, "looked up under the host root");
    }

    #[test]
    fn an_escaped_mount_point_is_found() {
        let folder = std::env::temp_dir().join(format!("neon agent {}", std::process::id()));
        std::fs::create_dir(&folder).unwrap();
        let found = space_of(&folder.to_str().unwrap().replace(' ', "\\040"), "/");
        std::fs::remove_dir(&folder).unwrap();
        assert!(found.unwrap().total_bytes > 0);
    }

    #[test]
    fn a_mount_point_that_is_gone_or_too_long_is_passed_over() {
        assert_eq!(space_of("/nowhere/at/all", "/"), None);
        assert_eq!(space_of(&format!("/{}", "x".repeat(5000)), "/"), None);
    }
}
