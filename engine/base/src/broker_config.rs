//! A broker's configuration: layers of given settings over the defaults, checked once, at start.
//!
//! Always true of a [`BrokerConfig`]:
//! - every given setting is known, valid and acted upon (or a warning says that it is not yet);
//! - settings that must fit together do: listeners with their protocols and advertised addresses, budgets with limits.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use crate::ids::BrokerId;
use dynamic::Dynamic;

use crate::setting::{Described, Kind, Setting, SettingError, Source, Support, Synonym, Value, nearest};

mod consumer_groups;
mod cores;
mod dynamic;
mod foreign;
mod layers;
mod listener;
mod settings;

pub use consumer_groups::{ConsumerAssignor, ConsumerGroups, Limited, MigrationPolicy};
pub use cores::Cores;
pub use dynamic::is_dynamic;
pub use layers::{
    ENVIRONMENT_PREFIX, Given, Layer, Origin, Problem, Problems, environment_layer, environment_variable,
};
pub use listener::{Endpoint, Listener};
pub use settings::SETTINGS;

/// The least of `log.cleaner.dedupe.buffer.size`, in bytes: Kafka's.
const KEYS_BYTES_MIN: usize = 1024 * 1024;

/// When an append is acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// Once it is on stable storage.
    Sync,
    /// Once it is in the broker's memory: a crash or a power loss may take it.
    Relaxed,
}

impl Durability {
    /// The durability that a valid text of `millrace.durability` names.
    pub(crate) fn of(text: &str) -> Durability {
        if text == "relaxed" { Durability::Relaxed } else { Durability::Sync }
    }
}

/// Where the broker listens and what it takes from a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Network {
    /// `listeners`: at least one.
    pub listeners: Vec<Listener>,
    /// `advertised.listeners`, or the listeners themselves: each has the name of a listener.
    pub advertised: Vec<Listener>,
    /// `millrace.http.listener`; None: there is no HTTP port.
    pub http_listener: Option<Listener>,
    /// `millrace.native.listener`; None: the native protocol is not served.
    pub native_listener: Option<Listener>,
    /// `max.connections`.
    pub connections_max: usize,
    /// `connections.max.idle.ms`; None: for ever.
    pub connection_idle_max: Option<Duration>,
    /// `socket.request.max.bytes`, inclusive.
    pub request_bytes_max: usize,
    /// `queued.max.request.bytes`, of all cores together; None: no limit but that of each core.
    pub queued_request_bytes_max: Option<usize>,
    /// `fetch.max.bytes`, inclusive but for a first batch that is larger.
    pub fetch_bytes_max: usize,
    /// `max.incremental.fetch.session.cache.slots`, of all cores together.
    pub fetch_sessions_max: usize,
}

/// How topics come and go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topics {
    /// `auto.create.topics.enable`.
    pub auto_create: bool,
    /// `delete.topic.enable`.
    pub deletable: bool,
    /// `num.partitions`, at least 1.
    pub partitions: i32,
    /// `default.replication.factor`, at least 1.
    pub replication_factor: i16,
}

/// How consumer groups are coordinated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Groups {
    /// `group.min.session.timeout.ms`, inclusive.
    pub session_timeout_min: Duration,
    /// `group.max.session.timeout.ms`, inclusive, never below the least.
    pub session_timeout_max: Duration,
    /// `group.initial.rebalance.delay.ms`.
    pub initial_rebalance_delay: Duration,
    /// `group.max.size`, inclusive.
    pub members_max: usize,
    /// How groups of the consumer protocol (KIP-848) are coordinated.
    pub consumer: ConsumerGroups,
    /// `offset.metadata.max.bytes`, inclusive.
    pub offset_metadata_bytes_max: usize,
    /// `offsets.retention.minutes`.
    pub offsets_retention: Duration,
    /// `offsets.retention.check.interval.ms`.
    pub offsets_retention_check_interval: Duration,
    /// `offsets.topic.num.partitions`.
    pub offsets_topic_partitions: i32,
    /// `offsets.topic.replication.factor`.
    pub offsets_topic_replication_factor: i16,
    /// `offsets.topic.segment.bytes`.
    pub offsets_topic_segment_bytes: u32,
}

