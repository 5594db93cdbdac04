//! Producer ids, from blocks that each core takes from the metadata log (Kafka's AllocateProducerIds).

use std::cell::Cell;
use std::rc::Rc;

use millrace_base::ids::ProducerId;
use millrace_cluster::metadata::{Command, CommandError, MetadataRecord};

use crate::limits::PRODUCER_ID_BLOCK;
use crate::metadata_log;
use crate::server::Server;

/// The rest of this core's block: `[next, end)`.
#[derive(Default)]
pub(crate) struct ProducerIds {
    next: Cell<ProducerId>,
    end: Cell<ProducerId>,
}

impl ProducerIds {
    fn take(&self) -> Option<ProducerId> {
        let next = self.next.get();
        (next < self.end.get()).then(|| {
            self.next.set(next + 1);
            next
        })
    }
}

/// An id that no other producer of this cluster has or had.
///
/// # Errors
/// When the metadata log cannot be written.
pub(crate) async fn allocate(server: &Rc<Server>) -> Result<ProducerId, CommandError> {
    loop {
        if let Some(id) = server.producer_ids.take() {
            return Ok(id);
        }
        let command = Command::AllocateProducerIds { broker: server.config.node_id, count: PRODUCER_ID_BLOCK };
        for record in metadata_log::propose(server, command).await?.iter() {
            // Another request may have brought a block meanwhile: the ids left in that one are never used.
            if let MetadataRecord::ProducerIds { first, next } = record {
                server.producer_ids.next.set(*first);
                server.producer_ids.end.set(*next);
            }
        }
    }
}
