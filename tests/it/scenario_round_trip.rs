//! What `show` prints stands for the same scenario.

use falsetrail::machinery::{
    error::Source,
    scenario::{Scenario, read, read_one_line, to_yaml},
};
use proptest::{collection::vec, option, prelude::*, sample::select};

/// Everything that a scenario says, without places.
fn meaning(scenario: &Scenario) -> String {
    let shown = format!(
        "{:?}",
        (
            (&scenario.description, &scenario.seed, &scenario.from, &scenario.every),
            (&scenario.params, &scenario.actors, &scenario.resources, &scenario.body),
        )
    );
    let mut out = String::new();
    let mut rest = shown.as_str();
    let places = ["span: ", "defined: ", "quoted: ", "is_given: "];
    while let Some((at, key)) = places.iter().filter_map(|key| Some((rest.find(key)?, key))).min() {
        out.push_str(&rest[..at]);
        rest = &rest[at + key.len()..];
        rest = rest.trim_start_matches(|character: char| character.is_alphanumeric() || ".()".contains(character));
    }
    out + rest
}

fn check(scenario: &Scenario) -> Result<(), TestCaseError> {
    let text = to_yaml(scenario);
    let source = Source::new("shown.yaml", &text);
    let again = read(&source, &scenario.name, &[])
        .map_err(|found| TestCaseError::fail(falsetrail::machinery::error::Error::from(found).render(false)))?;
    prop_assert_eq!(meaning(&again), meaning(scenario), "{}", text);
    prop_assert_eq!(to_yaml(&again), text);
    Ok(())
}

/// Any text that has something to say; a JSON string is a YAML text in quotes.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z][a-z0-9-]{0,8}",
        "[ -~]{0,12}[!-~]",
        "\\PC{0,6}[a-z]",
        Just("yes".to_owned()),
        Just("1e5".to_owned()),
        Just("$5".to_owned()),
        Just("a: b # c".to_owned()),
        Just("two\nlines\u{7}\u{85}\u{2028}".to_owned()),
    ]
}

fn quote(text: &str) -> String {
    let text = if text.starts_with('$') { format!("${text}") } else { text.to_owned() };
    let json = serde_json::to_string(&text).unwrap();
    json.chars()
        .map(|character| match character {
            '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}' | '\u{feff}' => {
                format!("\\u{:04x}", u32::from(character))
            }
            other => other.to_string(),
        })
        .collect()
}

fn value() -> impl Strategy<Value = String> {
    let scalar = prop_oneof![
        text().prop_map(|text| quote(&text)),
        any::<i64>().prop_map(|number| number.to_string()),
        any::<u64>().prop_map(|number| number.to_string()),
        (-1e300..1e300).prop_map(|number: f64| format!("{number:?}")),
        any::<bool>().prop_map(|flag| flag.to_string()),
        Just("null".to_owned()),
    ];
    prop_oneof![
        3 => scalar.clone(),
        1 => vec(scalar, 0..3).prop_map(|items| format!("[{}]", items.join(", "))),
    ]
}

fn range() -> impl Strategy<Value = String> {
    (0_u64..100_000_000_000, 0_u64..10_000_000_000).prop_map(|(low, more)| format!("{low}ns..{}ns", low + more))
}

prop_compose! {
    fn call()(
        name in "[a-z]{1,5}(-[a-z]{1,4}){0,2}[a-d]",
        id in option::of("[a-z][a-z0-9-]{2,9}"),
        after in option::of(range()),
        with in option::of((text(), value())),
        outcome in option::of(prop_oneof![Just("auto".to_owned()), Just("success".to_owned()), text()]),
        shape in 0..4,
        every in option::of(range()),
        chance in option::of(0.000_001..=1.0),
        times in 1_u64..9,
    ) -> String {
        let mut parts = vec![format!("call: {}", quote(&name))];
        parts.extend(id.map(|id| format!("id: {}", quote(&id))));
        parts.extend(after.map(|after| format!("after: {after}")));
        parts.extend(with.map(|(key, value)| format!("with: {{ {}: {value} }}", serde_json::to_string(&key.replace(char::is_control, "")).unwrap())));
        parts.extend(outcome.map(|outcome| format!("outcome: {}", quote(&outcome))));
        parts.extend(chance.map(|chance: f64| format!("chance: {chance:?}")));
        let every = every.map_or(String::new(), |every| format!(", every: {every}"));
        match shape {
            0 => parts.push(format!("each: some{every}")),
            1 => parts.push(format!("repeat: {{ times: {times}..{}{every} }}, target: it", times * 2)),
            2 => parts.push(format!("repeat: {times}")),
            _ => {}
        }
        format!("{{ {} }}", parts.join(", "))
    }
}

