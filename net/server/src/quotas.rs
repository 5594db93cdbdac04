//! Client quotas at work: what a client does is measured where its entity belongs, and whoever goes beyond a limit is
//! told in the answer for how long the connection is not read (KIP-219: answer first, then mute).
//!
//! Invariants:
//! - as long as no quota is set, a request pays for one look at a flag;
//! - what is measured of an entity is measured on one core, whichever cores its connections are on: a limit is the
//!   whole broker's;
//! - a throttled answer is never held back: only the next request is.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use std::net::IpAddr;
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

use millrace_base::broker_config::BrokerConfig;
use millrace_base::ids::CoreId;
use millrace_cluster::metadata::Image;
use millrace_cluster::quota::{InEffect, QuotaKey, Usage, Windows};
use millrace_runtime::sync;
use millrace_wire::messages::produce::ProduceRequest;

use crate::dispatch::{self, CoreCall};
use crate::handlers;
use crate::request::{ConnectionContext, Measured, Principal, Request};
use crate::response::Outcome;
use crate::server::Server;

/// Nobody is throttled.
const NONE: Duration = Duration::ZERO;
/// Nanoseconds of a core's time in one percent of a second.
const NANOS_PER_PERCENT: f64 = 1e7;

/// A core's part of the quotas.
pub(crate) struct ClientQuotas {
    /// Whether any quota is set.
    is_any_set: Cell<bool>,
    usage: RefCell<Usage>,
}

impl ClientQuotas {
    pub(crate) fn new(config: &BrokerConfig, image: &Image) -> Self {
        let length_ms = u64::try_from(config.quota_window.as_millis()).unwrap_or(u64::MAX);
        let windows = Windows { count: config.quota_windows, length_ms };
        Self { is_any_set: Cell::new(!image.quotas().is_empty()), usage: RefCell::new(Usage::new(windows)) }
    }

    /// Looks again at what is set.
    pub(crate) fn follow(&self, image: &Image) {
        self.is_any_set.set(!image.quotas().is_empty());
    }
}

/// Who asks.
pub(crate) struct Client {
    pub principal: Principal,
    pub id: String,
}

impl Client {
    fn of(request: &Request) -> Self {
        Self { principal: request.context.principal.clone(), id: request.client_id().to_owned() }
    }
}

/// What counts for a client, if anything does.
fn in_effect(server: &Server, client: &Client, key: QuotaKey) -> Option<InEffect> {
    server.image().quotas().for_client(key, client.principal.name(), &client.id)
}

/// Measures what a client does; for how long it is to be throttled.
async fn record(server: &Rc<Server>, client: &Client, key: QuotaKey, amount: f64) -> Duration {
    match in_effect(server, client, key) {
        None => NONE,
        Some(in_effect) => record_in_effect(server, in_effect, key, amount).await,
    }
}

async fn record_in_effect(server: &Rc<Server>, in_effect: InEffect, key: QuotaKey, amount: f64) -> Duration {
    dispatch::call(server, owner(server, &in_effect), Record { in_effect, key, amount }).await
}

/// Measures bytes that a client of the native protocol sends or gets; for how long it is to be throttled.
pub(crate) async fn record_bytes(server: &Rc<Server>, client: &Client, key: QuotaKey, bytes: usize) -> Duration {
    if server.quotas.is_any_set.get() { record(server, client, key, bytes as f64).await } else { NONE }
}

/// Takes back what [`record`] measured.
async fn unrecord(server: &Rc<Server>, client: &Client, key: QuotaKey, amount: f64) {
    if let Some(in_effect) = in_effect(server, client, key) {
        dispatch::call(server, owner(server, &in_effect), Unrecord { in_effect, key, amount }).await;
    }
}

/// The most bytes that one fetch may be answered with, so that it is not beyond the client's limit by itself.
pub(crate) fn fetch_bytes_max(server: &Server, request: &Request) -> usize {
    let limit =
        request.measured.as_ref().and_then(|_| in_effect(server, &Client::of(request), QuotaKey::ConsumerByteRate));
    limit.map_or(usize::MAX, |InEffect { limit, .. }| {
        // A float becomes the nearest number that an usize can hold.
        (limit.value() * server.quotas.usage.borrow().windows().span_seconds()) as usize
    })
}

/// Measures a new connection; for how long an address that makes too many is to be held.
pub(crate) async fn record_connection(server: &Rc<Server>, ip: IpAddr) -> Duration {
    if !server.quotas.is_any_set.get() {
        return NONE;
    }
    let key = QuotaKey::ConnectionCreationRate;
    let Some(in_effect) = server.image().quotas().for_ip(&ip.to_canonical().to_string()) else {
        return NONE;
    };
    let throttle = record_in_effect(server, in_effect.clone(), key, 1.0).await;
    if !throttle.is_zero() {
        // It is closed, and counts as never made.
        dispatch::call(server, owner(server, &in_effect), Unrecord { in_effect, key, amount: 1.0 }).await;
    }
    throttle
}

