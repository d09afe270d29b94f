//! What tests of whole trails share: the documented examples, short runs, and a look into events of either key style.

use std::{collections::BTreeSet, path::PathBuf, sync::Arc};

use falsetrail::machinery::{
    Options, Plan, Run,
    catalog::{Catalog, Method},
    template::{Constant, Program},
};
use serde_json::Value;

/// Where event time begins unless a test says otherwise.
pub const START: &str = "2026-01-05T08:00:00Z";

/// Below `tests/`.
pub fn folder(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests").join(name)
}

/// `tests/<name>/<method>.json`.
pub fn read(name: &str, method: &str) -> Value {
    let path = folder(name).join(format!("{method}.json"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Names of the files in `tests/<name>/`, without `.json`.
pub fn file_names(name: &str) -> BTreeSet<String> {
    let files = std::fs::read_dir(folder(name)).unwrap();
    files.map(|file| file.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned()).collect()
}

/// The documented example of a method.
pub fn example(method: &str) -> Value {
    let mut value = read("examples", method);
    if method == "ListStatements" {
        // The one exception: the second item's keys stand in another order than the first one's.
        let items = value["data"]["result"]["data"]["data"].as_array_mut().unwrap();
        let order: Vec<String> = items[0]["spec"].as_object().unwrap().keys().cloned().collect();
        for item in &mut items[1..] {
            let spec = &item["spec"];
            item["spec"] = order.iter().map(|key| (key.clone(), spec[key].clone())).collect();
        }
    }
    value
}

/// What the catalog decides before an event is made.
#[derive(Debug, Clone, Copy)]
pub struct Branch<'a> {
    pub success: bool,
    pub as_documented: bool,
    pub principal: &'a str,
}

impl Branch<'_> {
    /// As [`Template::compile`](falsetrail::machinery::template::Template::compile) takes it.
    pub fn constants(&self) -> [(&'static str, Constant); 3] {
        [
            ("success", Constant::Boolean(self.success)),
            ("as_documented", Constant::Boolean(self.as_documented)),
            ("principal.kind", Constant::Text(self.principal.to_owned())),
        ]
    }
}

/// The method's template, compiled as a run compiles it.
pub fn program(catalog: &Catalog, method: &Method, constants: &[(&str, Constant)]) -> Program {
    let id = catalog.method(&method.name).unwrap();
    let template = catalog.templates[id].as_ref().unwrap();
    let compiled = template.compile(&catalog.shape(method), constants);
    compiled.unwrap_or_else(|diagnostics| panic!("{}: {diagnostics:?}", method.name))
}

pub fn catalog() -> Arc<Catalog> {
    Catalog::built_in().unwrap()
}

/// The plan of a run, or its mistakes as people read them.
pub fn plan(run: &Run) -> Plan {
    run.plan().unwrap_or_else(|error| panic!("{run:?}\n{}", error.render(false)))
}

/// A run of `scenario` with seed 7 from [`START`].
pub fn run_of(scenario: impl Into<String>) -> Run {
    Run::new(scenario).seed(7).from(START)
}

/// One event of a run, parsed.
#[derive(Debug, Clone)]
pub struct Event {
    pub method: String,
    pub outcome: String,
    pub scenario: String,
    pub instance: u64,
    pub step: u16,
    pub time: i64,
    pub bytes: Vec<u8>,
    pub body: Value,
}

/// All events of a run, parsed.
pub fn events(plan: &Plan) -> Vec<Event> {
    let parsed = |event: falsetrail::GeneratedEvent<'_>| {
        let body = serde_json::from_slice(&event.body);
        let body = body.unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&event.body)));
        Event {
            method: event.method.to_owned(),
            outcome: event.outcome.to_owned(),
            scenario: event.scenario.to_owned(),
            instance: event.instance,
            step: event.step,
            time: event.time,
            bytes: event.body,
            body,
        }
    };
    plan.events().map(parsed).collect()
}

/// The events of a story in a file of that name (without `.yaml`).
pub fn events_of_file(name: &str, yaml: &str, change: impl FnOnce(&mut Options)) -> Vec<Event> {
    events(&plan_of_file(name, yaml, change))
}

/// The plan of a story in a file of that name (without `.yaml`).
pub fn plan_of_file(name: &str, yaml: &str, change: impl FnOnce(&mut Options)) -> Plan {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(format!("{name}.yaml"));
    std::fs::write(&path, yaml).unwrap();
    plan(&run_of(path.to_string_lossy()).with(change))
}

impl Event {
    /// The value at a path of `camelCase` keys and numbers below `data`, whichever key style the event has.
    pub fn at(&self, path: &str) -> &Value {
        path.split('.').fold(&self.body["data"], |value, part| match (value, part.parse::<usize>()) {
            (Value::Array(items), Ok(index)) => items.get(index).unwrap_or(&Value::Null),
            _ => value.get(part).or_else(|| value.get(snake(part))).unwrap_or(&Value::Null),
        })
    }

    /// As [`at`](Self::at), for a text.
    pub fn text(&self, path: &str) -> &str {
        self.at(path).as_str().unwrap_or_else(|| panic!("{}: no text at `{path}`: {}", self.method, self.body))
    }

    pub fn id(&self) -> &str {
        self.body["id"].as_str().unwrap()
    }

    pub fn request_id(&self) -> &str {
        self.text("requestMetadata.requestId.0")
    }

    pub fn address(&self) -> &str {
        self.text("requestMetadata.clientAddress.0.ip")
    }

    /// The id of whoever acts.
    pub fn principal(&self) -> &str {
        let Some(user) = self.at("authenticationInfo.principal.confluentUser.resourceId").as_str() else {
            return self.text("authenticationInfo.principal.confluentServiceAccount.resourceId");
        };
        user
    }

