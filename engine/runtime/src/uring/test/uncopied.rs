//! Zero-copy sends, and cards that are asked.

use std::env;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::process::{Command, Output};
use std::thread;
use std::time::{Duration, Instant};

use io_uring::Probe;
use millrace_base::broker_config::NetworkSwitches;

use super::sockets::{MIB, joined, pattern, with_peer};
use crate::uring::steps::Kit;
use crate::uring::{HostOptions, block_on_with};
use crate::{Bytes, Core};

/// A core that sends everything uncopied.
fn uncopied() -> HostOptions {
    let network = NetworkSwitches { zero_copy_bytes: Some(1), ..NetworkSwitches::default() };
    HostOptions { network, ..HostOptions::default() }
}

/// A buffer of the core's own with a pattern.
fn filled(core: &Core, len: usize) -> Bytes {
    let mut buffer = core.buffers().alloc(len).unwrap();
    buffer.extend_from_slice(&pattern(len));
    buffer.freeze()
}

#[test]
fn what_is_sent_uncopied_arrives_whole_and_is_held_until_the_peer_has_it() {
    const SENT: usize = 64 * 1024;
    let sent = block_on_with(&uncopied(), async |core| {
        let (socket, peer) = with_peer(&core, |stream| stream).await;
        let mut stream = peer.join().unwrap();
        // The peer reads nothing: what the kernel has taken waits in the connection's queue, in this core's memory.
        let mut complete = 0;
        let waiting = loop {
            let mut send = Box::pin(socket.send(&core, vec![filled(&core, SENT / 2), filled(&core, SENT / 2)]));
            match core.timeout(Duration::from_millis(200), &mut send).await {
                Ok(result) => result.unwrap(),
                Err(_) => break send,
            }
            complete += 1;
        };
        assert!(complete > 0 && core.buffers().used_bytes() > 2 * SENT, "{} bytes used", core.buffers().used_bytes());
        let reader = thread::spawn(move || {
            let mut all = Vec::new();
            stream.read_to_end(&mut all).unwrap();
            all
        });
        waiting.await.unwrap();
        while core.buffers().used_bytes() > 0 {
            core.sleep(Duration::from_millis(1)).await;
        }
        drop(socket);
        let all = joined(&core, reader).await;
        assert!(all.len() == (complete + 1) * SENT);
        assert!(all.chunks(SENT / 2).all(|part| part == pattern(SENT / 2)));
        complete
    });
    assert!(sent.unwrap() > 0);
}

#[test]
fn many_parts_arrive_whole_when_nothing_is_copied() {
    arrive_whole(&uncopied(), 32 * MIB);
}

/// Sends so many bytes in parts to a peer that reads to the end.
fn arrive_whole(options: &HostOptions, len: usize) {
    let done = block_on_with(options, async |core| {
        let (socket, peer) = with_peer(&core, |mut stream| {
            let mut all = Vec::new();
            stream.read_to_end(&mut all).unwrap();
            all
        })
        .await;
        let bytes = pattern(len);
        socket.send(&core, bytes.chunks(7001).map(|part| Bytes::from(part.to_vec())).collect()).await.unwrap();
        drop(socket);
        assert!(joined(&core, peer).await == bytes);
    });
    done.unwrap();
}

#[test]
fn memory_that_a_peer_never_takes_holds_up_no_end() {
    let began = Instant::now();
    let (stream, held) = block_on_with(&uncopied(), async |core| {
        let (socket, peer) = with_peer(&core, |stream| stream).await;
        let stream = peer.join().unwrap();
        while core.timeout(Duration::from_millis(200), socket.send(&core, vec![filled(&core, MIB)])).await.is_ok() {}
        core.sleep(Duration::from_millis(10)).await;
        (stream, core.buffers().used_bytes())
    })
    .unwrap();
    assert!(held > 0);
    assert!(began.elapsed() < Duration::from_secs(8), "it waited for its peer: {:?}", began.elapsed());
    drop(stream);
}

#[test]
fn where_too_much_memory_would_be_locked_it_is_copied() {
    let Some(output) = with_locked_memory(512 * 1024, "where_too_much_memory_would_be_locked_it_is_copied") else {
        return arrive_whole(&uncopied(), 8 * MIB);
    };
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success() && told.contains("1 passed"), "{told}{said}");
}

#[test]
fn a_kernel_without_such_sends_is_refused_with_the_setting_that_asks_for_them() {
    let knows_nothing = Probe::new();
    assert!(Kit::new(&knows_nothing, None).is_ok());
    let Err(error) = Kit::new(&knows_nothing, Some(1)) else { panic!("it was taken") };
    assert!(error.to_string().contains("millrace.send.zero.copy.bytes needs Linux 6.1"), "{error}");
}

#[test]
fn a_core_that_asks_cards_before_it_sleeps_goes_on_where_there_is_none() {
    let network = NetworkSwitches { napi_busy_poll: Some(Duration::from_micros(50)), ..NetworkSwitches::default() };
    arrive_whole(&HostOptions { network, ..HostOptions::default() }, MIB);
}

/// Runs this test again in a process that may lock so many bytes. `None`: this is that run.
fn with_locked_memory(bytes: usize, test: &str) -> Option<Output> {
    const INSIDE: &str = "MILLRACE_TEST_LOCKED_MEMORY";
    if env::var_os(INSIDE).is_some() {
        return None;
    }
    let limit = format!("--memlock={bytes}");
    let mut words = vec!["prlimit", &limit];
    if std::fs::metadata("/proc/self").unwrap().uid() == 0 {
        words.splice(0..0, ["setpriv", "--bounding-set", "-ipc_lock"]);
    }
    let mut command = Command::new(words[0]);
    command.args(&words[1..]).arg(env::current_exe().unwrap());
    let name = format!("uring::test::uncopied::{test}");
    Some(command.args([name.as_str(), "--exact", "--nocapture"]).env(INSIDE, "1").output().unwrap())
}
