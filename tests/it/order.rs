//! The order of the source folders: each imports only from folders above it in this list, so that a reader who begins
//! at the top never meets a name that is explained further down. Within a folder files have an order, too: there is no
//! circle of imports, except between a file and its parent.

use std::collections::{BTreeMap, BTreeSet};

use super::imports::{Import, Imports, Module, shown};

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
    "score",
    "events",
    "lib",
    "machinery",
    "cli",
    "main",
];

/// The name of a file's folder in [`ORDER`], or that of the file itself.
fn folder(module: &[String]) -> &str {
    module.first().map_or("lib", String::as_str)
}

#[test]
fn folders_import_only_what_stands_above_them() {
    let place = |name: &str| ORDER.iter().position(|known| *known == name);
    let mut wrong = BTreeSet::new();
    for (file, imports) in Imports::of_sources().by_file() {
        let Some(own) = place(folder(&file)) else {
            wrong.insert(format!("`{}` has no place in ORDER of tests/it/order.rs", shown(&file)));
            continue;
        };
        for Import { path, file: imported } in imports {
            // The folder that defines a name, and the one that it is imported from.
            for name in [folder(&imported), path.first().map_or("lib", String::as_str)] {
                if place(name).is_some_and(|other| other > own) {
                    wrong.insert(format!("{} imports `{}`: `{name}` stands below", shown(&file), path.join("::")));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_order_names_no_folder_that_is_gone() {
    let files = Imports::of_sources().by_file();
    let found: BTreeSet<&str> = files.keys().map(|file| folder(file)).collect();
    let gone: Vec<_> = ORDER.iter().filter(|name| !found.contains(**name)).collect();
    assert!(gone.is_empty(), "{gone:?}");
}

/// The imports that tie `from` to `to`, for each pair of modules.
type Ties = BTreeMap<Module, BTreeMap<Module, String>>;

fn tie(ties: &mut Ties, from: &[String], to: &[String], file: &[String], import: &Import) {
    let text = || format!("{} imports `{}` of {}", shown(file), import.path.join("::"), shown(&import.file));
    ties.entry(from.to_vec()).or_default().entry(to.to_vec()).or_insert_with(text);
}

/// The imports between files, except those between a file and its parent.
fn between_files(imports: &Imports) -> Ties {
    let mut ties = Ties::new();
    let parent = |module: &Module| module.split_last().map(|(_, parent)| parent.to_vec());
    for (file, imports) in imports.by_file() {
        for import in &imports {
            let other = &import.file;
            if parent(&file).as_ref() != Some(other) && parent(other).as_ref() != Some(&file) {
                tie(&mut ties, &file, other, &file, import);
            }
        }
    }
    ties
}

/// The imports between the parts of each folder: its files, each with all that is in the folder of the same name.
fn between_parts(imports: &Imports) -> Ties {
    let mut ties = Ties::new();
    for (file, imports) in imports.by_file() {
        for import in &imports {
            let shared = file.iter().zip(&import.file).take_while(|(own, other)| own == other).count();
            if let (Some(own), Some(other)) = (file.get(..=shared), import.file.get(..=shared)) {
                tie(&mut ties, own, other, &file, import);
            }
        }
    }
    ties
}

/// The imports of a circle, if there is one.
fn circle(ties: &Ties) -> Option<Vec<String>> {
    let mut done = BTreeSet::new();
    ties.keys().find_map(|module| circle_from(module, ties, &mut Vec::new(), &mut done))
}

fn circle_from<'t>(
    module: &'t Module,
    ties: &'t Ties,
    open: &mut Vec<&'t Module>,
    done: &mut BTreeSet<&'t Module>,
) -> Option<Vec<String>> {
    if let Some(begin) = open.iter().position(|other| *other == module) {
        let next = open[begin + 1..].iter().copied().chain([module]);
        return Some(open[begin..].iter().zip(next).map(|(from, to)| ties[*from][to].clone()).collect());
    }
    if !done.insert(module) {
        return None;
    }
    open.push(module);
    let found = ties.get(module).and_then(|next| next.keys().find_map(|next| circle_from(next, ties, open, done)));
    open.pop();
    found
}

#[test]
fn files_import_each_other_in_no_circle() {
    let imports = Imports::of_sources();
    let circles = [between_files, between_parts].map(|ties| circle(&ties(&imports)));
    assert_eq!(circles, [None, None], "imports that go round");
}

#[test]
fn a_circle_is_found_wherever_an_import_is_written() {
    let ties = |texts: &[(&str, &str)]| {
        let module = |name: &str| name.split('/').filter(|name| !name.is_empty()).map(str::to_owned).collect();
        let imports = Imports::from_texts(texts.iter().map(|(name, text)| (module(name), (*text).to_owned())));
        [between_files, between_parts].map(|ties| circle(&ties(&imports)))
    };
    let parent = "mod one; mod two; pub use one::{Both, First as Renamed}; use two::Second; struct Own;";
    let one = "use super::two; pub struct First; pub fn go() { two::go() }";
    for (two, is_circle) in [
        ("use super::one::First;", true),
        ("use super::Renamed;", true),
        ("use crate::folder::{Both as Other, Own};", true),
        ("fn go() { let _ = crate::folder::one::First; }", true),
        ("mod inner { pub use super::super::one; }", true),
        ("use super::{self as parent, Own}; pub(crate) struct Second(parent::Own);", false),
        ("mod tests { use super::super::one; }", false),
        ("use std::one::First; fn one() {}", false),
    ] {
        let [files, parts] = ties(&[("", "mod folder;"), ("folder", parent), ("folder/one", one), ("folder/two", two)]);
        assert_eq!((files.is_some(), parts.is_some()), (is_circle, is_circle), "{two}: {files:?} {parts:?}");
    }
    // Files of two folders that import each other, though no file does.
    let texts = [("a", "mod x; mod y;"), ("a/x", "use crate::b::z;"), ("a/y", ""), ("b", "mod z; mod w;"), ("b/z", "")];
    let [files, parts] = ties(&[&texts[..], &[("b/w", "use crate::a::y;")]].concat());
    assert_eq!((files, parts.map(|circle| circle.len())), (None, Some(2)));
    // A file and the child of its child.
    let deep = [("a", "use b::c::D; mod b;"), ("a/b", "mod c;"), ("a/b/c", "use crate::a::E;")];
    assert_eq!(ties(&deep).map(|circle| circle.map(|circle| circle.len())), [Some(2), None]);
}
