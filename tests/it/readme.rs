//! What only the README says; that what it shows is so is checked with all other pages, in `guide.rs`.

use super::pages::read;
use falsetrail::machinery::catalog::{Catalog, Effect, Method};

#[test]
fn the_table_of_methods_is_the_catalogs() {
    let catalog = Catalog::built_in().unwrap();
    let expected: Vec<String> = catalog.methods.iter().map(|method| row(&catalog, method)).collect();
    let readme = read("README.md");
    let table = readme.split("| method | short name | does | failures |\n|---|---|---|---|\n").nth(1).unwrap();
    let shown: Vec<&str> = table.lines().take_while(|line| line.starts_with('|')).collect();
    assert_eq!(shown, expected);
}

#[test]
fn what_is_needed_is_what_cargo_asks_for() {
    let version = env!("CARGO_PKG_RUST_VERSION");
    assert!(read("README.md").contains(&format!("Rust {version} or later")), "Cargo.toml asks for Rust {version}");
}

/// What the README says of a method.
fn row(catalog: &Catalog, method: &Method) -> String {
    let does = match method.does {
        Effect::Create => "create",
        Effect::Get => "get",
        Effect::List => "list",
        Effect::Update => "update",
        Effect::Delete => "delete",
    };
    let names: Vec<&str> = method.failures.iter().map(|failure| catalog.failures[*failure].name.as_str()).collect();
    let common = ["too-many-requests", "internal-error"];
    assert!(names.ends_with(&common), "the README says that every method can fail with {common:?}");
    let names: Vec<String> = names[..names.len() - 2].iter().map(|name| format!("`{name}`")).collect();
    format!("| {} | `{}` | {does} | {} |", method.name, method.short, names.join(" "))
}
