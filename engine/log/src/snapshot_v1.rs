//! Checkpoint bodies as format 1 had them, before segments could be replaced: read, never written.

use millrace_base::ids::{LeaderEpoch, Offset};
use rkyv::rancor::Error;
use rkyv::{Archive, Deserialize, Serialize};

use crate::producers::ProducerState;
use crate::snapshot::{Body, PartitionSnapshot, SegmentSnapshot};

const VERSION: u16 = 1;

#[derive(Archive, Serialize, Deserialize)]
#[rkyv(attr(allow(missing_docs, unreachable_pub)))]
struct SegmentV1 {
    base: Offset,
    end: u64,
}

#[derive(Archive, Serialize, Deserialize)]
#[rkyv(attr(allow(missing_docs, unreachable_pub)))]
struct PartitionV1 {
    topic: [u8; 16],
    partition: i32,
    generation: u32,
    log_start: Offset,
    durable_offset: Offset,
    segments: Vec<SegmentV1>,
    epochs: Vec<(LeaderEpoch, Offset)>,
    producers: Vec<ProducerState>,
    lost: Option<String>,
}

#[derive(Archive, Serialize, Deserialize)]
#[rkyv(attr(allow(missing_docs, unreachable_pub)))]
struct BodyV1 {
    version: u16,
    start: u64,
    partitions: Vec<PartitionV1>,
}

/// The body in these bytes, if it is one of version 1: the version lies at the same place in every version.
pub(crate) fn decode(bytes: &[u8]) -> Option<Body> {
    let body = rkyv::from_bytes::<BodyV1, Error>(bytes).ok().filter(|body| body.version == VERSION)?;
    Some(Body::new(body.start, body.partitions.into_iter().map(upgraded).collect()))
}

fn upgraded(old: PartitionV1) -> PartitionSnapshot {
    let segments = old.segments.iter().map(|segment| SegmentSnapshot::appended(segment.base, segment.end));
    PartitionSnapshot {
        topic: old.topic,
        partition: old.partition,
        generation: old.generation,
        log_start: old.log_start,
        durable_offset: old.durable_offset,
        segments: segments.collect(),
        epochs: old.epochs,
        producers: old.producers,
        lost: old.lost,
        swaps: 0,
        cleaned_to: 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn partition(segments: usize) -> PartitionV1 {
        PartitionV1 {
            topic: [7; 16],
            partition: 3,
            generation: 2,
            log_start: 5,
            durable_offset: 99,
            segments: (0..segments as u64).map(|index| SegmentV1 { base: index as i64 * 10, end: index }).collect(),
            epochs: vec![(1, 5)],
            producers: Vec::new(),
            lost: None,
        }
    }

    #[test]
    fn a_body_of_the_format_before_is_read() {
        for partitions in 0..5 {
            let body = BodyV1 { version: 1, start: 12, partitions: (1..=partitions).map(partition).collect() };
            let bytes = rkyv::to_bytes::<Error>(&body).unwrap();
            let read = Body::decode(&bytes).unwrap();
            assert_eq!(read, Body::new(12, (1..=partitions).map(partition).map(upgraded).collect()));
        }
    }

    #[test]
    fn a_body_of_the_format_now_is_not_taken_for_it() {
        for partitions in 0..5 {
            let body = Body::new(12, (1..=partitions).map(partition).map(upgraded).collect());
            assert_eq!(Body::decode(&body.encode().unwrap()).unwrap(), body);
        }
    }
}
