//! What became of events whose fate is known: a run's output, changed as pipelines change it, and the verdict about it.

mod command;
mod ends;
mod forms;
mod inputs;
mod mutations;
mod pipelines;

use falsetrail::{
    Plan,
    verify::{Options, Verdict, Verifier},
};
use serde_json::{Value, json};
use std::{fs, io::Cursor, path::Path, sync::LazyLock};

/// A run of which all methods, failures and lists are part.
pub static PLAN: LazyLock<Plan> = LazyLock::new(|| plan(400));

pub fn plan(events: u64) -> Plan {
    let run = falsetrail::Run::new("busy-day").seed(7).from("2026-01-05T08:00:00Z").events_limit(events);
    run.plan().unwrap()
}

pub fn bodies(plan: &Plan) -> Vec<String> {
    plan.events().map(|event| String::from_utf8(event.body).unwrap()).collect()
}

/// The verdict about a text.
pub fn verdict(plan: &Plan, options: Options, text: impl Into<Vec<u8>>) -> Verdict {
    let mut verifier = Verifier::new(plan, options).unwrap();
    verifier.read_from("the output", Box::new(Cursor::new(text.into()))).unwrap();
    let verdict = verifier.finish().unwrap();
    assert_adds_up(&verdict);
    verdict
}

pub fn assert_adds_up(verdict: &Verdict) {
    let records = verdict.carrying + verdict.truncated + verdict.fragments + verdict.mentions + verdict.foreign;
    assert_eq!(verdict.records, records, "{verdict:#?}");
    assert_eq!(verdict.expected, verdict.arrived + verdict.missing, "{verdict:#?}");
    let parts = verdict.unchanged + verdict.reformatted + verdict.added + verdict.changed + verdict.uncompared;
    assert_eq!(verdict.arrived, parts, "{verdict:#?}");
    let is_fine = verdict.missing + verdict.duplicated + verdict.changed == 0;
    assert!(is_fine || !verdict.is_complete(), "{verdict:#?}");
}

/// The numbers of a verdict that are not 0, without those that follow from others.
pub fn numbers(verdict: &Verdict) -> Value {
    let document = verdict.json();
    let names = [
        "arrived",
        "missing",
        "missing_cut",
        "duplicated",
        "copies",
        "unchanged",
        "reformatted",
        "added",
        "changed",
        "uncompared",
        "truncated",
        "fragments",
        "mentions",
        "foreign",
        "foreign_of_this_run",
    ];
    let found = names.iter().map(|name| ((*name).to_owned(), document[*name].clone()));
    found.filter(|(_, value)| value != &json!(0)).collect()
}

pub fn lines(bodies: &[String]) -> String {
    bodies.iter().flat_map(|body| [body.as_str(), "\n"]).collect()
}

pub fn joined(lines: impl Iterator<Item = String>) -> String {
    lines.fold(String::new(), |text, line| text + &line + "\n")
}

