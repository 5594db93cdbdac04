//! Walking the batches of a segment's file.

use std::io;
use std::ops::Range;

use millrace_base::ids::Offset;
use millrace_base::io_error::DiskFault;
use millrace_record::RecordError;
use millrace_record::batch::{Batch, batches};
use millrace_record::header::{self, HEADER_BYTES, LENGTH_PREFIX_BYTES, MAGIC_V2};
use millrace_runtime::{Bytes, Core, File};

use crate::limits::{BATCH_BYTES_MAX, BLOCK_BYTES, SCAN_BYTES, block_floor};

/// Where a walk ended.
#[derive(Debug)]
pub(crate) struct ScanEnd {
    /// The end of the last sound batch, in bytes.
    pub(crate) position: u64,
    /// What is wrong behind it; nothing when the walk reached its end.
    pub(crate) damage: Option<String>,
}

/// Gives every sound batch that begins in `from..to` to `visit`, with its position, and stops at the first that is not,
/// or that `visit` does not accept. `from` is a batch's beginning; `end` is the segment's valid length; `read` gives
/// bytes of the segment, fewer than asked for only at its end.
///
/// # Errors
/// Those of `read`.
pub(crate) async fn scan<E>(
    read: impl AsyncFn(u64, usize) -> Result<Bytes, E>,
    from: u64,
    to: u64,
    end: u64,
    visit: &mut dyn FnMut(u64, &Batch<'_>) -> bool,
) -> Result<ScanEnd, E> {
    let mut position = from;
    let mut wanted = chunk_bytes(position);
    while position < to {
        let asked = wanted.min((end - position) as usize);
        let bytes = read_joined(&read, position, asked).await?;
        let mut used = 0;
        let mut damage = None;
        for batch in batches(&bytes) {
            let at = position + used as u64;
            if at >= to {
                return Ok(ScanEnd { position: at, damage: None });
            }
            match batch.and_then(|batch| batch.check_crc().map(|()| batch)) {
                Ok(batch) if visit(at, &batch) => used += batch.batch_bytes(),
                Ok(batch) => {
                    let damage =
                        format!("offset {} of epoch {} is out of place", batch.base_offset(), batch.leader_epoch());
                    return Ok(ScanEnd { position: at, damage: Some(damage) });
                }
                Err(error) => {
                    damage = Some(error);
                    break;
                }
            }
        }
        position += used as u64;
        let needed = match damage {
            None => 0,
            Some(RecordError::Incomplete { needed_bytes, .. }) => needed_bytes,
            Some(error) => return Ok(ScanEnd { position, damage: Some(error.to_string()) }),
        };
        let is_cut = needed as u64 > BATCH_BYTES_MAX || position + needed as u64 > end;
        if is_cut || (used == 0 && bytes.len() < asked) || bytes.is_empty() {
            return Ok(ScanEnd { position, damage: Some(format!("the batch at {position} is cut")) });
        }
        wanted = needed.max(chunk_bytes(position));
    }
    Ok(ScanEnd { position, damage: None })
}

/// The bytes `from..from + bytes`, read piece by piece; fewer at the end.
async fn read_joined<E>(
    read: impl AsyncFn(u64, usize) -> Result<Bytes, E>,
    from: u64,
    bytes: usize,
) -> Result<Bytes, E> {
    let first = read(from, bytes.min(chunk_bytes(from))).await?;
    if first.len() == bytes {
        return Ok(first);
    }
    let mut joined = first.to_vec();
    while joined.len() < bytes {
        let at = from + joined.len() as u64;
        let more = read(at, (bytes - joined.len()).min(chunk_bytes(at))).await?;
        if more.is_empty() {
            break;
        }
        joined.extend_from_slice(&more);
    }
    Ok(Bytes::from(joined))
}

/// How many bytes are read at a time from `position` on: with the start of its block they fit in one pooled buffer.
pub(crate) fn chunk_bytes(position: u64) -> usize {
    SCAN_BYTES - (position - block_floor(position)) as usize
}

/// The next sound batch behind damage: the damaged one begins at `damaged`, the segment's valid length is `end`. A
/// batch is looked for where the damaged one's length says, then at every byte; it counts when its offsets lie within
/// `offsets`, its checksum is right, and `accept` has nothing against it. Gives its position and base offset.
///
/// # Errors
/// Those of `read`.
pub(crate) async fn find_batch<E>(
    read: impl AsyncFn(u64, usize) -> Result<Bytes, E>,
    damaged: u64,
    end: u64,
    offsets: Range<Offset>,
    accept: impl Fn(&Batch<'_>) -> bool,
) -> Result<Option<(u64, Offset)>, E> {
    let sound_at = async |position: u64| -> Result<Option<(u64, Offset)>, E> {
        let head = read(position, HEADER_BYTES).await?;
        let Some(bytes) = plausible_bytes(&head, &offsets).filter(|bytes| position + bytes <= end) else {
            return Ok(None);
        };
        let whole = read_joined(&read, position, bytes as usize).await?;
        let Ok(batch) = Batch::first(&whole) else { return Ok(None) };
        let is_sound = batch.next_offset() <= offsets.end && accept(&batch) && batch.crc_is_valid();
        Ok(is_sound.then_some((position, batch.base_offset())))
    };
    let head = read(damaged, HEADER_BYTES).await?;
    if let Some(bytes) = length_of(&head).filter(|bytes| damaged + bytes <= end)
        && let Some(found) = sound_at(damaged + bytes).await?
    {
        return Ok(Some(found));
    }
    let mut at = damaged + 1;
    while at + HEADER_BYTES as u64 <= end {
        let bytes = read(at, chunk_bytes(at).min((end - at) as usize)).await?;
        if bytes.len() < HEADER_BYTES {
            break;
        }
        for (skip, window) in bytes.windows(HEADER_BYTES).enumerate() {
            let position = at + skip as u64;
            if plausible_bytes(window, &offsets).is_some_and(|bytes| position + bytes <= end)
                && let Some(found) = sound_at(position).await?
            {
                return Ok(Some(found));
            }
        }
        at += (bytes.len() - HEADER_BYTES + 1) as u64;
    }
    Ok(None)
}

/// The length that a batch's header says, in bytes, if a batch can have it.
fn length_of(head: &[u8]) -> Option<u64> {
    let archived = header::view(head).ok()?;
    let bytes = u64::try_from(archived.batch_length.to_native()).ok()? + LENGTH_PREFIX_BYTES as u64;
    (HEADER_BYTES as u64..=BATCH_BYTES_MAX).contains(&bytes).then_some(bytes)
}

/// The same, if it is a header of our format whose offset lies within `offsets`.
fn plausible_bytes(head: &[u8], offsets: &Range<Offset>) -> Option<u64> {
    let archived = header::view(head).ok()?;
    let is_plausible = archived.magic == MAGIC_V2 && offsets.contains(&archived.base_offset.to_native());
    length_of(head).filter(|_| is_plausible)
}

/// The bytes `from..from + bytes` of a file, direct or not; fewer at its end.
///
/// # Errors
/// The disk's.
pub(crate) async fn read_range(core: &Core, file: &File, from: u64, bytes: usize) -> io::Result<Bytes> {
    let start = block_floor(from);
    let skip = (from - start) as usize;
    let wanted = (skip + bytes).next_multiple_of(BLOCK_BYTES as usize);
    let mut buffer = core.buffers().alloc_wait(wanted).await;
    buffer.limit_capacity(wanted);
    let (count, buffer) = file.read_at(core, buffer, start).await;
    let count = count?;
    Ok(buffer.freeze().slice(skip.min(count)..(skip + bytes).min(count)))
}

/// As [`read_range`], with zeros in place of blocks that the disk cannot give: no batch with them is sound.
///
/// # Errors
/// The disk's, unless it is that a block is unreadable.
pub(crate) async fn read_around_damage(core: &Core, file: &File, from: u64, bytes: usize) -> io::Result<Bytes> {
    match read_range(core, file, from, bytes).await {
        Err(error) if DiskFault::of_read(&error).is_fatal() => {}
        read => return read,
    }
    let mut around = Vec::with_capacity(bytes);
    let to = from + bytes as u64;
    let mut at = from;
    while at < to {
        let wanted = (block_floor(at + BLOCK_BYTES).min(to) - at) as usize;
        match read_range(core, file, at, wanted).await {
            Ok(found) if found.len() < wanted => {
                around.extend_from_slice(&found);
                break;
            }
            Ok(found) => around.extend_from_slice(&found),
            Err(error) if DiskFault::of_read(&error).is_fatal() => {
                tracing::error!(file = %file.path().display(), at, %error, "an unreadable block");
                around.resize(around.len() + wanted, 0);
            }
            Err(error) => return Err(error),
        }
        at += wanted as u64;
    }
    Ok(Bytes::from(around))
}
