//! Stories and mixes at random: everything that the language has, in an order that could have happened.
//!
//! They are made out of bytes, so that a failure shrinks by losing steps.

use falsetrail::machinery::{Options, Plan, Run, units::duration};
use proptest::{collection::vec, prelude::*, sample::select};
use std::{fmt::Write, fs, path::Path};

/// A mix of random stories.
#[derive(Debug, Clone)]
pub struct Told {
    /// Story files, each with its weight.
    scenarios: Vec<(String, u8)>,
    pub pace: &'static str,
    pub extent: Extent,
    /// Entries of `inject`: number of a story (the last stand for shipped ones), seconds after the beginning, label.
    pub injected: Vec<(u8, u32, &'static str)>,
    population: (u8, u8),
    pub seed: u64,
}

/// How long a run is.
#[derive(Debug, Clone, Copy)]
pub enum Extent {
    Events(u64),
    Lasts(&'static str),
}

/// A property's configuration: so many cases, and a hundred times as many if all tests are asked for.
pub fn cases(few: u32) -> ProptestConfig {
    let cases = if std::env::var_os("FALSETRAIL_TEST_ALL").is_some() { few * 100 } else { few };
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

/// Injected beside the random ones: what takes names that are given out once, and what has several of a kind.
const SHIPPED: &[&str] = &["mass-deletion", "notebook-session", "every-method"];

impl Told {
    /// Writes the stories and a mix that injects those of these numbers; its path.
    pub fn write(&self, folder: &Path, injected: &[usize]) -> String {
        for (number, (scenario, _)) in self.scenarios.iter().enumerate() {
            fs::write(folder.join(format!("story{number}.yaml")), scenario).expect("a file can be written");
        }
        let path = folder.join("told.yaml");
        fs::write(&path, self.mix(injected)).expect("a file can be written");
        path.to_string_lossy().into_owned()
    }

    fn mix(&self, injected: &[usize]) -> String {
        let entries = self.scenarios.iter().enumerate().map(|(number, (scenario, weight))| {
            let with = if scenario.contains("params:") { ", with: { many: 3 }" } else { "" };
            format!("  - {{ scenario: story{number}.yaml, weight: {weight}{with} }}\n")
        });
        let (users, environments) = (u32::from(self.population.0) + 4, self.population.1 + 1);
        let habits = if self.population.0.is_multiple_of(2) { "" } else { ", addresses: 2, bursts: 50%" };
        // Usual hours need several principals for each actor of a scenario.
        let hours = if users > 128 { ", service_accounts: 90, odd_hours: 20%" } else { "" };
        let mut text = format!(
            "{}population: {{ users: {users}, environments: {environments}+, workspaces: {environments}{habits}{hours} }}\nmix:\n{}",
            self.pace,
            entries.collect::<String>()
        );
        if !injected.is_empty() {
            text.push_str("inject:\n");
        }
        for number in injected {
            let (scenario, seconds, label) = &self.injected[*number];
            let scenario = usize::from(*scenario) % (self.scenarios.len() + SHIPPED.len());
            let name = match scenario.checked_sub(self.scenarios.len()) {
                Some(shipped) => SHIPPED[shipped].to_owned(),
                None => format!("story{scenario}.yaml"),
            };
            let _ = writeln!(text, "  - {{ scenario: {name}, at: +{seconds}s, label: {label} }}");
        }
        text
    }

    /// The numbers of its injections, each of another name.
    pub fn all(&self) -> Vec<usize> {
        let scenarios = self.scenarios.len() + SHIPPED.len();
        let name = |number: &usize| (usize::from(self.injected[*number].0) % scenarios, self.injected[*number].1);
        let mut all: Vec<usize> = (0..self.injected.len()).collect();
        all.sort_by_key(name);
        all.dedup_by_key(|number| name(number));
        all
    }

    /// The plan with the injections of these numbers; `None` if one of them would begin when the run is over.
    pub fn plan(&self, injected: &[usize]) -> Option<Plan> {
        self.plan_with(injected, |_| {})
    }

    /// The same with other options.
    pub fn plan_with(&self, injected: &[usize], change: impl FnOnce(&mut Options)) -> Option<Plan> {
        let folder = tempfile::tempdir().expect("a folder");
        let run = Run::new(self.write(folder.path(), injected)).with(|options| {
            self.options(options);
            change(options);
        });
        match run.plan() {
            Ok(plan) => Some(plan),
            Err(error) if error.to_string().contains("when the run is over") => None,
            Err(error) => panic!("{}", error.render(false)),
        }
    }

    fn options(&self, options: &mut Options) {
        options.seed = Some(self.seed);
        options.from = Some("2026-01-05T08:00:00Z".to_owned());
        match self.extent {
            Extent::Events(events) => options.events = Some(events),
            Extent::Lasts(text) => options.duration = Some(duration(text).expect(text)),
        }
    }

    /// The same as arguments of the command.
    pub fn arguments(&self) -> String {
        let extent = match self.extent {
            Extent::Events(events) => format!("-n {events}"),
            Extent::Lasts(text) => format!("-d {text}"),
        };
        format!("generate told.yaml --seed {} --from 2026-01-05T08:00:00Z {extent}", self.seed)
    }

    /// Whether it has a rate.
    pub fn is_paced(&self) -> bool {
        !self.pace.starts_with("every")
    }
}

/// A mix of one to four stories, with or without a rate, with up to `injected` injections.
pub fn told(injected: usize) -> impl Strategy<Value = Told> {
    let steps = vec(any::<[u8; 4]>(), 1..12);
    let scenario = (vec(any::<u8>(), 1..4), steps).prop_map(|(resources, steps)| scenario(&resources, &steps));
    let injections = vec((any::<u8>(), 0_u32..12, select(vec!["positive", "near-miss"])), 0..=injected);
    (vec((scenario, 1_u8..9), 1..5), course(), injections, (any::<u8>(), 0_u8..5), any::<u64>()).prop_map(
        |(scenarios, (pace, extent), injected, population, seed)| Told {
            scenarios,
            pace,
            extent,
            injected,
            population,
            seed,
        },
    )
}

/// Pace and extent that fit.
fn course() -> impl Strategy<Value = (&'static str, Extent)> {
    let events = (400_u64..1_500).prop_map(Extent::Events);
    prop_oneof![
        (select(vec!["every: 3s\n", "every: 10s\n", "rate: 5/s\n", "rate: 20/m\n"]), events.clone()),
        (
            Just(
                "stages: [{ duration: 2m, target: 10/s }, { duration: 0s, target: 1/s }, { duration: 1h, target: 0/s }]\n"
            ),
            events
        ),
        (
            select(vec![
                "every: 2m\n",
                "rate: 0.1/s\n",
                "rate: 7/m\n",
                "start: 20/m\nstages: [{ duration: 3h, target: 1/m }]\n"
            ]),
            Just(Extent::Lasts("3h"))
        ),
    ]
}

/// In which states a resource may be, as bits.
const ABSENT: u8 = 1;
const LIVE: u8 = 2;
const GONE: u8 = 4;

struct Resource {
    name: String,
    noun: &'static str,
    many: bool,
    existing: bool,
    states: u8,
    touched: bool,
}

/// Writes a story that could have happened.
struct Writer {
    resources: Vec<Resource>,
    /// Whether something runs on the pools: then they stay.
    pools_stay: bool,
}

fn scenario(resources: &[u8], steps: &[[u8; 4]]) -> String {
    let mut writer = Writer::new(resources);
    let mut text = writer.pool_first();
    let mut steps = steps.iter();
    while let Some(step) = steps.next() {
        let rest = steps.as_slice();
        if step[0] % 7 == 0 && rest.len() >= 2 {
            text.push_str(&writer.choice(rest[0], rest[1]));
            steps = rest[2..].iter();
        } else {
            let _ = writeln!(text, "  - {{ {} }}", writer.step(*step));
        }
    }
    let declared: String = writer.resources.iter().filter(|one| one.touched).map(Resource::declared).collect();
    let resources = if declared.is_empty() { String::new() } else { format!("resources:\n{declared}") };
    let actors =
        "actors:\n  ann: { kind: user }\n  bot: { kind: service-account }\n  cat: { kind: user, ip: 192.0.2.77 }\n";
    let params = "params: { many: 2, pause: 1s..4s, times: 2..4 }\n";
    format!("{params}{actors}{resources}steps:\n{text}")
}

impl Resource {
    fn declared(&self) -> String {
        let kind = if self.noun == "pool" { "compute-pool" } else { self.noun };
        let many = if self.many { ", count: $many" } else { "" };
        let existing = if self.existing { ", existing: true" } else { "" };
        format!("  {}: {{ kind: {kind}{many}{existing} }}\n", self.name)
    }
}

impl Writer {
    fn new(bytes: &[u8]) -> Self {
        let nouns: Vec<&str> =
            bytes.iter().map(|byte| ["pool", "workspace", "statement"][usize::from(byte % 3)]).collect();
        let pools_stay = nouns.iter().any(|noun| *noun != "pool");
        let resources = bytes.iter().zip(&nouns).enumerate().map(|(number, (byte, noun))| {
            let existing = byte / 3 % 2 == 0;
            Resource {
                name: format!("{noun}{number}"),
                noun,
                many: byte / 6 % 3 == 0 && !(pools_stay && *noun == "pool"),
                existing,
                states: if existing { LIVE } else { ABSENT },
                touched: false,
            }
        });
        let mut resources: Vec<Resource> = resources.collect();
        if pools_stay && let Some(first) = resources.iter().position(|one| one.noun == "pool") {
            // What runs on a pool runs on the only one.
            let mut number = 0;
            resources.retain(|one| {
                number += 1;
                one.noun != "pool" || number == first + 1
            });
        }
        Writer { resources, pools_stay }
    }

    /// What others run on is made before them.
    fn pool_first(&mut self) -> String {
        let pools_stay = self.pools_stay;
        let pool = self.resources.iter_mut().find(|one| pools_stay && one.noun == "pool" && one.states == ABSENT);
        pool.map_or_else(String::new, |pool| {
            (pool.states, pool.touched) = (LIVE, true);
            format!("  - {{ call: create-pool, target: {} }}\n", pool.name)
        })
    }

    fn states(&self) -> Vec<u8> {
        self.resources.iter().map(|one| one.states).collect()
    }

    fn set(&mut self, states: impl IntoIterator<Item = u8>) {
        self.resources.iter_mut().zip(states).for_each(|(one, states)| one.states = states);
    }

    /// Two ways, one of three steps.
    fn choice(&mut self, one: [u8; 4], other: [u8; 4]) -> String {
        let before = self.states();
        let first = self.step(one);
        let after = self.states();
        self.set(before);
        let second =
            format!("{{ {} }}, {{ {} }}", self.step(other), self.step([other[1], other[2], other[3], other[0]]));
        let union: Vec<u8> = self.states().iter().zip(after).map(|(one, other)| one | other).collect();
        self.set(union);
        format!(
            "  - choose:\n      - {{ weight: 3, steps: [{{ {first} }}] }}\n      - {{ weight: {}, steps: [{second}] }}\n",
            one[0] % 4 + 1
        )
    }

    fn step(&mut self, [which, act, how, detail]: [u8; 4]) -> String {
        let number = usize::from(which) % self.resources.len();
        let before = self.resources[number].states;
        let (mut step, may_repeat) = self.call(number, act % 12, detail);
        match how % 6 {
            0 => step.push_str(", after: 200ms"),
            1 => step.push_str(", after: 1s..3s"),
            2 => step.push_str(", after: $pause"),
            3 => step.push_str(", after: 20s..2m"),
            _ => {}
        }
        if may_repeat {
            step.push_str(
                ["", "", ", repeat: 2..3", ", repeat: { times: $times, every: 500ms..1s }"][usize::from(how / 6 % 4)],
            );
        }
        if how / 24 % 3 == 0 {
            step.push_str([", by: ann", ", by: bot", ", by: cat"][usize::from(detail % 3)]);
        }
        if detail % 5 == 0 {
            step.push_str(", chance: 40%");
            self.resources[number].states |= before;
        }
        step
    }

    /// What happens to a resource, and whether it may happen several times.
    fn call(&mut self, number: usize, act: u8, detail: u8) -> (String, bool) {
        let pools_stay = self.pools_stay;
        let one = &mut self.resources[number];
        let Resource { noun, many, .. } = *one;
        let refused = ["forbidden", "too-many-requests", "internal-error"][usize::from(detail % 3)];
        match act {
            0 => return (format!("call: list-{noun}s"), true),
            1 => return (format!("call: list-{noun}s, outcome: {refused}"), true),
            2 => return ("call: list-regions".to_owned(), true),
            _ => one.touched = true,
        }
        let target = if many { format!("each: {}, every: 1s..2s", one.name) } else { format!("target: {}", one.name) };
        if one.states == ABSENT {
            one.states = LIVE;
            return (format!("call: create-{noun}, {target}"), false);
        }
        let auto = if one.states == LIVE { "" } else { ", outcome: auto" };
        match act {
            4..=5 if noun == "statement" => (format!("call: patch-statement, {target}{auto}"), !many),
            6..=7 => (format!("call: update-{noun}, {target}{auto}"), !many),
            8..=9 if noun != "pool" || !pools_stay => {
                one.states = (one.states & !LIVE) | if one.states & LIVE == 0 { 0 } else { GONE };
                (format!("call: delete-{noun}, {target}{auto}"), false)
            }
            10 => (format!("call: update-{noun}, {target}, outcome: {refused}"), !many),
            11 => (format!("call: delete-{noun}, {target}, outcome: {refused}"), !many),
            _ => (format!("call: get-{noun}, {target}{auto}"), !many),
        }
    }
}

proptest! {
    #![proptest_config(cases(48))]

    /// Otherwise the properties below would hold for nothing.
    #[test]
    fn random_stories_can_be_told(told in told(3)) {
        if let Some(plan) = told.plan(&told.all()) {
            prop_assert_eq!(plan.timing.schedule.is_some(), told.is_paced());
            prop_assert!(plan.count() >= 10, "{} events", plan.count());
        }
    }
}
