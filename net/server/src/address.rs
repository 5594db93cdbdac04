//! Where the broker listens, and what it tells clients.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use millrace_base::broker_config::{BrokerConfig, Endpoint, Listener as ListenerConfig};
use millrace_base::ids::CoreId;
use millrace_runtime::{Core, Listener};
use tracing::debug;

use crate::broker::BrokerError;
use crate::host::Host;
use crate::limits::ACCEPT_BACKLOG;

/// By which door a connection comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Door {
    /// A listener for Kafka's protocol: its place in the configuration.
    Kafka(usize),
    /// The native protocol's port of a core; none: the common one.
    Native(Option<CoreId>),
}

/// A bound socket.
pub(crate) struct Bound {
    pub door: Door,
    pub socket: Listener,
}

/// Binds every configured listener, on each address that its host stands for: a client may take any of them.
///
/// # Errors
/// [`BrokerError::Listen`] when an address is in use, or not of this machine.
pub(crate) async fn bind_all(
    core: &Core,
    host: &dyn Host,
    listeners: &[ListenerConfig],
) -> Result<Vec<Bound>, BrokerError> {
    let mut bound = Vec::new();
    for (index, listener) in listeners.iter().enumerate() {
        bound.extend(bind(core, host, listener, Door::Kafka(index)).await?);
    }
    Ok(bound)
}

/// Binds one listener.
///
/// # Errors
/// As [`bind_all`].
pub(crate) async fn bind(
    core: &Core,
    host: &dyn Host,
    listener: &ListenerConfig,
    door: Door,
) -> Result<Vec<Bound>, BrokerError> {
    let sockets = match &listener.host {
        Some(name) => bind_host(core, host, name, listener.port).await,
        None => bind_everywhere(core, listener.port).await,
    };
    let sockets = sockets.map_err(|source| BrokerError::Listen { listener: listener.to_string(), source })?;
    Ok(sockets.into_iter().map(|socket| Bound { door, socket }).collect())
}

async fn bind_host(core: &Core, host: &dyn Host, name: &str, port: u16) -> io::Result<Vec<Listener>> {
    let mut sockets: Vec<Listener> = Vec::new();
    let mut last_error = io::Error::new(io::ErrorKind::NotFound, "the host name has no address");
    for address in host.resolve(name)? {
        // Port 0 is chosen once: the other addresses follow.
        let port = sockets.first().map_or(port, |first| first.local_addr().port());
        match core.listen(SocketAddr::new(address, port), ACCEPT_BACKLOG).await {
            Ok(socket) => sockets.push(socket),
            // A machine without IPv6 still has ::1 in its hosts file.
            Err(error) if address.is_ipv6() && error.kind() == io::ErrorKind::AddrNotAvailable => {
                debug!(%address, %error, "not listening there");
                last_error = error;
            }
            Err(error) => return Err(error),
        }
    }
    if sockets.is_empty() { Err(last_error) } else { Ok(sockets) }
}

/// All addresses of the machine: by IPv6, which takes IPv4 as well, or by IPv4 where there is nothing else.
async fn bind_everywhere(core: &Core, port: u16) -> io::Result<Vec<Listener>> {
    match core.listen(SocketAddr::from((Ipv6Addr::UNSPECIFIED, port)), ACCEPT_BACKLOG).await {
        Ok(socket) => Ok(vec![socket]),
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => Err(error),
        Err(error) => {
            debug!(%error, "no IPv6: listening by IPv4 alone");
            Ok(vec![core.listen(SocketAddr::from((Ipv4Addr::UNSPECIFIED, port)), ACCEPT_BACKLOG).await?])
        }
    }
}

/// What clients of each configured listener are told.
pub(crate) fn endpoints(config: &BrokerConfig, host_name: &str, bound: &[Bound]) -> Vec<Endpoint> {
    let port_of = |name: &str| {
        let of_name = |bound: &&Bound| match bound.door {
            Door::Kafka(listener) => {
                config.network.listeners.get(listener).is_some_and(|listener| listener.name == name)
            }
            Door::Native(_) => false,
        };
        bound.iter().find(of_name).map_or(0, |bound| bound.socket.local_addr().port())
    };
    let endpoint_of = |listener: &ListenerConfig| {
        let advertised = config.network.advertised.iter().find(|advertised| advertised.name == listener.name);
        advertised.unwrap_or(listener).endpoint(host_name, port_of(&listener.name))
    };
    config.network.listeners.iter().map(endpoint_of).collect()
}
