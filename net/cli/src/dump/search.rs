//! Finding the next batch behind bytes that are none.

use millrace_record::batch::{Batch, framed_bytes};
use millrace_record::header::{ATTRIBUTE_DELETE_HORIZON, HEADER_BYTES, MAGIC_PREFIX_BYTES, MAGICS_STORED, view};

/// Beyond this no partition's offsets have come, nor its leader epochs beyond the other one: what says so is no header.
const OFFSET_MAX: i64 = 1 << 48;
const EPOCH_MAX: i32 = 1 << 24;

/// The size that the batch at the beginning of `bytes` would have, if a header can be there. Nearly never in bytes that
/// are none, so that the checksum, which costs more, decides about few.
pub(super) fn could_be_batch(bytes: &[u8]) -> Option<usize> {
    let header = view(bytes).ok()?;
    let attributes = header.attributes.to_native();
    let (count, last_delta) = (header.record_count.to_native(), header.last_offset_delta.to_native());
    let is_likely = MAGICS_STORED.contains(&header.magic)
        && (0..OFFSET_MAX).contains(&header.base_offset.to_native())
        && (-1..EPOCH_MAX).contains(&header.partition_leader_epoch.to_native())
        && (0..ATTRIBUTE_DELETE_HORIZON * 2).contains(&attributes)
        && (0..i32::MAX).contains(&last_delta)
        && (0..=last_delta + 1).contains(&count);
    if is_likely { framed_bytes(bytes).ok() } else { None }
}

/// Whether these bytes are a whole batch with the right checksum.
pub(super) fn is_batch(bytes: &[u8]) -> bool {
    Batch::first(bytes).is_ok_and(|batch| batch.batch_bytes() == bytes.len() && batch.crc_is_valid())
}

/// The first place in `window` where a header can be, and the size that its batch would have.
pub(super) fn first_candidate(window: &[u8]) -> Option<(usize, usize)> {
    let magic_at = MAGIC_PREFIX_BYTES - 1;
    let last = window.len().checked_sub(HEADER_BYTES)?;
    // Most bytes are no magic: look for it first.
    let magics = window.get(magic_at..=last + magic_at)?.iter().enumerate();
    let mut places = magics.filter(|(_, byte)| MAGICS_STORED.contains(&byte.cast_signed())).map(|(at, _)| at);
    places.find_map(|at| Some((at, could_be_batch(window.get(at..)?)?)))
}
