//! The simulated network: listeners, connections and links, as plain data. What happens when is the world's business.

pub(crate) mod pipe;

use std::collections::{BTreeMap, VecDeque};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use self::pipe::Pipe;
use super::options::Latency;
use crate::op::Token;

/// An op that waits: its core and token.
pub(crate) type Waiter = (usize, Token);

/// The first port that is given to whoever asks for none.
const EPHEMERAL_PORT_FIRST: u16 = 32_768;

/// What a cut link does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// Nothing arrives until the link is healed; then all of it does, in order.
    Hang,
    /// Connections over it end at once with ECONNRESET, new ones fail with EHOSTUNREACH.
    Reset,
}

/// A connection between two hosts.
#[derive(Debug)]
pub(crate) struct Link<E> {
    pub(crate) delay: Latency,
    pub(crate) cut: Option<Cut>,
    /// What waits for a hanging link to heal.
    pub(crate) held: Vec<E>,
}

/// One end of a connection.
#[derive(Debug)]
pub(crate) struct Endpoint {
    pub(crate) host: usize,
    pub(crate) peer: u64,
    pub(crate) peer_host: usize,
    pub(crate) local: SocketAddr,
    pub(crate) remote: SocketAddr,
    /// What comes to this end.
    pub(crate) incoming: Pipe,
    /// Shut down or closed by its owner.
    pub(crate) shut: bool,
    pub(crate) reset: bool,
    /// No handle is left.
    pub(crate) released: bool,
    pub(crate) receivers: VecDeque<Waiter>,
    pub(crate) senders: VecDeque<Waiter>,
}

/// A listening socket.
#[derive(Debug)]
pub(crate) struct ListenerState {
    pub(crate) host: usize,
    pub(crate) local: SocketAddr,
    pub(crate) backlog_max: usize,
    /// Endpoints to be accepted.
    pub(crate) backlog: VecDeque<u64>,
    pub(crate) acceptors: VecDeque<Waiter>,
}

/// All listeners, connections and links. `E`: what a link holds back.
#[derive(Debug)]
pub(crate) struct Network<E> {
    pub(crate) listeners: BTreeMap<u64, ListenerState>,
    pub(crate) endpoints: BTreeMap<u64, Endpoint>,
    links: BTreeMap<(usize, usize), Link<E>>,
    between: Latency,
    within: Latency,
    next_port: u16,
}

/// The address of the host number `host`: 10.0.0.1 is that of host 0.
pub(crate) fn address_of(host: usize) -> IpAddr {
    let number = u32::try_from(host + 1).unwrap_or(u32::MAX);
    IpAddr::V4(Ipv4Addr::from_bits(Ipv4Addr::new(10, 0, 0, 0).to_bits() | (number & 0x00ff_ffff)))
}

impl<E> Network<E> {
    pub(crate) fn new(between: Latency, within: Latency) -> Network<E> {
        Network {
            listeners: BTreeMap::new(),
            endpoints: BTreeMap::new(),
            links: BTreeMap::new(),
            between,
            within,
            next_port: EPHEMERAL_PORT_FIRST,
        }
    }

    pub(crate) fn link(&mut self, one: usize, other: usize) -> &mut Link<E> {
        let delay = if one == other { self.within } else { self.between };
        self.links.entry((one.min(other), one.max(other))).or_insert_with(|| Link {
            delay,
            cut: None,
            held: Vec::new(),
        })
    }

    /// The host that `address` means when host `from` says it.
    pub(crate) fn host_of(&self, from: usize, address: IpAddr) -> Option<usize> {
        match address {
            _ if address.is_loopback() || address.is_unspecified() => Some(from),
            IpAddr::V4(address) => {
                let number = address.to_bits().checked_sub(Ipv4Addr::new(10, 0, 0, 1).to_bits())?;
                (number < 0x00ff_ffff).then_some(number as usize)
            }
            IpAddr::V6(_) => None,
        }
    }

    /// The listener that a connection to `address` on `host` reaches.
    pub(crate) fn listener_at(&self, host: usize, address: SocketAddr) -> Option<u64> {
        let serves = |local: SocketAddr| {
            local.port() == address.port() && (local.ip().is_unspecified() || local.ip() == address.ip())
        };
        self.listeners.iter().find(|(_, found)| found.host == host && serves(found.local)).map(|(id, _)| *id)
    }

