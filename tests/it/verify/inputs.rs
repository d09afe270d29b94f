//! Inputs that are large, damaged, padded or linked.

use super::command::{emitted, verify, write};
use crate::command_run::{line, shell};
use serde_json::json;
use std::fs;

/// Whatever the input is, memory is bounded: under a limit on memory a run would end otherwise.
#[cfg(target_os = "linux")]
#[test]
fn memory_is_bounded_for_endless_lines() {
    let (folder, text) = emitted();
    let folder = folder.path();
    let first = text.lines().next().unwrap();
    write(folder, "first", first);
    let id = &first[first.rfind("\"id\":\"").unwrap() + 6..][..36];
    let verify = |input: &str, words: &str| {
        // The address space, of which the stacks and buffers of threads take most, counts.
        let limited = "ulimit -v 1000000; falsetrail verify --run run.json --threads 1 --summary verdict.json --force";
        let run = shell(folder, &format!("{input} | ({limited} {words} -)"));
        assert!(run.code == 1, "{input} {words}: {}", run.stderr);
        let verdict = fs::read_to_string(folder.join("verdict.json")).unwrap();
        serde_json::from_str::<serde_json::Value>(&verdict).unwrap()
    };
    let letters = "head -c 30000000 /dev/zero | tr '\\0' x";
    for words in ["", "--ids-only"] {
        // A line of letters, and one with an id in its middle; an event comes after them.
        let verdict =
            verify(&format!("{{ {letters}; echo; {letters}; echo -n {id}; {letters}; echo; cat first; }}"), words);
        let found = ["records", "foreign", "carrying", "arrived"].map(|key| verdict[key].clone());
        let carrying = if words.is_empty() { 1 } else { 2 };
        assert_eq!(found, [json!(3), json!(1), json!(carrying), json!(1)], "{verdict}");
        // A list of numbers without an end, and one of brackets.
        let numbers = "yes 1, | tr -d '\\n' | head -c 20000000";
        let brackets = "yes '[' | tr -d '\\n' | head -c 20000000";
        let verdict = verify(&format!("{{ echo '{{\"a\":['; {numbers}; echo; {brackets}; echo; cat first; }}"), words);
        assert_eq!(verdict["arrived"], json!(1), "{verdict}");
        // A text that is never closed, zero bytes, and a short value often within one record.
        let verdict =
            verify("{ echo -n '{\"a\":\"'; yes '\\\\\"' | tr -d '\\n' | head -c 20000000; echo; cat first; }", words);
        assert_eq!(verdict["arrived"], json!(1), "{verdict}");
        let verdict = verify("{ head -c 100000000 /dev/zero; cat first; head -c 30000000 /dev/zero; }", words);
        let found = ["records", "carrying"].map(|key| verdict[key].clone());
        assert_eq!(found, [json!(1), json!(1)], "{verdict}");
        let values = "yes 1 | head -n 5000000 | tr '\\n' ,";
        let verdict =
            verify(&format!("{{ echo -n '{{\"id\":\"{id}\",\"l\":['; {values}; echo '1]}}'; cat first; }}"), words);
        assert_eq!(verdict["arrived"], json!(1), "{verdict}");
    }
}

#[test]
fn padding_is_passed_over_and_zeros_alone_are_no_text() {
    let (folder, text) = emitted();
    let folder = folder.path();
    let lines: Vec<&str> = text.lines().collect();
    // What copying and truncating leaves to a writer that keeps its place, and a system that went down to a file.
    let mut padded = vec![0; 1 << 20];
    padded.extend_from_slice(lines[..100].join("\n").as_bytes());
    padded.resize(padded.len() + 70_000, 0);
    padded.extend_from_slice(b"\n");
    padded.extend_from_slice(lines[100..].join("\n").as_bytes());
    padded.resize(padded.len() + 70_000, 0);
    write(folder, "padded.log", &padded);
    let (run, verdict) = verify(folder, "padded.log");
    assert_eq!((run.code, &verdict["unchanged"], &verdict["records"]), (0, &json!(200), &json!(200)), "{}", run.stderr);
    let zeros = fs::File::create(folder.join("zeros")).unwrap();
    zeros.set_len(300_000_000).unwrap();
    let run = line(folder, "verify --run run.json zeros");
    assert_eq!(run.code, 2, "{}", run.text());
    assert!(run.stderr.contains("`zeros` is no text"), "{}", run.stderr);
}

#[cfg(unix)]
#[test]
fn each_file_of_a_folder_is_read_once() {
    let (folder, text) = emitted();
    let folder = folder.path();
    write(folder, "logs/app/audit.log", &text);
    for (from, to) in [("../logs", "logs/circle"), ("app", "logs/other"), ("app/audit.log", "logs/current")] {
        std::os::unix::fs::symlink(from, folder.join(to)).unwrap();
    }
    // Nobody writes into it.
    shell(folder, "mkfifo logs/pipe").fine();
    let (run, verdict) = verify(folder, "logs");
    assert_eq!((run.code, &verdict["records"]), (0, &json!(200)), "{}{}", run.text(), run.stderr);
    // The outputs and the run file are no inputs, also where they are among them.
    fs::copy(folder.join("run.json"), folder.join("logs/run.json")).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    write(folder, "logs/app/audit.log", lines[1..].join("\n"));
    for _ in 0..2 {
        let words = "verify --run logs/run.json logs --missing logs/lost.ndjson --summary logs/verdict.json --force";
        for words in [words.to_owned(), format!("{words} --ids-only")] {
            let run = line(folder, &words);
            assert_eq!(run.code, 1, "{}", run.text());
            let verdict = fs::read_to_string(folder.join("logs/verdict.json")).unwrap();
            let verdict: serde_json::Value = serde_json::from_str(&verdict).unwrap();
            let found = ["records", "missing", "foreign", "mentions"].map(|key| verdict[key].clone());
            assert_eq!(found, [json!(199), json!(1), json!(0), json!(0)], "{words}: {verdict}");
        }
    }
}

#[test]
fn outputs_are_no_other_files() {
    let (folder, text) = emitted();
    let folder = folder.path();
    write(folder, "list.ndjson", "{\"event\":1}\n");
    let before = fs::read_to_string(folder.join("run.json")).unwrap();
    for words in [
        "--summary run.json",
        "--missing ./run.json",
        "--only list.ndjson --missing list.ndjson",
        "--except list.ndjson --summary list.ndjson",
        "--missing x --summary ./x",
        "--summary ./out.ndjson",
    ] {
        let run = line(folder, &format!("verify --run run.json out.ndjson --force {words}"));
        assert_eq!(run.code, 2, "{words}: {}", run.text());
        assert!(run.stderr.contains("name the same file") || run.stderr.contains("both an input"), "{}", run.stderr);
    }
    assert_eq!(fs::read_to_string(folder.join("run.json")).unwrap(), before);
    assert_eq!(fs::read_to_string(folder.join("out.ndjson")).unwrap(), text);
}
