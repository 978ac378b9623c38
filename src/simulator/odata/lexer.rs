//! Splits a filter into tokens.

/// A token.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Token {
    /// A bare word: a name, a path, a number, a GUID.
    Word(String),
    /// A quoted text, unescaped.
    Text(String),
    /// `( ) , = [ ] :`
    Mark(char),
}

/// Tokens of a text; a quote that does not end is an error.
pub(crate) fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let characters: Vec<char> = text.chars().collect();
    let mut out = Vec::new();
    let mut at = 0;
    while at < characters.len() {
        let character = characters[at];
        match character {
            ' ' | '\t' | '\r' | '\n' => at += 1,
            '(' | ')' | ',' | '=' | '[' | ']' | ':' => {
                out.push(Token::Mark(character));
                at += 1;
            }
            '\'' | '"' => {
                let (value, next) = quoted(&characters, at)?;
                out.push(Token::Text(value));
                at = next;
            }
            _ => {
                let start = at;
                while at < characters.len() && in_word(&characters, at) {
                    at += 1;
                }
                if at == start {
                    return Err(format!(
                        "Syntax error: character '{character}' is not valid at position {at}."
                    ));
                }
                out.push(Token::Word(characters[start..at].iter().collect()));
            }
        }
    }
    Ok(out)
}

fn in_word(characters: &[char], at: usize) -> bool {
    match characters[at] {
        // A colon belongs to a time of day, and to nothing else in a word.
        ':' => at > 0 && characters[at - 1].is_ascii_digit(),
        character => character.is_alphanumeric() || "._-/@$+".contains(character),
    }
}

fn quoted(characters: &[char], start: usize) -> Result<(String, usize), String> {
    let quote = characters[start];
    let mut value = String::new();
    let mut at = start + 1;
    while at < characters.len() {
        if characters[at] == quote {
            if characters.get(at + 1) == Some(&quote) {
                value.push(quote);
                at += 2;
                continue;
            }
            return Ok((value, at + 1));
        }
        value.push(characters[at]);
        at += 1;
    }
    Err("There is an unterminated string literal.".to_owned())
}
