//! The JSON Schema of scenario files, for editors that complete and check while one types.

/// The schema, made from the types that the parser reads.
pub fn scenario() -> serde_json::Value {
    let mut schema = schemars::schema_for!(super::ast::Scenario).to_value();
    if let Some(fields) = schema.as_object_mut() {
        fields.insert("title".to_owned(), "childproof scenario".into());
    }
    schema
}
