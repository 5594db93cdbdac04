//! The millrace binary: one file per subcommand.
fn main() {}
