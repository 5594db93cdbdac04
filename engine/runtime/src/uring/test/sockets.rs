use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::thread;
use std::time::Duration;

use crate::uring::block_on;
use crate::{Bytes, Core, Durability, OpenOptions, Socket};

pub(super) const MIB: usize = 1024 * 1024;

pub(super) fn pattern(len: usize) -> Vec<u8> {
    (0..len).map(|index| (index * 31 % 251) as u8).collect()
}

fn any_port() -> SocketAddr {
    "127.0.0.1:0".parse().unwrap()
}

/// A connection to a peer that a thread drives with blocking calls.
pub(super) async fn with_peer<T: Send + 'static>(
    core: &Core,
    peer: impl FnOnce(TcpStream) -> T + Send + 'static,
) -> (Socket, thread::JoinHandle<T>) {
    let listener = core.listen(any_port(), 16).await.unwrap();
    let address = listener.local_addr();
    let thread = thread::spawn(move || peer(TcpStream::connect(address).unwrap()));
    let (socket, from) = listener.accept(core).await.unwrap();
    assert_eq!(from, socket.peer());
    assert_eq!(socket.local(), address);
    (socket, thread)
}

/// Waits for a thread that sees what this core does. The core goes on meanwhile: a socket is closed only when the
/// kernel is done with the ring's last operation on it, for which it may need the core.
pub(super) async fn joined<T>(core: &Core, thread: thread::JoinHandle<T>) -> T {
    while !thread.is_finished() {
        core.sleep(Duration::from_millis(1)).await;
    }
    thread.join().unwrap()
}

#[test]
fn many_parts_arrive_whole_at_a_slow_reader() {
    block_on(async |core| {
        let (socket, peer) = with_peer(&core, |mut stream| {
            let mut all = Vec::new();
            let mut some = [0; 70_000];
            loop {
                match stream.read(&mut some).unwrap() {
                    0 => return all,
                    count => all.extend_from_slice(&some[..count]),
                }
                thread::yield_now();
            }
        })
        .await;
        let bytes = pattern(32 * MIB);
        let parts: Vec<Bytes> = bytes.chunks(7001).map(|part| Bytes::from(part.to_vec())).collect();
        assert!(parts.len() > 4 * 1024);
        socket.send(&core, parts).await.unwrap();
        drop(socket);
        assert!(joined(&core, peer).await == bytes);
    });
}

#[test]
fn a_file_of_64_mib_is_sent_to_a_slow_reader() {
    block_on(async |core| {
        let directory = tempfile::tempdir_in("/var/tmp").unwrap();
        let file = core.open(&directory.path().join("file"), OpenOptions::read_write()).await.unwrap();
        let bytes = pattern(64 * MIB + 17);
        file.write_at(&core, vec![Bytes::from(bytes.clone())], 0, Durability::Deferred).await.unwrap();
        let (socket, peer) = with_peer(&core, |mut stream| {
            let mut all = Vec::new();
            let mut some = vec![0; 300_000];
            loop {
                match stream.read(&mut some).unwrap() {
                    0 => return all,
                    count => all.extend_from_slice(&some[..count]),
                }
            }
        })
        .await;
        socket.send_file(&core, &file, 5, bytes.len() as u64 - 5).await.unwrap();
        let past_end = socket.send_file(&core, &file, bytes.len() as u64, 1).await;
        assert_eq!(past_end.unwrap_err().kind(), ErrorKind::UnexpectedEof);
        drop(socket);
        assert!(joined(&core, peer).await == bytes[5..]);
    });
}

#[test]
fn more_files_are_sent_at_once_than_there_are_pipes_and_peers_that_do_not_read_hold_up_nobody() {
    block_on(async |core| {
        let directory = tempfile::tempdir_in("/var/tmp").unwrap();
        let file = core.open(&directory.path().join("file"), OpenOptions::read_write()).await.unwrap();
        let bytes = pattern(8 * MIB);
        file.write_at(&core, vec![Bytes::from(bytes.clone())], 0, Durability::Deferred).await.unwrap();
        let listener = core.listen(any_port(), 128).await.unwrap();
        let address = listener.local_addr();
        // 80 peers that read nothing, two for each pipe and more.
        let idle: Vec<TcpStream> = (0..80).map(|_| TcpStream::connect(address).unwrap()).collect();
        let mut stuck = Vec::new();
        for _ in &idle {
            let (socket, _) = listener.accept(&core).await.unwrap();
            let (core_of_task, file) = (core.clone(), file.clone());
            stuck.push(core.spawn_join(async move {
                socket.send_file(&core_of_task, &file, 0, 8 * MIB as u64).await.unwrap();
            }));
        }
        core.sleep(Duration::from_millis(300)).await;
        let reader = thread::spawn(move || {
            let mut all = Vec::new();
            TcpStream::connect(address).unwrap().read_to_end(&mut all).unwrap();
            all
        });
        let (socket, _) = listener.accept(&core).await.unwrap();
        socket.send_file(&core, &file, 0, 8 * MIB as u64).await.unwrap();
        drop(socket);
        assert!(joined(&core, reader).await == bytes);
        assert!(stuck.iter().all(|send| send.try_take().is_none()), "they wait for their peers");
        // Those who begin to read get all of it.
        let readers: Vec<_> = idle
            .into_iter()
            .map(|mut stream| {
                thread::spawn(move || {
                    let mut all = Vec::new();
                    stream.read_to_end(&mut all).unwrap();
                    all
                })
            })
            .collect();
        crate::sync::join_all(stuck).await;
        for reader in readers {
            assert!(joined(&core, reader).await == bytes);
        }
    });
}

