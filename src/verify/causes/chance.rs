//! The hypergeometric test that rules chance out, and shares in percent.

use super::Count;

/// A share in percent, with as many digits as it needs not to be 0 or 100.
pub fn percent(part: u64, all: u64) -> String {
    if all == 0 {
        return "0 %".to_owned();
    }
    let share = part as f64 * 100.0 / all as f64;
    let digits = if part == 0 || part == all || (1.0..=99.0).contains(&share) {
        usize::from(part != 0 && part != all && share < 10.0)
    } else {
        let away = share.min(100.0 - share).max(1e-9);
        (-away.log10()).ceil().clamp(1.0, 9.0) as usize
    };
    format!("{share:.digits$} %")
}

/// The natural logarithm of the chance that of `all.missing` events drawn from all, `with.missing` or more are among
/// `with.expected` certain ones.
pub(super) fn ln_tail(all: Count, with: Count) -> f64 {
    let (population, drawn, certain) = (all.expected as f64, all.missing as f64, with.expected as f64);
    let ln_term = |hits: f64| {
        ln_choose(certain, hits) + ln_choose(population - certain, drawn - hits) - ln_choose(population, drawn)
    };
    let first = with.missing as f64;
    if first <= drawn * certain / population {
        return 0.0;
    }
    let most = drawn.min(certain);
    let largest = ln_term(first);
    // Beyond the mean each term is smaller than the one before it.
    let mut sum = 0.0;
    let mut hits = first;
    while hits <= most {
        let term = (ln_term(hits) - largest).exp();
        sum += term;
        if term < 1e-9 {
            break;
        }
        hits += 1.0;
    }
    (largest + sum.ln()).min(0.0)
}

fn ln_choose(of: f64, taken: f64) -> f64 {
    if taken < 0.0 || taken > of {
        return f64::NEG_INFINITY;
    }
    libm::lgamma(of + 1.0) - libm::lgamma(taken + 1.0) - libm::lgamma(of - taken + 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_never_rounded_to_all_or_nothing() {
        for (part, all, text) in [
            (0, 7, "0 %"),
            (7, 7, "100 %"),
            (1, 1_000_000, "0.0001 %"),
            (999_999, 1_000_000, "99.9999 %"),
            (1, 2, "50 %"),
            (1, 30, "3.3 %"),
        ] {
            assert_eq!(percent(part, all), text);
        }
    }
}
