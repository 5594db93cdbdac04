//! One connection: a task that reads requests and starts them, and one that sends their answers in the same order.
//!
//! Invariants:
//! - answers leave in the order in which their requests came;
//! - produce requests overlap (each appends before the next is read, and waits for its durability meanwhile); any other
//!   request is finished before the next one is read;
//! - a throttled client gets its answer, and is not read for as long as that says;
//! - at most [`REQUESTS_IN_FLIGHT_MAX`] answers are outstanding: then the socket is not read.

use std::cell::Cell;
use std::net::SocketAddr;
use std::pin::pin;
use std::rc::Rc;

use millrace_log::ReadPart;
use millrace_runtime::sync::{self, Either};
use millrace_runtime::{Bytes, JoinHandle, Monotonic, Socket, WriteHalf};
use tracing::{debug, info, warn};

use crate::begin::{Begun, begin};
use crate::frame::{Frame, FrameLimits, FrameReader, ReceiveError};
use crate::handlers;
use crate::limits::REQUESTS_IN_FLIGHT_MAX;
use crate::quotas;
use crate::request::{ConnectionContext, Principal, Request};
use crate::response::Outcome;
use crate::server::Server;

/// An answer in its place in the queue.
struct Due {
    /// What was asked, where that could be read.
    asked: Option<Asked>,
    answer: Answer,
}

enum Answer {
    Ready(Outcome),
    Pending(JoinHandle<Outcome>),
}

/// What is counted of a request.
#[derive(Clone, Copy)]
struct Asked {
    api_key: i16,
    arrived: Monotonic,
    request_bytes: usize,
}

/// Serves a connection until either side ends it.
pub(crate) async fn serve(server: Rc<Server>, socket: Socket, peer: SocketAddr, listener: usize) {
    let context =
        Rc::new(ConnectionContext { principal: Principal::Anonymous, listener, peer, muted_until: Cell::new(None) });
    let (read_half, write_half) = socket.split();
    let (answers, queue) = sync::queue::bounded(REQUESTS_IN_FLIGHT_MAX);
    let sending = server.core.spawn_join(send_answers(Rc::clone(&server), write_half, queue, peer));
    let network = &server.config.network;
    let limits = FrameLimits { request_bytes_max: network.request_bytes_max, idle_max: network.connection_idle_max };
    match FrameReader::new(&server.core, read_half, limits) {
        Ok(mut frames) => read_requests(&server, &mut frames, &context, &answers).await,
        Err(error) => warn!(%peer, %error, "connection refused"),
    }
    drop(answers);
    sending.await;
}

/// Reads and starts requests until the connection ends or the broker stops.
async fn read_requests(
    server: &Rc<Server>,
    frames: &mut FrameReader,
    context: &Rc<ConnectionContext>,
    answers: &sync::queue::Sender<Due>,
) {
    loop {
        quotas::await_unmuted(server, context).await;
        let next = pin!(frames.next(&server.core, &server.receive_budget));
        let frame = match sync::select(next, pin!(server.stopping.wait())).await {
            Either::First(Ok(frame)) => frame,
            Either::First(Err(error)) => {
                report_end(context.peer, &error);
                return;
            }
            Either::Second(()) => return,
        };
        // The request before may have turned out too much only while this one was awaited.
        quotas::await_unmuted(server, context).await;
        let due = start(server, context, frame).await;
        let closes = matches!(due.answer, Answer::Ready(Outcome::Close(_)));
        if answers.send(due).await.is_err() || closes {
            return;
        }
    }
}

/// Decodes a request's header and starts its handler.
async fn start(server: &Rc<Server>, context: &Rc<ConnectionContext>, frame: Frame) -> Due {
    let arrived = server.core.now();
    let Frame { bytes, permit } = frame;
    let request_bytes = bytes.len();
    let request = match Request::parse(bytes, Rc::clone(context)) {
        Ok(request) => request,
        Err(error) => {
            let answer = Answer::Ready(Outcome::Close(format!("unreadable request header: {error}")));
            return Due { asked: None, answer };
        }
    };
    let asked = Some(Asked { api_key: request.api_key, arrived, request_bytes });
    let overlaps = handlers::overlaps(request.api_key);
    let server_of_task = Rc::clone(server);
    let running = async move {
        let outcome = quotas::handle(server_of_task, request).await;
        drop(permit);
        outcome
    };
    if !overlaps {
        return Due { asked, answer: Answer::Ready(running.await) };
    }
    let answer = match begin(&server.core, Box::pin(running)).await {
        Begun::Done(outcome) => Answer::Ready(outcome),
        Begun::Running(running) => Answer::Pending(running),
    };
    Due { asked, answer }
}

/// Sends each answer when its turn has come.
async fn send_answers(server: Rc<Server>, socket: WriteHalf, mut queue: sync::queue::Receiver<Due>, peer: SocketAddr) {
    while let Some(Due { asked, answer }) = queue.receive().await {
        let outcome = match answer {
            Answer::Ready(outcome) => outcome,
            Answer::Pending(running) => running.await,
        };
        match outcome {
            Outcome::Silent => count(&server, asked, 0),
            Outcome::Respond(response) => {
                let response_bytes = response.parts.iter().map(ReadPart::len).sum();
                if let Err(error) = send(&server, &socket, response.parts).await {
                    debug!(%peer, %error, "the answer could not be sent");
                    break;
                }
                count(&server, asked, response_bytes);
            }
            Outcome::Close(why) => {
                server.metrics.note_dropped();
                info!(%peer, why, "closing the connection");
                break;
            }
        }
    }
    socket.shutdown();
}

fn count(server: &Server, asked: Option<Asked>, response_bytes: usize) {
    if let Some(Asked { api_key, arrived, request_bytes }) = asked {
        server.metrics.note_request(api_key, server.core.now() - arrived, request_bytes, response_bytes);
    }
}

/// Sends what an answer is made of: runs of memory by one vectored send, file ranges by sendfile.
pub(crate) async fn send(server: &Server, socket: &WriteHalf, parts: Vec<ReadPart>) -> std::io::Result<()> {
    let mut memory: Vec<Bytes> = Vec::with_capacity(parts.len());
    for part in parts {
        match part {
            ReadPart::Memory(bytes) => memory.push(bytes),
            ReadPart::File { file, position, length } => {
                if !memory.is_empty() {
                    socket.send(&server.core, std::mem::take(&mut memory)).await?;
                }
                socket.send_file(&server.core, &file, position, length).await?;
            }
        }
    }
    if memory.is_empty() { Ok(()) } else { socket.send(&server.core, memory).await }
}

/// Says why a connection ended, as loudly as the cause deserves.
pub(crate) fn report_end(peer: SocketAddr, error: &ReceiveError) {
    match error {
        ReceiveError::Closed | ReceiveError::Idle(_) => debug!(%peer, %error, "connection ended"),
        ReceiveError::Truncated { .. } | ReceiveError::Io(_) => info!(%peer, %error, "connection ended"),
        ReceiveError::Stalled { .. } | ReceiveError::Length(_) | ReceiveError::Memory { .. } => {
            warn!(%peer, %error, "connection closed");
        }
    }
}
