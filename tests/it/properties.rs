//! What holds for every run, whatever is told, with whatever seed.

use std::{
    collections::{HashMap, HashSet},
    net::Ipv4Addr,
};

use falsetrail::machinery::{
    Options, Plan, Run,
    catalog::{Catalog, Effect, Precondition},
    planner::load_scenario,
    scenario::{Body, Scenario},
    sources::scenario_names,
    write_time,
};
use proptest::{collection::vec, prelude::*, sample::select};

use super::trail::{self, Event};

/// What is told, and how much of it.
#[derive(Debug, Clone)]
struct Recipe {
    /// A name or a story in one line; or the body of a mix.
    told: String,
    is_mix: bool,
    seed: u64,
    extent: Extent,
}

#[derive(Debug, Clone, Copy)]
enum Extent {
    Once,
    Events(u64),
    Instances(u64),
}

impl Recipe {
    fn plan(&self, change: impl FnOnce(&mut Options)) -> Plan {
        let change = |options: &mut Options| {
            match self.extent {
                Extent::Once => {}
                Extent::Events(events) => options.events = Some(events),
                Extent::Instances(instances) => options.instances = Some(instances),
            }
            options.seed = Some(self.seed);
            change(options);
        };
        if self.is_mix {
            trail::plan_of_file("small-mix", &self.told, change)
        } else {
            trail::plan(&trail::run_of(&self.told).with(change))
        }
    }

    fn bodies(&self, change: impl FnOnce(&mut Options)) -> Vec<Vec<u8>> {
        self.plan(change).events().map(|event| event.body).collect()
    }
}

fn shipped(name: &str) -> Scenario {
    load_scenario(&trail::catalog(), name).unwrap()
}

fn is_mix(name: &str) -> bool {
    matches!(shipped(name).body, Body::Mix(_))
}

/// Whether a file says how many events happen when: then it has no whole instances.
fn has_a_rate(name: &str) -> bool {
    matches!(shipped(name).body, Body::Mix(mix) if mix.pace.is_some())
}

fn extent() -> impl Strategy<Value = Extent> {
    prop_oneof![Just(Extent::Once), (1_u64..150).prop_map(Extent::Events), (1_u64..6).prop_map(Extent::Instances)]
}

fn mix() -> impl Strategy<Value = String> {
    let scenarios: Vec<&str> = scenario_names().into_iter().filter(|name| !is_mix(name)).collect();
    let entries = vec((select(scenarios), 1..10), 1..4);
    (entries, select(vec!["1us", "1ms", "700ms", "20s"]), 1..20, 0..3).prop_map(
        |(entries, every, environments, skew)| {
            let entries: Vec<_> =
                entries.iter().map(|(name, weight)| format!("{{ scenario: {name}, weight: {weight} }}")).collect();
            let population = format!("{{ environments: {environments}, users: {}, skew: {skew} }}", 20 + environments);
            format!("every: {every}\npopulation: {population}\nmix: [{}]\n", entries.join(", "))
        },
    )
}

/// What is known of a resource at some point.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Life {
    /// Nothing has been said of it.
    Unknown,
    /// It was never there.
    Absent,
    Live,
    /// It was deleted.
    Gone,
}

/// Writes a story that could have happened: one pool, one workspace and one statement, whatever is done with them.
struct Writer {
    /// Of pool, workspace and statement.
    lives: [Life; 3],
    /// Whether the pool is made by the story.
    made: bool,
}

/// A story in one line, out of bytes, so that a failure shrinks by losing bytes.
fn scenario(choices: &[u8]) -> String {
    let mut writer = Writer { lives: [Life::Unknown; 3], made: false };
    let steps: Vec<String> =
        choices.iter().filter_map(|choice| writer.step(usize::from(choice % 3), choice / 3)).collect();
    if steps.is_empty() { "list-regions".to_owned() } else { steps.join(",") }
}

