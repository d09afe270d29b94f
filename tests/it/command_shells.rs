//! At home in a terminal: completions, manual pages, help, colours.

use super::command_run::{Run, command, finished, line, run, shell};
use std::{path::Path, process::Command};
use tempfile::tempdir;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// What a shell gets when it asks for the last of these words.
fn completed(words: &str) -> Vec<String> {
    let words: Vec<&str> = words.split(' ').collect();
    let mut asking = command(root());
    asking.env("FALSETRAIL_COMPLETE", "fish").arg("--").args(&words);
    let found = finished(&asking.output().unwrap()).quiet();
    found.text().lines().map(|line| line.split('\t').next().unwrap_or_default().to_owned()).collect()
}

#[test]
fn names_are_completed() {
    for (words, expected) in [
        ("falsetrail gen", "generate"),
        ("falsetrail generate pool-", "pool-lifecycle pool-resize-failure"),
        ("falsetrail generate get-po", "get-pool"),
        ("falsetrail generate create-pool,get-po", "create-pool,get-pool"),
        ("falsetrail generate create-pool,get-pool:n", "create-pool,get-pool:not-found"),
        ("falsetrail generate create-pool,", "create-pool,list-regions"),
        ("falsetrail generate scenarios/busy", "scenarios/busy-day.yaml"),
        ("falsetrail generate busy-day --inject mass-deletion-", "mass-deletion-forbidden"),
        ("falsetrail generate busy-day --format j", "json"),
        ("falsetrail generate busy-day --templates templ", "templates/"),
        ("falsetrail show CreateCom", "CreateComputePool"),
        ("falsetrail show service", "service-account"),
        ("falsetrail list m", "methods"),
        ("falsetrail help ti", "time"),
        ("falsetrail help gen", "generate"),
        ("falsetrail man val", "validate"),
        ("falsetrail schema c", "catalog"),
        ("falsetrail --color a", "auto always"),
    ] {
        let found = completed(words);
        for name in expected.split(' ') {
            assert!(found.contains(&name.to_owned()), "`{words}` gives {found:?}");
        }
        if !words.ends_with(',') {
            assert_eq!(found.len(), expected.split(' ').count(), "`{words}` gives {found:?}");
        }
    }
    assert!(completed("falsetrail generate nothing-like-this").is_empty());
}

/// The script that is printed works in the shell that it is for.
#[test]
fn bash_completes() {
    let script = r#"
        source <(falsetrail completions bash)
        COMP_WORDS=(falsetrail generate pool-); COMP_CWORD=2; COMP_TYPE=9
        _clap_complete_falsetrail falsetrail pool- generate
        printf '%s\n' "${COMPREPLY[@]}"
    "#;
    let folder = tempdir().unwrap();
    let found = shell(folder.path(), &format!("exec bash -c '{}'", script.replace('\'', r"'\''")));
    assert_eq!((found.code, found.text()), (0, "pool-lifecycle\npool-resize-failure\n"), "{}", found.stderr);
}

/// The same for shells that are not everywhere; `tests/run` has them.
#[test]
fn other_shells_complete() {
    let here = |shell: &str| Command::new(shell).arg("-c").arg("true").output().is_ok();
    let folder = tempdir().unwrap();
    if here("fish") {
        let words =
            r#"fish --no-config -c 'falsetrail completions fish | source; complete -C "falsetrail generate pool-"'"#;
        let found = shell(folder.path(), words);
        let names: Vec<&str> = found.text().lines().filter_map(|line| line.split('\t').next()).collect();
        assert_eq!((found.code, names), (0, vec!["pool-lifecycle", "pool-resize-failure"]), "{}", found.stderr);
    }
    if here("zsh") {
        // As a person would: a terminal, a line, and the Tab key.
        let script = r"
            zmodload zsh/zpty
            zpty shell zsh -f -i
            zpty -w shell 'PS1=; unsetopt zle_bracketed_paste; autoload -U compinit; compinit -u -D; source <(falsetrail completions zsh); echo re''ady'
            zpty -r -m shell line '*ready*'
            zpty -n -w shell $'falsetrail generate pool-r\t'
            zpty -r -m shell line '*pool-resize-failure*'
            print done
        ";
        std::fs::write(folder.path().join("script"), script).unwrap();
        let found = shell(folder.path(), "timeout 60 zsh -f script");
        assert_eq!((found.code, found.text()), (0, "done\n"), "{}", found.stderr);
    }
}

#[test]
fn every_shell_has_a_script() {
    for name in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = run(root(), ["completions", name]).quiet();
        assert!(script.text().contains("FALSETRAIL_COMPLETE"), "{name}");
    }
    assert_eq!(run(root(), ["completions", "tcsh"]).code, 2);
}

/// The subcommands, by the list in the help.
fn subcommands() -> Vec<String> {
    let help = line(root(), "--help").quiet();
    let listed = help.text().split("Commands:\n").nth(1).unwrap().split("\n\n").next().unwrap().to_owned();
    let names = listed.lines().filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    names.map(|line| line.split_whitespace().next().unwrap().to_owned()).collect()
}

#[test]
fn every_command_has_a_manual_page() {
    let folder = tempdir().unwrap();
    line(folder.path(), "man -o pages").quiet();
    let commands = subcommands();
    assert!(commands.len() >= 9, "{commands:?}");
    for name in &commands {
        let page = line(folder.path(), &format!("man {name}")).quiet();
        assert!(page.text().contains(&format!(".TH falsetrail-{name} 1")), "{name}");
        let written = std::fs::read_to_string(folder.path().join(format!("pages/falsetrail-{name}.1"))).unwrap();
        assert!(written.contains("Examples:"), "{name}");
    }
    assert!(line(folder.path(), "man").quiet().text().contains(".TH falsetrail 1"));
    let unknown = line(folder.path(), "man generat");
    assert_eq!((unknown.code, unknown.stderr.contains("did you mean `generate`?")), (2, true), "{}", unknown.stderr);
}

