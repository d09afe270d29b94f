//! The current item of a loop over a list.

/// The current item of a loop; loops do not nest.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Item {
    pub(crate) index: u32,
    /// index of the item's first value
    pub(crate) first: usize,
    /// values of each item
    pub(crate) width: usize,
    /// number of items
    pub(crate) items: u32,
}

/// Formats a number in decimal.
pub(super) fn digits(mut number: u32, buffer: &mut [u8; 10]) -> &[u8] {
    let mut at = buffer.len();
    loop {
        at -= 1;
        buffer[at] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            return &buffer[at..];
        }
    }
}
