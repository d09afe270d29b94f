//! The words of a catalog in the schema of scenarios: offered by the editor, and not demanded, since whether a word is
//! known is the plan's business.

use crate::{
    catalog::{Catalog, Generator, InputValue, Kind, Scalar},
    scenario,
};
use serde_json::{Map, Value, json};

/// Puts them in.
pub(super) fn words(schema: &mut Value, catalog: &Catalog) {
    let Some(Value::Object(definitions)) = schema.get_mut("$defs") else { return };
    let mut offer = |name: &str, words: Vec<&str>| {
        if let Some(Value::Object(definition)) = definitions.get_mut(name) {
            offer(definition, &words);
        }
    };
    let kinds = |principal: bool| catalog.kinds.iter().filter(move |kind| kind.principal == principal);
    let failures = catalog.failures.iter().map(|failure| failure.name.as_str());
    let short = catalog.methods.iter().map(|method| method.short.as_str());
    let long = catalog.methods.iter().map(|method| method.name.as_str());
    // Names that are no words of a step are known by the catalog alone.
    let unusual = scenario::unusual_names(catalog.method_names());
    let unusual = unusual.iter().map(String::as_str).filter(|name| short.clone().all(|short| short != *name));
    offer("ShortStep", short.clone().chain(unusual).collect());
    offer("Method", short.chain(long).collect());
    offer("Outcome", ["success", "auto", "failure"].into_iter().chain(failures).collect());
    offer("ActorKind", kinds(true).map(|kind| kind.name.as_str()).collect());
    offer("ResourceKind", kinds(false).map(|kind| kind.name.as_str()).collect());
    offer("ScenarioName", crate::sources::scenario_names());
    let mut describe = |name: &str, properties: Map<String, Value>| {
        if let Some(Value::Object(definition)) = definitions.get_mut(name) {
            describe(definition, properties);
        }
    };
    describe("Actor", fields(catalog, kinds(true)));
    describe("Resource", fields(catalog, kinds(false)));
    describe("Inputs", inputs(catalog));
    describe("Population", population(catalog));
}

/// Suggests these words for a text without excluding others.
fn offer(definition: &mut Map<String, Value>, words: &[&str]) {
    let mut outside = Map::new();
    for key in ["description", "examples"] {
        if let Some(value) = definition.shift_remove(key) {
            outside.insert(key.to_owned(), value);
        }
    }
    outside.insert("anyOf".to_owned(), json!([{ "enum": words }, definition.clone()]));
    *definition = outside;
}

/// Adds keys with their descriptions; those that are there already stay.
fn describe(definition: &mut Map<String, Value>, properties: Map<String, Value>) {
    let Value::Object(known) = definition.entry("properties").or_insert_with(|| json!({})) else { return };
    for (name, schema) in properties {
        known.entry(name).or_insert(schema);
    }
}

/// The fields that a scenario may fix, with the kinds that have them, and the tables that a kind lies in.
fn fields<'c>(catalog: &'c Catalog, kinds: impl Iterator<Item = &'c Kind>) -> Map<String, Value> {
    let mut properties = Map::new();
    for kind in kinds {
        for field in kind.fields.iter().filter(|field| field.settable()) {
            let entry = mentioned(&mut properties, &field.name, "Of ", &kind.label);
            if let Generator::Choose { choices, .. } = &field.generator {
                entry["examples"] = choices.iter().map(scalar).collect();
            }
        }
        for scope in kind.scope.iter().map(|scope| &catalog.kinds[*scope]) {
            if scope.table.is_some() {
                let entry = mentioned(&mut properties, &scope.variable, "Of ", &kind.label);
                entry["examples"] = scope.row_ids().map(scalar).collect();
            }
        }
    }
    properties
}

/// The entry of a name, with one more word in its description.
fn mentioned<'p>(properties: &'p mut Map<String, Value>, name: &str, first: &str, word: &str) -> &'p mut Value {
    let entry = properties.entry(name).or_insert_with(|| json!({ "description": "" }));
    let before = entry["description"].as_str().unwrap_or_default();
    entry["description"] = format!("{before}{}{word}", if before.is_empty() { first } else { ", " }).into();
    entry
}

fn inputs(catalog: &Catalog) -> Map<String, Value> {
    let mut properties = Map::new();
    for method in &catalog.methods {
        let changes = method.input.iter().filter(|input| matches!(input.value, InputValue::Changes { .. }));
        for input in changes {
            mentioned(&mut properties, &input.name, "For ", &method.short);
        }
    }
    properties
}

fn population(catalog: &Catalog) -> Map<String, Value> {
    let kinds = catalog.kinds.iter().filter_map(|kind| Some((kind.plural.clone()?, kind.population)));
    let mut properties: Map<String, Value> = kinds
        .map(|(plural, count)| (plural, json!({ "description": "How many exist before the run.", "default": count })))
        .collect();
    let skew = json!({ "description": "From 0 (even) to 4; 1 is Zipf's law.", "default": catalog.skew });
    properties.insert("skew".to_owned(), skew);
    let addresses = json!({
        "description": "Client addresses of each principal: the usual one, and others from which it acts when it is away.",
        "default": 1,
    });
    properties.insert("addresses".to_owned(), addresses);
    let roaming = json!({
        "description": "The share of instances whose actors are away from their usual address, such as `20%`: needs `addresses`.",
        "default": "20%",
    });
    properties.insert("roaming".to_owned(), roaming);
    let odd_hours = json!({
        "description": "Each principal has ten usual hours of the day. The share of instances whose actors act outside of them, such as `3%`. If it is left out, everybody acts at any time.",
    });
    properties.insert("odd_hours".to_owned(), odd_hours);
    let bursts = json!({
        "description": "The share of instances that come in bursts, such as `10%`: 2 to 14 consecutive instances of a scenario have the same actors in the same place.",
        "default": 0,
    });
    properties.insert("bursts".to_owned(), bursts);
    properties
}

fn scalar(scalar: &Scalar) -> Value {
    match scalar {
        Scalar::Null => Value::Null,
        Scalar::Boolean(value) => (*value).into(),
        Scalar::Integer(value) => match (i64::try_from(*value), u64::try_from(*value)) {
            (Ok(number), _) => number.into(),
            (_, Ok(number)) => number.into(),
            _ => value.to_string().into(),
        },
        Scalar::Text(text) => text.as_str().into(),
    }
}
