//! Fast decimal formatting of unsigned integers.

/// Maximum number of digits.
pub(crate) const MOST_DIGITS: usize = 20;

/// Writes a number to the start of `to`; returns its number of digits.
///
/// # Panics
/// If `to` is too short.
pub(crate) fn put_number(mut number: u64, to: &mut [u8]) -> usize {
    let width = number.checked_ilog10().unwrap_or(0) as usize + 1;
    for place in to[..width].iter_mut().rev() {
        *place = b'0' + (number % 10) as u8;
        number /= 10;
    }
    width
}

/// Appends a number in decimal.
pub(crate) fn write_number(number: u64, out: &mut Vec<u8>) {
    let mut digits = [0; MOST_DIGITS];
    let width = put_number(number, &mut digits);
    out.extend_from_slice(&digits[..width]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn digits_are_the_usual_ones(number: u64, narrow in 0..64_u32) {
            let mut out = Vec::new();
            write_number(number >> narrow, &mut out);
            prop_assert_eq!(String::from_utf8_lossy(&out), (number >> narrow).to_string());
        }
    }
}
