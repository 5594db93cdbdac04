//! Files through a core, crashes and disk faults.

use super::*;

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
