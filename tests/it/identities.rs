//! Who and what: identities that hang on names and not on order, and state that shows.

use std::collections::{BTreeMap, BTreeSet};

use falsetrail::machinery::{Plan, Renderer, Run, bytes::Chunk};
use serde_json::{Value, json};

use super::trail::{self, Event, START};

/// Like the shipped `pool-lifecycle`, with fewer polls.
const HEAD: &str = "
actors:
  admin: { kind: user }
  monitor: { kind: service-account }
";
const RESOURCES: &str = "
resources:
  pool: { kind: compute-pool, max_cfu: 10 }
";
const STEPS: [&str; 8] = [
    "{ call: list-pools, by: admin }",
    "{ call: create-pool, target: pool, after: 20s..40s }",
    "{ call: get-pool, target: pool, after: 1s..2s, repeat: { times: 2..5, every: 4s..5s } }",
    "{ call: get-pool, target: pool, by: monitor, after: 1m..3m, repeat: { times: 2..4, every: 30s } }",
    "choose: [{ weight: 2, steps: [{ call: update-pool, target: pool, by: admin }] }, { weight: 1, steps: [list-pools] }]",
    "{ call: list-pools, by: admin, after: 10s..30s, chance: 40% }",
    "{ call: delete-pool, target: pool, by: admin, after: 1m..4m }",
    "{ call: get-pool, target: pool, after: 2s..4s, outcome: not-found }",
];

fn scenario<S: AsRef<str>>(resources: &str, steps: &[S]) -> String {
    let steps: Vec<String> = steps.iter().map(|step| format!("  - {}\n", step.as_ref())).collect();
    format!("{HEAD}{RESOURCES}{resources}steps:\n{}", steps.concat())
}

fn lifecycle(yaml: &str) -> Plan {
    trail::plan_of_file("lifecycle", yaml, |options| options.instances = Some(4))
}

/// What identifies each event and who and what is in it, by instance, step and turn.
fn identities(plan: &Plan) -> BTreeMap<(u64, String, u32), Value> {
    let named = trail::events(plan).into_iter().map(|event| {
        let name = plan.event_of(event.id()).unwrap();
        let told = json!({
            "method": event.method, "outcome": event.outcome,
            "event": event.id(), "request": event.request_id(), "resources": event.resources(),
            "organization": event.scope("ORGANIZATION"), "environment": event.scope("ENVIRONMENT"),
            "principal": event.principal(), "mail": event.mail(), "address": event.address(),
        });
        ((name.instance, name.step.to_owned(), name.occurrence), told)
    });
    named.collect()
}

/// Everything that was told is told as before, whatever else is.
fn assert_kept(before: &BTreeMap<(u64, String, u32), Value>, yaml: &str) -> usize {
    let after = identities(&lifecycle(yaml));
    for (name, told) in before {
        assert_eq!(after.get(name), Some(told), "{name:?}\n{yaml}");
    }
    after.len() - before.len()
}

#[test]
fn an_inserted_step_changes_no_other_event() {
    let before = identities(&lifecycle(&scenario("", &STEPS)));
    let catalog = trail::catalog();
    let others = catalog.methods.iter().map(|method| method.short.as_str()).filter(|name| !name.ends_with("-pool"));
    let calls = others
        .filter(|name| *name != "list-pools")
        .map(|name| (format!("{{ call: {name}, outcome: forbidden }}"), 0))
        .chain(["list-regions", "list-workspaces", "list-statements"].map(|name| (name.to_owned(), 0)))
        // The same method under a name of its own takes nobody else's; once the pool is there, it says nothing new.
        .chain(
            ["get-pool", "update-pool", "delete-pool", "create-pool"]
                .map(|name| (format!("{{ call: {name}, id: inserted, outcome: forbidden, after: 5m }}"), 2)),
        );
    for (call, first) in calls {
        for place in first..=STEPS.len() {
            let mut steps: Vec<&str> = STEPS.to_vec();
            steps.insert(place, &call);
            assert_eq!(assert_kept(&before, &scenario("", &steps)), 4, "{call}");
        }
    }
}

