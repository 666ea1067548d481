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
        let _ = deserializer;
        Err(serde::de::Error::custom("not built"))
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
            Expr::Text(text) => match text.strip_prefix('$') {
                Some(name) => scope.get(name).ok_or_else(|| format!("no parameter `{name}`")),
                None => Ok(Value::Text(text.clone())),
            },
        }
    }
    /// Stand-in until the language part lands.
    pub fn eval_text(&self, scope: &dyn Scope) -> Result<Value, String> {
        self.eval(scope)
    }
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
