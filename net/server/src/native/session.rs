//! One native connection: a task that reads messages and starts what they ask for, one for each stream, and one that
//! sends what all of these have to say.
//!
//! Invariants:
//! - batches are appended in the order in which they came; their answers come when they are committed;
//! - at most [`REQUESTS_IN_FLIGHT_MAX`] requests are under way: then the socket is not read;
//! - a message that makes no sense ends the connection, and that alone.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::pin::pin;
use std::rc::Rc;

use millrace_base::code::ErrorCode;
use millrace_base::hash::Map;
use millrace_base::ids::{TopicId, TopicPartition};
use millrace_log::ReadPart;
use millrace_runtime::sync::{self, Either};
use millrace_runtime::{Bytes, Socket, WriteHalf};
use millrace_wire::native::{MAGIC, NativeError, PartitionId, ToBroker, ToClient, VERSION, encode, read};
use tracing::{debug, info, warn};

use super::answers;
use super::stream::{self, Stream};
use crate::appending::Refused;
use crate::begin::{Begun, begin};
use crate::connection;
use crate::frame::{Frame, FrameLimits, FrameReader};
use crate::limits::{MESSAGES_QUEUED_MAX, REQUESTS_IN_FLIGHT_MAX, STREAMS_MAX};
use crate::quotas::Client;
use crate::request::Principal;
use crate::server::Server;

/// What is to be sent, in its turn.
pub(super) struct Said {
    message: ToClient,
    records: Vec<ReadPart>,
}

/// What the tasks of a connection share.
pub(super) struct Session {
    pub server: Rc<Server>,
    pub client: Client,
    pub peer: SocketAddr,
    said: sync::queue::Sender<Said>,
    streams: RefCell<Map<u32, Rc<Stream>>>,
    requests: sync::Semaphore,
    /// Set when the connection is over.
    pub over: sync::Event,
}

impl Session {
    /// Says something, once there is room for it; false when the connection is over.
    pub(super) async fn say(&self, message: ToClient, records: Vec<ReadPart>) -> bool {
        let saying = pin!(self.said.send(Said { message, records }));
        matches!(sync::select(saying, pin!(self.over.wait())).await, Either::First(Ok(())))
    }

    /// Forgets a stream that is over, unless another one has its number by now.
    pub(super) fn forget(&self, stream: &Rc<Stream>) {
        let mut streams = self.streams.borrow_mut();
        if streams.get(&stream.id).is_some_and(|known| Rc::ptr_eq(known, stream)) {
            streams.remove(&stream.id);
        }
    }
}

/// Serves a connection until either side ends it.
pub(crate) async fn serve(server: Rc<Server>, socket: Socket, peer: SocketAddr) {
    let (read_half, write_half) = socket.split();
    let (said, queue) = sync::queue::bounded(MESSAGES_QUEUED_MAX);
    let sending = server.core.spawn_join(send_all(Rc::clone(&server), write_half, queue, peer));
    let network = &server.config.network;
    let limits = FrameLimits { request_bytes_max: network.request_bytes_max, idle_max: network.connection_idle_max };
    match FrameReader::new(&server.core, read_half, limits) {
        Ok(mut frames) => {
            if let Err(why) = converse(&server, &mut frames, said, peer).await {
                server.metrics.note_dropped();
                info!(%peer, why, "closing the native connection");
            }
        }
        Err(error) => warn!(%peer, %error, "native connection refused"),
    }
    sending.await;
}

