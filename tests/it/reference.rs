//! The guide's reference is what the schemas say, as pages. After a change of a schema:
//!
//! ```text
//! FALSETRAIL_UPDATE_GOLDEN=1 cargo test reference
//! ```

use super::pages::{read, root};
use falsetrail::machinery::{catalog::Catalog, schema};
use serde_json::{Map, Value};
use std::{fmt::Write as _, fs};

const UPDATE: &str = "FALSETRAIL_UPDATE_GOLDEN=1 cargo test reference";

#[test]
fn reference_of_scenarios() {
    let schema = schema::for_scenarios(&Catalog::built_in().unwrap());
    let introduction = "\
# Every key of a scenario file

This page is made from the schema that `falsetrail schema scenario` prints, which editors read, too. [The
language](language.md) explains it in order.

`$name` may stand in place of any value, except among `params`: see [params](#params). Kinds, fields, methods, failures
and numbers are those of the built-in catalog; `falsetrail schema scenario --templates DIR` has those of another one.
";
    check("docs/scenario-reference.md", introduction, &schema);
}

#[test]
fn reference_of_catalogs() {
    let introduction = "\
# Every key of a catalog

This page is made from the schema that `falsetrail schema catalog` prints, which editors read, too. [Catalogs of your
own](catalogs.md) builds one from nothing, and [Templates](templates.md) says what stands beside it.
";
    check("docs/catalog-reference.md", introduction, &schema::for_catalogs());
}

/// Holds a page against what it would be now, or writes that.
fn check(page: &str, introduction: &str, schema: &Value) {
    let made = format!("<!-- Generated: {UPDATE} -->\n\n{introduction}{}", Reference::of(schema).text);
    if std::env::var_os("FALSETRAIL_UPDATE_GOLDEN").is_some_and(|value| value == "1") {
        fs::write(root().join(page), &made).unwrap();
        return;
    }
    let kept = read(page);
    for (number, (kept, made)) in kept.lines().zip(made.lines()).enumerate() {
        assert!(kept == made, "{page}:{}:\n  kept: {kept}\n  now:  {made}\n{UPDATE}", number + 1);
    }
    assert!(kept == made, "{page} has another length than what the schema says now: {UPDATE}");
}

/// A schema as Markdown.
struct Reference<'s> {
    definitions: &'s Map<String, Value>,
    text: String,
}

/// Words behind a definition's name, most of which are of Rust alone.
const TITLES: [(&str, &str); 5] = [
    ("FullMixEntry", "Mix entry with a weight or parameters"),
    ("FullRepeat", "Repeat with a delay"),
    ("ShortStep", "Call alone"),
    ("SomeRate", "Rate above 0"),
    ("ParamValue", "Value of a parameter"),
];

/// So many examples or words are shown at most.
const MOST: usize = 8;

impl<'s> Reference<'s> {
    fn of(schema: &'s Value) -> Self {
        let definitions = schema["$defs"].as_object().expect("a schema has definitions");
        let mut reference = Reference { definitions, text: String::new() };
        reference.section("The file", schema);
        // Forms of values stand last: whoever reads on has met them by then.
        let (maps, values): (Vec<_>, Vec<_>) =
            definitions.iter().filter(|(name, _)| *name != "Parameter").partition(|(_, of)| !is_value(of));
        for (name, definition) in maps.into_iter().chain(values) {
            reference.section(&title(name), definition);
        }
        reference
    }

    fn line(&mut self, line: &str) {
        // Writing to a string does not fail.
        let _ = writeln!(self.text, "{line}");
    }

    fn section(&mut self, title: &str, of: &Value) {
        self.line(&format!("\n## {title}\n\n{}", of["description"].as_str().unwrap_or_default()));
        self.forms(of);
        self.keys(of);
        self.conditions(of);
        let examples = shown(&of["examples"]);
        if !examples.is_empty() {
            self.line(&sentence(&format!("\nFor example {examples}")));
        }
    }

