//! Listeners and the making of connections in a simulated world.

use std::io;
use std::net::SocketAddr;

use super::disk::file_system::errno;
use super::host::Power;
use super::net::{Cut, ListenerState, address_of};
use super::state::{Event, Object, State};
use crate::handle::{Handle, SimHandle};
use crate::op::{Op, Outcome, Token};
use crate::socket::{Listener, Socket};

/// How often a connection request that finds nobody is sent again.
const CONNECT_ATTEMPTS: u32 = 7;
/// When it is sent again, in nanoseconds; doubled each time.
const CONNECT_RETRY: u64 = 1_000_000_000;

impl State {
    pub(crate) fn listen(&mut self, core: usize, token: Token, mut address: SocketAddr) {
        let host = self.core(core).host;
        let Some(Op::Listen { backlog, .. }) = self.in_flight.get(&(core, token)).map(|found| &found.op) else {
            return;
        };
        let backlog_max = *backlog as usize;
        if address.port() == 0 {
            address.set_port(self.network.ephemeral_port());
        }
        let own = self.network.host_of(host, address.ip()) == Some(host);
        let result = if !own {
            Err(errno(libc::EADDRNOTAVAIL))
        } else if self.network.is_taken(host, address) {
            Err(errno(libc::EADDRINUSE))
        } else {
            self.may_open(host).map(|()| {
                let (id, handle) = self.open_object(host, Object::Listener { host });
                let listener = ListenerState {
                    host,
                    local: address,
                    backlog_max: backlog_max.max(1),
                    backlog: Default::default(),
                    acceptors: Default::default(),
                };
                self.network.listeners.insert(id, listener);
                Outcome::Listener(Listener::new(handle, address))
            })
        };
        self.complete(core, token, result);
    }

    pub(crate) fn accept(&mut self, core: usize, token: Token, listener: Option<u64>) {
        let Some(listener) = listener.and_then(|id| self.network.listeners.get_mut(&id)) else {
            return self.complete(core, token, Err(errno(libc::EBADF)));
        };
        listener.acceptors.push_back((core, token));
        let host = listener.host;
        self.match_acceptors(host);
    }

    fn match_acceptors(&mut self, host: usize) {
        let ids: Vec<u64> =
            self.network.listeners.iter().filter(|(_, found)| found.host == host).map(|(id, _)| *id).collect();
        for id in ids {
            while let Some((core, token, endpoint)) = self.network.listeners.get_mut(&id).and_then(|listener| {
                let (core, token) = *listener.acceptors.front()?;
                let endpoint = *listener.backlog.front()?;
                listener.acceptors.pop_front();
                Some((core, token, endpoint))
            }) {
                if let Err(error) = self.may_open(host) {
                    self.complete(core, token, Err(error));
                    continue;
                }
                if let Some(listener) = self.network.listeners.get_mut(&id) {
                    listener.backlog.pop_front();
                }
                let result = self.socket_of(endpoint);
                self.complete(core, token, result.map(Outcome::Socket));
            }
        }
    }

    /// The socket of an endpoint that has none yet.
    fn socket_of(&mut self, endpoint: u64) -> io::Result<Socket> {
        let end = self.network.endpoints.get(&endpoint).ok_or_else(|| errno(libc::ECONNABORTED))?;
        let (host, local, remote) = (end.host, end.local, end.remote);
        self.objects.insert(endpoint, Object::Endpoint { host });
        self.host_mut(host).open += 1;
        let handle = SimHandle::new(endpoint, self.handle_events.clone());
        Ok(Socket::new(Handle::Sim(handle), local, remote))
    }

    pub(crate) fn connect_arrives(&mut self, core: usize, token: Token, sent: u32) {
        let Some(Op::Connect { address }) = self.in_flight.get(&(core, token)).map(|found| &found.op) else { return };
        let address = *address;
        let host = self.core(core).host;
        let peer = self.network.host_of(host, address.ip()).filter(|peer| *peer < self.hosts.len());
        let cut = peer.and_then(|peer| self.network.link(host, peer).cut);
        let power = peer.map(|peer| self.host(peer).power);
        let listener = peer.and_then(|peer| self.network.listener_at(peer, address));
        let full = listener
            .and_then(|id| self.network.listeners.get(&id))
            .is_some_and(|listener| listener.backlog.len() >= listener.backlog_max);
        let answer = match (peer, cut, power) {
            (Some(_), Some(Cut::Reset), _) => Err(libc::EHOSTUNREACH),
            (None, ..) | (_, Some(Cut::Hang), _) | (_, _, Some(Power::Off)) => {
                return self.connect_again(core, token, sent);
            }
            (Some(_), None, Some(Power::On)) if full => return self.connect_again(core, token, sent),
            (Some(peer), ..) => match listener {
                Some(listener) => Ok(self.connection_made(host, peer, address, listener)),
                None => Err(libc::ECONNREFUSED),
            },
        };
        self.across(host, peer.unwrap_or(host), 0, Event::ConnectAnswered(core, token, answer));
    }

    fn connect_again(&mut self, core: usize, token: Token, sent: u32) {
        if sent >= CONNECT_ATTEMPTS {
            return self.complete(core, token, Err(errno(libc::ETIMEDOUT)));
        }
        self.after(CONNECT_RETRY << sent, Event::ConnectArrives(core, token, sent + 1));
    }

    /// Makes both ends of a connection, puts one into the listener's backlog; gives the other.
    fn connection_made(&mut self, host: usize, peer: usize, address: SocketAddr, listener: u64) -> u64 {
        let (client, server) = (self.next_object, self.next_object + 1);
        self.next_object += 2;
        let own = if address.ip().is_loopback() { address.ip() } else { address_of(host) };
        let client_address = SocketAddr::new(own, self.network.ephemeral_port());
        let capacity = self.options.socket_buffer_bytes;
        self.network.join((client, host, client_address), (server, peer, address), capacity);
        if let Some(listener) = self.network.listeners.get_mut(&listener) {
            listener.backlog.push_back(server);
        }
        self.match_acceptors(peer);
        client
    }

    pub(crate) fn connect_answered(&mut self, core: usize, token: Token, answer: Result<u64, i32>) {
        let host = self.core(core).host;
        if let Ok(endpoint) = answer
            && let Some(peer_host) = self.network.endpoints.get(&endpoint).map(|end| end.peer_host)
            && self.hold(host, peer_host, Event::ConnectAnswered(core, token, answer))
        {
            return;
        }
        if !self.in_flight.contains_key(&(core, token)) {
            // Whoever asked has given up or died.
            if let Ok(endpoint) = answer {
                self.close_endpoint(endpoint);
            }
            return;
        }
        let opened = answer.map_err(errno).and_then(|endpoint| {
            let may_open = self.may_open(host);
            if may_open.is_err() {
                self.close_endpoint(endpoint);
            }
            may_open.and_then(|()| self.socket_of(endpoint))
        });
        self.complete(core, token, opened.map(Outcome::Socket));
    }

    pub(crate) fn close_listener(&mut self, id: u64) {
        let Some(listener) = self.network.listeners.remove(&id) else { return };
        for endpoint in listener.backlog {
            if let Some(end) = self.network.endpoints.get(&endpoint) {
                let (host, peer, peer_host) = (end.host, end.peer, end.peer_host);
                self.across(host, peer_host, 0, Event::Reset(peer));
            }
            self.close_endpoint(endpoint);
        }
        for (core, token) in listener.acceptors {
            self.complete(core, token, Err(errno(libc::EBADF)));
        }
    }
}
