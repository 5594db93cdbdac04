//! What crosses the links of a simulated world, and what happens to it there.

use super::net::Cut;
use super::options::Latency;
use super::state::{Event, State};

impl State {
    /// Schedules an event at `other`, caused now at `one`: after `delay` nanoseconds and the link's own.
    pub(crate) fn across(&mut self, one: usize, other: usize, delay: u64, event: Event) {
        let link_delay = self.network.link(one, other).delay;
        let way = link_delay.draw(&mut self.random);
        self.after(delay.saturating_add(way), event);
    }

    /// Keeps `event` if the link that it came over hangs.
    pub(crate) fn hold(&mut self, one: usize, other: usize, event: Event) -> bool {
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
    pub(crate) fn set_delay(&mut self, one: usize, other: usize, delay: Latency) {
        self.network.link(one, other).delay = delay;
    }
}
