//! Reader of the fields in `catalog.yaml`.

use super::{
    Catalog, Field, FieldId, Generator, Kind, KindId, Moment, ReferDefault, Scalar, escaped,
    read_common::{of_another_type, parse_text, scalar, unknown, weighted},
};
use crate::{
    error::quoted,
    value::{AddressRanges, Clock, Key, Pattern},
    yaml::{MapReader, Node, Reader, Spanned, Value},
};

/// The keys that define a field's generator; each field has exactly one of them.
const GENERATORS: &[&str] =
    &["pattern", "text", "by", "choose", "time", "clock", "stage", "ramp", "refer", "email", "address"];

/// Reads one field of kind `own`. It may refer to fields that precede it.
pub(super) fn field(
    reader: &Reader,
    name: &Spanned<String>,
    node: &Node,
    catalog: &Catalog,
    own: KindId,
) -> Option<Field> {
    let mut map = reader.map(node, "a field")?;
    let kind = &catalog.kinds[own];
    let matches = map.text("matches").and_then(|text| match regex_lite::Regex::new(&format!("^(?:{})$", text.value)) {
        Ok(regex) => Some(regex),
        Err(error) => {
            reader.report(reader.diagnostic(&text.span, format!("not a regular expression: {error}")));
            None
        }
    });
    let chosen: Vec<&'static str> = GENERATORS.iter().copied().filter(|key| map.optional(key).is_some()).collect();
    let generator = match chosen.as_slice() {
        [one] => generator(reader, one, &mut map, kind, catalog, name),
        // A misspelling such as `patern` is reported as an unknown key with a suggestion.
        [] if map.has_nearly(GENERATORS) => None,
        _ => {
            let diagnostic =
                reader.diagnostic(&name.span, format!("field `{}` needs exactly one source of its value", name.value));
            reader.report(
                diagnostic.help(format!("give it one of {}", crate::error::list_of(GENERATORS.iter().copied()))),
            );
            None
        }
    };
    map.finish();
    Some(Field { name: name.value.clone(), generator: generator?, matches })
}

fn generator(
    reader: &Reader,
    key: &'static str,
    map: &mut MapReader,
    kind: &Kind,
    catalog: &Catalog,
    name: &Spanned<String>,
) -> Option<Generator> {
    match key {
        "pattern" => {
            let unique = map.bool("unique").map_or(name.value == "id", |unique| unique.value);
            let text = map.required_text("pattern")?;
            let pattern = pattern(reader, &text)?;
            if unique && !pattern.has_class() {
                let diagnostic = reader.diagnostic(&text.span, format!("all ids would be `{}`", text.value));
                reader.report(diagnostic.help("give it a class of characters, such as `[a-z0-9]{6}`"));
                return None;
            }
            Some(Generator::Pattern { pattern, unique })
        }
        "text" => parse_text(reader, &map.required_text("text")?).map(Generator::Text),
        "by" => cases(reader, map, kind),
        "choose" => choose(reader, map),
        "time" => {
            let time = map.required_text("time")?;
            match time.value.as_str() {
                "created" => Some(Generator::Time(Moment::Created)),
                "updated" => Some(Generator::Time(Moment::Updated)),
                _ => {
                    unknown(reader, &time, "time", ["created", "updated"]);
                    None
                }
            }
        }
        "clock" => clock(reader, map, catalog),
        "stage" => {
            let mut stage = map.map("stage", "`stage`")?;
            let young = stage.required_text("young");
            let ready = stage.required_text("ready");
            stage.finish();
            Some(Generator::Stage { young: escaped(&young?.value), ready: escaped(&ready?.value) })
        }
        "ramp" => {
            let mut ramp = map.map("ramp", "`ramp`")?;
            let up_to = ramp.required_text("up_to");
            let every = ramp.duration("every");
            ramp.finish();
            let up_to = ramp_end(reader, kind, &up_to?)?;
            Some(Generator::Ramp { up_to, every: every.map_or(1_000_000_000, |every| every.value.max(1)) })
        }
        "refer" => refer(reader, map, catalog),
        "email" => Some(Generator::Email(map.texts("email").into_iter().map(|domain| domain.value).collect())),
        _ => addresses(reader, map),
    }
}

fn pattern(reader: &Reader, text: &Spanned<String>) -> Option<Pattern> {
    match Pattern::parse(&text.value) {
        Ok(pattern) => Some(pattern),
        Err(error) => {
            reader.report(
                reader
                    .diagnostic(&text.span, format!("{} is not a pattern: {error}", quoted(&text.value)))
                    .help(error.help.as_str()),
            );
            None
        }
    }
}

fn choose(reader: &Reader, map: &mut MapReader) -> Option<Generator> {
    let items = map.required_list("choose")?;
    let choices: Vec<Scalar> = items.iter().filter_map(|item| scalar(reader, item)).collect();
    if choices.len() != items.len() {
        return None;
    }
    if let Some(other) = of_another_type(&choices) {
        let diagnostic =
            reader.diagnostic(&items[other].span, "choices must be of one type, and this one is of another");
        reader.report(diagnostic.help("put all of them in quotes, or none; `null` may stand beside any"));
        return None;
    }
    let at = map.optional("weights").map_or(items[0].span.clone(), |node| node.span.clone());
    let written = map.list("weights");
    let counts: Vec<u64> =
        written.iter().filter_map(|node| reader.u64(node, "a weight")).map(|weight| weight.value).collect();
    if counts.len() != written.len() {
        return None;
    }
    let counts = if written.is_empty() { vec![1; choices.len()] } else { counts };
    if counts.len() != choices.len() {
        let message = format!("{} choices need as many weights", choices.len());
        let example = vec!["1"; choices.len()].join(", ");
        reader.report(reader.diagnostic(&at, message).help(format!("write `weights: [{example}]`, or leave it out")));
        return None;
    }
    let weights = weighted(reader, &at, &counts)?;
    Some(Generator::Choose { choices, weights, counts })
}