/// Answers a request, within the quotas of whoever asks.
pub(crate) async fn handle(server: Rc<Server>, mut request: Request) -> Outcome {
    if !server.quotas.is_any_set.get() {
        return handlers::handle(server, request).await;
    }
    let measured = Rc::new(Measured::default());
    request.measured = Some(Rc::clone(&measured));
    let (client, is_produce) = (Client::of(&request), request.api_key == ProduceRequest::KEY);
    let context = Rc::clone(&request.context);
    let request_bytes = request.frame.len() as f64;
    let handled = timed(&server, &measured.busy, handlers::handle(Rc::clone(&server), request));
    let by_bytes = async {
        if is_produce { record(&server, &client, QuotaKey::ProducerByteRate, request_bytes).await } else { NONE }
    };
    // The handler goes first: its batches are appended in the order in which requests came.
    let (mut outcome, by_bytes) = futures_util::future::join(handled, by_bytes).await;
    let by_time = match outcome {
        Outcome::Respond(_) => record_time(&server, &client, &measured).await,
        Outcome::Silent | Outcome::Close(_) => NONE,
    };
    let throttle = by_bytes.max(by_time);
    mute(&server, &context, throttle);
    if let Outcome::Respond(response) = &mut outcome
        && !throttle.is_zero()
    {
        response.tell_throttle(throttle_time_ms(throttle));
    }
    outcome
}

/// Measures what a fetch has found. A client beyond its limit gets none of it: how long it is throttled instead.
pub(crate) async fn throttle_fetch(server: &Rc<Server>, request: &Request, bytes: usize) -> Option<i32> {
    let measured = request.measured.as_ref()?;
    let client = Client::of(request);
    let bytes = bytes as f64;
    let by_bytes = record(server, &client, QuotaKey::ConsumerByteRate, bytes).await;
    let throttle = by_bytes.max(record_time(server, &client, measured).await);
    if throttle.is_zero() {
        return None;
    }
    unrecord(server, &client, QuotaKey::ConsumerByteRate, bytes).await;
    mute(server, &request.context, throttle);
    Some(throttle_time_ms(throttle))
}

/// Measures the time that a request has taken and that was not counted yet.
async fn record_time(server: &Rc<Server>, client: &Client, measured: &Measured) -> Duration {
    let busy = measured.busy.get();
    let new = busy.saturating_sub(measured.counted.replace(busy));
    record(server, client, QuotaKey::RequestPercentage, percent_seconds(new)).await
}

/// Runs a request's handler and measures the time for which it keeps this core busy.
async fn timed<T>(server: &Server, busy: &Cell<Duration>, work: impl Future<Output = T>) -> T {
    let mut work = pin!(work);
    std::future::poll_fn(|context| {
        let began = server.core.now();
        let polled: Poll<T> = work.as_mut().poll(context);
        busy.set(busy.get() + (server.core.now() - began));
        polled
    })
    .await
}

/// Time as a share of a core, in percent.
fn percent_seconds(busy: Duration) -> f64 {
    busy.as_nanos() as f64 / NANOS_PER_PERCENT
}

/// Lets a connection be read again only once `throttle` has passed.
fn mute(server: &Server, context: &ConnectionContext, throttle: Duration) {
    if !throttle.is_zero() {
        let until = server.core.now() + throttle;
        context.muted_until.set(context.muted_until.get().max(Some(until)));
    }
}

/// Waits until a connection may be read; at once, as long as it is not throttled or when the broker stops.
pub(crate) async fn await_unmuted(server: &Server, context: &ConnectionContext) {
    while let Some(until) = context.muted_until.take().filter(|until| *until > server.core.now()) {
        let patience = until - server.core.now();
        sync::select(pin!(server.core.sleep(patience)), pin!(server.stopping.wait())).await;
        if server.stopping.is_set() {
            return;
        }
    }
}

/// As requests tell it.
fn throttle_time_ms(throttle: Duration) -> i32 {
    i32::try_from(throttle.as_millis()).unwrap_or(i32::MAX)
}

/// The core that measures whoever shares a limit.
fn owner(server: &Server, in_effect: &InEffect) -> CoreId {
    let hash = BuildHasherDefault::<DefaultHasher>::default().hash_one(&in_effect.bucket);
    let core = hash % server.core.count() as u64;
    CoreId(u16::try_from(core).unwrap_or(0))
}

struct Record {
    in_effect: InEffect,
    key: QuotaKey,
    amount: f64,
}

impl CoreCall for Record {
    type Reply = Duration;
    const CANCELLABLE: bool = false;

    async fn run(self, server: Rc<Server>) -> Duration {
        let InEffect { bucket, limit } = self.in_effect;
        let now_ms = now_ms(&server);
        let throttle_ms = server.quotas.usage.borrow_mut().record(bucket, self.key, limit, self.amount, now_ms);
        Duration::from_millis(throttle_ms)
    }
}

struct Unrecord {
    in_effect: InEffect,
    key: QuotaKey,
    amount: f64,
}

impl CoreCall for Unrecord {
    type Reply = ();
    const CANCELLABLE: bool = false;

    async fn run(self, server: Rc<Server>) {
        let now_ms = now_ms(&server);
        server.quotas.usage.borrow_mut().unrecord(self.in_effect.bucket, self.key, self.amount, now_ms);
    }
}

/// Milliseconds of the clock that never goes back.
fn now_ms(server: &Server) -> u64 {
    u64::try_from((server.core.now() - server.began).as_millis()).unwrap_or(u64::MAX)
}
