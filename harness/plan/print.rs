//! [`Scenario`] → YAML that reads back as the same scenario. Replay files are printed with it.
//!
//! A small emitter and not a general one: it knows the reader's rule for plain scalars ([`super::de::meaning`]), so that text
//! which looks like a number is quoted and nothing else is, and it writes a step on one line where it fits.

use super::ast::Scenario;
use super::de::{Meaning, meaning};
use serde_json::Value as Json;
use std::fmt::Write;

/// Columns up to which a map or list stays on one line.
const WIDTH: usize = 110;

/// The scenario as YAML.
pub fn print(scenario: &Scenario) -> String {
    // Every part of a scenario has a JSON form: the types hold no map with keys other than text, and no floating point.
    let json = serde_json::to_value(scenario).unwrap_or_default();
    let mut out = String::new();
    let Json::Object(fields) = json else { return out };
    for (key, value) in &fields {
        entry(&mut out, key, value, 0);
    }
    out
}

/// `key: value` on lines of its own, the current line being indented already.
fn entry(out: &mut String, key: &str, value: &Json, indent: usize) {
    let key = scalar(key);
    if let Some(line) = one_line(value, indent + key.len()) {
        let _ = writeln!(out, "{key}: {line}");
        return;
    }
    let _ = writeln!(out, "{key}:");
    block(out, value, indent + 2);
}

fn block(out: &mut String, value: &Json, indent: usize) {
    match value {
        Json::Object(fields) => {
            for (key, value) in fields {
                pad(out, indent);
                entry(out, key, value, indent);
            }
        }
        Json::Array(items) => items.iter().for_each(|item| member(out, item, indent)),
        _ => {}
    }
}

fn member(out: &mut String, item: &Json, indent: usize) {
    pad(out, indent);
    out.push_str("- ");
    match item {
        Json::Object(fields) if fields.len() == 1 => fields.iter().for_each(|(key, value)| entry(out, key, value, indent + 2)),
        _ => match one_line(item, indent) {
            Some(line) => {
                let _ = writeln!(out, "{line}");
            }
            None => nested(out, item, indent + 2),
        },
    }
}

/// A long collection inside a list: its first entry stands behind the dash.
fn nested(out: &mut String, item: &Json, indent: usize) {
    let mut lines = String::new();
    block(&mut lines, item, indent);
    out.push_str(lines.get(indent..).unwrap_or_default());
}

fn pad(out: &mut String, indent: usize) {
    out.extend(std::iter::repeat_n(' ', indent));
}

/// The value on one line, when it is a scalar, or short and without steps of its own.
fn one_line(value: &Json, before: usize) -> Option<String> {
    let is_scalar = !matches!(value, Json::Object(_) | Json::Array(_));
    if !is_scalar && holds_steps(value) {
        return None;
    }
    let line = flow(value);
    let is_empty = line == "[]" || line == "{}";
    (is_scalar || is_empty || line.len() + before <= WIDTH).then_some(line)
}

fn holds_steps(value: &Json) -> bool {
    match value {
        Json::Object(fields) => {
            fields.iter().any(|(key, value)| key == "do" && value.as_array().is_some_and(|list| !list.is_empty()) || holds_steps(value))
        }
        Json::Array(items) => items.iter().any(holds_steps) || items.iter().any(|item| matches!(item, Json::Object(map) if map.len() == 1)),
        _ => false,
    }
}

fn flow(value: &Json) -> String {
    match value {
        Json::String(text) => scalar(text),
        Json::Array(items) => format!("[{}]", items.iter().map(flow).collect::<Vec<_>>().join(", ")),
        Json::Object(fields) => {
            let fields: Vec<String> = fields.iter().map(|(key, value)| format!("{}: {}", scalar(key), flow(value))).collect();
            format!("{{{}}}", fields.join(", "))
        }
        other => other.to_string(),
    }
}

/// Text as a scalar: plain where that reads back as the same text everywhere, otherwise in double quotes.
fn scalar(text: &str) -> String {
    let first = |c: char| c.is_ascii_alphanumeric() || matches!(c, '$' | '_' | '/');
    let inner =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, '$' | '_' | '/' | '.' | '*' | '=' | '<' | '>' | '+' | '-' | ' ' | '(' | ')');
    let plain = text.starts_with(first) && text.chars().all(inner) && !text.ends_with(' ') && meaning(text, true) == Meaning::Text;
    if plain { text.to_owned() } else { quoted(text) }
}

fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            ' '..='~' => out.push(c),
            _ if c.is_alphanumeric() => out.push(c),
            _ => {
                let _ = write!(out, "\\U{:08x}", u32::from(c));
            }
        }
    }
    out.push('"');
    out
}
