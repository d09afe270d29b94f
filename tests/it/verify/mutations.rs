//! Mutations that were once taken for something else: each verdict is the known truth.

use super::{PLAN, bodies, joined, lines, numbers, verdict};
use falsetrail::verify::{Compare, Options, Verdict};
use serde_json::{Map, Value, json};

fn events() -> Vec<Map<String, Value>> {
    bodies(&PLAN).iter().map(|body| serde_json::from_str(body).unwrap()).collect()
}

fn text(event: &Map<String, Value>) -> String {
    serde_json::to_string(event).unwrap()
}

fn of(text: impl Into<Vec<u8>>) -> Verdict {
    verdict(&PLAN, Options::default(), text)
}

/// The data of a cut event may be whole; the event is not.
#[test]
fn an_event_without_its_last_byte_has_not_arrived() {
    let data_last = |mut event: Map<String, Value>| {
        let data = event.remove("data").unwrap();
        event.insert("data".to_owned(), data);
        text(&event)
    };
    let events: Vec<String> = events().into_iter().map(data_last).collect();
    assert_eq!(of(lines(&events)).arrived, 400);
    let cut = |bytes: usize| of(joined(events.iter().map(|event| event[..event.len() - bytes].to_owned())));
    let found = cut(1);
    assert_eq!(numbers(&found), json!({ "missing": 400, "missing_cut": 400, "truncated": 400 }), "{found:#?}");
    // Data that are cut, too, are a beginning or a piece.
    let found = cut(2);
    assert_eq!((found.missing, found.truncated + found.fragments), (400, 400), "{found:#?}");
}

/// Events of one instance have most of their values in common.
#[test]
fn an_event_that_another_one_names_has_not_arrived() {
    let events = events();
    let pairs = events.chunks(2).map(|pair| {
        let mut event = pair[0].clone();
        event.insert("next_id".to_owned(), pair[1]["id"].clone());
        text(&event)
    });
    let input = joined(pairs);
    for (compare, class) in [(Compare::Values, "added"), (Compare::Ids, "uncompared")] {
        let found = verdict(&PLAN, Options { compare, ..Options::default() }, input.clone());
        assert_eq!(numbers(&found), json!({ "arrived": 200, "missing": 200, class: 200 }), "{found:#?}");
    }
    // In a text of no known form.
    let plain = input.replace("\":", "=").replace('"', "");
    assert_eq!(numbers(&of(plain)), json!({ "arrived": 200, "missing": 200, "uncompared": 200 }));
}

/// An event whose id is that of another one is no proof that both arrived, even if only ids are compared.
#[test]
fn an_event_with_the_id_of_another_one_is_changed() {
    let pairs = events();
    let swapped = pairs.chunks(2).map(|pair| {
        let mut event = pair[0].clone();
        event["id"] = pair[1]["id"].clone();
        text(&event)
    });
    let input = joined(swapped);
    for compare in [Compare::Values, Compare::Ids] {
        let found = verdict(&PLAN, Options { compare, ..Options::default() }, input.clone());
        assert!(found.changed >= 200, "{compare:?}: {found:#?}");
        assert_eq!(found.arrived - found.changed, 0, "{compare:?}: {found:#?}");
    }
    let renumbered = joined(pairs.iter().map(|event| text(event).replace("\"id\":", "\"event_id\":")));
    let found = verdict(&PLAN, Options { compare: Compare::Ids, ..Options::default() }, renumbered);
    assert_eq!((found.arrived, found.changed), (400, 0), "{found:#?}");
}

#[test]
fn documents_of_several_lines_may_share_a_line() {
    let indented: Vec<String> = events().iter().map(|event| serde_json::to_string_pretty(event).unwrap()).collect();
    for (name, input) in [
        ("nothing between", indented.concat()),
        ("a space between", indented.join(" ")),
        ("commas between", indented.join(", ")),
        ("a list", format!("[{}]\n", indented.join(", "))),
        ("record separators", joined(indented.iter().map(|event| format!("\u{1e}{event}")))),
    ] {
        let found = of(input);
        assert_eq!(numbers(&found), json!({ "arrived": 400, "reformatted": 400 }), "{name}: {found:#?}");
    }
    let lost = [&indented[..200], &indented[201..]].concat().concat();
    assert_eq!(numbers(&of(lost)), json!({ "arrived": 399, "missing": 1, "reformatted": 399 }));
}

#[test]
fn events_may_be_the_members_of_one_object() {
    let members = |events: &[Map<String, Value>]| {
        events.iter().map(|event| (event["id"].as_str().unwrap().to_owned(), event.clone().into())).collect()
    };
    let mut all: Map<String, Value> = members(&events());
    assert_eq!(numbers(&of(text(&all))), json!({ "arrived": 400, "unchanged": 400 }));
    all.retain(|id, _| !id.starts_with('0'));
    let left = all.len();
    assert!(left < 400);
    let wanted = json!({ "arrived": left, "missing": 400 - left, "unchanged": left });
    assert_eq!(numbers(&of(text(&all))), wanted);
}

#[test]
fn a_value_is_changed_whatever_the_form_of_the_rest() {
    let sorted = |event: Map<String, Value>| {
        let mut members: Vec<(String, Value)> = event.into_iter().collect();
        members.sort_by(|one, other| other.0.cmp(&one.0));
        text(&members.into_iter().collect())
    };
    let sorted: Vec<String> = events().into_iter().map(sorted).collect();
    assert_eq!(numbers(&of(lines(&sorted))), json!({ "arrived": 400, "reformatted": 400 }));
    let changed = lines(&sorted).replace(r#""specversion":"1.0""#, r#""specversion":"1.00""#);
    assert_eq!(numbers(&of(changed)), json!({ "arrived": 400, "changed": 400 }));
    // Attributes in capitals are the event's, too.
    let capitals = |event: Map<String, Value>, subject: Option<&str>| {
        let mut event = event;
        let subject = subject.map(Value::from).unwrap_or(event["subject"].clone());
        event.insert("subject".to_owned(), subject);
        text(&event.into_iter().map(|(name, value)| (name.to_uppercase(), value)).collect())
    };
    let found = of(joined(events().into_iter().map(|event| capitals(event, None))));
    assert_eq!(numbers(&found), json!({ "arrived": 400, "reformatted": 400 }));
    let found = of(joined(events().into_iter().map(|event| capitals(event, Some("x")))));
    assert_eq!(numbers(&found), json!({ "arrived": 400, "changed": 400 }));
    assert_eq!(found.changes[0].path, "subject");
}

/// As `pzstd` and seekable archives begin.
#[cfg(feature = "zstd")]
#[test]
fn a_skippable_frame_may_come_first() {
    let mut packed = b"\x50\x2A\x4D\x18\x04\0\0\0size".to_vec();
    for half in bodies(&PLAN).chunks(200) {
        packed.extend(zstd::encode_all(lines(half).as_bytes(), 1).unwrap());
    }
    assert_eq!(numbers(&of(packed)), json!({ "arrived": 400, "unchanged": 400 }));
}
