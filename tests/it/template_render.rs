//! What templates become: separators, types, escapes, lists, and limits.

use falsetrail::machinery::{
    bytes::escape_into,
    error::Source,
    template::{Constant, Program, Shape, Slot, Template, Values},
};
use serde_json::{Value, json};

pub fn object<const N: usize>(members: [(&str, Shape); N]) -> Shape {
    Shape::Object(members.into_iter().map(|(name, shape)| (name.to_owned(), shape)).collect())
}

pub fn nullable(shape: Shape) -> Shape {
    Shape::Nullable(Box::new(shape))
}

pub fn shape() -> Shape {
    let item = object([
        ("id", Shape::Text),
        ("size", nullable(Shape::Integer)),
        ("owner", nullable(object([("id", Shape::Text)]))),
    ]);
    object([
        ("success", Shape::Boolean),
        (
            "pool",
            object([("id", Shape::Text), ("name", Shape::Text), ("cfu", Shape::Integer), ("default", Shape::Boolean)]),
        ),
        ("note", nullable(Shape::Text)),
        ("limit", nullable(Shape::Integer)),
        ("owner", nullable(object([("id", Shape::Text), ("name", nullable(Shape::Text))]))),
        ("items", Shape::List(Box::new(item))),
        ("names", Shape::List(Box::new(Shape::Text))),
    ])
}

fn context() -> Value {
    json!({
        "success": true,
        "pool": { "id": "lfcp-1", "name": "a \"pool\"\\\n\u{1}é😀", "cfu": -5, "default": false },
        "note": null,
        "limit": 10,
        "owner": { "id": "u-1", "name": null },
        "items": [
            { "id": "a", "size": 1, "owner": null },
            { "id": "b", "size": null, "owner": { "id": "u-2" } },
            { "id": "c", "size": 0, "owner": null }
        ],
        "names": ["x", "y"]
    })
}

fn compiled(template: &str, constants: &[(&str, Constant)]) -> Program {
    let source = Source::new("test.json".to_owned(), template.to_owned());
    let template = Template::parse(&source).unwrap_or_else(|diagnostics| panic!("{template}: {diagnostics:?}"));
    template.compile(&shape(), constants).unwrap_or_else(|diagnostics| panic!("{diagnostics:?}"))
}

fn rendered(program: &Program, context: &Value) -> String {
    let values = Values::from_context(program, context).unwrap();
    let mut out = b"before".to_vec();
    program.render(&values, &mut out);
    String::from_utf8(out).unwrap().strip_prefix("before").unwrap().to_owned()
}

