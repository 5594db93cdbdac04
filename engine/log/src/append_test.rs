//! Appending: what is refused, what a duplicate gets, and when a segment is followed by the next one.

use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use millrace_base::ids::{LeaderEpoch, Offset, TopicId, TopicPartition};
use millrace_record::builder::BatchBuilder;
use millrace_record::compression::Codec;
use millrace_record::header::{TimestampType, seal_crc, view_mut};
use millrace_record::validate::Restamp;
use millrace_runtime::Core;

use crate::limits::{BATCH_BYTES_MAX, BLOCK_BYTES, INDEX_ENTRY_BYTES};
use crate::testing::{batch_bytes, on_sim};
use crate::{
    Append, AppendError, Appended, CoreLog, LogDirectory, LogOptions, Origin, Partition, PartitionConfig, SequenceError,
};

const ID: TopicPartition = TopicPartition { topic: TopicId([1; 16]), partition: 0 };

/// Runs a test on a new partition.
fn with_partition(config: PartitionConfig, test: impl AsyncFnOnce(Core, Rc<Partition>) + 'static) {
    on_sim(1, async move |core: Core| {
        let directory = LogDirectory::open(&core, Path::new("/log"), 1).await.unwrap();
        let log = CoreLog::open(&core, Path::new("/log"), LogOptions::default(), directory.start).await.unwrap();
        let partition = log.create_partition(ID, "topic", config).await.unwrap();
        test(core, partition).await;
    });
}

fn of_client(batches: &[u8]) -> Append<'_> {
    Append { batches, origin: Origin::Client, leader_epoch: 0, restamp: None }
}

async fn append(partition: &Rc<Partition>, batches: &[u8]) -> Appended {
    partition.append(&of_client(batches)).await.unwrap()
}

/// A batch as a leader sends it to its follower.
fn replicated(offset: Offset, epoch: LeaderEpoch, records: usize) -> Vec<u8> {
    let mut builder = BatchBuilder::new(Codec::None).stamped(offset, epoch);
    for _ in 0..records {
        builder.push(0, None, Some(b"value"), &[]).unwrap();
    }
    builder.build().unwrap()
}

async fn replicate(partition: &Rc<Partition>, batches: &[u8]) -> Result<Appended, AppendError> {
    let append = Append { batches, origin: Origin::Replica, leader_epoch: -1, restamp: None };
    partition.append(&append).await
}

#[test]
fn trap_05_a_duplicate_gets_what_the_batch_got_when_it_came_first() {
    with_partition(PartitionConfig::default(), async |_core, partition| {
        append(&partition, &batch_bytes(None, 3, 0, b"others")).await;
        let batch = batch_bytes(Some((7, 0, 0)), 2, 1_000, b"value");
        let first = append(&partition, &batch).await;
        assert_eq!((first.base_offset, first.next_offset, first.is_duplicate), (3, 5, false));
        append(&partition, &batch_bytes(None, 1, 0, b"others")).await;
        // Kafka answers a duplicate with the timestamp that the batch has, whoever gave it.
        let expected = Appended { log_append_time_ms: 1_001, is_duplicate: true, ..first };
        assert_eq!(append(&partition, &batch).await, expected);
        assert_eq!(partition.append_at_once(&of_client(&batch)).unwrap().unwrap(), expected);
        assert_eq!(partition.offsets().log_end, 6, "nothing was appended");
    });
}

#[test]
fn a_sequence_that_does_not_follow_is_refused() {
    with_partition(PartitionConfig::default(), async |_core, partition| {
        append(&partition, &batch_bytes(Some((7, 0, 0)), 2, 0, b"value")).await;
        let gap = batch_bytes(Some((7, 0, 3)), 1, 0, b"value");
        let expected = SequenceError::OutOfOrder { producer_id: 7, found: 3, last: 1 };
        let refused = partition.append(&of_client(&gap)).await.unwrap_err();
        assert!(matches!(refused, AppendError::Sequence(error) if error == expected));
        let refused = partition.append_at_once(&of_client(&gap)).unwrap().unwrap_err();
        assert!(matches!(refused, AppendError::Sequence(error) if error == expected));
        let of_coordinator = Append { origin: Origin::Coordinator, ..of_client(&gap) };
        assert_eq!(partition.append(&of_coordinator).await.unwrap().base_offset, 2, "it is noted, not checked");
    });
}

