//! Runs with a daily curve, from the file to the events.

use falsetrail::machinery::{Plan, schedule::Schedule, units};

use super::{
    command_run::{line, shell},
    trail,
};

const SECOND: i64 = 1_000_000_000;
const HOUR: i64 = 3_600 * SECOND;
/// A Monday.
const NOW: &str = "2026-03-30T10:20:30.5Z";
const MIX: &str = "\
daily: { peak: 6/m, trough: 1/m, peak_at: \"14:00\", timezone: Europe/Berlin, weekend: 0.2 }
mix: [{ scenario: notebook-session, weight: 3 }, pool-lifecycle]
";

fn plan(options: impl FnOnce(&mut falsetrail::Options)) -> Plan {
    trail::plan_of_file("office", MIX, |all| {
        all.from = None;
        all.now = Some(units::time(NOW, 0).unwrap());
        options(all);
    })
}

/// Event times, without rendering anything.
fn times(plan: &Plan) -> Vec<i64> {
    let (mut stream, mut words, mut times) = (plan.stream(), Vec::new(), Vec::new());
    while let Some(record) = stream.next(&mut words) {
        times.push(record.time);
        words.clear();
    }
    assert!(times.is_sorted());
    times
}

fn at(text: &str) -> i64 {
    units::time(text, 0).unwrap()
}

#[test]
fn a_backfill_holds_the_integral_of_every_hour() {
    let plan = plan(|options| (options.from, options.to) = (Some("-7d".to_owned()), Some("now".to_owned())));
    let (from, to) = (plan.timing.from, plan.timing.to.unwrap());
    // Relative times are of whole seconds.
    assert_eq!((from, to), (at("2026-03-23T10:20:30Z"), at("2026-03-30T10:20:30Z")));
    let times = times(&plan);
    assert!(times.iter().all(|time| (from..to).contains(time)));
    let schedule: &Schedule = plan.timing.schedule.as_ref().unwrap();
    for hour in 0..=7 * 24 {
        let wanted = schedule.count_before((hour * HOUR) as u64);
        let count = times.partition_point(|time| *time < from + hour * HOUR) as u64;
        assert!(count == wanted || count + 1 == wanted, "{count} and not {wanted} after {hour} hours");
    }
    // Friday's hour of the peak has five times the events of Saturday's and Sunday's, over changed clocks.
    let hour = |from: &str| {
        let hour = at(from)..at(from) + HOUR;
        times.iter().filter(|time| hour.contains(time)).count()
    };
    let (friday, saturday, sunday) =
        (hour("2026-03-27T12:30:00Z"), hour("2026-03-28T12:30:00Z"), hour("2026-03-29T11:30:00Z"));
    assert!((357..=361).contains(&friday), "{friday}");
    assert!((70..=73).contains(&saturday) && saturday.abs_diff(sunday) <= 1, "{saturday} and {sunday}");
}

#[test]
fn a_number_of_events_ends_now() {
    for events in [1, 100, 20_000] {
        let plan = plan(|options| options.events = Some(events));
        let times = times(&plan);
        assert_eq!(times.len() as u64, events);
        let (from, end) = (plan.timing.from, at("2026-03-30T10:20:30Z"));
        assert!(times[0] >= from && times[times.len() - 1] < end, "{events}");
        // The last of them is at the end, and not long before it.
        assert!(times[times.len() - 1] > end - 2 * 60 * SECOND, "{events}");
    }
    let ended = plan(|options| (options.events, options.to) = (Some(50), Some("2026-01-05T08:00:00Z".to_owned())));
    assert!(times(&ended).iter().all(|time| *time < at("2026-01-05T08:00:00Z")));
    // What comes first ends the run.
    let both = |events: u64| {
        times(&plan(|options| {
            (options.events, options.from, options.duration) =
                (Some(events), Some("2026-01-05".to_owned()), Some(HOUR as u64));
        }))
        .len()
    };
    assert_eq!(both(10), 10);
    assert_eq!(both(1_000_000), both(2_000_000));
}

#[test]
fn months_are_no_more_than_their_events() {
    let plan = plan(|options| (options.from, options.to) = (Some("-180d".to_owned()), Some("now".to_owned())));
    let schedule = plan.timing.schedule.as_ref().unwrap();
    let all = schedule.count_before((180 * 24 * HOUR) as u64);
    assert!(all > 600_000 && plan.count().abs_diff(all) <= 1, "{all}");
}

#[test]
fn the_command_line_wins_and_repeats() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("office.yaml"), MIX).unwrap();
    let run = |words: &str| line(folder.path(), &format!("generate office.yaml --seed 7 {words}"));
    for words in ["-n 50", "-d 1h", "-n 50 --to -1d", "-n 50 --every 200ms", "--from 2026-03-29 -n 20 --cold-start"] {
        let first = run(words).fine();
        assert!(!first.stdout.is_empty());
        assert_eq!(first.stdout, shell(folder.path(), first.again()).fine().stdout, "{words}");
    }
    let events = |words: &str| run(&format!("--from 2026-01-05 -d 10s -q {words}")).quiet().text().lines().count();
    assert_eq!((events("--rate 5/s"), events("--stage 10s:4/s")), (50, 20));
    for (words, message) in [
        (
            "",
            "error: a run with a rate needs an end\nhelp: add `-n 1M`, `-d 1h` or `--to`, or `--live` to run until it is stopped\n",
        ),
        (
            "--from 2026-01-05",
            "error: a run with a rate needs an end\nhelp: add `-n 1M`, `-d 1h` or `--to`, or `--live` to run until it is stopped\n",
        ),
        (
            "--instances 3",
            "error: `--instances` and a rate exclude each other\nhelp: give a number of `--events` or a `--duration` instead\n",
        ),
        (
            "-n 10G",
            "error: at this rate 10,000,000,000 events would begin before 1700\nhelp: give fewer `--events`, or a `--from`\n",
        ),
    ] {
        let refused = run(words);
        assert_eq!((refused.code, refused.stderr.as_str()), (2, message), "{words}");
    }
}

#[test]
fn files_with_a_rate_can_be_shown_and_validated() {
    let folder = tempfile::tempdir().unwrap();
    for pace in ["rate: 5/s", "stages: [{ duration: 1m, target: 5/s }]", &MIX[..MIX.find('\n').unwrap()]] {
        let text = format!("{pace}\nmix: [pool-lifecycle]\n");
        std::fs::write(folder.path().join("mix.yaml"), &text).unwrap();
        let shown = line(folder.path(), "show mix.yaml --as yaml").quiet();
        assert!(shown.text().contains("\n# Expected within"), "{}", shown.text());
        // What is shown is the same mix, and says the same of itself.
        std::fs::write(folder.path().join("shown.yaml"), &shown.stdout).unwrap();
        assert_eq!(line(folder.path(), "show shown.yaml --as yaml").quiet().text(), shown.text());
        assert_eq!(line(folder.path(), "validate mix.yaml").quiet().text(), "mix.yaml: ok\n");
    }
}
