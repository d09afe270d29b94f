//! Seeds of the mutations: shipped files, and the output of shipped scenarios.

use crate::targets::{file_name, files, read, shipped_run};
use falsetrail::machinery::{
    Options, Plan,
    run_file::{Layout, RunFile},
};
use flate2::{Compression, write::GzEncoder};
use std::{fs, io::Write};

/// A name and the bytes of each seed of a target.
pub fn of(target: &str) -> Vec<(String, Vec<u8>)> {
    let texts = |folder: &str, ending: &str| {
        let named = |path: std::path::PathBuf| (file_name(&path), fs::read(&path).expect("a shipped file is read"));
        files(folder, ending).into_iter().map(named).collect::<Vec<_>>()
    };
    match target {
        "scenario" => [texts("scenarios", "yaml"), texts("tests/broken", "yaml")].concat(),
        "catalog" => [texts("examples/catalog", "yaml"), texts("templates/confluent-flink", "yaml")].concat(),
        "template" => [texts("templates/confluent-flink", "json"), texts("examples/catalog", "json")].concat(),
        "one_line" => named(&ONE_LINE),
        "set" => named(&SET),
        "run_file" => run_files(),
        "kafka_config" => named(&KAFKA),
        "part" => parts(),
        "only" => vec![("list.ndjson".to_owned(), only())],
        other => panic!("no seeds for `{other}`"),
    }
}

const ONE_LINE: [&str; 6] = [
    "create-pool -> update-pool-failure -> delete-pool",
    "create-pool,get-pool,update-pool:max-cfu-reduction,delete-pool",
    "create-statement → get-statement → delete-statement",
    "CreateComputePool -> ListComputePools",
    "list-workspaces",
    "create-pool -> create-pool -> 'delete-pool'",
];

const SET: [&str; 6] = [
    "deletes=4\ngap=2s",
    "pool.max_cfu=20\npool.region=aws.us-west-2",
    "admin.ip=192.0.2.1\nadmin.email=someone@example.com",
    "organization.id=a8b1c0de-0000-4000-8000-000000000001",
    "environment.id=env-abc123\nchance=0.5\ncount=3..8",
    "x=0x1F\ny=010\nz=1e3\nn=null\nt=true\ns='quoted'",
];

const KAFKA: [&str; 3] = [
    "bootstrap.servers=pkc-1.example.com:9092\nsecurity.protocol=sasl_ssl\nsasl.mechanisms=PLAIN\nsasl.username=${KEY}\n\
     sasl.password=${SECRET}\n",
    "# a comment\r\nlinger.ms = 5\r\nclient.id=a$${USER}$$\n\nsasl.jaas.config=x required \\\n  user=\"a\" \\\n  password=\"b\";\n",
    "\u{feff}acks=all\nplugin.library.paths=x\nssl.key.password=${",
];

fn named(texts: &[&str]) -> Vec<(String, Vec<u8>)> {
    texts.iter().enumerate().map(|(number, text)| (number.to_string(), text.as_bytes().to_vec())).collect()
}

fn run_files() -> Vec<(String, Vec<u8>)> {
    let of = |scenario: &str, set: &[&str]| {
        let options = Options {
            scenarios: vec![scenario.to_owned()],
            seed: Some(7),
            from: Some("2026-01-05T08:00:00Z".to_owned()),
            set: set.iter().map(|&set| set.to_owned()).collect(),
            ..Options::default()
        };
        let plan = Plan::new(&options).expect("a shipped scenario is planned");
        (format!("{scenario}.json"), RunFile::new(&plan, &options, Layout::default()).to_json().into_bytes())
    };
    vec![of("mass-deletion", &["deletes=4"]), of("busy-day", &[]), of("create-pool,delete-pool", &[])]
}

/// The first events of a run, in forms that a stopped run leaves; cut where events end, and within one.
fn parts() -> Vec<(String, Vec<u8>)> {
    let lines: Vec<Vec<u8>> = shipped_run().events().map(|event| [event.body, b"\n".to_vec()].concat()).collect();
    let half = lines[..8].concat();
    let cut = lines[..9].concat()[..half.len() + 300].to_vec();
    let mut gz = GzEncoder::new(Vec::new(), Compression::fast());
    gz.write_all(&half).expect("memory takes it");
    let gz = gz.finish().expect("memory takes it");
    let batch = [&b"["[..], &lines[..8].join(&b','), b"]\n"].concat();
    let formed = |form: u8, bytes: Vec<u8>| [vec![form + 16 * 8], bytes].concat();
    vec![
        ("lines".to_owned(), formed(0, half.clone())),
        ("cut".to_owned(), formed(0, cut)),
        ("gz".to_owned(), formed(1, gz.clone())),
        ("frames".to_owned(), formed(1, [gz.clone(), gz].concat())),
        ("zst".to_owned(), formed(2, b"\x28\xb5\x2f\xfd\x04\x58\x09\x00\x00{}\n".to_vec())),
        ("indented".to_owned(), formed(4, b"{\n  \"id\": 1\n}\n{\n  \"id\"".to_vec())),
        ("batch".to_owned(), formed(8, batch)),
        ("instance".to_owned(), formed(15, half)),
    ]
}

fn only() -> Vec<u8> {
    let line = |(number, event): (usize, falsetrail::GeneratedEvent<'_>)| {
        let event: serde_json::Value = serde_json::from_slice(&event.body).expect("events are JSON");
        format!("{{\"event\":{number},\"id\":{}}}\n", event["id"])
    };
    shipped_run().events().enumerate().map(line).collect::<String>().into_bytes()
}

/// A shipped text that several targets borrow words from.
pub fn words() -> Vec<Vec<u8>> {
    let text = [read("docs/language.md"), read("docs/catalogs.md"), read("docs/templates.md")].concat();
    let mut words: Vec<Vec<u8>> = text
        .split(|c: char| c.is_whitespace() || "`,;()".contains(c))
        .filter(|word| (1..24).contains(&word.len()))
        .map(|word| word.as_bytes().to_vec())
        .collect();
    words.sort();
    words.dedup();
    words
}
