//! The table of cases names every case, so that none is forgotten by the drivers.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

#[test]
fn every_case_stands_in_the_table() {
    let suite = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/store");
    let mut written = BTreeSet::new();
    for entry in fs::read_dir(suite.join("cases")).unwrap() {
        let path = entry.unwrap().path();
        let file = path.file_stem().unwrap().to_str().unwrap().to_owned();
        for line in fs::read_to_string(&path).unwrap().lines() {
            if let Some(rest) = line.strip_prefix("pub async fn ") {
                let case = rest.split('(').next().unwrap();
                assert!(written.insert(case.to_owned()), "{file}::{case} stands twice");
            }
        }
    }
    let table = fs::read_to_string(suite.join("table.rs")).unwrap();
    let named = |line: &str| {
        line.trim().strip_suffix([',', ';']).filter(|name| name.contains('_')).map(str::to_owned)
    };
    let named: BTreeSet<String> = table
        .lines()
        .filter_map(named)
        .filter(|name| name.chars().all(|c| c.is_alphanumeric() || c == '_'))
        .collect();
    assert_eq!(named, written);
    assert!(written.len() >= 60);
}
