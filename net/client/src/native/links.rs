//! The connections to a broker's cores: each is made when a partition of its core is first wanted.

use std::io;
use std::time::Duration;

use millrace_wire::native::{ToBroker, ToClient};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use tracing::warn;

use super::link::{Link, Welcome};
use crate::error::ClientError;

/// A topic, as a client of the native protocol needs to know it.
#[derive(Clone, Debug)]
pub(super) struct Topic {
    pub id: [u8; 16],
    pub is_columns: bool,
    /// By partition, the core that owns it.
    pub cores: Vec<u16>,
}

/// The connections to one broker. The first one serves partitions of every core, in case another cannot be made.
pub(super) struct Links {
    bootstrap: String,
    client_id: String,
    buffer_bytes: usize,
    links: Vec<Link>,
    ports: Vec<u16>,
    /// Which connection each core has.
    by_core: Vec<Option<usize>>,
}

impl Links {
    /// Connects to a native port of a broker.
    pub(super) fn open(bootstrap: &str, client_id: &str, buffer_bytes: usize) -> Result<Self, ClientError> {
        let (link, Welcome { core, ports }) = Link::open(bootstrap, client_id, buffer_bytes)?;
        let mut by_core = vec![None; ports.len()];
        if let Some(of_core) = by_core.get_mut(usize::from(core)) {
            *of_core = Some(0);
        }
        let (bootstrap, client_id) = (bootstrap.to_owned(), client_id.to_owned());
        Ok(Self { bootstrap, client_id, buffer_bytes, links: vec![link], ports, by_core })
    }

    /// Asks where a topic's partitions are. Nothing else may be under way on the first connection.
    pub(super) fn locate(&mut self, topic: &str) -> Result<Topic, ClientError> {
        let first = self.get(0);
        first.say(&ToBroker::Locate { request: 0, topic: topic.to_owned() }, &[])?;
        match first.answer()? {
            ToClient::Located { topic_id: id, is_columns, cores, .. } => Ok(Topic { id, is_columns, cores }),
            ToClient::Failed { code, message, .. } => {
                Err(ClientError::refused(format!("topic {topic:?} cannot be used"), code, Some(&message)))
            }
            other => Err(first.unexpected(&other)),
        }
    }

    /// The connection for partitions of a core; it is made now if there is none. Where it cannot be, the first one is
    /// as good, if not as fast.
    pub(super) fn of_core(&mut self, core: u16) -> usize {
        let core = usize::from(core);
        if let Some(known) = self.by_core.get(core).copied().flatten() {
            return known;
        }
        let made = match self.open_own(core) {
            Ok(link) => {
                self.links.push(link);
                self.links.len() - 1
            }
            Err(error) => {
                warn!(core, %error, "a core has no connection of its own: its partitions are another core's detour");
                0
            }
        };
        self.by_core.resize(self.by_core.len().max(core + 1), None);
        if let Some(of_core) = self.by_core.get_mut(core) {
            *of_core = Some(made);
        }
        made
    }

    /// A connection to a core's own port.
    fn open_own(&self, core: usize) -> Result<Link, ClientError> {
        let unknown = || ClientError::NotNative {
            address: self.bootstrap.clone(),
            what: format!("partitions are on core {core}, which has no port"),
        };
        let port = self.ports.get(core).ok_or_else(unknown)?;
        let host = self.bootstrap.rsplit_once(':').map_or("", |(host, _)| host);
        let (link, _) = Link::open(&format!("{host}:{port}"), &self.client_id, self.buffer_bytes)?;
        Ok(link)
    }

    pub(super) fn len(&self) -> usize {
        self.links.len()
    }

    /// A connection that [`Self::of_core`] gave, or the first.
    pub(super) fn get(&mut self, index: usize) -> &mut Link {
        match self.links.get_mut(index) {
            Some(link) => link,
            None => unreachable!("connections are never taken away"),
        }
    }

    /// Sends what is unsent, and says on each connection that it is still wanted.
    pub(super) fn tend(&mut self) -> Result<(), ClientError> {
        self.links.iter_mut().try_for_each(|link| link.flush().and_then(|()| link.keep_alive()))
    }

    /// Waits until something arrives on any of the connections, or can be sent; at most so long.
    pub(super) fn wait(&self, patience: Duration) -> Result<(), ClientError> {
        let links: Vec<&Link> = self.links.iter().collect();
        wait_for(&links, patience).map_err(|source| ClientError::Connection { address: self.bootstrap.clone(), source })
    }
}

/// Waits until something arrives on any of the connections, or can be sent; at most so long.
pub(super) fn wait_for(links: &[&Link], patience: Duration) -> io::Result<()> {
    let mut waiting: Vec<PollFd<'_>> = links
        .iter()
        .map(|link| {
            let sends = if link.is_unsent() { PollFlags::POLLOUT } else { PollFlags::empty() };
            PollFd::new(std::os::fd::AsFd::as_fd(*link), PollFlags::POLLIN | sends)
        })
        .collect();
    let timeout = PollTimeout::try_from(patience).unwrap_or(PollTimeout::MAX);
    match poll(&mut waiting, timeout) {
        Ok(_) | Err(Errno::EINTR) => Ok(()),
        Err(errno) => Err(errno.into()),
    }
}
