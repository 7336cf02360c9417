//! Files under `/proc` and `/sys`, kept open and read again with pread(2).
//!
//! Reading such a file from offset 0 makes the kernel write it anew, so one open descriptor serves for years.

use std::fs::File;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::sys::uio::pread;

/// Reads that a missing optional file is left alone for: what a module brings is found within the hour at the
/// default interval, and a host without it does not pay for the question each time.
const ABSENT_READS: u32 = 12;
/// What one read of a list of short records returns at most is near the kernel's buffer, one page at least
/// (`seq_read_iter` in the kernel's fs/seq_file.c); records are below the other number. So a read that returns less
/// than their difference was the last.
const LIST_BUFFER_BYTES: usize = 4096;
const SHORT_RECORD_MAX_BYTES: usize = 1024;

/// How the kernel hands a file out, and so when it has been read to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// In one piece, as far as the reader has room: files of single values or one block of text.
    OnePiece,
    /// In pieces of whole records, each below 1 KiB.
    ShortRecords,
    /// In pieces; only the empty one is surely the last.
    AnyRecords,
}

/// A file whose content the kernel makes on each read.
#[derive(Debug)]
pub struct ProcFile {
    path: PathBuf,
    file: Option<File>,
    extent: Extent,
    /// Whether a host may be without it.
    is_optional: bool,
    /// Reads left for which a missing optional file is not looked for.
    absent_reads: u32,
}

impl ProcFile {
    /// The file at `path`, opened at the first read.
    pub fn new(path: PathBuf, extent: Extent) -> Self {
        Self { path, file: None, extent, is_optional: false, absent_reads: 0 }
    }

    /// The same, but a host may be without it; while it is missing it is looked for only now and then.
    pub fn optional(path: PathBuf, extent: Extent) -> Self {
        Self { is_optional: true, ..Self::new(path, extent) }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Reads the whole file into `buffer`, as far as it fits, and returns that part; `None` for an optional file that
    /// this host does not have.
    ///
    /// After an error the file is opened anew next time. Errors: those of open(2) and pread(2).
    pub fn read<'b>(&mut self, buffer: &'b mut [u8]) -> Result<Option<&'b [u8]>, Errno> {
        self.read_until(buffer, |_| false)
    }

    /// The same, but stops early when `is_enough` says so of what has been read.
    pub fn read_until<'b>(
        &mut self,
        buffer: &'b mut [u8],
        is_enough: impl FnMut(&[u8]) -> bool,
    ) -> Result<Option<&'b [u8]>, Errno> {
        if self.absent_reads > 0 {
            self.absent_reads -= 1;
            return Ok(None);
        }
        match self.read_open(buffer, is_enough) {
            Ok(length) => Ok(Some(&buffer[..length])),
            // Not there, or there but switched off (pressure with psi=0).
            Err(Errno::ENOENT | Errno::EOPNOTSUPP) if self.is_optional => {
                self.absent_reads = ABSENT_READS;
                Ok(None)
            }
            Err(errno) => Err(errno),
        }
    }

    fn read_open(&mut self, buffer: &mut [u8], is_enough: impl FnMut(&[u8]) -> bool) -> Result<usize, Errno> {
        let file = match self.file.take() {
            Some(file) => file,
            None => open(&self.path)?,
        };
        let length = read_pieces(&file, buffer, self.extent, is_enough)?;
        self.file = Some(file);
        Ok(length)
    }
}

/// Opens a file for reading. Errors: those of open(2).
pub fn open(path: &Path) -> Result<File, Errno> {
    File::open(path).map_err(|error| Errno::from_raw(error.raw_os_error().unwrap_or(0)))
}

/// Fills `buffer` from the start of an ordinary file; returns how much there was.
pub fn read_all(file: &File, buffer: &mut [u8]) -> Result<usize, Errno> {
    read_pieces(file, buffer, Extent::AnyRecords, |_| false)
}

