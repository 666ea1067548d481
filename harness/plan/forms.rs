//! Fields with a short and a long form: `close: p.read` or `close: {of: p.read, expect: ...}`.
//!
//! serde's untagged enums would do, but they buffer what they read, and with that lose every place inside it and every error
//! but "did not match any variant". These readers look at what is there and read it once.

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use std::fmt;
use std::marker::PhantomData;

/// What was found where several forms may stand.
pub enum Form<L, S = Never> {
    /// Nothing.
    Nothing,
    /// A boolean.
    Bool(bool),
    /// A number.
    Int(i64),
    /// Text.
    Text(String),
    /// A map.
    Long(L),
    /// A list.
    Many(S),
}

/// A form that is not there.
pub enum Never {}

impl<'de> Deserialize<'de> for Never {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Refuse)
    }
}

struct Refuse;

impl Visitor<'_> for Refuse {
    type Value = Never;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a single value")
    }
}

impl<L, S> Form<L, S> {
    /// The text of a scalar: where a name is meant, `5` and `true` are names too.
    pub fn into_text(self) -> Result<String, Self> {
        match self {
            Form::Text(text) => Ok(text),
            Form::Int(n) => Ok(n.to_string()),
            Form::Bool(b) => Ok(b.to_string()),
            other => Err(other),
        }
    }
}

/// Reads whichever form is there; `what` completes "expected ...".
pub fn read<'de, D: Deserializer<'de>, L: Deserialize<'de>, S: Deserialize<'de>>(
    deserializer: D,
    what: &'static str,
) -> Result<Form<L, S>, D::Error> {
    deserializer.deserialize_any(Forms { what, marker: PhantomData })
}

/// The error of a form that does not fit.
pub fn refuse<E: Error, L, S>(form: &Form<L, S>, what: &'static str) -> E {
    let found = match form {
        Form::Nothing => "nothing",
        Form::Bool(_) => "a boolean",
        Form::Int(_) => "a number",
        Form::Text(_) => "text",
        Form::Long(_) => "a map",
        Form::Many(_) => "a list",
    };
    E::custom(format!("expected {what}, found {found}"))
}

struct Forms<L, S> {
    what: &'static str,
    marker: PhantomData<(L, S)>,
}

impl<'de, L: Deserialize<'de>, S: Deserialize<'de>> Visitor<'de> for Forms<L, S> {
    type Value = Form<L, S>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.what)
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(Form::Nothing)
    }

    fn visit_bool<E: Error>(self, b: bool) -> Result<Self::Value, E> {
        Ok(Form::Bool(b))
    }

    fn visit_i64<E: Error>(self, n: i64) -> Result<Self::Value, E> {
        Ok(Form::Int(n))
    }

    fn visit_u64<E: Error>(self, n: u64) -> Result<Self::Value, E> {
        i64::try_from(n).map(Form::Int).map_err(|_| E::custom(format!("{n} is too large")))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Form::Text(text.to_owned()))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        L::deserialize(MapAccessDeserializer::new(map)).map(Form::Long)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Self::Value, A::Error> {
        S::deserialize(SeqAccessDeserializer::new(seq)).map(Form::Many)
    }
}

/// A type with a short form (a name) and a long form (a map).
macro_rules! short_or_long {
    ($type:ty, $what:literal, $short:expr, $long:expr) => {
        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                match $crate::plan::forms::read::<D, _, $crate::plan::forms::Never>(deserializer, $what)? {
                    $crate::plan::forms::Form::Long(long) => Ok($long(long)),
                    other => other.into_text().map($short).map_err(|other| $crate::plan::forms::refuse(&other, $what)),
                }
            }
        }
    };
}
pub(crate) use short_or_long;

/// One text or a list of them, as `error: EPIPE` and `error: [EACCES, EISDIR]`.
pub mod one_or_many {
    use super::{Form, read, refuse};
    use serde::{Deserializer, Serialize, Serializer};
    use std::collections::BTreeMap;

    /// A list, or the one text as a list of one.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
        match read::<D, BTreeMap<String, String>, Vec<String>>(deserializer, "a name or a list of names")? {
            Form::Many(list) => Ok(list),
            other @ (Form::Long(_) | Form::Nothing) => Err(refuse(&other, "a name or a list of names")),
            other => other.into_text().map(|text| vec![text]).map_err(|other| refuse(&other, "a name or a list of names")),
        }
    }

    /// The one text alone, or the list.
    pub fn serialize<S: Serializer>(list: &[String], serializer: S) -> Result<S::Ok, S::Error> {
        match list {
            [one] => one.serialize(serializer),
            _ => list.serialize(serializer),
        }
    }
}
