//! Reads a partition's records from its start: what a state that lives in a log is rebuilt from.

use std::io;
use std::rc::Rc;

use millrace_log::{Partition, ReadError, ReadLimits};
use millrace_record::RecordError;
use millrace_record::batch::batches;
use millrace_record::compression::Scratch;
use millrace_record::record::Record;
use millrace_runtime::Core;
use thiserror::Error;

/// Bytes of the log that are read at a time.
const REPLAY_BYTES: usize = 1024 * 1024;

/// Why a log cannot be replayed.
#[derive(Debug, Error)]
pub(crate) enum ReplayError {
    #[error("it cannot be read: {0}")]
    Read(#[from] ReadError),
    #[error("it cannot be read: {0}")]
    Load(io::Error),
    #[error("a batch at offset {offset} is damaged: {source}")]
    Batch { offset: i64, source: RecordError },
    #[error("there is nothing at offset {offset}, which lies before its end")]
    Stuck { offset: i64 },
}

/// Hands every durable record to `apply`, in order, control records left out.
///
/// # Errors
/// The first thing that is not as it was written, as [`ReplayError`] or in the words of `apply`.
pub(crate) async fn replay<E: From<ReplayError>>(
    core: &Core,
    partition: &Rc<Partition>,
    mut apply: impl FnMut(&Record<'_>) -> Result<(), E>,
) -> Result<(), E> {
    let mut offset = partition.offsets().log_start;
    while offset < partition.offsets().durable {
        let limits = ReadLimits { bytes_max: REPLAY_BYTES, at_least_one_batch: true };
        let read = partition.read(offset, limits).await.map_err(ReplayError::Read)?;
        let before = offset;
        for part in &read.parts {
            let bytes = part.load(core).await.map_err(ReplayError::Load)?;
            offset = apply_batches(&bytes, offset, &mut apply)?;
        }
        if offset == before {
            return Err(ReplayError::Stuck { offset }.into());
        }
    }
    Ok(())
}

/// Applies the records of whole batches from `offset` on; gives the offset after them.
fn apply_batches<E: From<ReplayError>>(
    bytes: &[u8],
    mut offset: i64,
    apply: &mut impl FnMut(&Record<'_>) -> Result<(), E>,
) -> Result<i64, E> {
    let mut scratch = Scratch::default();
    let begin = offset;
    for batch in batches(bytes) {
        let batch = match batch {
            Ok(batch) => batch,
            // A read may end within a batch: the next one begins there.
            Err(error) if error.is_incomplete() && offset > begin => break,
            Err(source) => return Err(ReplayError::Batch { offset, source }.into()),
        };
        let damaged = |source| ReplayError::Batch { offset: batch.base_offset(), source };
        if !batch.is_control() {
            for record in batch.records(&mut scratch).map_err(damaged)? {
                apply(&record.map_err(damaged)?)?;
            }
        }
        offset = batch.next_offset();
    }
    Ok(offset)
}