/// How compacted topics are cleaned.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cleaning {
    /// `log.cleaner.enable`.
    pub is_enabled: bool,
    /// `log.cleaner.backoff.ms`.
    pub backoff: Duration,
    /// `log.cleaner.dedupe.buffer.size`, of all cores together, in bytes.
    pub keys_bytes: usize,
    /// `log.cleaner.io.buffer.load.factor`, above 0 and below 1.
    pub load_factor: f64,
    /// `log.cleaner.io.max.bytes.per.second`, of all cores together; above 0.
    pub bytes_per_second: f64,
}

/// Whose executor a core's thread waits in when it has nothing to do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Host {
    /// Its own: in the ring.
    #[default]
    Uring,
    /// glommio's.
    Glommio,
}

/// Ways of the network whose worth only the machine's own card can tell. None of them by default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NetworkSwitches {
    /// `millrace.send.zero.copy.bytes`: sends of at least so many bytes leave from the broker's memory, uncopied. None:
    /// every send is copied.
    pub zero_copy_bytes: Option<u64>,
    /// `millrace.napi.busy.poll.us`: how long a core that waits asks its network cards' queues itself. None: interrupts
    /// tell it.
    pub napi_busy_poll: Option<Duration>,
}

/// What each core gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Engine {
    /// `millrace.cores`.
    pub cores: Cores,
    /// `millrace.host`.
    pub host: Host,
    /// Ways of the network that are to be used.
    pub network: NetworkSwitches,
    /// `millrace.journal.first.file.bytes`.
    pub journal_first_file_bytes: u64,
    /// `millrace.journal.file.bytes`.
    pub journal_file_bytes: u64,
    /// `millrace.journal.files.max`, at least 2.
    pub journal_files_max: usize,
    /// `millrace.memory.core.bytes`: all of a core's buffers.
    pub core_bytes: usize,
    /// `millrace.memory.requests.bytes`: a core's received requests.
    pub requests_bytes: usize,
    /// `millrace.memory.tail.bytes`: a core's recent records.
    pub tail_bytes: usize,
}

/// A broker's configuration.
#[derive(Clone, Debug)]
pub struct BrokerConfig {
    /// `node.id`, never negative.
    pub node_id: BrokerId,
    /// `log.dirs`: one, for now.
    pub log_dir: PathBuf,
    /// Where the broker listens and what it takes from a connection.
    pub network: Network,
    /// How topics come and go.
    pub topics: Topics,
    /// How consumer groups are coordinated.
    pub groups: Groups,
    /// How compacted topics are cleaned.
    pub cleaning: Cleaning,
    /// What each core gets.
    pub engine: Engine,
    /// `quota.window.num`, at least 1.
    pub quota_windows: u32,
    /// `quota.window.size.seconds`, at least a second.
    pub quota_window: Duration,
    /// `producer.id.expiration.ms`.
    pub producer_expiration: Duration,
    /// `log.retention.check.interval.ms`.
    pub retention_check_interval: Duration,
    /// One sentence for each setting that was given and does not act yet.
    pub warnings: Vec<String>,
    values: Values,
}

/// A setting that somebody gave.
#[derive(Clone, Debug)]
struct Set {
    value: Value,
    origin: Origin,
}

/// All settings with their values, whoever gave them.
#[derive(Clone, Debug)]
struct Values {
    dynamic: Dynamic,
    given: BTreeMap<&'static str, Set>,
    defaults: BTreeMap<&'static str, Value>,
}

/// The setting of a broker that has this name.
pub fn setting(name: &str) -> Option<&'static Setting> {
    SETTINGS.binary_search_by(|setting| setting.name.cmp(name)).ok().and_then(|index| SETTINGS.get(index))
}

