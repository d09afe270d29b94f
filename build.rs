//! Lists the shipped catalogs, templates and scenarios so that they are built into the binary: adding one is adding
//! a file, no Rust. Keeps the binary small where the system can load it so.

use std::{env, error::Error, fmt::Write, fs, path::Path, process::Command};

fn main() -> Result<(), Box<dyn Error>> {
    let root = env::var("CARGO_MANIFEST_DIR")?;
    let mut code = String::new();
    list(&mut code, "TEMPLATES", Path::new(&root), "templates")?;
    list(&mut code, "SCENARIOS", Path::new(&root), "scenarios")?;
    fs::write(Path::new(&env::var("OUT_DIR")?).join("builtin.rs"), code)?;
    if loads_packed_relocations()? {
        // A tenth of the binary would be addresses that are known up to where it lies in memory.
        println!("cargo::rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
    }
    Ok(())
}

/// Whether whoever builds this binary can load one whose relocations are packed (`DT_RELR`): glibc can since 2.36. A
/// binary for another machine gets none.
fn loads_packed_relocations() -> Result<bool, Box<dyn Error>> {
    let is_glibc = env::var("CARGO_CFG_TARGET_OS")? == "linux" && env::var("CARGO_CFG_TARGET_ENV")? == "gnu";
    if !is_glibc || env::var("HOST")? != env::var("TARGET")? {
        return Ok(false);
    }
    // "glibc 2.36"; without `getconf`, as if it were older.
    let version = Command::new("getconf").arg("GNU_LIBC_VERSION").output().map(|output| output.stdout);
    let version = version.map(|text| String::from_utf8_lossy(&text).into_owned()).unwrap_or_default();
    let parts = version.trim().strip_prefix("glibc ").and_then(|version| version.split_once('.'));
    Ok(parts.is_some_and(|(major, minor)| major == "2" && minor.parse().is_ok_and(|minor: u32| minor >= 36)))
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
