//! Reader of the key `daily` of a mix: a rate that follows the time of day.

use super::Daily;
use crate::{
    units::{Rate, TimeOfDay, time_of_day, zone},
    yaml::{Node, Reader, Spanned, Value},
};

/// The highest weekend factor, in thousandths.
const MOST: f64 = 1_000_000.0;

/// Reads `{ peak, trough, peak_at, timezone, weekend }`.
pub(super) fn read(reader: &Reader, node: &Node) -> Option<Daily> {
    let example = "{ peak: 500/s, trough: 20/s, peak_at: \"14:00\" }";
    let mut map = reader.map_as(node, "a daily curve", example)?;
    let peak = map.read_required("peak", Reader::rate);
    let trough = map.read_required("trough", Reader::rate);
    let peak_at = map.read_required("peak_at", clock);
    let timezone = map.read("timezone", |reader, node, what| {
        let text = reader.text(node, what)?;
        reader.unit(node, what, zone(&text.value))
    });
    let weekend = map.read("weekend", weekend);
    map.finish();
    if let Some(peak) = &peak {
        check(reader, peak, trough.as_ref(), weekend.as_ref());
    }
    Some(Daily { peak: peak?, trough: trough?, peak_at: peak_at?, timezone, weekend })
}

/// Reads a time of day. It must be quoted.
fn clock(reader: &Reader, node: &Node, what: &str) -> Option<Spanned<TimeOfDay>> {
    if let (Value::Text(text), false, None) = (&node.value, node.quoted, &node.defined)
        && let Ok(time) = time_of_day(text)
    {
        // Print two digits for the hour: some YAML readers read 09:30 as a text and 9:30 as a number.
        let found = reader.diagnostic(&node.span, format!("{what}: a time of day needs quotes"));
        reader.report(found.help(format!("write \"{time}\"; other YAML readers take `{text}` for a number")));
        return None;
    }
    let text = reader.text(node, what)?;
    reader.unit(node, what, time_of_day(&text.value))
}

/// Reads a factor of at least 0 with up to three decimal places, or a percentage; returns thousandths.
fn weekend(reader: &Reader, node: &Node, what: &str) -> Option<Spanned<u32>> {
    const WANTED: &str = "a factor from 0, such as `0.2`, or a percentage such as `20%`";
    let thousandths = match &node.value {
        Value::Int(value) => Some(*value as f64 * 1_000.0),
        Value::Float(value) => Some(*value * 1_000.0),
        Value::Text(text) => {
            let percent = text.strip_suffix('%').and_then(|number| number.trim().parse::<f64>().ok());
            percent.map(|percent| percent * 10.0)
        }
        _ => None,
    };
    match thousandths {
        Some(exact) if (0.0..=MOST).contains(&exact) => {
            let rounded = exact.round();
            if (exact - rounded).abs() > 1e-6 {
                let found = reader.diagnostic(&node.span, format!("{what} is too fine"));
                reader
                    .report(found.help(format!("write at most three decimal places, such as `{}`", rounded / 1_000.0)));
            }
            Some(Spanned::new(rounded as u32, node.span.clone()))
        }
        Some(exact) if exact > MOST => reader.wrong(node, what, "a factor of at most `1000`"),
        _ => reader.wrong(node, what, WANTED),
    }
}

/// Checks that the values are consistent with each other.
fn check(reader: &Reader, peak: &Spanned<Rate>, trough: Option<&Spanned<Rate>>, weekend: Option<&Spanned<u32>>) {
    if let Some(trough) = trough.filter(|trough| trough.value > peak.value) {
        let message = format!("the peak of {} is below the trough of {}", peak.value, trough.value);
        let swapped = format!("write `peak: {}, trough: {}`", trough.value, peak.value);
        reader.report(reader.diagnostic(&peak.span, message).help(swapped));
    } else if peak.value == Rate::ZERO {
        let found = reader.diagnostic(&peak.span, "a peak of 0 is no events");
        reader.report(found.help("write `1/s`, or less as `1/h`"));
    }
    if let Some(weekend) = weekend.filter(|weekend| !peak.value.can_be_multiplied(weekend.value)) {
        let message = format!("the peak of {} is too high on weekends", peak.value);
        reader.report(reader.diagnostic(&weekend.span, message).help("the highest rate is `10M/s`"));
    }
}
