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

/// A bit of everything: files, messages between cores, timers, connections, random numbers.
fn fingerprint(seed: u64) -> u64 {
    let mut world = world(seed);
    let (client, _) = client_and_server(&mut world, |core, server| async move {
        let socket = core.connect(server).await.unwrap();
        for byte in 0..10 {
            socket.send(&core, vec![Bytes::from(vec![byte; 1000])]).await.unwrap();
            assert_eq!(receive(&core, &socket, 1000).await.unwrap()[..1], [byte + 1]);
            core.sleep(Duration::from_micros(core.random_u64() % 100)).await;
        }
    });
    let busy = world.add_host("busy", 3, |core: Core, mailbox: Mailbox<u64>| async move {
        let file = open(&core, &format!("/file-{}", core.id().0)).await;
        for offset in 0..20 {
            let to = CoreId((core.random_u64() % 3) as u16);
            mailbox.send(to, core.random_u64());
            let bytes = Bytes::from(core.random_u64().to_be_bytes().to_vec());
            file.write_at(&core, vec![bytes], offset * 8, Durability::Synced).await.unwrap();
            while let Some((_, number)) = mailbox.try_receive() {
                core.mark(1, number);
            }
        }
    });
    assert!(world.run_until(Duration::from_secs(60), |world| !world.is_running(client) && !world.is_running(busy)));
    world.trace_hash()
}

#[test]
fn the_same_seed_gives_the_same_run() {
    let hashes: BTreeSet<u64> = (0..20).map(fingerprint).collect();
    assert_eq!(hashes.len(), 20, "different seeds give different runs");
    for seed in 0..20 {
        assert_eq!(fingerprint(seed), fingerprint(seed), "seed {seed}");
    }
}

#[test]
fn timers_fire_in_order_and_cost_no_real_time() {
    let order = block_on(1, async |core: Core| {
        let order = Rc::new(RefCell::new(Vec::new()));
        let started = core.now();
        let tasks: Vec<_> = [300_u64, 100, 200]
            .map(|hours| {
                let (core, order) = (core.clone(), order.clone());
                core.clone().spawn_join(async move {
                    core.sleep(Duration::from_secs(hours * 3600)).await;
                    order.borrow_mut().push(hours);
                })
            })
            .into();
        for task in tasks {
            task.await;
        }
        let elapsed = core.now() - started;
        assert!(elapsed >= Duration::from_secs(300 * 3600) && elapsed < Duration::from_secs(300 * 3600 + 1));
        assert!(core.timeout(Duration::from_secs(1), std::future::pending::<()>()).await.is_err());
        order.take()
    });
    assert_eq!(order, [100, 200, 300]);
}

#[test]
fn a_core_that_never_rests_does_not_stop_time() {
    block_on(1, async |core: Core| {
        let end = core.now() + Duration::from_millis(1);
        while core.now() < end {
            core.yield_now().await;
        }
    });
}

#[test]
fn messages_between_two_cores_keep_their_order() {
    for seed in 0..20 {
        let received = Rc::new(RefCell::new(Vec::new()));
        let mut world = world(seed);
        let seen = received.clone();
        world.add_host("host", 2, move |core: Core, mailbox: Mailbox<u32>| {
            let seen = seen.clone();
            async move {
                for number in 0..100 {
                    if core.id() == CoreId(0) {
                        mailbox.send(CoreId(1), number);
                        core.yield_now().await;
                    } else {
                        let message = mailbox.receive().await;
                        seen.borrow_mut().push(message);
                    }
                }
            }
        });
        world.run();
        let expected: Vec<_> = (0..100).map(|number| (CoreId(0), number)).collect();
        assert_eq!(received.take(), expected);
    }
}