#[test]
fn an_inserted_story_within_the_story_changes_no_other_event() {
    let before = identities(&lifecycle(&scenario("", &STEPS)));
    let workspace = "{ call: create-workspace, target: notebook, after: 1s }";
    let deletion = "{ call: delete-workspace, target: notebook, by: monitor, after: 1s }";
    let mut steps = STEPS.to_vec();
    steps.insert(2, workspace);
    steps.insert(4, "{ call: get-workspace, target: notebook, repeat: 3 }");
    steps.push(deletion);
    assert_eq!(assert_kept(&before, &scenario("  notebook: { kind: workspace }\n", &steps)), 4 * 5);
}

#[test]
fn a_resource_of_another_kind_changes_no_event() {
    let before = identities(&lifecycle(&scenario("", &STEPS)));
    for resource in [
        "  notebook: { kind: workspace, compute_pool: pool }\n",
        "  query: { kind: statement, style: terraform }\n",
        "  queries: { kind: statement, count: 5, existing: true, compute_pool: pool }\n",
    ] {
        assert_eq!(assert_kept(&before, &scenario(resource, &STEPS)), 0, "{resource}");
    }
}

#[test]
fn another_resource_of_the_same_kind_is_another_resource() {
    let before = identities(&lifecycle(&scenario("", &STEPS)));
    let mut steps = STEPS.to_vec();
    steps.push("{ call: create-pool, id: spare, target: spare }");
    let after = identities(&lifecycle(&scenario("  spare: { kind: compute-pool }\n", &steps)));
    for (name, told) in &after {
        match before.get(name) {
            Some(known) => assert_eq!(told, known),
            None => {
                assert_eq!(name.1, "spare");
                assert!(before.values().all(|known| known["resources"] != told["resources"]));
            }
        }
    }
    assert_eq!(after.len(), before.len() + 4);
}

