//! Where derived schemas say less, or more, than the readers: nulls, number formats and parameters.

use serde_json::{Map, Value, json};

/// Keys below which a schema stands.
const ONE: [&str; 4] = ["items", "additionalProperties", "not", "contains"];
/// Keys below which a list of schemas stands.
const LISTS: [&str; 3] = ["anyOf", "oneOf", "allOf"];
/// Keys below which a map of schemas stands.
const MAPS: [&str; 4] = ["properties", "patternProperties", "dependentSchemas", "$defs"];

/// Takes off what the derivation adds: a key that may be left out may not be null, and formats such as `uint64` are no
/// standard.
pub(super) fn settle(schema: &mut Value) {
    let Value::Object(map) = schema else { return };
    map.remove("format");
    if let Some(Value::String(text)) = map.get_mut("description") {
        // Lines of a comment are no lines of a sentence.
        *text = text.replace("\n\n", "\u{0}").replace('\n', " ").replace('\u{0}', "\n\n");
    }
    if let Some(Value::Array(types)) = map.get_mut("type") {
        // Where more than two are named, they are named on purpose.
        if let [only, null] = types.as_slice()
            && null == "null"
        {
            let only = only.clone();
            map.insert("type".to_owned(), only);
        }
    }
    if let Some(Value::Array(ways)) = map.get_mut("anyOf") {
        ways.retain(|way| *way != json!({ "type": "null" }));
        if let [Value::Object(only)] = ways.as_slice() {
            let only = only.clone();
            map.remove("anyOf");
            for (key, value) in only {
                map.entry(key).or_insert(value);
            }
        }
    }
    each_below(map, &mut settle);
}

/// Puts first what says of which standard the schema is and what it describes.
pub(super) fn head_first(schema: &mut Value) {
    let Value::Object(map) = schema else { return };
    let mut ordered = Map::new();
    for key in ["$schema", "title", "description"] {
        ordered.extend(map.shift_remove(key).map(|value| (key.to_owned(), value)));
    }
    ordered.append(map);
    *map = ordered;
}

/// Lets `$name` stand where any value stands, as the reader does, which replaces parameters before it looks at types.
pub(super) fn allow_parameters(schema: &mut Value) {
    let Value::Object(map) = schema else { return };
    for key in ["items", "additionalProperties"] {
        map.get_mut(key).into_iter().for_each(or_parameter);
    }
    if let Some(Value::Object(properties)) = map.get_mut("properties") {
        // Parameters are not made of parameters, and the conditions of `dependentSchemas` hold for any value.
        properties.iter_mut().filter(|(name, _)| *name != "params").for_each(|(_, schema)| or_parameter(schema));
    }
    for key in LISTS {
        map.get_mut(key).and_then(Value::as_array_mut).into_iter().flatten().for_each(allow_parameters);
    }
    if let Some(Value::Object(definitions)) = map.get_mut("$defs") {
        let names = ["Parameter", "Params"];
        definitions
            .iter_mut()
            .filter(|(name, _)| !names.contains(&name.as_str()))
            .for_each(|(_, schema)| allow_parameters(schema));
    }
}

fn or_parameter(schema: &mut Value) {
    const PARAMETER: &str = "#/$defs/Parameter";
    allow_parameters(schema);
    let Value::Object(map) = schema else { return };
    // Any text may be a parameter already.
    if map.get("$ref").is_some_and(|to| to == "#/$defs/Text" || to == PARAMETER) {
        return;
    }
    let mut outside = Map::new();
    for key in ["description", "default", "examples"] {
        if let Some(value) = map.shift_remove(key) {
            outside.insert(key.to_owned(), value);
        }
    }
    outside.insert("anyOf".to_owned(), json!([map.clone(), { "$ref": PARAMETER }]));
    *map = outside;
}

fn each_below(map: &mut Map<String, Value>, change: &mut impl FnMut(&mut Value)) {
    for (key, below) in map.iter_mut() {
        match below {
            Value::Object(_) if ONE.contains(&key.as_str()) => change(below),
            Value::Array(list) if LISTS.contains(&key.as_str()) => list.iter_mut().for_each(&mut *change),
            Value::Object(map) if MAPS.contains(&key.as_str()) => map.values_mut().for_each(&mut *change),
            _ => {}
        }
    }
}
