//! Fuzz targets: each takes bytes and gives them to one of the readers, as far as events if they can be read.
//!
//! A panic, an abort, an endless loop or memory without a bound is a finding. libFuzzer runs these functions from
//! `fuzz/`, and `tests/fuzz/main.rs` runs them on mutations where there is no nightly compiler.

use falsetrail::machinery::{
    Options, Plan,
    catalog::Catalog,
    planner::load_scenario,
    run::{Selection, Slice, resume},
    run_file::RunFile,
    scenario::{read_one_line, to_yaml},
    sink::{Ending, Format, Output, Overwrite, Split},
    sources::{RunSources, SourceProvider},
    template::{Constant, Template},
};
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
};
use tempfile::TempDir;

/// A target's name and function.
pub type Target = (&'static str, fn(&[u8]));

/// All targets.
pub const TARGETS: &[Target] = &[
    ("scenario", scenario),
    ("catalog", catalog),
    ("template", template),
    ("one_line", one_line),
    ("set", set),
    ("run_file", run_file),
    #[cfg(feature = "kafka")]
    ("kafka_config", kafka_config),
    ("part", part),
    ("only", only),
];

/// Where event time begins.
const START: &str = "2026-01-05T08:00:00Z";

/// Scenarios that settings are tried on.
const SETTABLE: [&str; 3] = ["mass-deletion", "busy-day", "create-pool -> update-pool-failure -> delete-pool"];

/// Events that are rendered of a run.
const RENDERED: usize = 200;

/// A scenario file.
pub fn scenario(bytes: &[u8]) {
    let path = written("scenario.yaml", bytes);
    let argument = path.to_string_lossy().into_owned();
    if let Some(found) = checked(load_scenario(&built_in(), &argument)) {
        let _ = to_yaml(&found);
    }
    render(&Options { scenarios: vec![argument], ..options() });
}

/// A catalog, with the shipped templates that it could name.
pub fn catalog(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let named = |(name, _): &(&String, &String)| name.strip_suffix(".json").is_some_and(|method| text.contains(method));
    let mut files: BTreeMap<String, String> =
        shipped_templates().iter().filter(named).map(|(name, text)| (name.clone(), text.clone())).collect();
    files.insert("catalog.yaml".to_owned(), text.to_owned());
    let texts = run_texts(files);
    let Some(catalog) = checked(Catalog::from_run(&texts)) else { return };
    // One of its methods, and not always the first.
    let methods = catalog.method_names();
    if let Some(method) = methods.get(bytes.len() % methods.len().max(1)) {
        let scenarios = vec![(*method).to_owned()];
        render(&Options { scenarios, texts: SourceProvider::Run(Arc::new(texts)), ..options() });
    }
}

/// The template of one of the shipped methods.
pub fn template(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let source = falsetrail::machinery::error::Source::new("template.json", text);
    let Some(template) = checked(Template::parse(&source).map_err(Into::into)) else { return };
    let catalog = built_in();
    for method in &catalog.methods {
        let constants = [("success", Constant::Boolean(bytes.len().is_multiple_of(2)))];
        checked(template.compile(&catalog.shape(method), &constants).map_err(Into::into));
    }
    let method = &catalog.methods[bytes.len() % catalog.methods.len()].name;
    let mut files = shipped_templates().clone();
    files.retain(|name, _| catalog.methods.iter().any(|method| *name == format!("{}.json", method.name)));
    files.insert("catalog.yaml".to_owned(), read("templates/confluent-flink/catalog.yaml"));
    files.insert(format!("{method}.json"), text.to_owned());
    let texts = SourceProvider::Run(Arc::new(run_texts(files)));
    render(&Options { scenarios: vec![method.clone()], texts, ..options() });
}

/// A scenario in one line.
pub fn one_line(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    checked(read_one_line(text, &[]).map_err(Into::into));
    // Neither files nor standard input are meant.
    if !text.contains('/') && !text.ends_with("yaml") && !text.ends_with("yml") && text.trim() != "-" {
        render(&Options { scenarios: vec![text.to_owned()], ..options() });
    }
}

/// Settings, one in each line.
pub fn set(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let scenario = SETTABLE[bytes.len() % SETTABLE.len()];
    let set = text.lines().map(str::to_owned).collect();
    render(&Options { scenarios: vec![scenario.to_owned()], set, ..options() });
}

/// A run file.
pub fn run_file(bytes: &[u8]) {
    let path = written("run.json", bytes);
    let Some(run) = checked(RunFile::read(&path)) else { return };
    let _ = (run.to_json(), run.warning());
    if let Some(plan) = checked(run.plan()) {
        assert!(plan.events().take(RENDERED).all(|event| !event.body.is_empty()));
    }
}

/// A client file of Kafka.
#[cfg(feature = "kafka")]
pub fn kafka_config(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let variable = |name: &str| (name.len() % 2 == 1).then(|| "${value} = #".to_owned());
    checked(falsetrail::machinery::sink::kafka::read_properties("client.properties", text, variable));
}

/// The unfinished output of a stopped run. The first byte chooses its form and how many events are to be in it.
pub fn part(bytes: &[u8]) {
    let Some((form, bytes)) = bytes.split_first() else { return };
    let (form, skip) = (form % 16, u64::from(form / 16));
    let ending = [".ndjson", ".ndjson.gz", ".ndjson.zst", ".json"][usize::from(form % 4)];
    let format = [Format::Ndjson, Format::Json, Format::Batch][usize::from(form / 4 % 3)];
    let split = (form == 15).then_some(Split::Instance);
    let name = if split.is_some() { "left".to_owned() } else { format!("left{ending}") };
    let path = folder().join(&name);
    if split.is_some() {
        written("left/falsetrail.part/pool-lifecycle-1.ndjson", bytes);
    } else {
        written(&format!("{name}.part"), bytes);
    }
    let plan = shipped_run();
    let output =
        Output { path: Some(path), format, split, overwrite: Overwrite::Replace, most: Some(16), names: plan.names() };
    let whole = Slice { skip, ..Slice::default() };
    if let Some(resumed) = checked(resume(plan, &whole, &output)) {
        let _ = resumed.sink.finish(Ending::Stopped);
    }
}

/// A list of events.
pub fn only(bytes: &[u8]) {
    let path = written("only.ndjson", bytes);
    let _ = checked(Selection::load(&path, shipped_run()));
}

/// Plans a run and renders its beginning.
fn render(options: &Options) {
    if let Some(plan) = checked(Plan::new(options)) {
        assert!(plan.events().take(RENDERED).all(|event| !event.body.is_empty()));
    }
}

/// The value, if it was read; otherwise the error is rendered, as people would see it.
fn checked<T>(read: Result<T, falsetrail::machinery::error::Error>) -> Option<T> {
    read.inspect_err(|error| assert!(!error.render(false).is_empty())).ok()
}

fn options() -> Options {
    let from = Some(START.to_owned());
    Options {
        seed: Some(7),
        from,
        events: Some(RENDERED as u64),
        now: Some(1_767_600_000_000_000_000),
        ..Options::default()
    }
}

/// The built-in catalog.
fn built_in() -> Arc<Catalog> {
    Catalog::built_in().expect("the built-in catalog is read")
}

/// The run that parts and lists are compared with.
pub fn shipped_run() -> &'static Plan {
    static PLAN: OnceLock<Plan> = OnceLock::new();
    PLAN.get_or_init(|| {
        let options = Options { scenarios: vec!["pool-lifecycle".to_owned()], events: Some(16), ..options() };
        Plan::new(&options).expect("a shipped scenario is planned")
    })
}

