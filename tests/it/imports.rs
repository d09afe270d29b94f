//! The imports of the source files, each resolved to the file that defines the imported name.
//!
//! A name that a parent re-exports is followed to its definition, so that `super::Name` counts as an import of the
//! sibling that has it. Modules called `tests` are left out: they may look at everything.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// The path of a module, such as `["catalog", "read"]`. The library's root has an empty one.
pub type Module = Vec<String>;

/// An import of another file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Import {
    /// The absolute path as it is written, without `crate`.
    pub path: Vec<String>,
    /// The file that defines it.
    pub file: Module,
}

/// All files and the paths in them.
pub struct Imports {
    files: BTreeMap<Module, File>,
}

#[derive(Default)]
struct File {
    /// The names that its `use` items bring in, and their paths as written.
    names: BTreeMap<String, Vec<String>>,
    /// All paths, with the module that they are written in: the file or a module within it.
    paths: Vec<(Module, Vec<String>)>,
}

/// Re-exports of re-exports that are followed.
const DEEPEST: usize = 8;

impl Imports {
    /// Reads the sources of this crate.
    pub fn of_sources() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let mut texts = Vec::new();
        read_folder(&root, &root, &mut texts);
        Self::from_texts(texts)
    }

    /// Reads texts by module.
    pub fn from_texts(texts: impl IntoIterator<Item = (Module, String)>) -> Self {
        let file = |(module, text): (Module, String)| {
            let tokens: TokenStream = text.parse().unwrap_or_else(|error| panic!("{}: {error}", shown(&module)));
            let mut file = File::default();
            file.read(tokens, &module, true);
            (module, file)
        };
        Self { files: texts.into_iter().map(file).collect() }
    }

    /// Each file, and the other files that it imports.
    pub fn by_file(&self) -> BTreeMap<Module, BTreeSet<Import>> {
        let imports = |(module, file): (&Module, &File)| {
            let import = |(within, path): &(Module, Vec<String>)| {
                let path = self.absolute(module, within, path, DEEPEST)?;
                let file = self.definition(&path, DEEPEST)?;
                (file != *module).then_some(Import { path, file })
            };
            (module.clone(), file.paths.iter().filter_map(import).collect())
        };
        self.files.iter().map(imports).collect()
    }

    /// The path from the library's root; `None` for a name of another crate or of the file itself.
    fn absolute(&self, file: &Module, within: &[String], path: &[String], depth: usize) -> Option<Vec<String>> {
        let first = path.first()?;
        let from = |module: &[String], rest: &[String]| Some([module, rest].concat());
        match first.as_str() {
            "crate" | "falsetrail" => from(&[], &path[1..]),
            "self" => from(within, &path[1..]),
            "super" => {
                let up = path.iter().take_while(|name| *name == "super").count();
                from(&within[..within.len().checked_sub(up)?], &path[up..])
            }
            _ if self.files.contains_key(&from(file, &path[..1])?) => from(file, path),
            _ => {
                let imported = self.files.get(file)?.names.get(first).filter(|imported| *imported != path)?;
                let outer = self.absolute(file, file, imported, depth.checked_sub(1)?)?;
                from(&outer, &path[1..])
            }
        }
    }

    /// The file that defines what an absolute path names.
    fn definition(&self, path: &[String], depth: usize) -> Option<Module> {
        let length = (0..=path.len()).rev().find(|length| self.files.contains_key(&path[..*length]))?;
        let (module, rest) = (path[..length].to_vec(), &path[length..]);
        let reexport = rest.first().and_then(|name| self.files[&module].names.get(name)).filter(|_| depth > 0);
        let followed = reexport.and_then(|path| self.absolute(&module, &module, path, depth - 1));
        match followed {
            Some(outer) => self.definition(&[&outer, &rest[1..]].concat(), depth - 1),
            None => Some(module),
        }
    }
}

