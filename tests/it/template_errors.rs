//! What is wrong with a template is said where it is, all at once, with what to do.

use falsetrail::machinery::{
    error::{Diagnostic, Source},
    template::{Constant, Template},
};

use super::template_render::shape;

fn diagnostics(template: &str) -> Vec<Diagnostic> {
    let source = Source::new("test.json".to_owned(), template.to_owned());
    match Template::parse(&source).and_then(|parsed| parsed.compile(&shape(), &[])) {
        Ok(_) => panic!("no mistake in {template}"),
        Err(diagnostics) => diagnostics,
    }
}

/// Template, the text under the caret, a part of message and help.
const CASES: &[(&str, &str, &str)] = &[
    // JSON
    ("", "", "expected a value, found the end of the template"),
    (r#"{"a":{"b":[1,]}}"#, "]", "at `a.b[1]`: expected a value, found `]`"),
    (r#"{"a":1"#, "", "expected `,` or `}`"),
    (r#"{"a" 1}"#, "1", "expected `:`, found `1`"),
    ("{'a':1}", "'", "expected a key in double quotes"),
    ("[1] 2", "2", "expected the end of the template"),
    ("[01]", "01", "`01` is not a JSON number"),
    ("[1.]", "1.", "`1.` is not a JSON number"),
    ("[-]", "-", "`-` is not a JSON number"),
    ("[1e]", "1e", "`1e` is not a JSON number"),
    ("[nul]", "nul", "`nul` is not a JSON value"),
    ("[True]", "True", "`True` is not a JSON value"),
    (r#"["a"#, "\"a", "no closing"),
    (r#"["a\x"]"#, "\\", "escape after `\\` is unknown"),
    (r#"["\ud800"]"#, r"\ud800", "surrogate"),
    (r#"["\ud800\u0041"]"#, r"\ud800\u0041", "surrogate"),
    (r#"["\u00g0"]"#, r"\u", "four hexadecimal digits"),
    ("[\"a\tb\"]", "\t", "control character"),
    (r#"{"a":1,"b":{"c":1,"c":2}}"#, r#""c""#, "at `b`: the key `c` appears twice"),
    // operators
    (r#"{"a":{"$merge":[]}}"#, r#""$merge""#, "at `a`: the operator `$merge` is not supported"),
    (r#"{"$flatten":[]}"#, r#""$flatten""#, "for a key that begins with `$`, write `$$flatten`"),
    (r#"{"$":[]}"#, r#""$""#, "not supported"),
    (r#"{"$eval":"success","x":1}"#, r#""x""#, "the key `x` does not belong beside `$eval`"),
    (r#"{"$if":"success","then":1,"els":1}"#, r#""els""#, "does not belong beside `$if`"),
    (r#"{"$if":true,"then":1,"else":1}"#, "true", "`$if` needs an expression in a string"),
    (r#"{"$map":[1],"each(x)":1}"#, "[1]", "`$map` needs a list by name"),
    (r#"{"$map":{"$eval":"items"}}"#, r#""$map""#, "has no `each(item)`"),
    (r#"{"$map":{"$eval":"items"},"each(a b)":1}"#, r#""each(a b)""#, "malformed"),
    (r#"{"a${pool.id}":1}"#, r#""a${pool.id}""#, "keys are literal"),
    // expressions
    (r#"{"$eval":"pool.cfu + 1"}"#, "+", "`+` is not expected in an expression"),
    (r#"{"$eval":"1.5"}"#, "1.5", "not an integer"),
    (r#"{"$eval":""}"#, "", "not complete"),
    (r#"{"$eval":"(success"}"#, "", "not complete"),
    (r#"{"$eval":"'a"}"#, "'a", "no closing `'`"),
    (r#"{"$eval":"1 < 2 < 3"}"#, "< ", "cannot be chained"),
    (r#"{"$eval":"min(1)"}"#, "(", "not expected"),
    (r#""\u00e9\ud83d\ude00\n ${pool.id""#, "${pool.id", "`${` is not closed by `}`"),
    (r#""${}""#, "}", "not expected"),
    // names
    (r#"{"data":{"x":["${pool.idd}"]}}"#, "pool.idd", "at `data.x[0]`: unknown name `pool.idd`"),
    (r#""${pool.idd}""#, "pool.idd", "did you mean `pool.id`"),
    (r#""\"é ${pol.id}""#, "pol.id", "did you mean `pool.id`"),
    (r#""${nothing_like_it}""#, "nothing_like_it", "there are `items`, `limit`, `names`"),
    (r#""${pool.zzzzzz}""#, "pool.zzzzzz", "there are `pool.cfu`, `pool.default`, `pool.id`, `pool.name`"),
    (r#"{"$map":{"$eval":"items"},"each(it)":"${it.ids}"}"#, "it.ids", "at `[]`: unknown name `it.ids`"),
    (r#"[{"$map":{"$eval":"items"},"each(it)":1},"${it.id}"]"#, "it.id", "unknown name `it.id`"),
    (r#""${pool.id.x}""#, "pool.id.x", "`pool.id` is a text and has no members"),
    (r#""${items.id}""#, "items.id", "`items` is a list and has no member `items.id`"),
    (r#""${now}""#, "now", "unknown name `now`"),
    // types
    (r#""${note}""#, "note", "may be null, which a text cannot contain"),
    (r#""${null}""#, "null", "may be null"),
    (r#""${pool}""#, "pool", "an object cannot stand in a text"),
    (r#""${names}""#, "names", "a list cannot stand in a text"),
    (r#"{"$eval":"pool"}"#, "pool", "write its keys out"),
    (r#"{"$eval":"owner"}"#, "owner", "`$eval` of an object is not supported"),
    (r#"{"$eval":"names"}"#, "names", "walk it with"),
    (r#"{"$eval":"pool.cfu == '5'"}"#, "pool.cfu == '5'", "cannot compare an integer with a text"),
    (r#"{"$eval":"success == 1"}"#, "success == 1", "cannot compare a boolean with an integer"),
    (r#"{"$eval":"success < true"}"#, "success < true", "booleans have no order"),
    (r#"{"$eval":"limit < 3"}"#, "limit", "`limit` may be null here"),
    (r#"{"$eval":"limit < null"}"#, "limit < null", "null has no order"),
    (r#"{"$eval":"pool.id == null"}"#, "pool.id", "`pool.id` is never null"),
    (r#"{"$eval":"pool == 1"}"#, "pool == 1", "cannot compare an object"),
    (r#"{"$eval":"(success && success) == true"}"#, "success && success", "only names and literals"),
    (r#"{"$map":{"$eval":"pool"},"each(x)":1}"#, "pool", "walks a list, but this is an object"),
    (r#"{"$map":{"$eval":"names"},"each(x)":{"$map":{"$eval":"items"},"each(y)":1}}"#, r#""$map""#, "within a `$map`"),
    // null
    (r#""${owner.id}""#, "owner.id", "`owner` may be null here"),
    (r#""${owner.id}""#, "owner.id", r#"guard it by {"$if": "owner", "then": …}"#),
    (r#"{"$if":"owner","then":1,"else":"${owner.id}"}"#, "owner.id", "may be null here"),
    (r#"{"$if":"owner || success","then":"${owner.id}","else":1}"#, "owner.id", "may be null here"),
    (r#"[{"$if":"owner","then":1},"${owner.id}"]"#, "owner.id", "may be null here"),
    (r#"{"$if":"false","then":"${owner.id}","else":1}"#, "owner.id", "may be null here"),
    (r#"{"$if":"success","then":1}"#, "{", "the whole document may be left out"),
];

#[test]
fn mistakes_are_found_where_they_are() {
    for (template, under, expected) in CASES {
        let found = diagnostics(template);
        let fits = |diagnostic: &Diagnostic| {
            let text = format!("{}\n{}", diagnostic.message, diagnostic.help.join("\n"));
            text.contains(expected) && template[diagnostic.span.clone()].trim_end() == under.trim_end()
        };
        assert!(found.iter().any(fits), "{template}\nwanted {under:?}: {expected}\nfound {found:#?}");
    }
}

#[test]
fn all_mistakes_are_found_at_once() {
    let found = diagnostics(r#"{"a":"${x}","b":{"$if":"y","then":"${z}"},"c":{"$eval":"pool"}}"#);
    let places: Vec<_> = found.iter().map(|diagnostic| diagnostic.span.start).collect();
    assert_eq!(places, [8, 24, 37, 56]);
    let found = diagnostics(r#"{"a":1,"a":{"b":2,"b":3}}"#);
    assert_eq!(found.len(), 2);
    let found = diagnostics(r#"{"a":{"$x":1},"b":"${"}"#);
    assert_eq!(found.len(), 2);
    let many = vec![r#""${x}""#; 10_000].join(",");
    assert_eq!(diagnostics(&format!("[{many}]")).len(), 100);
}

#[test]
fn limits_are_named() {
    let deep = |open: &str, close: &str, times: usize| format!("{}1{}", open.repeat(times), close.repeat(times));
    let cases = [
        (deep("[", "]", 1_000), "values nest at most 128 deep"),
        (deep(r#"{"a":"#, "}", 129), "values nest at most 128 deep"),
        ("[".repeat(1 << 20), "values nest at most 128 deep"),
        (" ".repeat((4 << 20) + 1), "a template has at most 4194304 bytes, this one has 4194305"),
        (format!(r#"{{"$eval":"{}"}}"#, deep("(", ")", 1_000)), "expressions nest at most 128 deep"),
        (format!(r#"{{"$eval":"{}"}}"#, deep("!", "", 100_000)), "expressions nest at most 128 deep"),
    ];
    for (template, expected) in cases {
        let found = diagnostics(&template);
        assert!(found[0].message.contains(expected), "{}", found[0].message);
    }
    let mut choice = "1".to_owned();
    for _ in 0..12 {
        choice = format!(r#"{{"$if":"success","then":{{"$if":"note","then":{choice}}},"else":{choice}}}"#);
    }
    let found = diagnostics(&format!(r#"[{{"{}":{choice}}}]"#, "k".repeat(1 << 20)));
    assert!(found[0].message.contains("larger than 64 MiB"), "{}", found[0].message);
}

#[test]
fn a_constant_must_fit_its_name() {
    let source = Source::new(String::new(), r#""${pool.id}""#.to_owned());
    let found = Template::parse(&source).unwrap().compile(&shape(), &[("pool.id", Constant::Integer(1))]).unwrap_err();
    assert!(found[0].message.contains("`pool.id` is a text"), "{}", found[0].message);
}

#[test]
fn damaged_templates_never_panic() {
    let template = r#"{"a\u00e9":{"$if":"owner != null && pool.cfu >= -1","then":"x${owner.id}\n$${","else":[1.5e3,null]},
        "l":{"$map":{"$eval":"items"},"each(i, n)":{"$if":"i.owner","then":"${i.owner.id}${n}"}}}"#;
    let run = |text: String| {
        let source = Source::new(String::new(), text);
        let _ = Template::parse(&source).and_then(|parsed| parsed.compile(&shape(), &[]));
    };
    for at in (0..template.len()).filter(|at| template.is_char_boundary(*at)) {
        run(template[..at].to_owned());
        run(template[at..].to_owned());
        for insert in ["\"", "\\", "{", "}", "[", "$", "${", ".", "\u{0}", "é", "'", "(", "!", "-"] {
            run(format!("{}{insert}{}", &template[..at], &template[at..]));
            let rest = template[at..].chars().next().map_or(0, char::len_utf8);
            run(format!("{}{insert}{}", &template[..at], &template[at + rest..]));
        }
    }
}
