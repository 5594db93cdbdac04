//! The machine, its records and the image together: every rule of Kafka's that a client can meet, and, for any sequence
//! of commands, that a replay and a snapshot give what the live machine has.

use millrace_base::broker_config::{BrokerConfig, Given, Layer, Origin};
use millrace_base::code::ErrorCode;
use millrace_base::ids::TopicId;
use millrace_base::setting::Value;
use millrace_base::topic_config::Overrides;
use proptest::prelude::*;

use super::*;
use crate::quota::{Alteration, Change, Entity, Limit};

fn endpoint(port: u16) -> BrokerEndpoint {
    BrokerEndpoint { listener: "PLAINTEXT".to_owned(), host: "localhost".to_owned(), port }
}

fn register(id: i32, incarnation: u8) -> Command {
    Command::RegisterBroker { id, incarnation: [incarnation; 16], endpoints: vec![endpoint(9092)] }
}

fn topic(name: &str, id: u8) -> CreateTopic {
    let name = name.to_owned();
    CreateTopic { name, id: TopicId([id; 16]), partitions: -1, replication_factor: -1, ..CreateTopic::default() }
}

fn machine_with(settings: &[(&str, &str)], brokers: i32) -> Machine {
    let given = |value: &str| Given { value: value.to_owned(), origin: Origin::Flag("--set".to_owned()) };
    let layer: Layer = settings.iter().map(|(name, value)| ((*name).to_owned(), given(value))).collect();
    let mut machine = Machine::new(Image::default(), BrokerConfig::from_layers(&[layer]).unwrap());
    for id in 1..=brokers {
        machine.propose(&register(id, 1)).unwrap();
    }
    machine
}

fn machine() -> Machine {
    machine_with(&[], 1)
}

fn create(machine: &mut Machine, topic: CreateTopic) -> Result<TopicRecord, CommandError> {
    let accepted = machine.propose(&Command::CreateTopic(topic))?;
    match accepted.records.as_slice() {
        [MetadataRecord::Topic(record)] => Ok(record.clone()),
        other => panic!("one topic is one record: {other:?}"),
    }
}

fn refusal(machine: &Machine, topic: CreateTopic) -> (ErrorCode, String) {
    let error = machine.check(&Command::CreateTopic(topic)).unwrap_err();
    (error.code, error.message)
}

#[test]
fn a_new_topic_has_the_brokers_defaults() {
    let mut machine = machine_with(&[("num.partitions", "3")], 1);
    let record = create(&mut machine, topic("orders", 1)).unwrap();
    assert_eq!((record.partition_count(), record.replication_factor()), (3, 1));
    let found = machine.image().topic("orders").unwrap();
    assert_eq!(machine.image().topic_by_id(TopicId([1; 16])), Some(found));
    let partition = found.partition(2).unwrap();
    assert_eq!((partition.leader, partition.leader_epoch), (1, 0));
    assert_eq!((&partition.replicas, &partition.isr), (&vec![1], &vec![1]));
    assert_eq!((found.partition(3), found.partition(-1)), (None, None));
}

#[test]
fn validating_changes_nothing() {
    let machine = machine();
    let accepted = machine.check(&Command::CreateTopic(topic("orders", 1))).unwrap();
    assert_eq!(accepted.records.len(), 1);
    assert_eq!(machine.image().topics().len(), 0);
}

#[test]
fn names_and_ids_are_unique() {
    let mut machine = machine();
    create(&mut machine, topic("a.b", 1)).unwrap();
    assert_eq!(
        refusal(&machine, topic("a.b", 2)),
        (ErrorCode::TopicAlreadyExists, "Topic 'a.b' already exists.".to_owned())
    );
    assert_eq!(
        refusal(&machine, topic("a_b", 2)),
        (ErrorCode::InvalidTopicException, "Topic 'a_b' collides with existing topic: a.b".to_owned())
    );
    assert_eq!(refusal(&machine, topic("c", 1)).0, ErrorCode::InvalidRequest);
    assert_eq!(refusal(&machine, topic("c", 0)).0, ErrorCode::InvalidRequest);
    machine.propose(&Command::DeleteTopic { id: TopicId([1; 16]) }).unwrap();
    create(&mut machine, topic("a_b", 2)).unwrap();
}