impl Writer {
    fn step(&mut self, kind: usize, act: u8) -> Option<String> {
        let noun = ["pool", "workspace", "statement"][kind];
        let anytime = ["forbidden", "too-many-requests", "internal-error"][usize::from(act % 3)];
        // What runs on a pool is made while the pool is there.
        let pool_is_there = matches!(self.lives[0], Life::Live | Life::Unknown);
        let first = kind > 0 || self.lives == [self.lives[0], Life::Unknown, Life::Unknown];
        Some(match (act % 16, self.lives[kind]) {
            (0, _) => "list-regions".to_owned(),
            (1, _) => format!("list-{noun}s"),
            (2, _) => format!("list-{noun}s:{anytime}"),
            (3, Life::Unknown | Life::Absent) if first => {
                self.lives[kind] = Life::Absent;
                format!("create-{noun}-failure")
            }
            (4..=7, Life::Unknown | Life::Absent) if first && (kind == 0 || pool_is_there) => {
                self.lives[kind] = Life::Live;
                self.made |= kind == 0;
                format!("create-{noun}")
            }
            // It existed before, and so did what it runs on.
            (8..=11, Life::Unknown) if kind == 0 || (pool_is_there && !self.made) => {
                self.lives[kind] = Life::Live;
                format!("get-{noun}")
            }
            (12, Life::Live) => {
                self.lives[kind] = Life::Gone;
                format!("delete-{noun}")
            }
            (13, Life::Live) => format!("delete-{noun}:{anytime}"),
            (3..=5, Life::Live) => format!("get-{noun}"),
            (6 | 7, Life::Live) if kind == 2 => format!("patch-{noun}"),
            (8 | 9, Life::Live) if pool_is_there => format!("update-{noun}"),
            (10, Life::Live) => format!("update-{noun}-failure"),
            (11, Life::Live) => format!("update-{noun}:{anytime}"),
            (3..=6, Life::Absent | Life::Gone) => format!("get-{noun}-failure"),
            (7 | 8, Life::Gone) => format!("delete-{noun}:not-found"),
            (9, Life::Gone) => format!("update-{noun}:not-found"),
            _ => return None,
        })
    }
}

fn recipe() -> impl Strategy<Value = Recipe> {
    let told = prop_oneof![
        1 => select(scenario_names()).prop_map(|name| (name.to_owned(), false)),
        1 => mix().prop_map(|mix| (mix, true)),
        2 => vec(any::<u8>(), 1..24).prop_map(|choices| (scenario(&choices), false)),
    ];
    (told, any::<u64>(), extent()).prop_map(|((told, is_mix), seed, extent)| {
        let paced = !is_mix && scenario_names().contains(&told.as_str()) && has_a_rate(&told);
        let extent = if paced { Extent::Events(seed % 150 + 1) } else { extent };
        // A mix without an extent is each of its scenarios once, whatever their weights.
        Recipe { told, is_mix, seed, extent }
    })
}

/// Holds a whole run against everything that is promised of it.
fn check(plan: &Plan) -> Result<(), String> {
    check_events(plan, &trail::events(plan))
}

fn check_events(plan: &Plan, events: &[Event]) -> Result<(), String> {
    let mut run = Seen::default();
    for event in events {
        let checked =
            trail::check_shape(event).and_then(|()| check_subject(event)).and_then(|()| run.check(plan, event));
        checked.map_err(|wrong| {
            format!("{wrong}: {} ({}) of `{}`\n{}", event.method, event.outcome, event.scenario, event.body)
        })?;
    }
    Ok(())
}

/// What an event is about is said in the same way everywhere.
fn check_subject(event: &Event) -> Result<(), String> {
    let subject = event.body["subject"].as_str().unwrap();
    if let Some(name) = event.at("resourceName").as_str() {
        same("resourceName", name, subject)?;
    }
    let Some(organization) = event
        .scope("ORGANIZATION")
        .or_else(|| event.resources().first().filter(|(kind, _)| *kind == "ORGANIZATION").map(|(_, id)| *id))
    else {
        // Nothing is listed: the subject stops at the region.
        let ends = subject.rsplit('/').next().is_some_and(|end| end.starts_with("flink-region="));
        return if event.resources().is_empty() && ends { Ok(()) } else { Err(format!("subject {subject}")) };
    };
    let mut expected = vec![format!("crn://confluent.cloud/organization={organization}")];
    let identity = format!("{}/identity-provider=Confluent/identity={}", expected[0], event.principal());
    same("identity", event.text("authenticationInfo.identity"), &identity)?;
    expected.extend(event.scope("ENVIRONMENT").map(|environment| format!("environment={environment}")));
    expected.extend(event.scope("FLINK_REGION").map(|region| format!("flink-region={region}")));
    let (kind, id) = event.resources()[0];
    let leaf = match kind {
        "ENVIRONMENT" => Some("environment"),
        "COMPUTE_POOL" => Some("compute-pool"),
        "FLINK_WORKSPACE" => Some("flink-workspace"),
        "STATEMENT" if event.method != "ListStatements" => Some("statement"),
        _ => None,
    };
    expected.extend(leaf.map(|leaf| format!("{leaf}={id}")));
    same("subject", subject, &expected.join("/"))
}

