//! Any template of the subset gives what JSON-e gives, with the document's key order.

use falsetrail::machinery::{
    bytes::escape_into,
    error::Source,
    template::{Constant, Filling, FixedItems, ListSlot, Program, Shape, Slot, Template, Values},
};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::template_render::shape;

/// Makes templates and contexts out of bytes, so that a failure shrinks by losing bytes.
struct Maker {
    choices: std::vec::IntoIter<u8>,
    keys: usize,
}

/// What the place allows.
#[derive(Clone, Copy, Default)]
struct Place {
    depth: usize,
    in_list: bool,
    owner: bool,
    item_owner: bool,
}

const TEXTS: [&str; 10] = ["", "x", "{", "[", "é😀", "$", "a$$b", "$${x}", "\u{1}\"\\\n", "null"];

impl Maker {
    fn below(&mut self, most: usize) -> usize {
        usize::from(self.choices.next().unwrap_or(0)) % most
    }

    fn one<'a>(&mut self, texts: &[&'a str]) -> &'a str {
        texts[self.below(texts.len())]
    }

    fn key(&mut self) -> String {
        self.keys += 1;
        // Ascending in the document; some need unescaping.
        let start = self.one(&["k", "k", "$$k", "k$${", "\"k"]);
        format!("{start}{:06}", self.keys)
    }

    fn object(&mut self, place: Place) -> Value {
        let members = self.below(5);
        Value::Object((0..members).map(|_| (self.key(), self.node(place))).collect())
    }

    fn node(&mut self, place: Place) -> Value {
        let inner = Place { depth: place.depth + 1, ..place };
        match self.below(if place.depth > 6 { 4 } else { 14 }) {
            0 => json!(self.one(&TEXTS)),
            1 => [json!(null), json!(true), json!(7), json!(-1.5)][self.below(4)].clone(),
            2 => json!({ "$eval": self.value(place) }),
            3 => json!(self.text(place)),
            4..7 => self.object(inner),
            7 | 8 => (0..self.below(5)).map(|_| self.node(inner)).collect(),
            9 if !place.in_list => self.map(inner),
            _ => self.branches(inner),
        }
    }

    fn text(&mut self, place: Place) -> String {
        let mut text = self.one(&TEXTS[..5]).to_owned();
        for _ in 0..=self.below(3) {
            let mut names =
                vec!["pool.id", "pool.cfu", "pool.default", "success", " 'a}' ", "12", "true", "note == null"];
            names.extend_from_slice(if place.in_list { &["x.id", "i"] } else { &[] });
            names.extend_from_slice(if place.owner { &["owner.id"] } else { &[] });
            names.extend_from_slice(if place.item_owner { &["x.owner.id"] } else { &[] });
            let name = self.one(&names);
            let after = self.one(&TEXTS);
            text.extend(["${", name, "}", after]);
        }
        text
    }

    fn value(&mut self, place: Place) -> String {
        let mut names = vec!["pool.id", "pool.name", "pool.cfu", "success", "note", "limit", "null", "3", "\"q\""];
        names.extend_from_slice(if place.in_list { &["x.id", "x.size", "i"] } else { &[] });
        names.extend_from_slice(if place.owner { &["owner.id", "owner.name"] } else { &[] });
        names.extend_from_slice(if place.item_owner { &["x.owner.id"] } else { &[] });
        match self.below(names.len() + 1) {
            choice if choice == names.len() => format!("!({})", self.condition(place)),
            choice => names[choice].to_owned(),
        }
    }

    fn map(&mut self, place: Place) -> Value {
        let place = Place { in_list: true, ..place };
        json!({ "$map": { "$eval": "items" }, "each(x, i)": self.node(place) })
    }

    fn branches(&mut self, place: Place) -> Value {
        let mut condition = self.condition(place);
        let (mut then_place, mut else_place) = (place, place);
        match self.below(6) {
            0 => (condition, then_place.owner) = ("owner".to_owned(), true),
            1 => (condition, else_place.owner) = ("owner == null".to_owned(), true),
            2 => (condition, then_place.owner) = (format!("owner != null && ({condition})"), true),
            3 if place.in_list => (condition, then_place.item_owner) = ("x.owner".to_owned(), true),
            _ => {}
        }
        let mut operator = Map::new();
        operator.insert("$if".to_owned(), condition.into());
        let missing = self.below(4);
        if missing != 1 {
            operator.insert("then".to_owned(), self.node(then_place));
        }
        if missing != 2 {
            operator.insert("else".to_owned(), self.node(else_place));
        }
        operator.into()
    }

    fn condition(&mut self, place: Place) -> String {
        let mut atoms = vec![
            "success",
            "pool.default",
            "pool.id",
            "pool.cfu",
            "note",
            "limit",
            "owner",
            "items",
            "names",
            "0",
            "''",
            "pool.id == 'x'",
            "pool.id < \"b\"",
            "pool.id >= pool.name",
            "pool.cfu < 3",
            "-1 <= pool.cfu",
            "note == null",
            "note != 'x'",
            "limit == 0",
            "limit != pool.cfu",
            "null == owner",
            "success == pool.default",
        ];
        atoms.extend_from_slice(if place.in_list {
            &["x.size", "x.size == i", "i", "i > 1", "x.owner", "x.id == pool.id"]
        } else {
            &[]
        });
        match self.below(8) {
            1 => format!("!({})", self.condition(place)),
            2 => format!("({}) && {} && ({})", self.condition(place), self.one(&atoms), self.condition(place)),
            3 => format!("{} || ({})", self.one(&atoms), self.condition(place)),
            _ => self.one(&atoms).to_owned(),
        }
    }

    fn maybe(&mut self, value: Value) -> Value {
        if self.below(2) == 0 { Value::Null } else { value }
    }

    fn number(&mut self) -> Value {
        json!([0, 1, -1, 3, -20, 100][self.below(6)])
    }

    fn characters(&mut self) -> Value {
        json!(self.one(&TEXTS))
    }

    fn context(&mut self) -> Value {
        let (owner, note) = (json!({ "id": self.characters(), "name": null }), self.characters());
        let (limit, size) = (self.number(), self.number());
        let items: Vec<_> = (0..self.below(4))
            .map(|_| {
                let owner = json!({ "id": self.characters() });
                json!({ "id": self.characters(), "size": self.maybe(size.clone()), "owner": self.maybe(owner) })
            })
            .collect();
        json!({
            "success": self.below(2) == 0,
            "pool": {
                "id": self.characters(), "name": self.characters(), "cfu": self.number(), "default": self.below(2) == 0,
            },
            "note": self.maybe(note),
            "limit": self.maybe(limit),
            "owner": self.maybe(owner),
            "items": items,
            "names": if self.below(2) == 0 { json!([]) } else { json!(["n"]) },
        })
    }
}

