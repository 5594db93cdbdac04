//! One partition's log: segments, journal, index, tail, recovery, producer state.

#[cfg(test)]
mod adopt_test;
mod append;
#[cfg(test)]
mod append_test;
mod archive;
pub mod checkpoint;
mod commit;
#[cfg(test)]
mod commit_test;
mod compaction;
mod core_log;
#[cfg(test)]
mod crash_test;
mod destage;
mod doomed;
mod epochs;
mod error;
mod extend;
#[cfg(test)]
mod fault_test;
pub mod format;
mod index;
mod index_file;
mod indexes;
pub mod journal;
mod layout;
mod lent_memory;
#[cfg(test)]
mod lent_memory_test;
mod limits;
#[cfg(test)]
mod memory_test;
mod numbers;
mod options;
mod overlay;
mod partition;
mod producers;
mod read;
mod read_ahead;
#[cfg(test)]
mod read_ahead_test;
mod read_run;
#[cfg(test)]
mod read_test;
mod read_unverified;
mod recovery;
#[cfg(test)]
mod recovery_test;
#[cfg(test)]
mod relaxed_test;
mod retention;
mod rot;
#[cfg(test)]
mod rot_test;
mod scan;
mod segment;
mod segment_files;
mod shared;
mod snapshot;
mod snapshot_v1;
mod straight;
mod tail;
#[cfg(test)]
mod testing;
mod timestamps;
#[cfg(test)]
mod timestamps_test;
mod truncate;
#[cfg(test)]
mod truncate_test;

pub use append::{Append, Appended, Origin};
pub use compaction::{CleanError, Cleanable, Cleaned, Cleaner};
pub use core_log::CoreLog;
pub use epochs::LeaderEpochs;
pub use error::{AppendError, LogError, ReadError, SequenceError, Unavailable};
pub use index::{Index, IndexEntry};
pub use index_file::StoredIndex;
pub use numbers::LogNumbers;
pub use options::{CleanerOptions, LogOptions, PartitionConfig, WritePath};
pub use partition::{Offsets, Partition};
pub use producers::{Admission, ProducerBatch, Producers};
pub use read::{Read, ReadLimits, ReadPart};
pub use read_run::Run;
pub use recovery::{LogDirectory, RecoveredPartition};
pub use rot::RottenRange;
