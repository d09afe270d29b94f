//! Lists the shipped catalogs, templates and scenarios so that they are built into the binary: adding one is adding
//! a file, no Rust.

use std::{env, error::Error, fmt::Write, fs, path::Path};

fn main() -> Result<(), Box<dyn Error>> {
    let root = env::var("CARGO_MANIFEST_DIR")?;
    let mut code = String::new();
    list(&mut code, "TEMPLATES", Path::new(&root), "templates")?;
    list(&mut code, "SCENARIOS", Path::new(&root), "scenarios")?;
    fs::write(Path::new(&env::var("OUT_DIR")?).join("builtin.rs"), code)?;
    Ok(())
}

/// A constant with a pair of path and text for every file below `folder`, sorted by path.
fn list(code: &mut String, constant: &str, root: &Path, folder: &str) -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed={folder}");
    let mut files = Vec::new();
    collect(&root.join(folder), &mut files)?;
    files.sort();
    writeln!(code, "pub(crate) const {constant}: &[(&str, &str)] = &[")?;
    for file in files {
        let shown = Path::new(&file).strip_prefix(root)?.to_string_lossy().replace('\\', "/");
        writeln!(code, "    ({shown:?}, include_str!({file:?})),")?;
    }
    writeln!(code, "];")?;
    Ok(())
}

fn collect(folder: &Path, files: &mut Vec<String>) -> Result<(), Box<dyn Error>> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if matches!(path.extension().and_then(|ending| ending.to_str()), Some("yaml" | "json")) {
            files.push(path.to_string_lossy().into_owned());
        }
    }
    Ok(())
}