#[test]
fn a_receive_waits_for_as_much_as_it_demands_and_no_more() {
    block_on(async |core| {
        let (socket, peer) = with_peer(&core, |mut stream| {
            for chunk in pattern(10_000).chunks(1000) {
                stream.write_all(chunk).unwrap();
                thread::yield_now();
            }
            stream.shutdown(Shutdown::Write).unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).unwrap();
            answer
        })
        .await;
        let mut buffer = core.buffers().alloc(16_384).unwrap();
        buffer.extend_from_slice(b"before");
        let (result, buffer) = socket.receive(&core, buffer, 9000).await;
        let count = result.unwrap();
        assert!((9000..=10_000).contains(&count));
        let (result, buffer) = socket.receive(&core, buffer, 5000).await;
        assert_eq!(result.unwrap(), 10_000 - count, "fewer than demanded: the peer has closed its side");
        assert_eq!(&buffer[..6], b"before");
        assert_eq!(&buffer[6..], &pattern(10_000));
        // Half closed: our side still sends.
        socket.send(&core, vec![Bytes::from_static(b"still "), Bytes::from_static(b"here")]).await.unwrap();
        drop(socket);
        assert_eq!(joined(&core, peer).await, "still here");
    });
}

#[test]
fn a_shutdown_ends_a_waiting_receive() {
    block_on(async |core| {
        let (socket, peer) = with_peer(&core, |stream| stream).await;
        let (read, write) = socket.split();
        let core_of_task = core.clone();
        let waiting =
            core.spawn_join(
                async move { read.receive(&core_of_task, core_of_task.buffers().alloc(1).unwrap(), 1).await.0 },
            );
        core.yield_now().await;
        write.shutdown();
        assert_eq!(waiting.await.unwrap(), 0);
        drop(peer.join().unwrap());
    });
}

#[test]
fn a_receive_that_timed_out_gives_its_buffer_back_and_the_connection_lives() {
    block_on(async |core| {
        let (socket, peer) = with_peer(&core, |stream| stream).await;
        let mut stream = peer.join().unwrap();
        let receive = socket.receive(&core, core.buffers().alloc(1).unwrap(), 1);
        assert!(core.timeout(Duration::from_millis(1), receive).await.is_err());
        while core.buffers().used_bytes() > 0 {
            core.sleep(Duration::from_micros(100)).await;
        }
        stream.write_all(b"x").unwrap();
        let (result, buffer) = socket.receive(&core, core.buffers().alloc(1).unwrap(), 1).await;
        assert_eq!((result.unwrap(), &buffer[..]), (1, b"x".as_slice()));
    });
}

#[test]
fn a_dropped_accept_takes_no_connection() {
    block_on(async |core| {
        let listener = core.listen(any_port(), 1).await.unwrap();
        assert!(core.timeout(Duration::from_millis(1), listener.accept(&core)).await.is_err());
        let client = core.connect(listener.local_addr()).await.unwrap();
        let (server, from) = listener.accept(&core).await.unwrap();
        assert_eq!((from, server.peer()), (client.local(), client.local()));
    });
}

#[test]
fn a_refused_connection_and_a_vanished_peer_are_errors() {
    block_on(async |core| {
        let listener = core.listen(any_port(), 1).await.unwrap();
        let address = listener.local_addr();
        let client = core.connect(address).await.unwrap();
        drop(listener.accept(&core).await.unwrap());
        drop(listener);
        let refused = core.connect(address).await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
        let (result, _) = client.receive(&core, core.buffers().alloc(1).unwrap(), 1).await;
        assert_eq!(result.unwrap(), 0);
        let gone = loop {
            if let Err(error) = client.send(&core, vec![Bytes::from_static(b"anyone?")]).await {
                break error;
            }
        };
        assert!(matches!(gone.kind(), ErrorKind::BrokenPipe | ErrorKind::ConnectionReset), "{gone}");
    });
}
