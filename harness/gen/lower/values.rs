//! Working out expressions, and turning values into what acts are made of.

use super::{LowerError, Lowered};
use crate::names;
use crate::plan::ast::CheckArg;
use crate::plan::expr::{Arg, Expr, Scope};
use crate::plan::value::Value;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;

/// The parameters of the case and the indices of the loops that are being written out.
pub(super) struct Values<'a> {
    bindings: &'a BTreeMap<String, Value>,
    indices: Vec<(String, i64)>,
}

impl Scope for Values<'_> {
    /// The innermost index hides an outer one and a parameter of its name.
    fn get(&self, name: &str) -> Option<Value> {
        let index = self.indices.iter().rev().find(|(known, _)| known == name);
        index.map(|(_, round)| Value::Int(*round)).or_else(|| self.bindings.get(name).cloned())
    }
}

impl<'a> Values<'a> {
    pub(super) fn new(bindings: &'a BTreeMap<String, Value>) -> Values<'a> {
        Values { bindings, indices: Vec::new() }
    }

    pub(super) fn bindings(&self) -> &'a BTreeMap<String, Value> {
        self.bindings
    }

    pub(super) fn enter(&mut self, index: &str, round: i64) {
        self.indices.push((index.to_owned(), round));
    }

    pub(super) fn leave(&mut self) {
        self.indices.pop();
    }

    /// The value of an expression.
    pub(super) fn value(&self, expr: &Expr) -> Lowered<Value> {
        expr.eval(self).map_err(LowerError::Invalid)
    }

    /// An integer that fits its place.
    pub(super) fn int<T: TryFrom<i64>>(&self, expr: &Expr) -> Lowered<T> {
        integer(&self.value(expr)?)
    }

    /// A text with the parameters in it put in, or the value of a parameter.
    pub(super) fn template(&self, arg: &Arg<String>) -> Lowered<String> {
        match arg {
            Arg::Lit(text) => self.name(text),
            Arg::Param(_) => self.bind(arg),
        }
    }

    /// The same where it may be absent.
    pub(super) fn optional<T: TryFrom<i64>>(&self, expr: Option<&Expr>) -> Lowered<Option<T>> {
        expr.map(|expr| self.int(expr)).transpose()
    }

    /// A condition.
    pub(super) fn holds(&self, expr: &Expr) -> Lowered<bool> {
        match self.value(expr)? {
            Value::Bool(holds) => Ok(holds),
            other => Err(LowerError::invalid(format!("true or false is wanted here, not the {} `{other}`", other.kind()))),
        }
    }

    /// Integers of a list, or one.
    pub(super) fn ints<T: TryFrom<i64>>(&self, expr: &Expr) -> Lowered<Vec<T>> {
        match self.value(expr)? {
            Value::List(members) => members.iter().map(integer).collect(),
            one => Ok(vec![integer(&one)?]),
        }
    }

    /// Text or bytes; numbers in decimal.
    pub(super) fn text(&self, expr: &Expr) -> Lowered<Value> {
        expr.eval_text(self).map(plain).map_err(LowerError::Invalid)
    }

    /// The bytes of a text.
    pub(super) fn bytes(&self, expr: &Expr) -> Lowered<Vec<u8>> {
        let value = self.text(expr)?;
        value.bytes().ok_or_else(|| LowerError::invalid(format!("text is wanted here, not the {} `{value}`", value.kind())))
    }

    /// A name with the parameters in it put in: `worker[$i]`, `turn-$i`.
    pub(super) fn name(&self, name: &str) -> Lowered<String> {
        if !name.contains('$') {
            return Ok(name.to_owned());
        }
        Ok(self.text(&Expr::Text(name.to_owned()))?.to_string())
    }

    /// Arguments: each a text; lists are spliced.
    pub(super) fn texts(&self, exprs: &[Expr]) -> Lowered<Vec<Value>> {
        let mut texts = Vec::with_capacity(exprs.len());
        for expr in exprs {
            match self.text(expr)? {
                Value::List(members) => texts.extend(members.into_iter().map(plain)),
                one => texts.push(one),
            }
        }
        Ok(texts)
    }

    /// A literal or the value of a parameter.
    pub(super) fn bind<T: Clone + DeserializeOwned>(&self, arg: &Arg<T>) -> Lowered<T> {
        arg.bind(self).map_err(LowerError::Invalid)
    }

    /// The same where it may be absent.
    pub(super) fn bind_optional<T: Clone + DeserializeOwned>(&self, arg: Option<&Arg<T>>) -> Lowered<Option<T>> {
        arg.map(|arg| self.bind(arg)).transpose()
    }

    /// The number of a signal.
    pub(super) fn signal(&self, arg: &Arg<String>) -> Lowered<(String, i32)> {
        let name = self.bind(arg)?;
        let number = signal_number(&name)?;
        Ok((name, number))
    }

    /// Numbers of the signals in a list; `$name` stands for a signal or a list of them.
    pub(super) fn signals(&self, names: &[String]) -> Lowered<Vec<i32>> {
        let mut numbers = Vec::new();
        for name in names {
            match self.text(&Expr::Text(name.clone()))? {
                Value::List(members) => {
                    for member in &members {
                        numbers.push(signal_number(&member.to_string())?);
                    }
                }
                one => numbers.push(signal_number(&one.to_string())?),
            }
        }
        Ok(numbers)
    }

    /// An argument of a requested property. Names (of actors, streams, objects) stay text; what has a `$` is worked out.
    pub(super) fn check_arg(&self, arg: &CheckArg) -> Lowered<Value> {
        match arg {
            CheckArg::One(expr) => self.check_value(expr),
            CheckArg::Many(exprs) => Ok(Value::List(exprs.iter().map(|expr| self.check_value(expr)).collect::<Lowered<_>>()?)),
        }
    }

    /// `4 * 50`, which is no name although no parameter is in it. A number alone may be one.
    fn sum(&self, expr: &Expr) -> Option<Value> {
        let operated = matches!(expr, Expr::Text(text) if text.contains(['+', '-', '*']));
        self.value(expr).ok().filter(|value| operated && value.int().is_some())
    }

    fn check_value(&self, expr: &Expr) -> Lowered<Value> {
        match expr {
            Expr::Text(text) if !text.contains('$') => Ok(self.sum(expr).unwrap_or_else(|| Value::Text(text.clone()))),
            Expr::Text(_) => self.value(expr).or_else(|error| self.text(expr).map_err(|_| error)),
            _ => self.value(expr),
        }
    }
}

fn signal_number(name: &str) -> Lowered<i32> {
    names::signal_number(name).ok_or_else(|| {
        if names::is_real_time(name) {
            LowerError::Unavailable(format!("this platform has no real-time signal {name}"))
        } else {
            LowerError::Unavailable(format!("this platform has no signal {name}"))
        }
    })
}

fn integer<T: TryFrom<i64>>(value: &Value) -> Lowered<T> {
    let Some(n) = value.int() else {
        return Err(LowerError::invalid(format!("an integer is wanted here, not the {} `{value}`", value.kind())));
    };
    T::try_from(n).map_err(|_| LowerError::invalid(format!("{n} is out of range here")))
}

/// Numbers and truth values as the text that an argument would hold.
fn plain(value: Value) -> Value {
    match value {
        Value::Int(_) | Value::Bool(_) => Value::Text(value.to_string()),
        other => other,
    }
}
