//! Asks a record whether a filter matches it.

use std::borrow::Cow;
use std::cmp::Ordering;

use super::{Comparison, Expression, Literal};

/// A value of a record.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Scalar<'a> {
    Null,
    Bool(bool),
    Number(i64),
    Text(Cow<'a, str>),
}

impl<'a> From<&'a str> for Scalar<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}

impl From<String> for Scalar<'_> {
    fn from(text: String) -> Self {
        Self::Text(Cow::Owned(text))
    }
}

impl<'a, T: Into<Scalar<'a>>> From<Option<T>> for Scalar<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl From<bool> for Scalar<'_> {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for Scalar<'_> {
    fn from(value: i64) -> Self {
        Self::Number(value)
    }
}

impl From<uuid::Uuid> for Scalar<'_> {
    fn from(value: uuid::Uuid) -> Self {
        Self::Text(Cow::Owned(value.to_string()))
    }
}

/// Something with fields.
pub(crate) trait Record {
    /// A field by path; `None` when there is no such property.
    fn field(&self, path: &str) -> Option<Scalar<'_>>;

    /// A field of each member of a collection; `None` when there is no such collection.
    fn members(&self, _collection: &str, _field: &str) -> Option<Vec<Scalar<'_>>> {
        None
    }
}

/// Whether a record matches; the error is the name of an unknown property.
pub(crate) fn matches(expression: &Expression, record: &dyn Record) -> Result<bool, String> {
    match expression {
        Expression::And(left, right) => Ok(matches(left, record)? & matches(right, record)?),
        Expression::Or(left, right) => Ok(matches(left, record)? | matches(right, record)?),
        Expression::Not(inner) => Ok(!matches(inner, record)?),
        Expression::Compare { path, comparison, literal } => {
            let value = record.field(path).ok_or_else(|| path.clone())?;
            Ok(compare(&value, *comparison, literal))
        }
        Expression::In { path, literals } => {
            let value = record.field(path).ok_or_else(|| path.clone())?;
            Ok(literals.iter().any(|literal| compare(&value, Comparison::Equal, literal)))
        }
        Expression::Any { collection, field, literal } => {
            let values = record.members(collection, field).ok_or_else(|| collection.clone())?;
            Ok(values.iter().any(|value| compare(value, Comparison::Equal, literal)))
        }
    }
}

/// The texts a field must be among, if the filter says so at its top: lets an index answer.
pub(crate) fn wanted(expression: &Expression, field: &str) -> Option<Vec<String>> {
    let text = |literal: &Literal| match literal {
        Literal::Text(text) => Some(text.clone()),
        Literal::Null | Literal::Bool(_) | Literal::Number(_) => None,
    };
    match expression {
        Expression::And(left, right) => wanted(left, field).or_else(|| wanted(right, field)),
        Expression::Compare { path, comparison: Comparison::Equal, literal } if path == field => {
            text(literal).map(|text| vec![text])
        }
        Expression::In { path, literals } if path == field => literals.iter().map(text).collect(),
        Expression::Or(..)
        | Expression::Not(_)
        | Expression::Compare { .. }
        | Expression::In { .. }
        | Expression::Any { .. } => None,
    }
}

fn compare(value: &Scalar<'_>, comparison: Comparison, literal: &Literal) -> bool {
    let order = match (value, literal) {
        (Scalar::Null, Literal::Null) => Some(Ordering::Equal),
        (Scalar::Bool(left), Literal::Bool(right)) => Some(left.cmp(right)),
        (Scalar::Number(left), Literal::Number(right)) => Some(left.cmp(right)),
        // A GUID of digits only reads as a number, and both services compare texts without regard to case.
        (Scalar::Text(left), Literal::Number(right)) => Some(left.as_ref().cmp(right.to_string().as_str())),
        (Scalar::Text(left), Literal::Text(right)) => return compare_texts(left, comparison, right),
        _ => None,
    };
    match comparison {
        Comparison::Equal => order == Some(Ordering::Equal),
        Comparison::NotEqual => order != Some(Ordering::Equal),
        Comparison::Less => order == Some(Ordering::Less),
        Comparison::LessOrEqual => matches!(order, Some(Ordering::Less | Ordering::Equal)),
        Comparison::Greater => order == Some(Ordering::Greater),
        Comparison::GreaterOrEqual => matches!(order, Some(Ordering::Greater | Ordering::Equal)),
        Comparison::StartsWith | Comparison::EndsWith | Comparison::Contains => false,
    }
}

fn compare_texts(left: &str, comparison: Comparison, right: &str) -> bool {
    let (left, right) = (left.to_lowercase(), right.to_lowercase());
    match comparison {
        Comparison::Equal => left == right,
        Comparison::NotEqual => left != right,
        Comparison::Less => left < right,
        Comparison::LessOrEqual => left <= right,
        Comparison::Greater => left > right,
        Comparison::GreaterOrEqual => left >= right,
        Comparison::StartsWith => left.starts_with(&right),
        Comparison::EndsWith => left.ends_with(&right),
        Comparison::Contains => left.contains(&right),
    }
}
