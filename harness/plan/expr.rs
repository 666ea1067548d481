//! The expression language: integers, `$parameters`, `+ - *`, comparisons, `and`, `count(...)`, `load(...)`.
//!
//! It stays this small on purpose: anything more is a named property in Rust, with a test of its own. The grammar is in
//! [`super::formula`]; here is what a scenario holds: the text as written, so that printing is the identity.

use super::forms::{self, Form, Never};
use super::formula::{self, Formula, Malformed};
use super::value::Value;
use schemars::JsonSchema;
use serde::de::value::{BoolDeserializer, I64Deserializer, StringDeserializer};
use serde::{Deserialize, Serialize};

/// An expression as written.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Expr {
    /// A literal integer.
    Int(i64),
    /// `true` or `false`.
    Bool(bool),
    /// Anything else, as text: `$workers * $times`.
    Text(String),
}

const EXPR: &str = "a number, true, false, or an expression";

impl<'de> Deserialize<'de> for Expr {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match forms::read::<D, Never, Never>(deserializer, EXPR)? {
            Form::Int(n) => Ok(Expr::Int(n)),
            Form::Bool(b) => Ok(Expr::Bool(b)),
            Form::Text(text) => Ok(Expr::Text(text)),
            other => Err(forms::refuse(&other, EXPR)),
        }
    }
}

impl Default for Expr {
    fn default() -> Self {
        Expr::Int(0)
    }
}

impl Expr {
    /// The parsed form.
    ///
    /// # Errors
    /// What is wrong with the text, and at which byte.
    pub fn formula(&self) -> Result<Formula, Malformed> {
        match self {
            Expr::Int(n) => Ok(Formula::Literal(Value::Int(*n))),
            Expr::Bool(b) => Ok(Formula::Literal(Value::Bool(*b))),
            Expr::Text(text) => formula::parse(text),
        }
    }

    /// The value, where an expression is meant: a count, a condition.
    ///
    /// # Errors
    /// Malformed text, an unknown parameter, a value of the wrong kind, an overflow.
    pub fn eval(&self, scope: &dyn Scope) -> Result<Value, String> {
        let formula = self.formula().map_err(|wrong| wrong.message)?;
        formula.eval(scope)
    }

    /// The value, where text is meant: an argument, a content. A lone `$name` is the parameter's value of whatever kind;
    /// otherwise `$name` and `${name}` within the text are replaced, and `$$` is a dollar sign.
    ///
    /// # Errors
    /// An unknown parameter, or a list in the midst of text.
    pub fn eval_text(&self, scope: &dyn Scope) -> Result<Value, String> {
        let text = match self {
            Expr::Int(n) => return Ok(Value::Int(*n)),
            Expr::Bool(b) => return Ok(Value::Bool(*b)),
            Expr::Text(text) => text,
        };
        let pieces = pieces(text);
        match pieces.as_slice() {
            [Piece::Param(name)] => lookup(scope, name),
            _ => interpolate(&pieces, scope),
        }
    }

    /// The names of all parameters, as an expression where it is one, otherwise as text.
    pub fn params(&self) -> Vec<String> {
        match (self, self.formula()) {
            (_, Ok(formula)) => {
                let mut names = Vec::new();
                formula.params(&mut |name| names.push(name.to_owned()));
                names
            }
            (Expr::Text(text), Err(_)) => text_params(text),
            _ => Vec::new(),
        }
    }
}

fn lookup(scope: &dyn Scope, name: &str) -> Result<Value, String> {
    scope.get(name).ok_or_else(|| format!("there is no parameter `${name}`"))
}

/// A piece of a text with parameters in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    /// As it is.
    Plain(&'a str),
    /// `$name` or `${name}`.
    Param(&'a str),
}

/// Cuts a text at its parameters. Parameters begin with a lower-case letter, so `$HOME` stays as it is, and so does `$5`.
pub fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut found = Vec::new();
    let (mut plain, mut from) = (0, 0);
    while let Some(at) = text[from..].find('$').map(|at| from + at) {
        let rest = &text[at + 1..];
        let (name, length) = match reference(rest) {
            Some(found) => found,
            None => {
                // `$$` stands for one dollar sign: the first is kept as text, the second is dropped.
                let doubled = rest.starts_with('$');
                from = at + 1 + usize::from(doubled);
                if doubled {
                    found.push(Piece::Plain(&text[plain..=at]));
                    plain = from;
                }
                continue;
            }
        };
        if plain < at {
            found.push(Piece::Plain(&text[plain..at]));
        }
        found.push(Piece::Param(name));
        plain = at + 1 + length;
        from = plain;
    }
    if plain < text.len() || found.is_empty() {
        found.push(Piece::Plain(&text[plain..]));
    }
    found
}

/// Name and length of `name` or `{name}` at the start of `rest`.
fn reference(rest: &str) -> Option<(&str, usize)> {
    let braced = rest.starts_with('{');
    let inner = &rest[usize::from(braced)..];
    let length = formula::name_length(inner);
    if length == 0 || !inner.starts_with(|c: char| c.is_ascii_lowercase()) {
        return None;
    }
    match (braced, inner[length..].starts_with('}')) {
        (false, _) => Some((&inner[..length], length)),
        (true, true) => Some((&inner[..length], length + 2)),
        (true, false) => None,
    }
}

/// The names of the parameters in a text.
pub fn text_params(text: &str) -> Vec<String> {
    let name = |piece| if let Piece::Param(name) = piece { Some(str::to_owned(name)) } else { None };
    pieces(text).into_iter().filter_map(name).collect()
}

