//! Appending short pieces: the one place where rendering goes around the library's checks.
//!
//! A piece of unknown length costs a call of `memcpy` and the growing vector's questions, more than the copy itself.
//! Here it is copied in whole blocks, each of which is two or four instructions, with whatever stands behind it; the
//! next piece overwrites the surplus.
//!
//! Nothing is asked of the caller: what cannot be copied so is copied safely. So a wrong range panics, as it does with
//! slices, and never reads or writes elsewhere.

#![expect(unsafe_code, reason = "pieces are most of rendering; every range is checked where it is used")]

use std::ptr::copy_nonoverlapping;

/// Bytes that are copied at once; buffers of pieces have that many more at their end, so that the last one is fast.
pub(crate) const BLOCK: usize = 32;

/// Longer pieces are worth a call.
const LONGEST: usize = 6 * BLOCK;

/// Appends `from[start..start + length]`.
///
/// # Panics
/// If that is not a range of `from`.
#[inline]
pub(crate) fn piece(out: &mut Vec<u8>, from: &[u8], start: usize, length: usize) {
    let blocks = length.min(LONGEST).next_multiple_of(BLOCK);
    let is_inside = start < from.len() && from.len() - start >= blocks;
    if length > LONGEST || !is_inside || out.capacity() - out.len() < blocks {
        out.extend_from_slice(&from[start..][..length]);
        return;
    }
    // SAFETY: `blocks` bytes from `start` on lie in `from`, which is initialized, and as many behind `out`'s length
    // lie in its memory; a shared and an exclusive borrow do not overlap.
    unsafe { copy_blocks(from.as_ptr().add(start), out, length, blocks) }
}

/// Appends `out[start..start + length]`.
///
/// # Panics
/// If that is not a range of `out`.
#[inline]
pub(crate) fn piece_within(out: &mut Vec<u8>, start: usize, length: usize) {
    let blocks = length.min(LONGEST).next_multiple_of(BLOCK);
    let is_inside = start < out.len() && out.len() - start >= blocks;
    if length > LONGEST || !is_inside || out.capacity() - out.len() < blocks {
        out.extend_from_within(start..start + length);
        return;
    }
    // SAFETY: `blocks` bytes from `start` on lie before `out`'s length, where it is initialized, and are copied
    // behind its length, where as many lie in its memory: the two do not overlap.
    unsafe { copy_blocks(out.as_ptr().add(start), out, length, blocks) }
}

/// Copies `blocks` bytes from `source` behind the end of `out`, and makes it `length` bytes longer.
///
/// # Safety
/// `blocks` is a multiple of [`BLOCK`] and at least `length`; so many bytes at `source` are initialized, so many behind
/// the length of `out` are within its capacity, and the two do not overlap.
#[inline]
unsafe fn copy_blocks(source: *const u8, out: &mut Vec<u8>, length: usize, blocks: usize) {
    let end = out.len();
    // SAFETY: as the caller promises; what `out` then has was initialized here.
    unsafe {
        let target = out.as_mut_ptr().add(end);
        let mut at = 0;
        while at < blocks {
            copy_nonoverlapping(source.add(at), target.add(at), BLOCK);
            at += BLOCK;
        }
        out.set_len(end + length);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn pieces_are_what_slices_are(
            from in prop::collection::vec(any::<u8>(), 0..400),
            already in prop::collection::vec(any::<u8>(), 0..100),
            room in 0..500_usize,
            ranges in prop::collection::vec((0.0..1.0, 0.0..1.0), 0..40),
        ) {
            let mut out = Vec::with_capacity(already.len() + room);
            out.extend_from_slice(&already);
            let mut expected = already;
            for (number, (start, length)) in ranges.into_iter().enumerate() {
                let of = if number % 2 == 0 { from.len() } else { expected.len() };
                let start = (start * of as f64) as usize;
                let length = (length * (of - start) as f64) as usize;
                if number % 2 == 0 {
                    piece(&mut out, &from, start, length);
                    expected.extend_from_slice(&from[start..start + length]);
                } else if expected.len() < 10_000 {
                    piece_within(&mut out, start, length);
                    expected.extend_from_within(start..start + length);
                }
                prop_assert_eq!(&out, &expected);
            }
        }

        #[test]
        fn what_is_no_range_panics(size in 0..300_usize, start in 0..400_usize, length in 0..400_usize, room: bool) {
            prop_assume!(start + length > size);
            let from = vec![1; size];
            let mut out = Vec::with_capacity(if room { 2_000 } else { 0 });
            prop_assert!(std::panic::catch_unwind(move || piece(&mut out, &from, start, length)).is_err());
            let mut out = vec![1; size];
            out.reserve(if room { 2_000 } else { 0 });
            prop_assert!(std::panic::catch_unwind(move || piece_within(&mut out, start, length)).is_err());
        }
    }
}
