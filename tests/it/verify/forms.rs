//! Events in other forms, and bodies that were changed.

use super::{Mutation, PLAN, bodies, joined, lines, numbers, verdict};
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD, Engine as _};
use falsetrail::verify::{Compare, Options};
use serde_json::{Map, Value, json};
use std::io::Write as _;

fn parsed(body: &str) -> Value {
    serde_json::from_str(body).unwrap()
}

fn each(bodies: &[String], change: impl Fn(&str, Value) -> String) -> String {
    bodies.iter().map(|body| change(body, parsed(body)) + "\n").collect()
}

/// Changes every value of a tree, the innermost first.
fn mapped(value: Value, change: &dyn Fn(Value) -> Option<Value>) -> Option<Value> {
    let value = match value {
        Value::Array(items) => Value::Array(items.into_iter().filter_map(|item| mapped(item, change)).collect()),
        Value::Object(members) => {
            let members = members.into_iter().filter_map(|(key, member)| Some((key, mapped(member, change)?)));
            Value::Object(members.collect())
        }
        other => other,
    };
    change(value)
}

fn sorted(value: Value) -> Value {
    mapped(value, &|value| {
        Some(match value {
            Value::Object(members) => {
                let mut members: Vec<_> = members.into_iter().collect();
                members.sort_by(|one, other| other.0.cmp(&one.0));
                Value::Object(members.into_iter().collect())
            }
            other => other,
        })
    })
    .unwrap()
}

