//! Size and use of a mounted file system: statvfs(3) on a mount point of a mount table.
//!
//! What answers from the kernel's memory is asked by the scheduler itself, what may hang by a runner.

use std::ffi::CStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::Duration;

use neon_agent_core::parse::mountinfo::{self, Mount};
use neon_agent_core::sample::mounts::Space;
use nix::sys::statvfs::statvfs;

use super::runners::{Crew, PATH_BYTES};

/// Asks for the space of a mount, its path looked up under `host_root`; `None` when it cannot be asked, or does not
/// answer in time if it `may_hang`. A mount point too long for the kernel is passed over.
pub fn ask(
    mount: &Mount<'_>,
    host_root: &Path,
    may_hang: bool,
    crew: &mut Crew,
    clock: &impl Fn() -> Duration,
) -> Option<Space> {
    let mut path = [0; PATH_BYTES];
    let root = match host_root.as_os_str().as_bytes() {
        b"/" => &[][..],
        root => root,
    };
    path.get_mut(..root.len())?.copy_from_slice(root);
    let end = root.len() + mountinfo::unescape(mount.mount_point, path.get_mut(root.len()..)?)?.len();
    let (mount_point, path) = (path.get(root.len()..end)?, CStr::from_bytes_until_nul(&path).ok()?);
    if may_hang { crew.space(mount, mount_point, path, clock) } else { space(path) }
}

/// The space of the file system at `path`; `None` when it cannot be had.
pub fn space(path: &CStr) -> Option<Space> {
    let stat = statvfs(path).ok()?;
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
    use super::super::runners::Desks;
    use super::*;
    use crate::hot_path_tests::leaked;

    /// The same whether it is asked here or by a runner.
    fn space_of(mount_point: &str, host_root: &str) -> Option<Space> {
        let line = format!("1 2 8:1 / {mount_point} rw - ext4 /dev/sda1 rw\n");
        let mount = mountinfo::mountinfo(line.as_bytes(), |_, _| true).next().unwrap().unwrap();
        let mut crew = Crew::new(leaked(Desks::new));
        let asked =
            [false, true].map(|may_hang| ask(&mount, Path::new(host_root), may_hang, &mut crew, &|| Duration::ZERO));
        assert_eq!(asked[0].map(|space| space.total_bytes), asked[1].map(|space| space.total_bytes));
        asked[1]
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
        for length in [4094, 4095, 4096, 5000] {
            assert_eq!(space_of(&format!("/{}", "x".repeat(length)), "/"), None);
        }
    }
}