    /// What it may be, if that is not a map with keys.
    fn forms(&mut self, of: &Value) {
        if let Some(ways) = of["anyOf"].as_array().filter(|_| of["properties"].is_null()) {
            let ways: Vec<&Value> = ways.iter().collect();
            // Words of the catalog, or whatever might be one.
            if let [words, _] = ways.as_slice()
                && words["enum"].is_array()
            {
                let words: Vec<String> = words["enum"].as_array().into_iter().flatten().map(code).collect();
                self.line(&format!("\nThere are {}.", words.join(", ")));
                return;
            }
            self.line("");
            for way in ways {
                let told = way["description"].as_str().map(|told| format!(": {}", low(told))).unwrap_or_default();
                self.line(&format!("- {}{told}", self.kind(way)));
            }
        } else if let Some(ways) = of["oneOf"].as_array().filter(|ways| ways[0]["const"].is_string()) {
            self.line("");
            for way in ways {
                self.line(&format!(
                    "- {}: {}",
                    code(&way["const"]),
                    low(way["description"].as_str().unwrap_or_default())
                ));
            }
        } else if let Some(words) = of["enum"].as_array() {
            let words: Vec<String> = words.iter().map(code).collect();
            self.line(&format!("\nOne of {}.", words.join(", ")));
        } else if of["type"] == "number" || of["type"] == "integer" {
            self.line(&format!("\n{}.", capital(&self.kind(of))));
        } else if of["type"] == "object" && of["properties"].is_null() && of["additionalProperties"].is_object() {
            self.line(&format!("\nEach value is {}.", self.kind(&of["additionalProperties"])));
        }
    }

    fn keys(&mut self, of: &Value) {
        let Some(keys) = of["properties"].as_object() else { return };
        self.line("\n| key | value | meaning |\n|---|---|---|");
        let required: Vec<&str> = of["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        for (key, schema) in keys {
            let mut meaning = sentence(schema["description"].as_str().unwrap_or_default());
            if required.contains(&key.as_str()) {
                meaning = format!("**Required.** {meaning}");
            }
            let default = &schema["default"];
            if !default.is_null() {
                meaning += &sentence(&format!(" If it is left out: {}", code(default)));
            }
            let examples = shown(&schema["examples"]);
            if !examples.is_empty() {
                meaning += &sentence(&format!(" For example {examples}"));
            }
            self.line(&format!("| `{key}` | {} | {} |", self.kind(schema), meaning.replace('|', "\\|")));
        }
        match &of["additionalProperties"] {
            Value::Bool(false) => {}
            more if more.is_object() => self.line(&format!("\nAny other key has {}.", self.kind(more))),
            _ => self.line("\nOther keys are for another catalog."),
        }
    }

    /// What of it goes together.
    fn conditions(&mut self, of: &Value) {
        let mut told = Vec::new();
        for way in ["oneOf", "anyOf"] {
            let keys = of[way].as_array().into_iter().flatten();
            let keys: Vec<String> =
                keys.filter_map(|way| way["required"][0].as_str()).map(|key| format!("`{key}`")).collect();
            if keys.len() > 1 && of["properties"].is_object() && of[way][0]["properties"].is_null() {
                let how = if way == "oneOf" { "Exactly" } else { "At least" };
                told.push(format!("{how} one of {} is needed.", keys.join(", ")));
            }
        }
        let mut needing: Map<String, Value> = Map::new();
        for (key, needs) in of["dependentRequired"].as_object().into_iter().flatten() {
            let need = needing.entry(code(&needs[0])).or_insert_with(|| Vec::<Value>::new().into());
            need.as_array_mut().expect("a list").push(code(&key.as_str().into()).into());
        }
        for (need, keys) in needing {
            let keys: Vec<&str> = keys.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
            told.push(format!("{} {} {need}.", keys.join(", "), if keys.len() == 1 { "needs" } else { "need" }));
        }
        for (key, without) in of["dependentSchemas"].as_object().into_iter().flatten() {
            let keys: Vec<String> =
                without["properties"].as_object().into_iter().flatten().map(|(key, _)| format!("`{key}`")).collect();
            told.push(format!("`{key}` stands without {}.", keys.join(" and ")));
        }
        if !told.is_empty() {
            self.line(&format!("\n{}", told.join(" ")));
        }
    }

