//! The targets of `fuzz/` on mutations of shipped files, for some seconds each, without a nightly compiler.
//!
//! The inputs are a function of the seed, so a finding is found again. `FALSETRAIL_FUZZ_SECONDS` and
//! `FALSETRAIL_FUZZ_SEED` make longer and other runs of it, and `FALSETRAIL_FUZZ_SEEDS=fuzz/corpus` writes the seeds for
//! libFuzzer. An input that ends the process is left in the folder that the test prints.

mod memory;
mod mutate;
mod seeds;
mod targets;

use mutate::{Random, mutated};
use std::{
    env, fs, panic,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError, mpsc},
    thread,
    time::{Duration, Instant},
};
use targets::{TARGETS, Target};

/// How long an input may take, on a busy machine and without optimization.
const LONGEST: Duration = Duration::from_secs(60);

/// Bytes that an input may have allocated at a time: some hundred times a plan's.
const MOST_MEMORY: usize = 512 << 20;

/// One target at a time: memory is counted for the whole process.
static TURN: Mutex<()> = Mutex::new(());

/// Inputs that were findings once.
const FOUND: &str = "tests/fuzz/found";

/// One target at work.
struct Fuzzing {
    target: Target,
    /// The input that runs, and since when.
    current: Mutex<(Instant, Vec<u8>)>,
    /// Where it lies while it runs.
    file: PathBuf,
}

impl Fuzzing {
    fn new(target: Target) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("fuzz");
        fs::create_dir_all(&folder).unwrap();
        let file = folder.join(target.0);
        Fuzzing { target, current: Mutex::new((Instant::now(), Vec::new())), file }
    }

    /// Runs one input.
    ///
    /// # Errors
    ///
    /// Why it is a finding.
    fn run(&self, input: &[u8]) -> Result<(), String> {
        fs::write(&self.file, input).unwrap();
        *self.current.lock().unwrap_or_else(PoisonError::into_inner) = (Instant::now(), input.to_owned());
        memory::forget();
        panic::catch_unwind(|| (self.target.1)(input)).map_err(|_| "it panics".to_owned())?;
        match memory::most() {
            most if most > MOST_MEMORY => Err(format!("it needs {most} bytes of memory")),
            _ => Ok(()),
        }
    }

    /// Runs inputs on a thread with the stack of a main thread, and gives up on one that does not end.
    fn all(self, inputs: impl Iterator<Item = (String, Vec<u8>)> + Send + 'static) -> usize {
        let (done, is_done) = mpsc::channel();
        let (name, this) = (self.target.0.to_owned(), Arc::new(self));
        let worker = Arc::clone(&this);
        let run = move || {
            let mut count = 0;
            for (name, input) in inputs {
                if let Err(why) = worker.run(&input) {
                    let _ = done.send(Err(format!("{name}: {why}")));
                    return;
                }
                count += 1;
            }
            let _ = done.send(Ok(count));
        };
        thread::Builder::new().name(name).stack_size(8 << 20).spawn(run).unwrap();
        loop {
            match is_done.recv_timeout(Duration::from_secs(1)) {
                Ok(Ok(count)) => return count,
                Ok(Err(why)) => this.report(&why),
                Err(mpsc::RecvTimeoutError::Disconnected) => this.report("the worker is gone"),
                Err(mpsc::RecvTimeoutError::Timeout) => {
                    let since = this.current.lock().unwrap_or_else(PoisonError::into_inner).0;
                    if since.elapsed() > LONGEST {
                        this.report("it does not end");
                    }
                }
            }
        }
    }

    fn report(&self, why: &str) -> ! {
        let input = &self.current.lock().unwrap_or_else(PoisonError::into_inner).1;
        let name = self.target.0;
        let kept = self.file.with_extension("found");
        fs::write(&kept, input).unwrap();
        let text: String = String::from_utf8_lossy(input).chars().take(2_000).collect();
        panic!("target `{name}`, {why}; mend it, and keep {} in {FOUND}/{name}/\n{text}", kept.display());
    }
}