fn step() -> impl Strategy<Value = String> {
    call().prop_recursive(2, 8, 3, |inner| {
        let branch = (1e-3..1e9, vec(inner, 1..3))
            .prop_map(|(weight, steps): (f64, _)| format!("{{ weight: {weight:?}, steps: [{}] }}", steps.join(", ")));
        vec(branch, 1..3).prop_map(|branches| format!("{{ choose: [{}] }}", branches.join(", ")))
    })
}

/// How many events happen when.
fn pace() -> impl Strategy<Value = String> {
    let rate = || {
        (1_u64..10_000_000, select(vec!["s", "m", "h", "d"]))
            .prop_map(|(rate, unit)| format!("{}.{}/{unit}", rate / 10, rate % 10))
    };
    let zone = option::of(select(chrono_tz::TZ_VARIANTS.to_vec()));
    let daily =
        (rate(), 0..24, 0..60, zone, option::of(0..2_000_u32)).prop_map(|(peak, hour, minute, zone, weekend)| {
            let zone = zone.map_or(String::new(), |zone| format!(", timezone: {}", zone.name()));
            let weekend =
                weekend.map_or(String::new(), |weekend| format!(", weekend: {}", f64::from(weekend) / 1_000.0));
            format!("daily: {{ peak: {peak}, trough: 0.1/d, peak_at: \"{hour}:{minute:02}\"{zone}{weekend} }}\n")
        });
    let stages = (rate(), range(), rate()).prop_map(|(start, duration, target)| {
        let duration = duration.split("..").next().unwrap_or_default().to_owned();
        format!("start: {start}\nstages: [{{ duration: {duration}, target: {target} }}]\n")
    });
    prop_oneof![Just(String::new()), rate().prop_map(|rate| format!("rate: {rate}\n")), stages, daily]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn scenarios(
        description in text(),
        seed: u64,
        every in 0_u64..1_000_000_000_000,
        param in value(),
        pin in value(),
        count in 1_u64..1000,
        steps in vec(step(), 1..5),
    ) {
        let param = if param == "null" { "0".to_owned() } else { param };
        let text = format!(
            "description: {}\nseed: {seed}\nevery: {every}ns\nparams: {{ p: {param} }}\nactors: {{ a: {{ kind: user, id: {pin} }} }}\nresources: {{ r: {{ count: {count}, existing: true, x: $p }} }}\nsteps: [{}]\n",
            quote(&description),
            steps.join(", "),
        );
        let source = Source::new("story.yaml", &text);
        let scenario = read(&source, "story", &[])
            .map_err(|found| TestCaseError::fail(falsetrail::machinery::error::Error::from(found).render(false)))?;
        check(&scenario)?;
    }

    #[test]
    fn mixes(scenario in text(), weight in 1e-9..1e18, given in value(), users: u64, pace in pace()) {
        let text = format!(
            "{pace}population: {{ users: {users} }}\nmix: [{{ scenario: {}, weight: {weight:?}, with: {{ a: {given} }} }}]\n",
            quote(&scenario),
        );
        let source = Source::new("mix.yaml", &text);
        let mix = read(&source, "mix", &[])
            .map_err(|found| TestCaseError::fail(falsetrail::machinery::error::Error::from(found).render(false)))?;
        check(&mix)?;
    }

    #[test]
    fn one_line_stories(parts in vec("[a-z]{1,6}(-[a-z]{1,4})?[a-d](-failure|:[a-z]{1,5})?", 1..6), separator in 0..3) {
        let separator = [" -> ", ",", "->"][separator as usize];
        check(&read_one_line(&parts.join(separator), &[]).unwrap())?;
    }

    #[test]
    fn no_text_is_too_strange(text in "\\PC{0,40}|[a-z:\\[\\]{}&*!|>'\"%@`#,?\\- \n\t$<~]{0,60}") {
        let _ = read_one_line(&text, &[]).map_err(|found| falsetrail::machinery::error::Error::from(found).render(false));
        for text in [text.clone(), format!("steps: {text}"), format!("steps:\n  - {{ call: a, {text} }}")] {
            let source = Source::new("strange.yaml", text);
            let _ = read(&source, "strange", &[]).map_err(|found| falsetrail::machinery::error::Error::from(found).render(true));
        }
    }
}
