//! Old records go: from time to time each core asks its partitions to let go of what their topics do not keep.

use std::rc::Rc;
use std::time::Duration;

use tracing::warn;

use crate::server::Server;

/// The first look comes after this long, as in Kafka (`log.initial.task.delay.ms`), if looks are not more frequent.
const FIRST_LOOK: Duration = Duration::from_secs(30);

/// Enforces `retention.ms` and `retention.bytes` on this core's partitions for as long as it runs.
pub(crate) async fn enforce_forever(server: Rc<Server>) {
    let interval = server.config.retention_check_interval;
    server.core.sleep(interval.min(FIRST_LOOK)).await;
    loop {
        for id in server.log.partitions() {
            let Some(partition) = server.partition(id).filter(|partition| partition.check().is_ok()) else { continue };
            if let Err(error) = partition.enforce_retention(server.core.wall_ms()).await {
                warn!(topic = partition.topic_name(), partition = id.partition, %error, "old records stay");
            }
        }
        server.core.sleep(interval).await;
    }
}