#[test]
fn partitions_and_replicas_must_be_possible() {
    let machine = machine();
    for (partitions, factor, code) in [
        (0, 1, ErrorCode::InvalidPartitions),
        (-2, -1, ErrorCode::InvalidPartitions),
        (1, 0, ErrorCode::InvalidReplicationFactor),
        (1, -2, ErrorCode::InvalidReplicationFactor),
        (0, 0, ErrorCode::InvalidReplicationFactor),
        (10_001, 1, ErrorCode::PolicyViolation),
        (i32::MAX, 1, ErrorCode::PolicyViolation),
    ] {
        let given = CreateTopic { partitions, replication_factor: factor, ..topic("t", 1) };
        assert_eq!(refusal(&machine, given).0, code, "{partitions} partitions, factor {factor}");
    }
    let (code, message) = refusal(&machine, CreateTopic { replication_factor: 3, ..topic("t", 1) });
    assert_eq!(code, ErrorCode::InvalidReplicationFactor);
    assert!(message.starts_with("Unable to replicate the partition 3 time(s)"), "{message}");
    assert!(message.contains("only 1 broker(s) are registered"), "{message}");
}

#[test]
fn replicas_go_round_the_brokers() {
    let mut machine = machine_with(&[], 3);
    let given = CreateTopic { partitions: 6, replication_factor: 2, ..topic("t", 1) };
    let record = create(&mut machine, given).unwrap();
    let mut led = [0; 4];
    for partition in &record.partitions {
        assert_eq!(partition.replicas.len(), 2);
        assert_ne!(partition.replicas[0], partition.replicas[1]);
        assert_eq!(partition.leader, partition.replicas[0]);
        led[usize::try_from(partition.leader).unwrap()] += 1;
    }
    assert_eq!(led, [0, 2, 2, 2]);
}

#[test]
fn an_assignment_is_taken_as_it_is() {
    let mut machine = machine_with(&[], 3);
    let assignment = vec![(1, vec![3, 1]), (0, vec![2, 3])];
    let record = create(&mut machine, CreateTopic { assignment, ..topic("t", 1) }).unwrap();
    let replicas: Vec<_> = record.partitions.iter().map(|partition| partition.replicas.clone()).collect();
    assert_eq!(replicas, [[2, 3], [3, 1]]);
}

#[test]
fn an_assignment_that_makes_no_sense_is_refused() {
    let machine = machine_with(&[], 2);
    for (assignment, words) in [
        (vec![(0, vec![1]), (0, vec![2])], "multiple manual partition assignments"),
        (vec![(0, vec![])], "empty replica list"),
        (vec![(0, vec![1, 1])], "more than once"),
        (vec![(0, vec![3])], "no such broker"),
        (vec![(0, vec![-1])], "no such broker"),
        (vec![(0, vec![1]), (1, vec![1, 2])], "not consistent"),
        (vec![(1, vec![1])], "consecutive 0-based"),
        (vec![(-1, vec![1]), (0, vec![1])], "consecutive 0-based"),
    ] {
        let (code, message) = refusal(&machine, CreateTopic { assignment, ..topic("t", 1) });
        assert_eq!(code, ErrorCode::InvalidReplicaAssignment, "{message}");
        assert!(message.contains(words), "{message}");
    }
    let assignment = vec![(0, vec![1])];
    let with_factor = CreateTopic { assignment: assignment.clone(), replication_factor: 1, ..topic("t", 1) };
    assert_eq!(refusal(&machine, with_factor).0, ErrorCode::InvalidRequest);
    let with_count = CreateTopic { assignment, partitions: 1, ..topic("t", 1) };
    assert_eq!(refusal(&machine, with_count).0, ErrorCode::InvalidRequest);
}

