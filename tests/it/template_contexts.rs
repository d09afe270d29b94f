//! The shipped templates mean what JSON-e says they mean, whatever the values.

use std::collections::BTreeMap;

use falsetrail::machinery::{
    catalog::Method,
    template::{Program, Shape, Values},
};
use proptest::{collection::vec, prelude::*, test_runner::TestRunner};
use serde_json::{Value, json};

use super::trail::{self, Branch};

/// Contexts for each template; each is tried with all outcomes, principals and envelopes.
const CONTEXTS: u32 = 40;

/// Any text that an event may show, and some that none ever will.
fn text() -> BoxedStrategy<Value> {
    let texts = prop_oneof![
        4 => "[a-z0-9.=/:_-]{0,24}",
        2 => "\\PC{0,12}",
        1 => "[\"\\\\{}\\[\\]$é😀\u{0}-\u{1f}\u{7f}\u{2028} ]{1,12}",
        1 => Just("${pool.id}".to_owned()),
        1 => Just("null".to_owned()),
    ];
    texts.prop_map(Value::from).boxed()
}

/// Any value of that shape.
fn value(shape: &Shape) -> BoxedStrategy<Value> {
    match shape {
        Shape::Text => text(),
        // JSON-e counts in `f64`, and the crate gives back larger ones as such.
        Shape::Integer => prop_oneof![-20_i32..100, any::<i32>()].prop_map(Value::from).boxed(),
        Shape::Boolean => any::<bool>().prop_map(Value::from).boxed(),
        Shape::Nullable(inner) => prop_oneof![1 => Just(Value::Null), 2 => value(inner)].boxed(),
        Shape::List(item) => vec(value(item), 0..=5).prop_map(Value::from).boxed(),
        Shape::Object(members) => object(members),
    }
}

fn object(members: &BTreeMap<String, Shape>) -> BoxedStrategy<Value> {
    let none = Just(serde_json::Map::new()).boxed();
    let all = members.iter().fold(none, |object, (name, shape)| {
        let name = name.clone();
        let with = move |(mut object, value): (serde_json::Map<String, Value>, Value)| {
            object.insert(name.clone(), value);
            object
        };
        (object, value(shape)).prop_map(with).boxed()
    });
    all.prop_map(Value::from).boxed()
}

fn branches() -> Vec<Branch<'static>> {
    let mut all = Vec::new();
    for success in [true, false] {
        for as_documented in [true, false] {
            for principal in ["user", "service-account"] {
                all.push(Branch { success, as_documented, principal });
            }
        }
    }
    all
}

fn check(method: &Method, template: &Value, programs: &[(Branch, [Program; 2])], context: &Value) {
    let mut context = context.clone();
    for (branch, programs) in programs {
        context["success"] = json!(branch.success);
        context["as_documented"] = json!(branch.as_documented);
        context["principal"]["kind"] = json!(branch.principal);
        let expected = json_e::render(template, &context).unwrap();
        for program in programs {
            let values = Values::from_context(program, &context).unwrap();
            let mut out = Vec::new();
            program.render(&values, &mut out);
            let out: Value = serde_json::from_slice(&out)
                .unwrap_or_else(|error| panic!("{}: {error}\n{}", method.name, String::from_utf8_lossy(&out)));
            assert_eq!(out, expected, "{} {branch:?}\n{context}", method.name);
        }
    }
}

#[test]
fn shipped_templates_do_what_json_e_does() {
    let catalog = trail::catalog();
    let config = ProptestConfig { cases: CONTEXTS, failure_persistence: None, ..ProptestConfig::default() };
    for (id, method) in catalog.methods.iter().enumerate() {
        let path = trail::folder("..").join(&catalog.template_names[id]);
        let template: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        let programs: Vec<_> = branches()
            .into_iter()
            .map(|branch| {
                let decided = trail::program(&catalog, method, &branch.constants());
                (branch, [decided, trail::program(&catalog, method, &[])])
            })
            .collect();
        let contexts = value(&catalog.shape(method));
        let result = TestRunner::new(config.clone()).run(&contexts, |context| {
            check(method, &template, &programs, &context);
            Ok(())
        });
        result.unwrap_or_else(|error| panic!("{}: {error}", method.name));
    }
}