#[test]
fn files_work_as_on_a_real_host() {
    block_on(3, async |core: Core| {
        core.create_dir_all(Path::new("/data/topic-0")).await.unwrap();
        let path = Path::new("/data/topic-0/log");
        let file = core.open(path, OpenOptions::read_write().direct()).await.unwrap();
        file.write_at(&core, vec![block(&core, 1, 1), block(&core, 2, 2)], 4096, Durability::Synced).await.unwrap();
        assert_eq!(file.len(&core).await.unwrap(), 16384);
        let (result, read) = file.read_at(&core, core.buffers().alloc(32768).unwrap(), 0).await;
        assert_eq!(result.unwrap(), 16384);
        assert_eq!(read[..], [[0; 4096], [1; 4096], [2; 4096], [2; 4096]].concat());
        file.truncate(&core, 5000).await.unwrap();
        assert_eq!(file.len(&core).await.unwrap(), 5000);
        core.rename(path, Path::new("/data/moved")).await.unwrap();
        assert!(!core.exists(path).await.unwrap());
        let entries = core.read_dir(Path::new("/data")).await.unwrap();
        let names: Vec<_> = entries.iter().map(|entry| (entry.name.as_str(), entry.metadata.is_dir)).collect();
        assert_eq!(names, [("moved", false), ("topic-0", true)]);
        assert!(file.try_lock(&core).await.unwrap());
        let second = open(&core, "/data/moved").await;
        assert!(!second.try_lock(&core).await.unwrap());
        file.close(&core).await.unwrap();
        core.yield_now().await;
        assert!(second.try_lock(&core).await.unwrap());
        let missing = core.open(Path::new("/nothing"), OpenOptions::read()).await.unwrap_err();
        assert_eq!(missing.kind(), io::ErrorKind::NotFound);
    });
}

#[test]
fn direct_files_demand_alignment() {
    block_on(3, async |core: Core| {
        let file = core.open(Path::new("/f"), OpenOptions::read_write().direct()).await.unwrap();
        let aligned = block(&core, 1, 2);
        let durability = Durability::Deferred;
        let kind = |result: io::Result<()>| result.unwrap_err().kind();
        let by_offset = file.write_at(&core, vec![aligned.clone()], 512, durability).await;
        assert_eq!(kind(by_offset), io::ErrorKind::InvalidInput);
        let by_length = file.write_at(&core, vec![aligned.slice(..100)], 0, durability).await;
        assert_eq!(kind(by_length), io::ErrorKind::InvalidInput);
        let by_address = file.write_at(&core, vec![aligned.slice(8..4104)], 0, durability).await;
        assert_eq!(kind(by_address), io::ErrorKind::InvalidInput);
        file.write_at(&core, vec![aligned.slice(4096..)], 0, durability).await.unwrap();
    });
}

/// Writes numbered blocks, each synced, and tells of each when it is durable.
async fn write_blocks(core: Core, acknowledged: Rc<Cell<u64>>) {
    let file = core.open(Path::new("/log"), OpenOptions::read_write().direct()).await.unwrap();
    core.sync_dir(Path::new("/")).await.unwrap();
    for number in 0..50_u64 {
        let bytes = block(&core, number as u8 + 1, 1);
        file.write_at(&core, vec![bytes], number * 4096, Durability::Synced).await.unwrap();
        acknowledged.set(number + 1);
    }
}

#[test]
fn what_was_acknowledged_survives_a_stop_at_any_point() {
    for seed in 0..300 {
        let disk = Disk::new(seed);
        let acknowledged = Rc::new(Cell::new(0));
        let told = acknowledged.clone();
        let stop = match seed % 3 {
            0 => Stop::At(Duration::from_micros(50 * seed)),
            1 => Stop::AfterDiskOps(seed / 5),
            _ => Stop::Never,
        };
        let run = run(seed, &disk, stop, |core| write_blocks(core, told));
        assert_eq!(run.output.is_some(), acknowledged.get() == 50);
        if let Stop::AfterDiskOps(count) = stop {
            assert_eq!(run.disk_ops, count.min(52));
        }
        if seed % 2 == 0 {
            disk.power_loss()
        } else {
            disk.kill()
        }
        let acknowledged = acknowledged.get();
        super::run(seed, &disk, Stop::Never, async move |core: Core| {
            if acknowledged == 0 {
                return;
            }
            let file = core.open(Path::new("/log"), OpenOptions::read()).await.unwrap();
            for number in 0..acknowledged {
                let (result, bytes) = file.read_at(&core, core.buffers().alloc(4096).unwrap(), number * 4096).await;
                assert_eq!(result.unwrap(), 4096, "seed {seed}, block {number}");
                assert_eq!(bytes[..], [number as u8 + 1; 4096], "seed {seed}, block {number}");
            }
        });
    }
}

