//! Operations on sockets, as a simulated world performs them.

use std::io;
use std::net::SocketAddr;

use super::net::pipe::Segment;
use super::net::{Cut, ListenerState, address_of};
use super::options::nanoseconds;
use super::state::{Event, Object, Power, State};
use crate::op::{Op, Outcome, Token};
use crate::socket::{Listener, Socket};

/// How often a connection request that finds nobody is sent again.
const CONNECT_ATTEMPTS: u32 = 7;
/// When it is sent again, in nanoseconds; doubled each time.
const CONNECT_RETRY: u64 = 1_000_000_000;

fn errno(code: i32) -> io::Error {
    io::Error::from_raw_os_error(code)
}

impl State {
    /// Schedules an event at `other`, caused now at `one`: after `delay` nanoseconds and the link's own.
    pub(crate) fn across(&mut self, one: usize, other: usize, delay: u64, event: Event) {
        let link_delay = self.network.link(one, other).delay;
        let way = link_delay.draw(&mut self.random);
        self.after(delay.saturating_add(way), event);
    }

    /// Keeps `event` if the link that it came over hangs.
    fn hold(&mut self, one: usize, other: usize, event: Event) -> bool {
        let link = self.network.link(one, other);
        let hangs = link.cut == Some(Cut::Hang);
        if hangs {
            link.held.push(event);
        }
        hangs
    }

    /// Cuts or heals a link.
    pub(crate) fn set_cut(&mut self, one: usize, other: usize, cut: Option<Cut>) {
        let link = self.network.link(one, other);
        link.cut = cut;
        if cut != Some(Cut::Hang) {
            let held = std::mem::take(&mut link.held);
            // In order: the ties of one instant are drawn ascending.
            for (tie, event) in held.into_iter().enumerate() {
                self.schedule.push(self.now, tie as u64, event);
            }
        }
        if cut == Some(Cut::Reset) {
            let over_link =
                |host: usize, peer: usize| (host.min(peer), host.max(peer)) == (one.min(other), one.max(other));
            let endpoints = self.network.endpoints.iter();
            let hit: Vec<u64> =
                endpoints.filter(|(_, end)| over_link(end.host, end.peer_host)).map(|(id, _)| *id).collect();
            hit.into_iter().for_each(|id| self.reset(id));
        }
    }

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
        let handle = crate::handle::SimHandle::new(endpoint, self.handle_events.clone());
        Ok(Socket::new(crate::handle::Handle::Sim(handle), local, remote))
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

    pub(crate) fn begin_receive(&mut self, core: usize, token: Token, endpoint: Option<u64>) {
        let Some(end) = endpoint.and_then(|id| self.network.endpoints.get_mut(&id)) else {
            return self.complete(core, token, Err(errno(libc::ENOTCONN)));
        };
        end.receivers.push_back((core, token));
        if let Some(endpoint) = endpoint {
            self.serve_receivers(endpoint);
        }
    }

    /// Gives what has arrived to those who wait for it.
    fn serve_receivers(&mut self, id: u64) {
        loop {
            let Some(end) = self.network.endpoints.get_mut(&id) else { return };
            let Some(&(core, token)) = end.receivers.front() else { return };
            let Some(in_flight) = self.in_flight.get_mut(&(core, token)) else {
                end.receivers.pop_front();
                continue;
            };
            let Op::Receive { buffer, at_least, .. } = &mut in_flight.op else { return };
            if end.reset {
                end.receivers.pop_front();
                self.complete(core, token, Err(errno(libc::ECONNRESET)));
                continue;
            }
            // At times less than what is there, as long as it is enough.
            let room = buffer.capacity() - buffer.len();
            let enough = (*at_least as u64).saturating_sub(in_flight.progress) as usize;
            let wanted = if self.random.chance(100) { enough.max(1 + self.random.index(room)).min(room) } else { room };
            let taken = end.incoming.take(buffer.spare_mut().get_mut(..wanted).unwrap_or_default());
            let len = buffer.len() + taken;
            buffer.set_len(len);
            in_flight.progress += taken as u64;
            let done = in_flight.progress >= *at_least as u64;
            let over = (end.incoming.ended() || end.shut) && end.incoming.arrived() == 0;
            let (count, host, peer, peer_host) = (in_flight.progress, end.host, end.peer, end.peer_host);
            if done || over {
                end.receivers.pop_front();
            }
            let sender_waits = self.network.endpoints.get(&peer).is_some_and(|peer| !peer.senders.is_empty());
            if taken > 0 && sender_waits {
                self.across(host, peer_host, 0, Event::Room(peer));
            }
            if !(done || over) {
                return;
            }
            self.complete(core, token, Ok(Outcome::Count(count as usize)));
        }
    }

