//! Connections, links and their faults.

use super::*;

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