/// A scenario, a setting, and where an event shows it (which is as set where it does not).
type Setting = (&'static str, String, fn(&Event) -> Value);

#[test]
fn settings_show() {
    let organization = "0f5a3b1e-7c2d-4e8f-9a0b-1c2d3e4f5a6b";
    let cases: [Setting; 7] = [
        ("pool-lifecycle", format!("organization.id={organization}"), |event| json!(event.scope("ORGANIZATION"))),
        ("pool-lifecycle", "environment.id=env-abc123".to_owned(), |event| match event.resources()[0] {
            ("ENVIRONMENT", id) => json!(id),
            _ => json!(event.scope("ENVIRONMENT")),
        }),
        ("pool-resize-failure", "pool.max_cfu=30".to_owned(), |event| match event.method.as_str() {
            "CreateComputePool" => event.at("request.data.spec.maxCfu").clone(),
            "GetComputePool" => event.at("result.data.spec.maxCfu").clone(),
            _ => json!(30),
        }),
        ("pool-resize-failure", "admin.email=zoe@example.com".to_owned(), |event| {
            // A delete shows no mail.
            if event.method == "DeleteComputePool" { json!("zoe@example.com") } else { json!(event.mail()) }
        }),
        ("workspace-lifecycle", "analyst.ip=192.0.2.10".to_owned(), |event| {
            let by_user = event.at("authenticationInfo.principal.confluentUser").is_object();
            if by_user { json!(event.address()) } else { json!("192.0.2.10") }
        }),
        ("pool-lifecycle", "region.id=aws.eu-north-1".to_owned(), |event| match event.scope("FLINK_REGION") {
            Some(region) => json!(region),
            None => json!("aws.eu-north-1"),
        }),
        ("pool-lifecycle", "pool.region=gcp.us-east1".to_owned(), |event| match event.scope("FLINK_REGION") {
            Some(region) => json!(region),
            None => json!("gcp.us-east1"),
        }),
    ];
    for (scenario, setting, shown) in cases {
        let value = setting.split_once('=').unwrap().1;
        let wanted = value.parse::<i64>().map_or_else(|_| json!(value), Value::from);
        let events = trail::events(&trail::plan(&trail::run_of(scenario).instances(5).set(&setting)));
        assert!(!events.is_empty());
        for event in events {
            assert_eq!(shown(&event), wanted, "{setting}: {}", event.body);
        }
    }
}

#[test]
fn a_set_region_gives_its_cloud_and_its_name() {
    let run = trail::run_of("create-pool").set("region.id=azure.uksouth");
    let event = &trail::events(&trail::plan(&run))[0];
    let spec = event.at("result.data.spec");
    assert_eq!(spec["flink_region"], "azure.uksouth");
    assert_eq!(spec["region"], "uksouth");
    assert_eq!(spec["cloud"], 3);
    assert!(spec["display_name"].as_str().unwrap().starts_with("AZURE.uksouth.env-"), "{spec}");
}

#[test]
fn a_setting_changes_nothing_else() {
    let of = |run: Run| identities(&trail::plan(&run.instances(3)));
    let (plain, set) =
        (of(trail::run_of("pool-lifecycle")), of(trail::run_of("pool-lifecycle").set("pool.max_cfu=20")));
    assert_eq!(plain, set);
}

#[test]
fn what_is_pinned_shows_everywhere() {
    let yaml = "
actors: { alice: { kind: user, id: u-alice1, email: alice@example.com, ip: 192.0.2.10 } }
resources:
  pool: { kind: compute-pool, id: lfcp-000001, display_name: first, max_cfu: 40, region: aws.eu-west-1 }
  notebook: { kind: workspace, id: workspace-2026-01-01-000000 }
steps: [create-pool, get-pool, update-pool, create-workspace, create-statement, get-statement, delete-statement,
        delete-workspace, delete-pool]
";
    let events = trail::events_of_file("pinned", yaml, |_| {});
    assert_eq!(events.len(), 9);
    let mut seen = BTreeSet::new();
    for event in &events {
        assert_eq!(event.principal(), "u-alice1");
        assert_eq!(event.address(), "192.0.2.10");
        assert_eq!(event.scope("FLINK_REGION"), Some("aws.eu-west-1"));
        assert!(event.text("authenticationInfo.identity").ends_with("/identity=u-alice1"));
        if let Some(mail) = event.mail() {
            assert_eq!(mail, "alice@example.com");
        }
        match event.resources()[0] {
            ("COMPUTE_POOL", id) => assert_eq!(id, "lfcp-000001"),
            ("FLINK_WORKSPACE", id) => assert_eq!(id, "workspace-2026-01-01-000000"),
            _ => {}
        }
        for path in ["request.data.spec.compute_pool.id", "request.data.spec.compute_pool_id", "result.data.id"] {
            if let Some(pool) = event.at(path).as_str() {
                assert_eq!(pool, "lfcp-000001", "{path}");
                seen.insert((event.method.clone(), path));
            }
        }
        if let Some(name) = event.at("result.data.spec.display_name").as_str() {
            assert_eq!(name, "first");
        }
        if event.method == "CreateStatement" {
            assert_eq!(event.text("request.data.spec.principal"), "u-alice1");
        }
    }
    assert_eq!(seen.len(), 5, "{seen:?}");
}

#[test]
fn actors_of_one_kind_are_different_people() {
    let yaml = "
actors: { one: { kind: user }, other: { kind: user }, third: { kind: user } }
steps:
  - { call: list-pools, by: one }
  - { call: list-pools, by: other }
  - { call: list-pools, by: third }
";
    let events = trail::events_of_file("three", yaml, |options| options.instances = Some(100));
    for instance in 0..100 {
        let told = events.iter().filter(|event| event.instance == instance);
        let people: BTreeSet<_> = told.map(|event| (event.principal(), event.mail(), event.address())).collect();
        assert_eq!(people.len(), 3, "{people:?}");
    }
}

#[test]
fn an_actor_keeps_address_and_mail() {
    for (scenario, actors) in [("mass-deletion", 1), ("notebook-session", 1), ("pool-lifecycle", 2)] {
        let events = trail::events(&trail::plan(&trail::run_of(scenario).instances(30)));
        for instance in 0..30 {
            let told: Vec<&Event> = events.iter().filter(|event| event.instance == instance).collect();
            let principals: BTreeSet<_> = told.iter().map(|event| event.principal()).collect();
            let addresses: BTreeSet<_> = told.iter().map(|event| (event.principal(), event.address())).collect();
            let mails: BTreeSet<_> = told.iter().filter_map(|event| event.mail()).collect();
            assert_eq!(principals.len(), actors, "{scenario}");
            assert_eq!(addresses.len(), actors, "{scenario}");
            assert!(mails.len() <= 1, "{scenario}");
        }
    }
}

#[test]
fn a_file_may_be_a_whole_recipe() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("recipe.yaml");
    std::fs::write(&path, "seed: 5\nfrom: '2026-02-01T00:00:00Z'\nevery: 10s\nsteps: [create-pool, get-pool]\n")
        .unwrap();
    let run = Run::new(path.to_string_lossy()).instances(3);
    let plan = trail::plan(&run);
    assert_eq!((plan.seed, plan.timing.every), (5, 10_000_000_000));
    let events = trail::events(&plan);
    assert!(events[0].body["time"].as_str().unwrap().starts_with("2026-02-01T00:00:0"));
    let again = trail::events(&trail::plan(&run));
    assert!(events.iter().zip(&again).all(|(one, other)| one.bytes == other.bytes));
    // What is said where the run is started goes before.
    let other = trail::plan(&run.clone().seed(6).from(START).with(|options| options.every = Some(1)));
    assert_eq!((other.seed, other.timing.every), (6, 1));
    assert!(trail::events(&other)[0].body["time"].as_str().unwrap().starts_with("2026-01-05T08:00:00"));
}