    pub(crate) fn begin_send(&mut self, core: usize, token: Token, endpoint: Option<u64>) {
        let Some(end) = endpoint.and_then(|id| self.network.endpoints.get_mut(&id)) else {
            return self.complete(core, token, Err(errno(libc::ENOTCONN)));
        };
        end.senders.push_back((core, token));
        if let Some(endpoint) = endpoint {
            self.serve_senders(endpoint);
        }
    }

    /// News of room came over the link.
    pub(crate) fn retry_sends(&mut self, id: u64) {
        let Some((host, peer_host)) = self.network.endpoints.get(&id).map(|end| (end.host, end.peer_host)) else {
            return;
        };
        if !self.hold(host, peer_host, Event::Room(id)) {
            self.serve_senders(id);
        }
    }

    fn serve_senders(&mut self, id: u64) {
        loop {
            let Some(end) = self.network.endpoints.get(&id) else { return };
            let Some(&(core, token)) = end.senders.front() else { return };
            let failure = if end.reset {
                Some(libc::ECONNRESET)
            } else if end.shut {
                Some(libc::EPIPE)
            } else {
                None
            };
            let finished = match failure {
                Some(code) => Some(Err(errno(code))),
                None => self.send_some(id, core, token),
            };
            let Some(result) = finished else { return };
            if let Some(end) = self.network.endpoints.get_mut(&id) {
                end.senders.pop_front();
            }
            self.complete(core, token, result.map(|()| Outcome::Done));
        }
    }

    /// Sends what fits. `None`: there is more.
    fn send_some(&mut self, id: u64, core: usize, token: Token) -> Option<io::Result<()>> {
        let (host, peer, peer_host) = self.network.endpoints.get(&id).map(|end| (end.host, end.peer, end.peer_host))?;
        let Some(in_flight) = self.in_flight.get_mut(&(core, token)) else { return Some(Ok(())) };
        let Some(pipe) = self.network.endpoints.get_mut(&peer).map(|end| &mut end.incoming) else {
            return Some(Err(errno(libc::ECONNRESET)));
        };
        let room = pipe.room() as u64;
        let (sent, total) = match &in_flight.op {
            Op::Send { parts, .. } => {
                let total: u64 = parts.iter().map(|part| part.len() as u64).sum();
                let (mut skip, mut left) = (in_flight.progress as usize, room as usize);
                for part in parts {
                    let rest = part.get(skip.min(part.len())..).unwrap_or_default();
                    let piece = rest.get(..left.min(rest.len())).unwrap_or_default();
                    pipe.push(piece);
                    skip = skip.saturating_sub(part.len());
                    left -= piece.len();
                }
                (room - left as u64, total)
            }
            Op::SendFile { file, offset, len, .. } => {
                let mut piece = vec![0; room.min(len - in_flight.progress) as usize];
                let node = match file.handle().sim_id().and_then(|id| self.objects.get(&id)) {
                    Some(Object::File { node, .. }) => *node,
                    _ => return Some(Err(errno(libc::EBADF))),
                };
                let disk = &self.hosts.get(host)?.disk;
                match disk.state().read(node, offset + in_flight.progress, &mut piece) {
                    Ok(count) if count < piece.len() => {
                        return Some(Err(io::Error::from(io::ErrorKind::UnexpectedEof)));
                    }
                    Ok(_) => pipe.push(&piece),
                    Err(error) => return Some(Err(error)),
                }
                (piece.len() as u64, *len)
            }
            _ => return Some(Ok(())),
        };
        in_flight.progress += sent;
        let done = in_flight.progress >= total;
        let segments = pipe.seal(sent as usize, &mut self.random);
        for _ in 0..segments {
            self.send_segment(host, peer, peer_host);
        }
        done.then_some(Ok(()))
    }

