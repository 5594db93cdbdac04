//! The limits of this crate, units last.

use std::time::Duration;

use millrace_runtime::BLOCK_BYTES as RUNTIME_BLOCK_BYTES;

use crate::index::ArchivedIndexEntry;

/// What a segment is written in, in bytes: alignment of direct I/O.
pub(crate) const BLOCK_BYTES: u64 = RUNTIME_BLOCK_BYTES as u64;
/// Default of [`crate::LogOptions::large_run_bytes`].
pub(crate) const LARGE_RUN_BYTES: u64 = 256 * 1024;
/// Runs of a partition that are on their way straight to its segment at a time.
pub(crate) const SEGMENT_WRITES_AT_ONCE: usize = 4;
/// The most that one write to a segment carries, in bytes.
pub(crate) const RUN_BYTES_MAX: u64 = 4 * 1024 * 1024;
/// The most that one redo entry carries, in bytes.
pub(crate) const REDO_BYTES_MAX: u64 = 256 * 1024;
/// Default of [`crate::LogOptions::journal_commit_bytes`].
pub(crate) const COMMIT_BYTES: usize = 1024 * 1024;
/// Default of [`crate::LogOptions::tail_bytes`].
pub(crate) const TAIL_BYTES: usize = 64 * 1024 * 1024;
/// Default of [`crate::LogOptions::destage_bytes`].
pub(crate) const DESTAGE_BYTES: u64 = 1024 * 1024;
/// A tail's first chunk, in bytes: what an idle partition costs.
pub(crate) const CHUNK_BYTES_MIN: usize = 4 * 1024;
/// A tail's largest chunk, in bytes.
pub(crate) const CHUNK_BYTES_MAX: usize = 1024 * 1024;
/// Each chunk is this many times as large as the one before it, up to [`CHUNK_BYTES_MAX`].
pub(crate) const CHUNK_GROWTH: usize = 4;
/// A segment's first extent, in bytes.
pub(crate) const EXTENT_BYTES_MIN: u64 = 64 * 1024;
/// A segment's largest extent, in bytes.
pub(crate) const EXTENT_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// Default of [`crate::LogOptions::copied_bytes`].
pub(crate) const COPIED_BYTES: usize = 128 * 1024;
/// Default of [`crate::LogOptions::lent_bytes`].
pub(crate) const LENT_BYTES: usize = 128 * 1024 * 1024;
/// What a read gives of what only memory holds where memory is to be spared, in bytes: so much is sent at once.
pub(crate) const SPARING_READ_BYTES: u64 = 64 * 1024;
/// Default of [`crate::LogOptions::reader_descriptors`].
pub(crate) const READER_DESCRIPTORS: usize = 256;
/// Default of [`crate::LogOptions::producer_expiry_ms`]: a day, as in Kafka.
pub(crate) const PRODUCER_EXPIRY_MS: i64 = 86_400_000;
/// Batches that are remembered per producer and partition (Kafka's number; clients have at most as many in flight).
pub(crate) const PRODUCER_BATCHES: usize = 5;
/// What a scan of a segment reads at a time, in bytes.
pub(crate) const SCAN_BYTES: usize = 1024 * 1024;
/// A sealed segment is verified in pieces of this many bytes, each before it is first served.
pub(crate) const VERIFY_BYTES: u64 = 1024 * 1024;
/// What is read at least when it is verified and served in one, in bytes: a small fetch reads ahead of itself.
pub(crate) const UNVERIFIED_READ_BYTES_MIN: usize = 128 * 1024;
/// Default of [`crate::LogOptions::read_ahead_buffers`]: with [`SCAN_BYTES`] each, 16 MiB.
pub(crate) const READ_AHEAD_BUFFERS: usize = 16;
/// What was read ahead and is not asked for within this time is dropped, before twice of it.
pub(crate) const READ_AHEAD_KEPT: Duration = Duration::from_secs(1);
/// No batch is larger, in bytes: what its length field can say is not believed beyond this.
pub(crate) const BATCH_BYTES_MAX: u64 = 256 * 1024 * 1024;
/// A segment is never larger, in bytes: positions in the index are 32 bits wide.
pub(crate) const SEGMENT_BYTES_MAX: u64 = u32::MAX as u64 & !(BLOCK_BYTES - 1);
/// Offsets of a segment lie within this many of its base: as in Kafka, whose index has 31 bits for them.
pub(crate) const SEGMENT_OFFSETS: i64 = 1 << 31;
/// An entry of a segment's index in its file, in bytes.
pub(crate) const INDEX_ENTRY_BYTES: u64 = size_of::<ArchivedIndexEntry>() as u64;
/// A core writes a checkpoint at the latest when this many bytes went straight to segments since the last one: recovery
/// reads them again.
pub(crate) const STRAIGHT_BYTES_PER_CHECKPOINT: u64 = 256 * 1024 * 1024;
/// Default of [`crate::CleanerOptions::keys_bytes`]: Kafka's for a broker (`log.cleaner.dedupe.buffer.size`).
pub(crate) const KEYS_BYTES: usize = 128 * 1024 * 1024;
/// What the cleaner works on between two looks at what else the core has to do, in bytes; one batch at least.
pub(crate) const CLEAN_SLICE_BYTES: usize = 64 * 1024;
/// What the cleaner writes at a time, in bytes.
pub(crate) const CLEAN_WRITE_BYTES: usize = 256 * 1024;
/// By how much a file that the cleaner writes grows at a time, in bytes.
pub(crate) const CLEAN_EXTENT_BYTES: u64 = 4 * 1024 * 1024;

const _: () = assert!((CLEAN_WRITE_BYTES as u64).is_multiple_of(BLOCK_BYTES));
const _: () = assert!(CLEAN_EXTENT_BYTES.is_multiple_of(CLEAN_WRITE_BYTES as u64));
const _: () = assert!(CHUNK_BYTES_MIN.is_multiple_of(RUNTIME_BLOCK_BYTES));
const _: () = assert!(CHUNK_BYTES_MAX.is_multiple_of(CHUNK_BYTES_MIN));
const _: () =
    assert!(EXTENT_BYTES_MIN.is_multiple_of(BLOCK_BYTES) && EXTENT_BYTES_MAX.is_multiple_of(EXTENT_BYTES_MIN));
const _: () = assert!(RUN_BYTES_MAX.is_multiple_of(BLOCK_BYTES) && VERIFY_BYTES.is_multiple_of(BLOCK_BYTES));

/// The start of the block that `position` lies in, in bytes.
pub(crate) const fn block_floor(position: u64) -> u64 {
    position & !(BLOCK_BYTES - 1)
}

/// The end of the block that the byte before `position` lies in, in bytes.
pub(crate) const fn block_ceil(position: u64) -> u64 {
    block_floor(position + BLOCK_BYTES - 1)
}