fn run_texts(files: BTreeMap<String, String>) -> RunSources {
    let named = |(name, text): (String, String)| {
        let shown = RunSources::shown("run.json", &name);
        (name, falsetrail::machinery::error::Source::new(shown, text))
    };
    let catalog = files.into_iter().map(named).collect();
    RunSources { file: "run.json".to_owned(), scenarios: BTreeMap::new(), catalog }
}

/// The templates of the catalogs in the repository, by their files' names.
fn shipped_templates() -> &'static BTreeMap<String, String> {
    static TEMPLATES: OnceLock<BTreeMap<String, String>> = OnceLock::new();
    TEMPLATES.get_or_init(|| {
        let files =
            ["templates/confluent-flink", "examples/catalog"].into_iter().flat_map(|folder| files(folder, "json"));
        files.map(|path| (file_name(&path), fs::read_to_string(&path).expect("a shipped file is read"))).collect()
    })
}

/// Files below the repository's root, in their names' order.
pub fn files(folder: &str, ending: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(root().join(folder)).expect("a shipped folder is read");
    let mut files: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    files.retain(|path| path.extension().is_some_and(|found| found == ending));
    files.sort();
    files
}

pub fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// A text of the repository.
pub fn read(name: &str) -> String {
    fs::read_to_string(root().join(name)).expect("a shipped file is read")
}

/// The repository's root, from this package or from `fuzz/`.
fn root() -> PathBuf {
    let package = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    if package.join("scenarios").is_dir() { package } else { package.join("..") }
}

/// A folder for inputs that have to be files.
fn folder() -> &'static Path {
    static FOLDER: OnceLock<TempDir> = OnceLock::new();
    FOLDER.get_or_init(|| tempfile::tempdir().expect("a folder is made")).path()
}

fn written(name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder().join(name);
    fs::create_dir_all(path.parent().expect("it has a folder")).expect("a folder is made");
    fs::write(&path, bytes).expect("a file is written");
    path
}