#[test]
fn settings_are_checked_and_kept_as_they_were_given() {
    let mut machine = machine();
    let with = |name: &str, value: Option<&str>| CreateTopic {
        overrides: vec![(name.to_owned(), value.map(str::to_owned))],
        ..topic("t", 1)
    };
    for (name, value, words) in [
        ("segment.bytes", Some("1"), "Value must be at least 1048576"),
        ("segment.byts", Some("1"), "did you mean segment.bytes?"),
        ("remote.storage.enable", Some("true"), "not supported by this version"),
        ("segment.bytes", None, "Null value not supported for topic configs: segment.bytes"),
        ("cleanup.policy", Some("x".repeat(32_768).leak() as &str), "exceeds the maximum value size"),
    ] {
        let (code, message) = refusal(&machine, with(name, value));
        assert_eq!(code, ErrorCode::InvalidConfig, "{message}");
        assert!(message.contains(words), "{message}");
    }
    let accepted = machine.propose(&Command::CreateTopic(with("cleanup.policy", Some(" compact ")))).unwrap();
    assert!(accepted.warnings.is_empty(), "{:?}", accepted.warnings);
    assert_eq!(machine.image().topic("t").unwrap().overrides["cleanup.policy"], " compact ");
}

#[test]
fn the_order_of_the_checks_is_kafkas() {
    let mut machine = machine();
    create(&mut machine, topic("t", 1)).unwrap();
    let everything_wrong = |name: &str| CreateTopic {
        partitions: 0,
        replication_factor: 0,
        overrides: vec![("nonsense".to_owned(), None)],
        ..topic(name, 2)
    };
    assert_eq!(refusal(&machine, everything_wrong("/")).0, ErrorCode::InvalidTopicException);
    assert_eq!(refusal(&machine, everything_wrong("t")).0, ErrorCode::TopicAlreadyExists);
    assert_eq!(refusal(&machine, everything_wrong("u")).0, ErrorCode::InvalidConfig);
}

#[test]
fn deleting_goes_by_id() {
    let mut machine = machine();
    create(&mut machine, topic("t", 1)).unwrap();
    let delete = Command::DeleteTopic { id: TopicId([1; 16]) };
    machine.propose(&delete).unwrap();
    assert_eq!(machine.image().topic("t"), None);
    assert_eq!(machine.propose(&delete).unwrap_err().code, ErrorCode::UnknownTopicId);
    let mut forbidding = machine_with(&[("delete.topic.enable", "false")], 1);
    create(&mut forbidding, topic("t", 1)).unwrap();
    assert_eq!(forbidding.propose(&delete).unwrap_err().code, ErrorCode::TopicDeletionDisabled);
}

#[test]
fn a_reader_keeps_the_topic_it_holds() {
    let mut machine = machine();
    create(&mut machine, topic("t", 1)).unwrap();
    let held = std::sync::Arc::clone(machine.image().topic("t").unwrap());
    machine.propose(&register(1, 2)).unwrap();
    machine.propose(&Command::DeleteTopic { id: TopicId([1; 16]) }).unwrap();
    assert_eq!((held.name.as_str(), held.partitions[0].leader_epoch), ("t", 0));
}

#[test]
fn a_broker_that_starts_again_begins_a_new_leader_epoch() {
    let mut machine = machine_with(&[], 2);
    let assignment = vec![(0, vec![1, 2]), (1, vec![2, 1])];
    create(&mut machine, CreateTopic { assignment, ..topic("t", 1) }).unwrap();
    machine.propose(&register(1, 2)).unwrap();
    let epochs = |machine: &Machine| -> Vec<i32> {
        machine.image().topic("t").unwrap().partitions.iter().map(|partition| partition.leader_epoch).collect()
    };
    assert_eq!(epochs(&machine), [1, 0]);
    assert_eq!(machine.propose(&register(1, 2)).unwrap().records, [], "the same start is told once");
    let moved = Command::RegisterBroker { id: 1, incarnation: [2; 16], endpoints: vec![endpoint(9093)] };
    machine.propose(&moved).unwrap();
    assert_eq!(epochs(&machine), [1, 0], "another address is not another start");
    assert_eq!(machine.image().broker(1).unwrap().endpoint("PLAINTEXT").unwrap().port, 9093);
}

