//! One broker, and what it does with a request.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};

use super::codec;
use super::mask;
use super::schema::Schemas;
use crate::broker::{Broker, Setup};
use crate::wire::{Connection, flexible_header, frame, header};

/// How long a broker may take until what it was told shows.
const PATIENCE: Duration = Duration::from_secs(20);
/// How often it is asked meanwhile.
const ASK_AGAIN: Duration = Duration::from_millis(5);
/// How long a request that is to wait is given to arrive.
const ARRIVES_WITHIN: Duration = Duration::from_millis(100);
/// How long an answer may take.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);
/// The key of ApiVersions, whose answers have a header of their own.
const API_VERSIONS: i16 = 18;

/// What a broker does with a request.
#[derive(Clone, Debug, PartialEq)]
pub enum Reaction {
    /// It answers.
    Answer(Value),
    /// It closes the connection.
    Closed,
    /// It answers nothing, and goes on.
    Silent,
    /// It answers nothing, and nothing else either.
    Stuck,
}

/// The bytes that came back.
enum Received {
    /// What follows the correlation id.
    Answer(Vec<u8>),
    /// Nothing; a second request was answered.
    Nothing,
    /// The connection's end.
    End,
    /// Nothing at all in [`ANSWER_WITHIN`].
    Late,
}

impl Reaction {
    /// The answer; null when there is none.
    #[must_use]
    pub fn answer(&self) -> &Value {
        match self {
            Reaction::Answer(answer) => answer,
            Reaction::Closed | Reaction::Silent | Reaction::Stuck => &Value::Null,
        }
    }

    pub(super) fn masked(&self, api: &str) -> Value {
        match self {
            Reaction::Answer(answer) => mask::masked(api, answer),
            Reaction::Closed => Value::from("the connection is closed"),
            Reaction::Silent => Value::from("no answer"),
            Reaction::Stuck => Value::from("no answer, now or later"),
        }
    }
}

/// What is asked, less the body.
#[derive(Clone, Copy)]
struct Asked {
    key: i16,
    version: i16,
    is_flexible: bool,
    /// It may have no answer.
    probes: bool,
}

/// A request that waits for its answer.
struct Sent {
    asked: Asked,
    connection: Connection,
    correlation: i32,
}

/// A broker that is asked by the schema facts.
pub struct Judged {
    /// The broker.
    pub broker: Broker,
    schemas: Schemas,
    connection: Option<Connection>,
    /// What requests may name by `$NAME`: it is another thing on each broker.
    pub names: BTreeMap<String, String>,
    correlation: i32,
}

impl Judged {
    /// Starts a broker; see [`Broker::spawn`].
    #[must_use]
    pub fn spawn(setup: Setup, directory: &Path) -> Self {
        let (broker, schemas) = (Broker::spawn(setup, directory), Schemas::load());
        Self { broker, schemas, connection: None, names: BTreeMap::new(), correlation: 0 }
    }

    /// The same broker after it was started again: the old connection is gone.
    #[must_use]
    pub fn reconnected(self) -> Self {
        Self { connection: None, ..self }
    }

    /// Asks it something. Texts in `body` may hold `$v` for the version, and be `$NAME` for one of its names.
    pub fn tell(&mut self, api: &str, version: i16, body: &Value) -> Reaction {
        let request = self.schemas.request(api);
        let body = self.substitute(body, version);
        let probes = api == "Produce" && body["Acks"] == 0;
        let bytes = request.encode(&body, version);
        let asked = Asked { key: request.key, version, is_flexible: request.is_flexible(version), probes };
        let exchanged = self.exchange(asked, &bytes);
        self.reaction(api, version, exchanged)
    }

    /// Asks it something that it does not answer at once, and does `meanwhile` with it over another connection.
    pub fn tell_and(&mut self, api: &str, version: i16, body: &Value, meanwhile: impl FnOnce(&mut Self)) -> Reaction {
        let request = self.schemas.request(api);
        let bytes = request.encode(&self.substitute(body, version), version);
        let asked = Asked { key: request.key, version, is_flexible: request.is_flexible(version), probes: false };
        let waiting = self.send(asked, &bytes);
        thread::sleep(ARRIVES_WITHIN);
        meanwhile(self);
        let received = waiting.map_or(Received::End, |sent| self.receive(sent));
        self.reaction(api, version, received)
    }

