//! Sentences on a narrow terminal.

use console::{measure_text_width, strip_ansi_codes};

/// How much further a continued line begins.
const HANG: usize = 2;

/// The line, continued on further lines where it is wider than `width`; broken between words, and longer words left whole.
pub(in crate::cli) fn wrap(line: &str, width: Option<usize>) -> Vec<String> {
    let Some(width) = width.filter(|width| measure_text_width(line) > *width) else {
        return vec![line.to_owned()];
    };
    // A line that is colored as a whole begins with its color, not with its spaces.
    let indent = strip_ansi_codes(line).chars().take_while(|character| *character == ' ').count();
    // A deep indent on a narrow terminal would leave no room for the words.
    let hang = " ".repeat((indent + HANG).min(width / 2));
    let mut lines = Vec::new();
    let mut current = String::new();
    for (place, word) in line.split(' ').enumerate() {
        let fits = measure_text_width(&current) + 1 + measure_text_width(word) <= width;
        if place > 0 && !fits && !current.trim().is_empty() {
            lines.push(std::mem::replace(&mut current, format!("{hang}{word}")));
        } else {
            if place > 0 {
                current.push(' ');
            }
            current.push_str(word);
        }
    }
    lines.push(current);
    lines
}

#[cfg(test)]
mod tests {
    use super::wrap;

    #[test]
    fn words_stay_whole_and_hang_below_their_beginning() {
        let line = "  to do: choose another name \u{1b}[31mor\u{1b}[0m adopt";
        assert_eq!(wrap(line, None), [line]);
        assert_eq!(wrap(line, Some(40)), [line], "what only colors takes no room");
        assert_eq!(
            wrap(line, Some(20)),
            ["  to do: choose", "    another name \u{1b}[31mor\u{1b}[0m", "    adopt"]
        );
        assert_eq!(
            wrap("\u{1b}[2m    ids: abc def\u{1b}[0m", Some(14)),
            ["\u{1b}[2m    ids: abc", "      def\u{1b}[0m"]
        );
        assert_eq!(wrap("01a20810-4d56-7077 b", Some(10)), ["01a20810-4d56-7077", "  b"]);
    }
}