#[test]
fn a_broker_without_a_usable_endpoint_is_refused() {
    let nameless = BrokerEndpoint { host: String::new(), ..endpoint(1) };
    for (id, endpoints) in
        [(-1, vec![endpoint(1)]), (1, vec![]), (1, vec![endpoint(0)]), (1, vec![endpoint(1); 2]), (1, vec![nameless])]
    {
        let command = Command::RegisterBroker { id, incarnation: [0; 16], endpoints };
        let code = machine_with(&[], 0).check(&command).unwrap_err().code;
        assert_eq!(code, ErrorCode::InvalidRegistration, "{command:?}");
    }
}

#[test]
fn the_cluster_is_named_once() {
    let mut machine = machine();
    let name = |id: &str| Command::SetClusterId { id: id.to_owned() };
    assert_eq!(machine.propose(&name("one")).unwrap().records.len(), 1);
    assert_eq!(machine.propose(&name("one")).unwrap().records.len(), 0);
    assert_eq!(machine.propose(&name("two")).unwrap_err().code, ErrorCode::InconsistentClusterId);
    assert_eq!(machine.image().cluster_id(), Some("one"));
}

#[test]
fn producer_ids_are_given_out_once() {
    let mut machine = machine();
    let allocate = |broker, count| Command::AllocateProducerIds { broker, count };
    let first = machine.propose(&allocate(1, 1000)).unwrap().records;
    let second = machine.propose(&allocate(1, 1000)).unwrap().records;
    assert_eq!(first, [MetadataRecord::ProducerIds { first: 0, next: 1000 }]);
    assert_eq!(second, [MetadataRecord::ProducerIds { first: 1000, next: 2000 }]);
    assert_eq!(machine.propose(&allocate(2, 1)).unwrap_err().code, ErrorCode::BrokerIdNotRegistered);
    assert_eq!(machine.propose(&allocate(1, 0)).unwrap_err().code, ErrorCode::InvalidRequest);
    let mut image = machine.image().clone();
    image.apply(&MetadataRecord::ProducerIds { first: i64::MAX - 1, next: i64::MAX - 1 }).unwrap();
    let exhausted = Machine::new(image, BrokerConfig::default());
    assert_eq!(exhausted.check(&allocate(1, 2)).unwrap_err().code, ErrorCode::UnknownServerError);
}

#[test]
fn records_that_do_not_follow_the_image_change_nothing() {
    let mut machine = machine();
    let record = create(&mut machine, topic("t", 1)).unwrap();
    let mut image = machine.image().clone();
    image.apply(&MetadataRecord::ClusterId { id: "one".to_owned() }).unwrap();
    image.apply(&MetadataRecord::ProducerIds { first: 0, next: 10 }).unwrap();
    let before = image.clone();
    for record in [
        MetadataRecord::Topic(record.clone()),
        MetadataRecord::Topic(TopicRecord { name: "u".to_owned(), ..record }),
        MetadataRecord::TopicDeleted { id: [9; 16] },
        MetadataRecord::ClusterId { id: "two".to_owned() },
        MetadataRecord::ProducerIds { first: 9, next: 20 },
        MetadataRecord::ProducerIds { first: 30, next: 20 },
    ] {
        assert!(image.apply(&record).is_err(), "{record:?}");
        assert_eq!(image, before);
    }
}

fn edit(name: &str, edit: ConfigEdit) -> ConfigChange {
    ConfigChange::Edit(vec![(name.to_owned(), edit)])
}