    /// What an answer's bytes say.
    fn reaction(&self, api: &str, version: i16, received: Received) -> Reaction {
        let (request, response) = (self.schemas.request(api), self.schemas.response(api));
        let answer = match received {
            Received::Answer(answer) => answer,
            Received::Nothing => return Reaction::Silent,
            Received::End => return Reaction::Closed,
            Received::Late => return Reaction::Stuck,
        };
        // ApiVersions answers have no tagged fields in their header, and are in version 0 when the version is unknown.
        let has_tags = response.is_flexible(version) && request.key != API_VERSIONS;
        let body = if has_tags { answer.get(1..).unwrap_or_default() } else { &answer[..] };
        let unknown = request.key == API_VERSIONS && !request.versions.contains(version);
        match response.decode(body, if unknown { 0 } else { version }) {
            Ok(answer) => Reaction::Answer(answer),
            Err(error) => Reaction::Answer(json!({ "unreadable": error, "bytes": codec::hex(body) })),
        }
    }

    /// Asks it until `is_so` says that its answer is what was waited for.
    ///
    /// # Panics
    /// When it does not come to that in time.
    pub fn until(&mut self, api: &str, version: i16, body: &Value, is_so: impl Fn(&Value) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let reaction = self.tell(api, version, body);
            if is_so(reaction.answer()) {
                return;
            }
            assert!(Instant::now() < deadline, "{api} {body} is still answered with {reaction:?}");
            thread::sleep(ASK_AGAIN);
        }
    }

    /// Sends bytes behind a request header as they are. An answer is a text of hexadecimal digits.
    pub fn tell_bytes(&mut self, api: &str, version: i16, body: &[u8]) -> Reaction {
        let request = self.schemas.request(api);
        let asked = Asked { key: request.key, version, is_flexible: request.is_flexible(version), probes: false };
        match self.exchange(asked, body) {
            Received::Answer(answer) => Reaction::Answer(Value::from(codec::hex(&answer))),
            Received::Nothing => Reaction::Silent,
            Received::End => Reaction::Closed,
            Received::Late => Reaction::Stuck,
        }
    }

    /// The request with this broker's names for `$NAME`.
    fn substitute(&self, value: &Value, version: i16) -> Value {
        match value {
            Value::Object(members) => {
                let members = members.iter().map(|(name, value)| (name.clone(), self.substitute(value, version)));
                Value::Object(members.collect::<Map<_, _>>())
            }
            Value::Array(elements) => elements.iter().map(|element| self.substitute(element, version)).collect(),
            Value::String(text) => match text.strip_prefix('$').and_then(|name| self.names.get(name)) {
                Some(own) => Value::from(own.as_str()),
                None => Value::from(text.replace("$v", &version.to_string())),
            },
            other => other.clone(),
        }
    }

    fn exchange(&mut self, asked: Asked, body: &[u8]) -> Received {
        self.send(asked, body).map_or(Received::End, |sent| self.receive(sent))
    }

    /// Sends a request, and behind it, where it may have no answer, one that has. Gives nothing when the connection has
    /// ended.
    fn send(&mut self, asked: Asked, body: &[u8]) -> Option<Sent> {
        self.correlation += 2;
        let Asked { key, version, is_flexible, probes } = asked;
        let head = if is_flexible { flexible_header } else { header }(key, version, self.correlation);
        let mut connection = self.connection.take().unwrap_or_else(|| self.connect());
        let mut bytes = frame(&[&head, body].concat());
        if probes {
            bytes.extend(frame(&header(API_VERSIONS, 0, self.correlation + 1)));
        }
        connection.send(&bytes).ok()?;
        Some(Sent { asked, connection, correlation: self.correlation })
    }

    /// Waits for the answer. The connection is kept for the next request.
    fn receive(&mut self, sent: Sent) -> Received {
        let Sent { asked: Asked { key, version, probes, .. }, mut connection, correlation: own } = sent;
        let probe = own + 1;
        let answer = match connection.receive() {
            Ok(answer) => answer,
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => return Received::Late,
            Err(_) => return Received::End,
        };
        let (correlation, rest) = answer.split_first_chunk::<4>().expect("an answer has a correlation id");
        let correlation = i32::from_be_bytes(*correlation);
        if probes && correlation == probe {
            self.connection = Some(connection);
            return Received::Nothing;
        }
        assert_eq!(correlation, own, "API {key} version {version} was asked, and something else answered");
        let is_over = probes && connection.receive().is_err();
        self.connection = (!is_over).then_some(connection);
        Received::Answer(rest.to_vec())
    }

    fn connect(&self) -> Connection {
        let address = self.broker.address();
        let connected = Connection::open(&address).and_then(|mut connection| {
            connection.answer_within(ANSWER_WITHIN)?;
            Ok(connection)
        });
        connected.unwrap_or_else(|error| panic!("{address} takes no connection: {error}"))
    }
}
