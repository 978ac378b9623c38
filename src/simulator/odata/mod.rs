//! The parts of OData 4.0 that Graph and Dataverse share.

mod evaluate;
mod filter;
mod lexer;
mod order;

pub(crate) use evaluate::{Record, Scalar, matches, wanted};
pub(crate) use filter::{Comparison, Expression, Literal, parse};
pub(crate) use order::arrange;