fn cases(reader: &Reader, map: &mut MapReader, kind: &Kind) -> Option<Generator> {
    let by = map.required_text("by");
    let entries = map.entries("cases");
    let by = by?;
    let field = own_field(reader, kind, &by)?;
    let Generator::Choose { choices, .. } = &kind.fields[field].generator else {
        reader.report(reader.diagnostic(&by.span, format!("`{}` has no choices", by.value)));
        return None;
    };
    let names: Vec<String> = choices.iter().map(Scalar::to_string).collect();
    for (name, _) in entries.iter().filter(|(name, _)| !names.contains(&name.value)) {
        unknown(reader, name, "choice", names.iter().map(String::as_str));
    }
    let mut cases = Vec::new();
    for name in &names {
        let Some((_, node)) = entries.iter().find(|(key, _)| key.value == *name) else {
            reader.report(reader.diagnostic(&by.span, format!("no case for `{name}`")));
            continue;
        };
        cases.extend(reader.text(node, "a case").and_then(|text| parse_text(reader, &text)));
    }
    (cases.len() == choices.len()).then_some(Generator::By { field, cases })
}

/// The upper limit of a ramp: a preceding field whose values are all non-negative whole numbers.
fn ramp_end(reader: &Reader, kind: &Kind, name: &Spanned<String>) -> Option<FieldId> {
    let field = own_field(reader, kind, name)?;
    let counts = match &kind.fields[field].generator {
        Generator::Choose { choices, .. } => {
            choices.iter().all(|choice| matches!(choice, Scalar::Integer(number) if *number >= 0))
        }
        Generator::Ramp { .. } => true,
        _ => false,
    };
    if !counts {
        let message = format!("a ramp ends at a number, and `{}` is none", name.value);
        let help = "name a field above with `choose: [5, 10]`: whole numbers from 0";
        reader.report(reader.diagnostic(&name.span, message).help(help));
        return None;
    }
    Some(field)
}

fn clock(reader: &Reader, map: &mut MapReader, catalog: &Catalog) -> Option<Generator> {
    let text = map.required_text("clock")?;
    let unique_in = match map.text("unique_in") {
        Some(name) => match catalog.kind(&name.value) {
            Some(kind) => Some(kind),
            None => {
                unknown(reader, &name, "kind", catalog.kinds.iter().map(|kind| kind.name.as_str()));
                return None;
            }
        },
        None => None,
    };
    match Clock::parse(&text.value) {
        Ok(clock) => Some(Generator::Clock { clock, unique_in }),
        Err(directive) => {
            let diagnostic = reader.diagnostic(&text.span, format!("a clock has no `{directive}`"));
            reader.report(diagnostic.help("it has `%Y`, `%m`, `%d`, `%H`, `%M` and `%S`"));
            None
        }
    }
}

fn refer(reader: &Reader, map: &mut MapReader, catalog: &Catalog) -> Option<Generator> {
    let node = map.required("refer")?;
    let names = match &node.value {
        Value::List(items) => items.iter().filter_map(|item| reader.text(item, "a kind")).collect(),
        _ => vec![reader.text(node, "`refer`")?],
    };
    let nullable = map.bool("nullable").is_some_and(|nullable| nullable.value);
    let default = match map.optional("default") {
        Some(Node { value: Value::Null, .. }) => ReferDefault::Null,
        Some(node) if node.as_text() == Some("caller") => ReferDefault::Caller,
        Some(node) => {
            reader.report(reader.diagnostic(&node.span, "a reference's default is `null` or `caller`"));
            return None;
        }
        None => ReferDefault::ResolvedScenario,
    };
    let mut kinds = Vec::new();
    for name in names {
        match catalog.kind(&name.value) {
            Some(kind) => kinds.push(kind),
            None => unknown(reader, &name, "kind", catalog.kinds.iter().map(|kind| kind.name.as_str())),
        }
    }
    (!kinds.is_empty()).then_some(Generator::Refer { kinds, nullable, default })
}

fn addresses(reader: &Reader, map: &mut MapReader) -> Option<Generator> {
    let texts = map.texts("address");
    let ranges: Vec<String> = texts.iter().map(|text| text.value.clone()).collect();
    if let Err(wrong) = AddressRanges::parse(Key::root(0), &ranges) {
        let span = texts.iter().find(|text| text.value == wrong).map_or(0..0, |text| text.span.clone());
        reader.report(
            reader
                .diagnostic(&span, format!("`{wrong}` is not a range of IP addresses"))
                .help("write its first address and the bits that all have, such as `192.0.2.0/24` or `2001:db8::/32`"),
        );
        return None;
    }
    (!ranges.is_empty()).then_some(Generator::Address(ranges))
}

fn own_field(reader: &Reader, kind: &Kind, name: &Spanned<String>) -> Option<FieldId> {
    let found = kind.field(&name.value);
    if found.is_none() {
        let diagnostic = reader.diagnostic(&name.span, format!("`{}` does not stand above", name.value));
        reader.report(
            diagnostic
                .help(crate::error::did_you_mean(&name.value, kind.fields.iter().map(|field| field.name.as_str()))),
        );
    }
    found
}
