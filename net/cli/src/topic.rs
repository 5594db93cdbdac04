//! `millrace topic create|list|describe|alter|delete`

use std::collections::BTreeMap;

use clap::{Args, Subcommand};
use millrace_base::code::ErrorCode;
use millrace_client::admin::{self, NewTopic};
use millrace_client::cluster::{PartitionMetadata, TopicMetadata};
use millrace_client::configs::{self, Change, Resource, SettingSource};
use millrace_client::offsets::{Place, offsets};
use millrace_client::{ClientError, Cluster};
use serde::Serialize;

use crate::connect::Server;
use crate::output::{self, CliError, counted};

#[derive(Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Create a topic
    Create(Create),
    /// List topics
    List(List),
    /// Show a topic's partitions, their offsets, and the settings that are its own
    Describe(Describe),
    /// Give a topic more partitions, or other settings
    Alter(Alter),
    /// Delete topics and all their records
    Delete(Delete),
}

#[derive(Args)]
struct Create {
    /// The topic's name
    name: String,
    /// How many partitions it gets [default: the broker's num.partitions]
    #[arg(long, short, default_value_t = -1, hide_default_value = true)]
    #[arg(value_parser = clap::value_parser!(i32).range(-1..))]
    partitions: i32,
    /// How many replicas each partition gets [default: the broker's default.replication.factor]
    #[arg(long, short, default_value_t = -1, hide_default_value = true)]
    replication_factor: i16,
    /// A setting by Kafka's name, for example retention.ms=3600000; may be repeated
    #[arg(long, short, value_name = "NAME=VALUE", value_parser = parse_setting)]
    config: Vec<(String, String)>,
    /// Leave a topic of this name as it is
    #[arg(long)]
    if_not_exists: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: Server,
}

#[derive(Args)]
struct List {
    /// Show the brokers' own topics as well
    #[arg(long)]
    internal: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: Server,
}

#[derive(Args)]
struct Describe {
    /// The topic's name
    name: String,
    /// Print JSON, with all settings
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: Server,
}

#[derive(Args)]
struct Alter {
    /// The topic's name
    name: String,
    /// How many partitions it has afterwards, all together: more than now
    #[arg(long, short, value_parser = clap::value_parser!(i32).range(1..))]
    #[arg(required_unless_present_any = ["config", "unset"])]
    partitions: Option<i32>,
    /// A setting by Kafka's name, for example retention.ms=3600000; may be repeated
    #[arg(long, short, value_name = "NAME=VALUE", value_parser = parse_setting)]
    config: Vec<(String, String)>,
    /// A setting that is to have its default again; may be repeated
    #[arg(long, value_name = "NAME")]
    unset: Vec<String>,
    /// Only ask the broker whether it would do that
    #[arg(long)]
    dry_run: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: Server,
}

#[derive(Args)]
struct Delete {
    /// The topics' names
    #[arg(required = true)]
    names: Vec<String>,
    /// It is no error that there is no such topic
    #[arg(long)]
    if_exists: bool,
    #[command(flatten)]
    server: Server,
}

/// `NAME=VALUE`.
pub(crate) fn parse_setting(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("expected NAME=VALUE, for example segment.bytes=16777216")?;
    Ok((name.trim().to_owned(), value.trim().to_owned()))
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), CliError> {
    match &arguments.command {
        Command::Create(create) => create_topic(create),
        Command::List(list) => list_topics(list),
        Command::Describe(describe) => describe_topic(describe),
        Command::Alter(alter) => alter_topic(alter),
        Command::Delete(delete) => delete_topics(delete),
    }
}

fn create_topic(create: &Create) -> Result<(), CliError> {
    let mut cluster = create.server.connect()?;
    let topic = NewTopic {
        name: &create.name,
        partitions: create.partitions,
        replication_factor: create.replication_factor,
        configs: &create.config,
    };
    let (topic, is_new) = match admin::create_topic(&mut cluster, &topic) {
        Err(error) if create.if_not_exists && error.code() == Some(ErrorCode::TopicAlreadyExists) => {
            (cluster.await_topic(&create.name)?, false)
        }
        created => (created?, true),
    };
    if create.json {
        return output::print_json(&ListedTopic::of(&topic));
    }
    let partitions = counted(topic.partitions.len() as u64, "partition");
    let verb = if is_new { "created topic" } else { "there is already a topic" };
    output::print_line(&format!("{verb} {} with {partitions} (id {})", topic.name, topic.id))
}

