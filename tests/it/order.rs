//! The order of the source folders: each imports only from folders above it in this list, so that a reader who begins
//! at the top never meets a name that is explained further down.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use syn::visit::Visit;

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

/// The first module of every path that begins with `crate` or with the library's name.
#[derive(Default)]
struct Imports(BTreeSet<String>);

impl Imports {
    fn tree(&mut self, tree: &syn::UseTree, in_crate: bool) {
        match tree {
            syn::UseTree::Path(path) if in_crate => drop(self.0.insert(path.ident.to_string())),
            syn::UseTree::Path(path) => self.tree(&path.tree, is_root(&path.ident)),
            syn::UseTree::Group(group) => group.items.iter().for_each(|tree| self.tree(tree, in_crate)),
            syn::UseTree::Name(name) if in_crate => drop(self.0.insert(name.ident.to_string())),
            syn::UseTree::Rename(name) if in_crate => drop(self.0.insert(name.ident.to_string())),
            _ => {}
        }
    }
}

fn is_root(name: &syn::Ident) -> bool {
    name == "crate" || name == "falsetrail"
}

impl<'ast> Visit<'ast> for Imports {
    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.tree(&item.tree, false);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        if let (Some(first), Some(second)) = (path.segments.first(), path.segments.get(1))
            && is_root(&first.ident)
        {
            self.0.insert(second.ident.to_string());
        }
        syn::visit::visit_path(self, path);
    }

    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        // Tests may look at everything.
        if module.ident != "tests" {
            syn::visit::visit_item_mod(self, module);
        }
    }
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
        let parsed = syn::parse_file(&fs::read_to_string(&file).unwrap());
        let parsed = parsed.unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let mut imports = Imports::default();
        imports.visit_file(&parsed);
        let of_folder = found.entry(folder.clone()).or_default();
        // What the door re-exports stands in folders of its own.
        let modules = imports.0.into_iter().filter(|name| ORDER.contains(&name.as_str()) && *name != folder);
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