fn constants(context: &Value, wanted: u8) -> Vec<(&'static str, Constant)> {
    let names = ["success", "pool.id", "pool.cfu", "pool.default", "note", "limit"];
    let wanted = names.into_iter().enumerate().filter(|(bit, _)| wanted >> bit & 1 == 1);
    let constant = |(_, name): (usize, &'static str)| {
        let constant = match name.split('.').fold(context, |value, part| &value[part]) {
            Value::Bool(value) => Constant::Boolean(*value),
            Value::Number(number) => Constant::Integer(number.as_i64().unwrap().into()),
            Value::String(text) => Constant::Text(text.clone()),
            _ => Constant::Null,
        };
        (name, constant)
    };
    wanted.map(constant).collect()
}

fn assert_ascending(value: &Value) {
    match value {
        Value::Object(members) => {
            let number = |key: &String| key[key.len() - 6..].to_owned();
            assert!(members.keys().map(number).is_sorted(), "{members:?}");
            members.values().for_each(assert_ascending);
        }
        Value::Array(items) => items.iter().for_each(assert_ascending),
        _ => {}
    }
}

fn check(choices: Vec<u8>, (wanted, special): (u8, u8)) {
    let mut maker = Maker { choices: choices.into_iter(), keys: 0 };
    let context = maker.context();
    let members = 1 + maker.below(6);
    let template: Value =
        (0..members).map(|_| (maker.key(), maker.node(Place::default()))).collect::<Map<_, _>>().into();
    let expected = json_e::render(&template, &context).unwrap();

    let source = Source::new(String::new(), serde_json::to_string_pretty(&template).unwrap());
    let parsed = Template::parse(&source).unwrap();
    let compiled = parsed.compile(&shape(), &constants(&context, wanted));
    let program = compiled.unwrap_or_else(|diagnostics| panic!("{template}\n{}", diagnostics[0].message));
    let values = Values::from_context(&program, &context).unwrap();
    let mut out = Vec::new();
    program.render(&values, &mut out);
    let out: Value = serde_json::from_slice(&out)
        .unwrap_or_else(|error| panic!("{error}\n{template}\n{}", String::from_utf8_lossy(&out)));
    assert_eq!(out, expected, "{template}\n{context}");
    assert_ascending(&out);

    let special = specialized(&program, &context, special);
    let mut specially = Vec::new();
    special.render(&values, &mut specially);
    let specially: Value = serde_json::from_slice(&specially)
        .unwrap_or_else(|error| panic!("{error}\n{template}\n{}", String::from_utf8_lossy(&specially)));
    assert_eq!(specially, expected, "specialized: {template}\n{context}");
}

/// The program for events of which some values are always the same, and for lists that are.
fn specialized(program: &Program, context: &Value, wanted: u8) -> Program {
    let asked = program.asked();
    let filling = |(number, slot): (usize, &Slot)| {
        let known = formatted(context, slot).filter(|_| wanted >> (number % 7) & 1 == 1 && !asked.contains(&number));
        vec![known.map_or(Filling::Value(number as u32), Filling::Text)]
    };
    let fillings: Vec<_> = program.slots().iter().enumerate().map(filling).collect();
    let items = |list: &ListSlot| {
        let items = list.path.iter().fold(context, |value, name| &value[name]).as_array()?;
        let item = |item| list.slots.iter().map(|slot| formatted(item, slot)).collect();
        items.iter().map(item).collect::<Option<FixedItems>>().filter(|_| wanted & 1 == 1)
    };
    let items: Vec<_> = program.lists().iter().map(items).collect();
    program.specialized(&fillings, program.slots().len(), &items)
}

/// A value as a template places it, unless it may be null.
fn formatted(context: &Value, slot: &Slot) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    match (slot.path.iter().fold(context, |value, name| &value[name]), &slot.shape) {
        (Value::String(text), Shape::Text) => escape_into(text, &mut bytes),
        (value @ (Value::Number(_) | Value::Bool(_)), Shape::Integer | Shape::Boolean) => {
            bytes = value.to_string().into_bytes();
        }
        _ => return None,
    }
    Some(bytes)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn programs_do_what_json_e_does(choices in prop::collection::vec(any::<u8>(), 0..600), wanted: u8, special: u8) {
        check(choices, (wanted & if wanted & 128 == 0 { 0 } else { 127 }, special));
    }
}
