//! Settings of topics and brokers: shown and changed.

use millrace_base::code::ErrorCode;
use millrace_wire::messages::describe_configs::{
    DescribeConfigsRequest, DescribeConfigsResource, DescribeConfigsResourceResult, DescribeConfigsResponse,
};
use millrace_wire::messages::incremental_alter_configs::{
    AlterConfigsResource, AlterableConfig, IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse,
};

use crate::cluster::Cluster;
use crate::connection::Connection;
use crate::error::ClientError;

/// Kafka's operations on a setting (KIP-339).
const SET: i8 = 0;
const DELETE: i8 = 1;

/// What has settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resource<'a> {
    /// A topic, by its name.
    Topic(&'a str),
    /// A broker, by its id.
    Broker(i32),
    /// All brokers: what is set for the whole cluster.
    Brokers,
}

/// Where a setting's value comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SettingSource {
    /// It was set on the topic itself.
    Topic,
    /// It was set on the broker itself while it ran.
    Broker,
    /// It was set for all brokers while they ran.
    Brokers,
    /// The broker was started with it.
    Start,
    /// Nobody has set it.
    Default,
    /// Somewhere that is not known here.
    Other,
}

/// A setting of a topic or broker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// Its name.
    pub name: String,
    /// Its value, unless it has none or it is secret.
    pub value: Option<String>,
    /// Where the value comes from.
    pub source: SettingSource,
    /// It cannot be changed while the broker runs.
    pub is_read_only: bool,
    /// Its value is not shown.
    pub is_secret: bool,
}

/// What is to become of a setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change<'a> {
    /// It gets a value of its own.
    Set {
        /// Its name.
        name: &'a str,
        /// Its value.
        value: &'a str,
    },
    /// It loses its own value: the default is in effect again.
    Unset {
        /// Its name.
        name: &'a str,
    },
}

impl SettingSource {
    /// One word for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            SettingSource::Topic => "topic",
            SettingSource::Broker => "broker",
            SettingSource::Brokers => "cluster",
            SettingSource::Start => "static",
            SettingSource::Default => "default",
            SettingSource::Other => "other",
        }
    }

    /// By Kafka's number (KIP-226).
    fn of(code: i8) -> SettingSource {
        match code {
            1 => SettingSource::Topic,
            2 => SettingSource::Broker,
            3 => SettingSource::Brokers,
            4 => SettingSource::Start,
            5 => SettingSource::Default,
            _ => SettingSource::Other,
        }
    }
}

impl Resource<'_> {
    /// Kafka's resource type.
    fn kind(&self) -> i8 {
        match self {
            Resource::Topic(_) => 2,
            Resource::Broker(_) | Resource::Brokers => 4,
        }
    }

    fn name(&self) -> String {
        match self {
            Resource::Topic(name) => (*name).to_owned(),
            Resource::Broker(id) => id.to_string(),
            Resource::Brokers => String::new(),
        }
    }

    /// Whom to ask: a broker knows its own settings only.
    fn connection<'c>(&self, cluster: &'c mut Cluster) -> Result<&'c mut Connection, ClientError> {
        match self {
            Resource::Broker(id) if !cluster.broker_ids().contains(id) => {
                Err(ClientError::UnknownBroker { id: *id, known: cluster.broker_ids() })
            }
            Resource::Broker(id) => cluster.broker(*id),
            Resource::Topic(_) | Resource::Brokers => cluster.any(),
        }
    }

    fn refuse(&self, code: i16, message: Option<&str>, what: &str) -> Result<(), ClientError> {
        match (ErrorCode::from_code(code), self) {
            (Some(ErrorCode::None), _) => Ok(()),
            (Some(ErrorCode::UnknownTopicOrPartition), Resource::Topic(topic)) => {
                Err(ClientError::UnknownTopic((*topic).to_owned()))
            }
            (_, Resource::Topic(topic)) => {
                Err(ClientError::refused(format!("the settings of topic {topic:?} were not {what}"), code, message))
            }
            (_, Resource::Broker(id)) => {
                Err(ClientError::refused(format!("the settings of broker {id} were not {what}"), code, message))
            }
            (_, Resource::Brokers) => {
                Err(ClientError::refused(format!("the settings of all brokers were not {what}"), code, message))
            }
        }
    }
}

/// The settings of a topic or broker: those of these names, or all.
///
/// # Errors
/// [`ClientError::UnknownTopic`], [`ClientError::UnknownBroker`], or [`ClientError::Refused`] with the broker's reason.
pub fn settings(
    cluster: &mut Cluster,
    resource: Resource<'_>,
    names: Option<&[&str]>,
) -> Result<Vec<Setting>, ClientError> {
    cluster.retrying(|cluster| settings_once(cluster, resource, names))
}

fn settings_once(
    cluster: &mut Cluster,
    resource: Resource<'_>,
    names: Option<&[&str]>,
) -> Result<Vec<Setting>, ClientError> {
    let broker = resource.connection(cluster)?;
    let version = broker.version::<DescribeConfigsRequest<'_>>(4)?;
    let name = resource.name();
    let asked = DescribeConfigsResource {
        resource_type: resource.kind(),
        resource_name: &name,
        configuration_keys: names.map(|names| names.iter().copied().collect()),
    };
    let request = DescribeConfigsRequest { resources: vec![asked].into(), ..Default::default() };
    let answer = broker.call(version, &request)?;
    let mut settings = Vec::new();
    for result in answer.decode::<DescribeConfigsResponse<'_>>()?.results.iter() {
        resource.refuse(result.error_code, result.error_message, "shown")?;
        settings.extend(result.configs.iter().map(|config| setting(&config)));
    }
    settings.sort_by(|one: &Setting, other| one.name.cmp(&other.name));
    Ok(settings)
}

fn setting(config: &DescribeConfigsResourceResult<'_>) -> Setting {
    Setting {
        name: config.name.to_owned(),
        value: config.value.map(str::to_owned),
        source: SettingSource::of(config.config_source),
        is_read_only: config.read_only,
        is_secret: config.is_sensitive,
    }
}

/// Changes settings of a topic or broker, all of them or none; `validate_only` asks whether that could be done.
///
/// # Errors
/// As [`settings`].
pub fn change(
    cluster: &mut Cluster,
    resource: Resource<'_>,
    changes: &[Change<'_>],
    validate_only: bool,
) -> Result<(), ClientError> {
    cluster.retrying(|cluster| change_once(cluster, resource, changes, validate_only))
}

fn change_once(
    cluster: &mut Cluster,
    resource: Resource<'_>,
    changes: &[Change<'_>],
    validate_only: bool,
) -> Result<(), ClientError> {
    let broker = resource.connection(cluster)?;
    let version = broker.version::<IncrementalAlterConfigsRequest<'_>>(1)?;
    let configs = changes.iter().map(|change| match *change {
        Change::Set { name, value } => AlterableConfig { name, config_operation: SET, value: Some(value) },
        Change::Unset { name } => AlterableConfig { name, config_operation: DELETE, value: None },
    });
    let name = resource.name();
    let wanted =
        AlterConfigsResource { resource_type: resource.kind(), resource_name: &name, configs: configs.collect() };
    let request = IncrementalAlterConfigsRequest { resources: vec![wanted].into(), validate_only };
    let answer = broker.call(version, &request)?;
    for result in answer.decode::<IncrementalAlterConfigsResponse<'_>>()?.responses.iter() {
        resource.refuse(result.error_code, result.error_message, "changed")?;
    }
    Ok(())
}
