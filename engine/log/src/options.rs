//! What may be chosen about a log directory and about one partition.

use std::time::Duration;

use millrace_base::broker_config::Durability;
use millrace_base::topic_config::Compaction;
use millrace_record::header::TimestampType;

use crate::limits;

/// How appends reach stable storage.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WritePath {
    /// Small runs through the core's journal; runs of at least [`LogOptions::large_run_bytes`] straight to their
    /// segment.
    #[default]
    Journal,
    /// Every run straight to its segment as soon as it holds a whole block, the rest through the journal. Kept for the
    /// comparison in `docs/decisions/`.
    Straight,
}

/// What one core does with one log directory.
#[derive(Clone, Debug)]
pub struct LogOptions {
    /// A run of at least this many bytes goes straight to its segment, and the journal holds its checksum only. Default
    /// 256 KiB; at least a block.
    pub large_run_bytes: u64,
    /// See [`WritePath`].
    pub write_path: WritePath,
    /// Recent bytes of all partitions of the core that are kept in memory, in bytes. When what is not yet in segments
    /// fills it, appends wait.
    pub tail_bytes: usize,
    /// A partition with this many bytes that are durable in the journal only writes them to its segment.
    pub destage_bytes: u64,
    /// Bytes of the first journal file.
    pub journal_first_bytes: u64,
    /// Bytes of each further journal file.
    pub journal_file_bytes: u64,
    /// Number of journal files.
    pub journal_files: usize,
    /// The largest journal record, in bytes; more than [`LogOptions::large_run_bytes`] and two blocks.
    pub journal_commit_bytes: usize,
    /// The most bytes of a file that a read gives in memory when they were verified before, inclusive: so few cost less
    /// to copy than to splice (`docs/decisions/006`).
    pub copied_bytes: usize,
    /// Memory of a core's buffers beside its tails, in bytes, beyond which reads give what files hold from there, and a
    /// copy of little of what only memory does: most of it is in answers whose readers are slow.
    pub lent_bytes: usize,
    /// Descriptors of segments that a core keeps open for readers.
    pub reader_descriptors: usize,
    /// Buffers of a core, of at most 1 MiB each, with what readers of cold data are likely to ask for next; 0: nothing
    /// is read ahead.
    pub read_ahead_buffers: usize,
    /// A producer that sent nothing for this long is forgotten, in ms (Kafka's `producer.id.expiration.ms`).
    pub producer_expiry_ms: i64,
}

impl Default for LogOptions {
    fn default() -> LogOptions {
        LogOptions {
            large_run_bytes: limits::LARGE_RUN_BYTES,
            write_path: WritePath::Journal,
            tail_bytes: limits::TAIL_BYTES,
            destage_bytes: limits::DESTAGE_BYTES,
            journal_first_bytes: 8 * 1024 * 1024,
            journal_file_bytes: 32 * 1024 * 1024,
            journal_files: 4,
            journal_commit_bytes: limits::COMMIT_BYTES,
            copied_bytes: limits::COPIED_BYTES,
            lent_bytes: limits::LENT_BYTES,
            reader_descriptors: limits::READER_DESCRIPTORS,
            read_ahead_buffers: limits::READ_AHEAD_BUFFERS,
            producer_expiry_ms: limits::PRODUCER_EXPIRY_MS,
        }
    }
}

/// A topic's settings that its partitions' logs obey. Defaults are Kafka's, but that everything is kept.
#[derive(Clone, Debug, PartialEq)]
pub struct PartitionConfig {
    /// `millrace.durability`: with [`Durability::Relaxed`] what was appended is committed before it is durable.
    pub durability: Durability,
    /// `segment.bytes`: a batch that would grow the segment beyond this begins a new one.
    pub segment_bytes: u64,
    /// `segment.ms`: a segment whose first batch is older than this (by the batches' own timestamps, as in Kafka) is
    /// followed by a new one at the next append.
    pub segment_ms: i64,
    /// `file.delete.delay.ms`: how long the files of what was deleted stay on the disk.
    pub file_delete_delay: Duration,
    /// `segment.jitter.ms`: by so much at most `segment_ms` is shortened, by another amount for each segment.
    pub segment_jitter_ms: i64,
    /// `segment.index.bytes`: a segment whose index would pass this is followed by a new one at the next append.
    pub segment_index_bytes: u64,
    /// `preallocate`: a segment gets all of its space when it is begun.
    pub is_preallocated: bool,
    /// `index.interval.bytes`.
    pub index_interval_bytes: u64,
    /// `message.timestamp.type`.
    pub timestamp_type: TimestampType,
    /// `retention.ms`, if the topic's cleanup policy has `delete` and it is not unlimited.
    pub retention_ms: Option<i64>,
    /// `retention.bytes`, likewise.
    pub retention_bytes: Option<u64>,
    /// What the cleaner obeys, if the topic's cleanup policy has `compact`.
    pub compaction: Option<Compaction>,
}

impl PartitionConfig {
    /// The most bytes of a segment.
    pub(crate) fn segment_bytes_max(&self) -> u64 {
        self.segment_bytes.min(limits::SEGMENT_BYTES_MAX)
    }

    /// What a new segment's file gets at first when `bytes` are to be written to it.
    pub(crate) fn first_bytes(&self, bytes: u64) -> u64 {
        if self.is_preallocated { bytes.max(self.segment_bytes_max()) } else { bytes }
    }
}

/// What the cleaner of a core may use.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CleanerOptions {
    /// Bytes of memory for the keys of one cleaning; a partition whose keys do not fit takes several. At least
    /// [`CleanerOptions::KEYS_BYTES_MIN`].
    pub keys_bytes: usize,
    /// How much of that memory is filled at most (`log.cleaner.io.buffer.load.factor`), above 0 and below 1.
    pub load_factor: f64,
    /// Bytes that may be read and written a second, both counted.
    pub bytes_per_second: f64,
}

impl CleanerOptions {
    /// The least memory for keys, in bytes.
    pub const KEYS_BYTES_MIN: usize = 64 * 1024;
}

impl Default for CleanerOptions {
    fn default() -> CleanerOptions {
        CleanerOptions { keys_bytes: limits::KEYS_BYTES, load_factor: 0.9, bytes_per_second: f64::MAX }
    }
}

impl Default for PartitionConfig {
    fn default() -> PartitionConfig {
        PartitionConfig {
            durability: Durability::Sync,
            segment_bytes: 1 << 30,
            segment_ms: 7 * 24 * 60 * 60 * 1000,
            file_delete_delay: Duration::from_secs(60),
            segment_jitter_ms: 0,
            segment_index_bytes: 10 << 20,
            is_preallocated: false,
            index_interval_bytes: 4096,
            timestamp_type: TimestampType::CreateTime,
            // Nothing goes that nobody said may go: the metadata log has no topic's settings.
            retention_ms: None,
            retention_bytes: None,
            compaction: None,
        }
    }
}
