//! README and guide are true: one test for each page, so that a failure names it.

use super::pages::{self, blocks, read, root};
use std::{collections::HashMap, fs, path::Path};

/// A test for each page, and the list of them.
macro_rules! pages {
    ($($test:ident: $page:literal,)*) => {
        $(#[test] fn $test() { pages::check($page); })*
        const PAGES: &[&str] = &[$($page),*];
    };
}

pages! {
    readme: "README.md",
    contributing: "CONTRIBUTING.md",
    guide: "docs/guide.md",
    install: "docs/install.md",
    first_scenario: "docs/first-scenario.md",
    language: "docs/language.md",
    scenario_reference: "docs/scenario-reference.md",
    templates: "docs/templates.md",
    catalogs: "docs/catalogs.md",
    catalog_reference: "docs/catalog-reference.md",
    time: "docs/time.md",
    output: "docs/output.md",
    reproducibility: "docs/reproducibility.md",
    kafka: "docs/kafka.md",
    arrived: "docs/arrived.md",
    siem: "docs/siem.md",
    detections: "docs/detections.md",
    kubernetes: "docs/kubernetes.md",
    testing: "docs/testing.md",
    questions: "docs/questions.md",
}

#[test]
fn every_page_is_run_and_in_the_table_of_contents() {
    let contents = read("docs/guide.md");
    for entry in fs::read_dir(root().join("docs")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(PAGES.contains(&format!("docs/{name}").as_str()), "docs/{name} needs its line in tests/it/guide.rs");
        let listed = name == "guide.md" || contents.contains(&format!("]({name})"));
        assert!(listed, "docs/guide.md does not list docs/{name}");
    }
}

/// If fences were misread, nothing would be wrong.
#[test]
fn commands_are_found() {
    let mut all = 0;
    for page in PAGES {
        let (run, shown) = pages::commands(page);
        let text = read(page);
        let blocks = blocks(page, &text);
        let excused = blocks.iter().filter(|block| block.excused);
        let excused: usize =
            excused.map(|block| block.text.lines().filter(|line| line.starts_with("$ ")).count()).sum();
        assert_eq!(run + excused, shown, "{page}: commands outside of blocks of `console`");
        all += run;
    }
    assert!(all > 60, "only {all} commands found");
}

/// Whoever builds the second catalog by hand has what is shipped in the end. After a change of what is shipped:
///
/// ```text
/// FALSETRAIL_UPDATE_GOLDEN=1 cargo test second_catalog
/// ```
#[test]
fn the_second_catalog_is_the_shipped_one() {
    let page = "docs/catalogs.md";
    let text = read(page);
    let mut as_shipped = text.clone();
    let mut shown = Vec::new();
    for block in blocks(page, &text) {
        let Some(file) = block.file().filter(|file| file.starts_with("examples/")) else { continue };
        shown.push(file.to_owned());
        as_shipped = as_shipped.replacen(&block.written(&block.text), &block.written(&read(file)), 1);
    }
    if std::env::var_os("FALSETRAIL_UPDATE_GOLDEN").is_some_and(|value| value == "1") {
        fs::write(root().join(page), as_shipped).unwrap();
    } else {
        assert!(as_shipped == text, "{page}: FALSETRAIL_UPDATE_GOLDEN=1 cargo test second_catalog");
    }
    let mut shipped = Vec::new();
    for folder in ["examples/catalog", "examples/catalog/scenarios"] {
        for entry in fs::read_dir(root().join(folder)).unwrap() {
            let path = entry.unwrap().path();
            let is_shown = path.extension().is_some_and(|ending| ending == "yaml" || ending == "json");
            shipped.extend(is_shown.then(|| path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned()));
        }
    }
    shown.sort();
    shipped.sort();
    assert_eq!(shown, shipped, "{page} shows other files than those that are there");
}

#[test]
fn links_lead_somewhere() {
    let mut anchors = HashMap::new();
    for page in PAGES.iter().chain(&["CHANGELOG.md"]) {
        let folder = Path::new(page).parent().unwrap();
        for target in links(&read(page)) {
            let (path, anchor) = target.split_once('#').unwrap_or((&target, ""));
            if path.starts_with("https://") {
                continue;
            }
            let file = if path.is_empty() { root().join(page) } else { root().join(folder).join(path) };
            assert!(file.exists(), "{page} links to `{target}`, which is not there");
            if !anchor.is_empty() {
                let known =
                    anchors.entry(file.clone()).or_insert_with(|| anchors_of(&fs::read_to_string(&file).unwrap()));
                assert!(known.iter().any(|known| known == anchor), "{page}: `{target}` is no heading: {known:?}");
            }
        }
    }
}

/// A page's lines outside of blocks.
fn prose(text: &str) -> impl Iterator<Item = &str> {
    let mut inside = false;
    text.lines().filter(move |line| {
        let fence = line.starts_with("```");
        inside ^= fence;
        !inside && !fence
    })
}

/// Where a page's links lead; what stands in blocks is none of them.
fn links(text: &str) -> Vec<String> {
    let prose = prose(text).collect::<Vec<_>>().join("\n");
    let targets = prose.split("](").skip(1).filter_map(|rest| rest.split_once(')'));
    targets.map(|(target, _)| target.to_owned()).collect()
}

/// What headings are called in links: lower case, hyphens for spaces, no other signs.
fn anchors_of(text: &str) -> Vec<String> {
    let headings = prose(text).filter_map(|line| line.strip_prefix('#').map(|rest| rest.trim_start_matches('#')));
    let name = |heading: &str| {
        let signs = heading.trim().chars().filter(|sign| sign.is_alphanumeric() || " -_".contains(*sign));
        signs.collect::<String>().to_lowercase().replace(' ', "-")
    };
    headings.map(name).collect()
}

#[test]
fn headings_have_the_names_that_links_use() {
    let anchors = anchors_of("# A page\n\n## What runs, and what doesn't\n### `mix`\ntext\n```sh\n# no heading\n```\n");
    assert_eq!(anchors, ["a-page", "what-runs-and-what-doesnt", "mix"]);
}
