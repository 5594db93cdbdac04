//! A client without manners: requests in pieces, rubbish, answers that nobody reads. It costs the broker a connection.

use millrace_runtime::Bytes;
use millrace_wire::messages::fetch::FetchRequest;
use millrace_wire::messages::metadata::MetadataRequest;
use millrace_wire::messages::produce::ProduceRequest;

use crate::client::Client;
use crate::connection::encode;

/// Comes `rounds` times, and does something that is not done.
pub(crate) async fn intrude(mut client: Client, rounds: usize) {
    for _ in 0..rounds {
        client.pause().await;
        let mut bytes = Vec::new();
        for _ in 0..1 + client.random.below(20) {
            bytes.extend(match client.random.below(3) {
                0 => encode(12, 1, &MetadataRequest::default()),
                1 => encode(12, 2, &FetchRequest { max_wait_ms: 500, ..Default::default() }),
                _ => encode(9, 3, &ProduceRequest { acks: -1, ..Default::default() }),
            });
        }
        for _ in 0..client.random.below(3) {
            let place = client.random.index(bytes.len());
            bytes[place] = client.random.below(256) as u8;
        }
        bytes.truncate(1 + client.random.index(bytes.len()));
        let Ok(socket) = client.core.connect(client.broker).await else { continue };
        // The broker may close at any time: that is its good right.
        if socket.send(&client.core, vec![Bytes::from(bytes)]).await.is_ok() && client.random.coin() {
            client.pause().await;
        }
    }
}