#[test]
fn a_restarted_host_finds_its_disk_and_a_killed_one_all_it_wrote() {
    for seed in 0..40 {
        let boots = Rc::new(Cell::new(0));
        let counted = boots.clone();
        let mut world = world(seed);
        let host = world.add_host("host", 1, move |core: Core, _: Mailbox<()>| {
            counted.set(counted.get() + 1);
            let boot = counted.get();
            async move {
                if boot == 1 {
                    let file = open(&core, "/f").await;
                    file.write_at(&core, vec![Bytes::from(vec![7; 10])], 0, Durability::Deferred).await.unwrap();
                    core.mark(1, 1);
                    std::future::pending::<()>().await;
                }
            }
        });
        world.run_for(Duration::from_millis(10));
        assert!(world.is_running(host));
        world.kill(host);
        assert!(!world.is_running(host));
        assert_eq!(world.disk(host).read_file(Path::new("/f")).unwrap(), [7; 10]);
        world.restart(host);
        world.run();
        assert_eq!(boots.get(), 2);
        world.power_loss(host);
        match world.disk(host).read_file(Path::new("/f")) {
            Ok(bytes) => assert!([&[][..], &[7; 10], &[0; 10]].contains(&&bytes[..]), "{bytes:?}"),
            Err(error) => assert!(matches!(error.raw_os_error(), Some(libc::ENOENT | libc::EIO)), "{error}"),
        }
    }
}

#[test]
fn disk_faults_reach_the_code_and_heal() {
    let mut world = world(1);
    let errors = Rc::new(RefCell::new(Vec::new()));
    let seen = errors.clone();
    let host = world.add_host("host", 1, move |core: Core, _: Mailbox<()>| {
        let seen = seen.clone();
        async move {
            let file = open(&core, "/f").await;
            for number in 0..4 {
                let bytes = vec![Bytes::from(vec![1; 100])];
                let written = file.write_at(&core, bytes, number * 4096, Durability::Deferred).await;
                let result = match written {
                    Ok(()) => file.sync(&core).await,
                    failed => failed,
                };
                seen.borrow_mut().push(result.err().and_then(|error| error.raw_os_error()));
                core.sleep(Duration::from_secs(1)).await;
            }
        }
    });
    let disk = world.disk(host);
    world.run_for(Duration::from_millis(500));
    disk.fill();
    world.run_for(Duration::from_secs(1));
    disk.set_capacity_bytes(None);
    disk.fail(Access::Sync, Failure::Next(1));
    world.run_for(Duration::from_secs(1));
    disk.stall();
    world.run_for(Duration::from_secs(60));
    assert!(world.is_running(host));
    disk.resume();
    world.run();
    assert_eq!(errors.take(), [None, Some(libc::ENOSPC), Some(libc::EIO), None]);
}

#[test]
fn bytes_cross_the_network_in_order_whatever_the_pieces() {
    for seed in 0..20 {
        let mut world = world(seed);
        let received = Rc::new(RefCell::new(Vec::new()));
        let seen = received.clone();
        let server = world.add_host("server", 1, move |core: Core, _: Mailbox<()>| {
            let seen = seen.clone();
            async move {
                let listener = core.listen(SocketAddr::from(([0, 0, 0, 0], PORT)), 16).await.unwrap();
                let (socket, _) = listener.accept(&core).await.unwrap();
                loop {
                    let bytes = receive(&core, &socket, 1 + (core.random_u64() % 5000) as usize).await.unwrap();
                    seen.borrow_mut().extend_from_slice(&bytes);
                    if bytes.is_empty() {
                        return;
                    }
                    core.sleep(Duration::from_micros(300)).await;
                }
            }
        });
        let address = SocketAddr::new(world.address(server), PORT);
        world.add_host("client", 1, move |core: Core, _: Mailbox<()>| async move {
            let sent: Vec<u8> = (0..1_000_000_u32).map(|number| (number % 251) as u8).collect();
            let file = open(&core, "/f").await;
            file.write_at(&core, vec![Bytes::from(sent.clone())], 0, Durability::Deferred).await.unwrap();
            let socket = core.connect(address).await.unwrap();
            let bytes = Bytes::from(sent);
            socket.send(&core, vec![bytes.slice(..7), bytes.slice(7..500_000)]).await.unwrap();
            socket.send_file(&core, &file, 500_000, 500_000).await.unwrap();
        });
        world.run();
        let received = received.take();
        assert_eq!(received.len(), 1_000_000, "seed {seed}");
        assert!(received.iter().enumerate().all(|(at, byte)| *byte == (at % 251) as u8), "seed {seed}");
    }
}

