//! OpenAPI 3.0 schemas as JSON Schema.

use serde_json::{Map, Value, json};

/// The same document with JSON Schema's words: `nullable` becomes a type, and an object has the properties that are
/// described and annotations (`@odata.…`), no others.
pub(super) fn as_json_schema(value: Value) -> Value {
    match value {
        Value::Array(items) => items.into_iter().map(as_json_schema).collect(),
        Value::Object(fields) => {
            // A reference stands alone in OpenAPI 3.0; what is beside it says nothing.
            if let Some(Value::String(target)) = fields.get("$ref") {
                return json!({ "$ref": target });
            }
            let fields: Map<_, _> = fields
                .into_iter()
                .map(|(key, value)| {
                    let value = as_json_schema(value);
                    // Each of several that hold together says something; none of them says everything.
                    let value = if key == "allOf" { opened(value) } else { value };
                    (key, value)
                })
                .collect();
            strict(nullable(fields))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value,
    }
}

fn nullable(mut fields: Map<String, Value>) -> Map<String, Value> {
    if fields.remove("nullable") != Some(Value::Bool(true)) {
        return fields;
    }
    let schema = Value::Object(fields);
    Map::from_iter([("anyOf".to_owned(), json!([schema, { "type": "null" }]))])
}

fn strict(mut fields: Map<String, Value>) -> Value {
    let open = fields.get("additionalProperties").is_none_or(|more| *more == json!({ "type": "object" }));
    if open && fields.get("type") == Some(&json!("object")) && fields.contains_key("properties") {
        fields.insert("additionalProperties".to_owned(), json!(false));
        fields.insert("patternProperties".to_owned(), json!({ "@": {} }));
    }
    Value::Object(fields)
}

/// The same schemas without our own closing of them.
fn opened(value: Value) -> Value {
    match value {
        Value::Array(items) => items.into_iter().map(opened).collect(),
        Value::Object(mut fields) => {
            if fields.get("additionalProperties") == Some(&json!(false)) {
                fields.remove("additionalProperties");
            }
            Value::Object(fields.into_iter().map(|(key, value)| (key, opened(value))).collect())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value,
    }
}
