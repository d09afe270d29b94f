//! OTLP's JSON form of a value: every value wrapped in its type, every object a list of pairs.

use super::json::{Json, Node};

/// Whether a text has such values in it.
pub(super) fn is_likely(text: &[u8]) -> bool {
    let has = |name: &[u8]| memchr::memmem::find(text, name).is_some();
    // All names end so, and most texts have no such name: one search in place of four.
    has(b"alue\"")
        && [&b"\"stringValue\""[..], b"\"string_value\"", b"\"bytesValue\"", b"\"bytes_value\""].into_iter().any(has)
}

/// The tree without the types.
pub(super) fn decoded<'a>(node: &Node<'a>) -> Node<'a> {
    match &node.value {
        Json::Object(members) => match members.as_slice() {
            [(kind, value)] if is_type(kind) => typed(kind, value),
            _ => {
                let members = members.iter().map(|(key, member)| (key.clone(), decoded(member)));
                Node::made(Json::Object(members.collect()))
            }
        },
        Json::List(items) if !items.is_empty() && items.iter().all(|item| pair(item).is_some()) => pairs(items),
        Json::List(items) => Node::made(Json::List(items.iter().map(decoded).collect())),
        _ => node.clone(),
    }
}

fn is_type(name: &str) -> bool {
    matches!(
        name,
        "stringValue" | "boolValue" | "intValue" | "doubleValue" | "arrayValue" | "kvlistValue" | "bytesValue"
    ) || matches!(
        // As the fields are called in the protocol's definition.
        name,
        "string_value" | "bool_value" | "int_value" | "double_value" | "array_value" | "kvlist_value" | "bytes_value"
    )
}

fn typed<'a>(kind: &str, value: &Node<'a>) -> Node<'a> {
    match (kind, &value.value) {
        ("kvlistValue" | "kvlist_value", _) => match value.get("values").map(|values| &values.value) {
            Some(Json::List(items)) => pairs(items),
            _ => Node::made(Json::Object(Vec::new())),
        },
        ("arrayValue" | "array_value", _) => match value.get("values").map(|values| &values.value) {
            Some(Json::List(items)) => Node::made(Json::List(items.iter().map(decoded).collect())),
            _ => Node::made(Json::List(Vec::new())),
        },
        // 64 bits are text in JSON.
        ("intValue" | "int_value", Json::Text(digits)) => Node::made(Json::Number(digits.clone())),
        ("doubleValue" | "double_value", Json::Number(number)) if !number.contains(['.', 'e', 'E']) => {
            Node::made(Json::Number(format!("{number}.0").into()))
        }
        _ => value.clone(),
    }
}

/// A key and its value, which is missing for null.
fn pair<'n, 'a>(item: &'n Node<'a>) -> Option<(&'n str, Option<&'n Node<'a>>)> {
    let Json::Object(members) = &item.value else { return None };
    let is_pair = members.len() <= 2 && members.iter().all(|(key, _)| key == "key" || key == "value");
    if !is_pair {
        return None;
    }
    Some((item.get("key")?.text()?, item.get("value")))
}

fn pairs<'a>(items: &[Node<'a>]) -> Node<'a> {
    let member = |item: &Node<'a>| {
        let (key, value) = pair(item)?;
        let value = match value {
            Some(Node { value: Json::Object(members), .. }) if members.is_empty() => Node::made(Json::Null),
            Some(value) => decoded(value),
            None => Node::made(Json::Null),
        };
        Some((key.to_owned().into(), value))
    };
    Node::made(Json::Object(items.iter().filter_map(member).collect()))
}
