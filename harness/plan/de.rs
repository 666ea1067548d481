//! From the tree to typed values: a serde `Deserializer` over [`Node`] whose errors know where they are.
//!
//! serde stops at the first error, and a visitor cannot be asked twice. So reading is done in rounds: an error names the
//! smallest node that it spoils (a field, a member of a list), the node is put aside, and the whole is read again without it,
//! until nothing is left to complain about. Each round finds one problem; a file of the largest size takes milliseconds a round.

use super::diagnostic::{Problem, Span, suggest};
use super::node::{Kind, Node};
use serde::de::value::StrDeserializer;
use serde::de::{self, DeserializeOwned, DeserializeSeed, Deserializer, EnumAccess, MapAccess, SeqAccess, VariantAccess, Visitor};
use std::collections::HashSet;
use std::fmt;

/// Rounds after which no more problems are looked for.
const ROUNDS: usize = 60;

/// Reads a typed value out of a tree, or says everything that is wrong with it.
pub fn read<T: DeserializeOwned>(root: &Node) -> Result<T, Vec<Problem>> {
    let mut aside = HashSet::new();
    let mut problems = Vec::new();
    for _ in 0..ROUNDS {
        match T::deserialize(Reader { node: root, aside: &aside }) {
            Ok(value) if problems.is_empty() => return Ok(value),
            Ok(_) => break,
            Err(error) => {
                let (spoiled, span) = error.at.unwrap_or((root.id, root.span));
                if !error.silent {
                    problems.push(Problem { message: error.message, span, label: None, help: error.help });
                }
                if spoiled == root.id || !aside.insert(spoiled) {
                    break;
                }
            }
        }
    }
    Err(problems)
}

/// What went wrong, and from the innermost node on also where.
#[derive(Debug)]
pub struct Error {
    message: String,
    help: Option<String>,
    at: Option<(usize, Span)>,
    /// Something is missing or too short, which follows from an earlier problem when a part was put aside.
    lack: bool,
    silent: bool,
}

impl Error {
    fn new(message: impl Into<String>, help: impl Into<String>) -> Error {
        let help = help.into();
        Error { message: message.into(), help: (!help.is_empty()).then_some(help), at: None, lack: false, silent: false }
    }

    fn within(mut self, spoiled: usize, span: Span) -> Error {
        self.at = self.at.or(Some((spoiled, span)));
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

impl de::Error for Error {
    /// A message may carry its advice after a newline: serde has one text for both.
    fn custom<T: fmt::Display>(message: T) -> Self {
        let message = message.to_string();
        let (message, help) = message.split_once("\nhelp: ").unwrap_or((&message, ""));
        Error::new(message, help)
    }

    fn invalid_type(unexpected: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Error::new(format!("expected {}, found {}", plainly(&expected.to_string()), found(unexpected)), "")
    }

    fn invalid_value(unexpected: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Error::new(format!("expected {}, found {}", plainly(&expected.to_string()), found(unexpected)), "")
    }

    fn invalid_length(length: usize, expected: &dyn de::Expected) -> Self {
        Error { lack: true, ..Error::new(format!("expected {}, found {length} of them", plainly(&expected.to_string())), "") }
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        Error::new(format!("there is no field `{field}` here"), suggest(field, expected.iter().copied()))
    }

    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        Error::new(format!("`{variant}` is not known here"), suggest(variant, expected.iter().copied()))
    }

    fn missing_field(field: &'static str) -> Self {
        Error { lack: true, ..Error::new(format!("the field `{field}` is missing"), format!("add `{field}:`")) }
    }
}

/// serde's words for Rust types in the words of the language.
fn plainly(expected: &str) -> String {
    let words = [("a string", "text"), ("a boolean", "true or false"), ("a sequence", "a list"), ("a map", "a map of fields")];
    if let Some((_, plain)) = words.iter().find(|(rust, _)| *rust == expected) {
        return (*plain).to_owned();
    }
    match expected {
        "u8" => "a number from 0 to 255".to_owned(),
        "u32" | "u64" => "a number, not below 0".to_owned(),
        "i32" | "i64" => "a number".to_owned(),
        _ if expected.starts_with("struct ") => "a map of fields".to_owned(),
        _ if expected.starts_with("tuple struct ") => {
            expected.split_once(" with ").map_or("a list".to_owned(), |(_, count)| format!("a list of {count}"))
        }
        _ => expected.to_owned(),
    }
}

fn found(unexpected: de::Unexpected<'_>) -> String {
    match unexpected {
        de::Unexpected::Str(text) => format!("the text `{text}`"),
        de::Unexpected::Bool(b) => format!("`{b}`"),
        de::Unexpected::Signed(n) => format!("the number {n}"),
        de::Unexpected::Unit => "nothing".to_owned(),
        de::Unexpected::Seq => "a list".to_owned(),
        de::Unexpected::Map => "a map".to_owned(),
        other => other.to_string(),
    }
}

#[derive(Clone, Copy)]
struct Reader<'a> {
    node: &'a Node,
    aside: &'a HashSet<usize>,
}

