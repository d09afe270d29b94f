//! The code under test: a detection over audit events.

use serde_json::Value;
use std::collections::{BTreeSet, HashMap};

/// Who was refused at least `threshold` times in these events, in order of their ids.
pub fn knocking(events: &[Value], threshold: usize) -> BTreeSet<String> {
    let mut refused: HashMap<&str, usize> = HashMap::new();
    for event in events.iter().filter(|event| is_refused(event)) {
        if let Some(who) = principal(event) {
            *refused.entry(who).or_default() += 1;
        }
    }
    refused.into_iter().filter(|(_, count)| *count >= threshold).map(|(who, _)| who.to_owned()).collect()
}

fn is_refused(event: &Value) -> bool {
    event.pointer("/data/result/data/errors/0/status").is_some_and(|status| status == "403")
}

/// The id of a user or service account; keys are in one of two styles.
fn principal(event: &Value) -> Option<&str> {
    [
        "/data/authenticationInfo/principal/confluentUser/resourceId",
        "/data/authenticationInfo/principal/confluentServiceAccount/resourceId",
        "/data/authentication_info/principal/confluent_user/resource_id",
        "/data/authentication_info/principal/confluent_service_account/resource_id",
    ]
    .into_iter()
    .find_map(|path| event.pointer(path)?.as_str())
}
