//! Stored text on a terminal: nothing in it may move the cursor, color the screen or turn the reading direction.

use std::borrow::Cow;
use std::fmt::Write;

/// The text with every character escaped that a terminal would act on, or that hides or turns what stands around it.
pub(in crate::cli) fn visible(text: &str) -> Cow<'_, str> {
    if !text.chars().any(acts) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        if acts(character) {
            // Writing to a string cannot fail.
            let _ = write!(shown, "{}", character.escape_unicode());
        } else {
            shown.push(character);
        }
    }
    Cow::Owned(shown)
}

fn acts(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}'
        )
}

#[cfg(test)]
mod tests {
    use super::visible;

    #[test]
    fn what_a_terminal_acts_on_is_spelled_out() {
        assert_eq!(
            visible("\u{1b}[31mred\u{9b}2J\r\n\t\u{7f}"),
            "\\u{1b}[31mred\\u{9b}2J\\u{d}\\u{a}\\u{9}\\u{7f}"
        );
        assert_eq!(visible("evil\u{202e}txt"), "evil\\u{202e}txt");
        assert_eq!(visible("Zoë Łukasz 東京"), "Zoë Łukasz 東京");
    }
}