fn read_pieces(
    file: &File,
    buffer: &mut [u8],
    extent: Extent,
    mut is_enough: impl FnMut(&[u8]) -> bool,
) -> Result<usize, Errno> {
    let mut length = 0;
    while length < buffer.len() {
        let count = match pread(file, &mut buffer[length..], length as i64) {
            Ok(count) => count,
            Err(Errno::EINTR) => continue,
            Err(errno) => return Err(errno),
        };
        length += count;
        let is_last = match extent {
            Extent::OnePiece => true,
            Extent::ShortRecords => count < LIST_BUFFER_BYTES - SHORT_RECORD_MAX_BYTES,
            Extent::AnyRecords => count == 0,
        };
        if is_last || count == 0 || is_enough(&buffer[..length]) {
            break;
        }
    }
    Ok(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn temporary(name: &str) -> PathBuf {
        std::env::temp_dir().join(format!("neon-agent-procfile-{name}-{}", std::process::id()))
    }

    #[test]
    fn a_kept_file_is_read_anew_each_time() {
        let mut file = ProcFile::new("/proc/self/stat".into(), Extent::OnePiece);
        let mut buffer = [0; 4096];
        let first = file.read(&mut buffer).unwrap().unwrap().len();
        assert!(first > 0 && file.file.is_some());
        assert!(!file.read(&mut buffer).unwrap().unwrap().is_empty());
    }

    #[test]
    fn every_extent_gives_the_whole_of_the_kernels_own_files() {
        for (path, extent) in [
            ("/proc/meminfo", Extent::OnePiece),
            ("/proc/version", Extent::OnePiece),
            ("/proc/diskstats", Extent::ShortRecords),
            ("/proc/net/dev", Extent::ShortRecords),
            ("/proc/vmstat", Extent::ShortRecords),
            ("/proc/kallsyms", Extent::ShortRecords),
            ("/proc/self/mountinfo", Extent::AnyRecords),
        ] {
            let mut buffer = vec![0; 1024 * 1024];
            let expected = read_all(&open(Path::new(path)).unwrap(), &mut buffer).unwrap();
            let lines = buffer[..expected].iter().filter(|byte| **byte == b'\n').count();
            let mut file = ProcFile::new(path.into(), extent);
            let read = file.read(&mut buffer).unwrap().unwrap();
            assert_eq!(read.iter().filter(|byte| **byte == b'\n').count(), lines, "{path}");
        }
    }

    #[test]
    fn a_reader_that_has_enough_stops_at_a_piece() {
        let mut buffer = vec![0; 1024 * 1024];
        let mut kallsyms = ProcFile::new("/proc/kallsyms".into(), Extent::ShortRecords);
        let mut pieces = 0;
        kallsyms
            .read_until(&mut buffer, |_| {
                pieces += 1;
                pieces == 2
            })
            .unwrap();
        assert_eq!(pieces, 2);
    }

    #[test]
    fn a_buffer_that_is_too_small_gives_the_beginning() {
        let mut version = ProcFile::new("/proc/version".into(), Extent::OnePiece);
        assert_eq!(version.read(&mut [0; 7]), Ok(Some(&b"Linux v"[..])));
    }

    #[test]
    fn a_missing_file_says_so_and_may_come_later() {
        let path = temporary("later");
        let mut file = ProcFile::new(path.clone(), Extent::OnePiece);
        assert_eq!(file.read(&mut [0; 8]), Err(Errno::ENOENT));
        std::fs::write(&path, "x").unwrap();
        assert_eq!(file.read(&mut [0; 8]), Ok(Some(&b"x"[..])));
        std::fs::remove_file(&path).unwrap();
    }

    #[test]
    fn a_missing_optional_file_is_no_error_and_is_looked_for_now_and_then() {
        let path = temporary("optional");
        let mut file = ProcFile::optional(path.clone(), Extent::OnePiece);
        assert_eq!(file.read(&mut [0; 8]), Ok(None));
        std::fs::write(&path, "x").unwrap();
        for _ in 0..ABSENT_READS {
            assert_eq!(file.read(&mut [0; 8]), Ok(None));
        }
        assert_eq!(file.read(&mut [0; 8]), Ok(Some(&b"x"[..])));
        std::fs::remove_file(&path).unwrap();
    }
}