/// The events of one line of a story.
fn told(line: &str) -> Vec<Event> {
    trail::events(&trail::plan(&trail::run_of(line)))
}

#[test]
fn a_get_after_an_update_shows_the_update() {
    let events = told("create-pool,get-pool,update-pool,get-pool,update-pool,get-pool");
    let sizes: Vec<i64> = events.iter().map(|event| event.at("result.data.spec.max_cfu").as_i64().unwrap()).collect();
    assert_eq!(sizes[0], sizes[1]);
    assert!(sizes[1] < sizes[2] && sizes[2] == sizes[3] && sizes[3] < sizes[4] && sizes[4] == sizes[5], "{sizes:?}");
    let changed: Vec<&str> = events.iter().map(|event| event.text("result.data.metadata.updated_at")).collect();
    assert!(changed.is_sorted() && changed[1] < changed[2] && changed[3] < changed[4], "{changed:?}");
    let made: BTreeSet<&str> = events.iter().map(|event| event.text("result.data.metadata.created_at")).collect();
    assert_eq!(made.len(), 1);
    assert_eq!(events[2].at("request.data.spec.max_cfu"), sizes[2]);
}

#[test]
fn what_an_update_asks_for_is_what_it_gets() {
    let yaml = "
resources: { pool: { max_cfu: 10 } }
steps:
  - create-pool
  - { call: update-pool, with: { display_name: renamed } }
  - get-pool
  - { call: update-pool, with: { max_cfu: 50 } }
  - get-pool
";
    let events = trail::events_of_file("renamed", yaml, |_| {});
    let asked = |event: &Event| {
        (event.at("request.data.spec.display_name").clone(), event.at("request.data.spec.max_cfu").clone())
    };
    let has = |event: &Event| {
        (event.at("result.data.spec.display_name").clone(), event.at("result.data.spec.max_cfu").clone())
    };
    assert_eq!(asked(&events[1]), (json!("renamed"), json!(0)));
    assert_eq!(has(&events[1]), (json!("renamed"), json!(10)));
    assert_eq!(has(&events[2]), has(&events[1]));
    assert_eq!(asked(&events[3]), (json!(""), json!(50)));
    assert_eq!(has(&events[3]), (json!("renamed"), json!(50)));
    assert_eq!(has(&events[4]), has(&events[3]));
}

