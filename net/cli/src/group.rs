//! `millrace group list|describe|reset-offsets|delete`

use std::collections::BTreeMap;

use clap::{Args, Subcommand};
use millrace_base::code::ErrorCode;
use millrace_client::consumer::{Start, positions};
use millrace_client::groups::{self, GroupOffsets};
use millrace_client::offsets::{Place, offsets};
use millrace_client::{ClientError, Cluster};
use serde::Serialize;

use crate::connect::Server;
use crate::output::{self, CliError};
use crate::start;

#[derive(Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// List consumer groups
    List(List),
    /// Show where a group stands in each partition, how much it has left to read, and who reads it
    Describe(Describe),
    /// Set where a group without members goes on
    ResetOffsets(ResetOffsets),
    /// Delete groups without members, and their offsets
    Delete(Delete),
}

#[derive(Args)]
struct List {
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: Server,
}

#[derive(Args)]
struct Describe {
    /// The group's name
    name: String,
    /// Print JSON, with all members
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: Server,
}

#[derive(Args)]
struct ResetOffsets {
    /// The group's name
    name: String,
    /// Only this topic; may be repeated [default: all topics of which the group has offsets]
    #[arg(long, short)]
    topic: Vec<String>,
    /// earliest, latest, an offset (100), so many before the end (-100), a time (2026-01-31T12:00:00Z) or how long
    /// ago (15m)
    #[arg(long, value_name = "WHERE", value_parser = start::parse, allow_hyphen_values = true)]
    #[arg(required_unless_present = "shift", conflicts_with = "shift")]
    to: Option<Start>,
    /// Forward by so many records, or back (-10), as far as there are any
    #[arg(long, value_name = "RECORDS", allow_hyphen_values = true)]
    shift: Option<i64>,
    /// Change nothing, and print what would change
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
    /// The groups' names
    #[arg(required = true)]
    names: Vec<String>,
    #[command(flatten)]
    server: Server,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), CliError> {
    match &arguments.command {
        Command::List(list) => list_groups(list),
        Command::Describe(describe) => describe_group(describe),
        Command::ResetOffsets(reset) => reset_offsets(reset),
        Command::Delete(delete) => delete_groups(delete),
    }
}

#[derive(Serialize)]
struct ListedGroup {
    name: String,
    state: String,
    protocol_type: String,
    /// `classic` or `consumer`; empty where the broker does not say.
    group_type: String,
}

fn list_groups(list: &List) -> Result<(), CliError> {
    let listed = groups::list(&mut list.server.connect()?)?.into_iter().map(|group| ListedGroup {
        name: group.name,
        state: group.state,
        protocol_type: group.protocol_type,
        group_type: group.group_type,
    });
    let listed: Vec<_> = listed.collect();
    if list.json {
        return output::print_json(&listed);
    }
    if listed.is_empty() {
        return output::print_line("no groups yet; one comes with its first consumer");
    }
    let row = |group: ListedGroup| [group.name, group.state, group.protocol_type, group.group_type];
    let rows: Vec<_> = listed.into_iter().map(row).collect();
    output::print_table(["GROUP", "STATE", "TYPE", "PROTOCOL"], &rows)
}

#[derive(Serialize)]
struct DescribedGroup {
    name: String,
    state: String,
    /// Empty for a classic group that is not stable.
    protocol: String,
    partitions: Vec<DescribedPartition>,
    members: Vec<DescribedMember>,
}

#[derive(Serialize)]
struct DescribedPartition {
    topic: String,
    partition: i32,
    /// Null: nothing is committed.
    committed: Option<i64>,
    /// Exclusive (the high watermark); null: the partition is gone.
    end_offset: Option<i64>,
    /// Null where one of the two is.
    lag: Option<i64>,
    /// Null: nobody reads it.
    member: Option<String>,
}

#[derive(Serialize)]
struct DescribedMember {
    id: String,
    client_id: String,
    host: String,
    partitions: usize,
}

fn describe_group(describe: &Describe) -> Result<(), CliError> {
    let mut cluster = describe.server.connect()?;
    let group = groups::describe(&mut cluster, &describe.name)?;
    let committed = groups::committed(&mut cluster, &describe.name)?;
    let mut readers: BTreeMap<(String, i32), &str> = BTreeMap::new();
    for member in &group.members {
        readers.extend(member.partitions.iter().map(|partition| (partition.clone(), member.id.as_str())));
    }
    let mut wanted: Vec<(String, i32)> = committed.keys().chain(readers.keys()).cloned().collect();
    wanted.sort();
    wanted.dedup();
    let ends = ends(&mut cluster, &wanted)?;
    let partition = |(topic, partition): (String, i32)| {
        let key = (topic.clone(), partition);
        let (committed, end_offset) = (committed.get(&key).copied(), ends.get(&key).copied());
        let lag = committed.zip(end_offset).map(|(committed, end)| end.saturating_sub(committed).max(0));
        let member = readers.get(&key).map(|id| (*id).to_owned());
        DescribedPartition { topic, partition, committed, end_offset, lag, member }
    };
    let members = group.members.iter().map(|member| DescribedMember {
        id: member.id.clone(),
        client_id: member.client_id.clone(),
        host: member.host.clone(),
        partitions: member.partitions.len(),
    });
    let described = DescribedGroup {
        name: describe.name.clone(),
        state: group.state.clone(),
        protocol: group.protocol.clone(),
        partitions: wanted.into_iter().map(partition).collect(),
        members: members.collect(),
    };
    if describe.json { output::print_json(&described) } else { print(&described) }
}

