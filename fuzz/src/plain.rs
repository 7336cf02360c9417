//! What the targets of the kernel files compare with: the plainest reading of lines, words and numbers that std allows.

/// The lines of a file; a last one without a line feed was cut and does not count.
pub fn lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    bytes.split_inclusive(|byte| *byte == b'\n').filter_map(|line| line.strip_suffix(b"\n"))
}

/// The words of a line.
pub fn words(line: &[u8]) -> Vec<&[u8]> {
    line.split(|byte| matches!(byte, b' ' | b'\t')).filter(|word| !word.is_empty()).collect()
}

/// The word at this place as a number of digits only.
pub fn number(words: &[&[u8]], place: usize) -> Option<u64> {
    let word = std::str::from_utf8(words.get(place)?).ok()?;
    word.bytes().all(|byte| byte.is_ascii_digit()).then(|| word.parse().ok())?
}

/// The word at this place in hundredths, `12.34`.
pub fn hundredths(words: &[&[u8]], place: usize) -> Option<u64> {
    let (whole, part) = std::str::from_utf8(words.get(place)?).ok()?.split_once('.')?;
    let digits = format!("{whole}{part}");
    let is_such = !whole.is_empty() && part.len() == 2 && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_such.then(|| digits.parse().ok())?
}

/// Some cuts of a file, each of which lacks at least its last byte; all of them where it is short.
pub fn cuts(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    (0..bytes.len()).step_by(bytes.len() / 64 + 1).map(|end| &bytes[..end])
}

/// Whether a value of a file that was cut is the one of the whole file, or absent.
pub fn agrees<T: PartialEq>(cut: Option<T>, whole: Option<T>) -> bool {
    cut.is_none() || cut == whole
}