    /// What a value is, in a few words.
    fn kind(&self, schema: &Value) -> String {
        if let Some(name) = schema["$ref"].as_str().and_then(|to| to.strip_prefix("#/$defs/")) {
            assert!(self.definitions.contains_key(name), "{name}");
            let title = title(name);
            return format!("[{}](#{})", low(&title), title.to_lowercase().replace(' ', "-"));
        }
        if let Some(ways) = schema["anyOf"].as_array() {
            let ways = ways.iter().filter(|way| way["$ref"] != "#/$defs/Parameter");
            return ways.map(|way| self.kind(way)).collect::<Vec<_>>().join(" or ");
        }
        let types = |name: &str| match name {
            "array" => format!("list of {}", self.kind(&schema["items"])),
            "object" => match &schema["additionalProperties"] {
                Value::Object(_) => format!("map of names to {}", self.kind(&schema["additionalProperties"])),
                _ => "map".to_owned(),
            },
            "string" => "text".to_owned(),
            "boolean" => "`true` or `false`".to_owned(),
            "null" => "`null`".to_owned(),
            "integer" => format!("whole number{}", range(schema)),
            _ => format!("number{}", range(schema)),
        };
        match &schema["type"] {
            Value::String(name) => types(name),
            Value::Array(names) => names.iter().filter_map(Value::as_str).map(types).collect::<Vec<_>>().join(" or "),
            _ => "value".to_owned(),
        }
    }
}

/// Whether a definition is a text, a number, or a choice among such.
fn is_value(definition: &Value) -> bool {
    let ways = definition["anyOf"].as_array().into_iter().flatten();
    let scalar = |schema: &Value| {
        let named = ["string", "number", "integer"].iter().any(|name| schema["type"] == **name);
        named || schema["type"].is_array() || schema["enum"].is_array()
    };
    scalar(definition) || (definition["properties"].is_null() && ways.clone().any(scalar))
}

/// Bounds that mean something to people.
fn range(schema: &Value) -> String {
    let number = |key: &str| schema[key].as_f64();
    let low = number("minimum").map(|low| format!(" from {low}"));
    let low = low.or_else(|| number("exclusiveMinimum").map(|low| format!(" above {low}"))).unwrap_or_default();
    let high = number("maximum").filter(|high| *high < 1e15).map(|high| format!(" up to {high}"));
    format!("{low}{}", high.unwrap_or_default())
}

fn title(name: &str) -> String {
    if let Some((_, title)) = TITLES.iter().find(|(known, _)| *known == name) {
        return (*title).to_owned();
    }
    let mut title = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !title.is_empty() {
            title.push(' ');
            title.extend(letter.to_lowercase());
        } else {
            title.push(letter);
        }
    }
    title
}

/// The first examples.
fn shown(examples: &Value) -> String {
    let all: Vec<String> = examples.as_array().into_iter().flatten().map(code).collect();
    let more = if all.len() > MOST { " and more" } else { "" };
    format!("{}{more}", all[..all.len().min(MOST)].join(", "))
}

fn code(value: &Value) -> String {
    match value {
        Value::String(text) if !is_number(text) => format!("`{text}`"),
        other => format!("`{}`", flow(other)),
    }
}

/// Whether YAML takes a text without quotes for a number; times of day are some in YAML 1.1.
fn is_number(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|sign| sign.is_ascii_digit() || sign == ':')
}

/// A value as a person writes it in YAML, in one line.
fn flow(value: &Value) -> String {
    match value {
        Value::Object(map) => {
            let entries: Vec<String> = map.iter().map(|(key, value)| format!("{key}: {}", flow(value))).collect();
            format!("{{ {} }}", entries.join(", "))
        }
        Value::Array(items) => format!("[{}]", items.iter().map(flow).collect::<Vec<_>>().join(", ")),
        Value::String(text) if text.contains(['$', '{', '[']) || is_number(text) => format!("\"{text}\""),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn sentence(text: &str) -> String {
    if text.is_empty() || text.ends_with('.') { text.to_owned() } else { format!("{text}.") }
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

fn low(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default()
}
