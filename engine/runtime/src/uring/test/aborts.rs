//! What must end the process, seen from outside: each test runs itself again, in a process of its own.

use std::future::poll_fn;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Output};
use std::task::Poll;
use std::{env, thread};

use crate::uring::{HostOptions, block_on, run};
use crate::{Core, Mailbox};

const INSIDE: &str = "MILLRACE_TEST_ABORTS";

/// Runs this test again with `INSIDE` set. `None`: this is that run.
fn outside(test: &str) -> Option<Output> {
    if env::var_os(INSIDE).is_some() {
        return None;
    }
    let name = format!("uring::test::aborts::{test}");
    let mut command = Command::new(env::current_exe().unwrap());
    command.args([name.as_str(), "--exact", "--nocapture"]).env(INSIDE, "1");
    Some(command.output().unwrap())
}

#[test]
fn a_panic_on_one_core_ends_the_process() {
    let Some(output) = outside("a_panic_on_one_core_ends_the_process") else {
        let options = HostOptions { cores: vec![None, None], ..HostOptions::default() };
        return run(options, |core: Core, mailbox: Mailbox<()>| async move {
            assert!(core.id().0 == 0, "this core has a bug");
            mailbox.receive().await;
        })
        .unwrap();
    };
    assert_eq!(output.status.signal(), Some(libc::SIGABRT));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("this core has a bug") && said.contains("core 1 panicked"), "{said}");
}

#[test]
fn waking_a_task_from_another_thread_ends_the_process() {
    let Some(output) = outside("waking_a_task_from_another_thread_ends_the_process") else {
        return block_on(async |core| {
            core.spawn_join(poll_fn(|context| {
                let waker = context.waker().clone();
                thread::spawn(move || waker.wake()).join().unwrap();
                Poll::<()>::Pending
            }))
            .await;
        });
    };
    assert_eq!(output.status.signal(), Some(libc::SIGABRT));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("was woken from another thread"), "{said}");
}