#[test]
fn a_resize_downwards_fails_by_itself_and_changes_nothing() {
    let yaml = "
resources: { pool: { max_cfu: 20 } }
steps: [create-pool, { call: update-pool, with: { max_cfu: 10 } }, get-pool]
";
    let events = trail::events_of_file("shrink", yaml, |_| {});
    assert_eq!(events[1].outcome, "max-cfu-reduction");
    let detail = "Reducing the max_cfu of a compute pool is currently unsupported.";
    assert_eq!(events[1].text("result.data.errors.0.detail"), detail);
    assert_eq!(events[1].at("request.data.spec.max_cfu"), 10);
    assert_eq!(events[2].at("result.data.spec.max_cfu"), 20);
}

#[test]
fn a_failed_update_changes_nothing() {
    let events = told("create-pool,get-pool,update-pool:forbidden,get-pool");
    assert_eq!(events[1].at("result.data.spec"), events[3].at("result.data.spec"));
    let events = told("get-statement,update-statement:forbidden,get-statement");
    assert_eq!(events[0].at("result.data"), events[2].at("result.data"));
}

#[test]
fn phase_and_capacity_follow_the_age() {
    let yaml = "
resources: { pool: { max_cfu: 5 } }
steps: [create-pool, { call: get-pool, after: 1s, repeat: { times: 200, every: 1s } }]
";
    let events = trail::events_of_file("growing", yaml, |options| options.instances = Some(20));
    for instance in 0..20 {
        let mine: Vec<&Event> = events.iter().filter(|event| event.instance == instance).collect();
        let status: Vec<(&str, i64)> = mine
            .iter()
            .map(|event| {
                let status = event.at("result.data.status");
                (status["phase"].as_str().unwrap(), status["current_cfu"].as_i64().unwrap())
            })
            .collect();
        let ready = status.iter().position(|(phase, _)| *phase == "PROVISIONED").unwrap();
        let waited = (mine[ready].time - mine[0].time) / 1_000_000_000;
        assert!((8..=46).contains(&waited), "{waited}s");
        assert!(status[..ready].iter().all(|status| *status == ("PROVISIONING", 0)), "{status:?}");
        assert!(status[ready..].iter().all(|(phase, _)| *phase == "PROVISIONED"));
        assert!(status.iter().map(|(_, current)| current).is_sorted());
        // One after another every 20 seconds, up to what the pool may have.
        assert_eq!((status[ready].1, status[ready + 21].1, status[200].1), (0, 1, 5));
        let changed = |at: usize| mine[at].text("result.data.metadata.updated_at");
        assert!(changed(ready - 1) < changed(ready) && changed(ready) == changed(200));
        assert_eq!(changed(0), mine[0].text("result.data.metadata.created_at"));
    }
}

#[test]
fn a_young_pool_has_no_capacity() {
    let yaml = "steps: [create-pool, { call: get-pool, after: 1s }, { call: update-pool, after: 1s }]";
    for event in trail::events_of_file("young", yaml, |options| options.instances = Some(50)) {
        assert_eq!(event.at("result.data.status"), &json!({ "current_cfu": 0, "phase": "PROVISIONING" }));
    }
}

