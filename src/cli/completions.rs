//! `falsetrail completions`: shell scripts for completion, and the answers to the requests that they make.
//!
//! The scripts call this binary for each completion. So they know the names of all scenarios, methods and failures, and
//! need no update when there are new ones.

use super::print;
use crate::{catalog::Catalog, error::Error, sources::scenario_names};
use clap::{Args, CommandFactory, ValueEnum};
use clap_complete::{
    ArgValueCompleter, CompleteEnv, CompletionCandidate, PathCompleter,
    engine::ValueCompleter,
    env::{Bash, Elvish, EnvCompleter, Fish, Powershell, Zsh},
};
use std::{ffi::OsStr, sync::Arc};

/// The environment variable with which a script requests completions; its value is the name of the shell.
const VARIABLE: &str = "FALSETRAIL_COMPLETE";

/// Print a script that completes commands, options and names in a shell.
///
/// With it the Tab key knows options, the shipped scenarios, methods, kinds and failures, also within a scenario in one
/// line.
#[derive(Args)]
#[command(after_help = "\
Examples:
  bash: falsetrail completions bash > ~/.local/share/bash-completion/completions/falsetrail
  zsh:  falsetrail completions zsh > ~/.zfunc/_falsetrail      with `fpath+=~/.zfunc` above `compinit` in ~/.zshrc
  fish: falsetrail completions fish > ~/.config/fish/completions/falsetrail.fish
  pwsh: falsetrail completions powershell >> $PROFILE")]
pub(super) struct Completions {
    /// The shell.
    #[arg(value_enum)]
    shell: Shell,
}

#[derive(Clone, Copy, ValueEnum)]
enum Shell {
    Bash,
    Zsh,
    Fish,
    Powershell,
    Elvish,
}

pub(super) fn run(arguments: &Completions) -> Result<u8, Error> {
    let shell: &dyn EnvCompleter = match arguments.shell {
        Shell::Bash => &Bash,
        Shell::Zsh => &Zsh,
        Shell::Fish => &Fish,
        Shell::Powershell => &Powershell,
        Shell::Elvish => &Elvish,
    };
    let mut script = Vec::new();
    let written = shell.write_registration(VARIABLE, "falsetrail", "falsetrail", "falsetrail", &mut script);
    written.map_err(|error| Error::failed(format!("cannot make the script: {error}")))?;
    print(&String::from_utf8_lossy(&script))?;
    Ok(0)
}

/// If a shell requests completions, prints them and ends the process.
pub(super) fn answer() {
    CompleteEnv::with_factory(command).var(VARIABLE).complete();
}

/// The command line, with the sources of its values for completion.
fn command() -> clap::Command {
    let names = |command: clap::Command, argument: &'static str, names: fn(&OsStr) -> Vec<CompletionCandidate>| {
        command.mut_arg(argument, |argument| argument.add(ArgValueCompleter::new(names)))
    };
    super::Command::command()
        .mut_subcommand("generate", |generate| names(names(generate, "scenarios", runnable), "inject", injectable))
        .mut_subcommand("plan", |plan| names(names(plan, "scenarios", runnable), "inject", injectable))
        .mut_subcommand("show", |show| names(show, "name", anything))
        .mut_subcommand("help", |help| names(help, "topic", topics))
        .mut_subcommand("man", |man| names(man, "command", commands))
}

/// Arguments of `generate`: built-in scenarios, files, and scenarios in the one-line form.
fn runnable(current: &OsStr) -> Vec<CompletionCandidate> {
    let text = current.to_string_lossy();
    let mut found = if text.contains(',') { Vec::new() } else { scenarios(&text) };
    found.extend(calls(&text));
    found.extend(yaml_files(current));
    found
}

fn injectable(current: &OsStr) -> Vec<CompletionCandidate> {
    scenarios(&current.to_string_lossy()).into_iter().chain(yaml_files(current)).collect()
}