#[test]
fn a_sender_waits_for_a_receiver_that_does_not_read() {
    let mut world = world(5);
    let sent = Rc::new(Cell::new(0));
    let counted = sent.clone();
    let server = world.add_host("server", 1, |core: Core, _: Mailbox<()>| async move {
        let listener = core.listen(SocketAddr::from(([0, 0, 0, 0], PORT)), 16).await.unwrap();
        let _unread = listener.accept(&core).await.unwrap();
        std::future::pending::<()>().await;
    });
    let address = SocketAddr::new(world.address(server), PORT);
    let client = world.add_host("client", 1, move |core: Core, _: Mailbox<()>| {
        let counted = counted.clone();
        async move {
            let socket = core.connect(address).await.unwrap();
            while socket.send(&core, vec![Bytes::from(vec![1; 1000])]).await.is_ok() {
                counted.set(counted.get() + 1000);
            }
        }
    });
    world.run_for(Duration::from_secs(10));
    let limit = SimOptions::default().socket_buffer_bytes;
    assert!(sent.get() <= limit && sent.get() > limit - 2000, "{} of {limit}", sent.get());
    assert!(world.is_running(client));
    world.kill(server);
    world.run_for(Duration::from_secs(1));
    assert!(!world.is_running(client), "the reset ended the client's sends");
}

#[test]
fn a_hanging_link_delays_and_a_reset_one_breaks() {
    let mut world = world(5);
    let log = Rc::new(RefCell::new(Vec::new()));
    let seen = log.clone();
    let (client, server) = client_and_server(&mut world, move |core, server| {
        let seen = seen.clone();
        async move {
            let socket = core.connect(server).await.unwrap();
            for byte in 0..10_u8 {
                core.sleep(Duration::from_secs(1)).await;
                let started = core.now();
                let answer = match socket.send(&core, vec![Bytes::from(vec![byte])]).await {
                    Ok(()) => receive(&core, &socket, 1).await.map(|buffer| buffer[0]),
                    Err(error) => Err(error),
                };
                let took = core.now() - started;
                seen.borrow_mut().push((answer.map_err(|error| error.raw_os_error()), took.as_secs()));
            }
        }
    });
    world.run_for(Duration::from_millis(1500));
    world.cut(client, server, Cut::Hang);
    world.run_for(Duration::from_secs(5));
    assert_eq!(log.borrow().len(), 1);
    world.heal(client, server);
    world.run_for(Duration::from_secs(1));
    world.cut(client, server, Cut::Reset);
    world.run_for(Duration::from_secs(10));
    let log = log.take();
    assert_eq!(log[..2], [(Ok(1), 0), (Ok(2), 4)]);
    assert_eq!(log.last(), Some(&(Err(Some(libc::ECONNRESET)), 0)));
}

#[test]
fn a_link_takes_as_long_as_it_was_told_to() {
    let mut world = world(5);
    let took = Rc::new(Cell::new(Duration::ZERO));
    let told = took.clone();
    let (client, server) = client_and_server(&mut world, move |core, server| {
        let told = told.clone();
        async move {
            core.sleep(Duration::from_secs(1)).await;
            let started = core.now();
            let socket = core.connect(server).await.unwrap();
            socket.send(&core, vec![Bytes::from(vec![1])]).await.unwrap();
            receive(&core, &socket, 1).await.unwrap();
            told.set(core.now() - started);
        }
    });
    let delay = Duration::from_millis(40);
    world.set_delay(client, server, Latency { least: delay, most: delay, slow_per_mille: 0 });
    world.run_until(Duration::from_secs(9), |world| !world.is_running(client));
    assert!(took.get() >= 4 * delay && took.get() < 4 * delay + Duration::from_millis(1), "{:?}", took.get());
}

#[test]
fn nobody_listening_refuses_and_a_dead_host_does_not_answer() {
    let mut world = world(5);
    let log = Rc::new(RefCell::new(Vec::new()));
    let seen = log.clone();
    let server = world.add_host("server", 1, |_: Core, _: Mailbox<()>| async {});
    let address = SocketAddr::new(world.address(server), PORT);
    world.add_host("client", 1, move |core: Core, _: Mailbox<()>| {
        let seen = seen.clone();
        async move {
            for _ in 0..2 {
                let result = core.connect(address).await.map(drop);
                seen.borrow_mut().push(errno(result));
                core.sleep(Duration::from_secs(1)).await;
            }
        }
    });
    world.run_for(Duration::from_millis(500));
    world.power_loss(server);
    world.run();
    assert_eq!(log.take(), [Some(libc::ECONNREFUSED), Some(libc::ETIMEDOUT)]);
}

