//! Numbers as digits, without formatting machinery.

/// The most digits that a number has.
pub const MOST_DIGITS: usize = 20;

/// Writes a number to the beginning of `to`, and says how many digits it has.
///
/// # Panics
/// If there is no room for it.
pub fn put_number(mut number: u64, to: &mut [u8]) -> usize {
    let width = number.checked_ilog10().unwrap_or(0) as usize + 1;
    for place in to[..width].iter_mut().rev() {
        *place = b'0' + (number % 10) as u8;
        number /= 10;
    }
    width
}

/// Appends a whole number.
pub fn write_number(number: u64, out: &mut Vec<u8>) {
    let mut digits = [0; MOST_DIGITS];
    let width = put_number(number, &mut digits);
    out.extend_from_slice(&digits[..width]);
}

/// The 32 lower-case hexadecimal digits of `number`.
#[inline]
pub fn hex(number: u128) -> [u8; 32] {
    let mut digits = [0; 32];
    for (byte, place) in number.to_be_bytes().into_iter().zip(digits.chunks_exact_mut(2)) {
        place.copy_from_slice(&HEX[usize::from(byte)]);
    }
    digits
}

/// Two digits for every byte.
static HEX: [[u8; 2]; 256] = {
    let digits = b"0123456789abcdef";
    let mut pairs = [[0; 2]; 256];
    let mut byte = 0;
    while byte < 256 {
        pairs[byte] = [digits[byte >> 4], digits[byte & 15]];
        byte += 1;
    }
    pairs
};

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn digits_are_the_usual_ones(number: u128, narrow in 0..64_u32) {
            let digits = hex(number);
            prop_assert_eq!(String::from_utf8_lossy(&digits), format!("{number:032x}"));
            let mut out = Vec::new();
            write_number(number as u64 >> narrow, &mut out);
            prop_assert_eq!(String::from_utf8_lossy(&out), (number as u64 >> narrow).to_string());
        }
    }
}