/// Arguments of `show`: as for `generate`, and the names of methods and kinds.
fn anything(current: &OsStr) -> Vec<CompletionCandidate> {
    let text = current.to_string_lossy();
    let mut found = runnable(current);
    if let Ok(catalog) = Catalog::built_in() {
        let methods = catalog.methods.iter().map(|method| (method.name.as_str(), format!("also {}", method.short)));
        let kinds = catalog.kinds.iter().map(|kind| (kind.name.as_str(), "a kind".to_owned()));
        let all = methods.chain(kinds).chain([("catalog", "the whole catalog".to_owned())]);
        found.extend(all.filter(|(name, _)| name.starts_with(&*text)).map(|(name, help)| candidate(name, help)));
    }
    found
}

fn topics(current: &OsStr) -> Vec<CompletionCandidate> {
    let topics = super::help::topics().map(|(name, headline)| (name.to_owned(), headline.to_owned()));
    let text = current.to_string_lossy();
    let fitting = topics.filter(|(name, _)| name.starts_with(&*text));
    fitting.map(|(name, headline)| candidate(&name, headline)).chain(commands(current)).collect()
}

fn commands(current: &OsStr) -> Vec<CompletionCandidate> {
    let whole = super::Command::command();
    let about = |command: &clap::Command| command.get_about().map(ToString::to_string).unwrap_or_default();
    let all = whole.get_subcommands().map(|command| (command.get_name(), about(command)));
    all.filter(|(name, _)| name.starts_with(&*current.to_string_lossy()))
        .map(|(name, about)| candidate(name, about))
        .collect()
}

fn scenarios(text: &str) -> Vec<CompletionCandidate> {
    let Ok(catalog) = Catalog::built_in() else { return Vec::new() };
    let described = |name: &&str| {
        let found = crate::planner::load_scenario(&catalog, name).ok().and_then(|scenario| scenario.description);
        found.unwrap_or_default()
    };
    let names = scenario_names().into_iter().filter(|name| name.starts_with(text));
    names.map(|name| candidate(name, first_sentence(&described(&name)))).collect()
}

/// Completions of the last call of a scenario in the one-line form: methods and, after a colon, the failures of the
/// method.
fn calls(text: &str) -> Vec<CompletionCandidate> {
    let Ok(catalog) = Catalog::built_in() else { return Vec::new() };
    let begin = text.rfind(',').map_or(0, |at| at + 1);
    let (before, call) = text.split_at(begin);
    match call.split_once(':') {
        Some((method, failure)) => failures(&catalog, before, method, failure),
        None => {
            let does = |method: &crate::catalog::Method| {
                format!("{} a {}", super::list::effect(method.does), catalog.kinds[method.kind].label)
            };
            let methods = catalog.methods.iter().filter(|method| method.short.starts_with(call));
            methods.map(|method| candidate(&format!("{before}{}", method.short), does(method))).collect()
        }
    }
}

fn failures(catalog: &Arc<Catalog>, before: &str, method: &str, failure: &str) -> Vec<CompletionCandidate> {
    let Some(id) = catalog.method(method) else { return Vec::new() };
    let failures = catalog.methods[id].failures.iter().map(|failure| &catalog.failures[*failure]);
    let fitting = failures.filter(|known| known.name.starts_with(failure));
    fitting
        .map(|known| candidate(&format!("{before}{method}:{}", known.name), format!("fails with {}", known.status)))
        .collect()
}

fn yaml_files(current: &OsStr) -> Vec<CompletionCandidate> {
    let is_yaml = |path: &std::path::Path| path.extension().is_some_and(|ending| ending == "yaml" || ending == "yml");
    PathCompleter::any().filter(is_yaml).complete(current)
}

fn candidate(name: &str, help: String) -> CompletionCandidate {
    CompletionCandidate::new(name).help(Some(help.into()))
}

fn first_sentence(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    line.split_once(". ").map_or(line.trim_end_matches('.').to_owned(), |(first, _)| first.to_owned())
}