impl BrokerConfig {
    /// The configuration that these layers give, a later one over an earlier one, over the defaults.
    ///
    /// # Errors
    /// Everything that is wrong in any layer, each with its place; or, when the layers are right one by one, the first
    /// contradiction.
    pub fn from_layers(layers: &[Layer]) -> Result<BrokerConfig, Problems> {
        let mut given = BTreeMap::new();
        let mut problems = Vec::new();
        for (name, Given { value, origin }) in layers.iter().flatten() {
            match known(name).and_then(|setting| Ok((setting, setting.accept(value)?))) {
                Ok((setting, value)) => {
                    given.insert(setting.name, Set { value, origin: origin.clone() });
                }
                Err(error) => problems.push(Problem { origin: Some(origin.clone()), error }),
            }
        }
        if !problems.is_empty() {
            return Err(Problems(problems));
        }
        let defaults = SETTINGS.iter().filter_map(|setting| Some((setting.name, setting.default_value()?))).collect();
        let values = Values { dynamic: Dynamic::default(), given, defaults };
        values.config().map_err(|error| {
            let origin = match &error {
                SettingError::Invalid { name, .. } => values.given.get(name.as_str()).map(|set| set.origin.clone()),
                _ => None,
            };
            Problems(vec![Problem { origin, error }])
        })
    }

    /// The value of a setting; None when there is no such setting, or when it is unset and another one decides.
    pub fn value(&self, name: &str) -> Option<&Value> {
        self.values.get(name)
    }

    /// Who gave a setting; None when nobody did.
    pub fn origin(&self, name: &str) -> Option<&Origin> {
        self.values.given.get(name).map(|set| &set.origin)
    }

    /// What decides about a setting that has several names, the one in effect first: what is set while the broker runs,
    /// what it was given at its start, then defaults.
    pub fn synonyms<'a>(&'a self, names: impl Iterator<Item = &'a str> + Clone + 'a) -> Vec<Synonym> {
        let dynamic = self.values.dynamic.synonyms(names.clone());
        let settings = names.filter_map(setting);
        let given = settings.clone().filter_map(|setting| {
            let value = self.values.given.get(setting.name)?.value.to_string();
            Some(Synonym { name: setting.name, value, source: Source::StaticBrokerConfig })
        });
        let defaults = settings.filter_map(|setting| {
            let value = setting.default?.to_owned();
            Some(Synonym { name: setting.name, value, source: Source::DefaultConfig })
        });
        dynamic.chain(given).chain(defaults).collect()
    }

    /// Every setting with its value in effect, in the order of their names.
    pub fn describe(&self) -> Vec<Described> {
        let describe = |setting: &Setting| {
            let synonyms = self.synonyms(std::iter::once(setting.name));
            Described {
                name: setting.name,
                value: self.value(setting.name).map(Value::to_string),
                source: synonyms.first().map_or(Source::DefaultConfig, |synonym| synonym.source),
                kind: setting.kind,
                is_read_only: !is_dynamic(setting.name),
                synonyms,
                documentation: setting.documentation,
            }
        };
        SETTINGS.iter().map(describe).collect()
    }

    /// Every setting with its value and where it comes from, as a TOML file that gives the same configuration.
    pub fn print(&self) -> String {
        let mut text = String::new();
        for setting in SETTINGS {
            let origin = self.origin(setting.name).map_or_else(|| "default".to_owned(), Origin::to_string);
            let line = match self.value(setting.name) {
                None => format!("# {} is not set", setting.name),
                Some(value) => match setting.kind {
                    Kind::Boolean | Kind::Short | Kind::Int | Kind::Long | Kind::Double => {
                        format!("{} = {value}  # {origin}", setting.name)
                    }
                    Kind::String | Kind::List => format!("{} = {:?}  # {origin}", setting.name, value.to_string()),
                },
            };
            // Writing to a String cannot fail.
            writeln!(text, "{line}").unwrap_or_default();
        }
        text
    }
}

impl Default for BrokerConfig {
    /// The configuration of a broker that is told nothing.
    #[expect(clippy::expect_used, reason = "a constant input; a test runs it")]
    fn default() -> Self {
        BrokerConfig::from_layers(&[]).expect("the defaults are valid")
    }
}