#[test]
fn a_pool_that_existed_before_is_ready() {
    for line in ["get-pool", "get-pool,delete-pool"] {
        let event = &told(line)[0];
        let (status, size) = (event.at("result.data.status"), event.at("result.data.spec.max_cfu"));
        assert_eq!(status, &json!({ "current_cfu": size, "phase": "PROVISIONED" }), "{line}");
        assert!(event.text("result.data.metadata.created_at") < START, "{line}");
    }
}

/// The ids that a list shows, which are those that its event names.
fn listed(event: &Event) -> BTreeSet<String> {
    let named: Vec<&str> = event.resources().iter().map(|(_, id)| *id).collect();
    let items = event.at("result.data.data").as_array().unwrap();
    let shown: Vec<&str> =
        items.iter().map(|item| item["name"].as_str().or(item["spec"]["name"].as_str()).unwrap()).collect();
    assert_eq!(named, shown, "{}", event.body);
    let all: BTreeSet<String> = shown.iter().map(|name| (*name).to_owned()).collect();
    assert_eq!(all.len(), shown.len());
    all
}

#[test]
fn lists_show_what_is_there() {
    for kind in ["workspace", "statement"] {
        let yaml = format!(
            "
resources: {{ mine: {{ kind: {kind}, count: 3 }} }}
steps:
  - list-{kind}s
  - {{ call: create-{kind}, each: mine }}
  - list-{kind}s
  - {{ call: delete-{kind}, each: mine }}
  - list-{kind}s
"
        );
        for instance in 0..20 {
            let events = trail::events_of_file("lists", &yaml, |options| options.seed = Some(instance));
            let made: BTreeSet<String> = events[1..4].iter().map(|event| event.resource().to_owned()).collect();
            assert_eq!(made.len(), 3);
            let (before, between, after) = (listed(&events[0]), listed(&events[4]), listed(&events[8]));
            assert!(before.is_disjoint(&made));
            assert_eq!(before.union(&made).cloned().collect::<BTreeSet<_>>(), between);
            assert_eq!(before, after);
            assert!(events.iter().map(|event| event.body["subject"].as_str().unwrap()).all(|subject| {
                let region = events[1].body["subject"].as_str().unwrap().rsplit_once('/').unwrap().0;
                subject.starts_with(region)
            }));
        }
    }
}

#[test]
fn an_update_of_a_workspace_replaces_the_whole() {
    let yaml = "
actors: { analyst: { kind: user }, runner: { kind: service-account } }
resources: { pool: { kind: compute-pool }, notebook: { kind: workspace, compute_pool: pool } }
steps:
  - { call: create-workspace, by: analyst }
  - get-workspace
  - { call: update-workspace, with: { compute_pool: pool, service_account: runner } }
  - get-workspace
  - { call: list-workspaces, by: runner }
  - { call: update-workspace, by: analyst }
  - get-workspace
";
    let events = trail::events_of_file("replaced", yaml, |_| {});
    let spec = |event: &Event| {
        let spec = event.at("result.data.spec");
        (spec["compute_pool"].clone(), spec["service_account"].clone())
    };
    let (pool, none) = spec(&events[0]);
    assert!(pool["id"].as_str().unwrap().starts_with("lfcp-"));
    assert_eq!(none, Value::Null);
    assert_eq!(spec(&events[1]), spec(&events[0]));
    let runner = json!({ "id": events[4].principal() });
    assert!(events[4].principal().starts_with("sa-"));
    assert_eq!(spec(&events[2]), (pool.clone(), runner.clone()));
    assert_eq!(events[2].at("request.data.spec"), &json!({ "compute_pool": pool, "service_account": runner }));
    assert_eq!(spec(&events[3]), spec(&events[2]));
    let mine = events[4].at("result.data.data").as_array().unwrap();
    let mine = mine.iter().find(|item| item["name"] == events[0].resource()).unwrap();
    assert_eq!(mine["spec"], json!({ "compute_pool": pool, "service_account": runner }));
    assert_eq!(spec(&events[5]), (Value::Null, Value::Null));
    assert_eq!(spec(&events[6]), (Value::Null, Value::Null));
}

