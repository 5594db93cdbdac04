//! What the tests of this crate share.

use millrace_base::ids::{ProducerEpoch, ProducerId};
use millrace_record::batch::Batch;
use millrace_record::builder::BatchBuilder;
use millrace_record::columns::from_kafka;
use millrace_record::compression::{Codec, Scratch};
use millrace_runtime::{Core, sim};

/// Runs a test on one core of a simulated host.
pub(crate) fn on_sim<T: 'static>(seed: u64, test: impl AsyncFnOnce(Core) -> T + 'static) -> T {
    sim::block_on(seed, async move |core| test(core).await)
}

/// A batch of `records` records with the same value, timestamps (Unix ms) rising by one from `timestamp` on, as a
/// client sends it.
pub(crate) fn batch_bytes(
    producer: Option<(ProducerId, ProducerEpoch, i32)>,
    records: usize,
    timestamp: i64,
    value: &[u8],
) -> Vec<u8> {
    let mut builder = BatchBuilder::new(Codec::None);
    if let Some((id, epoch, sequence)) = producer {
        builder = builder.producer(id, epoch, sequence);
    }
    for index in 0..records {
        builder.push(timestamp + index as i64, None, Some(value), &[]).unwrap();
    }
    builder.build().unwrap()
}

/// The same batch, with its records as columns.
pub(crate) fn as_columns(batch: &[u8]) -> Vec<u8> {
    from_kafka(&Batch::first(batch).unwrap(), &mut Scratch::default()).unwrap()
}
