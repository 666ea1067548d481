//! The published schema of the protocol, made from the same types that read it.

use super::message::{HelloLine, Reply, Request};
use schemars::{JsonSchema, generate::SchemaSettings};
use serde::Serialize;

/// One line of either direction.
#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
#[schemars(title = "childproof subject protocol 1.1", description = "One line, in either direction: a JSON object of one of these forms.")]
#[expect(dead_code, reason = "it is never built: only its schema is wanted")]
enum Line {
    /// The adapter's first line.
    Hello(HelloLine),
    /// From childproof to the adapter.
    Request(Request),
    /// From the adapter to childproof.
    Reply(Reply),
}

/// JSON Schema (draft 2020-12) of every line of the protocol.
pub fn protocol() -> serde_json::Value {
    SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<Line>().to_value()
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_schema_names_every_operation() {
        let text = super::protocol().to_string();
        for operation in crate::wire::codec::OPERATIONS {
            assert!(text.contains(&format!("\"{operation}\"")), "{operation}");
        }
    }
}
