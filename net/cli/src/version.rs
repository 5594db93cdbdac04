//! `millrace version`

use clap::Args;
use serde::Serialize;

use crate::output::{self, CliError};

#[derive(Args)]
pub(crate) struct Arguments {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Version {
    version: &'static str,
    protocol: &'static str,
    build: &'static str,
    target: String,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), CliError> {
    let version = Version {
        version: env!("CARGO_PKG_VERSION"),
        protocol: "Kafka 4.3",
        build: if cfg!(debug_assertions) { "debug" } else { "release" },
        target: format!("{}-{}", std::env::consts::ARCH, std::env::consts::OS),
    };
    if arguments.json {
        return output::print_json(&version);
    }
    let Version { version, protocol, build, target } = version;
    output::print_line(&format!("millrace {version} ({build}, {target}), messages of {protocol}"))
}
