//! A broker under measurement: its topic is made once, filled once, and measured as often as one likes.

use std::sync::Arc;

use millrace_client::Cluster;

use crate::environment::BrokerFacts;
use crate::error::LoadError;
use crate::plan::{Plan, Shared};
use crate::prepare::{Topic, TopicSpec, resolve, unix_ns};
use crate::process::Process;
use crate::report::RunReport;
use crate::run::{self, Crew, Point};
use crate::spec::{Load, Workload};
use crate::stop::Stopper;

/// Who is measured, and by whom.
#[derive(Clone, Debug)]
pub struct SubjectSpec {
    /// The broker's name in reports.
    pub name: String,
    /// `HOST:PORT` of any broker of the cluster.
    pub address: String,
    /// The broker's process, where it is not the one that listens at the address.
    pub pid: Option<i32>,
    /// The topic.
    pub topic: TopicSpec,
    /// Bytes of values to write before consumers read.
    pub fill_bytes: u64,
    /// How the load runs.
    pub crew: Crew,
}

/// A broker with a topic.
pub struct Subject {
    spec: SubjectSpec,
    cluster: Cluster,
    topic: Topic,
    process: Option<Process>,
    is_filled: bool,
}

impl Subject {
    /// Connects, and makes the topic.
    ///
    /// # Errors
    /// [`LoadError`] when the broker does not answer or refuses.
    pub fn prepare(spec: SubjectSpec) -> Result<Subject, LoadError> {
        let mut cluster = Cluster::connect(&spec.address)?;
        let process = match spec.pid {
            Some(pid) => Some(Process::of_pid(pid)?),
            None => Process::listening_at(resolve(&spec.address)?),
        };
        let topic = Topic::ensure(&mut cluster, &spec.topic)?;
        Ok(Subject { spec, cluster, topic, process, is_filled: false })
    }

    /// Its name in reports.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.spec.name
    }

    /// The broker's process, if it runs on this machine.
    #[must_use]
    pub fn process(&self) -> Option<&Process> {
        self.process.as_ref()
    }

    /// How many partitions the topic has.
    #[must_use]
    pub fn partitions(&self) -> usize {
        self.topic.metadata.partitions.len()
    }

    /// What the broker says of itself.
    ///
    /// # Errors
    /// [`LoadError`] when it does not answer.
    pub fn facts(&mut self, load: &Load) -> Result<BrokerFacts, LoadError> {
        let target = self.topic.target(&mut self.cluster, load)?;
        let SubjectSpec { name, address, .. } = &self.spec;
        Ok(BrokerFacts::ask(&mut self.cluster, name, address, &target, self.process.clone()))
    }

    /// Runs a load.
    ///
    /// # Errors
    /// [`LoadError`] when it cannot begin. What goes wrong later is in the report.
    pub fn measure(
        &mut self,
        load: &Load,
        round: usize,
        stopper: &Stopper,
        watch: impl FnMut(&Point),
    ) -> Result<RunReport, LoadError> {
        let is_filled_first = matches!(load.workload, Workload::Consume | Workload::Mixed { from_start: true });
        if is_filled_first && !self.is_filled && self.spec.fill_bytes > 0 {
            let plan = self.plan(&run::filling(load))?;
            run::fill(&plan, &self.spec.crew, &self.shared(&plan.load, stopper), self.spec.fill_bytes)?;
            self.is_filled = true;
        }
        let plan = self.plan(load)?;
        if load.workload == Workload::Consume && plan.records_before() == 0 {
            let name = &self.topic.metadata.name;
            return Err(LoadError::Spec(format!(
                "topic {name:?} holds nothing to read; --fill writes something first"
            )));
        }
        let shared = self.shared(load, stopper);
        let run = run::run(&plan, &self.spec.crew, &shared, self.process.as_ref(), watch)?;
        Ok(RunReport::new(&self.spec.name, round, load, self.spec.crew.threads, run))
    }

    fn plan(&mut self, load: &Load) -> Result<Plan, LoadError> {
        let target = self.topic.target(&mut self.cluster, load)?;
        let mut partitions = target.leaders.iter().flat_map(|leader| &leader.partitions);
        if load.workload.has_producers() && !partitions.any(|partition| load.only.contains(*partition)) {
            return Err(LoadError::Spec(format!(
                "topic {:?} has none of the partitions to be written to",
                target.topic
            )));
        }
        Ok(Plan { load: load.clone(), target, epoch_ns: epoch_ns() })
    }

    fn shared(&self, load: &Load, stopper: &Stopper) -> Arc<Shared> {
        let shared = Arc::new(Shared::new(self.spec.crew.threads, load));
        stopper.watch(&shared);
        shared
    }

    /// Removes the topic, if it was made for this.
    ///
    /// # Errors
    /// [`LoadError`] when the broker refuses.
    pub fn release(mut self) -> Result<(), LoadError> {
        self.topic.release(&mut self.cluster)
    }
}

/// Unix time at the beginning of the load's clock: the runtime's, which begins at 1 ns.
fn epoch_ns() -> u64 {
    let now = millrace_runtime::uring::block_on(async |core| core.now().0);
    unix_ns().saturating_sub(now)
}
