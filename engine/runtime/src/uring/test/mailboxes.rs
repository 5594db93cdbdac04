use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;

use millrace_base::broker_config::Host;
use millrace_base::ids::CoreId;

use crate::uring::{HostOptions, block_on, run};
use crate::{Core, DetachedSocket, Mailbox, Mesh, Socket};

const ROUND_TRIPS: u64 = 20_000;
const HOSTS: [Host; 2] = [Host::Uring, Host::Glommio];

fn two_cores(host: Host) -> HostOptions {
    HostOptions { host, cores: vec![None, None], ..HostOptions::default() }
}

#[test]
fn no_wake_is_lost_between_two_cores_that_park_after_every_message() {
    for host in HOSTS {
        let received = Arc::new(AtomicU64::new(0));
        let counted = received.clone();
        run(two_cores(host), move |core: Core, mailbox: Mailbox<u64>| {
            let received = counted.clone();
            async move {
                let other = CoreId(1 - core.id().0);
                if core.id().0 == 0 {
                    mailbox.send(other, 0);
                }
                loop {
                    let (from, number) = mailbox.receive().await;
                    assert_eq!(from, other);
                    received.fetch_add(1, Ordering::Relaxed);
                    if number < ROUND_TRIPS {
                        mailbox.send(other, number + 1);
                    }
                    if number + 1 >= ROUND_TRIPS {
                        return;
                    }
                }
            }
        })
        .unwrap();
        assert_eq!(received.load(Ordering::Relaxed), ROUND_TRIPS + 1);
    }
}

#[test]
fn floods_in_both_directions_arrive_whole_and_in_order() {
    for host in HOSTS {
        run(two_cores(host), |core: Core, mailbox: Mailbox<u64>| async move {
            let other = CoreId(1 - core.id().0);
            let sending = mailbox.clone();
            let core_of_task = core.clone();
            core.spawn(async move {
                for number in 0..50_000 {
                    sending.send(other, number);
                    if number % 97 == 0 {
                        core_of_task.yield_now().await;
                    }
                }
            });
            for expected in 0..50_000 {
                assert_eq!(mailbox.receive().await, (other, expected));
            }
        })
        .unwrap();
    }
}

#[test]
fn threads_without_a_ring_reach_a_core() {
    block_on(async |core| {
        let mesh = Mesh::new(1);
        let mailbox: Mailbox<u64> = mesh.mailbox(&core);
        let sender = mailbox.remote_sender();
        let (back, answers) = mpsc::channel();
        let thread = thread::spawn(move || {
            for number in 0..1000 {
                sender.send(number);
                assert_eq!(answers.recv(), Ok(number));
            }
        });
        for _ in 0..1000 {
            back.send(mailbox.receive().await.1).unwrap();
        }
        thread.join().unwrap();
        mailbox.send(CoreId(0), 5);
        assert_eq!(mailbox.receive().await, (CoreId(0), 5));
    });
}

#[test]
fn a_buffer_freed_on_another_core_serves_a_task_that_waits_for_it() {
    for host in HOSTS {
        let options = HostOptions { buffers_bytes_per_core: 4096, ..two_cores(host) };
        run(options, |core: Core, mailbox: Mailbox<crate::Bytes>| async move {
            for _ in 0..1000 {
                if core.id().0 == 0 {
                    let buffer = core.buffers().alloc_wait(4096).await;
                    mailbox.send(CoreId(1), buffer.freeze());
                } else {
                    drop(mailbox.receive().await);
                }
            }
        })
        .unwrap();
    }
}

#[test]
fn a_connection_is_handed_to_another_core() {
    for host in HOSTS {
        run(two_cores(host), |core: Core, mailbox: Mailbox<DetachedSocket>| async move {
            if core.id().0 == 1 {
                let (_, socket) = mailbox.receive().await;
                let socket = Socket::attach(&core, socket);
                let (result, buffer) = socket.receive(&core, core.buffers().alloc(5).unwrap(), 5).await;
                assert_eq!((result.unwrap(), &buffer[..]), (5, b"hello".as_slice()));
                socket.send(&core, vec![buffer.freeze()]).await.unwrap();
                return;
            }
            let listener = core.listen("127.0.0.1:0".parse().unwrap(), 1).await.unwrap();
            let client = core.connect(listener.local_addr()).await.unwrap();
            let (socket, _) = listener.accept(&core).await.unwrap();
            mailbox.send(CoreId(1), socket.into_detached());
            client.send(&core, vec![crate::Bytes::from_static(b"hello")]).await.unwrap();
            let (result, buffer) = client.receive(&core, core.buffers().alloc(5).unwrap(), 5).await;
            assert_eq!((result.unwrap(), &buffer[..]), (5, b"hello".as_slice()));
        })
        .unwrap();
    }
}

#[test]
fn a_flood_of_messages_lets_other_tasks_run() {
    block_on(async |core| {
        let mailbox: Mailbox<u64> = Mesh::new(1).mailbox(&core);
        for number in 0..10_000 {
            mailbox.send(CoreId(0), number);
        }
        let seen = core.spawn_join({
            let (core, mailbox) = (core.clone(), mailbox.clone());
            async move {
                core.yield_now().await;
                mailbox.try_receive().unwrap().1
            }
        });
        while seen.try_take().is_none_or(|number| {
            assert!(number < 1000, "the other task had to wait for {number} messages");
            false
        }) {
            mailbox.receive().await;
        }
    });
}
