//! Superseded records go: each core cleans the compacted partitions that it owns, one at a time, the dirtiest first.

use std::rc::Rc;
use std::time::Duration;

use millrace_base::broker_config::Cleaning;
use millrace_log::{CleanError, Cleaner, CleanerOptions, Partition};
use tracing::{debug, info, warn};

use crate::server::Server;

/// A core without work looks for some no more often than this, whatever `log.cleaner.backoff.ms` says.
const BACKOFF_MIN: Duration = Duration::from_millis(1);

/// Cleans this core's partitions for as long as it runs.
pub(crate) async fn clean_forever(server: Rc<Server>) {
    let cores = server.core.count();
    let mut cleaning = server.settings().cleaning;
    let mut cleaner = cleaner(&cleaning, cores);
    loop {
        if cleaning != server.settings().cleaning {
            cleaning = server.settings().cleaning;
            cleaner = self::cleaner(&cleaning, cores);
        }
        let now_ms = server.core.wall_ms();
        if !clean_dirtiest(&server, &mut cleaner, now_ms).await {
            server.core.sleep(cleaning.backoff.max(BACKOFF_MIN)).await;
        }
    }
}

/// A core's cleaner: its share of what all of them may use.
fn cleaner(cleaning: &Cleaning, cores: usize) -> Cleaner {
    Cleaner::new(CleanerOptions {
        keys_bytes: cleaning.keys_bytes / cores,
        load_factor: cleaning.load_factor,
        bytes_per_second: cleaning.bytes_per_second / cores as f64,
    })
}

/// Cleans the dirtiest partition that can be; false when there is none.
async fn clean_dirtiest(server: &Server, cleaner: &mut Cleaner, now_ms: i64) -> bool {
    for partition in due(server, now_ms).await {
        if clean(cleaner, &partition, now_ms).await {
            return true;
        }
    }
    false
}

/// The partitions that are worth cleaning, the one with the greatest share of what was never cleaned first.
async fn due(server: &Server, now_ms: i64) -> Vec<Rc<Partition>> {
    let mut due = Vec::new();
    for id in server.log.partitions() {
        let Some(partition) = server.partition(id).filter(|partition| partition.check().is_ok()) else { continue };
        let Some(compaction) = partition.config().compaction else { continue };
        match partition.cleanable(now_ms).await {
            Ok(Some(cleanable)) if cleanable.is_due(&compaction) => due.push((cleanable.ratio(), partition)),
            Ok(_) => {}
            Err(error) => warn!(topic = partition.topic_name(), partition = id.partition, %error, "not compacted"),
        }
    }
    due.sort_by(|(left, _), (right, _)| right.total_cmp(left));
    due.into_iter().map(|(_, partition)| partition).collect()
}

/// Cleans a partition; false when that came to nothing, and is not to be tried again at once.
async fn clean(cleaner: &mut Cleaner, partition: &Rc<Partition>, now_ms: i64) -> bool {
    let (topic, number) = (partition.topic_name(), partition.id().partition);
    match cleaner.clean(partition, now_ms).await {
        Ok(Some(cleaned)) => {
            info!(
                topic,
                partition = number,
                bytes_before = cleaned.bytes_before,
                bytes_after = cleaned.bytes_after,
                segments_before = cleaned.segments_before,
                segments_after = cleaned.segments_after,
                cleaned_to = cleaned.cleaned_to,
                "compacted"
            );
            true
        }
        Ok(None) => false,
        Err(CleanError::Interrupted) => {
            debug!(topic, partition = number, "compaction begins anew: the segments have changed");
            true
        }
        Err(error) => {
            warn!(topic, partition = number, %error, "not compacted");
            false
        }
    }
}