#[test]
fn templates_become_compact_json() {
    let cases = [
        // spelling survives
        (
            r#" { "b" : 1.50e+3 , "a" : [ -0 , 12345678901234567890 , true , null ] } "#,
            r#"{"b":1.50e+3,"a":[-0,12345678901234567890,true,null]}"#,
        ),
        ("[ ]", "[]"),
        ("{ }", "{}"),
        (r#""A\u00e9\ud83d\ude00\/\b\u0001\u007f\n""#, "\"Aé😀/\\b\\u0001\u{7f}\\n\""),
        // interpolation and its escapes
        (r#""${pool.id}/x=${ pool.cfu }${pool.default}""#, r#""lfcp-1/x=-5false""#),
        (r#""$${pool.id} $$ $ $$$${a}""#, r#""${pool.id} $$ $ $$${a}""#),
        (r#"{"$$eval": 1, "a$${b}": "$", "$$$c": 2}"#, r#"{"$eval":1,"a${b}":"$","$$c":2}"#),
        (r#""${'}'}${7}${true}${pool.cfu < 0 && success}""#, r#""}7truetrue""#),
        // types
        (
            r#"[{"$eval":"pool.name"},{"$eval":"pool.cfu"},{"$eval":"success"}]"#,
            "[\"a \\\"pool\\\"\\\\\\n\\u0001é😀\",-5,true]",
        ),
        (
            r#"[{"$eval":"note"},{"$eval":"limit"},{"$eval":"null"},{"$eval":"'a'"},{"$eval":"!note"}]"#,
            r#"[null,10,null,"a",true]"#,
        ),
        // deletion
        (
            r#"{"a":{"$if":"note","then":1},"b":{"$if":"limit","then":2},"c":{"$if":"note","then":3},"d":4}"#,
            r#"{"b":2,"d":4}"#,
        ),
        (
            r#"[{"$if":"note","then":1},{"$if":"note","then":{"$if":"limit","then":2}},[{"$if":"note","then":1}]]"#,
            "[[]]",
        ),
        (r#"[0,{"$if":"note","else":{"$if":"limit","then":2}},{"$if":"note","then":3}]"#, "[0,2]"),
        (r#"{"a":"[","b":{"$if":"note","then":1},"c":"{"}"#, r#"{"a":"[","c":"{"}"#),
        // flow typing
        (r#"{"$if":"owner","then":"${owner.id}","else":null}"#, r#""u-1""#),
        (r#"{"$if":"owner == null || !owner.name","then":0,"else":"${owner.name}"}"#, "0"),
        (r#"{"$if":"owner != null && owner.id > 'u-0'","then":{"$eval":"owner.name"},"else":1}"#, "null"),
        // lists
        (r#"{"$map":{"$eval":"items"},"each(x)":"${x.id}"}"#, r#"["a","b","c"]"#),
        (
            r#"{"$map":{"$eval":"names"},"each(x, i)":{"i":{"$eval":"i"},"x":"${pool.id}${x}${i}"}}"#,
            r#"[{"i":0,"x":"lfcp-1x0"},{"i":1,"x":"lfcp-1y1"}]"#,
        ),
        (r#"{"$map":{"$eval":"items"},"each(x,i)":{"$if":"i == 1","else":{"$eval":"x.size"}}}"#, "[1,0]"),
        (r#"{"$map":{"$eval":"items"},"each(x)":{"$if":"x.owner","then":"${x.owner.id}"}}"#, r#"["u-2"]"#),
        (r#"{"$if":"names","then":{"$map":{"$eval":"items"},"each(x)":{"$eval":"x.size"}},"else":0}"#, "[1,null,0]"),
    ];
    for (template, expected) in cases {
        assert_eq!(rendered(&compiled(template, &[]), &context()), expected, "{template}");
    }
}

#[test]
fn what_is_known_beforehand_costs_nothing() {
    let template = r#"{"a":{"$if":"success","then":"${pool.id}","else":"${pool.name}"},"b":"${success} ${pool.cfu}"}"#;
    let constants =
        [("success", Constant::Boolean(true)), ("pool.cfu", Constant::Integer(7)), ("unused", Constant::Null)];
    let program = compiled(template, &constants);
    let slot = Slot { path: vec!["pool".to_owned(), "id".to_owned()], shape: Shape::Text };
    assert_eq!(program.slots(), [slot]);
    assert_eq!(rendered(&program, &context()), r#"{"a":"lfcp-1","b":"true 7"}"#);
}

#[test]
fn a_value_is_asked_for_once_and_presence_by_the_object_itself() {
    let program = compiled(r#"["${pool.id}${pool.id}",{"$if":"owner","then":"${owner.id}"}]"#, &[]);
    let paths: Vec<_> = program.slots().iter().map(|slot| slot.path.join(".")).collect();
    assert_eq!(paths, ["pool.id", "owner", "owner.id"]);
    let mut values = Values::default();
    for _ in 0..2 {
        values.clear();
        values.bytes().extend_from_slice(b"p");
        values.end();
        values.null();
        values.null();
        let mut out = Vec::new();
        program.render(&values, &mut out);
        assert_eq!(out, br#"["pp"]"#);
    }
}

#[test]
fn a_context_that_does_not_fit_is_named() {
    let program = compiled(r#"["${pool.cfu}",{"$map":{"$eval":"items"},"each(x)":"${x.id}"}]"#, &[]);
    let cases = [
        (json!({}), "the context has no `pool.cfu`"),
        (json!({"pool": {"cfu": "1"}}), "`pool.cfu` should be an integer, but is a text"),
        (json!({"pool": {"cfu": null}}), "`pool.cfu` should be an integer, but is null"),
        (json!({"pool": {"cfu": 1.5}}), "`pool.cfu` should be an integer, but is a number"),
        (json!({"pool": {"cfu": 1}}), "the context has no `items`"),
        (json!({"pool": {"cfu": 1}, "items": 1}), "`items` should be a list"),
        (json!({"pool": {"cfu": 1}, "items": [{"id": ""}, {}]}), "the context has no `items[1].id`"),
    ];
    for (context, expected) in cases {
        assert_eq!(Values::from_context(&program, &context).unwrap_err(), expected);
    }
}

#[test]
fn every_character_survives() {
    let text: String = ('\0'..'\u{300}').chain(['\u{2028}', '\u{ffff}', '\u{10ffff}']).collect();
    let mut escaped = b"\"".to_vec();
    escape_into(&text, &mut escaped);
    escaped.push(b'"');
    assert_eq!(serde_json::from_slice::<String>(&escaped).unwrap(), text);
    let template = json!([text.replace('$', ""), "${pool.id}"]).to_string();
    let out = rendered(&compiled(&template, &[]), &json!({"pool": {"id": text}}));
    assert_eq!(serde_json::from_str::<Value>(&out).unwrap(), json!([text.replace('$', ""), text]));
}

#[test]
fn order_of_texts_looks_behind_the_escapes() {
    let program = compiled(r#"[{"$eval":"pool.id < pool.name"},{"$eval":"pool.id > 'b'"}]"#, &[]);
    for (id, name) in [("a\"", "a#"), ("a\n", "a\r"), ("a\u{1}", "a\t"), ("\\", "]"), ("a", "a "), ("é", "z"), ("", "")]
    {
        let out = rendered(&program, &json!({"pool": {"id": id, "name": name}}));
        assert_eq!(out, format!("[{},{}]", id < name, id > "b"), "{id:?} {name:?}");
    }
}

#[test]
fn large_templates_and_lists_work() {
    let text = format!(r#"["{}",{}]"#, "x".repeat(1 << 20), vec![r#""${pool.id}""#; 10_000].join(","));
    let out = rendered(&compiled(&text, &[]), &context());
    assert_eq!(out.len(), text.len() - 10_000 * ("${pool.id}".len() - "lfcp-1".len()));

    let items: Vec<_> = (0..100_000).map(|number| json!(number.to_string())).collect();
    let program = compiled(r#"{"$map":{"$eval":"names"},"each(x,i)":{"$if":"i != 7","then":"${x}"}}"#, &[]);
    let out = rendered(&program, &json!({"names": items}));
    assert_eq!(serde_json::from_str::<Vec<String>>(&out).unwrap().len(), 99_999);

    let chain = vec!["success"; 100_000].join("&&");
    assert_eq!(rendered(&compiled(&format!(r#"{{"$eval":"{chain}"}}"#), &[]), &context()), "true");
    let deep = format!("{}{}", "[".repeat(128), "]".repeat(128));
    assert_eq!(rendered(&compiled(&deep, &[]), &context()), deep);
}

#[test]
fn many_names_are_many_slots() {
    let names: Vec<_> = (0..10_000).map(|number| format!("n{number}")).collect();
    let shape = Shape::Object(names.iter().map(|name| (name.clone(), Shape::Integer)).collect());
    let members: Vec<_> = names.iter().map(|name| format!(r#""{name}":{{"$eval":"{name}"}}"#)).collect();
    let source = Source::new(String::new(), format!("{{{}}}", members.join(",")));
    let program = Template::parse(&source).unwrap().compile(&shape, &[]).unwrap();
    assert_eq!(program.slots().len(), 10_000);
    let context: Value = names.iter().map(|name| (name.clone(), json!(1))).collect::<serde_json::Map<_, _>>().into();
    assert_eq!(rendered(&program, &context), context.to_string());
}