impl<'a> Reader<'a> {
    fn on(self, node: &'a Node) -> Reader<'a> {
        Reader { node, ..self }
    }

    fn is_aside(self, node: &Node) -> bool {
        self.aside.contains(&node.id)
    }

    /// An error of this node itself; silent when a part of it was put aside and something is now lacking.
    fn place(self, mut error: Error) -> Error {
        if error.at.is_none() {
            error.silent |= error.lack && self.is_spoiled();
            error.at = Some((self.node.id, self.node.span));
        }
        error
    }

    fn is_spoiled(self) -> bool {
        match &self.node.kind {
            Kind::Scalar { .. } => false,
            Kind::List(items) => items.iter().any(|item| self.is_aside(item)),
            Kind::Map(entries) => entries.iter().any(|(key, value)| self.is_aside(key) || self.is_aside(value)),
        }
    }

    fn seq<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Error> {
        match &self.node.kind {
            Kind::List(items) => visitor.visit_seq(Items { reader: self, rest: items.iter() }),
            _ => self.any(visitor),
        }
    }

    fn any<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Error> {
        match &self.node.kind {
            Kind::List(_) => self.seq(visitor),
            Kind::Map(entries) => visitor.visit_map(Entries { reader: self, rest: entries.iter(), value: None }),
            Kind::Scalar { text, plain } => match meaning(text, *plain) {
                Meaning::Nothing => visitor.visit_unit(),
                Meaning::Bool(b) => visitor.visit_bool(b),
                Meaning::Int(n) => visitor.visit_i64(n),
                Meaning::Text => visitor.visit_str(text),
            },
        }
    }

    fn text<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Error> {
        match &self.node.kind {
            Kind::Scalar { text, .. } if !self.node.is_empty() => visitor.visit_str(text),
            _ => self.any(visitor),
        }
    }
}

/// What a scalar stands for where the reader does not insist on text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// Nothing was written, or `~`, or `null`.
    Nothing,
    /// `true` or `false`, and no other spelling.
    Bool(bool),
    /// A decimal number as Rust prints it; `007` and `1.0` are text.
    Int(i64),
    /// Text.
    Text,
}

/// The meaning of a scalar. The printer quotes by the same rule.
pub fn meaning(text: &str, plain: bool) -> Meaning {
    match text {
        _ if !plain => Meaning::Text,
        "" | "~" | "null" => Meaning::Nothing,
        "true" => Meaning::Bool(true),
        "false" => Meaning::Bool(false),
        _ => match text.parse::<i64>() {
            Ok(n) if n.to_string() == text => Meaning::Int(n),
            _ => Meaning::Text,
        },
    }
}

impl<'de> Deserializer<'de> for Reader<'de> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.any(visitor).map_err(|error| self.place(error))
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.text(visitor).map_err(|error| self.place(error))
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_str(visitor)
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(self, _: &'static str, _: &'static [&'static str], visitor: V) -> Result<V::Value, Error> {
        let result = match &self.node.kind {
            Kind::Map(entries) if entries.len() == 1 => {
                let (key, value) = &entries[0];
                if self.is_aside(key) || self.is_aside(value) {
                    Err(Error { silent: true, ..Error::new("", "") })
                } else {
                    visitor.visit_enum(Variant { reader: self, name: key, value: Some(value) })
                }
            }
            Kind::Map(entries) => Err(several(entries)),
            Kind::Scalar { .. } if !self.node.is_empty() => visitor.visit_enum(Variant { reader: self, name: self.node, value: None }),
            Kind::Scalar { .. } => Err(Error::new("nothing is written here", "write `keyword: ...`")),
            Kind::List(_) => Err(Error::new("expected a map with one key, found a list", "write `keyword: ...`")),
        };
        result.map_err(|error| self.place(error))
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char bytes byte_buf unit unit_struct seq tuple tuple_struct map
        struct ignored_any
    }
}