#[test]
fn settings_are_changed_one_by_one_or_all_at_once() {
    let mut machine = machine();
    create(&mut machine, topic("t", 1)).unwrap();
    let id = TopicId([1; 16]);
    let mut alter = |change: ConfigChange| {
        let records = machine.propose(&Command::AlterConfig { id, change })?.records.len();
        let overrides = machine.image().topic("t").unwrap().overrides.clone();
        assert_eq!(machine.image().topic_by_id(id).unwrap().overrides, overrides, "by name and by id");
        Ok::<_, CommandError>((records, overrides))
    };
    let text = |text: &str| text.to_owned();
    assert_eq!(alter(edit("retention.ms", ConfigEdit::Set(text("5")))).unwrap().0, 1);
    assert_eq!(alter(edit("retention.ms", ConfigEdit::Set(text("5")))).unwrap().0, 0, "nothing new");
    let (_, overrides) = alter(edit("cleanup.policy", ConfigEdit::Append(text("compact,delete")))).unwrap();
    assert_eq!(overrides["cleanup.policy"], "delete,compact");
    let (_, overrides) = alter(edit("cleanup.policy", ConfigEdit::Subtract(text("compact")))).unwrap();
    assert_eq!((overrides["cleanup.policy"].as_str(), overrides["retention.ms"].as_str()), ("delete", "5"));
    for refused in [
        edit("retention.ms", ConfigEdit::Append(text("6"))),
        edit("retention.ms", ConfigEdit::Set(text("-9"))),
        ConfigChange::Replace([(text("nonsense"), text("1"))].into()),
    ] {
        assert_eq!(alter(refused).unwrap_err().code, ErrorCode::InvalidConfig);
    }
    assert_eq!(alter(ConfigChange::Replace(Overrides::new())).unwrap(), (1, Overrides::new()));
}

#[test]
fn partitions_are_added_behind_those_that_are_there() {
    let mut machine = machine_with(&[], 2);
    create(&mut machine, CreateTopic { assignment: vec![(0, vec![2, 1])], ..topic("t", 1) }).unwrap();
    let id = TopicId([1; 16]);
    let add = |count, assignment: Option<Vec<Vec<i32>>>| Command::AddPartitions { id, count, assignment };
    for (count, assignment, code) in [
        (1, None, ErrorCode::InvalidPartitions),
        (0, None, ErrorCode::InvalidPartitions),
        (-1, None, ErrorCode::InvalidPartitions),
        (3, Some(vec![vec![1, 2]]), ErrorCode::InvalidReplicaAssignment),
        (2, Some(vec![vec![1]]), ErrorCode::InvalidReplicaAssignment),
        (2, Some(vec![vec![1, 7]]), ErrorCode::InvalidReplicaAssignment),
        (20_000, None, ErrorCode::PolicyViolation),
    ] {
        assert_eq!(machine.check(&add(count, assignment)).unwrap_err().code, code, "{count}");
    }
    machine.propose(&add(3, Some(vec![vec![1, 2], vec![2, 1]]))).unwrap();
    machine.propose(&add(4, None)).unwrap();
    let topic = machine.image().topic("t").unwrap();
    assert_eq!(topic.partitions.len(), 4);
    assert_eq!(topic.partitions.iter().map(|one| one.leader).take(3).collect::<Vec<_>>(), [2, 1, 2]);
    assert!(topic.partitions.iter().all(|one| one.replicas.len() == 2 && one.leader_epoch == 0));
}

#[test]
fn a_brokers_settings_are_changed_while_it_runs() {
    let mut machine = machine();
    let alter = |broker, change| Command::AlterBrokerConfig { broker, change };
    let set = |name: &str, value: &str| edit(name, ConfigEdit::Set(value.to_owned()));
    machine.propose(&alter(None, set("message.max.bytes", "2000"))).unwrap();
    machine.propose(&alter(Some(1), set("message.max.bytes", "3000"))).unwrap();
    let started = BrokerConfig::default();
    let of = |machine: &Machine| machine.image().resolve(&started).unwrap().value("message.max.bytes").cloned();
    assert_eq!(of(&machine), Some(Value::Integer(3000)));
    for (broker, change, code) in [
        (Some(1), set("num.partitions", "5"), ErrorCode::InvalidRequest),
        (Some(1), set("message.max.bytes", "many"), ErrorCode::InvalidRequest),
        (Some(7), set("message.max.bytes", "5"), ErrorCode::InvalidRequest),
        (None, edit("message.max.bytes", ConfigEdit::Append("5".to_owned())), ErrorCode::InvalidConfig),
    ] {
        assert_eq!(machine.check(&alter(broker, change)).unwrap_err().code, code);
    }
    machine.propose(&alter(None, edit("log.cleanup.policy", ConfigEdit::Append("compact".to_owned())))).unwrap();
    assert_eq!(machine.image().broker_config(None)["log.cleanup.policy"], "delete,compact");
    machine.propose(&alter(Some(1), ConfigChange::Replace(Overrides::new()))).unwrap();
    assert_eq!(of(&machine), Some(Value::Integer(2000)));
    // What is set for brokers is what topics inherit, also when it is checked what may be set on one.
    let lag = [("log.cleaner.max.compaction.lag.ms".to_owned(), "1000".to_owned())];
    machine.propose(&alter(None, ConfigChange::Replace(lag.into()))).unwrap();
    let overrides = vec![("min.compaction.lag.ms".to_owned(), Some("5000".to_owned()))];
    let refused = create(&mut machine, CreateTopic { overrides, ..topic("t", 1) }).unwrap_err();
    assert_eq!(refused.code, ErrorCode::InvalidConfig);
}