    /// Whether a listener on `host` has an address that `wanted` overlaps.
    pub(crate) fn is_taken(&self, host: usize, wanted: SocketAddr) -> bool {
        self.listeners.values().any(|found| {
            let same_ip = found.local.ip() == wanted.ip();
            let any = found.local.ip().is_unspecified() || wanted.ip().is_unspecified();
            found.host == host && found.local.port() == wanted.port() && (same_ip || any)
        })
    }

    /// A port for whoever asks for none.
    pub(crate) fn ephemeral_port(&mut self) -> u16 {
        let port = self.next_port;
        self.next_port = port.checked_add(1).unwrap_or(EPHEMERAL_PORT_FIRST);
        port
    }

    /// Connects two ends. `client` and `server` are their hosts and addresses.
    pub(crate) fn join(
        &mut self,
        (client_id, client, client_address): (u64, usize, SocketAddr),
        (server_id, server, server_address): (u64, usize, SocketAddr),
        capacity: usize,
    ) {
        let mut add = |id, host, peer, peer_host, local, remote| {
            let endpoint = Endpoint {
                host,
                peer,
                peer_host,
                local,
                remote,
                incoming: Pipe::new(capacity),
                shut: false,
                reset: false,
                released: false,
                receivers: VecDeque::new(),
                senders: VecDeque::new(),
            };
            self.endpoints.insert(id, endpoint);
        };
        add(client_id, client, server_id, server, client_address, server_address);
        add(server_id, server, client_id, client, server_address, client_address);
    }

    /// Takes an op out of what it waits for at the listener or endpoint `id`. `true` when it waited.
    pub(crate) fn stop_waiting(&mut self, id: u64, waiter: Waiter) -> bool {
        let mut found = false;
        let mut take = |queue: &mut VecDeque<Waiter>| {
            let before = queue.len();
            queue.retain(|waiting| *waiting != waiter);
            found |= queue.len() < before;
        };
        if let Some(listener) = self.listeners.get_mut(&id) {
            take(&mut listener.acceptors);
        }
        if let Some(endpoint) = self.endpoints.get_mut(&id) {
            take(&mut endpoint.receivers);
            take(&mut endpoint.senders);
        }
        found
    }

    /// Forgets a connection when neither end has an owner.
    pub(crate) fn forget_if_released(&mut self, id: u64) {
        let peer = self.endpoints.get(&id).filter(|endpoint| endpoint.released).map(|endpoint| endpoint.peer);
        if let Some(peer) = peer
            && self.endpoints.get(&peer).is_none_or(|endpoint| endpoint.released)
        {
            self.endpoints.remove(&id);
            self.endpoints.remove(&peer);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listener(host: usize, local: &str) -> ListenerState {
        ListenerState {
            host,
            local: local.parse().unwrap(),
            backlog_max: 1,
            backlog: VecDeque::new(),
            acceptors: VecDeque::new(),
        }
    }

    #[test]
    fn addresses_name_hosts() {
        let network = Network::<()>::new(Latency::micros(1, 1), Latency::micros(1, 1));
        assert_eq!(address_of(0), "10.0.0.1".parse::<IpAddr>().unwrap());
        assert_eq!(network.host_of(7, address_of(300)), Some(300));
        assert_eq!(network.host_of(7, "127.0.0.1".parse().unwrap()), Some(7));
        assert_eq!(network.host_of(7, "9.255.255.255".parse().unwrap()), None);
    }

    #[test]
    fn a_listener_serves_the_addresses_it_was_bound_to() {
        let mut network = Network::<()>::new(Latency::micros(1, 1), Latency::micros(1, 1));
        network.listeners.insert(1, listener(0, "127.0.0.1:9092"));
        network.listeners.insert(2, listener(0, "0.0.0.0:9093"));
        let at = |address: &str| network.listener_at(0, address.parse().unwrap());
        assert_eq!(at("127.0.0.1:9092"), Some(1));
        assert_eq!(at("10.0.0.1:9092"), None);
        assert_eq!(at("10.0.0.1:9093"), Some(2));
        assert_eq!(network.listener_at(1, "10.0.0.2:9093".parse().unwrap()), None);
        assert!(network.is_taken(0, "10.0.0.1:9093".parse().unwrap()));
        assert!(!network.is_taken(0, "10.0.0.1:9092".parse().unwrap()));
    }
}
