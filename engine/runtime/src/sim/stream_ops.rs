//! Bytes that go through the connections of a simulated world, and the connections' end.

use std::io;

use super::disk::file_system::errno;
use super::net::pipe::Segment;
use super::state::{Event, Object, State};
use crate::op::{Op, Outcome, Token};

impl State {
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
}