#[test]
fn a_leader_of_an_older_epoch_is_refused() {
    with_partition(PartitionConfig::default(), async |_core, partition| {
        let batch = batch_bytes(None, 1, 0, b"value");
        for origin in [Origin::Client, Origin::Coordinator] {
            for leader_epoch in [5, 5, 6] {
                partition.append(&Append { origin, leader_epoch, ..of_client(&batch) }).await.unwrap();
            }
            let stale = Append { origin, leader_epoch: 5, ..of_client(&batch) };
            let refused = partition.append(&stale).await.unwrap_err();
            assert!(matches!(refused, AppendError::StaleLeaderEpoch { found: 5, current: 6 }), "{refused}");
            partition.append(&Append { origin, leader_epoch: -1, ..of_client(&batch) }).await.unwrap();
            partition.truncate(0).await.unwrap();
        }
    });
}

#[test]
fn a_replica_keeps_offsets_and_epochs_and_takes_none_from_before_its_end() {
    with_partition(PartitionConfig::default(), async |_core, partition| {
        let run = [replicated(10, 2, 2), replicated(12, 2, 1), replicated(20, 3, 1)].concat();
        let appended = replicate(&partition, &run).await.unwrap();
        assert_eq!((appended.base_offset, appended.next_offset), (10, 21));
        assert_eq!(partition.leader_epochs().entries(), [(2, 10), (3, 20)]);
        let refused = replicate(&partition, &replicated(20, 3, 1)).await.unwrap_err();
        assert!(matches!(refused, AppendError::OffsetBehind { found: 20, log_end: 21 }), "{refused}");
        let overlapping = [replicated(21, 3, 2), replicated(22, 3, 1)].concat();
        let refused = replicate(&partition, &overlapping).await.unwrap_err();
        assert!(matches!(refused, AppendError::OffsetBehind { found: 22, log_end: 23 }), "{refused}");
        let refused = replicate(&partition, &replicated(21, 2, 1)).await.unwrap_err();
        assert!(matches!(refused, AppendError::StaleLeaderEpoch { found: 2, current: 3 }), "{refused}");
        replicate(&partition, &replicated(21, 3, 1)).await.unwrap();
    });
}

#[test]
fn a_client_appends_one_batch_and_a_coordinator_any_number() {
    with_partition(PartitionConfig::default(), async |_core, partition| {
        let batch = batch_bytes(None, 1, 0, b"value");
        let two = [batch.clone(), batch.clone()].concat();
        for (batches, count) in [(&[][..], 0), (&two, 2)] {
            let refused = partition.append(&of_client(batches)).await.unwrap_err();
            assert!(matches!(refused, AppendError::BatchCount(found) if found == count), "{refused}");
        }
        let appended = partition.append(&Append { origin: Origin::Coordinator, ..of_client(&two) }).await.unwrap();
        assert_eq!((appended.base_offset, appended.next_offset), (0, 2));
        let restamp = Some(Restamp { timestamp_type: TimestampType::LogAppendTime, max_timestamp: 5 });
        let restamped = Append { origin: Origin::Coordinator, restamp, ..of_client(&two) };
        let refused = partition.append(&restamped).await.unwrap_err();
        assert!(matches!(refused, AppendError::BatchCount(2)), "there is one timestamp for one batch: {refused}");
    });
}

#[test]
fn negative_offsets_and_counts_are_no_batch() {
    with_partition(PartitionConfig::default(), async |_core, partition| {
        let mut below_zero = replicated(-1, 0, 3);
        let refused = replicate(&partition, &below_zero).await.unwrap_err();
        assert!(matches!(refused, AppendError::Record(_)), "{refused}");
        view_mut(&mut below_zero).unwrap().base_offset = 0.into();
        view_mut(&mut below_zero).unwrap().last_offset_delta = (-1).into();
        seal_crc(&mut below_zero).unwrap();
        let refused = replicate(&partition, &below_zero).await.unwrap_err();
        assert!(matches!(refused, AppendError::Record(_)), "{refused}");
        assert_eq!(partition.offsets().log_end, 0);
    });
}

