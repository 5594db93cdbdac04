//! What all clients of a run have in common: a connection that is made again when it breaks, patience, and the model.

use std::cell::{RefCell, RefMut};
use std::fmt;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use millrace_base::code::ErrorCode;
use millrace_runtime::Core;
use millrace_runtime::sim::{Random, WALL_START_MS};
use millrace_wire::Request;

use crate::connection::{Answer, Connection, Lost, Sent};
use crate::history::History;
use crate::model::{Model, Topic};

/// No broker without faults takes longer for an answer.
const PATIENCE_MAX: Duration = Duration::from_secs(60);
/// How often it is looked whether something has come about that another client brings about.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// Before one of so many answers a client naps, if it does so at all.
const NAP_ONE_IN: u64 = 40;

/// Errors that pass by themselves while a broker starts or stops.
const PASSING: [ErrorCode; 5] = [
    ErrorCode::NotLeaderOrFollower,
    ErrorCode::NotCoordinator,
    ErrorCode::CoordinatorLoadInProgress,
    ErrorCode::CoordinatorNotAvailable,
    ErrorCode::RequestTimedOut,
];

/// A client of the broker, on a host of its own.
pub(crate) struct Client {
    pub(crate) core: Core,
    pub(crate) name: String,
    pub(crate) random: Random,
    pub(crate) broker: SocketAddr,
    /// For about so long it does nothing, at times, while an answer is on its way.
    pub(crate) nap: Duration,
    model: Rc<RefCell<Model>>,
    history: History,
    connection: Option<Connection>,
}

/// What a client is made of.
#[derive(Clone)]
pub(crate) struct Surroundings {
    pub(crate) broker: SocketAddr,
    pub(crate) model: Rc<RefCell<Model>>,
    pub(crate) history: History,
}

impl Client {
    pub(crate) fn new(core: Core, name: &str, seed: u64, surroundings: &Surroundings) -> Self {
        let Surroundings { broker, model, history } = surroundings.clone();
        let (name, random) = (name.to_owned(), Random::new(seed));
        Self { core, name, random, broker, nap: Duration::ZERO, model, history, connection: None }
    }

    /// What everybody knows. Not to be held across an `.await`.
    pub(crate) fn model(&self) -> RefMut<'_, Model> {
        self.model.borrow_mut()
    }

    /// The time since the run began, in whole milliseconds: the same for all clients.
    pub(crate) fn time(&self) -> Duration {
        let ms = self.core.wall_ms() - WALL_START_MS;
        Duration::from_millis(u64::try_from(ms).unwrap_or(0))
    }

    pub(crate) fn note(&self, what: fmt::Arguments<'_>) {
        self.history.note(self.time(), &self.name, what);
    }

    /// Waits until the topic is there that producers write to.
    pub(crate) async fn topic(&self) -> Topic {
        loop {
            if let Some(topic) = &self.model().topic {
                return topic.clone();
            }
            self.core.sleep(LOOK_AGAIN).await;
        }
    }

    /// Sends a request, over a new connection if there is none.
    pub(crate) async fn submit<'a, Q: Request<'a>>(&mut self, version: i16, request: &Q) -> Result<Sent, Lost> {
        let patience = self.patience();
        let sent = match self.connected(patience).await {
            Ok(connection) => connection.submit(version, request, patience).await,
            Err(lost) => Err(lost),
        };
        sent.map_err(|lost| self.lost(Q::NAME, lost, patience))
    }

    /// Waits for the answer to the oldest request without one.
    pub(crate) async fn answer(&mut self, sent: &Sent) -> Result<Answer, Lost> {
        let patience = self.patience();
        let Some(connection) = &mut self.connection else { return Err(Lost::Closed) };
        let answer = connection.answer(sent, patience).await;
        answer.map_err(|lost| self.lost("an answer", lost, patience))
    }

    /// Sends a request and waits for its answer. None: it is not known whether it counts; a moment has passed.
    pub(crate) async fn call<'a, Q: Request<'a>>(&mut self, version: i16, request: &Q) -> Option<Answer> {
        let answer = match self.submit(version, request).await {
            Ok(sent) => {
                self.nap().await;
                self.answer(&sent).await
            }
            Err(lost) => Err(lost),
        };
        if answer.is_err() {
            self.pause().await;
        }
        answer.ok()
    }

    async fn nap(&mut self) {
        if !self.nap.is_zero() && !self.model().is_calm && self.random.below(NAP_ONE_IN) == 0 {
            let nap = self.nap.mul_f64(self.random.below(200) as f64 / 100.0);
            self.note(format_args!("naps for {nap:?}"));
            self.core.sleep(nap).await;
        }
    }

    /// Waits a moment before something is tried again.
    pub(crate) async fn pause(&mut self) {
        let pause = Duration::from_millis(5 + self.random.below(200));
        self.core.sleep(pause).await;
    }

    /// Gives the connection up.
    pub(crate) fn disconnect(&mut self) {
        self.connection = None;
    }

    /// Takes an error that passes by itself; any other is a failure.
    pub(crate) fn passes(&self, what: &str, code: i16) {
        let code = ErrorCode::from_code(code);
        let has_no_room = self.model().was_full && code == Some(ErrorCode::KafkaStorageError);
        assert!(has_no_room || code.is_some_and(|code| PASSING.contains(&code)), "{what}: {code:?}");
        self.note(format_args!("{what}: {code:?}"));
    }

    /// As [`Client::passes`]; a topic that may not have come to every core may also be unknown.
    pub(crate) fn passes_for(&self, topic: &Topic, what: &str, code: i16) {
        let unknown = [ErrorCode::UnknownTopicOrPartition, ErrorCode::UnknownTopicId];
        match ErrorCode::from_code(code) {
            Some(found) if !topic.is_everywhere && unknown.contains(&found) => {
                self.note(format_args!("{what}: {} is not known yet", topic.name));
            }
            _ => self.passes(what, code),
        }
    }

    async fn connected(&mut self, patience: Duration) -> Result<&mut Connection, Lost> {
        if self.connection.is_none() {
            self.connection = Some(Connection::open(&self.core, self.broker, patience).await?);
        }
        self.connection.as_mut().ok_or(Lost::Closed)
    }

    /// How long the next answer is waited for: while there may be faults, at times not long.
    fn patience(&mut self) -> Duration {
        if self.model().is_calm {
            return PATIENCE_MAX;
        }
        match self.random.below(6) {
            0 => Duration::from_millis(1 + self.random.below(100)),
            1 => Duration::from_millis(100 + self.random.below(2_000)),
            _ => Duration::from_secs(5 + self.random.below(20)),
        }
    }

    fn lost(&mut self, what: &str, lost: Lost, patience: Duration) -> Lost {
        let is_forgotten = matches!(lost, Lost::TimedOut) && patience == PATIENCE_MAX;
        assert!(!is_forgotten, "{}: {what} was neither answered nor refused for {patience:?}", self.name);
        self.note(format_args!("{what}: {lost:?}"));
        self.disconnect();
        lost
    }
}
