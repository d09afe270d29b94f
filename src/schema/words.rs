//! Texts with a form of their own: durations, rates, names.
//!
//! `patternErrorMessage` is what editors show in place of a regular expression; validators ignore it.

use schemars::JsonSchema;

/// A text that is not only spaces.
const NOT_BLANK: &str = r"\S";

/// A number and a unit, at least once.
macro_rules! duration {
    () => {
        r"([0-9]+(\.[0-9]+)?(ns|us|µs|μs|ms|s|m|h|d))+"
    };
}
const DURATION: &str = concat!(r"^\s*", duration!(), r"\s*$");
const DURATION_RANGE: &str = concat!(r"^\s*", duration!(), r"(\s*\.\.[=.]*\s*", duration!(), r")?\s*$");
const COUNT_RANGE: &str = r"^\s*[0-9]+(\s*\.\.[=.]*\s*[0-9]+)?\s*$";
const RATE: &str = r"^\s*[0-9][0-9_]*(\.[0-9_]+)?[kKM]?\s*/\s*[smhd]\s*$";
const NO_RATE: &str = r"^[\s0._]*[kKM]?\s*/";
const NAME: &str = "^[A-Za-z_][A-Za-z0-9_-]*$";
/// Words that YAML 1.1 reads as true or false.
const BOOLEAN: &str = "^([yY]|[nN]|[yY][eE][sS]|[nN][oO]|[oO][nN]|[oO][fF][fF]|[tT][rR][uU][eE]|[fF][aA][lL][sS][eE])$";

/// A word that can be a method or a failure; other letters than ASCII's are not told apart.
macro_rules! method {
    () => {
        r"([A-Za-z]|[^\x00-\x7F])(([A-Za-z0-9_.-]|[^\x00-\x7F])*([A-Za-z0-9]|[^\x00-\x7F]))?"
    };
}
const METHOD: &str = concat!("^", method!(), "$");
const SHORT_STEP: &str = concat!(r"^\s*", method!(), "(:", method!(), r")?\s*$");
/// `${a.b}` any number of times, and no `${` without its end.
const TEXT_WITH_NAMES: &str = r"^([^$]|\$[^{]|\$\{[^}.]*[^}.\s][^}.]*(\.[^}.]*[^}.\s][^}.]*)*\})*\$?$";

/// A text that is not blank.
#[derive(JsonSchema)]
#[schemars(extend("pattern" = NOT_BLANK))]
pub(super) struct Text(String);

/// A parameter of the file: `$` and its name.
#[derive(JsonSchema)]
#[schemars(example = "$count", extend("pattern" = r"^\$[A-Za-z_][A-Za-z0-9_-]*$"))]
pub(super) struct Parameter(String);

/// A name: letters, digits, `-` and `_`, beginning with a letter or `_`. No word that other YAML readers take for true or
/// false.
#[derive(JsonSchema)]
#[schemars(extend("pattern" = NAME, "not" = { "pattern": BOOLEAN }))]
pub(super) struct Name(String);

/// A number and a unit (`ns`, `us`, `ms`, `s`, `m`, `h`, `d`), longer units first.
#[derive(JsonSchema)]
#[schemars(example = "2s", example = "1m30s", example = "250ms")]
#[schemars(extend("pattern" = DURATION, "patternErrorMessage" = "write a duration such as 2s, 250ms or 1m30s"))]
pub(super) struct Duration(String);

/// A duration, or two with `..` between them, both ends included: one is drawn for each event.
#[derive(JsonSchema)]
#[schemars(example = "2s", example = "1m..2m")]
#[schemars(extend("pattern" = DURATION_RANGE, "patternErrorMessage" = "write a duration such as 2s or 1m..2m"))]
pub(super) struct DurationRange(String);