#[derive(Serialize)]
struct AlteredTopic<'a> {
    name: &'a str,
    /// Null: as many as before.
    partitions: Option<i32>,
    set: BTreeMap<&'a str, &'a str>,
    unset: &'a [String],
    dry_run: bool,
}

/// The settings first: it is they that are refused more often, and what was added cannot be taken away.
fn alter_topic(alter: &Alter) -> Result<(), CliError> {
    let mut cluster = alter.server.connect()?;
    let set = alter.config.iter().map(|(name, value)| Change::Set { name, value });
    let changes: Vec<_> = set.chain(alter.unset.iter().map(|name| Change::Unset { name })).collect();
    if !changes.is_empty() {
        configs::change(&mut cluster, Resource::Topic(&alter.name), &changes, alter.dry_run)?;
    }
    if let Some(count) = alter.partitions {
        admin::add_partitions(&mut cluster, &alter.name, count, alter.dry_run)?;
    }
    let altered = AlteredTopic {
        name: &alter.name,
        partitions: alter.partitions,
        set: alter.config.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect(),
        unset: &alter.unset,
        dry_run: alter.dry_run,
    };
    if alter.json { output::print_json(&altered) } else { print_altered(&altered) }
}

fn print_altered(altered: &AlteredTopic<'_>) -> Result<(), CliError> {
    let set = altered.set.iter().map(|(name, value)| format!("{name}={value}"));
    let unset = altered.unset.iter().map(|name| format!("{name} has its default"));
    let partitions = altered.partitions.map(|count| counted(u64::from(count.unsigned_abs()), "partition"));
    let all: Vec<String> = set.chain(unset).chain(partitions).collect();
    let verb = if altered.dry_run { "could be altered" } else { "altered" };
    output::print_line(&format!("topic {} {verb}: {}", altered.name, all.join(", ")))
}

fn delete_topics(delete: &Delete) -> Result<(), CliError> {
    let mut cluster = delete.server.connect()?;
    for name in &delete.names {
        match admin::delete_topic(&mut cluster, name) {
            Err(ClientError::UnknownTopic(_)) if delete.if_exists => {
                output::print_line(&format!("there is no topic {name}"))?;
            }
            Err(ClientError::UnknownTopic(_)) => {
                let what = format!("topic {name:?} was not deleted");
                let code = ErrorCode::UnknownTopicOrPartition.code();
                return Err(ClientError::refused(what, code, Some("it does not exist")).into());
            }
            deleted => {
                deleted?;
                output::print_line(&format!("deleted topic {name}"))?;
            }
        }
    }
    Ok(())
}

#[derive(Serialize)]
struct ListedTopic<'a> {
    name: &'a str,
    id: String,
    partitions: usize,
    replication_factor: usize,
    internal: bool,
}

impl<'a> ListedTopic<'a> {
    fn of(topic: &'a TopicMetadata) -> Self {
        Self {
            name: &topic.name,
            id: topic.id.to_string(),
            partitions: topic.partitions.len(),
            replication_factor: topic.partitions.values().next().map_or(0, |partition| partition.replicas.len()),
            internal: topic.is_internal,
        }
    }
}

fn list_topics(list: &List) -> Result<(), CliError> {
    let mut topics = list.server.connect()?.retrying(|cluster| cluster.describe_topics(None))?;
    topics.retain(|topic| list.internal || !topic.is_internal);
    topics.sort_by(|one, other| one.name.cmp(&other.name));
    let listed: Vec<_> = topics.iter().map(ListedTopic::of).collect();
    if list.json {
        return output::print_json(&listed);
    }
    if listed.is_empty() {
        return output::print_line("no topics yet; `millrace topic create NAME` makes one");
    }
    let row = |topic: &ListedTopic<'_>| {
        [topic.name.to_owned(), topic.partitions.to_string(), topic.replication_factor.to_string()]
    };
    let rows: Vec<_> = listed.iter().map(row).collect();
    output::print_table(["TOPIC", "PARTITIONS", "REPLICAS"], &rows)
}