    fn send_segment(&mut self, host: usize, peer: u64, peer_host: usize) {
        let way = self.network.link(host, peer_host).delay.draw(&mut self.random);
        let Some(end) = self.network.endpoints.get_mut(&peer) else { return };
        let at = end.incoming.arrival(self.now.saturating_add(way));
        let tie = self.random.next_u64();
        self.schedule.push(at, tie, Event::Deliver(peer));
    }

    pub(crate) fn deliver(&mut self, id: u64) {
        let Some(end) = self.network.endpoints.get(&id) else { return };
        let (host, peer, peer_host) = (end.host, end.peer, end.peer_host);
        if self.hold(host, peer_host, Event::Deliver(id)) {
            return;
        }
        let Some(end) = self.network.endpoints.get_mut(&id) else { return };
        let segment = end.incoming.deliver();
        if end.shut || end.reset {
            end.incoming.discard();
            if matches!(segment, Some(Segment::Data(_))) {
                self.across(host, peer_host, 0, Event::Reset(peer));
            }
            return;
        }
        self.serve_receivers(id);
    }

    /// The connection is gone for this end: whoever waits is told.
    pub(crate) fn reset(&mut self, id: u64) {
        let Some(end) = self.network.endpoints.get(&id) else { return };
        let (host, peer_host) = (end.host, end.peer_host);
        if self.hold(host, peer_host, Event::Reset(id)) {
            return;
        }
        if let Some(end) = self.network.endpoints.get_mut(&id) {
            end.reset = true;
        }
        self.serve_receivers(id);
        self.serve_senders(id);
    }

    /// The owner shuts an endpoint down, or closes it.
    pub(crate) fn shut(&mut self, id: u64) {
        let Some(end) = self.network.endpoints.get_mut(&id) else { return };
        if end.shut {
            return;
        }
        end.shut = true;
        let (host, peer, peer_host, reset) = (end.host, end.peer, end.peer_host, end.reset);
        // Unread bytes that are thrown away make a reset of an orderly end, as TCP does.
        let unread = end.released && end.incoming.arrived() > 0;
        if !reset {
            if unread {
                self.across(host, peer_host, 0, Event::Reset(peer));
            } else if let Some(peer_end) = self.network.endpoints.get_mut(&peer) {
                peer_end.incoming.push_end();
                self.send_segment(host, peer, peer_host);
            }
        }
        self.serve_receivers(id);
        self.serve_senders(id);
    }

    pub(crate) fn close_endpoint(&mut self, id: u64) {
        if let Some(end) = self.network.endpoints.get_mut(&id) {
            end.released = true;
        }
        self.shut(id);
        self.network.forget_if_released(id);
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

    /// A host's connections and listeners end with it; its peers are told.
    pub(crate) fn drop_host_network(&mut self, host: usize) {
        let listeners: Vec<u64> =
            self.network.listeners.iter().filter(|(_, found)| found.host == host).map(|(id, _)| *id).collect();
        for id in listeners {
            self.objects.remove(&id);
            self.network.listeners.remove(&id);
        }
        let endpoints: Vec<u64> =
            self.network.endpoints.iter().filter(|(_, end)| end.host == host).map(|(id, _)| *id).collect();
        for id in endpoints {
            self.objects.remove(&id);
            let Some(end) = self.network.endpoints.get_mut(&id) else { continue };
            end.released = true;
            end.shut = true;
            end.reset = true;
            end.receivers.clear();
            end.senders.clear();
            let (peer, peer_host) = (end.peer, end.peer_host);
            self.across(host, peer_host, 0, Event::Reset(peer));
            self.network.forget_if_released(id);
        }
    }

    /// Sets how long one way over a link takes.
    pub(crate) fn set_delay(&mut self, one: usize, other: usize, delay: super::options::Latency) {
        debug_assert!(nanoseconds(delay.least) <= nanoseconds(delay.most));
        self.network.link(one, other).delay = delay;
    }
}
