//! x
#![allow(missing_docs)]
pub fn scenario() -> serde_json::Value { serde_json::Value::Null }
