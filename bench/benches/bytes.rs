//! What is done to bytes, without I/O: records, checksums, compression, the codecs of requests and answers.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use millrace_record::batch::Batch;
use millrace_record::builder::BatchBuilder;
use millrace_record::columns::{ColumnsBuilder, from_kafka, to_kafka};
use millrace_record::compression::{Codec, Scratch, compress, decompress};
use millrace_record::crc::crc32c;
use millrace_record::record::Record;
use millrace_wire::messages::fetch::{FetchPartition, FetchRequest, FetchResponse, FetchTopic};
use millrace_wire::messages::fetch::{FetchableTopicResponse, PartitionData};
use millrace_wire::messages::produce::{
    PartitionProduceData, PartitionProduceResponse, ProduceRequest, ProduceResponse, TopicProduceData,
    TopicProduceResponse,
};
use millrace_wire::{Message, Reader, Records, Writer};

const VERSION: i16 = 12;
const CODECS: [Codec; 4] = [Codec::Gzip, Codec::Snappy, Codec::Lz4, Codec::Zstd];
/// Partitions of a request: one, and as many as a busy client's.
const PARTITIONS: [i32; 2] = [1, 256];

/// Words, so that codecs have something to do.
fn value(bytes: usize, seed: usize) -> Vec<u8> {
    const WORDS: [&[u8]; 4] = [b"order:", b"amount=", b"status,", b"region;"];
    let mut value = Vec::with_capacity(bytes + 32);
    let mut state = seed as u32;
    while value.len() < bytes {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        value.extend_from_slice(WORDS.get(state as usize >> 30).copied().unwrap_or_default());
        value.extend_from_slice((state >> 16).to_string().as_bytes());
    }
    value.truncate(bytes);
    value
}

/// A batch of about 128 KiB.
fn batch(record_bytes: usize, codec: Codec) -> Vec<u8> {
    const BATCH_BYTES: usize = 128 * 1024;
    let mut builder = BatchBuilder::new(codec);
    for number in 0..BATCH_BYTES / record_bytes {
        let pushed = builder.push(1_700_000_000_000, Some(b"key"), Some(&value(record_bytes, number)), &[]);
        assert!(pushed.is_ok());
    }
    built(builder)
}

/// The same records as columns.
fn columns(batch: &[u8]) -> Vec<u8> {
    match Batch::first(batch).and_then(|batch| from_kafka(&batch, &mut Scratch::default())) {
        Ok(columns) => columns,
        Err(error) => panic!("{error}"),
    }
}

fn built(builder: BatchBuilder) -> Vec<u8> {
    match builder.build() {
        Ok(batch) => batch,
        Err(error) => panic!("{error}"),
    }
}

fn records(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("records");
    for record_bytes in [100, 1024] {
        let batch = batch(record_bytes, Codec::None);
        let columns = columns(&batch);
        group.throughput(Throughput::Elements((128 * 1024 / record_bytes) as u64));
        for (name, batch) in [("iterate", &batch), ("iterate columns", &columns)] {
            group.bench_with_input(BenchmarkId::new(name, record_bytes), batch, |bencher, batch| {
                let mut scratch = Scratch::default();
                bencher.iter(|| {
                    let whole = Batch::first(black_box(batch));
                    let records = whole.as_ref().ok().and_then(|whole| whole.records(&mut scratch).ok());
                    records.into_iter().flatten().filter_map(Result::ok).map(seen).sum::<i64>()
                });
            });
        }
        group.bench_with_input(BenchmarkId::new("columns to kafka", record_bytes), &columns, |bencher, columns| {
            let mut out = Vec::new();
            bencher.iter(|| {
                out.clear();
                Batch::first(black_box(columns)).and_then(|columns| to_kafka(&columns, &mut out))
            });
        });
        let value = value(record_bytes, 1);
        let count = 128 * 1024 / record_bytes;
        group.bench_function(BenchmarkId::new("build", record_bytes), |bencher| {
            bencher.iter(|| {
                let mut builder = BatchBuilder::new(Codec::None);
                for _ in 0..count {
                    drop(builder.push(1, Some(b"key"), Some(black_box(&value)), &[]));
                }
                built(builder)
            });
        });
        group.bench_function(BenchmarkId::new("build columns", record_bytes), |bencher| {
            let mut builder = ColumnsBuilder::new();
            bencher.iter(|| {
                for _ in 0..count {
                    drop(builder.push(1, Some(b"key"), Some(black_box(&value)), &[]));
                }
                builder.build()
            });
        });
    }
}

