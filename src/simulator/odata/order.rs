//! `$orderby`.

use std::cmp::Ordering;

use super::{Record, Scalar};

/// Puts records in the order of `a,b desc`; the error is the name of an unknown property.
pub(crate) fn arrange<R: Record + ?Sized>(records: &mut [&R], text: &str) -> Result<(), String> {
    let keys: Vec<(&str, bool)> = text
        .split(',')
        .filter_map(|key| {
            let mut words = key.split_whitespace();
            Some((words.next()?, words.next().is_some_and(|way| way.eq_ignore_ascii_case("desc"))))
        })
        .collect();
    for (name, _) in &keys {
        if records.first().is_some_and(|record| record.field(name).is_none()) {
            return Err((*name).to_owned());
        }
    }
    records.sort_by(|left, right| {
        let by_key = |(name, falls): &(&str, bool)| {
            let order = compared(left.field(name), right.field(name));
            if *falls { order.reverse() } else { order }
        };
        keys.iter().map(by_key).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
    });
    Ok(())
}

/// Nothing comes first; texts are compared without regard to case.
fn compared(left: Option<Scalar<'_>>, right: Option<Scalar<'_>>) -> Ordering {
    let rank = |value: &Option<Scalar<'_>>| match value {
        None | Some(Scalar::Null) => 0,
        Some(Scalar::Bool(_)) => 1,
        Some(Scalar::Number(_)) => 2,
        Some(Scalar::Text(_)) => 3,
    };
    match (&left, &right) {
        (Some(Scalar::Bool(left)), Some(Scalar::Bool(right))) => left.cmp(right),
        (Some(Scalar::Number(left)), Some(Scalar::Number(right))) => left.cmp(right),
        (Some(Scalar::Text(left)), Some(Scalar::Text(right))) => {
            left.to_lowercase().cmp(&right.to_lowercase())
        }
        _ => rank(&left).cmp(&rank(&right)),
    }
}