#[test]
fn a_closed_socket_ends_the_stream_and_breaks_the_senders() {
    let mut world = world(6);
    let log = Rc::new(RefCell::new(Vec::new()));
    let seen = log.clone();
    let server = world.add_host("server", 1, |core: Core, _: Mailbox<()>| async move {
        let listener = core.listen(SocketAddr::from(([0, 0, 0, 0], PORT)), 16).await.unwrap();
        let (socket, _) = listener.accept(&core).await.unwrap();
        socket.send(&core, vec![Bytes::from(vec![1, 2, 3])]).await.unwrap();
    });
    let address = SocketAddr::new(world.address(server), PORT);
    world.add_host("client", 1, move |core: Core, _: Mailbox<()>| {
        let seen = seen.clone();
        async move {
            let socket = core.connect(address).await.unwrap();
            let received = receive(&core, &socket, 10).await.unwrap().to_vec();
            seen.borrow_mut().push(received);
            assert!(receive(&core, &socket, 1).await.unwrap().is_empty());
            socket.send(&core, vec![Bytes::from(vec![1])]).await.unwrap();
            core.sleep(Duration::from_secs(1)).await;
            assert_eq!(errno(socket.send(&core, vec![Bytes::from(vec![1])]).await), Some(libc::ECONNRESET));
        }
    });
    world.run();
    assert_eq!(log.take(), [[1, 2, 3]]);
}

#[test]
fn a_receive_that_is_given_up_takes_nothing() {
    let mut world = world(6);
    let (client, _) = client_and_server(&mut world, |core, server| async move {
        let socket = core.connect(server).await.unwrap();
        assert!(core.timeout(Duration::from_secs(1), receive(&core, &socket, 1)).await.is_err());
        socket.send(&core, vec![Bytes::from(vec![41])]).await.unwrap();
        assert_eq!(receive(&core, &socket, 1).await.unwrap()[..], [42]);
    });
    world.run_until(Duration::from_secs(9), |world| !world.is_running(client));
    assert!(!world.is_running(client));
}

#[test]
fn a_frozen_host_misses_time_and_only_its_wall_clock_jumps() {
    let mut world = world(8);
    let ticks = Rc::new(RefCell::new(Vec::new()));
    let seen = ticks.clone();
    let host = world.add_host("host", 1, move |core: Core, _: Mailbox<()>| {
        let seen = seen.clone();
        async move {
            let (started, wall) = (core.now(), core.wall_ms());
            for _ in 0..3 {
                core.sleep(Duration::from_secs(1)).await;
                seen.borrow_mut().push(((core.now() - started).as_secs(), (core.wall_ms() - wall).div_euclid(1000)));
            }
        }
    });
    world.run_for(Duration::from_millis(1500));
    world.freeze(host);
    world.run_for(Duration::from_secs(10));
    world.thaw(host);
    world.jump_wall_clock(host, -7_200_000);
    world.run();
    assert_eq!(ticks.take(), [(1, 1), (11, 11 - 7200), (12, 12 - 7200)]);
}

#[test]
fn a_host_can_be_asked_to_end() {
    let mut world = world(8);
    let host = world.add_host("host", 2, |core: Core, _: Mailbox<()>| async move {
        core.termination().await.unwrap();
    });
    world.run_for(Duration::from_secs(1));
    assert!(world.is_running(host));
    world.terminate(host);
    world.run();
    assert!(!world.is_running(host));
}

#[test]
fn a_host_may_open_only_so_many_files() {
    let options = SimOptions { open_files_per_host: 2, ..SimOptions::default() };
    run_with(1, options, &Disk::new(1), Stop::Never, async |core: Core| {
        let first = open(&core, "/a").await;
        let _second = open(&core, "/b").await;
        let third = core.open(Path::new("/c"), OpenOptions::read_write()).await.map(drop);
        let message = third.unwrap_err().to_string();
        assert!(message.contains(&io::Error::from_raw_os_error(libc::EMFILE).to_string()), "{message}");
        first.close(&core).await.unwrap();
        core.yield_now().await;
        open(&core, "/c").await;
    });
}

#[test]
#[should_panic(expected = "something that can never happen")]
fn a_task_that_waits_for_ever_is_found() {
    block_on(1, async |_: Core| std::future::pending::<()>().await);
}
