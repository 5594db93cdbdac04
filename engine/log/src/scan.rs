//! Walking the batches of a segment's file.

use std::io;

use millrace_record::RecordError;
use millrace_record::batch::{Batch, batches};
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
    let mut read_to = from;
    let mut bytes: Vec<u8> = Vec::new();
    loop {
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
        bytes.drain(..used);
        position += used as u64;
        if position >= to {
            return Ok(ScanEnd { position, damage: None });
        }
        let is_cut = damage.as_ref().is_none_or(RecordError::is_incomplete);
        if !is_cut || bytes.len() as u64 > BATCH_BYTES_MAX {
            return Ok(ScanEnd {
                position,
                damage: Some(damage.map_or_else(String::new, |damage| damage.to_string())),
            });
        }
        let more = read(read_to, SCAN_BYTES.min((end - read_to) as usize)).await?;
        if more.is_empty() {
            return Ok(ScanEnd { position, damage: Some(format!("a batch is cut at {read_to}")) });
        }
        read_to += more.len() as u64;
        bytes.extend_from_slice(&more);
    }
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