/// Greets, and does what is asked until the connection ends or the broker stops.
///
/// # Errors
/// Why the connection cannot go on.
async fn converse(
    server: &Rc<Server>,
    frames: &mut FrameReader,
    said: sync::queue::Sender<Said>,
    peer: SocketAddr,
) -> Result<(), String> {
    let Some(hello) = next_frame(server, frames, peer).await else { return Ok(()) };
    let client_id = greet(server, &said, &hello).await?;
    let session = Rc::new(Session {
        server: Rc::clone(server),
        client: Client { principal: Principal::Anonymous, id: client_id },
        peer,
        said,
        streams: RefCell::default(),
        requests: sync::Semaphore::new(REQUESTS_IN_FLIGHT_MAX),
        over: sync::Event::new(),
    });
    let mut ended = Ok(());
    while let Some(frame) = next_frame(server, frames, peer).await {
        ended = act(&session, frame).await;
        if ended.is_err() {
            break;
        }
    }
    if server.stopping.is_set() {
        // What is under way is still answered.
        drop(session.requests.acquire(REQUESTS_IN_FLIGHT_MAX).await);
    }
    session.over.set();
    ended
}

async fn next_frame(server: &Rc<Server>, frames: &mut FrameReader, peer: SocketAddr) -> Option<Frame> {
    let next = pin!(frames.next(&server.core, &server.receive_budget));
    match sync::select(next, pin!(server.stopping.wait())).await {
        Either::First(Ok(frame)) => Some(frame),
        Either::First(Err(error)) => {
            connection::report_end(peer, &error);
            None
        }
        Either::Second(()) => None,
    }
}

/// Answers the first message; gives the client's name for itself.
async fn greet(server: &Server, said: &sync::queue::Sender<Said>, frame: &Frame) -> Result<String, String> {
    let client_id = match read(&frame.bytes).map_err(unreadable)? {
        (ToBroker::Hello { magic: MAGIC, version: VERSION, client_id }, []) => client_id,
        (ToBroker::Hello { magic: MAGIC, version, .. }, _) => {
            let message = format!("this broker speaks version {VERSION} of the native protocol");
            let code = ErrorCode::UnsupportedVersion.code();
            let refused = Said { message: ToClient::Failed { request: 0, code, message }, records: Vec::new() };
            // If the connection is over there is nobody left to be told.
            drop(said.send(refused).await);
            return Err(format!("the client speaks version {version} of the native protocol"));
        }
        _ => return Err("it does not begin with the native protocol's greeting".to_owned()),
    };
    let welcome = ToClient::Welcome {
        version: VERSION,
        cluster_id: server.image().cluster_id().unwrap_or_default().to_owned(),
        node_id: server.config.node_id,
        core: server.core.id().0,
        ports: server.native_ports.to_vec(),
    };
    drop(said.send(Said { message: welcome, records: Vec::new() }).await);
    Ok(client_id)
}

/// Does, or starts, what a message asks for.
///
/// # Errors
/// Why the connection cannot go on.
async fn act(session: &Rc<Session>, frame: Frame) -> Result<(), String> {
    let (message, payload) = read(&frame.bytes).map_err(unreadable)?;
    if !payload.is_empty() && !matches!(message, ToBroker::Produce { .. }) {
        return Err(format!("{} bytes follow a message that takes none", payload.len()));
    }
    match message {
        ToBroker::Hello { .. } => return Err("it greets twice".to_owned()),
        ToBroker::KeepAlive => {}
        ToBroker::Locate { request, topic } => {
            let located = answers::locate(session, request, &topic);
            answer(session, request, located).await;
        }
        ToBroker::FindOffset { request, partition, timestamp } => {
            let session_of_task = Rc::clone(session);
            let partition = partition_of(partition);
            start(session, request, async move {
                answers::find_offset(&session_of_task, request, partition, timestamp).await
            })
            .await;
        }
        ToBroker::InitProducer { request } => {
            let session_of_task = Rc::clone(session);
            start(session, request, async move { answers::init_producer(&session_of_task, request).await }).await;
        }
        ToBroker::Produce { request, partition } => {
            let batch = frame.bytes.slice(frame.bytes.len() - payload.len()..);
            let session_of_task = Rc::clone(session);
            let (partition, permit) = (partition_of(partition), frame.permit);
            start(session, request, async move {
                let produced = answers::produce(&session_of_task, request, partition, batch).await;
                drop(permit);
                produced
            })
            .await;
        }
        ToBroker::Subscribe { stream, partition, offset, credit_bytes } => {
            subscribe(session, stream, partition_of(partition), offset, credit_bytes).await?;
        }
        ToBroker::Credit { stream, bytes } => {
            // One that has ended is not missed: its end may be on its way to the client.
            if let Some(stream) = session.streams.borrow().get(&stream) {
                stream.add_credit(bytes);
            }
        }
        ToBroker::Unsubscribe { stream } => {
            if let Some(stream) = session.streams.borrow_mut().remove(&stream) {
                stream.cancelled.set();
            }
        }
    }
    Ok(())
}