fn known(name: &str) -> Result<&'static Setting, SettingError> {
    if let Some(setting) = setting(name) {
        return Ok(setting);
    }
    let suggestion = nearest(name, SETTINGS.iter().map(|setting| setting.name)).map(str::to_owned);
    if foreign::is_kafkas(name) {
        let also = suggestion.map(|name| format!(" (Millrace has {name})")).unwrap_or_default();
        return Err(SettingError::Conflict(format!("Kafka's setting {name} is not available in Millrace yet{also}")));
    }
    Err(SettingError::Unknown { scope: "broker", name: name.to_owned(), suggestion })
}

impl Values {
    fn get(&self, name: &str) -> Option<&Value> {
        let given = self.given.get(name).map(|set| &set.value);
        self.dynamic.get(name).or(given).or_else(|| self.defaults.get(name))
    }

    fn config(&self) -> Result<BrokerConfig, SettingError> {
        let network = self.network()?;
        let engine = self.engine(&network)?;
        self.check_topic_defaults()?;
        let log_dir = match self.list("log.dirs").as_slice() {
            [only] => PathBuf::from(only),
            several => {
                return Err(self.invalid("log.dirs", format!("one directory is possible yet, not {}", several.len())));
            }
        };
        Ok(BrokerConfig {
            node_id: self.number("node.id")?,
            log_dir,
            network,
            topics: Topics {
                auto_create: self.flag("auto.create.topics.enable"),
                deletable: self.flag("delete.topic.enable"),
                partitions: self.number("num.partitions")?,
                replication_factor: match self.number("default.replication.factor")? {
                    factor @ 1.. => factor,
                    _ => return Err(self.invalid("default.replication.factor", "Value must be at least 1")),
                },
            },
            groups: self.groups()?,
            cleaning: self.cleaning()?,
            engine,
            quota_windows: self.number("quota.window.num")?,
            quota_window: Duration::from_secs(self.number("quota.window.size.seconds")?),
            producer_expiration: Duration::from_millis(self.number("producer.id.expiration.ms")?),
            retention_check_interval: Duration::from_millis(self.number("log.retention.check.interval.ms")?),
            warnings: self.warnings(),
            values: self.clone(),
        })
    }

    fn network(&self) -> Result<Network, SettingError> {
        let listeners = self.listeners("listeners")?;
        listener::check_listened(&listeners).map_err(|reason| self.invalid("listeners", reason))?;
        let map = self.text("listener.security.protocol.map");
        listener::check_protocols(&listeners, &map)
            .map_err(|reason| self.invalid("listener.security.protocol.map", reason))?;
        let is_given = self.get("advertised.listeners").is_some();
        let advertised_name = if is_given { "advertised.listeners" } else { "listeners" };
        let advertised = self.listeners(advertised_name)?;
        if advertised.is_empty() {
            return Err(self.invalid(advertised_name, "at least one listener must be advertised"));
        }
        listener::check_advertised(&advertised, &listeners).map_err(|reason| self.invalid(advertised_name, reason))?;
        let idle_ms: i64 = self.number("connections.max.idle.ms")?;
        Ok(Network {
            listeners,
            advertised,
            http_listener: self.own_listener("HTTP", "millrace.http.listener")?,
            native_listener: self.own_listener("NATIVE", "millrace.native.listener")?,
            connections_max: self.number("max.connections")?,
            connection_idle_max: u64::try_from(idle_ms).ok().map(Duration::from_millis),
            request_bytes_max: self.number("socket.request.max.bytes")?,
            queued_request_bytes_max: match self.number::<i64>("queued.max.request.bytes")? {
                -1 => None,
                _ => Some(self.number("queued.max.request.bytes")?),
            },
            fetch_bytes_max: self.number("fetch.max.bytes")?,
            fetch_sessions_max: self.number("max.incremental.fetch.session.cache.slots")?,
        })
    }

