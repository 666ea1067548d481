//! Of which kind an expression's value is, as far as its parameters' domains tell.

use crate::plan::ast::Domain;
use crate::plan::formula::{Formula, Operator};
use crate::plan::value::Value;

/// A kind of value; `Any` where the domain leaves it open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sort {
    /// An integer.
    Int,
    /// `true` or `false`.
    Bool,
    /// Text or bytes.
    Text,
    /// A list.
    List,
    /// Not known before a case is drawn.
    Any,
}

impl std::fmt::Display for Sort {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Sort::Int => "an integer",
            Sort::Bool => "true or false",
            Sort::Text => "text",
            Sort::List => "a list",
            Sort::Any => "a value",
        })
    }
}

impl Sort {
    /// The kind of a value.
    pub fn of(value: &Value) -> Sort {
        match value {
            Value::Bool(_) => Sort::Bool,
            Value::Int(_) => Sort::Int,
            Value::Text(_) | Value::Hex { .. } => Sort::Text,
            Value::List(_) => Sort::List,
        }
    }

    /// The kind of a domain's values.
    pub fn of_domain(domain: &Domain) -> Sort {
        match domain {
            Domain::Int(_) => Sort::Int,
            Domain::Bool(_) => Sort::Bool,
            Domain::OneOf(values) => {
                let first = values.first().map_or(Sort::Any, Sort::of);
                if values.iter().all(|value| Sort::of(value) == first) { first } else { Sort::Any }
            }
            Domain::SubsetOf(_) | Domain::PermutationOf(_) | Domain::List { .. } => Sort::List,
            Domain::Bytes { .. } | Domain::NastyText { .. } => Sort::Text,
        }
    }

    /// Whether a value of this kind may stand where `wanted` is.
    pub fn fits(self, wanted: Sort) -> bool {
        self == Sort::Any || wanted == Sort::Any || self == wanted
    }
}

/// The kind of a formula's value, or what in it does not go together.
pub fn infer(formula: &Formula, param: &dyn Fn(&str) -> Sort) -> Result<Sort, String> {
    match formula {
        Formula::Literal(value) => Ok(Sort::of(value)),
        Formula::Param(name) => Ok(param(name)),
        Formula::Load(_) => Ok(Sort::Int),
        Formula::Not(inner) => need(inner, Sort::Bool, param).map(|()| Sort::Bool),
        Formula::Negative(inner) => need(inner, Sort::Int, param).map(|()| Sort::Int),
        Formula::Count(inner) => match infer(inner, param)? {
            Sort::List | Sort::Text | Sort::Any => Ok(Sort::Int),
            other => Err(format!("`count` takes a list or text, and `{inner}` is {other}")),
        },
        Formula::Binary(operator, left, right) => binary(*operator, left, right, param),
    }
}

fn need(formula: &Formula, wanted: Sort, param: &dyn Fn(&str) -> Sort) -> Result<(), String> {
    let found = infer(formula, param)?;
    if found.fits(wanted) { Ok(()) } else { Err(format!("`{formula}` is {found}, and {wanted} is needed there")) }
}

fn binary(operator: Operator, left: &Formula, right: &Formula, param: &dyn Fn(&str) -> Sort) -> Result<Sort, String> {
    let both = |wanted, result| need(left, wanted, param).and_then(|()| need(right, wanted, param)).map(|()| result);
    match operator {
        Operator::Add | Operator::Subtract | Operator::Multiply => both(Sort::Int, Sort::Int),
        Operator::Less | Operator::LessOrEqual | Operator::Greater | Operator::GreaterOrEqual => both(Sort::Int, Sort::Bool),
        Operator::And | Operator::Or => both(Sort::Bool, Sort::Bool),
        Operator::Has => need(left, Sort::List, param).and_then(|()| infer(right, param)).map(|_| Sort::Bool),
        Operator::Equal | Operator::Unequal => {
            let (first, second) = (infer(left, param)?, infer(right, param)?);
            if first.fits(second) {
                Ok(Sort::Bool)
            } else {
                Err(format!("`{left}` is {first} and `{right}` is {second}: they are never equal"))
            }
        }
    }
}
