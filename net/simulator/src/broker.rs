//! The broker on a simulated host.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;

use millrace_base::broker_config::{BrokerConfig, Given, Layer, Origin};
use millrace_base::ids::CoreId;
use millrace_log::LogOptions;
use millrace_runtime::Mailbox;
use millrace_runtime::sim::{HostId, World};
use millrace_server::{Broker, BrokerError, CoreMessage, Host, Room};

/// Where clients find the broker.
pub(crate) const PORT: u16 = 9092;
/// The first host of a world.
const ADDRESS: &str = "10.0.0.1";
/// What the disk is said to hold.
const DISK_BYTES: u64 = 1 << 40;

/// A machine that is not there.
struct SimulatedHost;

impl Host for SimulatedHost {
    fn name(&self) -> &str {
        "broker"
    }

    fn resolve(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        host.parse().map(|address| vec![address]).map_err(|error| io::Error::new(io::ErrorKind::NotFound, error))
    }

    fn room(&self, _directory: &Path) -> io::Result<Room> {
        Ok(Room { total_bytes: DISK_BYTES, usable_bytes: DISK_BYTES })
    }

    fn announce(&self, _listener: &str, _address: SocketAddr) {}
}

/// The broker of a world: at each start of its host another run of it.
pub(crate) struct SimulatedBroker {
    pub(crate) host: HostId,
    running: Rc<RefCell<Option<Arc<Broker>>>>,
}

impl SimulatedBroker {
    /// Starts the broker on the first host of a world.
    pub(crate) fn start(world: &mut World, cores: usize, log: &LogOptions, settings: &[(&str, String)]) -> Self {
        let config = config(log, settings);
        let log = log.clone();
        let running: Rc<RefCell<Option<Arc<Broker>>>> = Rc::default();
        let slot = Rc::clone(&running);
        let host = world.add_host("broker", cores, move |core, mailbox: Mailbox<CoreMessage>| {
            if core.id() == CoreId(0) {
                let broker = Broker::new(config.clone(), core.count(), Arc::new(SimulatedHost), log.clone());
                *slot.borrow_mut() = Some(Arc::new(broker));
            }
            let broker = slot.borrow().clone().expect("the first core is started first");
            broker.run_core(core, mailbox)
        });
        assert_eq!(world.address(host).to_string(), ADDRESS);
        Self { host, running }
    }

    /// Why it did not start, or did not end well.
    pub(crate) fn failure(&self) -> Option<BrokerError> {
        self.running.borrow().as_ref().and_then(|broker| broker.take_failure())
    }
}

fn config(log: &LogOptions, settings: &[(&str, String)]) -> BrokerConfig {
    let advertised = format!("PLAINTEXT://{ADDRESS}:{PORT}");
    let listeners = format!("PLAINTEXT://0.0.0.0:{PORT}");
    let mut all: BTreeMap<&str, &str> = BTreeMap::from([
        ("listeners", listeners.as_str()),
        ("advertised.listeners", advertised.as_str()),
        ("log.dirs", "/data"),
        ("auto.create.topics.enable", "false"),
        ("offsets.topic.num.partitions", "2"),
        ("max.incremental.fetch.session.cache.slots", "3"),
    ]);
    all.extend(settings.iter().map(|(name, value)| (*name, value.as_str())));
    let layer: Layer = all
        .into_iter()
        .map(|(name, value)| {
            (name.to_owned(), Given { value: value.to_owned(), origin: Origin::Flag("simulator".to_owned()) })
        })
        .collect();
    let mut config = BrokerConfig::from_layers(&[layer]).unwrap();
    // Smaller than the settings allow: so that little work goes through all of it.
    config.engine.journal_first_file_bytes = log.journal_first_bytes;
    config.engine.journal_file_bytes = log.journal_file_bytes;
    config.engine.journal_files_max = log.journal_files;
    config.engine.tail_bytes = log.tail_bytes;
    config
}