    /// A listener for something else than Kafka's protocol, as host:port.
    fn own_listener(&self, protocol: &str, name: &str) -> Result<Option<Listener>, SettingError> {
        let Some(address) = self.get(name).map(Value::to_string).filter(|address| !address.is_empty()) else {
            return Ok(None);
        };
        let parsed = listener::parse(&format!("{protocol}://{address}"));
        parsed.map(Some).map_err(|reason| self.invalid(name, reason.replace("NAME://", "")))
    }

    fn groups(&self) -> Result<Groups, SettingError> {
        let ms = |name| Ok::<_, SettingError>(Duration::from_millis(self.number(name)?));
        let groups = Groups {
            session_timeout_min: ms("group.min.session.timeout.ms")?,
            session_timeout_max: ms("group.max.session.timeout.ms")?,
            initial_rebalance_delay: ms("group.initial.rebalance.delay.ms")?,
            members_max: self.number("group.max.size")?,
            consumer: self.consumer_groups()?,
            offset_metadata_bytes_max: self.number("offset.metadata.max.bytes")?,
            offsets_retention: Duration::from_secs(self.number::<u64>("offsets.retention.minutes")? * 60),
            offsets_retention_check_interval: ms("offsets.retention.check.interval.ms")?,
            offsets_topic_partitions: self.number("offsets.topic.num.partitions")?,
            offsets_topic_replication_factor: self.number("offsets.topic.replication.factor")?,
            offsets_topic_segment_bytes: self.number("offsets.topic.segment.bytes")?,
        };
        if groups.session_timeout_max < groups.session_timeout_min {
            let name = "group.max.session.timeout.ms";
            return Err(self.invalid(name, "it must not be less than group.min.session.timeout.ms"));
        }
        Ok(groups)
    }

    fn cleaning(&self) -> Result<Cleaning, SettingError> {
        let cleaning = Cleaning {
            is_enabled: self.flag("log.cleaner.enable"),
            backoff: Duration::from_millis(self.number("log.cleaner.backoff.ms")?),
            keys_bytes: self.number("log.cleaner.dedupe.buffer.size")?,
            load_factor: self.real("log.cleaner.io.buffer.load.factor"),
            bytes_per_second: self.real("log.cleaner.io.max.bytes.per.second"),
        };
        let is_above_0 = |number: f64| number > 0.0;
        if cleaning.keys_bytes < KEYS_BYTES_MIN {
            return Err(self.invalid("log.cleaner.dedupe.buffer.size", "Value must be at least 1048576"));
        }
        if !is_above_0(cleaning.load_factor) || cleaning.load_factor >= 1.0 {
            return Err(self.invalid("log.cleaner.io.buffer.load.factor", "Value must be above 0 and below 1"));
        }
        if !is_above_0(cleaning.bytes_per_second) {
            return Err(self.invalid("log.cleaner.io.max.bytes.per.second", "Value must be above 0"));
        }
        Ok(cleaning)
    }

    fn engine(&self, network: &Network) -> Result<Engine, SettingError> {
        let engine = Engine {
            cores: cores::parse(&self.text("millrace.cores"))
                .map_err(|reason| self.invalid("millrace.cores", reason))?,
            host: if self.text("millrace.host") == "glommio" { Host::Glommio } else { Host::Uring },
            network: NetworkSwitches {
                zero_copy_bytes: Some(self.number("millrace.send.zero.copy.bytes")?).filter(|bytes| *bytes > 0),
                napi_busy_poll: Some(self.number("millrace.napi.busy.poll.us")?)
                    .filter(|us| *us > 0)
                    .map(Duration::from_micros),
            },
            journal_first_file_bytes: self.number("millrace.journal.first.file.bytes")?,
            journal_file_bytes: self.number("millrace.journal.file.bytes")?,
            journal_files_max: self.number("millrace.journal.files.max")?,
            core_bytes: self.number("millrace.memory.core.bytes")?,
            requests_bytes: self.number("millrace.memory.requests.bytes")?,
            tail_bytes: self.number("millrace.memory.tail.bytes")?,
        };
        if engine.requests_bytes < network.request_bytes_max {
            return Err(SettingError::Conflict(format!(
                "millrace.memory.requests.bytes ({}) must hold a request of socket.request.max.bytes ({})",
                engine.requests_bytes, network.request_bytes_max
            )));
        }
        if engine.host == Host::Glommio && engine.network.napi_busy_poll.is_some() {
            return Err(SettingError::Conflict(
                "millrace.napi.busy.poll.us works in the broker's own loop only: leave millrace.host at uring, or set \
                 it to 0"
                    .to_owned(),
            ));
        }
        if engine.requests_bytes.saturating_add(engine.tail_bytes) > engine.core_bytes {
            return Err(SettingError::Conflict(format!(
                "millrace.memory.core.bytes ({}) must hold millrace.memory.requests.bytes ({}) and \
                 millrace.memory.tail.bytes ({})",
                engine.core_bytes, engine.requests_bytes, engine.tail_bytes
            )));
        }
        Ok(engine)
    }

