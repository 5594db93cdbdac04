//! The HTTP port for those who watch the broker: `/metrics` for Prometheus, `/healthz` and `/readyz` for supervisors.
//!
//! Invariants:
//! - it answers from the first moment on, also while logs are recovered: only then is there something to watch;
//! - a connection is answered once and closed; what it may hold, and for how long, is bounded.

use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::rc::Rc;

use millrace_base::broker_config::Listener as ListenerConfig;
use millrace_runtime::{Bytes, Core, Listener, Socket};
use thiserror::Error;
use tracing::{debug, info, warn};

use crate::address;
use crate::broker::BrokerError;
use crate::host::Host;
use crate::limits::{ACCEPT_RETRY, HTTP_CONNECTIONS_MAX, HTTP_HEAD_BYTES_MAX, HTTP_HEADERS_MAX, HTTP_PATIENCE};
use crate::metrics;
use crate::server::Server;

/// The watching port of a broker.
#[derive(Default)]
pub(crate) struct Http {
    /// Set once clients may come.
    server: RefCell<Option<Rc<Server>>>,
    connections: Cell<usize>,
}

impl Http {
    /// Listens, if it is to; answers from then on.
    ///
    /// # Errors
    /// [`BrokerError::Listen`] when the address is in use, or not of this machine.
    pub(crate) async fn start(
        core: &Core,
        host: &dyn Host,
        listener: Option<&ListenerConfig>,
    ) -> Result<Rc<Http>, BrokerError> {
        let http = Rc::new(Http::default());
        if let Some(listener) = listener {
            for bound in address::bind_all(core, host, std::slice::from_ref(listener)).await? {
                info!("metrics at http://{}/metrics", bound.socket.local_addr());
                core.spawn(Rc::clone(&http).accept_forever(core.clone(), bound.socket));
            }
        }
        Ok(http)
    }

    /// Clients may come from now on.
    pub(crate) fn serve(&self, server: &Rc<Server>) {
        *self.server.borrow_mut() = Some(Rc::clone(server));
    }

    async fn accept_forever(self: Rc<Self>, core: Core, listener: Listener) {
        loop {
            match listener.accept(&core).await {
                Ok((_, peer)) if self.connections.get() >= HTTP_CONNECTIONS_MAX => {
                    warn!(%peer, limit = HTTP_CONNECTIONS_MAX, "too many HTTP connections: closed");
                }
                Ok((socket, peer)) => {
                    self.connections.set(self.connections.get() + 1);
                    core.spawn(Rc::clone(&self).converse(core.clone(), socket, peer));
                }
                Err(error) => {
                    warn!(%error, "accepting an HTTP connection failed");
                    core.sleep(ACCEPT_RETRY).await;
                }
            }
        }
    }

    async fn converse(self: Rc<Self>, core: Core, socket: Socket, peer: SocketAddr) {
        match core.timeout(HTTP_PATIENCE, self.answer_once(&core, &socket)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => debug!(%peer, %error, "HTTP connection ended"),
            Err(elapsed) => debug!(%peer, %elapsed, "HTTP connection ended"),
        }
        socket.shutdown();
        self.connections.set(self.connections.get() - 1);
    }

    async fn answer_once(&self, core: &Core, socket: &Socket) -> Result<(), ConverseError> {
        let response = match read_request(core, socket).await? {
            Some(request) => self.respond(&request).await,
            None => Response::text("400 Bad Request", "this is not an HTTP request that can be understood\n"),
        };
        Ok(socket.send(core, vec![response.head(), Bytes::from(response.body)]).await?)
    }

    async fn respond(&self, request: &Request) -> Response {
        if request.method != "GET" && request.method != "HEAD" {
            return Response::text("405 Method Not Allowed", "only GET is answered\n");
        }
        let server = self.server.borrow().clone();
        let mut response = match (request.path.as_str(), server) {
            ("/healthz", _) => Response::text("200 OK", "alive\n"),
            ("/readyz" | "/metrics", None) => Response::text("503 Service Unavailable", "the logs are recovered\n"),
            ("/readyz", Some(server)) => readiness(&server),
            ("/metrics", Some(server)) => metrics_of(&server).await,
            _ => Response::text("404 Not Found", "there are /metrics, /healthz and /readyz\n"),
        };
        if request.method == "HEAD" {
            response.body.clear();
        }
        response
    }
}

fn readiness(server: &Server) -> Response {
    if server.stopping.is_set() {
        return Response::text("503 Service Unavailable", "the broker is stopping\n");
    }
    if server.log.numbers().is_offline {
        return Response::text("503 Service Unavailable", "the log directory does not answer: see the broker's log\n");
    }
    Response::text("200 OK", "ready\n")
}

async fn metrics_of(server: &Rc<Server>) -> Response {
    match metrics::render(metrics::gather(server).await) {
        Ok(text) => {
            Response { status: "200 OK", content_type: metrics::CONTENT_TYPE, length: text.len(), body: text.into() }
        }
        Err(error) => Response::text("500 Internal Server Error", &format!("{error}\n")),
    }
}

struct Request {
    method: String,
    path: String,
}

struct Response {
    status: &'static str,
    content_type: &'static str,
    /// Bytes of the body that GET would get.
    length: usize,
    body: Vec<u8>,
}

impl Response {
    fn text(status: &'static str, text: &str) -> Self {
        Self { status, content_type: "text/plain; charset=utf-8", length: text.len(), body: text.into() }
    }

    fn head(&self) -> Bytes {
        let Self { status, content_type, length, .. } = self;
        let head = format!(
            "HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
        );
        Bytes::from(head.into_bytes())
    }
}

/// What ends a connection early.
#[derive(Debug, Error)]
enum ConverseError {
    #[error(transparent)]
    Io(#[from] std::io::Error),
    #[error(transparent)]
    Memory(#[from] millrace_runtime::PoolExhausted),
}

/// Reads a request's head; None when it is none, or too long.
async fn read_request(core: &Core, socket: &Socket) -> Result<Option<Request>, ConverseError> {
    let mut buffer = core.buffers().alloc(HTTP_HEAD_BYTES_MAX)?;
    loop {
        if buffer.len() >= HTTP_HEAD_BYTES_MAX {
            return Ok(None);
        }
        let (received, filled) = socket.receive(core, buffer, 1).await;
        buffer = filled;
        if received? == 0 {
            return Ok(None);
        }
        let mut headers = [httparse::EMPTY_HEADER; HTTP_HEADERS_MAX];
        let mut request = httparse::Request::new(&mut headers);
        match request.parse(&buffer) {
            Ok(httparse::Status::Partial) => {}
            Ok(httparse::Status::Complete(_)) => {
                let target = request.path.unwrap_or_default();
                let path = target.split('?').next().unwrap_or_default().to_owned();
                return Ok(Some(Request { method: request.method.unwrap_or_default().to_owned(), path }));
            }
            Err(error) => {
                debug!(%error, "no HTTP request");
                return Ok(None);
            }
        }
    }
}
