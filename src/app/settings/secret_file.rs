//! Reads a secret from a file of its own.

use secrecy::SecretString;
use std::io::Read;
use std::path::Path;
use zeroize::Zeroizing;

/// No secret is longer.
const BYTES_MAX: u64 = 64 * 1024;

/// The secret in a file without the newline at its end, or why there is none.
pub(super) fn read(path: &Path) -> Result<SecretString, String> {
    let bytes = bytes(path)?;
    let text = std::str::from_utf8(&bytes).map_err(|_| format!("{} holds no UTF-8 text", path.display()))?;
    match text.strip_suffix('\n').map_or(text, |line| line.strip_suffix('\r').unwrap_or(line)) {
        "" => Err(format!("{} is empty", path.display())),
        secret => Ok(SecretString::from(secret)),
    }
}

/// The whole content of a file, or why there is none.
pub(super) fn bytes(path: &Path) -> Result<Zeroizing<Vec<u8>>, String> {
    // What names no file may be the secret itself, gone astray, so it is not repeated.
    let unreadable = |error: std::io::Error| {
        let folder = path.parent().map(Path::display).map(|folder| folder.to_string()).unwrap_or_default();
        let folder = if folder.is_empty() { ".".to_owned() } else { folder };
        format!("its file cannot be read: {error}; looked for in {folder}")
    };
    let mut bytes = Zeroizing::new(Vec::new());
    let file = std::fs::File::open(path).map_err(unreadable)?;
    let length = file.take(BYTES_MAX + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if length as u64 > BYTES_MAX {
        return Err(format!("{} is longer than 64 KiB", path.display()));
    }
    Ok(bytes)
}

/// A warning if people other than the file's owner may read it.
pub(super) fn exposure(path: &Path) -> Option<String> {
    let mode = permissions(path)?;
    (mode & 0o044 != 0).then(|| {
        format!(
            "{} holds a secret and others may read it (mode {mode:03o}): chmod 600 ends that",
            path.display()
        )
    })
}

#[cfg(unix)]
fn permissions(path: &Path) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).ok().map(|facts| facts.permissions().mode() & 0o777)
}

#[cfg(not(unix))]
fn permissions(_: &Path) -> Option<u32> {
    None
}
