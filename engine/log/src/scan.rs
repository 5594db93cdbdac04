//! Walking the batches of a segment's file.

use std::io;
use std::ops::Range;

use millrace_base::ids::Offset;
use millrace_base::io_error::DiskFault;
use millrace_record::RecordError;
use millrace_record::batch::{Batch, batches};
use millrace_record::header::{self, HEADER_BYTES, LENGTH_PREFIX_BYTES, MAGICS_STORED};
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
    let is_plausible = MAGICS_STORED.contains(&archived.magic) && offsets.contains(&archived.base_offset.to_native());
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

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use futures_util::FutureExt;
    use millrace_record::header::{LENGTH_PREFIX_BYTES, stamp};

    use super::*;
    use crate::testing::batch_bytes;

    const EPOCH: i32 = 3;

    /// Batches of two records each, from offset 100 on, with values of these sizes.
    fn segment(values: &[usize]) -> (Vec<u8>, Vec<u64>) {
        let (mut bytes, mut positions) = (Vec::new(), Vec::new());
        for (index, value_bytes) in values.iter().enumerate() {
            let mut batch = batch_bytes(None, 2, 0, &vec![7; *value_bytes]);
            stamp(&mut batch, 100 + 2 * index as Offset, EPOCH).unwrap();
            positions.push(bytes.len() as u64);
            bytes.extend_from_slice(&batch);
        }
        (bytes, positions)
    }

    /// What a file of these bytes gives.
    async fn slice(bytes: &[u8], from: u64, wanted: usize) -> Result<Bytes, Infallible> {
        let rest = bytes.get(from as usize..).unwrap_or_default();
        Ok(Bytes::from(rest[..wanted.min(rest.len())].to_vec()))
    }

    /// The positions that a scan of `from..to` visits, where it ends, and whether at damage; `refused` is not accepted.
    fn scanned(bytes: &[u8], from: u64, to: u64, refused: u64) -> (Vec<u64>, u64, bool) {
        let mut visited = Vec::new();
        let mut visit = |position, _: &Batch<'_>| {
            visited.push(position);
            position != refused
        };
        let read = async |from, wanted| slice(bytes, from, wanted).await;
        let end = scan(read, from, to, bytes.len() as u64, &mut visit).now_or_never().unwrap().unwrap();
        (visited, end.position, end.damage.is_some())
    }

    fn found(bytes: &[u8], damaged: u64, offsets: Range<Offset>) -> Option<(u64, Offset)> {
        let read = async |from, wanted| slice(bytes, from, wanted).await;
        let accept = |batch: &Batch<'_>| batch.leader_epoch() == EPOCH;
        find_batch(read, damaged, bytes.len() as u64, offsets, accept).now_or_never().unwrap().unwrap()
    }

    #[test]
    fn every_batch_that_begins_in_the_range_is_visited() {
        // The third is larger than what is read at a time.
        let (bytes, at) = segment(&[10, 5_000, SCAN_BYTES, 20, 30]);
        let end = bytes.len() as u64;
        assert_eq!(scanned(&bytes, 0, end, u64::MAX), (at.clone(), end, false));
        assert_eq!(scanned(&bytes, at[1], end, u64::MAX), (at[1..].to_vec(), end, false));
        assert_eq!(scanned(&bytes, 0, at[3], u64::MAX), (at[..3].to_vec(), at[3], false));
        assert_eq!(scanned(&bytes, 0, at[3] + 1, u64::MAX), (at[..4].to_vec(), at[4], false));
        assert_eq!(scanned(&bytes, at[4], at[4], u64::MAX), (vec![], at[4], false));
        assert_eq!(scanned(&bytes, 0, end, at[3]), (at[..4].to_vec(), at[3], true), "it is not accepted");
    }

    #[test]
    fn a_batch_that_is_larger_than_what_is_read_at_a_time_may_be_the_last_one() {
        for values in [&[10, SCAN_BYTES][..], &[SCAN_BYTES]] {
            let (bytes, at) = segment(values);
            let end = bytes.len() as u64;
            assert_eq!(scanned(&bytes, 0, end, u64::MAX), (at, end, false));
        }
    }

    #[test]
    fn a_scan_ends_where_the_file_does_also_when_there_should_be_more() {
        let (bytes, at) = segment(&[10, 300, 20]);
        let short = &bytes[..bytes.len() - 5];
        let read = async |from, wanted| slice(short, from, wanted).await;
        let end = scan(read, 0, u64::MAX, bytes.len() as u64, &mut |_, _| true).now_or_never().unwrap().unwrap();
        assert_eq!((end.position, end.damage.is_some()), (at[2], true));
    }

    #[test]
    fn a_scan_ends_at_damage_and_at_a_part_of_a_batch() {
        let (mut bytes, at) = segment(&[10, 5_000, SCAN_BYTES, 20]);
        for cut in [1, 20, 70] {
            let part = &bytes[..bytes.len() - cut];
            assert_eq!(scanned(part, 0, part.len() as u64, u64::MAX), (at[..3].to_vec(), at[3], true), "{cut} are cut");
        }
        let part = &bytes[..at[3] as usize - 1];
        assert_eq!(scanned(part, 0, part.len() as u64, u64::MAX), (at[..2].to_vec(), at[2], true));
        bytes[at[2] as usize + 100] ^= 1;
        assert_eq!(scanned(&bytes, 0, bytes.len() as u64, u64::MAX), (at[..2].to_vec(), at[2], true));
    }

    #[test]
    fn the_batch_behind_damage_is_found_by_its_length_and_without() {
        let (bytes, at) = segment(&[10, 300, 20, 30]);
        let end = 100..108;
        let (mut damaged, mut lengthless) = (bytes.clone(), bytes.clone());
        damaged[at[1] as usize + 100] ^= 1;
        assert_eq!(found(&damaged, at[1], end.clone()), Some((at[2], 104)));
        lengthless[at[1] as usize..at[1] as usize + HEADER_BYTES].fill(0xff);
        assert_eq!(found(&lengthless, at[1], end.clone()), Some((at[2], 104)));
        // One that seems to be as long as two is passed over with what it seems to hold.
        let both = (at[3] - at[1]) as i32 - LENGTH_PREFIX_BYTES as i32;
        damaged[at[1] as usize + 8..at[1] as usize + 12].copy_from_slice(&both.to_be_bytes());
        assert_eq!(found(&damaged, at[1], end.clone()), Some((at[3], 106)));
        assert_eq!(found(&bytes, at[3], end), None, "nothing follows");
    }

    #[test]
    fn only_a_sound_batch_of_the_log_is_found() {
        let (mut bytes, at) = segment(&[10, 300, 20, 30]);
        bytes[at[1] as usize + 8] = 0xff;
        assert_eq!(found(&bytes, at[1], 100..106), Some((at[2], 104)));
        assert_eq!(found(&bytes, at[1], 104..106), Some((at[2], 104)));
        assert_eq!(found(&bytes, at[1], 100..105), None, "it ends behind the log");
        assert_eq!(found(&bytes, at[1], 105..108), Some((at[3], 106)), "it begins before what is missing");
        let mut of_other_epoch = bytes.clone();
        stamp(&mut of_other_epoch[at[2] as usize..], 104, EPOCH + 1).unwrap();
        assert_eq!(found(&of_other_epoch, at[1], 100..108), Some((at[3], 106)));
        let mut damaged = bytes.clone();
        damaged[at[2] as usize + 80] ^= 1;
        assert_eq!(found(&damaged, at[1], 100..108), Some((at[3], 106)));
        assert_eq!(found(&bytes[..bytes.len() - 1], at[2], 100..108), None, "a part of it is missing");
        assert_eq!(found(&bytes[..at[3] as usize + 5], at[2], 100..108), None);
    }

    #[test]
    fn a_batch_is_found_wherever_it_lies_in_what_is_read_at_a_time() {
        let (batch, _) = segment(&[10]);
        for before in [0, 1, 2, 30, HEADER_BYTES - 1, HEADER_BYTES, HEADER_BYTES + 1, HEADER_BYTES + 2] {
            let junk = vec![0; SCAN_BYTES - HEADER_BYTES - 1 + before];
            let bytes = [&junk[..], &batch].concat();
            assert_eq!(found(&bytes, 0, 100..102), Some((junk.len() as u64, 100)), "behind {} bytes", junk.len());
        }
    }
}
