use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use crate::sync::{self, Either, Event, Notify, Semaphore, oneshot, queue};
use millrace_base::ids::CoreId;

use crate::uring::{HostOptions, block_on, run};
use crate::{Core, Elapsed, Mailbox, Monotonic, Signal};

#[test]
fn tasks_run_in_the_order_in_which_they_became_ready() {
    block_on(async |core| {
        let order = Rc::new(RefCell::new(Vec::new()));
        let tasks: Vec<_> = (0..3)
            .map(|task| {
                let (order, core_of_task) = (order.clone(), core.clone());
                core.spawn_join(async move {
                    for round in 0..2 {
                        order.borrow_mut().push((round, task));
                        core_of_task.yield_now().await;
                    }
                })
            })
            .collect();
        sync::join_all(tasks).await;
        assert_eq!(*order.borrow(), [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2)]);
    });
}

#[test]
fn a_dropped_join_handle_lets_its_task_run_on() {
    block_on(async |core| {
        let done = Event::new();
        drop(core.spawn_join({
            let done = done.clone();
            async move { done.set() }
        }));
        done.wait().await;
        assert_eq!(core.spawn_join(async { 7 }).await, 7);
    });
}

#[test]
fn timers_fire_in_order_and_a_dropped_one_does_not_fire() {
    block_on(async |core| {
        let fired = Rc::new(RefCell::new(Vec::new()));
        let began = core.now();
        let tasks: Vec<_> = [3_u64, 1, 2]
            .into_iter()
            .map(|ms| {
                let (fired, core_of_task) = (fired.clone(), core.clone());
                core.spawn_join(async move {
                    core_of_task.sleep(Duration::from_millis(ms)).await;
                    fired.borrow_mut().push(ms);
                })
            })
            .collect();
        let forever = core.timeout(Duration::from_millis(4), core.sleep_until(Monotonic::MAX)).await;
        assert_eq!(forever, Err(Elapsed(Duration::from_millis(4))));
        sync::join_all(tasks).await;
        assert_eq!(*fired.borrow(), [1, 2, 3]);
        assert!(core.now() - began >= Duration::from_millis(4));
        assert_eq!(core.next_deadline(), None, "the dropped sleep took its timer along");
        assert_eq!(core.timeout(Duration::from_secs(1), async { 5 }).await, Ok(5));
    });
}

#[test]
fn a_notification_reaches_those_who_came_before_it_only() {
    block_on(async |core| {
        let notify = Notify::new();
        let before = notify.notified();
        notify.notify_all();
        before.await;
        let after = notify.notified();
        assert!(core.timeout(Duration::from_millis(1), after).await.is_err());
    });
}

#[test]
fn permits_are_given_in_order_and_a_dropped_waiter_blocks_nobody() {
    block_on(async |core| {
        let semaphore = Semaphore::new(3);
        let held = semaphore.acquire(2).await;
        let large = core.spawn_join({
            let (semaphore, core) = (semaphore.clone(), core.clone());
            async move { core.timeout(Duration::from_millis(1), semaphore.acquire(3)).await.is_err() }
        });
        core.yield_now().await;
        assert!(semaphore.try_acquire(1).is_none(), "nobody overtakes the large request");
        let small = semaphore.acquire(1);
        assert!(large.await);
        assert_eq!(small.await.permits(), 1);
        drop(held);
        assert_eq!(semaphore.available(), 3);
    });
}

#[test]
fn a_bounded_queue_makes_its_sender_wait_and_ends_with_its_senders() {
    block_on(async |core| {
        let (sender, mut receiver) = queue::bounded(2);
        let sent = Rc::new(Cell::new(0));
        core.spawn({
            let sent = sent.clone();
            async move {
                for item in 0..5 {
                    sender.send(item).await.unwrap();
                    sent.set(item + 1);
                }
            }
        });
        core.yield_now().await;
        core.yield_now().await;
        assert_eq!(sent.get(), 2);
        let mut received = Vec::new();
        while let Some(item) = receiver.receive().await {
            received.push(item);
        }
        assert_eq!(received, [0, 1, 2, 3, 4]);
    });
}

#[test]
fn a_oneshot_tells_each_side_that_the_other_has_gone() {
    block_on(async |core| {
        let (sender, receiver) = oneshot::channel::<u8>();
        drop(sender);
        assert_eq!(receiver.await, Err(oneshot::Closed));
        let (sender, receiver) = oneshot::channel();
        drop(receiver);
        assert_eq!(sender.send(1), Err(1));
        let (sender, receiver) = oneshot::channel();
        core.spawn(async move { sender.send(2).unwrap() });
        let never = std::future::pending::<()>();
        assert_eq!(sync::select(receiver, Box::pin(never)).await, Either::First(Ok(2)));
    });
}

#[test]
fn random_words_differ() {
    block_on(async |core| {
        let words: std::collections::BTreeSet<u64> = (0..100).map(|_| core.random_u64()).collect();
        assert_eq!(words.len(), 100);
    });
}

#[test]
fn a_termination_request_reaches_the_core_that_waits_for_it() {
    let options = HostOptions { cores: vec![None, None], ..HostOptions::default() };
    run(options, |core: Core, mailbox: Mailbox<()>| async move {
        if core.id().0 == 1 {
            mailbox.receive().await;
            return;
        }
        let waiting = core.spawn_join({
            let core = core.clone();
            async move { core.termination().await.unwrap() }
        });
        core.yield_now().await;
        // To this thread only: the test's other threads do not block the signal.
        nix::sys::signal::raise(nix::sys::signal::Signal::SIGTERM).unwrap();
        assert_eq!(waiting.await, Signal::Terminate);
        mailbox.send(CoreId(1), ());
    })
    .unwrap();
}