fn flattened(value: &Value, prefix: &str, separator: &str, into: &mut Map<String, Value>) {
    let Value::Object(members) = value else {
        let text = match value {
            Value::Null => return,
            Value::String(text) if text.is_empty() => return,
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        into.insert(prefix.to_owned(), text.into());
        return;
    };
    for (key, member) in members {
        let name = if prefix.is_empty() { key.clone() } else { format!("{prefix}{separator}{key}") };
        flattened(member, &name, separator, into);
    }
}

fn otlp(value: &Value) -> Value {
    match value {
        Value::Null => json!({}),
        Value::Bool(flag) => json!({ "boolValue": flag }),
        Value::Number(number) => json!({ "intValue": number.to_string() }),
        Value::String(text) => json!({ "stringValue": text }),
        Value::Array(items) => json!({ "arrayValue": { "values": items.iter().map(otlp).collect::<Value>() } }),
        Value::Object(members) => {
            let pairs = members.iter().map(|(key, member)| json!({ "key": key, "value": otlp(member) }));
            json!({ "kvlistValue": { "values": pairs.collect::<Value>() } })
        }
    }
}

fn csv(cell: &str) -> String {
    format!("\"{}\"", cell.replace('"', "\"\""))
}

fn with_time(value: &Value, change: impl Fn(&str) -> Value) -> Value {
    let mut value = value.clone();
    value["time"] = change(value["time"].as_str().unwrap());
    value
}

fn same(kind: &str) -> Value {
    json!({ "arrived": 400, kind: 400 })
}

const FORMS: &[Mutation] = &[
    ("after a header of syslog", |bodies| {
        (each(bodies, |body, _| format!("Nov 30 21:58:20 127.0.0.1 falsetrail[7]: {body}")), same("unchanged"))
    }),
    ("nested", |bodies| {
        (
            each(bodies, |body, _| format!(r#"{{"_index":"a","_id":"x","_source":{body}, "sort":[1]}}"#)),
            same("unchanged"),
        )
    }),
    ("nested, the id twice", |bodies| {
        let one = |body: &str, event: Value| format!(r#"{{"_id":{},"o":{{"event": {body} }}}}"#, event["id"]);
        (each(bodies, one), same("unchanged"))
    }),
    ("in a string", |bodies| {
        (each(bodies, |body, _| json!({ "message": format!("{body}\n"), "host": "h" }).to_string()), same("unchanged"))
    }),
    ("a string in a string", |bodies| {
        let one = |body: &str, _| json!({ "log": json!({ "message": body }).to_string() }).to_string();
        (each(bodies, one), same("unchanged"))
    }),
    ("a string", |bodies| (each(bodies, |body, _| json!(body).to_string()), same("unchanged"))),
    ("a list in a line", |bodies| (format!("[{}]", bodies.join(", ")), same("unchanged"))),
    ("lists", |bodies| (joined(bodies.chunks(50).map(|some| format!("[{}]", some.join(",")))), same("unchanged"))),
    ("a list over lines", |bodies| (format!("[\n  {}\n]\n", bodies.join(",\n  ")), same("unchanged"))),
    ("a batch", |bodies| (format!("[{}]\n", bodies.join(",\n")), same("unchanged"))),
    ("hits of a search", |bodies| {
        let hits: Vec<String> = bodies.iter().map(|body| format!(r#"{{"_source":{body}}}"#)).collect();
        (format!(r#"{{"hits":{{"hits":[{}]}}}}"#, hits.join(",")), same("unchanged"))
    }),
    ("indented", |bodies| {
        (each(bodies, |_, event| serde_json::to_string_pretty(&event).unwrap()), same("reformatted"))
    }),
    ("an indented list", |bodies| {
        let all: Vec<Value> = bodies.iter().map(|body| parsed(body)).collect();
        (serde_json::to_string_pretty(&all).unwrap(), same("reformatted"))
    }),
    ("re-keyed", |bodies| (each(bodies, |_, event| sorted(event).to_string()), same("reformatted"))),
    ("slashes escaped", |bodies| (each(bodies, |body, _| body.replace('/', r"\/")), same("reformatted"))),
    ("time in milliseconds", |bodies| {
        let cut = |time: &str| json!(format!("{}Z", &time[..23]));
        (each(bodies, |_, event| with_time(&event, cut).to_string()), same("reformatted"))
    }),
    ("time with a space", |bodies| {
        let spaced = |time: &str| json!(time.replace('T', " ").replace('Z', "+00:00"));
        (each(bodies, |_, event| with_time(&event, spaced).to_string()), same("reformatted"))
    }),
    ("time renamed", |bodies| {
        let one = |_: &str, event: Value| {
            let mut event = event;
            let time = event.as_object_mut().unwrap().remove("time").unwrap();
            event["@timestamp"] = time;
            event.to_string()
        };
        (each(bodies, one), same("reformatted"))
    }),
    ("OTLP, text", |bodies| {
        let log = |some: &[String]| {
            let records: Vec<Value> = some
                .iter()
                .map(|body| json!({ "timeUnixNano": "1", "body": { "stringValue": body }, "traceId": "" }))
                .collect();
            json!({ "resourceLogs": [{ "resource": {}, "scopeLogs": [{ "scope": {}, "logRecords": records }] }] })
        };
        (bodies.chunks(64).map(|some| log(some).to_string() + "\n").collect(), same("unchanged"))
    }),
    ("OTLP, trees", |bodies| {
        let log = |some: &[String]| {
            let records: Vec<Value> = some.iter().map(|body| json!({ "body": otlp(&parsed(body)) })).collect();
            json!({ "resourceLogs": [{ "scopeLogs": [{ "logRecords": records }] }] })
        };
        (bodies.chunks(64).map(|some| log(some).to_string() + "\n").collect(), same("reformatted"))
    }),
    ("flattened", |bodies| {
        let one = |_: &str, event: Value| {
            let mut flat = Map::new();
            flattened(&event, "", ".", &mut flat);
            Value::Object(flat).to_string()
        };
        (each(bodies, one), same("reformatted"))
    }),
    ("flattened below a name, with underscores", |bodies| {
        let one = |_: &str, event: Value| {
            let mut flat = Map::new();
            flattened(&event, "event", "_", &mut flat);
            Value::Object(flat).to_string()
        };
        (each(bodies, one), same("reformatted"))
    }),
    ("columns", |bodies| {
        let row = |event: Value| {
            let text = |name: &str| event[name].as_str().unwrap_or_default().to_owned();
            let names = ["id", "time", "source", "type", "subject", "specversion", "datacontenttype", "dataschema"];
            let mut cells: Vec<String> = names.iter().map(|name| csv(&text(name))).collect();
            cells.push(csv(&event["data"].to_string()));
            cells.join(",") + "\n"
        };
        let header = "id,time,source,type,subject,specversion,datacontenttype,dataschema,data\n".to_owned();
        (header + &bodies.iter().map(|body| row(parsed(body))).collect::<String>(), same("reformatted"))
    }),
    ("columns without a header", |bodies| (each(bodies, |body, _| format!("7,{},x", csv(body))), same("unchanged"))),
    ("data alone", |bodies| (each(bodies, |_, event| format!("key|{}", event["data"])), same("reformatted"))),
    ("envelope apart", |bodies| {
        let one = |_: &str, event: Value| {
            let attributes = event.as_object().unwrap().iter().filter(|(name, _)| *name != "data");
            let headers: Map<String, Value> =
                attributes.map(|(name, value)| (format!("ce_{name}"), value.clone())).collect();
            json!({ "headers": headers, "value": event["data"] }).to_string()
        };
        (each(bodies, one), same("reformatted"))
    }),
    ("base64 in a field", |bodies| {
        let one = |body: &str, _| json!({ "recordId": "4961", "data": BASE64_STANDARD.encode(body) }).to_string();
        (each(bodies, one), same("unchanged"))
    }),
    ("a batch in base64", |bodies| {
        let records: Vec<Value> =
            bodies.iter().map(|body| json!({ "data": BASE64_URL_SAFE_NO_PAD.encode(body) })).collect();
        (json!({ "requestId": "x", "records": records }).to_string(), same("unchanged"))
    }),
    ("lines of base64, packed before", |bodies| {
        let packed = |body: &str| {
            let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            packer.write_all(body.as_bytes()).unwrap();
            packer.finish().unwrap()
        };
        (each(bodies, |body, _| BASE64_STANDARD.encode(packed(body))), same("unchanged"))
    }),
    ("OTLP, bytes", |bodies| {
        let records: Vec<Value> =
            bodies.iter().map(|body| json!({ "body": { "bytesValue": BASE64_STANDARD.encode(body) } })).collect();
        let log = json!({ "resourceLogs": [{ "scopeLogs": [{ "logRecords": records }] }] });
        (log.to_string(), same("unchanged"))
    }),
    ("data in base64", |bodies| {
        let one = |_: &str, event: Value| {
            let mut event = event;
            let data = event.as_object_mut().unwrap().remove("data").unwrap();
            event["data_base64"] = BASE64_STANDARD.encode(data.to_string()).into();
            event.to_string()
        };
        (each(bodies, one), same("reformatted"))
    }),
    ("with their lengths before them", |bodies| {
        let framed = |body: &String| format!("{} <13>1 - h a[7] - - {body}", body.len() + 20);
        (bodies.iter().map(framed).collect(), same("unchanged"))
    }),
    ("with zero bytes after them", |bodies| {
        let padded = |body: &String| format!("{body:\0<4096}");
        (bodies.iter().map(padded).collect(), same("unchanged"))
    }),
    ("columns with backslashes", |bodies| {
        let row = |body: &str, _| format!("7,\"{}\"", body.replace('\\', r"\\").replace('"', r#"\""#));
        (format!("number,event\n{}", each(bodies, row)), same("unchanged"))
    }),
    ("columns between tabs", |bodies| {
        (format!("number\tpayload\n{}", each(bodies, |body, _| format!("7\t{body}"))), same("unchanged"))
    }),
    ("in a quoted field of a log line", |bodies| {
        let one = |body: &str, _| format!("level=info msg={} host=h", json!(body));
        (each(bodies, one), same("unchanged"))
    }),
    ("escaped without quotes", |bodies| {
        let one = |body: &str, _| format!("msg={} host=h", json!(body).to_string().trim_matches('"'));
        (each(bodies, one), same("unchanged"))
    }),
    ("in XML", |bodies| {
        let one = |body: &str, _| {
            format!("<Event><Data>{}</Data></Event>", body.replace('&', "&amp;").replace('"', "&quot;"))
        };
        (each(bodies, one), same("unchanged"))
    }),
    ("indented by nothing", |bodies| {
        let one = |_: &str, event: Value| {
            let text = serde_json::to_string_pretty(&event).unwrap();
            text.lines().map(|line| line.trim_start().to_owned() + "\r\n").collect::<String>()
        };
        (each(bodies, one), same("reformatted"))
    }),
    ("beside an id in a longer word", |bodies| {
        let one = |body: &str, event: Value| {
            format!(r#"{{"_id":"audit-{}-0","doc":{body}}}"#, event["id"].as_str().unwrap().to_uppercase())
        };
        (each(bodies, one), same("unchanged"))
    }),
    ("no form that is known", |bodies| {
        (each(bodies, |body, _| body.replace("\":", "=").replace('"', "")), same("uncompared"))
    }),
    ("enriched", |bodies| {
        let one = |_: &str, event: Value| {
            let mut event = event;
            event["geo"] = json!({ "country": "NZ" });
            event.to_string()
        };
        (each(bodies, one), same("added"))
    }),
    ("enriched within", |bodies| {
        let one = |_: &str, event: Value| {
            let mut event = event;
            event["data"]["risk"] = json!(0.5);
            event.to_string()
        };
        (each(bodies, one), same("added"))
    }),
    ("changed", |bodies| {
        let one = |_: &str, event: Value| {
            let mut event = event;
            event["type"] = json!("redacted");
            event.to_string()
        };
        (each(bodies, one), same("changed"))
    }),
    ("a field dropped", |bodies| {
        let one = |_: &str, event: Value| {
            let mut event = event;
            event.as_object_mut().unwrap().remove("subject");
            event.to_string()
        };
        (each(bodies, one), same("changed"))
    }),
    ("the id replaced", |bodies| {
        let one = |_: &str, event: Value| {
            let mut event = event;
            event["id"] = json!("6641c44f-d0d5-4b1b-9f30-dac01b6eefb7");
            event.to_string()
        };
        (each(bodies, one), same("changed"))
    }),
    ("ids in capitals", |bodies| {
        let one = |body: &str, event: Value| {
            let id = event["id"].as_str().unwrap();
            body.replace(id, &id.to_uppercase())
        };
        (each(bodies, one), same("changed"))
    }),
    ("ids without hyphens", |bodies| {
        let one = |body: &str, event: Value| {
            let id = event["id"].as_str().unwrap();
            body.replace(id, &id.replace('-', ""))
        };
        (each(bodies, one), same("changed"))
    }),
    ("a value twice, the second one another", |bodies| {
        (each(bodies, |body, _| format!(r#"{},"type":"x"}}"#, body.strip_suffix('}').unwrap())), same("changed"))
    }),
    ("a time on another day", |bodies| {
        let moved = |time: &str| json!(time.replace("-05T", "-06T"));
        (each(bodies, |_, event| with_time(&event, moved).to_string()), same("changed"))
    }),
];

#[test]
fn the_same_values_in_any_form_are_no_change_and_others_are() {
    let bodies = bodies(&PLAN);
    for (name, mutate) in FORMS {
        let (text, wanted) = mutate(&bodies);
        let verdict = verdict(&PLAN, Options::default(), text);
        assert_eq!(numbers(&verdict), wanted, "{name}: {verdict:#?}");
        let is_whole = verdict.changed == 0 && verdict.uncompared == 0;
        assert_eq!(verdict.is_complete(), is_whole, "{name}");
    }
}

/// The classes that are named, and nothing else.
#[test]
fn forms_are_told_apart() {
    let bodies = bodies(&PLAN);
    let forms = |text: String| {
        let document = verdict(&PLAN, Options::default(), text).json();
        let forms = document["forms"].as_object().unwrap();
        forms.keys().cloned().collect::<Vec<_>>().join(" ")
    };
    let doubles = |value: Value| {
        mapped(value, &|value| {
            Some(match value {
                Value::Number(number) => json!(number.as_f64().unwrap()),
                other => other,
            })
        })
        .unwrap()
    };
    let without_null = |value: Value| mapped(value, &|value| (!value.is_null()).then_some(value)).unwrap();
    let without_empty =
        |value: Value| mapped(value, &|value| (value != json!({}) && value != json!([])).then_some(value)).unwrap();
    let texts = |value: Value| {
        mapped(value, &|value| {
            Some(match value {
                Value::Number(number) => json!(number.to_string()),
                Value::Bool(flag) => json!(flag.to_string()),
                other => other,
            })
        })
        .unwrap()
    };
    assert!(forms(each(&bodies, |_, event| doubles(event).to_string())).contains("integer-as-double"));
    assert_eq!(forms(each(&bodies, |_, event| without_null(event).to_string())), "null-dropped");
    assert_eq!(forms(each(&bodies, |_, event| without_empty(event).to_string())), "empty-dropped");
    assert_eq!(forms(each(&bodies, |_, event| texts(event).to_string())), "value-as-text");
    assert_eq!(forms(each(&bodies, |body, _| body.replace('/', r"\/"))), "escapes");
    assert_eq!(forms(each(&bodies, |_, event| sorted(event).to_string())), "keys");
    assert_eq!(forms(each(&bodies, |_, event| event["data"].to_string())), "envelope-gone");
}

#[test]
fn what_was_changed_is_said_by_path() {
    let bodies = bodies(&PLAN);
    let text = each(&bodies, |_, event| {
        let mut event = event;
        event.as_object_mut().unwrap().remove("subject");
        event["type"] = json!("other");
        event.to_string()
    });
    let found = verdict(&PLAN, Options::default(), text.clone());
    let changes: Vec<_> =
        found.changes.iter().map(|change| (change.path.as_str(), change.dropped, change.events)).collect();
    assert_eq!(changes, [("subject", true, 400), ("type", false, 400)]);
    assert_eq!(found.changes[1].example.found.as_deref(), Some("other"));
    let may_change = vec!["subject".to_owned(), "type".to_owned()];
    let found = verdict(&PLAN, Options { may_change, ..Options::default() }, text);
    assert_eq!((found.changed, found.changed_as_allowed), (400, 400));
}

#[test]
fn other_comparisons_see_more_or_less() {
    let bodies = bodies(&PLAN);
    let text = each(&bodies, |_, event| sorted(event).to_string());
    let found = |compare, text: &str| numbers(&verdict(&PLAN, Options { compare, ..Options::default() }, text));
    assert_eq!(found(Compare::Bytes, &text), same("changed"));
    assert_eq!(found(Compare::Bytes, &lines(&bodies)), same("unchanged"));
    assert_eq!(found(Compare::Ids, &text), same("uncompared"));
    assert_eq!(found(Compare::IdsOnly, &text), same("uncompared"));
    let ids = each(&bodies, |_, event| event["id"].to_string());
    assert_eq!(found(Compare::IdsOnly, &ids), same("uncompared"));
    assert_eq!(found(Compare::Ids, &ids), json!({ "missing": 400, "mentions": 400 }));
}

#[test]
fn ids_and_bodies_are_where_the_options_say() {
    let bodies = bodies(&PLAN);
    // The body is there, but so is another one, of an event that comes later.
    let both = bodies.iter().zip(bodies.iter().rev());
    let text =
        joined(both.map(|(body, other)| format!(r#"{{"id":{},"now":{body},"before":{other}}}"#, parsed(body)["id"])));
    let at = |id_at: Option<&str>, body_at: Option<&str>| {
        let options =
            Options { id_at: id_at.map(str::to_owned), body_at: body_at.map(str::to_owned), ..Options::default() };
        numbers(&verdict(&PLAN, options, text.clone()))
    };
    assert_eq!(at(Some("id"), Some("now")), same("unchanged"));
    assert_eq!(at(Some("now.id"), None), same("unchanged"));
    assert_eq!(at(Some("id"), Some("then")), json!({ "missing": 400, "mentions": 400 }));
}