/// How often: a number, or two with `..` between them, both ends included.
#[derive(JsonSchema)]
#[schemars(untagged, example = 3, example = "3..8")]
pub(super) enum Count {
    /// So often.
    Number(#[schemars(range(min = 1, max = crate::identity::TURNS))] u64),
    /// So often at least and at most.
    Range(CountRange),
}

/// Two counts with `..` between them, both ends included.
#[derive(JsonSchema)]
#[schemars(extend("pattern" = COUNT_RANGE, "not" = { "pattern": r"^\s*0+(\s*\.\.[=.]*\s*0+)?\s*$" }))]
pub(super) struct CountRange(String);

/// Events per second, minute, hour or day, in total.
#[derive(JsonSchema)]
#[schemars(example = "500/s", example = "20/m", example = "5k/d")]
#[schemars(extend("pattern" = RATE, "patternErrorMessage" = "write a rate such as 500/s"))]
pub(super) struct Rate(String);

/// Events per second, minute, hour or day, in total; more than none.
#[derive(JsonSchema)]
#[schemars(example = "500/s", example = "20/m", example = "5k/d")]
#[schemars(extend("pattern" = RATE, "not" = { "pattern": NO_RATE }))]
#[schemars(extend("patternErrorMessage" = "write a rate such as 500/s"))]
pub(super) struct SomeRate(String);

/// A time of day from "00:00" to "23:59", in quotes.
#[derive(JsonSchema)]
#[schemars(example = "14:00", extend("pattern" = r"^\s*([01]?[0-9]|2[0-3]):[0-5][0-9]\s*$"))]
pub(super) struct TimeOfDay(String);

/// A probability: a number above 0 and up to 1, or a percentage.
#[derive(JsonSchema)]
#[schemars(untagged, example = "50%", example = 0.1)]
pub(super) enum Chance {
    /// Above 0 and up to 1.
    Number(#[schemars(extend("exclusiveMinimum" = 0, "maximum" = 1))] f64),
    /// Above 0% and up to 100%.
    Percentage(Percentage),
}

/// A percentage above 0% and up to 100%.
#[derive(JsonSchema)]
#[schemars(extend("pattern" = PERCENTAGE, "not" = { "anyOf": [{ "pattern": NO_PERCENTAGE }, { "pattern": MANY_PERCENT }] }))]
pub(super) struct Percentage(String);

const PERCENTAGE: &str = r"^\s*\+?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?\s*%$";
const NO_PERCENTAGE: &str = r"^[\s0.+]*%$";
const MANY_PERCENT: &str = r"^\s*\+?0*([0-9]{4,}|[2-9][0-9]{2}|1[1-9][0-9]|10[1-9])(\.[0-9]*)?\s*%$";

/// The rate on Saturdays and Sundays, as a factor with up to three decimal places or a percentage.
#[derive(JsonSchema)]
#[schemars(untagged, example = 0.2, example = "20%")]
pub(super) enum Factor {
    /// From 0 to 1000.
    Number(#[schemars(range(min = 0, max = 1000))] f64),
    /// Percent.
    Percentage(#[schemars(extend("pattern" = PERCENTAGE))] String),
}

/// A method, by its name or its short name.
#[derive(JsonSchema)]
#[schemars(extend("pattern" = METHOD, "not" = { "pattern": ".[-_]failure$" }))]
pub(super) struct Method(String);

/// A call alone, as in the one-line form: `-failure` takes the method's usual failure, `:not-found` a named one.
#[derive(JsonSchema)]
#[schemars(extend("pattern" = SHORT_STEP, "not" = { "pattern": r"^\s*(call|choose):|.[-_]failure:" }))]
pub(super) struct ShortStep(String);

/// How a call ends: `success`, `auto` for whatever the state dictates, `failure` for the method's usual failure, or a
/// failure of the catalog.
#[derive(JsonSchema)]
#[schemars(extend("pattern" = NOT_BLANK))]
pub(super) struct Outcome(String);

/// A kind of principal, from the catalog.
#[derive(JsonSchema)]
#[schemars(extend("pattern" = NOT_BLANK))]
pub(super) struct ActorKind(String);

/// A kind of resource, from the catalog.
#[derive(JsonSchema)]
#[schemars(extend("pattern" = NOT_BLANK))]
pub(super) struct ResourceKind(String);

/// A shipped scenario by its name, or another file by its path relative to this one.
#[derive(JsonSchema)]
#[schemars(example = "busy-day", example = "parts/my-scenario.yaml", extend("pattern" = NOT_BLANK))]
pub(super) struct ScenarioName(String);

/// One word of letters, digits, `-`, `_` and `.`.
#[derive(JsonSchema)]
#[schemars(example = &"positive", example = &"near-miss", extend("pattern" = "^[A-Za-z0-9_.-]+$"))]
pub(super) struct Label(String);

/// A text with names in it, such as `${region.id}`.
#[derive(JsonSchema)]
#[schemars(example = "${house.id}/door=${door.id}")]
#[schemars(extend("pattern" = TEXT_WITH_NAMES, "patternErrorMessage" = "write names as ${door.id}"))]
pub(super) struct TextWithNames(String);