fn number(variable: &str, otherwise: u64) -> u64 {
    env::var(variable).ok().map_or(otherwise, |text| text.parse().unwrap_or_else(|_| panic!("{variable}={text}")))
}

/// Mutations of a target's seeds, for as long as is asked for.
fn fuzz(name: &str) {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let target = *TARGETS.iter().find(|(known, _)| *known == name).unwrap();
    let seed = number("FALSETRAIL_FUZZ_SEED", 1);
    let seconds = Duration::from_secs(number("FALSETRAIL_FUZZ_SECONDS", 3));
    let (seeds, words) = (seeds::of(name), seeds::words());
    println!("{name}: FALSETRAIL_FUZZ_SEED={seed}, inputs lie in {}", env!("CARGO_TARGET_TMPDIR"));
    let kept = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(FOUND).join(name));
    let kept = kept.into_iter().flatten().map(|entry| {
        let path = entry.unwrap().path();
        (path.display().to_string(), fs::read(path).unwrap())
    });
    let unchanged: Vec<(String, Vec<u8>)> = kept.chain(seeds.clone()).collect();
    // The time is that of mutations alone, and one is always run.
    let mut begun = None;
    let mutations =
        (0..).take_while(move |_| begun.get_or_insert_with(Instant::now).elapsed() < seconds).map(move |input| {
            let mut random = Random::new(seed ^ Random::new(input).next());
            (format!("seed {seed}, input {input}"), mutated(&seeds, &words, &mut random))
        });
    let least = unchanged.len();
    let count = Fuzzing::new(target).all(unchanged.into_iter().chain(mutations));
    println!("{name}: {count} inputs");
    assert!(count > least, "no mutation was run");
}

macro_rules! targets {
    ($($name:ident,)*) => {
        $(#[test] fn $name() { fuzz(stringify!($name)); })*
        const NAMES: &[&str] = &[$(stringify!($name)),*];
    };
}

targets! { scenario, catalog, template, one_line, set, run_file, part, only, }

#[cfg(feature = "kafka")]
#[test]
fn kafka_config() {
    fuzz("kafka_config");
}

/// libFuzzer and this file run the same targets.
#[test]
fn every_target_is_run_and_has_its_file() {
    for (name, _) in TARGETS {
        assert!(NAMES.contains(name) || *name == "kafka_config", "`{name}` needs its test");
        let file = format!("fuzz/fuzz_targets/{name}.rs");
        let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(&file));
        // The package has no fuzz/.
        if Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz").is_dir() {
            assert!(text.is_ok_and(|text| text.contains(&format!("targets::{name}"))), "`{name}` needs {file}");
        }
    }
    let Some(folder) = env::var_os("FALSETRAIL_FUZZ_SEEDS") else { return };
    for (target, _) in TARGETS {
        let folder = Path::new(&folder).join(target);
        fs::create_dir_all(&folder).unwrap();
        for (name, bytes) in seeds::of(target) {
            fs::write(folder.join(name), bytes).unwrap();
        }
    }
}

/// A panic and an allocation without a bound are findings.
#[test]
fn findings_are_found() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let panics: fn(&[u8]) = |bytes| assert!(bytes.len() < 3, "too long");
    let fuzzing = Fuzzing::new(("self-test", panics));
    assert!(fuzzing.run(b"ab").is_ok());
    assert_eq!(fuzzing.run(b"abc"), Err("it panics".to_owned()));
    let allocates: fn(&[u8]) = |bytes| drop(std::hint::black_box(vec![1_u8; bytes.len() * MOST_MEMORY]));
    let found = Fuzzing::new(("self-test-memory", allocates)).run(b"ab");
    assert!(found.is_err_and(|why| why.contains("bytes of memory")));
}
