//! Finds the members of an event's outermost object without parsing the rest.
//!
//! A record in binary mode contains the event's data exactly as in its text, and its attributes as headers. Events are
//! rendered from templates and therefore well-formed JSON, so one scan for the ends of strings and brackets is
//! sufficient; no tree is built.

use std::borrow::Cow;

/// The members of the object `body`: name and value as in the text, names without their quotes. Ends early if the text
/// is not a JSON object.
pub(super) fn members(body: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    let mut at = space(body, 0);
    let opened = body.get(at) == Some(&b'{');
    at += 1;
    std::iter::from_fn(move || {
        if !opened {
            return None;
        }
        at = space(body, at);
        if body.get(at) == Some(&b',') {
            at = space(body, at + 1);
        }
        let name = at + 1;
        at = string(body, at)?;
        let name = &body[name..at - 1];
        at = space(body, at);
        if body.get(at) != Some(&b':') {
            return None;
        }
        at = space(body, at + 1);
        let value = at;
        at = value_end(body, at)?;
        Some((name, &body[value..at]))
    })
}

/// The text of a string value; `None` for any other value.
pub(super) fn text(value: &[u8]) -> Option<Cow<'_, str>> {
    let inner = value.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
    unescaped(inner)
}

/// A string's content, given without its quotes, with escapes decoded.
pub(super) fn unescaped(inner: &[u8]) -> Option<Cow<'_, str>> {
    if !inner.contains(&b'\\') {
        return std::str::from_utf8(inner).ok().map(Cow::Borrowed);
    }
    let quoted = [b"\"", inner, b"\""].concat();
    serde_json::from_slice(&quoted).ok().map(Cow::Owned)
}

/// The event's `id`, if it has one.
pub(super) fn id(body: &[u8]) -> Option<Cow<'_, str>> {
    members(body).find(|(name, _)| *name == b"id").and_then(|(_, value)| text(value))
}

/// The first position from `at` on that is not white space.
fn space(text: &[u8], mut at: usize) -> usize {
    while text.get(at).is_some_and(u8::is_ascii_whitespace) {
        at += 1;
    }
    at
}

/// The position after the string that begins at `at`.
fn string(text: &[u8], mut at: usize) -> Option<usize> {
    if text.get(at) != Some(&b'"') {
        return None;
    }
    at += 1;
    loop {
        match text.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

/// The position after the value that begins at `at`.
fn value_end(text: &[u8], at: usize) -> Option<usize> {
    match text.get(at)? {
        b'"' => string(text, at),
        b'{' | b'[' => nested(text, at),
        // A number or a word ends before the first character that cannot be part of it.
        _ => {
            let ends = |byte: &u8| b",]} \t\r\n".contains(byte);
            let length = text[at..].iter().position(ends)?;
            (length > 0).then_some(at + length)
        }
    }
}

/// The position after the object or array that begins at `at`.
fn nested(text: &[u8], mut at: usize) -> Option<usize> {
    let mut depth = 0;
    loop {
        match text.get(at)? {
            b'"' => {
                at = string(text, at)?;
                continue;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth -= 1,
            _ => {}
        }
        at += 1;
        if depth == 0 {
            return Some(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Map, Value};

    use super::*;

    /// Checks that `serde_json` reads the same members.
    fn agrees(body: &str) {
        let expected: Map<String, Value> = serde_json::from_str(body).unwrap();
        let found: Map<String, Value> = members(body.as_bytes())
            .map(|(name, value)| (unescaped(name).unwrap().into_owned(), serde_json::from_slice(value).unwrap()))
            .collect();
        assert_eq!(found, expected, "{body}");
        let order: Vec<_> = members(body.as_bytes()).map(|(name, _)| unescaped(name).unwrap()).collect();
        assert!(order.iter().eq(expected.keys()), "{body}");
        for (_, value) in members(body.as_bytes()) {
            let parsed: Value = serde_json::from_slice(value).unwrap();
            assert_eq!(text(value).as_deref(), parsed.as_str(), "{body}");
        }
    }

    fn json() -> impl Strategy<Value = Value> {
        let text = r#"[a-z"\\{}\[\],: é€😀\n\u{1}]{0,8}"#;
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            text.prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 4, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::vec((text, inner), 0..4)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn members_are_what_a_parser_finds(members in prop::collection::vec((r#"[a-z"\\{:,é]{0,4}"#, json()), 0..6)) {
            let object = Value::Object(members.into_iter().collect());
            agrees(&serde_json::to_string(&object).unwrap());
            agrees(&serde_json::to_string_pretty(&object).unwrap());
        }

        #[test]
        fn what_is_no_object_ends(text in any::<Vec<u8>>()) {
            let _ = members(&text).count();
        }
    }

    #[test]
    fn an_event_cut_anywhere_ends() {
        let body = br#" {"a\"": [1, {"b": "]"}] , "id":"x\u0041" ,"c":-1.5e3}"#;
        agrees(std::str::from_utf8(body).unwrap());
        assert_eq!(id(body).as_deref(), Some("xA"));
        for end in 0..body.len() {
            assert!(members(&body[..end]).count() < 3 || end == body.len() - 1);
        }
        for other in [&b""[..], b"[]", b"7", b"{", b"{}", b"{,}", b"{\"a\"}", b"{\"a\":}"] {
            assert_eq!(members(other).count(), 0);
        }
    }
}
