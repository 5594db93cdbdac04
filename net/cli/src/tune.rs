//! `millrace tune`: looks at what matters on a host, explains it, sets it, and measures what can be reached.

mod disk;
mod host;
mod interrupts;
mod item;
mod measure;
mod memory;
mod network;
mod processors;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use clap::Args;

use self::host::Host;
use self::item::Item;
use crate::output::{self, CliError, Output};

#[derive(Args)]
#[command(after_help = "What --apply sets holds until the machine is started again. The systemd unit in perf/host/ \
                        applies it before each start of the broker.\n\
                        Exit codes: 0 all is as it should be, or was made so; 6 something is not.")]
pub(crate) struct Arguments {
    /// The broker's data directory: its disk is looked at
    #[arg(long, short, value_name = "DIRECTORY", default_value = "millrace-data")]
    data_dir: PathBuf,
    /// Set what can be set (as root)
    #[arg(long, conflicts_with_all = ["script", "measure"])]
    apply: bool,
    /// Print the commands that --apply stands for, and set nothing
    #[arg(long, conflicts_with_all = ["json", "measure"])]
    script: bool,
    /// Say why each item matters
    #[arg(long, short)]
    verbose: bool,
    /// Measure disk and loopback for some seconds, and say what a broker can reach here
    #[arg(long)]
    measure: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), CliError> {
    if arguments.measure {
        return measure::run(&arguments.data_dir, arguments.json);
    }
    let host = Host::at("/");
    let items = look(&host, &arguments.data_dir)?;
    if arguments.script {
        return print_script(&items);
    }
    if !arguments.apply {
        print(&items, arguments)?;
        return judge(&items);
    }
    let refused = apply(&host, &items);
    let items = look(&host, &arguments.data_dir)?;
    print(&items, arguments)?;
    match refused.first() {
        Some(refused) => Err(CliError::Untuned(refused.clone())),
        None => judge(&items),
    }
}

fn look(host: &Host, data_dir: &Path) -> Result<Vec<Item>, CliError> {
    let disk = disk::of(host, data_dir).map_err(CliError::file(data_dir.display().to_string()))?;
    let devices = interrupts::devices(host, disk.name.as_deref());
    let mut items = processors::look(host);
    items.extend(memory::look(host));
    items.extend(disk::look(host, &disk));
    items.extend(network::look(host));
    items.extend(interrupts::look(host, &devices));
    Ok(items)
}

/// Sets what can be set. Gives what was refused.
fn apply(host: &Host, items: &[Item]) -> Vec<String> {
    let changes = items.iter().flat_map(|item| &item.changes);
    let refused = |change: &item::Change| {
        let error = host.write(&change.path, &change.text).err()?;
        Some(format!("{} cannot be set to {}: {error}; run it as root", change.path, change.text))
    };
    changes.filter_map(refused).collect()
}

fn judge(items: &[Item]) -> Result<(), CliError> {
    let open: Vec<&str> = items.iter().filter(|item| !item.is_good()).map(|item| item.name.as_str()).collect();
    if open.is_empty() {
        return Ok(());
    }
    let to_set = items.iter().any(|item| !item.changes.is_empty());
    let advice = if to_set { "; `millrace tune --apply` sets what can be set" } else { "" };
    Err(CliError::Untuned(format!("not as it should be: {}{advice}", open.join(", "))))
}

fn print(items: &[Item], arguments: &Arguments) -> Result<(), CliError> {
    if arguments.json {
        return output::print_json(&items);
    }
    let row = |item: &Item| {
        let mark = if item.is_good() { "ok" } else { "->" };
        let wanted = item.wanted.clone().unwrap_or_default();
        [mark.to_owned(), item.name.clone(), item.found.clone(), wanted]
    };
    let rows: Vec<[String; 4]> = items.iter().map(row).collect();
    output::print_table(["", "WHAT", "FOUND", "WANTED"], &rows)?;
    let mut output = Output::new();
    for item in items {
        if arguments.verbose {
            output.line(format!("\n{}: {}", item.name, item.why))?;
        }
        if let Some(what) = &item.by_hand {
            output.line(format!("{}: {what}", item.name))?;
        }
    }
    output.flush()
}

fn print_script(items: &[Item]) -> Result<(), CliError> {
    let mut output = Output::new();
    output.line("#!/bin/sh\nset -eu")?;
    for item in items.iter().filter(|item| !item.changes.is_empty()) {
        output.line(format!("# {}: {}", item.name, item.why))?;
        for change in &item.changes {
            output.line(change.command())?;
        }
    }
    output.flush()
}