#[test]
fn what_is_larger_than_a_segment_is_refused_and_what_fills_one_is_not() {
    let batch = batch_bytes(None, 1, 0, &[7; 5_000]);
    let segment_bytes = batch.len() as u64;
    let exactly = PartitionConfig { segment_bytes, ..PartitionConfig::default() };
    with_partition(exactly, async move |_core, partition| {
        append(&partition, &batch).await;
        append(&partition, &batch).await;
        assert_eq!(partition.segment_bases(), [0, 1]);
        partition.configure(PartitionConfig { segment_bytes: segment_bytes - 1, ..PartitionConfig::default() });
        let refused = partition.append(&of_client(&batch)).await.unwrap_err();
        let is_told = matches!(refused, AppendError::TooLarge { bytes, segment_bytes: limit }
            if bytes == segment_bytes && limit == segment_bytes - 1);
        assert!(is_told, "{refused}");
    });
}

#[test]
fn no_append_is_larger_than_the_largest_batch() {
    with_partition(PartitionConfig::default(), async |_core, partition| {
        let too_large = vec![0; BATCH_BYTES_MAX as usize + 1];
        let refused = partition.append(&of_client(&too_large)).await.unwrap_err();
        assert!(matches!(refused, AppendError::TooLarge { bytes, .. } if bytes == BATCH_BYTES_MAX + 1), "{refused}");
        let refused = partition.append(&of_client(&too_large[1..])).await.unwrap_err();
        assert!(matches!(refused, AppendError::Record(_)), "it is looked into: {refused}");
    });
}

#[test]
fn a_segment_takes_what_fits_to_the_byte() {
    let batch = batch_bytes(None, 1, 0, &[7; 500]);
    let config = PartitionConfig { segment_bytes: batch.len() as u64 * 3, ..PartitionConfig::default() };
    with_partition(config, async move |_core, partition| {
        for _ in 0..7 {
            append(&partition, &batch).await;
        }
        assert_eq!(partition.segment_bases(), [0, 3, 6]);
        assert_eq!(partition.size_bytes(), batch.len() as u64 * 7);
    });
}

/// The segments that batches of one record with these timestamps lie in, in a topic with `segment.ms=1000`.
fn segments_of(timestamps: &'static [i64], jitter_ms: i64, expected: &'static [Offset]) {
    let config = PartitionConfig { segment_ms: 1_000, segment_jitter_ms: jitter_ms, ..PartitionConfig::default() };
    with_partition(config, async move |_core, partition| {
        for timestamp in timestamps {
            append(&partition, &batch_bytes(None, 1, *timestamp, b"value")).await;
        }
        assert_eq!(partition.segment_bases(), expected, "{timestamps:?}");
    });
}

#[test]
fn a_segment_ends_when_a_batch_is_later_than_its_first_by_more_than_segment_ms() {
    segments_of(&[500, 1_500, 1_499, 1_501, 2_501, 2_502], 0, &[0, 3, 5]);
    segments_of(&[0, 1_000, 1_001], 0, &[0, 2]);
    segments_of(&[5_000, 0, 1_000], 0, &[0]);
}

#[test]
fn a_batch_without_a_timestamp_is_as_old_as_its_append() {
    let config = PartitionConfig { segment_ms: 1_000, ..PartitionConfig::default() };
    with_partition(config, async |core, partition| {
        let batch = batch_bytes(None, 1, -1, b"value");
        append(&partition, &batch).await;
        core.sleep(Duration::from_millis(900)).await;
        append(&partition, &batch).await;
        assert_eq!(partition.segment_bases(), [0]);
        core.sleep(Duration::from_millis(110)).await;
        append(&partition, &batch).await;
        append(&partition, &batch).await;
        assert_eq!(partition.segment_bases(), [0, 2]);
    });
}

