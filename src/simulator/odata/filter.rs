//! Reads `$filter` into a tree.

use super::lexer::{Token, tokens};

/// A value in a filter.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Literal {
    /// `null`
    Null,
    /// `true`, `false`
    Bool(bool),
    /// A whole number.
    Number(i64),
    /// A text, a GUID or a date.
    Text(String),
}

/// How two values are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    StartsWith,
    EndsWith,
    Contains,
}

/// A filter.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Expression {
    And(Box<Expression>, Box<Expression>),
    Or(Box<Expression>, Box<Expression>),
    Not(Box<Expression>),
    Compare {
        path: String,
        comparison: Comparison,
        literal: Literal,
    },
    In {
        path: String,
        literals: Vec<Literal>,
    },
    /// `collection/any(x:x/field eq literal)`
    Any {
        collection: String,
        field: String,
        literal: Literal,
    },
}

/// Parses a filter; `alias` resolves `@p1`.
pub(crate) fn parse(text: &str, alias: &dyn Fn(&str) -> Option<String>) -> Result<Expression, String> {
    let mut parser = Parser { tokens: tokens(text)?, at: 0, alias };
    let expression = parser.either()?;
    match parser.peek() {
        None => Ok(expression),
        Some(token) => Err(format!("Syntax error: unexpected {token:?} in '{text}'.")),
    }
}

struct Parser<'a> {
    tokens: Vec<Token>,
    at: usize,
    alias: &'a dyn Fn(&str) -> Option<String>,
}

