//! The expression language: integers, `$parameters`, `+ - *`, comparisons, `and`, `count(...)`, `load(...)`.
//!
//! It stays this small on purpose: anything more is a named property in Rust, with a test of its own.

use super::value::Value;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An expression as written. Parsing and evaluation are in this file; the text is kept, so that printing is the identity.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Expr {
    /// A literal integer.
    Int(i64),
    /// `true` or `false`.
    Bool(bool),
    /// Anything else, as text: `$workers * $times`.
    Text(String),
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
        let value = serde_json::Value::deserialize(deserializer)?;
        match value.as_str() {
            Some(text) if text.starts_with('$') => Ok(Arg::Param(text.to_owned())),
            _ => T::deserialize(value).map(Arg::Lit).map_err(serde::de::Error::custom),
        }
    }
}

impl<T: JsonSchema> JsonSchema for Arg<T> {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        format!("Arg_{}", T::schema_name()).into()
    }
    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let literal = generator.subschema_for::<T>();
        schemars::json_schema!({"anyOf": [literal, {"type": "string", "pattern": "^\\$[a-z][a-z0-9-]*$"}]})
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

impl Expr {
    /// Stand-in until the language part lands.
    pub fn eval(&self, scope: &dyn Scope) -> Result<Value, String> {
        match self {
            Expr::Int(n) => Ok(Value::Int(*n)),
            Expr::Bool(b) => Ok(Value::Bool(*b)),
            Expr::Text(text) => eval(text, scope),
        }
    }
    /// Stand-in until the language part lands.
    pub fn eval_text(&self, scope: &dyn Scope) -> Result<Value, String> {
        match self {
            Expr::Text(text) => match text.split_once('$') {
                Some(("", name)) => scope.get(name).ok_or_else(|| format!("no parameter `{name}`")),
                Some((before, rest)) => {
                    let end = rest.find(|c: char| !c.is_alphanumeric()).unwrap_or(rest.len());
                    let value = scope.get(&rest[..end]).ok_or("no parameter")?;
                    Ok(Value::Text(format!("{before}{value}{}", &rest[end..])))
                }
                None => Ok(Value::Text(text.clone())),
            },
            _ => self.eval(scope),
        }
    }
}

fn eval(text: &str, scope: &dyn Scope) -> Result<Value, String> {
    if let Some((a, b)) = text.split_once(" and ") {
        return Ok(Value::Bool(eval(a, scope)? == Value::Bool(true) && eval(b, scope)? == Value::Bool(true)));
    }
    for sign in [" == ", " != ", " <= ", " >= ", " + ", " - ", " * "] {
        if let Some((a, b)) = text.split_once(sign) {
            let (a, b) = (eval(a, scope)?, eval(b, scope)?);
            let int = |v: &Value| v.int().ok_or_else(|| format!("no integer {v}"));
            return Ok(match sign.trim() {
                "==" => Value::Bool(a == b),
                "!=" => Value::Bool(a != b),
                "<=" => Value::Bool(int(&a)? <= int(&b)?),
                ">=" => Value::Bool(int(&a)? >= int(&b)?),
                "+" => Value::Int(int(&a)? + int(&b)?),
                "-" => Value::Int(int(&a)? - int(&b)?),
                _ => Value::Int(int(&a)? * int(&b)?),
            });
        }
    }
    if let Some(name) = text.strip_prefix('$') {
        return scope.get(name).ok_or_else(|| format!("no parameter `{name}`"));
    }
    Ok(match (text, text.parse()) {
        ("true", _) => Value::Bool(true),
        ("false", _) => Value::Bool(false),
        (_, Ok(n)) => Value::Int(n),
        _ => Value::Text(text.to_owned()),
    })
}

impl<T: Clone + serde::de::DeserializeOwned> Arg<T> {
    /// Stand-in until the language part lands.
    pub fn bind(&self, scope: &dyn Scope) -> Result<T, String> {
        match self {
            Arg::Lit(value) => Ok(value.clone()),
            Arg::Param(name) => {
                let value = Expr::Text(name.clone()).eval(scope)?;
                serde_json::from_value(serde_json::to_value(value).map_err(|e| e.to_string())?).map_err(|e| e.to_string())
            }
        }
    }
}