/// What a mutation makes of the bodies, and the numbers that follow.
type Mutation = (&'static str, fn(&[String]) -> (String, Value));

fn every(bodies: &[String], step: usize) -> impl Iterator<Item = &String> {
    bodies.iter().step_by(step)
}

const MUTATIONS: &[Mutation] = &[
    ("nothing", |bodies| (lines(bodies), json!({ "arrived": 400, "unchanged": 400 }))),
    ("empty", |_| (String::new(), json!({ "missing": 400 }))),
    ("lost", |bodies| {
        let left: Vec<String> =
            bodies.iter().enumerate().filter(|(n, _)| n % 10 != 3).map(|(_, b)| b.clone()).collect();
        (lines(&left), json!({ "arrived": 360, "unchanged": 360, "missing": 40 }))
    }),
    ("the last one lost", |bodies| (lines(&bodies[..399]), json!({ "arrived": 399, "unchanged": 399, "missing": 1 }))),
    ("doubled", |bodies| {
        let text = lines(bodies) + &lines(&every(bodies, 8).cloned().collect::<Vec<_>>());
        (text, json!({ "arrived": 400, "unchanged": 400, "duplicated": 50, "copies": 50 }))
    }),
    ("one of them forty times", |bodies| {
        let text = lines(bodies) + &lines(&vec![bodies[7].clone(); 39]);
        (text, json!({ "arrived": 400, "unchanged": 400, "duplicated": 1, "copies": 39 }))
    }),
    ("shuffled", |bodies| {
        let mut bodies = bodies.to_vec();
        bodies.reverse();
        (lines(&bodies), json!({ "arrived": 400, "unchanged": 400 }))
    }),
    ("cut", |bodies| {
        let cut = bodies.iter().filter(|body| body.len() > 2200).count();
        let text: String = joined(bodies.iter().map(|body| body[..body.len().min(2200)].to_owned()));
        let left = 400 - cut;
        (text, json!({ "arrived": left, "unchanged": left, "missing": cut, "missing_cut": cut, "truncated": cut }))
    }),
    ("cut before any id", |bodies| {
        let text: String = joined(bodies.iter().map(|body| format!("<13>x: {}", &body[..300])));
        // Which one of those that begin alike cannot be known.
        (text, json!({ "missing": 400, "missing_cut": null, "truncated": 400 }))
    }),
    ("cut, in the object of an agent", |bodies| {
        let cut = |body: &String| json!({ "message": &body[..body.len().min(1500)], "host": "h" }).to_string();
        let whole = bodies.iter().filter(|body| body.len() <= 1500).count();
        let (text, left) = (joined(bodies.iter().map(cut)), 400 - whole);
        (text, json!({ "arrived": whole, "unchanged": whole, "missing": left, "missing_cut": left, "truncated": left }))
    }),
    ("cut before any id, in the object of an agent", |bodies| {
        let text = joined(bodies.iter().map(|body| json!({ "log": format!("<13>x: {}", &body[..300]) }).to_string()));
        (text, json!({ "missing": 400, "missing_cut": null, "truncated": 400 }))
    }),
    ("the object of an agent cut", |bodies| {
        let cut = |body: &String| {
            let text = json!({ "message": body }).to_string();
            text[..text.len() * 3 / 4].to_owned()
        };
        (joined(bodies.iter().map(cut)), json!({ "missing": 400, "missing_cut": 400, "truncated": 400 }))
    }),
    ("copies with different damage", |bodies| {
        let copies = |body: &String| {
            let spaced = format!("{{ {}", &body[1..]);
            format!("{body}\n{}\n{spaced}", &body[..body.len() / 2])
        };
        let wanted = json!({ "arrived": 400, "reformatted": 400, "duplicated": 400, "copies": 400, "truncated": 400 });
        (joined(bodies.iter().map(copies)), wanted)
    }),
    ("in pieces", |bodies| {
        let (mut text, mut pieces) = (String::new(), 0);
        for body in bodies {
            for (number, piece) in body.as_bytes().chunks(700).enumerate() {
                text += std::str::from_utf8(piece).unwrap();
                text += "\n";
                pieces += usize::from(number > 0);
            }
        }
        (
            text,
            json!({ "missing": 400, "missing_cut": null, "truncated": null, "fragments": null, "foreign": null, "sum": 400 + pieces }),
        )
    }),
    ("mentioned", |bodies| {
        let line = |(number, body): (usize, &String)| {
            let event: Value = serde_json::from_str(body).unwrap();
            match number % 4 {
                0 => json!({ "event": number, "id": event["id"] }).to_string(),
                1 => json!({ "index": { "_index": "audit", "_id": event["id"] } }).to_string(),
                2 => format!("ERROR cannot index {}: mapping conflict", event["id"]),
                _ => json!({ "label": "x", "event_ids": [event["id"], event["id"]] }).to_string(),
            }
        };
        let text: String = bodies.iter().enumerate().map(|one| line(one) + "\n").collect();
        (text, json!({ "missing": 400, "mentions": 400 }))
    }),
    ("a truth file", |bodies| {
        let ids: Vec<Value> =
            bodies.iter().map(|body| serde_json::from_str::<Value>(body).unwrap()["id"].clone()).collect();
        let text: String =
            ids.chunks(8).map(|ids| json!({ "scenario": "x", "event_ids": ids }).to_string() + "\n").collect();
        (text, json!({ "missing": 400, "mentions": 50 }))
    }),
    ("foreign", |bodies| {
        let others = bodies.iter().enumerate().map(|(n, _)| match n % 4 {
            0 => "{\"id\":\"6641c44f-d0d5-4b1b-9f30-dac01b6eefb7\",\"data\":{}}\n".to_owned(),
            1 => "Traceback (most recent call last):\n".to_owned(),
            2 => "{\"took\":3,\"errors\":false}\n".to_owned(),
            _ => format!("line {n} of a \"log\" that \"quotes\"\n"),
        });
        let text = lines(bodies) + &others.collect::<String>();
        (text, json!({ "arrived": 400, "unchanged": 400, "foreign": 400 }))
    }),
    ("of another seed", |_| {
        let run = falsetrail::Run::new("busy-day").seed(8).from("2026-01-05T08:00:00Z").events_limit(100);
        (lines(&bodies(&run.plan().unwrap())), json!({ "missing": 400, "foreign": 100 }))
    }),
    ("of a longer run", |_| {
        let text = lines(&bodies(&plan(500)));
        (text, json!({ "arrived": 400, "unchanged": 400, "foreign": 100, "foreign_of_this_run": 100 }))
    }),
    ("torn", |bodies| {
        // A line that was cut, and the next one at once.
        let torn = format!("{}{}\n", &bodies[10][..1500], bodies[11]);
        let text = lines(&bodies[..10]) + &torn + &lines(&bodies[12..]);
        (text, json!({ "arrived": 399, "unchanged": 399, "missing": 1 }))
    }),
    ("without line feeds", |bodies| (bodies.concat(), json!({ "arrived": 400, "unchanged": 400 }))),
    ("with the line ends of Windows", |bodies| {
        (lines(bodies).replace('\n', "\r\n\r\n"), json!({ "arrived": 400, "unchanged": 400 }))
    }),
];

#[test]
fn the_verdict_about_every_mutation_is_the_known_truth() {
    let bodies = bodies(&PLAN);
    for (name, mutate) in MUTATIONS {
        let (text, mut wanted) = mutate(&bodies);
        let verdict = verdict(&PLAN, Options::default(), text);
        let mut found = numbers(&verdict);
        // What cannot be known beforehand, except for its sum: pieces whose borders are those of values may be taken for
        // one document over several lines.
        if let Some(sum) = wanted.as_object_mut().unwrap().remove("sum") {
            let pieces = verdict.truncated + verdict.fragments + verdict.foreign + verdict.mentions;
            assert!(
                (sum.as_u64().unwrap() - 10..=sum.as_u64().unwrap()).contains(&pieces),
                "{name}: {pieces} of {sum}"
            );
            assert!(verdict.foreign * 20 < verdict.records, "{name}: {verdict:#?}");
        }
        let open: Vec<String> =
            wanted.as_object().unwrap().iter().filter(|(_, v)| v.is_null()).map(|(k, _)| k.clone()).collect();
        for name in open {
            wanted.as_object_mut().unwrap().remove(&name);
            found.as_object_mut().unwrap().remove(&name);
        }
        assert_eq!(found, wanted, "{name}: {verdict:#?}");
        let complete = verdict.missing + verdict.duplicated == 0;
        assert_eq!(verdict.is_complete(), complete, "{name}");
    }
}

#[test]
fn order_is_that_of_keys_instances_and_inputs() {
    let bodies = bodies(&PLAN);
    let order = |bodies: &[String]| verdict(&PLAN, Options::default(), lines(bodies)).order.unwrap();
    assert_eq!(order(&bodies), falsetrail::verify::Order::default());
    // One event is moved to the end: it alone comes after later ones.
    let mut moved = bodies.clone();
    let first = moved.remove(0);
    moved.push(first);
    let found = order(&moved);
    assert_eq!((found.of_input.events, found.of_input.farthest), (1, 399));
    assert!(found.of_key.events <= 1 && found.of_instance.events <= 1, "{found:?}");
    let mut reversed = bodies;
    reversed.reverse();
    let found = order(&reversed);
    assert_eq!(found.of_input.events, 399);
    // The items of a batch come one after another, too.
    let batch = json!({ "hits": reversed.iter().map(|body| json!({ "_source": body })).collect::<Value>() });
    assert_eq!(order(&[batch.to_string()]), found);
    assert_eq!(order(&[format!("[{}]", reversed.join(","))]), found);
    assert_eq!(order(&[reversed.join("\0")]), found);
    assert!(found.of_key.events > 300 && found.of_instance.events > 100, "{found:?}");
}

#[test]
fn why_events_are_missing_is_said_if_chance_is_ruled_out() {
    let plan = plan(3_000);
    let bodies = bodies(&plan);
    let first = |keep: &dyn Fn(usize, &Value, &String) -> bool| {
        let keep = |(n, body): &(usize, &String)| keep(*n, &serde_json::from_str(body).unwrap(), body);
        let kept: Vec<String> = bodies.iter().enumerate().filter(keep).map(|(_, body)| body.clone()).collect();
        let verdict = verdict(&plan, Options::default(), lines(&kept));
        assert_eq!(verdict.missing, 3_000 - kept.len() as u64);
        verdict.causes.first().map(|cause| (cause.attribute, cause.is_exact, cause.description.clone()))
    };
    let large = first(&|_, _, body| body.len() <= 8_096).unwrap();
    assert_eq!((large.0, large.1), ("size", true), "{large:?}");
    let method = first(&|_, event, _| event["data"]["methodName"] != "GetComputePool").unwrap();
    assert_eq!((method.0, method.1), ("method", true), "{method:?}");
    let stretch = first(&|n, _, _| !(1_000..1_100).contains(&n)).unwrap();
    assert_eq!((stretch.0, stretch.1), ("time", true), "{stretch:?}");
    let tail = first(&|n, _, _| n < 2_900).unwrap();
    assert!(tail.1 && tail.2.contains("to the end of the run"), "{tail:?}");
    assert_eq!(first(&|n, _, _| n * 7_919 % 100 != 3).map(|cause| cause.0), None);
    assert_eq!(first(&|n, _, _| n * 7_919 % 100 > 4).map(|cause| cause.0), Some("evenly"));
    assert_eq!(first(&|n, _, _| n != 1_234), None);
}

#[test]
fn memory_and_time_are_bounded_for_any_input() {
    // A line of 40 MB of nothing, one that mentions an id in its middle, a list of a million numbers, strangers' ids.
    let id =
        PLAN.events().next().map(|event| serde_json::from_slice::<Value>(&event.body).unwrap()["id"].clone()).unwrap();
    let id = id.as_str().unwrap();
    let mut text = "x".repeat(40 << 20);
    text += "\n";
    text += &"y".repeat((16 << 20) - 20);
    text += id;
    text += &"y".repeat(3 << 20);
    text += "\n[";
    text += &"12345678901,".repeat(2_000_000);
    text += "1]\n";
    for number in 0..10_000_u128 {
        text += &uuid_of(number.wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835));
        text.push('\n');
    }
    // Ids of this run that no event has: the largest instance, step and turn.
    let name =
        falsetrail::machinery::EventName { scenario: u16::MAX >> 2, instance: u64::MAX >> 28, step: 3, occurrence: 9 };
    text += &PLAN.identities.event_id(name);
    let verdict = verdict(&PLAN, Options::default(), text);
    assert_eq!((verdict.arrived, verdict.mentions, verdict.foreign_of_this_run), (0, 1, 1), "{verdict:#?}");
    assert_eq!(verdict.foreign, 10_003);
}