/// A text with its parameters put in: the form of names such as `worker[$i]`.
///
/// # Errors
/// An unknown parameter, or one whose value is a list or bytes that are not UTF-8.
pub fn fill(text: &str, scope: &dyn Scope) -> Result<String, String> {
    match interpolate(&pieces(text), scope)? {
        Value::Text(text) => Ok(text),
        other => Err(format!("expected text, found the {} `{other}`", other.kind())),
    }
}

fn interpolate(pieces: &[Piece<'_>], scope: &dyn Scope) -> Result<Value, String> {
    let mut bytes = Vec::new();
    for piece in pieces {
        match piece {
            Piece::Plain(text) => bytes.extend_from_slice(text.as_bytes()),
            Piece::Param(name) => match lookup(scope, name)? {
                list @ Value::List(_) => return Err(format!("the list `${name}` = {list} cannot stand within text")),
                value => bytes.extend(value.bytes().unwrap_or_else(|| value.to_string().into_bytes())),
            },
        }
    }
    Ok(String::from_utf8(bytes).map_or_else(|error| Value::from_bytes(error.as_bytes()), Value::Text))
}

/// Either a literal of type `T` or a whole-value parameter reference `$name`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(untagged)]
pub enum Arg<T> {
    /// Written out.
    Lit(T),
    /// `$name`, the dollar sign included.
    Param(String),
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Arg<T> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        const WHAT: &str = "a value or a parameter";
        let text = |text: String| T::deserialize(StringDeserializer::<D::Error>::new(text));
        // Where `T` is text, `5` and `true` are texts; where it is not, they are what they look like.
        let literal = match forms::read::<D, Never, Never>(deserializer, WHAT)? {
            Form::Text(name) if name.starts_with('$') => return Ok(Arg::Param(name)),
            Form::Text(literal) => text(literal),
            Form::Int(n) => T::deserialize(I64Deserializer::<D::Error>::new(n)).or_else(|_| text(n.to_string())),
            Form::Bool(b) => T::deserialize(BoolDeserializer::<D::Error>::new(b)).or_else(|_| text(b.to_string())),
            other => Err(forms::refuse(&other, WHAT)),
        };
        literal.map(Arg::Lit)
    }
}

impl<T: Deserialize<'static> + Clone> Arg<T> {
    /// The literal, or the parameter's value as a `T`.
    ///
    /// # Errors
    /// An unknown parameter, or a value of another kind.
    pub fn bind(&self, scope: &dyn Scope) -> Result<T, String> {
        let name = match self {
            Arg::Lit(value) => return Ok(value.clone()),
            Arg::Param(name) => name.strip_prefix('$').unwrap_or(name),
        };
        let value = lookup(scope, name)?;
        let bound: Result<T, serde::de::value::Error> = match &value {
            Value::Bool(b) => T::deserialize(BoolDeserializer::new(*b)),
            Value::Int(n) => T::deserialize(I64Deserializer::new(*n)),
            Value::Text(text) => T::deserialize(StringDeserializer::new(text.clone())),
            _ => return Err(format!("`${name}` is a {} and does not fit here", value.kind())),
        };
        bound.map_err(|_| format!("`${name}` is the {} `{value}`, which does not fit here", value.kind()))
    }
}

impl<T: JsonSchema> JsonSchema for Arg<T> {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        format!("Arg_{}", T::schema_name()).into()
    }
    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let literal = generator.subschema_for::<T>();
        schemars::json_schema!({"anyOf": [literal, {"type": "string", "pattern": "^\\$[a-z][a-z0-9_-]*$"}]})
    }
}

/// Where expressions find the values of parameters and loop indices.
pub trait Scope {
    /// The value of `$name` (without the dollar sign).
    fn get(&self, name: &str) -> Option<Value>;
}

impl Scope for std::collections::BTreeMap<String, Value> {
    fn get(&self, name: &str) -> Option<Value> {
        std::collections::BTreeMap::get(self, name).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn text(text: &str) -> Result<Value, String> {
        let list = Value::List(vec![Value::Int(1)]);
        let scope =
            BTreeMap::from([("i".to_owned(), Value::Int(3)), ("raw".to_owned(), Value::from_bytes(b"\xff")), ("list".to_owned(), list)]);
        Expr::Text(text.to_owned()).eval_text(&scope)
    }

    #[test]
    fn parameters_are_put_into_text() {
        for (written, meant) in [("no $i, ${i}x", "no 3, 3x"), ("$HOME $5 $$i", "$HOME $5 $i"), ("", ""), ("a$", "a$"), ("${i", "${i")] {
            assert_eq!(text(written), Ok(Value::Text(meant.to_owned())), "{written}");
        }
        assert_eq!(text("$i"), Ok(Value::Int(3)));
        assert_eq!(text("a$raw").unwrap().bytes().unwrap(), b"a\xff");
        assert!(text("a $list").is_err() && text("$list").is_ok() && text("$gone").is_err());
    }

    #[test]
    fn an_argument_is_bound_to_its_type() {
        let scope = BTreeMap::from([("flag".to_owned(), Value::Bool(true)), ("n".to_owned(), Value::Int(5))]);
        assert_eq!(Arg::<bool>::Param("$flag".into()).bind(&scope), Ok(true));
        assert!(Arg::<bool>::Param("$n".into()).bind(&scope).is_err());
        assert_eq!(serde_json::from_str::<Arg<String>>("5").unwrap(), Arg::Lit("5".to_owned()));
        assert_eq!(serde_json::from_str::<Arg<String>>("\"$n\"").unwrap(), Arg::Param("$n".to_owned()));
    }
}
