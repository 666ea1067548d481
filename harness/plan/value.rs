//! Values that parameters are bound to.
//!
//! A value must survive three trips unchanged: into a replay file (YAML), into a history (JSON) and into a subject request.
//! Bytes that are not UTF-8 have no spelling of their own in YAML or JSON, so they travel as `{hex: "ff00"}` everywhere.

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// One bound value.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, JsonSchema)]
#[schemars(untagged)]
pub enum Value {
    /// `true` or `false`.
    Bool(bool),
    /// A signed integer; counts, sizes in bytes, times in milliseconds.
    Int(i64),
    /// UTF-8 text.
    Text(String),
    /// Several values, in order.
    List(Vec<Value>),
    /// Bytes that are not UTF-8 (or must not be taken for text), two hexadecimal digits each.
    Hex {
        /// The digits, lower case, an even number of them.
        hex: String,
    },
}

/// The two spellings of a value: JSON and YAML tell the kinds apart by their looks, postcard only by a tag.
#[derive(Serialize, Deserialize)]
enum Tagged {
    Bool(bool),
    Int(i64),
    Text(String),
    List(Vec<Value>),
    Hex(String),
}

#[derive(Serialize, Deserialize)]
#[serde(untagged, expecting = "expected true, false, an integer, text, a list, or {hex: ...}")]
enum Untagged {
    Bool(bool),
    Int(i64),
    Text(String),
    List(Vec<Value>),
    Hex { hex: String },
}

macro_rules! spelling {
    ($name:ident, |$hex:ident| $make:expr, $take:pat) => {
        impl From<Value> for $name {
            fn from(value: Value) -> Self {
                match value {
                    Value::Bool(b) => $name::Bool(b),
                    Value::Int(n) => $name::Int(n),
                    Value::Text(text) => $name::Text(text),
                    Value::List(list) => $name::List(list),
                    Value::Hex { hex: $hex } => $make,
                }
            }
        }
        impl From<$name> for Value {
            fn from(spelt: $name) -> Self {
                match spelt {
                    $name::Bool(b) => Value::Bool(b),
                    $name::Int(n) => Value::Int(n),
                    $name::Text(text) => Value::Text(text),
                    $name::List(list) => Value::List(list),
                    $take => Value::Hex { hex: $hex },
                }
            }
        }
    };
}
spelling!(Tagged, |hex| Tagged::Hex(hex), Tagged::Hex(hex));
spelling!(Untagged, |hex| Untagged::Hex { hex }, Untagged::Hex { hex });

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            Untagged::from(self.clone()).serialize(serializer)
        } else {
            Tagged::from(self.clone()).serialize(serializer)
        }
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            Untagged::deserialize(deserializer).map(Value::from)
        } else {
            Tagged::deserialize(deserializer).map(Value::from)
        }
    }
}

impl Default for Value {
    fn default() -> Self {
        Value::Text(String::new())
    }
}

impl Value {
    /// The bytes of a text or hex value; `None` for the other kinds or for malformed digits.
    pub fn bytes(&self) -> Option<Vec<u8>> {
        match self {
            Value::Text(text) => Some(text.clone().into_bytes()),
            Value::Hex { hex } => unhex(hex),
            _ => None,
        }
    }

    /// Text where the bytes are UTF-8 without control characters other than newline and tab, hex otherwise.
    pub fn from_bytes(bytes: &[u8]) -> Value {
        match std::str::from_utf8(bytes) {
            Ok(text) if !text.chars().any(|c| c.is_control() && c != '\n' && c != '\t') => Value::Text(text.to_owned()),
            _ => Value::Hex { hex: hex(bytes) },
        }
    }

    /// The integer, or `None`.
    pub fn int(&self) -> Option<i64> {
        if let Value::Int(n) = self { Some(*n) } else { None }
    }

    /// The text, or `None`.
    pub fn text(&self) -> Option<&str> {
        if let Value::Text(text) = self { Some(text) } else { None }
    }

    /// The members of a list, or `None`.
    pub fn list(&self) -> Option<&[Value]> {
        if let Value::List(list) = self { Some(list) } else { None }
    }

    /// The word for the kind of this value, as diagnostics use it.
    pub fn kind(&self) -> &'static str {
        match self {
            Value::Bool(_) => "boolean",
            Value::Int(_) => "integer",
            Value::Text(_) => "text",
            Value::List(_) => "list",
            Value::Hex { .. } => "bytes",
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Bool(b) => write!(f, "{b}"),
            Value::Int(n) => write!(f, "{n}"),
            Value::Text(text) => f.write_str(text),
            Value::Hex { hex } => write!(f, "hex:{hex}"),
            Value::List(list) => {
                f.write_str("[")?;
                for (i, value) in list.iter().enumerate() {
                    if i > 0 {
                        f.write_str(", ")?;
                    }
                    write!(f, "{value}")?;
                }
                f.write_str("]")
            }
        }
    }
}

/// Two lower-case hexadecimal digits per byte.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// The inverse of [`hex`]; `None` for an odd number of digits or another character.
pub fn unhex(digits: &str) -> Option<Vec<u8>> {
    if !digits.is_ascii() || digits.len() % 2 != 0 {
        return None;
    }
    (0..digits.len()).step_by(2).map(|i| u8::from_str_radix(&digits[i..i + 2], 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_survive_the_trip() {
        for bytes in [&b"plain"[..], b"", b"\xff\x00", b"a\x01"] {
            assert_eq!(Value::from_bytes(bytes).bytes().as_deref(), Some(bytes));
        }
        assert_eq!(unhex("f"), None);
        assert_eq!(unhex("zz"), None);
    }
}
