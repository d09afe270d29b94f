//! Templates filled with the values of the documented examples give the documented examples.

use std::collections::BTreeSet;

use falsetrail::machinery::{
    catalog::Method,
    template::{Program, Values},
};
use serde_json::Value;

use super::trail::{self, Branch};

fn filled(program: &Program, context: &Value) -> String {
    let values = Values::from_context(program, context).unwrap();
    let mut out = Vec::new();
    program.render(&values, &mut out);
    String::from_utf8(out).unwrap()
}

/// Every method with its context.
fn each_method(mut check: impl FnMut(&Method, &Value, &dyn Fn(bool) -> String)) {
    let catalog = trail::catalog();
    for method in &catalog.methods {
        let context = trail::read("contexts", &method.name);
        let fill = |as_documented| {
            let branch = Branch {
                success: context["success"].as_bool().unwrap(),
                as_documented,
                principal: context["principal"]["kind"].as_str().unwrap(),
            };
            filled(&trail::program(&catalog, method, &branch.constants()), &context)
        };
        check(method, &context, &fill);
    }
}

#[test]
fn every_method_has_an_example_and_a_context() {
    let catalog = trail::catalog();
    let methods: BTreeSet<String> = catalog.methods.iter().map(|method| method.name.clone()).collect();
    assert_eq!(methods.len(), 17);
    assert_eq!(trail::file_names("examples"), methods);
    assert_eq!(trail::file_names("contexts"), methods);
    assert!(catalog.templates.iter().all(Option::is_some));
}

#[test]
fn examples_come_back_byte_for_byte() {
    each_method(|method, _, fill| {
        let expected = serde_json::to_string(&trail::example(&method.name)).unwrap();
        assert_eq!(fill(true), expected, "{}", method.name);
    });
}

#[test]
fn what_is_decided_beforehand_and_what_is_decided_for_each_event_are_the_same() {
    let catalog = trail::catalog();
    for method in &catalog.methods {
        let context = trail::read("contexts", &method.name);
        let expected = serde_json::to_string(&trail::example(&method.name)).unwrap();
        assert_eq!(filled(&trail::program(&catalog, method, &[]), &context), expected, "{}", method.name);
    }
}

#[test]
fn only_one_example_had_to_be_put_in_order() {
    for method in trail::file_names("examples") {
        let (written, ordered) = (trail::read("examples", &method), trail::example(&method));
        assert_eq!(written, ordered, "{method}");
        let (written, ordered) = (written.to_string(), ordered.to_string());
        assert_eq!(written == ordered, method != "ListStatements", "{method}");
    }
}

#[test]
fn the_three_documented_envelopes_come_back() {
    let whole = ["datacontenttype", "data", "subject", "specversion", "id", "source", "time", "type"].as_slice();
    let timeless =
        ["specversion", "id", "source", "type", "subject", "datacontenttype", "dataschema", "data"].as_slice();
    let bare = ["datacontenttype", "data"].as_slice();
    each_method(|method, _, fill| {
        let expected = match method.name.as_str() {
            "ListFlinkRegions" | "DeleteComputePool" => timeless,
            "UpdateStatement" | "PatchStatement" => bare,
            _ => whole,
        };
        assert_eq!(keys(&fill(true)), expected, "{}", method.name);
    });
}

#[test]
fn every_other_envelope_is_complete_and_in_order() {
    let snake = ["specversion", "id", "source", "type", "subject", "time", "datacontenttype", "dataschema", "data"];
    each_method(|method, context, fill| {
        let mut expected = trail::example(&method.name);
        trail::complete_envelope(&mut expected);
        if expected["data"].get("service_name").is_some() {
            assert_eq!(keys(&expected.to_string()), snake, "{}", method.name);
        }
        expected["id"] = context["event"]["id"].clone();
        expected["time"] = context["event"]["time"].clone();
        expected["subject"] = context["subject"].clone();
        assert_eq!(fill(false), expected.to_string(), "{}", method.name);
    });
}

fn keys(text: &str) -> Vec<String> {
    serde_json::from_str::<serde_json::Map<String, Value>>(text).unwrap().keys().cloned().collect()
}