/// Starts a request: it runs up to its first wait before the next message is read, and is answered when it is done.
async fn start(session: &Rc<Session>, request: u32, work: impl Future<Output = Result<ToClient, Refused>> + 'static) {
    let permit = session.requests.acquire(1).await;
    let session_of_task = Rc::clone(session);
    let answered = async move {
        let result = work.await;
        answer(&session_of_task, request, result).await;
        drop(permit);
    };
    match begin(&session.server.core, Box::pin(answered)).await {
        Begun::Done(()) => {}
        // Nobody waits for the task: its answer is its end.
        Begun::Running(task) => drop(task),
    }
}

async fn answer(session: &Session, request: u32, result: Result<ToClient, Refused>) {
    let message = result.unwrap_or_else(|refused| {
        let message = refused.message.unwrap_or_else(|| refused.code.message().to_owned());
        ToClient::Failed { request, code: refused.code.code(), message }
    });
    session.say(message, Vec::new()).await;
}

/// Starts a stream.
///
/// # Errors
/// When the client uses the number of one that goes on.
async fn subscribe(
    session: &Rc<Session>,
    id: u32,
    partition: TopicPartition,
    offset: i64,
    credit_bytes: u32,
) -> Result<(), String> {
    let open = session.streams.borrow().len();
    if session.streams.borrow().contains_key(&id) {
        return Err(format!("it subscribes to stream {id} twice"));
    }
    if open >= STREAMS_MAX {
        let message = format!("a connection may have {STREAMS_MAX} streams: use another one");
        let code = ErrorCode::InvalidRequest.code();
        session.say(ToClient::Ended { stream: id, code, message }, Vec::new()).await;
        return Ok(());
    }
    let stream = Rc::new(Stream::new(id, credit_bytes));
    session.streams.borrow_mut().insert(id, Rc::clone(&stream));
    session.server.core.spawn(stream::push(Rc::clone(session), stream, partition, offset));
    Ok(())
}

/// Sends what is said, in its order, as much at a time as there is.
async fn send_all(server: Rc<Server>, socket: WriteHalf, mut queue: sync::queue::Receiver<Said>, peer: SocketAddr) {
    while let Some(first) = queue.receive().await {
        let mut parts = Vec::new();
        let mut next = Some(first);
        let mut encoded = Ok(());
        while let Some(said) = next.filter(|_| encoded.is_ok()) {
            encoded = append_parts(&mut parts, said);
            next = queue.try_receive();
        }
        if let Err(error) = encoded {
            warn!(%peer, %error, "an answer cannot be written: closing the native connection");
            break;
        }
        if let Err(error) = connection::send(&server, &socket, parts).await {
            debug!(%peer, %error, "what was said could not be sent");
            break;
        }
    }
    socket.shutdown();
}

fn append_parts(parts: &mut Vec<ReadPart>, said: Said) -> Result<(), NativeError> {
    let bytes = said.records.iter().map(ReadPart::len).sum();
    parts.push(ReadPart::Memory(Bytes::from(encode(&said.message, bytes)?)));
    parts.extend(said.records);
    Ok(())
}

fn partition_of(partition: PartitionId) -> TopicPartition {
    TopicPartition { topic: TopicId(partition.topic), partition: partition.index }
}

fn unreadable(error: NativeError) -> String {
    error.to_string()
}