fn same(what: &str, found: &str, expected: &str) -> Result<(), String> {
    if found == expected { Ok(()) } else { Err(format!("{what} is {found}, expected {expected}")) }
}

fn is_hex(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

fn is_uuid4(text: &str) -> bool {
    let groups: Vec<&str> = text.split('-').collect();
    groups.iter().map(|group| group.len()).eq([8, 4, 4, 4, 12])
        && groups.iter().all(|group| is_hex(group))
        && groups[2].starts_with('4')
        && groups[3].starts_with(['8', '9', 'a', 'b'])
}

/// RFC 5737 and RFC 2544.
fn is_reserved(address: Ipv4Addr) -> bool {
    address.is_documentation() || matches!(address.octets(), [198, 18 | 19, ..])
}

/// What was seen of a run so far.
#[derive(Default)]
struct Seen {
    last: i64,
    ids: HashSet<String>,
    requests: HashSet<String>,
    /// Mail of each user, and user of each mail.
    mails: HashMap<String, String>,
    /// Where each principal acts from, for each instance.
    addresses: HashMap<(String, u64, String), String>,
    /// What is known of each resource: by kind, environment and id.
    lives: HashMap<(String, String), Life>,
    /// When each pool was made.
    made: HashMap<String, String>,
}

impl Seen {
    fn check(&mut self, plan: &Plan, event: &Event) -> Result<(), String> {
        let mut time = Vec::new();
        write_time(event.time, 9, &mut time);
        same("time", event.body["time"].as_str().unwrap(), &String::from_utf8(time).unwrap())?;
        if event.time < self.last {
            return Err("event time goes back".to_owned());
        }
        self.last = event.time;
        let (id, request) = (event.id(), event.request_id());
        if !is_uuid4(id) || !self.ids.insert(id.to_owned()) {
            return Err(format!("event id {id}"));
        }
        if request.len() != 32 || !is_hex(request) || !self.requests.insert(request.to_owned()) {
            return Err(format!("request id {request}"));
        }
        if !event.is_success() && event.text("result.data.errors.0.id") != request {
            return Err("the error has another request id".to_owned());
        }
        self.check_people(event)?;
        check_name(plan, event)?;
        if let Some(made) = event.at("result.data.metadata.created_at").as_str() {
            let pool = event.text("result.data.id").to_owned();
            same("created_at", made, self.made.entry(pool).or_insert_with(|| made.to_owned()))?;
        }
        self.check_lives(&plan.catalog, event)
    }

    fn check_people(&mut self, event: &Event) -> Result<(), String> {
        let address = event.address().to_owned();
        if !address.parse().is_ok_and(is_reserved) {
            return Err(format!("address {address}"));
        }
        let actor = (event.scenario.clone(), event.instance, event.principal().to_owned());
        let known = self.addresses.entry(actor).or_insert_with(|| address.clone());
        same("address", &address, known)?;
        if let Some(mail) = event.mail() {
            let principal = event.principal().to_owned();
            same("mail", mail, self.mails.entry(principal.clone()).or_insert_with(|| mail.to_owned()))?;
            same("user", &principal, self.mails.entry(mail.to_owned()).or_insert_with(|| principal.clone()))?;
            let domain = mail.split_once('@').map(|(_, domain)| domain);
            if !matches!(domain, Some("example.com" | "example.net" | "example.org")) {
                return Err(format!("mail {mail}"));
            }
        }
        Ok(())
    }

    /// Nothing is used before it is made, or after it is gone, unless the call fails for that.
    fn check_lives(&mut self, catalog: &Catalog, event: &Event) -> Result<(), String> {
        let method = &catalog.methods[catalog.method(&event.method).unwrap()];
        let needs = catalog.failure(&event.outcome).map(|failure| catalog.failures[failure].precondition);
        if method.does == Effect::List {
            if method.name == "ListWorkspaces" || method.name == "ListStatements" {
                for (kind, id) in event.resources() {
                    self.use_of(&key(event, kind, id), Life::Live)?;
                }
            }
            return self.check_pool(event, method.does);
        }
        let (kind, id) = event.resources()[0];
        let target = key(event, kind, id);
        match (method.does, needs) {
            (Effect::Create, None) => {
                if !matches!(self.lives.insert(target, Life::Live), None | Some(Life::Absent)) {
                    return Err("created, but was known before".to_owned());
                }
            }
            (_, None | Some(Precondition::Live)) => self.use_of(&target, Life::Live)?,
            (_, Some(Precondition::Absent)) => self.use_of(&target, Life::Absent)?,
            // Nobody can tell whether it is there.
            (_, Some(Precondition::Any)) => {}
        }
        if event.is_success() && method.does == Effect::Delete {
            self.lives.insert(key(event, kind, id), Life::Gone);
        }
        self.check_pool(event, method.does)
    }

    /// What runs on a pool runs on one that was there; what is made or changed, on one that is there.
    fn check_pool(&mut self, event: &Event, does: Effect) -> Result<(), String> {
        let result = event.at("result.data");
        let items = result["data"].as_array().map_or(std::slice::from_ref(result), Vec::as_slice);
        for item in items {
            let spec = &item["spec"];
            let Some(pool) = spec["compute_pool"]["id"].as_str().or(spec["compute_pool_id"].as_str()) else { continue };
            let pool = key(event, "COMPUTE_POOL", pool);
            if matches!(does, Effect::Create | Effect::Update) {
                self.use_of(&pool, Life::Live)?;
            } else if *self.lives.entry(pool).or_insert(Life::Live) == Life::Absent {
                return Err("runs on a pool that never was".to_owned());
            }
        }
        Ok(())
    }

    /// What was not seen before was so before the run.
    fn use_of(&mut self, resource: &(String, String), expected: Life) -> Result<(), String> {
        let known = *self.lives.entry(resource.clone()).or_insert(expected);
        if known == expected || (known == Life::Gone && expected == Life::Absent) {
            return Ok(());
        }
        let shown = |life| if life == Life::Live { "there" } else { "not there" };
        Err(format!("{resource:?} is {}, expected {}", shown(known), shown(expected)))
    }
}

/// Pool ids are unique in the run, the names of the rest in their environment.
fn key(event: &Event, kind: &str, id: &str) -> (String, String) {
    let room = if kind == "COMPUTE_POOL" { "" } else { event.scope("ENVIRONMENT").unwrap_or_default() };
    (kind.to_owned(), format!("{room}/{id}"))
}

/// An event's id says which event it is.
fn check_name(plan: &Plan, event: &Event) -> Result<(), String> {
    let Some(found) = plan.event_of(event.id()) else { return Err("the plan does not know the id".to_owned()) };
    let scenario = plan.scenarios.iter().find(|scenario| scenario.name == event.scenario).unwrap();
    let step = scenario.operations.iter().find_map(|operation| match operation {
        falsetrail::machinery::Operation::Call(call) if call.number == event.step => Some(call.name.as_str()),
        _ => None,
    });
    if found.scenario == event.scenario && found.instance == event.instance && Some(found.step) == step {
        Ok(())
    } else {
        Err(format!("the plan takes the id for {found:?}"))
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_run_keeps_what_is_promised(recipe in recipe()) {
        check(&recipe.plan(|_| {})).map_err(TestCaseError::fail)?;
    }

    #[test]
    fn a_seed_is_a_run(recipe in recipe(), other: u64) {
        prop_assume!(recipe.seed != other);
        let first = recipe.bodies(|_| {});
        prop_assert_eq!(&first, &recipe.bodies(|_| {}));
        let ids = |bodies: &[Vec<u8>]| -> HashSet<String> { bodies.iter().map(|body| id(body)).collect() };
        let others = recipe.bodies(|options| options.seed = Some(other));
        prop_assert!(ids(&first).is_disjoint(&ids(&others)));
        let later = recipe.bodies(|options| options.from = Some("2026-01-05T08:00:01Z".to_owned()));
        prop_assert!(ids(&first).is_disjoint(&ids(&later)));
    }

    #[test]
    fn a_shorter_run_is_the_beginning_of_a_longer_one(recipe in recipe(), events in 1_u64..150, more in 1_u64..150) {
        let of = |events| recipe.bodies(|options| {
            options.instances = None;
            options.events = Some(events);
        });
        let (short, long) = (of(events), of(events + more));
        prop_assert_eq!(short.len() as u64, events);
        prop_assert_eq!(long.len() as u64, events + more);
        prop_assert!(long.starts_with(&short));
    }

    #[test]
    fn a_strangers_id_is_no_event(recipe in recipe(), bits: u128) {
        let uuid = bits & !(0xF << 76) & !(0b11 << 62) | (0x4 << 76) | (0b10 << 62);
        let plan = recipe.plan(|_| {});
        let hex = format!("{uuid:032x}");
        let id = [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-");
        prop_assert!(is_uuid4(&id));
        // By chance it would be one in 2³⁴ times.
        prop_assert_eq!(plan.event_of(&id), None);
        prop_assert_eq!(plan.event_of("no id at all"), None);
    }
}

fn id(body: &[u8]) -> String {
    let value: serde_json::Value = serde_json::from_slice(body).unwrap();
    value["id"].as_str().unwrap().to_owned()
}

#[test]
fn every_shipped_scenario_runs() {
    for name in scenario_names() {
        let run = trail::run_of(name);
        let paced = has_a_rate(name);
        let plan = trail::plan(&if paced { run.events_limit(5_000) } else { run.instances(200) });
        assert!(shipped(name).description.is_some_and(|text| text.contains("ood ") || text.contains("hat ")), "{name}");
        let mut instances = HashSet::new();
        let mut scenarios = HashSet::new();
        for event in plan.events() {
            assert!(event.body.starts_with(b"{") && event.body.ends_with(b"}"), "{name}");
            instances.insert((event.scenario.to_owned(), event.instance));
            scenarios.insert(event.scenario.to_owned());
        }
        assert!(paced || instances.len() == 200, "{name}");
        assert_eq!(scenarios.len(), plan.scenarios.len(), "{name}");
    }
}

#[test]
fn shipped_scenarios_keep_what_is_promised_in_the_long_run() {
    for name in scenario_names() {
        let plan = trail::plan(&trail::run_of(name).events_limit(1_500));
        check(&plan).unwrap_or_else(|wrong| panic!("{name}: {wrong}"));
    }
}

#[test]
fn the_checks_see_what_is_wrong() {
    let plan = trail::plan(&trail::run_of("create-pool,get-pool,update-pool,delete-pool,get-pool-failure"));
    let right = trail::events(&plan);
    assert_eq!(check_events(&plan, &right), Ok(()));
    let swapped = |one: usize, other: usize| {
        let mut events = right.clone();
        events.swap(one, other);
        let (time, body) = (events[one].time, events[one].body["time"].clone());
        events[one].time = events[other].time;
        events[one].body["time"] = events[other].body["time"].clone();
        events[other].time = time;
        events[other].body["time"] = body;
        events
    };
    let changed = |pointer: &str, value: &str| {
        let mut events = right.clone();
        *events[1].body.pointer_mut(pointer).unwrap() = serde_json::from_str(value).unwrap();
        events
    };
    let stranger = r#""8c1f2f2e-6a0b-4d5c-8e7f-0123456789ab""#;
    let cases = [
        (vec![right[0].clone(), right[0].clone()], "event id"),
        (right.iter().rev().cloned().collect(), "goes back"),
        (swapped(0, 1), "was known before"),
        (swapped(1, 3), "is not there"),
        (swapped(3, 4), "expected"),
        (changed("/id", stranger), "does not know the id"),
        (changed("/time", r#""2026-01-05T08:00:00.000000000Z""#), "time is"),
        (changed("/subject", r#""crn://confluent.cloud/""#), "resourceName is"),
        (changed("/data/request", r#"{ "data": {}, "accessType": "READ_ONLY" }"#), "`.data.request` has"),
        (changed("/data/result/data/spec/max_cfu", "10.0"), "max_cfu` is 10.0"),
        (changed("/data/result/data/metadata/created_at", r#""2026-01-05T07:00:00.000000Z""#), "created_at is"),
        (changed("/data/requestMetadata/clientAddress/0/ip", r#""8.8.8.8""#), "address 8.8.8.8"),
        (changed("/data/authenticationInfo/principal/email", r#""a@b.com""#), "mail is"),
        (changed("/data/requestMetadata/requestId/0", r#""858B0457""#), "request id"),
        (changed("/data/requestMetadata/requestId", "[]"), "has 0 items"),
    ];
    for (events, expected) in cases {
        let found = check_events(&plan, &events).unwrap_err();
        assert!(found.split('\n').next().unwrap().contains(expected), "{expected}: {found}");
    }
}

/// The text between two others, without parsing.
fn between<'a>(body: &'a [u8], before: &str, after: char) -> &'a str {
    let text = std::str::from_utf8(body).unwrap();
    let start = text.find(before).unwrap_or_else(|| panic!("no {before} in {text}")) + before.len();
    text[start..].split(after).next().unwrap()
}

#[test]
fn ids_of_pools_never_repeat() {
    let pools = 200_000;
    let run = trail::run_of("create-pool").instances(pools).with(|options| options.every = Some(1_000_000));
    let plan = trail::plan(&run);
    let ids: HashSet<String> =
        plan.events().map(|event| between(&event.body, "\"COMPUTE_POOL\",\"resourceId\":\"", '"').to_owned()).collect();
    assert_eq!(ids.len() as u64, pools);
    assert!(ids.iter().all(|id| id.starts_with("lfcp-") && id.len() == "lfcp-a1b2c3".len()));
}

#[test]
fn names_of_workspaces_are_unique_in_their_environment() {
    let workspaces = 20_000;
    let run = trail::run_of("create-workspace,list-workspaces").with(|options| options.every = Some(1_000_000));
    let plan = trail::plan(&run.instances(workspaces));
    let mut names = HashSet::new();
    let mut suffixes = 0;
    for event in plan.events().filter(|event| event.method == "CreateWorkspace") {
        let name = between(&event.body, "\"workspace_name\":\"", '"');
        let environment = between(&event.body, "\"environment_id\":\"", '"');
        assert!(names.insert((environment.to_owned(), name.to_owned())), "{environment}/{name}");
        let parts: Vec<&str> = name.split('-').collect();
        assert!(parts[..5].iter().map(|part| part.len()).eq([9, 4, 2, 2, 6]), "{name}");
        suffixes += u64::from(parts.len() > 5);
    }
    assert_eq!(names.len() as u64, workspaces);
    assert!(suffixes > workspaces / 2, "a second has room for one name, found {suffixes} suffixes");
}

#[test]
fn mail_belongs_to_one_user() {
    let mix = "population: { users: 5000, environments: 3 }\nevery: 1ms\nmix: [{ scenario: create-pool, weight: 1 }]\n";
    let plan = trail::plan_of_file("crowd", mix, |options| options.instances = Some(20_000));
    let (mut users, mut mails) = (HashMap::new(), HashMap::new());
    for event in plan.events() {
        let user = between(&event.body, "\"confluentUser\":{\"resourceId\":\"", '"').to_owned();
        let mail = between(&event.body, "\"email\":\"", '"').to_owned();
        assert_eq!(users.entry(user.clone()).or_insert_with(|| mail.clone()), &mail);
        assert_eq!(mails.entry(mail).or_insert_with(|| user.clone()), &user);
    }
    assert!(users.len() > 1_000, "{}", users.len());
}

#[test]
fn lines_that_could_have_happened_are_told_as_they_stand() {
    let mut choices = vec![0_u8; 12];
    for number in 0_u64..300 {
        for (place, choice) in choices.iter_mut().enumerate() {
            *choice = (number.wrapping_mul(0x9E37_79B9).wrapping_add(place as u64 * 0x85EB_CA6B) >> 7) as u8;
        }
        let line = scenario(&choices);
        let told = trail::events(&trail::plan(&Run::new(&line).seed(number).from(trail::START)));
        assert_eq!(told.len(), line.split(',').count(), "{line}");
    }
}
