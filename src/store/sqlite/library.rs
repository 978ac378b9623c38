//! Which SQLite libraries must not be used.

/// Whether a version of the SQLite library has the WAL-reset bug (<https://sqlite.org/wal.html#walresetbug>): 3.7.0 to
/// 3.51.2, except the back-ports 3.44.6 and 3.50.7 and what followed them. A text that is no version counts as unsafe.
pub fn has_wal_reset_bug(version: &str) -> bool {
    let numbers: Option<Vec<u32>> = version.trim().split('.').map(|part| part.parse().ok()).collect();
    let Some(&[major, minor, patch]) = numbers.as_deref() else {
        return true;
    };
    let first_with_wal = (3, 7, 0);
    let first_without_bug = (3, 51, 3);
    let ported_back =
        matches!((major, minor), (3, 44) if patch >= 6) || matches!((major, minor), (3, 50) if patch >= 7);
    let version = (major, minor, patch);
    version >= first_with_wal && version < first_without_bug && !ported_back
}

#[cfg(test)]
mod tests {
    use super::has_wal_reset_bug;

    #[test]
    fn the_versions_with_the_bug_are_known() {
        for (version, unsafe_to_use) in [
            ("3.6.23", false),
            ("3.7.0", true),
            ("3.44.5", true),
            ("3.44.6", false),
            ("3.44.9", false),
            ("3.45.0", true),
            ("3.49.2", true),
            ("3.50.6", true),
            ("3.50.7", false),
            ("3.51.0", true),
            ("3.51.2", true),
            ("3.51.3", false),
            ("3.52.0", false),
            ("4.0.0", false),
            ("3.51", true),
            ("", true),
            ("three", true),
        ] {
            assert_eq!(has_wal_reset_bug(version), unsafe_to_use, "{version}");
        }
    }
}
