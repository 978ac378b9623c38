//! Makes a service's own words fit to be stored and shown: no names, no tokens, no length without bound.

/// The longest quotation, in characters.
const QUOTED_MAX: usize = 300;

/// A run of letters and digits this long is no word: it may be a token, a secret or a password.
const WORD_MAX: usize = 48;

/// `text` with everything left out that may name a person or be a secret: addresses, tokens, long runs of letters.
pub(crate) fn quoted(text: &str) -> String {
    let mut quoted = String::new();
    for word in text.split_whitespace() {
        if !quoted.is_empty() {
            quoted.push(' ');
        }
        quoted.push_str(if is_private(word) { "(hidden)" } else { word });
        if quoted.chars().count() > QUOTED_MAX {
            return quoted.chars().take(QUOTED_MAX).chain(['…']).collect();
        }
    }
    quoted
}

fn is_private(word: &str) -> bool {
    let runs = || word.split(|c: char| !(c.is_ascii_alphanumeric() || "+_=-".contains(c)));
    word.contains('@') || runs().any(|run| run.starts_with("eyJ") || run.len() >= WORD_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quotation_keeps_ids_and_hides_people_and_tokens() {
        let id = "87d349ed-44d7-43e1-9a83-5f2406dee5bd";
        assert_eq!(
            quoted(&format!("Resource '{id}' does not exist")),
            format!("Resource '{id}' does not exist")
        );
        assert_eq!(quoted("User 'ann@contoso.com' is taken"), "User (hidden) is taken");
        assert_eq!(quoted("Bearer eyJ0eXAi.b.c"), "Bearer (hidden)");
        assert_eq!(quoted(&format!("x {}", "Aa1".repeat(20))), "x (hidden)");
        assert!(quoted(&"word ".repeat(500)).chars().count() <= QUOTED_MAX + 1);
    }
}