impl File {
    fn read(&mut self, tokens: TokenStream, within: &Module, is_top: bool) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut at = 0;
        while at < tokens.len() {
            match &tokens[at..] {
                [TokenTree::Ident(word), ..] if word == "use" => {
                    let length = tokens[at..].iter().take_while(|token| !is(token, ';')).count();
                    let mut found = Vec::new();
                    members(&tokens[at + 1..at + length], &[], &mut found);
                    for (name, path) in found {
                        self.paths.push((within.clone(), path.clone()));
                        if is_top {
                            self.names.insert(name, path);
                        }
                    }
                    at += length;
                }
                [TokenTree::Ident(word), TokenTree::Group(group), ..]
                    if word == "pub" && group.delimiter() == Delimiter::Parenthesis =>
                {
                    at += 1;
                }
                [TokenTree::Ident(word), TokenTree::Ident(name), TokenTree::Group(group), ..] if word == "mod" => {
                    if name != "tests" {
                        self.read(group.stream(), &[within.as_slice(), &[name.to_string()]].concat(), false);
                    }
                    at += 2;
                }
                [TokenTree::Group(group), ..] => self.read(group.stream(), within, is_top),
                [TokenTree::Ident(_), colon, ..] if is(colon, ':') => {
                    let (path, length) = path_at(&tokens[at..]);
                    if path.len() > 1 {
                        self.paths.push((within.clone(), path));
                    }
                    at += length - 1;
                }
                _ => {}
            }
            at += 1;
        }
    }
}

/// The names `a::b::c` that tokens begin with, and the number of tokens.
fn path_at(tokens: &[TokenTree]) -> (Vec<String>, usize) {
    let mut path = Vec::new();
    let mut at = 0;
    while let Some(TokenTree::Ident(name)) = tokens.get(at) {
        path.push(name.to_string());
        match tokens.get(at + 1..at + 4) {
            Some([first, second, TokenTree::Ident(_)]) if is(first, ':') && is(second, ':') => at += 3,
            _ => return (path, at + 1),
        }
    }
    (path, at)
}

/// The names that the tree of a `use` item brings in, and their paths.
fn members(tokens: &[TokenTree], outer: &[String], found: &mut Vec<(String, Vec<String>)>) {
    // After a trailing comma there is none.
    for member in tokens.split(|token| is(token, ',')).filter(|member| !member.is_empty()) {
        let mut path = outer.to_vec();
        let mut name = None;
        let mut has_group = false;
        for (at, token) in member.iter().enumerate() {
            match token {
                TokenTree::Ident(word) if word == "as" => {
                    name = member.get(at + 1).map(ToString::to_string);
                    break;
                }
                TokenTree::Ident(word) if word == "self" && !path.is_empty() => {}
                TokenTree::Ident(word) => path.push(word.to_string()),
                TokenTree::Group(group) => {
                    has_group = true;
                    members(&group.stream().into_iter().collect::<Vec<_>>(), &path, found);
                }
                _ => {}
            }
        }
        if let (Some(last), false) = (path.last(), has_group) {
            found.push((name.unwrap_or_else(|| last.clone()), path));
        }
    }
}

fn is(token: &TokenTree, character: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == character)
}

fn read_folder(root: &Path, folder: &Path, texts: &mut Vec<(Module, String)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read_folder(root, &path, texts);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            let inner = path.strip_prefix(root).unwrap().with_extension("");
            let module: Module = inner.iter().map(|name| name.to_string_lossy().into_owned()).collect();
            match module.last().map(String::as_str) {
                // The tests of a module, in a file beside it.
                Some("tests") => {}
                Some("lib") => texts.push((Module::new(), fs::read_to_string(&path).unwrap())),
                _ => texts.push((module, fs::read_to_string(&path).unwrap())),
            }
        }
    }
}

/// The file of a module.
pub fn shown(module: &[String]) -> String {
    if module.is_empty() { "src/lib.rs".to_owned() } else { format!("src/{}.rs", module.join("/")) }
}
