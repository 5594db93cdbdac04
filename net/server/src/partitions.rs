//! The partitions of a core follow its image: what a new topic brings is created, what a deleted one leaves is removed.

use std::cell::Cell;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream;
use millrace_base::ids::{PartitionIndex, TopicId, TopicPartition};
use millrace_base::setting::SettingError;
use millrace_cluster::metadata::{MetadataRecord, Topic};
use millrace_log::{LogError, PartitionConfig, RecoveredPartition};
use tracing::{error, info};

use crate::groups;
use crate::server::Server;
use crate::topic_configs;

/// Partitions that one core creates or deletes at a time.
const CHANGES_IN_FLIGHT: usize = 64;

/// When a partition could not be created, the next try comes after this.
const CREATE_RETRY: Duration = Duration::from_secs(1);

/// Brings this core's partitions up to date with records that its image has just taken in. One change after the other:
/// what is to be deleted has been created before.
pub(crate) async fn follow(server: &Rc<Server>, records: &[MetadataRecord]) {
    let _turn = server.partition_changes.acquire(1).await;
    for record in records {
        match record {
            MetadataRecord::Topic(created) => {
                let topic = server.image().topic_by_id(created.topic_id()).cloned();
                if let Some(topic) = topic {
                    create_owned(server, &topic).await;
                }
            }
            MetadataRecord::PartitionsAdded { id, .. } => {
                let topic = server.image().topic_by_id(TopicId(*id)).cloned();
                if let Some(topic) = topic {
                    create_owned(server, &topic).await;
                }
            }
            MetadataRecord::TopicConfig { id, .. } => {
                server.topic_configs.forget(TopicId(*id));
                let topic = server.image().topic_by_id(TopicId(*id)).cloned();
                if let Some(topic) = topic {
                    configure_owned(server, &topic);
                }
            }
            MetadataRecord::BrokerConfig { .. } => {
                server.topic_configs.forget_all();
                let topics: Vec<_> = server.image().topics().cloned().collect();
                for topic in topics {
                    configure_owned(server, &topic);
                }
            }
            MetadataRecord::TopicDeleted { id } => {
                let id = TopicId(*id);
                server.topic_configs.forget(id);
                groups::forget_topic(server, id);
                let gone = server.log.partitions().into_iter().filter(|partition| partition.topic == id).collect();
                delete(server, gone).await;
            }
            _ => {}
        }
    }
    groups::follow(server).await;
}

/// Takes in the partitions that recovery found for this core; creates those that the image wants and the disk lacks,
/// and removes what belongs to no topic any more: the broker ended between the metadata's change and its own.
///
/// # Errors
/// [`LogError`] when a partition's files cannot be opened or removed.
pub(crate) async fn adopt(server: &Rc<Server>, recovered: Vec<RecoveredPartition>) -> Result<(), LogError> {
    for partition in recovered {
        let topic = server.image().topic_by_id(partition.id().topic).cloned();
        match topic.map(|topic| partition_config(server, &topic)) {
            Some(Ok(config)) => drop(server.log.adopt(partition, config).await?),
            Some(Err(error)) => {
                error!(partition = %partition.id(), %error, "partition left alone: unusable topic settings");
            }
            None => {
                info!(partition = %partition.id(), "removing what a deleted topic has left");
                server.log.discard(partition).await?;
            }
        }
    }
    let topics: Vec<_> = server.image().topics().cloned().collect();
    for topic in topics {
        create_owned(server, &topic).await;
    }
    groups::follow(server).await;
    Ok(())
}

/// Creates those partitions of a topic that this core owns and does not have; what fails is tried again from time to
/// time.
async fn create_owned(server: &Rc<Server>, topic: &Topic) {
    let config = match partition_config(server, topic) {
        Ok(config) => config,
        Err(error) => {
            error!(topic = topic.name, %error, "partitions not created: the topic's settings cannot be used");
            return;
        }
    };
    let missing = (0..topic.partitions.len())
        .filter_map(|index| PartitionIndex::try_from(index).ok())
        .map(|partition| TopicPartition { topic: topic.id, partition })
        .filter(|partition| server.owner(*partition) == server.core.id() && server.partition(*partition).is_none());
    let all_created = Cell::new(true);
    stream::iter(missing)
        .for_each_concurrent(CHANGES_IN_FLIGHT, |partition| {
            let (config, all_created) = (config.clone(), &all_created);
            async move {
                if let Err(error) = server.log.create_partition(partition, &topic.name, config).await {
                    error!(topic = topic.name, partition = partition.partition, %error, "partition not created yet");
                    all_created.set(false);
                }
            }
        })
        .await;
    if !all_created.get() {
        server.core.spawn(create_later(Rc::clone(server), topic.id));
    }
}

/// What could not be created is tried again: a full disk may have room by then.
fn create_later(server: Rc<Server>, topic: TopicId) -> Pin<Box<dyn Future<Output = ()>>> {
    Box::pin(async move {
        server.core.sleep(CREATE_RETRY).await;
        let _turn = server.partition_changes.acquire(1).await;
        let topic = server.image().topic_by_id(topic).cloned();
        if let Some(topic) = topic.filter(|_| !server.stopping.is_set()) {
            create_owned(&server, &topic).await;
            groups::follow(&server).await;
        }
    })
}

/// Tells this core's partitions of a topic what is set on it now.
fn configure_owned(server: &Server, topic: &Topic) {
    let config = match partition_config(server, topic) {
        Ok(config) => config,
        Err(error) => {
            error!(topic = topic.name, %error, "partitions not configured: the topic's settings cannot be used");
            return;
        }
    };
    for partition in server.log.partitions().into_iter().filter(|partition| partition.topic == topic.id) {
        if let Some(partition) = server.partition(partition) {
            partition.configure(config.clone());
        }
    }
}

/// Removes partitions with their files.
async fn delete(server: &Rc<Server>, partitions: Vec<TopicPartition>) {
    stream::iter(partitions)
        .for_each_concurrent(CHANGES_IN_FLIGHT, |partition| async move {
            if let Err(error) = server.log.delete_partition(partition).await {
                error!(%partition, %error, "partition not deleted");
            }
        })
        .await;
}

/// What a topic's settings mean to its partitions' logs.
///
/// # Errors
/// [`SettingError`] when a setting was stored by another version of Millrace and means nothing here.
pub(crate) fn partition_config(server: &Server, topic: &Topic) -> Result<PartitionConfig, SettingError> {
    let config = topic_configs::resolve(server, topic)?;
    // What must be compacted in time must leave the active segment in time, as in Kafka.
    let lag_ms_max = config.compaction.map_or(i64::MAX, |compaction| compaction.lag_ms_max);
    let of_policy = |limit: Option<u64>| limit.filter(|_| config.is_deletable);
    Ok(PartitionConfig {
        durability: config.durability,
        segment_bytes: config.segment_bytes,
        segment_ms: i64::try_from(config.segment_ms).unwrap_or(i64::MAX).min(lag_ms_max),
        file_delete_delay: Duration::from_millis(config.file_delete_delay_ms),
        segment_jitter_ms: config.segment_jitter_ms,
        segment_index_bytes: config.segment_index_bytes,
        is_preallocated: config.is_preallocated,
        index_interval_bytes: config.index_interval_bytes,
        timestamp_type: config.timestamp_type,
        retention_ms: of_policy(config.retention_ms).map(|ms| i64::try_from(ms).unwrap_or(i64::MAX)),
        retention_bytes: of_policy(config.retention_bytes),
        compaction: config.compaction,
    })
}
