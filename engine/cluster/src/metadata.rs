//! The cluster's metadata: which topics there are, with which partitions, settings and replicas; which brokers, with
//! which settings; which features and quotas; which
//! producer ids are given out.
//!
//! A [`Command`] asks for a change. The [`Machine`] checks it against the [`Image`] and answers with
//! [`MetadataRecord`]s, which go to a log. What has become durable there is applied to every image, in the order of
//! the log.
//!
//! Always true:
//! - an image changes by [`Image::apply`] only, and the same records in the same order give equal images;
//! - the machine refuses a command as a whole, or its records apply without an error;
//! - topics' names and ids are unique, and no two names differ only in `.` and `_`;
//! - a producer id is given out once.

mod command;
mod feature;
mod image;
mod machine;
mod record;

pub use command::{Command, CommandError, ConfigChange, ConfigEdit, CreateTopic, FeatureUpdate, UpgradeType};
pub use feature::{FEATURES, Feature, GROUP_VERSION};
pub use image::{Broker, Image, ImageError, Partition, Topic};
pub use machine::{Accepted, Machine, check_topic_name};
pub use record::{
    BrokerEndpoint, BrokerRecord, FORMAT_VERSION, MetadataRecord, PartitionRecord, RecordError, TopicRecord,
};

#[cfg(test)]
mod tests;