#[test]
fn jitter_shortens_segments_each_by_another_amount_and_never_by_more_than_it_may() {
    let shortened = |partition: i32, segment_jitter_ms: i64| {
        let config = PartitionConfig { segment_ms: 1_000, segment_jitter_ms, ..PartitionConfig::default() };
        crate::append::roll_jitter_ms(TopicPartition { partition, ..ID }, 0, &config)
    };
    assert!((0..50).all(|partition| shortened(partition, 0) == 0));
    let some: Vec<i64> = (0..50).map(|partition| shortened(partition, 100)).collect();
    assert!(some.iter().all(|ms| (0..100).contains(ms)), "{some:?}");
    assert!(some.iter().any(|ms| *ms < 25) && some.iter().any(|ms| *ms >= 75), "{some:?}");
    assert_eq!(some, (0..50).map(|partition| shortened(partition, 100)).collect::<Vec<_>>(), "it stays the same");
    let most: Vec<i64> = (0..50).map(|partition| shortened(partition, i64::MAX)).collect();
    assert!(most.iter().all(|ms| (0..1_000).contains(ms)) && most.iter().any(|ms| *ms >= 500), "{most:?}");
}

#[test]
fn a_shortened_segment_ends_when_its_time_less_the_jitter_is_over() {
    let config = PartitionConfig { segment_ms: 1_000, segment_jitter_ms: 400, ..PartitionConfig::default() };
    let rest_ms = 1_000 - crate::append::roll_jitter_ms(ID, 0, &config);
    assert!((601..1_000).contains(&rest_ms), "{rest_ms} is no example");
    with_partition(config, async move |_core, partition| {
        append(&partition, &batch_bytes(None, 1, 0, b"value")).await;
        append(&partition, &batch_bytes(None, 1, rest_ms, b"value")).await;
        assert_eq!(partition.segment_bases(), [0]);
        append(&partition, &batch_bytes(None, 1, rest_ms + 1, b"value")).await;
        assert_eq!(partition.segment_bases(), [0, 2]);
    });
}

#[test]
fn a_segment_ends_when_its_index_is_full() {
    let config = PartitionConfig {
        segment_index_bytes: 2 * INDEX_ENTRY_BYTES,
        index_interval_bytes: 100,
        ..PartitionConfig::default()
    };
    with_partition(config, async |_core, partition| {
        for _ in 0..5 {
            append(&partition, &batch_bytes(None, 1, 0, &[7; 200])).await;
        }
        assert_eq!(partition.segment_bases(), [0, 2, 4]);
    });
}

#[test]
fn a_segments_offsets_differ_by_what_its_index_can_hold() {
    let farthest = Offset::from(i32::MAX);
    for (offset, records, bases) in
        [(farthest, 1, &[0][..]), (farthest - 1, 2, &[0]), (farthest, 2, &[0, 1]), (farthest + 1, 1, &[0, 1])]
    {
        with_partition(PartitionConfig::default(), async move |_core, partition| {
            replicate(&partition, &replicated(0, 0, 1)).await.unwrap();
            replicate(&partition, &replicated(offset, 0, records)).await.unwrap();
            assert_eq!(partition.segment_bases(), bases, "{records} records from {offset} on");
        });
    }
}

#[test]
fn how_far_offsets_are_apart_is_counted_from_the_segments_first() {
    with_partition(PartitionConfig::default(), async |_core, partition| {
        let far = Offset::from(i32::MAX) + 1;
        for offset in [0, far, far + 1, far + 2, far + 1_000] {
            replicate(&partition, &replicated(offset, 0, 1)).await.unwrap();
        }
        assert_eq!(partition.segment_bases(), [0, 1, far + 1], "a segment begins where the one before ends");
    });
}