#[test]
fn a_statement_runs_as_whoever_it_was_handed_to() {
    let yaml = "
actors: { developer: { kind: user }, pipeline: { kind: service-account } }
steps:
  - { call: create-statement, by: developer }
  - { call: update-statement, with: { principal: pipeline } }
  - { call: get-statement, by: pipeline }
";
    let events = trail::events_of_file("handed", yaml, |_| {});
    let runs_as = |event: &Event| event.text("result.data.spec.principal").to_owned();
    assert_eq!(runs_as(&events[0]), events[0].principal());
    assert_eq!(runs_as(&events[1]), events[2].principal());
    assert_eq!(runs_as(&events[2]), events[2].principal());
    let pools: BTreeSet<&str> = events.iter().map(|event| event.text("result.data.spec.compute_pool_id")).collect();
    assert_eq!(pools.len(), 1);
}

#[test]
fn what_was_not_made_is_not_found() {
    for kind in ["pool", "workspace", "statement"] {
        let events = told(&format!("create-{kind}-failure,get-{kind}-failure,create-{kind},get-{kind}"));
        let outcomes: Vec<&str> = events.iter().map(|event| event.outcome.as_str()).collect();
        assert_eq!(outcomes[1..], ["not-found", "success", "success"]);
        assert_eq!(events[0].resource(), events[1].resource(), "{kind}");
        assert!(events[1].text("result.data.errors.0.detail").contains(events[0].resource()), "{kind}");
        assert_eq!(events[2].resource(), events[3].resource(), "{kind}");
    }
}

#[test]
fn what_was_deleted_is_not_found() {
    for kind in ["pool", "workspace", "statement"] {
        let line =
            format!("create-{kind},delete-{kind},get-{kind}-failure,delete-{kind}-failure,update-{kind}:not-found");
        let events = told(&line);
        assert!(events[2..].iter().all(|event| event.outcome == "not-found"), "{kind}");
        let ids: BTreeSet<&str> = events.iter().map(Event::resource).collect();
        assert_eq!(ids.len(), 1, "{kind}");
    }
}

#[test]
fn statements_of_the_console_carry_their_workspaces_name() {
    let events = trail::events(&trail::plan(&trail::run_of("notebook-session").instances(5)));
    for instance in 0..5 {
        let mine: Vec<&Event> = events.iter().filter(|event| event.instance == instance).collect();
        let notebook = mine.iter().find(|event| event.method == "CreateWorkspace").unwrap().resource();
        let statements: Vec<&&Event> = mine.iter().filter(|event| event.method == "CreateStatement").collect();
        assert_eq!(statements.len(), 5);
        assert!(statements.iter().all(|event| event.resource().starts_with(&format!("{notebook}-"))), "{notebook}");
    }
}

#[test]
fn what_was_made_a_moment_ago_is_made_the_same_anew() {
    // Many instances at once, so that those that are remembered displace each other.
    let run = Run::new("busy-day").seed(7).from(START).events_limit(3_000);
    let plan =
        run.with(|options| options.rate = falsetrail::machinery::units::rate("2000/s").ok()).plan().expect("a plan");
    let (mut stream, mut words) = (plan.stream(), Vec::new());
    let (mut remembering, mut remembered) = (Renderer::new(&plan), Chunk::default());
    let mut checked = 0;
    while let Some(record) = stream.next(&mut words) {
        remembering.render(&record, &words, &mut remembered);
        if record.number % 7 == 0 {
            let mut anew = Chunk::default();
            Renderer::new(&plan).render(&record, &words, &mut anew);
            let event = remembered.events.last().expect("an event");
            assert_eq!(remembered.body(event), anew.body(&anew.events[0]), "event {}", record.number);
            checked += 1;
        }
    }
    assert_eq!(checked, 3_000_usize.div_ceil(7));
}
