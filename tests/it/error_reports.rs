//! What a person sees when something is wrong.

use falsetrail::machinery::error::{
    Diagnostic, Error, MOST_SHOWN, Source, did_you_mean, keep, list_of, merge, nearest, quoted,
};

fn shown(text: &str, span: std::ops::Range<usize>) -> String {
    let source = Source::new("pool.yaml", text);
    Error::from(Diagnostic::new(&source, span, "it is wrong").label("here").help("mend it")).render(false)
}

#[test]
fn a_diagnostic_names_file_line_column_and_underlines() {
    let expected = "\
error: it is wrong
 --> pool.yaml:2:7
  |
2 | kind: pole
  |       ^^^^ here
  |
  = help: mend it
";
    assert_eq!(shown("a: 1\nkind: pole\nb: 2\n", 11..15), expected);
    assert_eq!(shown("a: 1\r\nkind: pole\r\nb: 2\r\n", 12..16), expected);
}

#[test]
fn a_mistake_of_many_lines_is_shown_by_its_first() {
    let report = shown("a: 1\nsteps:\n  - x\n  - y\n", 5..23);
    assert!(report.contains("2 | steps:\n  | ^^^^^^ here"), "{report}");
    assert!(!report.contains("- x"), "{report}");
}

#[test]
fn the_end_of_a_text_can_be_shown() {
    for text in ["", "a", "a\n", "ä"] {
        let report = shown(text, text.len()..text.len());
        assert!(report.contains("^ here"), "{report}");
    }
    // A span that is wrong must not take the report with it.
    for span in [1..1, 1..2, 7..9, 0..900] {
        assert!(shown("ä", span).contains("it is wrong"));
    }
}

#[test]
fn long_lines_are_cut_and_keep_their_column() {
    let text = format!("{}MISTAKE{}", "x".repeat(5000), "y".repeat(9000));
    let report = shown(&text, 5000..5007);
    assert!(report.contains("pool.yaml:1:5001\n"), "{report}");
    assert!(report.contains("xMISTAKEy"), "{report}");
    assert!(report.lines().all(|line| line.chars().count() < 200), "{report}");
}

#[test]
fn nothing_reaches_the_terminal_that_it_would_obey() {
    let text = "a: \u{1b}[31mred\u{7}\u{9b}x\u{202e}y\0";
    let source = Source::new("bad\u{1b}]0;name.yaml", text);
    let found = Diagnostic::new(&source, 3..9, text).label(text).help(text);
    for report in [
        Error::from(found).render(false),
        Error::failed(text).help(text).render(false),
        Error::usage(quoted(text)).render(false),
    ] {
        let obeyed =
            report.chars().find(|character| (character.is_control() && *character != '\n') || *character == '\u{202e}');
        assert_eq!(obeyed, None, "{report:?}");
    }
}

#[test]
fn of_many_diagnostics_the_rest_is_counted() {
    let source = Source::new("a.yaml", "a");
    let all = vec![Diagnostic::new(&source, 0..1, "wrong"); MOST_SHOWN + 5];
    let report = Error::Input(all).render(false);
    assert_eq!(report.matches("error: wrong").count(), MOST_SHOWN);
    assert!(report.ends_with("\n… and 5 more\n"), "{report}");
}

#[test]
fn exit_codes_tell_input_from_work() {
    assert_eq!(Error::Input(Vec::new()).exit_code(), 2);
    assert_eq!(Error::usage("x").exit_code(), 2);
    assert_eq!(Error::failed("x").exit_code(), 1);
    let report = Error::failed("cannot write `x`").help("make room").render(false);
    assert_eq!(report, "error: cannot write `x`\nhelp: make room\n");
    assert!(Error::usage("x").render(true).contains('\u{1b}'));
}

#[test]
fn the_nearest_word_does_not_mind_spelling_styles() {
    let methods = ["CreateComputePool", "create-pool", "delete-pool", "update-pool"];
    for (word, expected) in [
        ("create_pool", Some("create-pool")),
        ("CreatePool", Some("create-pool")),
        ("craete-pool", Some("create-pool")),
        ("createComputePool", Some("CreateComputePool")),
        ("delet-pol", Some("delete-pool")),
        ("banana", None),
        ("", None),
    ] {
        assert_eq!(nearest(word, methods), expected, "{word}");
    }
    assert_eq!(did_you_mean("updte-pool", methods), "did you mean `update-pool`?");
    assert_eq!(did_you_mean("zzz", ["a", "b"]), "there are `a`, `b`");
    assert_eq!(did_you_mean("zzz", []), "");
    let many: Vec<String> = (0..30).map(|number| format!("n{number}")).collect();
    assert!(list_of(many.iter().map(String::as_str)).ends_with("`n17` and 12 more"));
}

#[test]
fn results_are_merged_with_all_their_diagnostics() {
    let source = Source::new("a.yaml", "ab");
    let wrong = |message: &str| Err(vec![Diagnostic::new(&source, 0..1, message)]);
    assert_eq!(merge([Ok(1), Ok(2)]).unwrap(), [1, 2]);
    let found = merge([Ok(1), wrong("x"), Ok(2), wrong("y")]).unwrap_err();
    assert_eq!(found.iter().map(|found| found.message.as_str()).collect::<Vec<_>>(), ["x", "y"]);
    let mut kept = Vec::new();
    assert_eq!(keep(Ok(1), &mut kept), Some(1));
    assert_eq!(keep::<u8>(wrong("z"), &mut kept), None);
    assert_eq!(kept.len(), 1);
}