#[test]
fn an_extent_is_nearly_used_when_less_than_a_quarter_is_left() {
    with_partition(PartitionConfig::default(), async |_core, partition| {
        let mut state = partition.state.borrow_mut();
        let active = state.active();
        let mib = 1_u64 << 20;
        // A quarter of the largest extent, of 64 MiB, at most.
        for (allocated, left) in [(8 * mib, 2 * mib), (256 * mib, 16 * mib)] {
            active.allocated = allocated;
            for (end, expected) in
                [(0, false), (allocated - left, false), (allocated - left + 1, true), (allocated, true)]
            {
                (active.end, active.may_extend_ahead) = (end, true);
                assert_eq!(active.is_nearly_used(), expected, "{end} of {allocated}");
                active.may_extend_ahead = false;
                assert!(!active.is_nearly_used(), "there was no space for it");
            }
        }
        active.end = 0;
    });
}

#[test]
fn the_time_of_the_append_is_told_where_the_topic_takes_it() {
    with_partition(PartitionConfig::default(), async |_core, partition| {
        let batch = batch_bytes(None, 1, 3, b"value");
        let restamped = |timestamp_type| Some(Restamp { timestamp_type, max_timestamp: 99 });
        for (restamp, told) in
            [(None, -1), (restamped(TimestampType::CreateTime), -1), (restamped(TimestampType::LogAppendTime), 99)]
        {
            let appended = partition.append(&Append { restamp, ..of_client(&batch) }).await.unwrap();
            assert_eq!(appended.log_append_time_ms, told, "{restamp:?}");
        }
    });
}

#[test]
fn what_has_room_is_appended_at_once() {
    with_partition(PartitionConfig::default(), async |_core, partition| {
        let batch = batch_bytes(None, 1, 0, &[7; 1_000]);
        // The file's first extent holds so many.
        append(&partition, &batch).await;
        let appended = partition.append_at_once(&of_client(&batch)).unwrap().unwrap();
        assert_eq!((appended.base_offset, partition.offsets().log_end), (1, 2));
        let refused = partition.append_at_once(&of_client(&[])).unwrap().unwrap_err();
        assert!(matches!(refused, AppendError::BatchCount(0)), "{refused}");
        let large = batch_bytes(None, 1, 0, &[7; 1_000_000]);
        assert!(partition.append_at_once(&of_client(&large)).is_none(), "there is no room for so much");
        assert_eq!(partition.offsets().log_end, 2, "nothing was appended");
    });
}

#[test]
fn a_segment_gets_all_of_its_space_at_once_where_the_topic_wants_it() {
    let segment_bytes = 20 * BLOCK_BYTES + 1;
    let config = PartitionConfig { is_preallocated: true, segment_bytes, ..PartitionConfig::default() };
    with_partition(config, async move |_core, partition| {
        for _ in 0..25 {
            assert_eq!(partition.state.borrow_mut().active().allocated, 21 * BLOCK_BYTES);
            append(&partition, &batch_bytes(None, 1, 0, &[7; BLOCK_BYTES as usize])).await;
        }
        assert_eq!(partition.segment_bases(), [0, 19]);
    });
}

#[test]
fn space_is_reserved_before_an_append_needs_it() {
    with_partition(PartitionConfig::default(), async |core, partition| {
        let batch = batch_bytes(None, 1, 0, &[7; 1_000]);
        for _ in 0..4_000 {
            let appended = partition.append_at_once(&of_client(&batch));
            appended.expect("there is always room").unwrap();
            // A disk of the simulator takes less for a write.
            core.sleep(Duration::from_millis(5)).await;
        }
    });
}

#[test]
fn a_segment_grows_by_as_much_as_it_has() {
    with_partition(PartitionConfig::default(), async move |core, partition| {
        let mut sizes = Vec::new();
        for _ in 0..100 {
            append(&partition, &batch_bytes(None, 1, 0, &[7; 3 * BLOCK_BYTES as usize])).await;
            let _extended = partition.extending.acquire(1).await;
            let allocated = partition.state.borrow_mut().active().allocated;
            let files = core.read_dir(partition.directory()).await.unwrap();
            let segment = files.iter().find(|file| file.name.ends_with(".log")).unwrap();
            assert_eq!(segment.metadata.len, allocated, "the file is as long as what is reserved");
            sizes.push(allocated / 1024);
        }
        sizes.dedup();
        assert_eq!(sizes, [64, 128, 256, 512, 1024, 2048]);
    });
}
