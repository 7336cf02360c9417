//! Files under `/proc`, kept open and read again with pread(2).
//!
//! Reading a proc file from offset 0 makes the kernel write it anew, so one open descriptor serves for years.

use std::fs::File;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::sys::uio::pread;

/// A file whose content the kernel makes on each read.
#[derive(Debug)]
pub struct ProcFile {
    path: PathBuf,
    file: Option<File>,
}

impl ProcFile {
    /// The file at `path`, opened at the first read.
    pub fn new(path: PathBuf) -> Self {
        Self { path, file: None }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Reads the whole file into `buffer`, as far as it fits, and returns that part.
    ///
    /// Sizes from stat(2) are 0 for proc files, so it reads until the end. After an error the file is opened anew next
    /// time. Errors: those of open(2) and pread(2).
    pub fn read<'b>(&mut self, buffer: &'b mut [u8]) -> Result<&'b [u8], Errno> {
        let file = match self.file.take() {
            Some(file) => file,
            None => File::open(&self.path).map_err(|error| Errno::from_raw(error.raw_os_error().unwrap_or(0)))?,
        };
        let length = read_all(&file, buffer)?;
        self.file = Some(file);
        Ok(&buffer[..length])
    }
}

/// Fills `buffer` from the start of `file`; returns how much there was.
pub fn read_all(file: &File, buffer: &mut [u8]) -> Result<usize, Errno> {
    let mut length = 0;
    while length < buffer.len() {
        match pread(file, &mut buffer[length..], length as i64) {
            Ok(0) => break,
            Ok(count) => length += count,
            Err(Errno::EINTR) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kept_file_is_read_anew_each_time() {
        let mut uptime = ProcFile::new("/proc/self/stat".into());
        let mut buffer = [0; 4096];
        let first = uptime.read(&mut buffer).unwrap().len();
        assert!(first > 0 && uptime.file.is_some());
        assert!(!uptime.read(&mut buffer).unwrap().is_empty());
    }

    #[test]
    fn a_buffer_that_is_too_small_gives_the_beginning() {
        let mut buffer = [0; 7];
        assert_eq!(ProcFile::new("/proc/version".into()).read(&mut buffer), Ok(&b"Linux v"[..]));
    }

    #[test]
    fn a_missing_file_says_so_and_may_come_later() {
        let path = std::env::temp_dir().join(format!("neon-agent-procfile-{}", std::process::id()));
        let mut file = ProcFile::new(path.clone());
        assert_eq!(file.read(&mut [0; 8]), Err(Errno::ENOENT));
        std::fs::write(&path, "x").unwrap();
        assert_eq!(file.read(&mut [0; 8]), Ok(&b"x"[..]));
        std::fs::remove_file(&path).unwrap();
    }
}
