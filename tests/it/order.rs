//! The order of the source folders: each imports only from folders above it in this list, so that a reader who begins
//! at the top never meets a name that is explained further down.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use proc_macro2::{TokenStream, TokenTree};

/// From the ground up. CONTRIBUTING.md has a sentence for each.
const ORDER: &[&str] = &[
    "error",
    "units",
    "clock",
    "system",
    "bytes",
    "value",
    "yaml",
    "sources",
    "template",
    "catalog",
    "identity",
    "population",
    "schedule",
    "scenario",
    "schema",
    "plan",
    "simulation",
    "render",
    "planner",
    "sink",
    "run",
    "forecast",
    "run_file",
    "verify",
    "events",
    "lib",
    "cli",
    "main",
];

/// Adds the first module of every path that begins with `crate` or with the library's name, in imports and elsewhere.
fn paths(tokens: TokenStream, found: &mut BTreeSet<String>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    for (at, token) in tokens.iter().enumerate() {
        match token {
            TokenTree::Group(group) if !is_of_tests(&tokens[..at]) => paths(group.stream(), found),
            TokenTree::Ident(name) if name == "crate" || name == "falsetrail" => match tokens.get(at + 1..at + 4) {
                Some([TokenTree::Punct(first), TokenTree::Punct(second), TokenTree::Ident(module)])
                    if first.as_char() == ':' && second.as_char() == ':' =>
                {
                    found.insert(module.to_string());
                }
                Some([TokenTree::Punct(first), TokenTree::Punct(_), TokenTree::Group(group)])
                    if first.as_char() == ':' =>
                {
                    members(group.stream(), found);
                }
                _ => {}
            },
            _ => {}
        }
    }
}

/// The first name of each member of `{a::B, c, d::{…}}`.
fn members(group: TokenStream, found: &mut BTreeSet<String>) {
    let mut is_first = true;
    for token in group {
        match token {
            TokenTree::Ident(name) if is_first => {
                found.insert(name.to_string());
                is_first = false;
            }
            TokenTree::Punct(punct) if punct.as_char() == ',' => is_first = true,
            _ => is_first = false,
        }
    }
}

/// Whether a group after these tokens is that of `mod tests`, which may look at everything.
fn is_of_tests(before: &[TokenTree]) -> bool {
    let last: Vec<String> = before.iter().rev().take(2).map(ToString::to_string).collect();
    last == ["tests", "mod"]
}

fn source_files(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            source_files(&path, files);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            files.push(path);
        }
    }
}

/// For each folder, or file directly below `src`, the others that it names, and where.
fn imports() -> BTreeMap<String, BTreeMap<String, String>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    source_files(&root, &mut files);
    let mut found: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    for file in files {
        let inner = file.strip_prefix(&root).unwrap();
        // The tests of a module, in a file beside it.
        if inner.file_stem().is_some_and(|name| name == "tests") {
            continue;
        }
        let folder = inner.components().next().unwrap().as_os_str().to_string_lossy();
        let folder = folder.trim_end_matches(".rs").to_owned();
        let text = fs::read_to_string(&file).unwrap();
        let tokens: TokenStream = text.parse().unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let mut imports = BTreeSet::new();
        paths(tokens, &mut imports);
        let of_folder = found.entry(folder.clone()).or_default();
        // What the door re-exports stands in folders of its own.
        let modules = imports.into_iter().filter(|name| ORDER.contains(&name.as_str()) && *name != folder);
        of_folder.extend(modules.map(|name| (name, inner.display().to_string())));
    }
    found
}

#[test]
fn folders_import_only_what_stands_above_them() {
    let place = |name: &str| ORDER.iter().position(|known| *known == name);
    let mut wrong = Vec::new();
    for (folder, imported) in imports() {
        let Some(own) = place(&folder) else {
            wrong.push(format!("`src/{folder}` has no place in ORDER of tests/it/order.rs"));
            continue;
        };
        for (name, file) in imported {
            if place(&name).is_some_and(|other| other > own) {
                wrong.push(format!("src/{file} imports `{name}`, which stands below `{folder}`"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_order_names_no_folder_that_is_gone() {
    let found = imports();
    let gone: Vec<_> = ORDER.iter().filter(|name| !found.contains_key(**name)).collect();
    assert!(gone.is_empty(), "{gone:?}");
}
