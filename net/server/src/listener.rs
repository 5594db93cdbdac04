//! Accepts connections and deals each to the core with the fewest, or to the one whose door it came by.

use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use millrace_base::ids::CoreId;
use millrace_base::io_error::SocketFault;
use millrace_runtime::sync::{self, Either};
use millrace_runtime::{DetachedSocket, Listener, Socket};
use tracing::{debug, error, warn};

use crate::address::Door;
use crate::connection;
use crate::dispatch::{CoreMessage, Message};
use crate::limits::{ACCEPT_RETRY, CONNECTIONS_HELD_MAX};
use crate::native;
use crate::quotas;
use crate::server::Server;

/// How many connections each core serves.
pub(crate) struct ConnectionCounts {
    per_core: Vec<AtomicUsize>,
}

impl ConnectionCounts {
    pub(crate) fn new(cores: usize) -> Self {
        Self { per_core: (0..cores).map(|_| AtomicUsize::new(0)).collect() }
    }

    pub(crate) fn total(&self) -> usize {
        self.per_core.iter().map(|count| count.load(Ordering::Relaxed)).sum()
    }

    /// Counts a connection on the core with the fewest.
    fn place(&self) -> CoreId {
        let fewest = self.per_core.iter().enumerate().min_by_key(|(_, count)| count.load(Ordering::Relaxed));
        let (core, _) = fewest.unwrap_or_else(|| unreachable!("a broker has at least one core"));
        self.place_on(CoreId(u16::try_from(core).unwrap_or_else(|_| unreachable!("core ids are 16 bits"))))
    }

    /// Counts a connection on a core.
    fn place_on(&self, core: CoreId) -> CoreId {
        if let Some(count) = self.per_core.get(usize::from(core.0)) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        core
    }

    fn remove(&self, core: CoreId) {
        if let Some(count) = self.per_core.get(usize::from(core.0)) {
            count.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

/// Accepts on one listener until the broker stops.
pub(crate) async fn accept_connections(server: Rc<Server>, listener: Listener, door: Door) {
    loop {
        let accepted = match sync::select(pin!(listener.accept(&server.core)), pin!(server.stopping.wait())).await {
            Either::First(accepted) => accepted,
            Either::Second(()) => return,
        };
        match accepted {
            Ok((socket, peer)) => {
                let throttle = quotas::record_connection(&server, peer.ip()).await;
                if throttle.is_zero() {
                    deal(&server, socket, peer, door);
                } else {
                    hold(&server, socket, peer, throttle);
                }
            }
            Err(error) => wait_after(&server, &error).await,
        }
    }
}

/// Keeps a connection of an address that makes too many, unread, and then closes it: so that who tries again at once
/// has to wait as well (KIP-612).
fn hold(server: &Rc<Server>, socket: Socket, peer: SocketAddr, throttle: Duration) {
    debug!(%peer, ?throttle, "connection refused: connection_creation_rate is exceeded");
    let held = &server.connections_held;
    if held.get() < CONNECTIONS_HELD_MAX {
        held.set(held.get() + 1);
        let server = Rc::clone(server);
        server.core.clone().spawn(async move {
            sync::select(pin!(server.core.sleep(throttle)), pin!(server.stopping.wait())).await;
            drop(socket);
            server.connections_held.set(server.connections_held.get() - 1);
        });
    }
}

fn deal(server: &Rc<Server>, socket: Socket, peer: SocketAddr, door: Door) {
    let limit = server.settings().network.connections_max;
    if server.connections.total() >= limit {
        warn!(%peer, limit, "connection refused: max.connections is reached");
        return;
    }
    let core = match door {
        Door::Native(Some(core)) => server.connections.place_on(core),
        Door::Native(None) | Door::Kafka(_) => server.connections.place(),
    };
    let socket = socket.into_detached();
    if core == server.core.id() {
        adopt(server, socket, peer, door);
    } else {
        server.mailbox.send(core, CoreMessage(Message::Connection { socket, peer, door }));
    }
}

/// Serves, on this core, a connection that was dealt to it.
pub(crate) fn adopt(server: &Rc<Server>, socket: DetachedSocket, peer: SocketAddr, door: Door) {
    let server = Rc::clone(server);
    let core = server.core.clone();
    core.spawn(async move {
        server.connections_open.enter();
        server.metrics.note_connection();
        let socket = Socket::attach(&server.core, socket);
        match door {
            Door::Kafka(listener) => connection::serve(Rc::clone(&server), socket, peer, listener).await,
            Door::Native(_) => native::serve(Rc::clone(&server), socket, peer).await,
        }
        server.connections.remove(server.core.id());
        server.connections_open.leave();
    });
}

/// A failed accept costs no open connection anything: it is tried again when something may have changed.
async fn wait_after(server: &Server, error: &io::Error) {
    match SocketFault::of(error) {
        SocketFault::DescriptorsExhausted => {
            error!(%error, "no descriptor is free: raise the open-file limit or lower max.connections");
        }
        _ => warn!(%error, "accepting a connection failed"),
    }
    server.core.sleep(ACCEPT_RETRY).await;
}