impl Parser<'_> {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn next(&mut self) -> Result<Token, String> {
        let token = self.tokens.get(self.at).cloned().ok_or("The filter ends too early.".to_owned())?;
        self.at += 1;
        Ok(token)
    }

    fn mark(&mut self, expected: char) -> Result<(), String> {
        match self.next()? {
            Token::Mark(found) if found == expected => Ok(()),
            found => Err(format!("Expected '{expected}', found {found:?}.")),
        }
    }

    fn word(&mut self) -> Result<String, String> {
        match self.next()? {
            Token::Word(word) => Ok(word),
            found => Err(format!("Expected a name, found {found:?}.")),
        }
    }

    fn takes(&mut self, word: &str) -> bool {
        let found = matches!(self.peek(), Some(Token::Word(next)) if next.eq_ignore_ascii_case(word));
        self.at += usize::from(found);
        found
    }

    fn either(&mut self) -> Result<Expression, String> {
        let mut left = self.both()?;
        while self.takes("or") {
            left = Expression::Or(Box::new(left), Box::new(self.both()?));
        }
        Ok(left)
    }

    fn both(&mut self) -> Result<Expression, String> {
        let mut left = self.single()?;
        while self.takes("and") {
            left = Expression::And(Box::new(left), Box::new(self.single()?));
        }
        Ok(left)
    }

    fn single(&mut self) -> Result<Expression, String> {
        if self.takes("not") {
            return Ok(Expression::Not(Box::new(self.single()?)));
        }
        if self.peek() == Some(&Token::Mark('(')) {
            self.at += 1;
            let inner = self.either()?;
            self.mark(')')?;
            return Ok(inner);
        }
        let name = self.word()?;
        if self.peek() == Some(&Token::Mark('(')) {
            self.at += 1;
            let call = self.function(&name)?;
            self.mark(')')?;
            return Ok(call);
        }
        let operator = self.word()?;
        let comparison = match operator.to_lowercase().as_str() {
            "eq" => Comparison::Equal,
            "ne" => Comparison::NotEqual,
            "lt" => Comparison::Less,
            "le" => Comparison::LessOrEqual,
            "gt" => Comparison::Greater,
            "ge" => Comparison::GreaterOrEqual,
            "in" => {
                self.mark('(')?;
                let literals = self.literals(')')?;
                return Ok(Expression::In { path: name, literals });
            }
            _ => return Err(format!("Unknown operator '{operator}'.")),
        };
        let literal = self.literal()?;
        Ok(Expression::Compare { path: name, comparison, literal })
    }

    fn function(&mut self, name: &str) -> Result<Expression, String> {
        let comparison = match name.to_lowercase().as_str() {
            "startswith" => Comparison::StartsWith,
            "endswith" => Comparison::EndsWith,
            "contains" => Comparison::Contains,
            "microsoft.dynamics.crm.in" => return self.dynamics_in(),
            lower => match lower.strip_suffix("/any") {
                Some(_) => return self.any(&name[..name.len() - 4]),
                None => return Err(format!("An unknown function with name '{name}' was found.")),
            },
        };
        let path = self.word()?;
        self.mark(',')?;
        let literal = self.literal()?;
        Ok(Expression::Compare { path, comparison, literal })
    }

    /// `Microsoft.Dynamics.CRM.In(PropertyName=…,PropertyValues=…)`, inline or by aliases.
    fn dynamics_in(&mut self) -> Result<Expression, String> {
        let (mut path, mut literals) = (None, None);
        loop {
            let argument = self.word()?;
            self.mark('=')?;
            match argument.as_str() {
                "PropertyName" => match self.literal()? {
                    Literal::Text(name) => path = Some(name),
                    other => return Err(format!("PropertyName must be a text, not {other:?}.")),
                },
                "PropertyValues" => literals = Some(self.list()?),
                other => return Err(format!("Unknown parameter '{other}' of In.")),
            }
            if self.peek() != Some(&Token::Mark(',')) {
                break;
            }
            self.at += 1;
        }
        match (path, literals) {
            (Some(path), Some(literals)) => Ok(Expression::In { path, literals }),
            _ => Err("In needs PropertyName and PropertyValues.".to_owned()),
        }
    }

    fn list(&mut self) -> Result<Vec<Literal>, String> {
        if let Some(Token::Word(word)) = self.peek().cloned() {
            self.at += 1;
            let text = (self.alias)(&word).ok_or(format!("The parameter alias '{word}' was not found."))?;
            let mut inner = Parser { tokens: tokens(&text)?, at: 0, alias: self.alias };
            inner.mark('[')?;
            return inner.literals(']');
        }
        self.mark('[')?;
        self.literals(']')
    }

    fn literals(&mut self, end: char) -> Result<Vec<Literal>, String> {
        let mut literals = Vec::new();
        loop {
            if self.peek() == Some(&Token::Mark(end)) {
                self.at += 1;
                return Ok(literals);
            }
            literals.push(self.literal()?);
            if self.peek() == Some(&Token::Mark(',')) {
                self.at += 1;
            }
        }
    }

    fn any(&mut self, collection: &str) -> Result<Expression, String> {
        let variable = self.word()?;
        self.mark(':')?;
        let path = self.word()?;
        let field = path.strip_prefix(&variable).and_then(|rest| rest.strip_prefix('/'));
        let field = field.ok_or(format!("'{path}' does not begin with '{variable}/'."))?.to_owned();
        if !self.takes("eq") {
            return Err("Only eq is understood inside any().".to_owned());
        }
        let literal = self.literal()?;
        Ok(Expression::Any { collection: collection.to_owned(), field, literal })
    }

    fn literal(&mut self) -> Result<Literal, String> {
        match self.next()? {
            Token::Text(text) => Ok(Literal::Text(text)),
            Token::Word(word) if word.starts_with('@') => {
                let text =
                    (self.alias)(&word).ok_or(format!("The parameter alias '{word}' was not found."))?;
                Parser { tokens: tokens(&text)?, at: 0, alias: &|_| None }.literal()
            }
            Token::Word(word) => Ok(match word.as_str() {
                "null" => Literal::Null,
                "true" => Literal::Bool(true),
                "false" => Literal::Bool(false),
                _ => word.parse().map_or(Literal::Text(word), Literal::Number),
            }),
            found => Err(format!("Expected a value, found {found:?}.")),
        }
    }
}
