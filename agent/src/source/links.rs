//! Speed and state of physical network interfaces, from `/sys/class/net`.
//!
//! Source: kernel document ABI/testing/sysfs-class-net, `operstate` and `speed` (Mbit/s; -1 or EINVAL without a link).
//! Attributes stay open while their interface is there.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use neon_agent_core::parse::attribute;
use neon_agent_core::sample::network::{INTERFACES_MAX, Link};

use super::procfs::{Extent, ProcFile};

/// A state or a speed, as the kernel writes it.
const ATTRIBUTE_BYTES: usize = 32;

/// The attributes of the interfaces seen so far, open.
pub struct Links {
    folder: PathBuf,
    known: Vec<Known>,
}

struct Known {
    name: Vec<u8>,
    operstate: ProcFile,
    speed: ProcFile,
    /// Whether the current sample asked for it.
    is_used: bool,
}

impl Links {
    /// The interfaces under `sys`.
    pub fn new(sys: &std::path::Path) -> Self {
        Self { folder: sys.join("class/net"), known: Vec::with_capacity(INTERFACES_MAX) }
    }

    /// Begins a sample: closes what the one before it did not ask for.
    pub fn begin(&mut self) {
        self.known.retain_mut(|link| std::mem::take(&mut link.is_used));
    }

    /// What is known of the interface `name`; an attribute that cannot be read is not known.
    pub fn read(&mut self, name: &[u8]) -> Link {
        let place = match self.known.iter().position(|link| link.name == name) {
            Some(place) => place,
            None if self.known.len() < INTERFACES_MAX && is_file_name(name) => {
                self.known.push(self.open(name));
                self.known.len() - 1
            }
            None => return Link::default(),
        };
        let link = &mut self.known[place];
        link.is_used = true;
        let mut buffer = [0; ATTRIBUTE_BYTES];
        let up = link.operstate.read(&mut buffer).ok().flatten().and_then(attribute::operstate);
        // Asking a driver for the speed of a link that is down may take it a while, and gives nothing.
        let speed = if up == Some(false) { None } else { link.speed.read(&mut buffer).ok().flatten() };
        Link { speed_mbit: speed.and_then(|bytes| attribute::unsigned(bytes).ok()), up }
    }

    fn open(&self, name: &[u8]) -> Known {
        let folder = self.folder.join(OsStr::from_bytes(name));
        Known {
            name: name.to_vec(),
            operstate: ProcFile::optional(folder.join("operstate"), Extent::OnePiece),
            speed: ProcFile::optional(folder.join("speed"), Extent::OnePiece),
            is_used: true,
        }
    }
}

/// The kernel allows no other names, but what is read need not be the kernel's.
fn is_file_name(name: &[u8]) -> bool {
    !matches!(name, b"" | b"." | b"..") && !name.contains(&b'/')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speed_and_state_are_read_while_the_link_is_up() {
        let sys = std::env::temp_dir().join(format!("neon-agent-links-{}", std::process::id()));
        let write = |name: &str, text: &str| {
            let path = sys.join("class/net").join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        write("eth0/operstate", "up\n");
        write("eth0/speed", "1000\n");
        write("eth1/operstate", "down\n");
        write("eth1/speed", "1000\n");
        write("wlan0/operstate", "up\n");
        write("wlan0/speed", "-1\n");
        write("secret", "up\n");
        let mut links = Links::new(&sys);
        assert_eq!(links.read(b"eth0"), Link { speed_mbit: Some(1000), up: Some(true) });
        assert_eq!(links.read(b"eth1"), Link { speed_mbit: None, up: Some(false) });
        assert_eq!(links.read(b"wlan0"), Link { speed_mbit: None, up: Some(true) });
        for strange in [&b"nowhere"[..], b"", b"..", b"../eth0", b"a/b"] {
            assert_eq!(links.read(strange), Link::default());
        }
        std::fs::remove_dir_all(&sys).unwrap();
    }

    #[test]
    fn what_a_sample_does_not_ask_for_is_closed() {
        let mut links = Links::new(std::path::Path::new("/sys"));
        for name in [&b"lo"[..], b"gone"] {
            links.read(name);
        }
        links.begin();
        links.read(b"lo");
        assert_eq!(links.known.len(), 2);
        links.begin();
        assert_eq!(links.known.len(), 1);
    }
}