#[test]
fn levels_of_features_are_those_of_this_release() {
    let mut machine = machine();
    let mut update = |name: &str, level, upgrade_type| {
        let updates = vec![FeatureUpdate { name: name.to_owned(), level, upgrade_type }];
        machine.propose(&Command::UpdateFeatures { updates })
    };
    assert_eq!(update("metadata.version", 30, UpgradeType::Upgrade).unwrap().records, []);
    assert_eq!(update("group.version", 0, UpgradeType::SafeDowngrade).unwrap().records.len(), 1);
    for (name, level, upgrade_type, why) in [
        ("metadata.version", 30, UpgradeType::Unknown, "does not support the given upgrade type"),
        ("metadata.version", -1, UpgradeType::Upgrade, "cannot be less than 0"),
        ("metadata.version", 29, UpgradeType::UnsafeDowngrade, "only supports versions 30-30"),
        ("metadata.version", 31, UpgradeType::Upgrade, "only supports versions 30-30"),
        ("group.version", 1, UpgradeType::SafeDowngrade, "downgrade to a newer version"),
        ("share.version", 1, UpgradeType::Upgrade, "does not support this feature"),
        ("share.version", 0, UpgradeType::SafeDowngrade, "Feature share.version not found"),
    ] {
        let refused = update(name, level, upgrade_type).unwrap_err();
        assert_eq!(refused.code, ErrorCode::InvalidUpdateVersion);
        assert!(refused.message.contains(why), "{}", refused.message);
    }
    assert_eq!(update("group.version", 1, UpgradeType::Upgrade).unwrap().records.len(), 1);
    let refused = update("group.version", 0, UpgradeType::Upgrade).unwrap_err();
    assert!(refused.message.contains("without setting the upgrade type"), "{}", refused.message);
    assert_eq!((machine.image().feature_level("group.version"), machine.image().features_epoch()), (1, 2));
}

fn any_quota_alteration() -> impl Strategy<Value = Alteration> {
    let parts = prop::sample::select(vec![
        vec![("user", Some("a"))],
        vec![("user", None), ("client-id", Some("b"))],
        vec![("ip", None)],
    ]);
    let key = prop::sample::select(vec!["producer_byte_rate", "connection_creation_rate", "nonsense"]);
    let change = prop::option::of(-1_i32..3)
        .prop_map(|value| value.map_or(Change::Remove, |value| Change::Set(Limit::of(f64::from(value)))));
    (parts, key, change).prop_map(|(parts, key, change)| Alteration {
        entity: Entity::from_parts(parts).unwrap(),
        changes: vec![(key.to_owned(), change)],
    })
}

