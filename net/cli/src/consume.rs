//! `millrace consume`: from an offset or a time, or as a member of a group; once or following.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::Duration;

use clap::Args;
use millrace_client::Cluster;
use millrace_client::consumer::{Consumer, Start};
use millrace_record::record::Record;

use crate::connect::Server;
use crate::group_reader::{self, GroupProtocol, Reading};
use crate::output::{CliError, Output};
use crate::record_json::JsonRecord;
use crate::start;
use crate::template::{self, Place, Template};

#[derive(Args)]
pub(crate) struct Arguments {
    /// The topic to read
    topic: String,
    /// Read only this partition; may be repeated [default: all]
    #[arg(long, short)]
    partition: Vec<i32>,
    /// Read as a member of this consumer group: share the partitions with its other members, go on where it has
    /// committed, and commit
    #[arg(long, short, value_name = "GROUP", conflicts_with = "partition")]
    group: Option<String>,
    /// With --group: whose protocol the member speaks: that in which members assign partitions (classic), or that in
    /// which the broker does (consumer, KIP-848)
    #[arg(long, value_name = "PROTOCOL", value_enum, default_value_t = GroupProtocol::Classic, requires = "group")]
    group_protocol: GroupProtocol,
    /// With --group: how often to commit what was printed; it is committed in the end in any case
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = humantime::parse_duration)]
    #[arg(requires = "group")]
    commit_interval: Duration,
    /// Where to begin (with --group: where it has committed nothing): earliest, latest, an offset (100), so many before
    /// the end (-100), a time (2026-01-31T12:00:00Z) or how long ago (15m)
    #[arg(long, value_name = "PLACE", default_value = "earliest", value_parser = start::parse)]
    #[arg(allow_hyphen_values = true)]
    from: Start,
    /// Go on with what is written from now on
    #[arg(long, short)]
    follow: bool,
    /// Stop after so many records
    #[arg(long, short = 'n', value_name = "COUNT")]
    max: Option<u64>,
    #[arg(long, default_value = "%v\\n", value_parser = Template::parse, conflicts_with = "json")]
    #[arg(help = format!("What is printed of a record: {}", template::HELP))]
    format: Template,
    /// With --format: what is printed for a null key or value
    #[arg(long, value_name = "TEXT", default_value = "", conflicts_with = "json")]
    null: String,
    /// Print each record as a line of JSON; bytes that are not UTF-8 are shown as {"base64": "..."}
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: Server,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), CliError> {
    let mut cluster = arguments.server.connect()?;
    if let Some(group) = &arguments.group {
        return read_in_group(&mut cluster, arguments, group);
    }
    let mut consumer = Consumer::new(&mut cluster, &arguments.topic, &arguments.partition, arguments.from)?;
    // Where to stop, exclusive, by partition; following never stops.
    let ends = if arguments.follow { BTreeMap::new() } else { consumer.ends()? };
    let mut output = Output::new();
    let mut left = arguments.max.unwrap_or(u64::MAX);
    leave_ended(&mut consumer, &ends);
    while left > 0 && !consumer.positions().is_empty() {
        consumer.poll(|partition, record| {
            if ends.get(&partition).is_none_or(|end| record.offset < *end) {
                print(&mut output, arguments, partition, record)?;
                left -= 1;
            }
            Ok::<_, CliError>(left > 0)
        })?;
        output.flush()?;
        leave_ended(&mut consumer, &ends);
    }
    Ok(())
}

fn read_in_group(cluster: &mut Cluster, arguments: &Arguments, group: &str) -> Result<(), CliError> {
    let reading = Reading {
        group,
        topic: &arguments.topic,
        protocol: arguments.group_protocol,
        from: arguments.from,
        follow: arguments.follow,
        max: arguments.max.unwrap_or(u64::MAX),
        commit_interval: arguments.commit_interval,
    };
    let output = RefCell::new(Output::new());
    let print = |partition: i32, record: &Record<'_>| print(&mut output.borrow_mut(), arguments, partition, record);
    group_reader::read(cluster, &reading, print, || output.borrow_mut().flush())
}

fn leave_ended(consumer: &mut Consumer<'_>, ends: &BTreeMap<i32, i64>) {
    for (partition, end) in ends {
        if consumer.positions().get(partition).is_some_and(|position| position >= end) {
            consumer.leave(*partition);
        }
    }
}

fn print(output: &mut Output, arguments: &Arguments, partition: i32, record: &Record<'_>) -> Result<(), CliError> {
    if arguments.json {
        let topic = Some(Cow::Borrowed(arguments.topic.as_str()));
        return output.json(&JsonRecord { topic, partition: Some(partition), ..JsonRecord::of(record) });
    }
    let place = Place { topic: &arguments.topic, partition, null: arguments.null.as_bytes() };
    output.write(|out| arguments.format.print(out, place, record))
}
