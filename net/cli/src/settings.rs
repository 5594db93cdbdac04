//! `millrace config list|get|set|unset`

use clap::{Args, Subcommand};
use millrace_base::setting::nearest;
use millrace_client::configs::{self, Change, Resource, Setting, SettingSource};
use millrace_client::{ClientError, Cluster};
use serde::Serialize;

use crate::connect::Server;
use crate::output::{self, CliError};
use crate::topic::parse_setting;

#[derive(Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// List the settings of a topic or broker that somebody has set
    List(List),
    /// Show settings of a topic or broker by their names
    Get(Get),
    /// Change settings of a topic or broker, all that are given or none
    Set(Set),
    /// Give settings of a topic or broker their defaults again
    Unset(Unset),
}

/// Whose settings.
#[derive(Args)]
#[group(required = true, multiple = false)]
struct Of {
    /// A topic, by its name
    #[arg(long, short, value_name = "NAME")]
    topic: Option<String>,
    /// A broker, by its id
    #[arg(long, short, value_name = "ID")]
    broker: Option<i32>,
    /// All brokers: what is set for the whole cluster
    #[arg(long)]
    all_brokers: bool,
}

impl Of {
    fn resource(&self) -> Resource<'_> {
        match (&self.topic, self.broker) {
            (Some(topic), _) => Resource::Topic(topic),
            (None, Some(broker)) => Resource::Broker(broker),
            (None, None) => Resource::Brokers,
        }
    }
}

#[derive(Args)]
struct List {
    #[command(flatten)]
    of: Of,
    /// Those that have their defaults as well
    #[arg(long)]
    all: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: Server,
}

#[derive(Args)]
struct Get {
    /// The settings' names; of a single one the value alone is printed
    #[arg(required = true)]
    names: Vec<String>,
    #[command(flatten)]
    of: Of,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: Server,
}

#[derive(Args)]
struct Set {
    /// Settings by Kafka's names, for example retention.ms=3600000
    #[arg(required = true, value_name = "NAME=VALUE", value_parser = parse_setting)]
    settings: Vec<(String, String)>,
    #[command(flatten)]
    of: Of,
    #[command(flatten)]
    change: Changing,
}

#[derive(Args)]
struct Unset {
    /// The settings' names
    #[arg(required = true)]
    names: Vec<String>,
    #[command(flatten)]
    of: Of,
    #[command(flatten)]
    change: Changing,
}

#[derive(Args)]
struct Changing {
    /// Only ask the broker whether it would do that
    #[arg(long)]
    dry_run: bool,
    /// Print the settings afterwards, as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: Server,
}

/// A setting as it is shown.
#[derive(Serialize)]
struct Shown<'a> {
    name: &'a str,
    /// Null: none, or secret.
    value: Option<&'a str>,
    source: &'static str,
    read_only: bool,
    secret: bool,
}

impl<'a> From<&'a Setting> for Shown<'a> {
    fn from(setting: &'a Setting) -> Self {
        Self {
            name: &setting.name,
            value: setting.value.as_deref(),
            source: setting.source.name(),
            read_only: setting.is_read_only,
            secret: setting.is_secret,
        }
    }
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), CliError> {
    match &arguments.command {
        Command::List(list) => list_settings(list),
        Command::Get(get) => get_settings(get),
        Command::Set(set) => {
            let changes = set.settings.iter().map(|(name, value)| Change::Set { name, value }).collect();
            change_settings(&set.of, &set.change, changes)
        }
        Command::Unset(unset) => {
            let changes = unset.names.iter().map(|name| Change::Unset { name }).collect();
            change_settings(&unset.of, &unset.change, changes)
        }
    }
}

fn list_settings(list: &List) -> Result<(), CliError> {
    let mut cluster = list.server.connect()?;
    let mut settings = configs::settings(&mut cluster, list.of.resource(), None)?;
    settings.retain(|setting| list.all || setting.source != SettingSource::Default);
    if !list.json && settings.is_empty() {
        return output::print_line("every setting has its default; `--all` shows them");
    }
    show(&settings, list.json)
}

fn get_settings(get: &Get) -> Result<(), CliError> {
    let mut cluster = get.server.connect()?;
    let settings = wanted(&mut cluster, get.of.resource(), &get.names)?;
    match settings.as_slice() {
        [only] if !get.json => output::print_line(value(only)),
        settings => show(settings, get.json),
    }
}

/// The settings of these names, in their order.
fn wanted(cluster: &mut Cluster, resource: Resource<'_>, names: &[String]) -> Result<Vec<Setting>, CliError> {
    let asked: Vec<&str> = names.iter().map(String::as_str).collect();
    let found = configs::settings(cluster, resource, Some(&asked))?;
    let find = |name| found.iter().find(|setting| setting.name == name).cloned().ok_or(name);
    match asked.iter().copied().map(find).collect::<Result<Vec<_>, _>>() {
        Ok(settings) => Ok(settings),
        Err(unknown) => Err(unknown_setting(cluster, resource, unknown)?),
    }
}

fn unknown_setting(cluster: &mut Cluster, resource: Resource<'_>, name: &str) -> Result<CliError, ClientError> {
    let all = configs::settings(cluster, resource, None)?;
    let near = nearest(name, all.iter().map(|setting| setting.name.as_str()));
    let hint = match (near, resource) {
        (Some(near), _) => format!("did you mean {near}?"),
        (None, Resource::Brokers) => "nobody has set it for all brokers; ask one of them: `--broker ID`".to_owned(),
        (None, _) => "`millrace config list --all` shows those that there are".to_owned(),
    };
    Ok(CliError::Usage(format!("there is no setting {name}; {hint}")))
}

fn change_settings(of: &Of, changing: &Changing, changes: Vec<Change<'_>>) -> Result<(), CliError> {
    let mut cluster = changing.server.connect()?;
    configs::change(&mut cluster, of.resource(), &changes, changing.dry_run)?;
    if changing.json {
        let settings = configs::settings(&mut cluster, of.resource(), None)?;
        let is_changed = |setting: &&Setting| changes.iter().any(|change| name_of(change) == setting.name);
        let shown: Vec<Shown<'_>> = settings.iter().filter(is_changed).map(Shown::from).collect();
        return output::print_json(&shown);
    }
    let verb = if changing.dry_run { "could be " } else { "" };
    for change in &changes {
        output::print_line(&match change {
            Change::Set { name, value } => format!("{verb}set: {name}={value}"),
            Change::Unset { name } => format!("{verb}unset: {name} has its default"),
        })?;
    }
    Ok(())
}

fn name_of<'a>(change: &Change<'a>) -> &'a str {
    match *change {
        Change::Set { name, .. } | Change::Unset { name } => name,
    }
}

fn show(settings: &[Setting], json: bool) -> Result<(), CliError> {
    if json {
        return output::print_json(&settings.iter().map(Shown::from).collect::<Vec<_>>());
    }
    let row = |setting: &Setting| [setting.name.clone(), value(setting).to_owned(), setting.source.name().to_owned()];
    output::print_table(["NAME", "VALUE", "SOURCE"], &settings.iter().map(row).collect::<Vec<_>>())
}

fn value(setting: &Setting) -> &str {
    match &setting.value {
        Some(value) => value,
        None if setting.is_secret => "(secret)",
        None => "(none)",
    }
}
