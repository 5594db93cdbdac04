//! Single things that runs have found, each for itself.

use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use millrace_log::LogOptions;
use millrace_runtime::sim::{SimOptions, World};
use millrace_runtime::{Core, Mailbox};
use millrace_wire::messages::fetch::{FetchPartition, FetchRequest, FetchTopic};

use crate::admin;
use crate::broker::{PORT, SimulatedBroker};
use crate::client::{Client, Surroundings};
use crate::offsets;

/// A broker, and a client that does `work`.
fn world(work: impl AsyncFn(Client) + 'static) -> (World, SimulatedBroker) {
    let mut world = World::new(1, SimOptions::default());
    let broker = SimulatedBroker::start(&mut world, 2, &LogOptions::default(), &[]);
    let surroundings = Surroundings {
        broker: SocketAddr::new(world.address(broker.host), PORT),
        model: Rc::default(),
        history: Default::default(),
    };
    let work = Rc::new(work);
    world.add_host("client", 1, move |core: Core, _: Mailbox<()>| {
        let (work, client) = (Rc::clone(&work), Client::new(core, "client", 1, &surroundings));
        async move { work(client).await }
    });
    (world, broker)
}

#[test]
fn trap_20_a_long_poll_ends_when_the_broker_does() {
    let (asked, answered) = (Rc::new(Cell::new(false)), Rc::new(RefCell::new(None)));
    let (tell_asked, tell_answered) = (Rc::clone(&asked), Rc::clone(&answered));
    let (mut world, broker) = world(async move |mut client: Client| {
        let topic = admin::create(&mut client, "empty", 3, &[]).await;
        // On both cores, nobody writes anything.
        let partitions = (0..3).map(|partition| FetchPartition {
            partition,
            current_leader_epoch: -1,
            partition_max_bytes: 1 << 20,
            ..Default::default()
        });
        let asked = FetchTopic { topic: &topic.name, partitions: partitions.collect(), ..Default::default() };
        let request =
            FetchRequest { max_wait_ms: 3_600_000, min_bytes: 1, topics: vec![asked].into(), ..Default::default() };
        client.model().is_calm = true;
        let sent = client.submit(12, &request).await.unwrap();
        tell_asked.set(true);
        let answer = client.answer(&sent).await.map(drop);
        *tell_answered.borrow_mut() = Some(answer.is_ok());
    });
    assert!(world.run_until(Duration::from_secs(5), |_| asked.get()));
    world.run_for(Duration::from_secs(1));
    assert_eq!(*answered.borrow(), None, "there is nothing to say yet");
    world.terminate(broker.host);
    let host = broker.host;
    assert!(world.run_until(Duration::from_secs(1), |world| !world.is_running(host)), "the broker ends");
    world.run_for(Duration::from_secs(1));
    assert_eq!(*answered.borrow(), Some(true), "the fetch is answered");
    assert!(broker.failure().is_none());
}

#[test]
fn what_a_full_disk_keeps_from_being_created_is_there_when_there_is_room() {
    let (created, there) = (Rc::new(Cell::new(false)), Rc::new(Cell::new(false)));
    let (tell_created, tell_there) = (Rc::clone(&created), Rc::clone(&there));
    let (mut world, broker) = world(async move |mut client: Client| {
        client.model().is_calm = true;
        client.core.sleep(Duration::from_secs(1)).await;
        let mut topic = admin::create(&mut client, "late", 3, &[]).await;
        tell_created.set(true);
        // Its partitions come later.
        topic.is_everywhere = false;
        for partition in 0..topic.partitions {
            while offsets::end(&mut client, &topic, partition).await.is_none() {
                client.pause().await;
            }
        }
        tell_there.set(true);
    });
    world.run_for(Duration::from_millis(500));
    world.disk(broker.host).fill();
    world.run_for(Duration::from_secs(5));
    assert!(created.get() && !there.get(), "its metadata has room, its partitions have not");
    world.disk(broker.host).set_capacity_bytes(None);
    assert!(world.run_until(Duration::from_secs(2), |_| there.get()), "what was missing is created");
}
