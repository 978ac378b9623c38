//! The known names nearest to a misspelled one.

/// At most `count` of the `known` names that somebody may have meant by `text`, nearest first. Case does not matter; a name
/// further away than a third of its length is no answer, unless `text` is its beginning.
pub(in crate::app) fn nearest<'a>(
    text: &str,
    known: impl IntoIterator<Item = &'a str>,
    count: usize,
) -> Vec<&'a str> {
    let wanted: Vec<char> = text.chars().take(LENGTH_MAX).flat_map(char::to_lowercase).collect();
    let mut found: Vec<(usize, &str)> = known
        .into_iter()
        .filter_map(|name| {
            let letters: Vec<char> = name.chars().flat_map(char::to_lowercase).collect();
            let bound = (letters.len() / 3).max(1);
            if wanted.len() >= 3 && letters.starts_with(&wanted) {
                return Some((letters.len() - wanted.len(), name));
            }
            if letters.len().abs_diff(wanted.len()) > bound {
                return None;
            }
            Some((distance(&wanted, &letters), name)).filter(|(distance, _)| *distance <= bound)
        })
        .collect();
    found.sort_unstable();
    found.truncate(count);
    found.into_iter().map(|(_, name)| name).collect()
}

/// No name is longer; it keeps a hostile text from costing quadratic time.
const LENGTH_MAX: usize = 128;

/// How many letters must be inserted, removed, replaced or swapped with their neighbor to turn `a` into `b` (optimal string
/// alignment).
fn distance(a: &[char], b: &[char]) -> usize {
    let mut two_above: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=b.len()).collect();
    for (i, letter) in a.iter().enumerate() {
        let mut row = Vec::with_capacity(b.len() + 1);
        row.push(i + 1);
        for (j, other) in b.iter().enumerate() {
            let replaced = above[j] + usize::from(letter != other);
            let mut least = replaced.min(above[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *letter == b[j - 1] && a[i - 1] == *other {
                least = least.min(two_above[j - 1] + 1);
            }
            row.push(least);
        }
        two_above = std::mem::replace(&mut above, row);
    }
    above[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_names_come_first_and_strangers_not_at_all() {
        let known = ["contoso-dev", "contoso-test", "fabrikam", "url"];
        assert_eq!(nearest("contoso-dve", known, 1), ["contoso-dev"]);
        assert_eq!(nearest("CONTOSO-TEXT", known, 1), ["contoso-test"]);
        assert_eq!(nearest("contoso", known, 3), ["contoso-dev", "contoso-test"]);
        assert_eq!(nearest("ur", known, 3), ["url"]);
        assert_eq!(nearest("northwind", known, 3), Vec::<&str>::new());
        assert_eq!(nearest(&"x".repeat(1_000_000), known, 3), Vec::<&str>::new());
    }
}