    pub fn mail(&self) -> Option<&str> {
        self.at("authenticationInfo.principal.email").as_str()
    }

    pub fn is_success(&self) -> bool {
        self.outcome == "success"
    }

    /// Types and ids of the resources that the event names, without those around them.
    pub fn resources(&self) -> Vec<(&str, &str)> {
        let all = self.at("cloudResources").as_array().unwrap();
        let id = |resource: &'_ Value| resource.get("resourceId").or(resource.get("resource_id")).is_some();
        assert!(all.iter().all(|one| id(&one["resource"])), "{}", self.body);
        (0..all.len())
            .map(|index| {
                (
                    self.text(&format!("cloudResources.{index}.resource.type")),
                    self.text(&format!("cloudResources.{index}.resource.resourceId")),
                )
            })
            .collect()
    }

    /// The id of the first resource that the event names.
    pub fn resource(&self) -> &str {
        self.text("cloudResources.0.resource.resourceId")
    }

    /// The id of what surrounds the resource, by its documented type.
    pub fn scope(&self, kind: &str) -> Option<&str> {
        let around = self.at("cloudResources.0.scope.resources").as_array()?;
        let index = around.iter().position(|one| one["type"] == kind)?;
        Some(self.text(&format!("cloudResources.0.scope.resources.{index}.resourceId")))
    }
}

/// `resourceId` as `resource_id`.
pub fn snake(key: &str) -> String {
    let mut out = String::new();
    for letter in key.chars() {
        if letter.is_ascii_uppercase() {
            out.push('_');
        }
        out.push(letter.to_ascii_lowercase());
    }
    out
}

/// Whether an event has the shape of its method's documentation: which keys in which order, and which types.
///
/// The liberties: a failure has the documented form, a list any length, a principal may be a service account, the
/// settings of a workspace may be null or given, and an incomplete envelope was completed.
pub fn check_shape(event: &Event) -> Result<(), String> {
    let mut expected = example(&event.method);
    complete_envelope(&mut expected);
    if !event.is_success() {
        expected["data"]["result"] = example("UpdateComputePool")["data"]["result"].clone();
    } else if event.method == "UpdateComputePool" {
        expected["data"]["result"] = example("CreateComputePool")["data"]["result"].clone();
    }
    let principal = event.at("authenticationInfo.principal");
    for (user, account, id) in [
        ("confluentUser", "confluentServiceAccount", "resourceId"),
        ("confluent_user", "confluent_service_account", "resource_id"),
    ] {
        if principal.get(account).is_some() {
            let style = if user == "confluentUser" { "authenticationInfo" } else { "authentication_info" };
            expected["data"][style]["principal"] = serde_json::json!({ account: { id: "" } });
        }
    }
    same_shape(&event.body, &expected, event.method.starts_with("List"), "")
        .map_err(|wrong| format!("{} ({}): {wrong}\n{}", event.method, event.outcome, event.body))
}

fn same_shape(value: &Value, expected: &Value, any_length: bool, path: &str) -> Result<(), String> {
    if matches!(path.rsplit('.').next(), Some("compute_pool" | "service_account")) {
        return match value {
            Value::Null => Ok(()),
            Value::Object(members) if members.len() == 1 && value["id"].is_string() => Ok(()),
            _ => Err(format!("`{path}` is neither null nor an id: {value}")),
        };
    }
    match (value, expected) {
        (Value::Object(value), Value::Object(expected)) => {
            if !value.keys().eq(expected.keys()) {
                let keys = |object: &serde_json::Map<String, Value>| object.keys().cloned().collect::<Vec<_>>();
                return Err(format!("`{path}` has {:?}, documented are {:?}", keys(value), keys(expected)));
            }
            value.iter().try_for_each(|(key, value)| same_shape(value, &expected[key], any_length, &join(path, key)))
        }
        (Value::Array(value), Value::Array(expected)) => {
            let listed = any_length
                && [".data.cloudResources", ".data.result.data.data", ".data.result.data.elements"].contains(&path);
            if value.len() != expected.len() && !listed {
                return Err(format!("`{path}` has {} items, documented are {}", value.len(), expected.len()));
            }
            let like = |index: usize| if listed { &expected[0] } else { &expected[index] };
            value
                .iter()
                .enumerate()
                .try_for_each(|(index, item)| same_shape(item, like(index), any_length, &format!("{path}.{index}")))
        }
        (Value::Number(value), Value::Number(_)) if value.is_i64() => Ok(()),
        (Value::String(_), Value::String(_)) | (Value::Bool(_), Value::Bool(_)) | (Value::Null, Value::Null) => Ok(()),
        _ => Err(format!("`{path}` is {value}, documented is {expected}")),
    }
}

fn join(path: &str, key: &str) -> String {
    format!("{path}.{key}")
}

/// Makes a documented envelope that lacks attributes a whole one, in the documented order of `snake_case` events.
pub fn complete_envelope(event: &mut Value) {
    if event["data"].get("serviceName").is_some() {
        return;
    }
    let complete = [
        ("specversion", "1.0"),
        ("id", ""),
        ("source", "crn://confluent.cloud/"),
        ("type", "io.confluent.cloud/request"),
        ("subject", ""),
        ("time", ""),
        ("datacontenttype", "application/json"),
        ("dataschema", "https://confluent.io/internal/events/AuditLog.v2"),
    ];
    let attribute = |(key, usual): (&str, &str)| {
        let documented = event.get(key).cloned();
        (key.to_owned(), documented.unwrap_or_else(|| usual.into()))
    };
    let mut whole: serde_json::Map<String, Value> = complete.into_iter().map(attribute).collect();
    whole.insert("data".to_owned(), event["data"].clone());
    *event = whole.into();
}
