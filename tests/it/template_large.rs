//! Templates far larger than any event: they work, in memory that follows from their size. What is beyond a limit is
//! refused in `template_errors`.

use std::{collections::BTreeMap, fmt::Write as _};

use falsetrail::machinery::{
    error::Source,
    template::{Filling, Program, Shape, Template, Values},
};
use serde_json::{Value, json};

fn compiled(template: &str, shape: &Shape) -> Program {
    let source = Source::new("test.json".to_owned(), template.to_owned());
    let template = Template::parse(&source).unwrap_or_else(|diagnostics| panic!("{}", diagnostics[0].message));
    template.compile(shape, &[]).unwrap_or_else(|diagnostics| panic!("{}", diagnostics[0].message))
}

fn rendered(program: &Program, context: &Value) -> String {
    let values = Values::from_context(program, context).unwrap();
    let mut out = Vec::new();
    program.render(&values, &mut out);
    // What is reserved before is a guess; what is there is not.
    assert!(out.capacity() < 4 * out.len() + (1 << 20));
    String::from_utf8(out).unwrap()
}

fn texts(names: impl Iterator<Item = String>) -> Shape {
    Shape::Object(names.map(|name| (name, Shape::Text)).collect())
}

/// Pieces of every length around the ones that are copied as blocks.
#[test]
fn literals_and_values_of_every_length_are_placed() {
    let names: Vec<String> = (0..300).map(|length| format!("v{length}")).collect();
    let shape = texts(names.iter().cloned());
    let (mut template, mut expected) = (String::new(), String::new());
    let mut context = BTreeMap::new();
    for (length, name) in names.iter().enumerate() {
        let value: String = "abcdefghijklmnopqrstuvwxyz".chars().cycle().skip(length).take(length).collect();
        let literal: String = "0123456789".chars().cycle().skip(length).take((length * 7) % 301).collect();
        write!(template, "{literal}${{{name}}}").unwrap();
        write!(expected, "{literal}{value}").unwrap();
        context.insert(name.clone(), json!(value));
    }
    let program = compiled(&json!(template).to_string(), &shape);
    assert_eq!(rendered(&program, &json!(context)), json!(expected).to_string());
}

#[test]
fn a_megabyte_of_template_works() {
    let long = "x".repeat(64);
    let members: Vec<String> = (0..16_384).map(|number| format!(r#""k{number:08}":"{long}""#)).collect();
    let template = format!("{{{}}}", members.join(","));
    assert!(template.len() > 1 << 20);
    let program = compiled(&template, &texts(std::iter::empty()));
    assert_eq!(rendered(&program, &json!({})), template);
    let one = format!("\"{}${{a}}\"", "y".repeat(1 << 20));
    let program = compiled(&one, &texts(std::iter::once("a".to_owned())));
    assert_eq!(rendered(&program, &json!({ "a": "z" })), one.replace("${a}", "z"));
}

#[test]
fn ten_thousand_slots_work() {
    let names: Vec<String> = (0..10_000).map(|number| format!("s{number}")).collect();
    let template = format!("[{}]", names.iter().map(|name| format!("\"${{{name}}}\"")).collect::<Vec<_>>().join(","));
    let program = compiled(&template, &texts(names.iter().cloned()));
    assert_eq!(program.slots().len(), names.len());
    let context: BTreeMap<&str, &str> = names.iter().map(|name| (name.as_str(), name.as_str())).collect();
    assert_eq!(rendered(&program, &json!(context)), json!(names).to_string());
    // One value in as many places is formatted once.
    let template = format!("[{}]", vec!["\"${s7}\""; 10_000].join(","));
    let program = compiled(&template, &texts(names.iter().cloned()));
    assert_eq!(program.slots().len(), 1);
    assert_eq!(rendered(&program, &json!({ "s7": "7" })), json!(vec!["7"; 10_000]).to_string());
}

#[test]
fn ten_thousand_questions_are_as_many_choices() {
    let names: Vec<String> = (0..10_000).map(|number| format!("s{number}")).collect();
    let question = |name: &String| format!(r#"{{"$if":"{name} != null","then":{{"id":"${{{name}}}"}},"else":null}}"#);
    let template = format!("[{}]", names.iter().map(question).collect::<Vec<_>>().join(","));
    let nullable = |name: &String| (name.clone(), Shape::Nullable(Box::new(Shape::Text)));
    let program = compiled(&template, &Shape::Object(names.iter().map(nullable).collect()));
    let is_there = |number: usize| !number.is_multiple_of(3);
    let value = |(number, name): (usize, &String)| (name.clone(), json!(is_there(number).then_some(name)));
    let context: BTreeMap<String, Value> = names.iter().enumerate().map(value).collect();
    let shown = |(number, name): (usize, &String)| json!(is_there(number).then(|| json!({ "id": name })));
    let expected: Vec<Value> = names.iter().enumerate().map(shown).collect();
    assert_eq!(rendered(&program, &json!(context)), json!(expected).to_string());
    let same: Vec<Vec<Filling>> = (0..10_000).map(|slot| vec![Filling::Value(slot)]).collect();
    let values = Values::from_context(&program, &json!(context)).unwrap();
    let mut out = Vec::new();
    program.specialized(&same, same.len(), &[]).render(&values, &mut out);
    assert_eq!(String::from_utf8(out).unwrap(), json!(expected).to_string());
}

#[test]
fn a_list_of_a_hundred_thousand_items_works() {
    let item = texts(["id".to_owned(), "name".to_owned()].into_iter());
    let shape = Shape::Object([("items".to_owned(), Shape::List(Box::new(item)))].into());
    let template =
        r#"{"all":{"$map":{"$eval":"items"},"each(i, n)":{"n":{"$eval":"n"},"id":"${i.id}","x":"${i.name}"}}}"#;
    let program = compiled(template, &shape);
    let items: Vec<Value> =
        (0..100_000).map(|number| json!({ "id": format!("i-{number}"), "name": "n".repeat(number % 50) })).collect();
    let expected: Vec<Value> =
        items.iter().enumerate().map(|(n, item)| json!({ "n": n, "id": item["id"], "x": item["name"] })).collect();
    assert_eq!(rendered(&program, &json!({ "items": items })), json!({ "all": expected }).to_string());
}