const TOPICS: [&str; 7] = ["scenarios", "templates", "time", "kafka", "summary", "scoring", "metrics"];

#[test]
fn concepts_and_commands_are_explained() {
    let folder = tempdir().unwrap();
    let overview = line(folder.path(), "help").quiet();
    for topic in TOPICS {
        assert!(overview.text().contains(&format!("\n  {topic} ")), "{topic}");
        let text = line(folder.path(), &format!("help {topic}")).quiet();
        assert!(text.text().starts_with(&topic.to_uppercase()));
        assert!(text.text().lines().all(|line| line.chars().count() <= 120), "{topic}");
    }
    for name in subcommands() {
        let help = line(folder.path(), &format!("help {name}")).quiet();
        assert_eq!(help.text(), line(folder.path(), &format!("{name} --help")).quiet().text(), "{name}");
    }
    let unknown = line(folder.path(), "help tmie");
    assert_eq!((unknown.code, unknown.stderr.contains("did you mean `time`?")), (2, true), "{}", unknown.stderr);
}

/// A command that stands in a help text, without what a reader sees that it is not part of it.
fn shown(line: &str) -> Option<&str> {
    let command = &line[line.find("falsetrail ")?..];
    let is_example =
        !line.starts_with("Usage:") && (line.trim_start().starts_with("falsetrail ") || line.contains(": falsetrail "));
    let end = ["  ", " | ", " > ", " >> ", "`"].iter().filter_map(|end| command.find(end)).min();
    is_example.then(|| command[..end.unwrap_or(command.len())].trim_end())
}

/// Options and values of all examples are those of the command; `--help` keeps it from doing anything.
#[test]
fn examples_in_help_texts_are_commands() {
    let folder = tempdir().unwrap();
    let pages = TOPICS.iter().map(|topic| format!("help {topic}"));
    let pages =
        pages.chain(subcommands().into_iter().map(|name| format!("{name} --help"))).chain(["--help".to_owned()]);
    let mut count = 0;
    for page in pages {
        let text = line(folder.path(), &page).quiet();
        let examples: Vec<&str> = text.text().lines().filter_map(shown).collect();
        assert!(!examples.is_empty(), "`falsetrail {page}` has no example");
        for example in examples {
            count += 1;
            // The arguments of a command that is named after `--` are not ours.
            let own = example.split(" -- ").next().unwrap_or_default();
            let found = shell(folder.path(), &format!("{own} --help"));
            assert_eq!(found.code, 0, "`falsetrail {page}` shows `{example}`: {}", found.stderr);
        }
    }
    assert!(count > 40, "only {count} examples found");
}

/// Whoever gives an amount finds its unit, by an example or a default.
#[test]
fn amounts_in_help_texts_have_units() {
    let folder = tempdir().unwrap();
    let mut count = 0;
    for name in subcommands() {
        let text = line(folder.path(), &format!("{name} --help")).quiet();
        let lines: Vec<&str> = text.text().lines().collect();
        let is_option =
            |line: &str| line.trim_start().starts_with('-') && line.starts_with("  ") && line.contains("--");
        for (number, option) in lines.iter().enumerate().filter(|(_, line)| is_option(line)) {
            if !["<D>", "<N>", "<X>", "<RATE>", "<DURATION:RATE>"].iter().any(|amount| option.ends_with(amount)) {
                continue;
            }
            count += 1;
            let about = lines[number + 1..].iter().take_while(|line| !is_option(line)).copied().collect::<String>();
            let says = about.contains("[default") || about.contains(|found: char| found.is_ascii_digit());
            assert!(says || option.contains("<N>"), "`{name}`: {option}: {about}");
        }
    }
    assert!(count > 12, "only {count} options found");
}

/// What the help shows as a file is one.
#[test]
fn files_in_help_texts_are_right() {
    let folder = tempdir().unwrap();
    let text = line(folder.path(), "help scenarios").quiet();
    let mut count = 0;
    for block in
        text.text().split("\n\n").filter(|block| block.contains("\n    mix:") || block.contains("\n    steps:"))
    {
        count += 1;
        std::fs::write(folder.path().join("shown.yaml"), block).unwrap();
        line(folder.path(), "validate shown.yaml").quiet();
    }
    assert_eq!(count, 2);
}

#[test]
fn colours_are_asked_for_or_not() {
    let folder = tempdir().unwrap();
    let coloured = |words: &str, no_color: bool| -> bool {
        let mut command = command(folder.path());
        command.args(words.split(' ')).env_remove("NO_COLOR");
        if no_color {
            command.env("NO_COLOR", "1");
        }
        let found: Run = finished(&command.output().unwrap());
        assert_eq!(found.code, 2);
        found.stderr.contains('\u{1b}')
    };
    // Not on a terminal, there is no colour unless it is asked for.
    assert!(!coloured("generate craete-pool", false));
    assert!(!coloured("generate craete-pool --color auto", false));
    assert!(coloured("generate craete-pool --color always", false));
    assert!(coloured("--color=always generate craete-pool", true));
    assert!(!coloured("--color never generate craete-pool", false));
    // Also where the mistake is the command line itself.
    assert!(coloured("generate --color always --no-such-option", false));
    assert!(!coloured("generate --no-such-option", false));
}
