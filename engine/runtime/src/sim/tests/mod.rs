//! What a simulated world promises.

mod files;
mod hosts;
mod network;

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use millrace_base::ids::CoreId;

use super::*;
use crate::{Buffer, Bytes, Core, Durability, File, Mailbox, OpenOptions, Socket};

const PORT: u16 = 9092;

fn world(seed: u64) -> World {
    World::new(seed, SimOptions::default())
}

async fn open(core: &Core, path: &str) -> File {
    core.open(Path::new(path), OpenOptions::read_write()).await.unwrap()
}

fn block(core: &Core, byte: u8, blocks: usize) -> Bytes {
    let mut buffer = core.buffers().alloc(4096 * blocks).unwrap();
    buffer.extend_from_slice(&vec![byte; 4096 * blocks]);
    buffer.freeze()
}

fn errno(result: io::Result<()>) -> Option<i32> {
    result.unwrap_err().raw_os_error()
}

async fn receive(core: &Core, socket: &Socket, at_least: usize) -> io::Result<Buffer> {
    let buffer = core.buffers().alloc(at_least.max(1)).unwrap();
    let (result, buffer) = socket.receive(core, buffer, at_least).await;
    result.map(|_| buffer)
}

/// A server that answers each byte with its successor, for ever.
async fn serve_successors(core: Core, _: Mailbox<()>) {
    let listener = core.listen(SocketAddr::from(([0, 0, 0, 0], PORT)), 16).await.unwrap();
    loop {
        let (socket, _) = listener.accept(&core).await.unwrap();
        let inner = core.clone();
        core.spawn(async move {
            while let Ok(buffer) = receive(&inner, &socket, 1).await {
                let answer: Vec<u8> = buffer.iter().map(|byte| byte + 1).collect();
                if answer.is_empty() || socket.send(&inner, vec![Bytes::from(answer)]).await.is_err() {
                    return;
                }
            }
        });
    }
}

/// Two hosts: a server of successors, and a client that runs `main` with the server's address.
fn client_and_server<F, Fut>(world: &mut World, main: F) -> (HostId, HostId)
where
    F: Fn(Core, SocketAddr) -> Fut + 'static,
    Fut: Future<Output = ()> + 'static,
{
    let server = world.add_host("server", 1, serve_successors);
    let address = SocketAddr::new(world.address(server), PORT);
    let client = world.add_host("client", 1, move |core: Core, _: Mailbox<()>| main(core, address));
    (client, server)
}
