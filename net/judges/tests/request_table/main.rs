//! The request table: Millrace answers as Kafka 4.3.1 does, API by API and version by version.
//!
//! `MILLRACE_SCENE=NAME` asks one scene's rows only; `MILLRACE_SHOW=ROW` prints both brokers' answers to the rows whose
//! names begin so. The binary to try is `$MILLRACE_BIN`, or the release build.

use millrace_judges::table::Table;

mod admin;
mod alter;
mod broker_settings;
mod cluster;
mod codecs;
mod configs;
mod consumer_groups;
mod delete_records;
mod features;
mod fetch;
mod groups;
mod internal;
mod offsets;
mod partitions;
mod produce;
mod quotas;
mod records;
mod topics;

/// Rows that belong together, in their order.
type Scene = (&'static str, fn(&mut Table));

/// What both brokers are started with. The records of the table are old: nothing may go while it is asked.
const SETTINGS: &[&str] = &[
    "log.retention.hours=100000",
    "log.roll.hours=100",
    "num.partitions=2",
    "offsets.topic.num.partitions=4",
    "group.consumer.assignment.interval.ms=0",
    "group.initial.rebalance.delay.ms=0",
];

const SCENES: &[Scene] = &[
    ("api_versions", cluster::api_versions),
    ("nobody_coordinates", groups::nobody_coordinates),
    ("metadata", cluster::metadata),
    ("describe_cluster", cluster::describe_cluster),
    ("create_topics", topics::create),
    ("delete_topics", topics::delete),
    ("produce", produce::good),
    ("produce_bad", produce::bad),
    ("produce_refused", records::refused),
    ("produce_codecs", codecs::produce),
    ("produce_codec_limits", codecs::limits),
    ("idempotence", produce::idempotence),
    ("init_producer_id", produce::init_producer_id),
    ("fetch", fetch::fetch),
    ("list_offsets", offsets::list_offsets),
    ("leader_epochs", offsets::leader_epochs),
    ("describe_configs", configs::describe),
    ("group_configs", configs::of_groups),
    ("incremental_alter_configs", alter::incremental),
    ("alter_configs", alter::replacing),
    ("alter_effect", alter::effect),
    ("delete_records", delete_records::delete),
    ("under_a_fetch", delete_records::under_a_fetch),
    ("create_partitions", partitions::create),
    ("describe_topic_partitions", partitions::describe),
    ("log_dirs", partitions::log_dirs),
    ("replica_log_dirs", admin::replica_log_dirs),
    ("elect_leaders", admin::elect_leaders),
    ("reassignments", admin::reassignments),
    ("quorum", admin::quorum),
    ("producers", admin::producers),
    ("config_resources", admin::config_resources),
    ("broker_settings", broker_settings::show),
    ("broker_settings_changed", broker_settings::changes),
    ("broker_settings_refused", broker_settings::refusals),
    ("features", features::updates),
    ("features_changed", features::changes),
    ("unregister_broker", features::unregistration),
    ("scram", broker_settings::scram),
    ("quotas", quotas::alterations),
    ("quotas_described", quotas::descriptions),
    ("acls", admin::acls),
    ("authentication", admin::authentication),
    ("internal_topics", internal::topics),
    ("consumer_groups", consumer_groups::members),
    ("consumer_groups_static", consumer_groups::static_members),
    ("consumer_groups_refused", consumer_groups::refused),
    ("consumer_groups_offsets", consumer_groups::offsets),
    ("classic_groups", groups::classic),
    ("all_offsets", groups::all_offsets),
];

/// What both brokers are started with that are to refuse more.
const SETTINGS_THAT_REFUSE: &[&str] =
    &["delete.topic.enable=false", "auto.create.topics.enable=false", "compression.type=gzip"];

const SCENES_OF_REFUSAL: &[Scene] =
    &[("nothing_is_deleted", topics::not_deleted), ("not_created", topics::not_created)];

#[test]
fn millrace_refuses_what_the_reference_refuses_when_its_settings_say_so() {
    let directory = tempfile::tempdir().unwrap();
    let mut table = Table::open(directory.path(), SETTINGS_THAT_REFUSE);
    let is_whole = ask(&mut table, SCENES_OF_REFUSAL);
    let complaints = table.complaints(false);
    assert!(complaints.is_empty(), "{} complaints:\n{}", complaints.len(), complaints.join("\n"));
    assert!(!is_whole || table.coverage().rows() > 0);
}

/// Asks the scenes' rows, or those of one scene; whether all were asked.
fn ask(table: &mut Table, scenes: &[Scene]) -> bool {
    let only = std::env::var("MILLRACE_SCENE").ok();
    for (name, rows) in scenes.iter().filter(|(name, _)| only.as_ref().is_none_or(|only| only == name)) {
        let began = std::time::Instant::now();
        rows(table);
        println!("{:>6.2} s  {name}", began.elapsed().as_secs_f64());
    }
    println!("{}", table.coverage());
    only.is_none()
}

#[test]
fn millrace_answers_as_the_reference_does() {
    let directory = tempfile::tempdir().unwrap();
    let mut table = Table::open(directory.path(), SETTINGS);
    let is_whole = ask(&mut table, SCENES);
    assert_eq!(table.wrongly_offered(), Vec::<String>::new());
    let left_out = if is_whole { table.versions_left_out() } else { Vec::new() };
    let complaints = table.complaints(is_whole);
    assert!(complaints.is_empty(), "{} complaints:\n{}", complaints.len(), complaints.join("\n"));
    assert!(left_out.is_empty(), "not asked: {}", left_out.join(", "));
}