    /// Kafka's checks of what topics inherit and whose kinds allow too much.
    fn check_topic_defaults(&self) -> Result<(), SettingError> {
        for (names, first) in [
            (&["log.retention.ms", "log.retention.minutes", "log.retention.hours"][..], 1),
            (&["log.roll.ms"][..], 1),
            (&["log.roll.jitter.ms", "log.flush.interval.ms", "log.flush.scheduler.interval.ms"][..], 0),
        ] {
            for name in names {
                if let Some(Value::Integer(number)) = self.get(name) {
                    let is_unlimited = *number == -1 && name.starts_with("log.retention.");
                    if *number < first && !is_unlimited {
                        return Err(self.invalid(name, format!("Value must be at least {first}")));
                    }
                }
            }
        }
        let flush = ["log.flush.interval.messages", "log.flush.interval.ms", "log.flush.scheduler.interval.ms"];
        let flushed = flush.iter().find(|name| self.get(name).is_some_and(|value| *value != Value::Integer(i64::MAX)));
        match flushed {
            Some(name) if self.text("millrace.durability") == "relaxed" => Err(SettingError::Conflict(format!(
                "{name} cannot be set together with millrace.durability=relaxed in this version of Millrace"
            ))),
            _ => Ok(()),
        }
    }

    fn warnings(&self) -> Vec<String> {
        let warning = |(name, set): (&&'static str, &Set)| match setting(name)?.support {
            Support::Stored(reason) if self.defaults.get(name) != Some(&set.value) => {
                Some(format!("{}: {name}={} is stored, but: {reason}", set.origin, set.value))
            }
            _ => None,
        };
        self.given.iter().filter_map(warning).collect()
    }

    fn listeners(&self, name: &str) -> Result<Vec<Listener>, SettingError> {
        let parse = |text: &String| listener::parse(text).map_err(|reason| self.invalid(name, reason));
        self.list(name).iter().map(parse).collect()
    }

    fn list(&self, name: &str) -> Vec<String> {
        match self.get(name) {
            Some(Value::List(entries)) => entries.clone(),
            _ => Vec::new(),
        }
    }

    fn text(&self, name: &str) -> String {
        self.get(name).map(Value::to_string).unwrap_or_default()
    }

    fn flag(&self, name: &str) -> bool {
        matches!(self.get(name), Some(Value::Boolean(true)))
    }

    fn real(&self, name: &str) -> f64 {
        match self.get(name) {
            Some(Value::Double(number)) => *number,
            _ => 0.0,
        }
    }

    fn number<T: TryFrom<i64, Error: std::fmt::Display>>(&self, name: &str) -> Result<T, SettingError> {
        match self.get(name) {
            Some(Value::Integer(number)) => T::try_from(*number).map_err(|error| self.invalid(name, error.to_string())),
            _ => Err(self.invalid(name, "Value must be non-null")),
        }
    }

    fn invalid(&self, name: &str, reason: impl Into<String>) -> SettingError {
        let value = self.get(name).map_or_else(|| "null".to_owned(), Value::to_string);
        SettingError::Invalid { name: name.to_owned(), value, reason: reason.into() }
    }
}

#[cfg(test)]
mod tests;