#[derive(Serialize)]
struct DescribedTopic {
    name: String,
    id: String,
    internal: bool,
    partitions: Vec<DescribedPartition>,
    settings: Vec<DescribedSetting>,
}

#[derive(Serialize)]
struct DescribedPartition {
    partition: i32,
    /// Null: none at the moment.
    leader: Option<i32>,
    /// Inclusive; null without a leader.
    start_offset: Option<i64>,
    /// Exclusive (the high watermark); null without a leader.
    end_offset: Option<i64>,
    replicas: Vec<i32>,
    isr: Vec<i32>,
}

#[derive(Serialize)]
struct DescribedSetting {
    name: String,
    /// Null: none, or secret.
    value: Option<String>,
    source: &'static str,
}

fn describe_topic(describe: &Describe) -> Result<(), CliError> {
    let mut cluster = describe.server.connect()?;
    let mut topic = cluster.retrying(|cluster| cluster.describe_topic(&describe.name))?;
    let partitions = describe_partitions(&mut cluster, &mut topic)?;
    let settings = configs::settings(&mut cluster, Resource::Topic(&describe.name), None)?;
    let settings = settings.into_iter().map(|setting| DescribedSetting {
        name: setting.name,
        value: setting.value,
        source: setting.source.name(),
    });
    let described = DescribedTopic {
        id: topic.id.to_string(),
        name: topic.name,
        internal: topic.is_internal,
        partitions,
        settings: settings.collect(),
    };
    if describe.json { output::print_json(&described) } else { print(&described) }
}

fn describe_partitions(
    cluster: &mut Cluster,
    topic: &mut TopicMetadata,
) -> Result<Vec<DescribedPartition>, ClientError> {
    let has_leader = |(index, partition): (&i32, &PartitionMetadata)| (partition.leader >= 0).then_some(*index);
    let led: Vec<i32> = topic.partitions.iter().filter_map(has_leader).collect();
    let starts = offsets(cluster, topic, &led, Place::Earliest)?;
    let ends = offsets(cluster, topic, &led, Place::Latest)?;
    let describe = |(index, partition): (&i32, &PartitionMetadata)| DescribedPartition {
        partition: *index,
        leader: Some(partition.leader).filter(|leader| *leader >= 0),
        start_offset: starts.get(index).copied(),
        end_offset: ends.get(index).copied(),
        replicas: partition.replicas.clone(),
        isr: partition.isr.clone(),
    };
    Ok(topic.partitions.iter().map(describe).collect())
}

fn print(topic: &DescribedTopic) -> Result<(), CliError> {
    output::print_line(&format!("topic {} (id {})", topic.name, topic.id))?;
    for setting in topic.settings.iter().filter(|setting| setting.source == SettingSource::Topic.name()) {
        output::print_line(&format!("  {}={}", setting.name, setting.value.as_deref().unwrap_or_default()))?;
    }
    let number = |number: Option<i64>| number.map_or_else(|| "-".to_owned(), |number| number.to_string());
    let row = |partition: &DescribedPartition| {
        [
            partition.partition.to_string(),
            partition.leader.map_or_else(|| "none".to_owned(), |leader| leader.to_string()),
            number(partition.start_offset),
            number(partition.end_offset),
            join(&partition.replicas),
            join(&partition.isr),
        ]
    };
    let rows: Vec<_> = topic.partitions.iter().map(row).collect();
    output::print_table(["PARTITION", "LEADER", "START", "END", "REPLICAS", "IN SYNC"], &rows)
}

fn join(ids: &[i32]) -> String {
    ids.iter().map(i32::to_string).collect::<Vec<_>>().join(",")
}
