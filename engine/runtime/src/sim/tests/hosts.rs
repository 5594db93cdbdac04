//! Time, cores, messages and the life of a host.

use super::*;

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
#[should_panic(expected = "something that can never happen")]
fn a_task_that_waits_for_ever_is_found() {
    block_on(1, async |_: Core| std::future::pending::<()>().await);
}
