//! `millrace serve`

use std::env::VarError;
use std::io::{self, IsTerminal};
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use millrace_base::broker_config::{BrokerConfig, Layer};
use serde::Serialize;
use tracing_subscriber::EnvFilter;

use crate::config;
use crate::output::{self, CliError};

/// What is logged, in the syntax of `tracing`: `debug`, or `info,millrace_log=trace`.
const LOG_VARIABLE: &str = "MILLRACE_LOG";

#[derive(Args)]
pub(crate) struct Arguments {
    /// Where to listen; :PORT stands for all addresses of this machine [default: localhost:9092]
    #[arg(long, value_name = "HOST:PORT")]
    listen: Option<String>,
    /// The address that clients are told [default: the one it listens on]
    #[arg(long, value_name = "HOST:PORT")]
    advertise: Option<String>,
    /// Where to answer /metrics (for Prometheus), /healthz and /readyz [default: nowhere]
    #[arg(long, value_name = "HOST:PORT")]
    http: Option<String>,
    /// Where to serve the native protocol; the ports that follow are the cores', one each [default: nowhere]
    #[arg(long, value_name = "HOST:PORT")]
    native: Option<String>,
    /// Where everything is kept
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// How many cores to use, or which: 2, or 0,2-3
    #[arg(long, value_name = "N|LIST")]
    cores: Option<String>,
    /// Whose executor the cores run in: uring (the broker's own), or glommio, to compare [default: uring]
    #[arg(long, value_name = "NAME")]
    host: Option<String>,
    /// Settings in TOML, by Kafka's names
    #[arg(long, value_name = "FILE", env = "MILLRACE_CONFIG_FILE")]
    config: Option<PathBuf>,
    /// A single setting; may be repeated
    #[arg(long = "set", value_name = "NAME=VALUE")]
    settings: Vec<String>,
    /// Show every setting with its value and where it comes from, and end
    #[arg(long)]
    print_config: bool,
    /// With --print-config: print JSON
    #[arg(long, requires = "print_config")]
    json: bool,
    /// How the log is written to standard error; environment variable MILLRACE_LOG sets what is logged (info, debug)
    #[arg(long, value_enum, default_value_t = LogFormat::Text)]
    log_format: LogFormat,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum LogFormat {
    Text,
    Json,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), CliError> {
    let config = config::load(arguments.config.as_deref(), options(arguments)?)?;
    if arguments.print_config {
        return print(&config, arguments.json);
    }
    start_log(arguments.log_format)?;
    for warning in &config.warnings {
        tracing::warn!("{warning}");
    }
    millrace_server::serve(config)?;
    Ok(())
}

/// What the options say, as settings.
fn options(arguments: &Arguments) -> Result<Layer, CliError> {
    let mut layer = Layer::new();
    for setting in &arguments.settings {
        let expected =
            || CliError::Usage(format!("--set {setting}: expected NAME=VALUE, for example num.partitions=4"));
        let (name, value) = setting.split_once('=').ok_or_else(expected)?;
        config::option(&mut layer, name.trim(), "--set", value.trim());
    }
    if let Some(address) = &arguments.listen {
        config::option(&mut layer, "listeners", "--listen", format!("PLAINTEXT://{address}"));
    }
    if let Some(address) = &arguments.advertise {
        config::option(&mut layer, "advertised.listeners", "--advertise", format!("PLAINTEXT://{address}"));
    }
    if let Some(address) = &arguments.http {
        config::option(&mut layer, "millrace.http.listener", "--http", address);
    }
    if let Some(address) = &arguments.native {
        config::option(&mut layer, "millrace.native.listener", "--native", address);
    }
    if let Some(directory) = &arguments.data_dir {
        config::option(&mut layer, "log.dirs", "--data-dir", directory.display().to_string());
    }
    if let Some(cores) = &arguments.cores {
        config::option(&mut layer, "millrace.cores", "--cores", cores);
    }
    if let Some(host) = &arguments.host {
        config::option(&mut layer, "millrace.host", "--host", host);
    }
    Ok(layer)
}

#[derive(Serialize)]
struct PrintedSetting {
    name: &'static str,
    value: Option<String>,
    origin: String,
}

fn print(config: &BrokerConfig, json: bool) -> Result<(), CliError> {
    if !json {
        return output::print_line(config.print().trim_end());
    }
    let settings: Vec<PrintedSetting> = config
        .describe()
        .into_iter()
        .map(|setting| PrintedSetting {
            name: setting.name,
            value: setting.value,
            origin: config.origin(setting.name).map_or_else(|| "default".to_owned(), ToString::to_string),
        })
        .collect();
    output::print_json(&settings)
}

fn start_log(format: LogFormat) -> Result<(), CliError> {
    let filter = match std::env::var(LOG_VARIABLE) {
        Ok(text) => EnvFilter::try_new(text).map_err(|error| CliError::Usage(format!("{LOG_VARIABLE}: {error}")))?,
        Err(VarError::NotPresent) => EnvFilter::new("info"),
        Err(error) => return Err(CliError::Usage(format!("{LOG_VARIABLE}: {error}"))),
    };
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).with_target(false);
    match format {
        LogFormat::Text => builder.with_ansi(io::stderr().is_terminal()).init(),
        LogFormat::Json => builder.json().init(),
    }
    Ok(())
}