fn any_command() -> impl Strategy<Value = Command> {
    // Few names and ids, so that commands meet: doubles, collisions, deletions of what is there and of what is not.
    let name = prop::sample::select(vec!["a", "b", "a.b", "a_b", "c.d", "", "x y"]);
    let id = 0_u8..6;
    let overrides = prop::sample::select(vec![
        vec![],
        vec![("segment.bytes".to_owned(), Some("2097152".to_owned()))],
        vec![("retention.ms".to_owned(), Some("1".to_owned())), ("segment.ms".to_owned(), Some("5".to_owned()))],
        vec![("nonsense".to_owned(), Some("1".to_owned()))],
    ]);
    let assignment = prop::sample::select(vec![vec![], vec![(0, vec![1])], vec![(1, vec![2, 1]), (0, vec![1, 2])]]);
    let create = (name, id.clone(), -1_i32..4, -1_i16..3, assignment, overrides).prop_map(
        |(name, id, partitions, replication_factor, assignment, overrides)| {
            Command::CreateTopic(CreateTopic {
                name: name.to_owned(),
                id: TopicId([id; 16]),
                partitions,
                replication_factor,
                assignment,
                overrides,
            })
        },
    );
    let alteration = prop::sample::select(vec![
        ConfigChange::Replace([("retention.ms".to_owned(), "7".to_owned())].into()),
        ConfigChange::Replace(Overrides::new()),
        edit("segment.ms", ConfigEdit::Set("9".to_owned())),
        edit("segment.ms", ConfigEdit::Delete),
        edit("cleanup.policy", ConfigEdit::Subtract("delete".to_owned())),
        edit("cleanup.policy", ConfigEdit::Append("delete".to_owned())),
        edit("nonsense", ConfigEdit::Set("1".to_owned())),
    ]);
    let broker_change = prop::sample::select(vec![
        ConfigChange::Replace([("log.retention.ms".to_owned(), "7".to_owned())].into()),
        edit("log.retention.ms", ConfigEdit::Delete),
        edit("num.partitions", ConfigEdit::Set("9".to_owned())),
    ]);
    prop_oneof![
        6 => create,
        2 => (id.clone(), -1_i32..6).prop_map(|(id, count)| {
            Command::AddPartitions { id: TopicId([id; 16]), count, assignment: None }
        }),
        2 => (id.clone(), alteration).prop_map(|(id, change)| Command::AlterConfig { id: TopicId([id; 16]), change }),
        3 => id.prop_map(|id| Command::DeleteTopic { id: TopicId([id; 16]) }),
        2 => (1_i32..4, 0_u8..3).prop_map(|(id, incarnation)| register(id, incarnation)),
        1 => (prop::option::of(Just(1)), broker_change).prop_map(|(broker, change)| {
            Command::AlterBrokerConfig { broker, change }
        }),
        2 => any_quota_alteration().prop_map(Command::AlterClientQuotas),
        1 => (0_i32..4, 0_i32..2000).prop_map(|(broker, count)| Command::AllocateProducerIds { broker, count }),
        1 => prop::sample::select(vec!["one", "two"]).prop_map(|id| Command::SetClusterId { id: id.to_owned() }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases()))]

    #[test]
    fn replay_and_snapshot_give_what_the_live_machine_has(commands in prop::collection::vec(any_command(), 0..60)) {
        let mut machine = Machine::new(Image::default(), BrokerConfig::default());
        let mut log = Vec::new();
        for command in &commands {
            let before = machine.image().clone();
            let checked = machine.check(command);
            let proposed = machine.propose(command);
            prop_assert_eq!(&checked, &proposed, "checking and proposing agree");
            match proposed {
                Ok(accepted) => log.extend(accepted.records.iter().map(MetadataRecord::encode)),
                Err(_) => prop_assert_eq!(machine.image(), &before, "a refusal changes nothing"),
            }
        }
        let records: Vec<_> = log.iter().map(|bytes| MetadataRecord::decode(bytes).unwrap()).collect();
        prop_assert_eq!(&Image::from_records(&records).unwrap(), machine.image(), "replay");
        let snapshot = machine.image().to_records();
        prop_assert_eq!(&Image::from_records(&snapshot).unwrap(), machine.image(), "snapshot");
    }
}

/// How many sequences of commands are tried; `MILLRACE_SEEDS` asks for more.
fn cases() -> u32 {
    std::env::var("MILLRACE_SEEDS").ok().and_then(|text| text.parse().ok()).unwrap_or(256)
}
