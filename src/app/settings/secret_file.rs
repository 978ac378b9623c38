//! Reads a secret from a file of its own.

use secrecy::{SecretString, zeroize::Zeroize};
use std::io::Read;
use std::path::Path;

/// No secret is longer.
const BYTES_MAX: u64 = 64 * 1024;

/// The secret in a file without the newline at its end, or why there is none.
pub(super) fn read(path: &Path) -> Result<SecretString, String> {
    let mut text = String::new();
    let file =
        std::fs::File::open(path).map_err(|error| format!("{} cannot be read: {error}", path.display()))?;
    match file.take(BYTES_MAX + 1).read_to_string(&mut text) {
        Err(error) => Err(format!("{} cannot be read: {error}", path.display())),
        Ok(length) if length as u64 > BYTES_MAX => {
            text.zeroize();
            Err(format!("{} is longer than 64 KiB", path.display()))
        }
        Ok(_) => {
            let secret =
                text.strip_suffix('\n').map_or(&*text, |line| line.strip_suffix('\r').unwrap_or(line));
            let result = match secret {
                "" => Err(format!("{} is empty", path.display())),
                secret => Ok(SecretString::from(secret)),
            };
            text.zeroize();
            result
        }
    }
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
