//! What is kept of a request, so that the same one is recognised later.

use serde_json::{Map, Value, json};

use crate::{Private, private::hexadecimal};

/// The members of a request, with `prompt` and `user` as digests and both, and the credential, taken out of all others.
/// The same request always gives the same value; `None` when it is no JSON.
#[must_use]
pub fn redacted(body: &[u8], credential: Option<&str>) -> Option<Value> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let text = |name: &str| body.get(name).and_then(Value::as_str);
    let private = Private::new(credential, text("prompt"), text("user"));
    let Value::Object(members) = &body else { return Some(clean(&body, &private)) };
    let member = |(name, value): (&String, &Value)| {
        let value = match (name.as_str(), value) {
            ("prompt" | "user", Value::String(text)) => digest(text),
            _ => clean(value, &private),
        };
        (name.clone(), value)
    };
    Some(Value::Object(members.iter().map(member).collect()))
}

fn digest(text: &str) -> Value {
    json!({ "sha256": hexadecimal(text.as_bytes()), "characters": text.chars().count() })
}

fn clean(value: &Value, private: &Private) -> Value {
    match value {
        Value::String(text) => Value::String(private.taken_out_of(text)),
        Value::Array(items) => items.iter().map(|item| clean(item, private)).collect(),
        Value::Object(members) => {
            let member =
                |(name, value): (&String, &Value)| (private.taken_out_of(name), clean(value, private));
            Value::Object(members.iter().map(member).collect::<Map<_, _>>())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prompt_and_user_are_digests_and_nowhere_else() {
        let body = br#"{"prompt":"CANARY of a corgi","user":"CANARY-user","n":2,
            "metadata":{"title":"CANARY of a corgi","by":["CANARY-user"],"key":"sk-CANARY-KEY"}}"#;
        let kept = redacted(body, Some("sk-CANARY-KEY")).expect("JSON");
        assert!(!kept.to_string().contains("CANARY"), "{kept}");
        assert_eq!((&kept["n"], &kept["prompt"]["characters"]), (&json!(2), &json!(17)));
        assert_eq!(kept["metadata"], json!({ "title": "[prompt]", "by": ["[user]"], "key": "[credential]" }));
        let spaced = br#"{"prompt":"\u0043ANARY of a corgi"}"#;
        assert_eq!(redacted(spaced, None).expect("JSON")["prompt"], kept["prompt"]);
        let other = br#"{"prompt":"CANARY of a corgi "}"#;
        assert_ne!(redacted(other, None).expect("JSON")["prompt"], kept["prompt"]);
    }

    #[test]
    fn anything_may_be_asked_for() {
        assert_eq!(redacted(b"{\"prompt\":", None), None);
        assert_eq!(redacted(b"[1]", None), Some(json!([1])));
        assert_eq!(redacted(br#"{"prompt":7}"#, None), Some(json!({ "prompt": 7 })));
    }
}
