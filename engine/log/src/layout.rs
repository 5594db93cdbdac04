//! Names of files and directories, as Kafka gives them where Kafka has them.

use std::path::{Path, PathBuf};

use millrace_base::ids::{Offset, PartitionIndex, TopicId, TopicPartition};

/// Kafka's file with a partition's topic id.
pub(crate) const METADATA_FILE: &str = "partition.metadata";
/// Kafka's file with a partition's leader epochs.
pub(crate) const EPOCHS_FILE: &str = "leader-epoch-checkpoint";
/// How a directory's name ends whose partition was deleted.
const DELETED_SUFFIX: &str = "-delete";
const SEGMENT_SUFFIX: &str = ".log";
/// What the name of a segment's file gets when it is to be removed.
const DELETED_FILE_SUFFIX: &str = ".deleted";
const INDEX_SUFFIX: &str = ".sparse";
const SWAP_SUFFIX: &str = ".swap";
const OFFSET_DIGITS: usize = 20;

/// `<topic>-<partition>`.
pub(crate) fn partition_directory(root: &Path, topic_name: &str, partition: PartitionIndex) -> PathBuf {
    root.join(format!("{topic_name}-{partition}"))
}

/// The topic name and the index in a partition directory's name.
pub(crate) fn parse_partition_directory(name: &str) -> Option<(&str, PartitionIndex)> {
    let (topic, index) = name.rsplit_once('-')?;
    let index: PartitionIndex = index.parse().ok()?;
    (!topic.is_empty() && index >= 0 && format!("{topic}-{index}") == name).then_some((topic, index))
}

/// Where a deleted partition's directory waits for its removal. No partition directory has such a name.
pub(crate) fn deleted_directory(root: &Path, partition: TopicPartition) -> PathBuf {
    root.join(format!("{}-{}{DELETED_SUFFIX}", partition.topic, partition.partition))
}

/// Whether the directory's name is that of a deleted partition.
pub(crate) fn is_deleted_directory(name: &str) -> bool {
    name.ends_with(DELETED_SUFFIX)
}

/// The segment that begins at `base_offset`.
pub(crate) fn segment_file(directory: &Path, base_offset: Offset) -> PathBuf {
    directory.join(format!("{base_offset:0OFFSET_DIGITS$}{SEGMENT_SUFFIX}"))
}

/// Where a segment that is no part of its log any more waits for its removal: as Kafka names it.
pub(crate) fn deleted_segment_file(directory: &Path, base_offset: Offset) -> PathBuf {
    directory.join(format!("{base_offset:0OFFSET_DIGITS$}{SEGMENT_SUFFIX}{DELETED_FILE_SUFFIX}"))
}

/// Whether the file's name is that of a segment that is no part of its log any more.
pub(crate) fn is_deleted_file(name: &str) -> bool {
    name.strip_suffix(DELETED_FILE_SUFFIX).and_then(parse_segment_file).is_some()
}

/// The index of the segment that begins at `base_offset`.
pub(crate) fn index_file(directory: &Path, base_offset: Offset) -> PathBuf {
    directory.join(format!("{base_offset:0OFFSET_DIGITS$}{INDEX_SUFFIX}"))
}

/// What is to take the place of the segment that begins at `base_offset` in the partition's swap number `revision`.
pub(crate) fn swap_file(directory: &Path, base_offset: Offset, revision: u32) -> PathBuf {
    directory.join(format!("{base_offset:0OFFSET_DIGITS$}.{revision}{SWAP_SUFFIX}"))
}

/// Base offset and number of the swap in a [`swap_file`]'s name.
pub(crate) fn parse_swap_file(name: &str) -> Option<(Offset, u32)> {
    let (base, revision) = name.strip_suffix(SWAP_SUFFIX)?.split_once('.')?;
    Some((parse_offset(base)?, revision.parse().ok()?))
}

/// The base offset in a segment file's name.
pub(crate) fn parse_segment_file(name: &str) -> Option<Offset> {
    parse_offset(name.strip_suffix(SEGMENT_SUFFIX)?)
}

fn parse_offset(digits: &str) -> Option<Offset> {
    let all_digits = digits.len() == OFFSET_DIGITS && digits.bytes().all(|byte| byte.is_ascii_digit());
    all_digits.then(|| digits.parse().ok()).flatten()
}

/// The text of [`METADATA_FILE`].
pub(crate) fn metadata_text(topic: TopicId) -> String {
    format!("version: 0\ntopic_id: {topic}\n")
}

/// The topic id in the text of a [`METADATA_FILE`].
pub(crate) fn parse_metadata(text: &str) -> Option<TopicId> {
    let mut lines = text.lines();
    if lines.next()?.trim() != "version: 0" {
        return None;
    }
    lines.next()?.strip_prefix("topic_id: ")?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_kafkas() {
        let directory = partition_directory(Path::new("/data"), "a-b", 3);
        assert_eq!(directory, Path::new("/data/a-b-3"));
        assert_eq!(parse_partition_directory("a-b-3"), Some(("a-b", 3)));
        assert_eq!(segment_file(&directory, 42), Path::new("/data/a-b-3/00000000000000000042.log"));
        assert_eq!(parse_segment_file("00000000000000000042.log"), Some(42));
        let deleted = deleted_segment_file(&directory, 42);
        assert_eq!(deleted, Path::new("/data/a-b-3/00000000000000000042.log.deleted"));
        assert!(is_deleted_file("00000000000000000042.log.deleted") && !is_deleted_file("notes.deleted"));
        assert_eq!(parse_segment_file("00000000000000000042.log.deleted"), None);
        assert_eq!(swap_file(&directory, 42, 7), Path::new("/data/a-b-3/00000000000000000042.7.swap"));
        assert_eq!(parse_swap_file("00000000000000000042.7.swap"), Some((42, 7)));
    }

    #[test]
    fn other_names_are_not_taken_for_ours() {
        for name in ["journal", "-1", "a-", "a-01", "a-+1", "a-1.x", "AAAAAAAAAAAAAAAAAAAAAQ-0-delete"] {
            assert_eq!(parse_partition_directory(name), None, "{name}");
        }
        for name in ["42.log", "0000000000000000004x.log", "00000000000000000042.index", "99999999999999999999.log"] {
            assert_eq!(parse_segment_file(name), None, "{name}");
            assert_eq!(parse_swap_file(name), None, "{name}");
        }
    }

    #[test]
    fn a_deleted_partitions_directory_is_known_by_its_name() {
        let directory =
            deleted_directory(Path::new("/data"), TopicPartition { topic: TopicId::METADATA, partition: 2 });
        assert_eq!(directory, Path::new("/data/AAAAAAAAAAAAAAAAAAAAAQ-2-delete"));
        assert!(is_deleted_directory("AAAAAAAAAAAAAAAAAAAAAQ-2-delete") && !is_deleted_directory("a-2"));
    }

    #[test]
    fn metadata_text_is_kafkas() {
        assert_eq!(metadata_text(TopicId::METADATA), "version: 0\ntopic_id: AAAAAAAAAAAAAAAAAAAAAQ\n");
        assert_eq!(parse_metadata("version: 0\ntopic_id: AAAAAAAAAAAAAAAAAAAAAQ"), Some(TopicId::METADATA));
        assert_eq!(parse_metadata("version: 1\ntopic_id: AAAAAAAAAAAAAAAAAAAAAQ"), None);
    }
}