/// A map with more than one key where one keyword belongs; mostly an indentation that was forgotten.
fn several(entries: &[(Node, Node)]) -> Error {
    let Some((first, _)) = entries.first() else { return Error::new("this map is empty", "write `keyword: ...`") };
    let names: Vec<String> = entries.iter().filter_map(|(key, _)| key.text()).map(|key| format!("`{key}`")).collect();
    let keyword = first.text().unwrap_or("keyword");
    let help = format!("one keyword each; indent what belongs to `{keyword}` below it, or write `{keyword}: {{...}}`");
    Error::new(format!("one keyword belongs here, found {}", names.join(", ")), help)
}

struct Items<'a> {
    reader: Reader<'a>,
    rest: std::slice::Iter<'a, Node>,
}

impl<'a> SeqAccess<'a> for Items<'a> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'a>>(&mut self, seed: T) -> Result<Option<T::Value>, Error> {
        let reader = self.reader;
        match self.rest.by_ref().find(|item| !reader.is_aside(item)) {
            Some(item) => seed.deserialize(reader.on(item)).map(Some).map_err(|error| error.within(item.id, item.span)),
            None => Ok(None),
        }
    }
}

struct Entries<'a> {
    reader: Reader<'a>,
    rest: std::slice::Iter<'a, (Node, Node)>,
    value: Option<&'a Node>,
}

impl<'a> MapAccess<'a> for Entries<'a> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'a>>(&mut self, seed: K) -> Result<Option<K::Value>, Error> {
        let reader = self.reader;
        let Some((key, value)) = self.rest.by_ref().find(|(key, value)| !reader.is_aside(key) && !reader.is_aside(value)) else {
            return Ok(None);
        };
        self.value = Some(value);
        seed.deserialize(reader.on(key)).map(Some).map_err(|error| error.within(key.id, key.span))
    }

    fn next_value_seed<V: DeserializeSeed<'a>>(&mut self, seed: V) -> Result<V::Value, Error> {
        let value = self.value.take().unwrap_or(self.reader.node);
        seed.deserialize(self.reader.on(value)).map_err(|error| error.within(value.id, value.span))
    }
}

struct Variant<'a> {
    reader: Reader<'a>,
    name: &'a Node,
    value: Option<&'a Node>,
}

impl<'a> EnumAccess<'a> for Variant<'a> {
    type Error = Error;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'a>>(self, seed: V) -> Result<(V::Value, Self), Error> {
        let name: StrDeserializer<'_, Error> = StrDeserializer::new(self.name.text().unwrap_or_default());
        let value = seed.deserialize(name).map_err(|error| error.within(self.name.id, self.name.span))?;
        Ok((value, self))
    }
}

impl<'a> Variant<'a> {
    fn inner(&self) -> Result<Reader<'a>, Error> {
        let name = self.name.text().unwrap_or_default();
        let value = self.value.ok_or_else(|| Error::new(format!("`{name}` says too little"), format!("write `{name}: ...`")))?;
        Ok(self.reader.on(value))
    }
}

impl<'a> VariantAccess<'a> for Variant<'a> {
    type Error = Error;

    fn unit_variant(self) -> Result<(), Error> {
        match self.value {
            None => Ok(()),
            Some(value) => {
                Err(Error::new(format!("`{}` stands alone", self.name.text().unwrap_or_default()), "").within(value.id, value.span))
            }
        }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'a>>(self, seed: T) -> Result<T::Value, Error> {
        let inner = self.inner()?;
        seed.deserialize(inner).map_err(|error| error.within(inner.node.id, inner.node.span))
    }

    fn tuple_variant<V: Visitor<'a>>(self, _: usize, visitor: V) -> Result<V::Value, Error> {
        self.inner()?.deserialize_any(visitor)
    }

    fn struct_variant<V: Visitor<'a>>(self, _: &'static [&'static str], visitor: V) -> Result<V::Value, Error> {
        self.inner()?.deserialize_any(visitor)
    }
}
