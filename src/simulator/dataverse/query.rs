//! Query options (webapi/query/overview).

use super::annotations::Annotations;
use super::refusal::{refusal, unreadable};
use crate::simulator::odata::{self, Expression, Record, matches};
use crate::simulator::reply::Reply;
use crate::simulator::turn::Turn;

/// Most conditions in one query.
const CONDITIONS_MAX: usize = 500;
/// Longest URL of a GET outside a batch.
const URL_MAX: usize = 32_768;
/// Most rows on a page, and the most `@odata.count` shows.
pub(super) const PAGE_MAX: usize = 5000;

/// What a query asks for.
pub(super) struct Options {
    /// `$select`
    pub(super) select: Option<Vec<String>>,
    /// `$filter`
    pub(super) filter: Option<Expression>,
    /// `$expand`
    pub(super) expand: Vec<Expand>,
    /// `$top`
    pub(super) top: Option<usize>,
    /// `$count=true`
    pub(super) count: bool,
    /// `Prefer: odata.maxpagesize`
    pub(super) page_size: usize,
    /// Where the page begins.
    pub(super) from: usize,
    /// `$orderby`
    pub(super) order: Option<String>,
    /// `Prefer: odata.include-annotations`
    pub(super) annotations: Annotations,
}

/// One expanded relation.
pub(super) struct Expand {
    /// Its name.
    pub(super) name: String,
    /// Its `$select`.
    pub(super) select: Option<Vec<String>>,
}

/// Reads the options of a call.
pub(super) fn options(turn: &Turn<'_>) -> Result<Options, Reply> {
    let call = turn.call;
    if call.option("$skip").is_some() {
        return Err(unreadable("The query parameter $skip is not supported."));
    }
    // Rows that were not asked for would be worse than none (the page of status codes knows 501 for this).
    let beyond = ["fetchXml", "savedQuery", "userQuery", "$apply"];
    if let Some(name) = beyond.iter().find(|name| call.option(name).is_some()) {
        return Err(refusal(501, "", &format!("The query parameter {name} is not implemented.")));
    }
    let length: usize = call.query.iter().map(|(name, value)| name.len() + value.len() + 2).sum();
    if length + call.path.len() > URL_MAX {
        return Err(Reply::empty(414));
    }
    let filter = match call.option("$filter") {
        None => None,
        Some(text) => {
            let alias = |name: &str| call.option(name).map(str::to_owned);
            let filter = odata::parse(text, &alias).map_err(|error| unreadable(&error))?;
            if conditions(&filter) > CONDITIONS_MAX {
                let text = "Number of conditions in query exceeded maximum limit.";
                return Err(refusal(400, "0x8004430C", text));
            }
            Some(filter)
        }
    };
    let prefer = call.headers.get_all("prefer").iter().filter_map(|value| value.to_str().ok());
    let page_size = prefer
        .flat_map(|value| value.split([',', ';']))
        .filter_map(|part| part.trim().strip_prefix("odata.maxpagesize="))
        .find_map(|size| size.trim_matches('"').parse().ok())
        .unwrap_or(PAGE_MAX);
    let top = call.option("$top").map(|text| text.parse().map_err(|_| unreadable("Invalid value for $top.")));
    Ok(Options {
        select: call.option("$select").filter(|text| !text.is_empty()).map(names),
        filter,
        expand: call.option("$expand").map(expands).transpose()?.unwrap_or_default(),
        top: top.transpose()?,
        count: call.option("$count") == Some("true"),
        page_size: page_size.clamp(1, PAGE_MAX),
        from: call.option("$skiptoken").and_then(|token| token.parse().ok()).unwrap_or(0),
        order: call.option("$orderby").map(str::to_owned),
        annotations: Annotations::of(call),
    })
}

/// Whether a record is wanted.
pub(super) fn fits(options: &Options, record: &dyn Record, entity: &str) -> Result<bool, Reply> {
    match &options.filter {
        Some(filter) => matches(filter, record).map_err(|name| super::view::unknown(entity, &name)),
        None => Ok(true),
    }
}

/// Conditions of a filter. Whether each value of In() counts is UNCONFIRMED; here it does, which is the stricter reading.
fn conditions(filter: &Expression) -> usize {
    match filter {
        Expression::And(left, right) | Expression::Or(left, right) => conditions(left) + conditions(right),
        Expression::Not(inner) => conditions(inner),
        Expression::In { literals, .. } => literals.len(),
        Expression::Compare { .. } | Expression::Any { .. } => 1,
    }
}

fn names(text: &str) -> Vec<String> {
    text.split(',').map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect()
}

/// `a($select=x,y;$top=1),b` split at the commas outside parentheses.
fn expands(text: &str) -> Result<Vec<Expand>, Reply> {
    let mut expands = Vec::new();
    let mut depth = 0i32;
    let mut start = 0;
    let ends = text.char_indices().chain([(text.len(), ',')]);
    for (at, character) in ends {
        match character {
            '(' => depth += 1,
            ')' => depth -= 1,
            ',' if depth == 0 => {
                expands.push(expand(text[start..at].trim()));
                start = at + 1;
            }
            _ => {}
        }
    }
    if depth != 0 {
        return Err(unreadable("The $expand is not balanced."));
    }
    Ok(expands)
}

fn expand(text: &str) -> Expand {
    let (name, inner) = text.split_once('(').unwrap_or((text, ""));
    let inner = inner.strip_suffix(')').unwrap_or(inner);
    let select = inner.split(';').find_map(|option| option.trim().strip_prefix("$select=")).map(names);
    Expand { name: name.to_owned(), select }
}