/// What makes a reader look at every part of a record.
fn seen(record: Record<'_>) -> i64 {
    record.offset
        + record.timestamp
        + record.key.map_or(0, <[u8]>::len) as i64
        + record.value.map_or(0, <[u8]>::len) as i64
}

fn crc(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("crc32c");
    for bytes in [100, 1024, 128 * 1024] {
        let data = value(bytes, 7);
        group.throughput(Throughput::Bytes(bytes as u64));
        group.bench_with_input(BenchmarkId::from_parameter(bytes), &data, |bencher, data| {
            bencher.iter(|| crc32c(black_box(data)));
        });
    }
}

fn compression(criterion: &mut Criterion) {
    let data = value(128 * 1024, 7);
    for codec in CODECS {
        let mut group = criterion.benchmark_group(format!("compression/{}", codec.name()));
        group.throughput(Throughput::Bytes(data.len() as u64));
        group.bench_function("compress", |bencher| bencher.iter(|| compress(codec, None, black_box(&data))));
        let Ok(compressed) = compress(codec, None, &data) else { panic!("{codec:?}") };
        let limit = data.len();
        group.bench_function("decompress", |bencher| bencher.iter(|| decompress(codec, black_box(&compressed), limit)));
    }
}

fn codec(criterion: &mut Criterion) {
    let records = vec![7; 1100];
    for partitions in PARTITIONS {
        let mut group = criterion.benchmark_group(format!("codec/{partitions}"));
        let produced = |index| PartitionProduceData { index, records: Some(Records::Slice(&records)) };
        let topic = TopicProduceData {
            name: "orders",
            partition_data: (0..partitions).map(produced).collect(),
            ..Default::default()
        };
        let request = ProduceRequest { acks: -1, timeout_ms: 1, topic_data: vec![topic].into(), ..Default::default() };
        let mut writer = Writer::new();
        assert!(request.encode_message(&mut writer, VERSION).is_ok());
        let bytes = writer.into_vec();
        group.bench_function("decode a produce request", |bencher| {
            bencher.iter(|| ProduceRequest::decode_message(&mut Reader::new(black_box(&bytes)), VERSION).is_ok());
        });
        let asked = |partition| FetchPartition { partition, partition_max_bytes: 1 << 20, ..Default::default() };
        let topic =
            FetchTopic { topic: "orders", partitions: (0..partitions).map(asked).collect(), ..Default::default() };
        let request = FetchRequest { topics: vec![topic].into(), ..Default::default() };
        let mut writer = Writer::new();
        assert!(request.encode_message(&mut writer, VERSION).is_ok());
        let bytes = writer.into_vec();
        group.bench_function("decode a fetch request", |bencher| {
            bencher.iter(|| FetchRequest::decode_message(&mut Reader::new(black_box(&bytes)), VERSION).is_ok());
        });
        group.bench_function("encode a produce answer", |bencher| bencher.iter(|| produce_answer(partitions)));
        group.bench_function("encode a fetch answer", |bencher| bencher.iter(|| fetch_answer(partitions)));
    }
}

fn produce_answer(partitions: i32) -> Vec<u8> {
    let answered = |index| PartitionProduceResponse { index, base_offset: 9, ..Default::default() };
    let topic = TopicProduceResponse {
        name: "orders",
        partition_responses: (0..partitions).map(answered).collect(),
        ..Default::default()
    };
    let response = ProduceResponse { responses: vec![topic].into(), ..Default::default() };
    let mut writer = Writer::new();
    assert!(response.encode_message(&mut writer, VERSION).is_ok());
    writer.into_vec()
}

/// The records are spliced in, as a broker does: only their lengths are written.
fn fetch_answer(partitions: i32) -> Writer {
    let found = |partition_index| PartitionData {
        partition_index,
        high_watermark: 9,
        records: Some(Records::Spliced(1100)),
        ..Default::default()
    };
    let topic = FetchableTopicResponse {
        topic: "orders",
        partitions: (0..partitions).map(found).collect(),
        ..Default::default()
    };
    let response = FetchResponse { responses: vec![topic].into(), ..Default::default() };
    let mut writer = Writer::new();
    assert!(response.encode_message(&mut writer, VERSION).is_ok());
    writer
}

criterion_group!(benches, records, crc, compression, codec);
criterion_main!(benches);