/// Where partitions end; those of topics that are gone are not among them.
fn ends(cluster: &mut Cluster, wanted: &[(String, i32)]) -> Result<GroupOffsets, ClientError> {
    let mut ends = GroupOffsets::new();
    for (topic, partitions) in by_topic(wanted.iter().cloned()) {
        let mut described = match cluster.retrying(|cluster| cluster.describe_topic(&topic)) {
            Err(ClientError::UnknownTopic(_)) => continue,
            described => described?,
        };
        let known: Vec<i32> = partitions.into_iter().filter(|index| described.partitions.contains_key(index)).collect();
        let found = offsets(cluster, &mut described, &known, Place::Latest)?;
        ends.extend(found.into_iter().map(|(index, end)| ((topic.clone(), index), end)));
    }
    Ok(ends)
}

fn by_topic(partitions: impl Iterator<Item = (String, i32)>) -> BTreeMap<String, Vec<i32>> {
    let mut topics: BTreeMap<String, Vec<i32>> = BTreeMap::new();
    for (topic, partition) in partitions {
        topics.entry(topic).or_default().push(partition);
    }
    topics
}

fn print(group: &DescribedGroup) -> Result<(), CliError> {
    let protocol = if group.protocol.is_empty() { String::new() } else { format!(", {}", group.protocol) };
    output::print_line(&format!("group {} ({}{protocol})", group.name, group.state))?;
    let number = |number: Option<i64>| number.map_or_else(|| "-".to_owned(), |number| number.to_string());
    let row = |partition: &DescribedPartition| {
        [
            partition.topic.clone(),
            partition.partition.to_string(),
            number(partition.committed),
            number(partition.end_offset),
            number(partition.lag),
            partition.member.clone().unwrap_or_else(|| "-".to_owned()),
        ]
    };
    let rows: Vec<_> = group.partitions.iter().map(row).collect();
    output::print_table(["TOPIC", "PARTITION", "COMMITTED", "END", "LAG", "MEMBER"], &rows)
}

#[derive(Serialize)]
struct Reset {
    topic: String,
    partition: i32,
    /// Null: nothing was committed.
    before: Option<i64>,
    after: i64,
}

fn reset_offsets(reset: &ResetOffsets) -> Result<(), CliError> {
    let mut cluster = reset.server.connect()?;
    refuse_with_members(&mut cluster, &reset.name)?;
    let before = groups::committed(&mut cluster, &reset.name)?;
    let topics: Vec<String> = if reset.topic.is_empty() {
        by_topic(before.keys().cloned()).into_keys().collect()
    } else {
        reset.topic.clone()
    };
    let mut after = GroupOffsets::new();
    for topic in topics {
        let found = targets(&mut cluster, reset, &topic, &before)?;
        after.extend(found.into_iter().map(|(partition, offset)| ((topic.clone(), partition), offset)));
    }
    if !reset.dry_run && !after.is_empty() {
        groups::commit(&mut cluster, &reset.name, &after)?;
    }
    let change = |((topic, partition), after): ((String, i32), i64)| {
        let before = before.get(&(topic.clone(), partition)).copied();
        Reset { topic, partition, before, after }
    };
    let changes: Vec<Reset> = after.into_iter().map(change).collect();
    if reset.json {
        return output::print_json(&changes);
    }
    if changes.is_empty() {
        return output::print_line("the group has no offsets; --topic NAME says which topic to set");
    }
    let row = |change: &Reset| {
        let before = change.before.map_or_else(|| "-".to_owned(), |before| before.to_string());
        [change.topic.clone(), change.partition.to_string(), before, change.after.to_string()]
    };
    let rows: Vec<_> = changes.iter().map(row).collect();
    output::print_table(["TOPIC", "PARTITION", "BEFORE", if reset.dry_run { "WOULD BE" } else { "NOW" }], &rows)
}

/// A group with members keeps its offsets to itself: says so before anything is asked for. A group that does not exist
/// is created by its first offset.
fn refuse_with_members(cluster: &mut Cluster, name: &str) -> Result<(), ClientError> {
    match groups::describe(cluster, name) {
        Err(error) if error.code() == Some(ErrorCode::GroupIdNotFound) => Ok(()),
        Err(error) => Err(error),
        Ok(group) if group.members.is_empty() => Ok(()),
        Ok(group) => {
            let what = format!("the offsets of group {name:?} are not set");
            let why =
                format!("it has {}; stop its consumers first", output::counted(group.members.len() as u64, "member"));
            Err(ClientError::refused(what, ErrorCode::NonEmptyGroup.code(), Some(&why)))
        }
    }
}

/// Where the group is to go on in each partition of a topic.
fn targets(
    cluster: &mut Cluster,
    reset: &ResetOffsets,
    topic: &str,
    before: &GroupOffsets,
) -> Result<BTreeMap<i32, i64>, ClientError> {
    let mut described = cluster.retrying(|cluster| cluster.describe_topic(topic))?;
    let all: Vec<i32> = described.partitions.keys().copied().collect();
    let shift = match (&reset.to, reset.shift) {
        (Some(to), _) => return positions(cluster, &mut described, &all, *to),
        (None, shift) => shift.unwrap_or_default(),
    };
    let first = offsets(cluster, &mut described, &all, Place::Earliest)?;
    let last = offsets(cluster, &mut described, &all, Place::Latest)?;
    let committed = before.iter().filter(|((of, _), _)| of == topic);
    let shifted = committed.filter_map(|((_, partition), offset)| {
        let (first, last) = (first.get(partition)?, last.get(partition)?);
        Some((*partition, offset.saturating_add(shift).max(*first).min(*last)))
    });
    Ok(shifted.collect())
}

fn delete_groups(delete: &Delete) -> Result<(), CliError> {
    let mut cluster = delete.server.connect()?;
    for name in &delete.names {
        groups::delete(&mut cluster, name)?;
        output::print_line(&format!("deleted group {name}"))?;
    }
    Ok(())
}
