//! What cleaning leaves alone, and what it leaves of batches.

use std::rc::Rc;
use std::time::Duration;

use millrace_base::ids::Offset;
use millrace_record::batch::batches;
use millrace_record::builder::BatchBuilder;
use millrace_record::compression::Codec;
use millrace_runtime::sim::Disk;

use super::test::{Opened, on};
use crate::{Cleaned, Cleaner, CleanerOptions, PartitionConfig, ReadLimits};

/// Appends batches of one record with these keys.
async fn append(opened: &Opened, keys: impl Iterator<Item = usize>) {
    for key in keys {
        let mut builder = BatchBuilder::new(Codec::None);
        builder.push(0, Some(&key.to_be_bytes()), Some(&[7; 1_000]), &[]).unwrap();
        opened.append(&builder.build().unwrap()).await;
    }
}

/// Cleans when all segments but the last one are sealed.
async fn clean(opened: &Opened) -> Option<Cleaned> {
    while opened.partition.state.borrow().sealed_parts().len() + 1 < opened.partition.segment_bases().len() {
        opened.core.sleep(Duration::from_millis(1)).await;
    }
    Cleaner::new(CleanerOptions::default()).clean(&opened.partition, 0).await.unwrap()
}

/// The base offset and the number of records of each batch below `end`.
async fn batches_below(opened: &Opened, end: Offset) -> Vec<(Offset, i32)> {
    let mut found: Vec<(Offset, i32)> = Vec::new();
    let mut offset = 0;
    while offset < end {
        let limits = ReadLimits { bytes_max: 1, at_least_one_batch: true };
        let read = opened.partition.read(offset, limits).await.unwrap();
        let mut bytes = Vec::new();
        for part in &read.parts {
            bytes.extend_from_slice(&part.load(&opened.core).await.unwrap());
        }
        let batch = batches(&bytes).next().unwrap().unwrap();
        found.push((batch.base_offset(), batch.record_count()));
        offset = batch.next_offset();
    }
    found
}

#[test]
fn of_batches_without_records_only_the_last_of_a_file_stays() {
    on(&Disk::new(1), async |opened| {
        append(&opened, std::iter::repeat_n(1, 120)).await;
        let bases = opened.partition.segment_bases();
        assert!(bases.len() > 3, "{bases:?}");
        let cleaned = clean(&opened).await.unwrap();
        let (last, before) = bases[1..].split_last().unwrap();
        assert_eq!(cleaned.cleaned_to, *last);
        let emptied = before.iter().map(|next| (next - 1, 0));
        assert_eq!(batches_below(&opened, *last).await, emptied.chain([(last - 1, 1)]).collect::<Vec<_>>());
    });
}

#[test]
fn a_segment_that_loses_nothing_keeps_its_file_unless_it_is_merged_with_others() {
    on(&Disk::new(1), async |opened| {
        append(&opened, 0..120).await;
        let bases = opened.partition.segment_bases();
        let resize = |segment_bytes| {
            opened.partition.configure(PartitionConfig { segment_bytes, ..opened.partition.config() });
        };
        let cleaned = clean(&opened).await.unwrap();
        assert_eq!((cleaned.bytes_after, cleaned.segments_after), (cleaned.bytes_before, bases.len() - 1));
        assert_eq!((opened.partition.segment_bases(), opened.partition.state.borrow().swaps), (bases, 0));
        resize(1 << 20);
        append(&opened, 200..240).await;
        resize(32 << 10);
        append(&opened, 300..302).await;
        resize(1 << 20);
        let merged = clean(&opened).await.unwrap();
        assert_eq!(merged.segments_after, 1);
        assert_eq!(opened.partition.segment_bases().len(), 2);
        assert_eq!(batches_below(&opened, merged.cleaned_to).await.len() as Offset, merged.cleaned_to, "nothing went");
    });
}

#[test]
fn a_partition_is_cleaned_by_one_at_a_time() {
    on(&Disk::new(1), async |opened| {
        append(&opened, std::iter::repeat_n(1, 120)).await;
        let partition = Rc::clone(&opened.partition);
        let first = opened
            .core
            .spawn_join(async move { Cleaner::new(CleanerOptions::default()).clean(&partition, 0).await.unwrap() });
        while !opened.partition.state.borrow().is_being_cleaned {
            opened.core.yield_now().await;
        }
        assert_eq!(clean(&opened).await, None);
        assert!(first.await.is_some());
        assert!(!opened.partition.state.borrow().is_being_cleaned);
    });
}