fn uuid_of(bits: u128) -> String {
    let digits = format!("{bits:032x}");
    [&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]].join("-")
}

/// A beginning is found wherever the cut is, be it within an escape or a character.
#[test]
fn events_are_cut_at_any_byte() {
    let folder = tempfile::tempdir().unwrap();
    let template = Path::new(env!("CARGO_MANIFEST_DIR")).join("templates/confluent-flink/CreateComputePool.json");
    let noted = r#""note": "ä\"ö\\é😀 \u00e9", "serviceName""#;
    let template = fs::read_to_string(template).unwrap().replacen(r#""serviceName""#, noted, 1);
    fs::write(folder.path().join("CreateComputePool.json"), template).unwrap();
    let run = falsetrail::Run::new("create-pool").seed(7).from("2026-01-05T08:00:00Z").instances(8);
    let plan = run.with(|options| options.templates = Some(folder.path().to_owned())).plan().unwrap();
    let bodies = bodies(&plan);
    assert!(bodies[0].contains('ä') && bodies[0].contains(r#"\""#), "{}", bodies[0]);
    let shortest = bodies.iter().map(String::len).min().unwrap();
    for limit in (100..shortest - 1).step_by(13).chain([shortest - 1]) {
        let cut = |body: &String| body.as_bytes()[..limit].to_vec();
        let raw = bodies.iter().map(cut).collect::<Vec<_>>().join(&b'\n');
        let lossy = bodies.iter().map(|body| json!({ "m": String::from_utf8_lossy(&cut(body)) }).to_string());
        for text in [raw, joined(lossy).into_bytes()] {
            let verdict = verdict(&plan, Options::default(), text);
            let found = (verdict.arrived, verdict.truncated, verdict.records);
            let all = bodies.len() as u64;
            assert_eq!(found, (0, all, all), "{limit}: {verdict:#?}");
        }
    }
}

/// Documents that are longer than what is held in memory are taken apart while they are read.
#[test]
fn a_long_document_is_as_good_as_many_short_ones() {
    let plan = plan(9_000);
    let bodies = bodies(&plan);
    let hits: Vec<String> = bodies.iter().map(|body| format!(r#"{{"_index":"a","_source":{body}}}"#)).collect();
    let documents = [
        format!("[{}]", bodies.join(",")),
        format!(r#"{{"took":3,"hits":{{"total":9000,"hits":[{}]}}}}"#, hits.join(", ")),
    ];
    for text in documents {
        assert!(text.len() > 17 << 20);
        let verdict = verdict(&plan, Options::default(), text);
        assert_eq!(numbers(&verdict), json!({ "arrived": 9_000, "unchanged": 9_000 }));
    }
}
