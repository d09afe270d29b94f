//! Whatever stands in a text stands in the run file, to the byte.

use falsetrail::machinery::{
    Options, Plan,
    run_file::{Layout, RunFile},
    sources::SourceProvider,
};
use proptest::prelude::*;
use std::fs;
use tempfile::tempdir;

/// A story with comments of any characters that YAML allows, and any line ends.
fn scenario() -> impl Strategy<Value = String> {
    let comment = r"[ -~\t\u{a0}-\u{d7ff}\u{e000}-\u{fefe}\u{10000}-\u{10ffff}]{0,12}";
    let ending = prop_oneof![Just("\n"), Just("\r\n"), Just("\n\n")];
    let lines = prop::collection::vec((comment, ending.clone()), 0..5);
    (lines, ending, prop::bool::ANY, prop::bool::ANY).prop_map(|(lines, ending, mark, open)| {
        let mark = if mark { "\u{feff}" } else { "" };
        let comments: String = lines.iter().flat_map(|(comment, ending)| ["# ", comment, ending]).collect();
        format!("{mark}{comments}steps: [create-pool]{}", if open { "" } else { ending })
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn texts_survive_the_run_file(text in scenario(), seed: u64) {
        let folder = tempdir().unwrap();
        let (scenario, file) = (folder.path().join("story.yaml"), folder.path().join("run.json"));
        fs::write(&scenario, &text).unwrap();
        let scenarios = vec![scenario.display().to_string()];
        let options = Options { scenarios, seed: Some(seed), ..Options::default() };
        let plan = Plan::new(&options).unwrap();
        fs::write(&file, RunFile::new(&plan, &options, Layout::default()).to_json()).unwrap();
        let read = RunFile::read(&file).unwrap();
        let SourceProvider::Run(texts) = &read.options.texts else { panic!("{read:?}") };
        prop_assert_eq!(&texts.scenarios["story.yaml"].text, &text);
        for (name, template) in &texts.catalog {
            prop_assert!(!template.text.is_empty() && template.text.ends_with('\n'), "{}", name);
        }
        let again = read.plan().unwrap();
        prop_assert_eq!(again.seed, seed);
        prop_assert!(plan.events().eq(again.events()));
    }
}
