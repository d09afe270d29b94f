//! The same alerts in whatever shape a SIEM exports them.

use super::{DAY, json_lines, lines, numbers, score, with_ids};
use serde_json::{Value, json};
use std::fmt::Write as _;

fn alerts() -> Vec<Value> {
    DAY.alerts.iter().map(|alert| with_ids(alert)).collect()
}

/// The request's id of an event.
fn request_id(event: &Value) -> String {
    let text = event.to_string();
    let is_id = |word: &&str| word.len() == 32 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    text.split('"').find(is_id).expect("an event has its request's id").to_owned()
}

fn csv(rows: impl Iterator<Item = [String; 3]>, head: &str) -> String {
    let quoted = |cell: &String| format!("\"{}\"", cell.replace('"', "\"\""));
    let mut text = format!("{head}\n");
    for row in rows {
        let _ = writeln!(text, "{}", row.iter().map(quoted).collect::<Vec<_>>().join(","));
    }
    text
}

#[test]
fn ids_are_found_in_every_shape() {
    let alerts = alerts();
    let wanted = numbers(&score(&json_lines(alerts.clone()), "alerts.ndjson", ""));
    let hits: Vec<Value> = alerts.iter().map(|alert| json!({ "_index": "i", "_source": alert })).collect();
    let events = |alert: &Vec<usize>| alert.iter().map(|event| &DAY.events[*event]).collect::<Vec<_>>();
    let in_text = |alert: &Value| json!({ "rule": alert["rule"], "time": alert["time"], "raw": alert.to_string() });
    let shapes = [
        ("an array", json!(alerts).to_string()),
        ("an array over several lines", format!("{:#}\n", json!(alerts))),
        ("hits of a search", json!({ "took": 3, "hits": { "total": 9, "hits": hits } }).to_string()),
        ("hits over several lines", format!("{:#}", json!({ "took": 3, "hits": { "hits": hits } }))),
        ("results", json!({ "preview": false, "results": alerts }).to_string()),
        ("one result a line", json_lines(alerts.iter().map(|alert| json!({ "preview": false, "result": alert })))),
        ("whole events", json_lines(DAY.alerts.iter().map(|alert| {
            json!({ "rule_name": "ten deletions", "@timestamp": DAY.time(alert[9]), "events": events(alert) })
        }))),
        ("texts of events", json_lines(alerts.iter().map(in_text))),
        ("request ids", json_lines(DAY.alerts.iter().map(|alert| {
            let ids: Vec<String> = alert.iter().map(|event| request_id(&DAY.events[*event])).collect();
            json!({ "rule": "ten deletions", "time": DAY.time(alert[9]), "requests": ids })
        }))),
        ("ids without hyphens, in capitals", json_lines(alerts.iter().map(|alert| {
            let ids = alert["event_ids"].to_string().replace('-', "").to_uppercase();
            json!({ "rule": alert["rule"], "time": alert["time"], "ids": ids })
        }))),
        ("CSV", csv(DAY.alerts.iter().map(|alert| {
            let ids: Vec<&str> = alert.iter().map(|event| DAY.id(*event)).collect();
            ["ten deletions".to_owned(), DAY.time(alert[9]).to_owned(), format!("[{}]", ids.join(", "))]
        }), "rule,fired_at,ids")),
        ("CSV of texts", csv(alerts.iter().map(|alert| {
            ["ten deletions".to_owned(), alert["time"].as_str().unwrap().to_owned(), alert.to_string()]
        }), "rule_name;time;raw".replace(';', ",").as_str())),
    ];
    for (shape, text) in shapes {
        let document = score(&text, "alerts.json", "");
        assert_eq!(numbers(&document), wanted, "{shape}");
        assert_eq!(document["rules"][0]["rule"], "ten deletions", "{shape}");
        assert_ne!(document["rules"][0]["time_to_detect"], Value::Null, "{shape}");
    }
}

/// A service account may have several instances at once, of which an alert without ids may be any.
fn without_causes(mut numbers: Value) -> Value {
    numbers["false_alarms"]["by_scenario"].take();
    numbers
}

/// Alerts that name nobody's events: by who acted, on what and from where, and when.
#[test]
fn alerts_without_ids_belong_to_whom_they_name() {
    let wanted = without_causes(numbers(&score(&json_lines(alerts()), "alerts.ndjson", "")));
    let email = |alert: &Vec<usize>| {
        let principal = DAY.principal(alert[0]);
        let actors = DAY.truth.iter().map(|line| &line["actor"]);
        let email = actors.clone().find(|actor| actor["id"] == *principal).map(|actor| actor["email"].clone());
        email.filter(Value::is_string).unwrap_or_else(|| principal.clone().into())
    };
    let ip = |alert: &Vec<usize>| {
        let principal = DAY.principal(alert[0]);
        DAY.truth.iter().find(|line| line["actor"]["id"] == *principal).map(|line| line["actor"]["ip"].clone())
    };
    let subject = |alert: &Vec<usize>| DAY.events[alert[9]]["subject"].clone();
    let shapes: [(&str, &str, Vec<Value>); 4] = [
        ("actors", "--match actor", DAY.alerts.iter().map(|alert| {
            json!({ "rule": "r", "time": DAY.time(alert[9]), "text": format!("10 deletions by {}.", DAY.principal(alert[0])) })
        }).collect()),
        ("mail addresses", "", DAY.alerts.iter().map(|alert| {
            json!({ "rule": "r", "time": DAY.time(alert[9]), "user": { "email": email(alert) } })
        }).collect()),
        ("client addresses", "--match ids,address", DAY.alerts.iter().map(|alert| {
            json!({ "rule": "r", "time": DAY.time(alert[9]), "source": { "ip": ip(alert) } })
        }).collect()),
        ("resources", "--match resource", DAY.alerts.iter().map(|alert| {
            json!({ "rule": "r", "time": DAY.time(alert[9]), "crn": subject(alert) })
        }).collect()),
    ];
    for (shape, options, alerts) in shapes {
        let document = score(&json_lines(alerts), "alerts.json", options);
        assert_eq!(without_causes(numbers(&document)), wanted, "{shape}");
    }
    // A line of a log.
    let log = DAY
        .alerts
        .iter()
        .map(|alert| format!("{} ALERT ten deletions by {}", DAY.time(alert[9]), DAY.principal(alert[0])));
    let document = score(&lines(log), "ten.log", "");
    assert_eq!((without_causes(numbers(&document)), &document["rules"][0]["rule"]), (wanted, &json!("ten")));
}

/// The time decides between instances of one person.
#[test]
fn a_time_too_far_away_is_no_match() {
    let attack = DAY.truth.iter().find(|line| line["story"] == "mass-deletion@+5m").unwrap();
    let alert = |time: &str| json_lines([json!({ "time": time, "user": attack["actor"]["id"] })]);
    let found = |time: &str, options: &str| {
        let document = score(&alert(time), "alerts.json", options);
        document["rules"][0]["labels"]["positive"]["found"].as_u64().unwrap()
    };
    assert_eq!(found("2026-01-05T08:05:50Z", ""), 1);
    assert_eq!(found("2026-01-05T09:05:50+01:00", "--window 0s"), 1);
    assert_eq!(found("2026-01-05T08:10:50Z", "--window 6m"), 1);
    // An alert may be stamped with the beginning of its window.
    assert_eq!(found("2026-01-05T08:04:30Z", "--window 1m"), 1);
}
