//! Reads the small files that a configuration is, or names: certificates, keys, passwords, profiles. A pipe that nobody
//! writes to, a device without an end or a huge file is an error at once, not a wait or all the memory.

use std::fs;
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rustix::fs::OFlags;

/// The largest that such a file may be. A bundle of all the authorities in the world has a fifth of it.
pub const FILE_SIZE_BYTES_MAX: u64 = 1 << 20;

/// What is in `path`.
///
/// # Errors
/// As opening a file does; and when it is no regular file, or larger than [`FILE_SIZE_BYTES_MAX`].
pub fn read_small_file(path: &Path) -> io::Result<Vec<u8>> {
    // Opening a pipe waits for its other end, unless it is told not to; for a file the flag means nothing.
    let flags = i32::try_from(OFlags::NONBLOCK.bits()).unwrap_or_default();
    let file = fs::OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    let about = file.metadata()?;
    if about.is_dir() {
        return Err(io::Error::new(io::ErrorKind::IsADirectory, "it is a directory, not a file"));
    }
    if !about.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is a device, a pipe or a socket, not a file"));
    }
    let mut octets = Vec::new();
    file.take(FILE_SIZE_BYTES_MAX + 1).read_to_end(&mut octets)?;
    if u64::try_from(octets.len()).is_ok_and(|length| length > FILE_SIZE_BYTES_MAX) {
        let why = format!("it is larger than {} MiB, so it is something else", FILE_SIZE_BYTES_MAX >> 20);
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, why));
    }
    Ok(octets)
}

/// The text in `path`.
///
/// # Errors
/// As [`read_small_file`]; and when it is not UTF-8, with the line.
pub fn read_small_text(path: &Path) -> io::Result<String> {
    String::from_utf8(read_small_file(path)?).map_err(|error| {
        let good = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = good.iter().filter(|&&octet| octet == b'\n').count() + 1;
        io::Error::new(io::ErrorKind::InvalidData, format!("it is not UTF-8 text (line {line})"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_small_file_is_an_error_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let told = |path: &Path| read_small_text(path).unwrap_err().to_string();
        fs::write(at("good"), "a\nb\n").unwrap();
        assert_eq!(read_small_text(&at("good")).unwrap(), "a\nb\n");
        fs::write(at("latin1"), b"a\nb\nc \xe9\n").unwrap();
        assert_eq!(told(&at("latin1")), "it is not UTF-8 text (line 3)");
        rustix::fs::mkfifoat(rustix::fs::CWD, at("pipe"), rustix::fs::Mode::RUSR).unwrap();
        assert_eq!(told(&at("pipe")), "it is a device, a pipe or a socket, not a file");
        assert_eq!(told(Path::new("/dev/zero")), "it is a device, a pipe or a socket, not a file");
        assert_eq!(told(folder.path()), "it is a directory, not a file");
        fs::File::create(at("huge")).unwrap().set_len(100 << 20).unwrap();
        assert_eq!(told(&at("huge")), "it is larger than 1 MiB, so it is something else");
        assert_eq!(read_small_text(&at("gone")).unwrap_err().kind(), io::ErrorKind::NotFound);
    }
}
