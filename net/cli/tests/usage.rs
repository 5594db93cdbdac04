//! What needs no broker: arguments, configuration, exit codes, a reader that goes away.

mod harness;

use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::process::Stdio;

use harness::{finish, millrace, run};

#[test]
fn wrong_usage_is_told_with_exit_code_2() {
    for (arguments, told) in [
        (&["consume", "t", "--from", "yesterday"][..], "expected earliest, latest, an offset (100)"),
        (&["consume", "t", "--format", "%q"], "%q has no meaning: there are %v value"),
        (&["consume", "t", "--format", "%v", "--json"], "cannot be used with"),
        (&["produce", "t", "--key-separator", ""], "it is empty"),
        (&["produce", "t", "--header", "novalue"], "expected NAME=VALUE"),
        (&["produce", "t", "--input", "json", "--null", "NULL"], "JSON has keys and null"),
        (&["produce", "t", "--acks", "2"], "possible values: 0, 1, all"),
        (&["topic", "create", "t", "--config", "retention.ms"], "expected NAME=VALUE"),
        (&["topic", "delete"], "required"),
        (&["dump"], "required"),
        (&["serve", "--json"], "--print-config"),
        (&["serve", "--set", "num.partitions"], "--set num.partitions: expected NAME=VALUE"),
        (&["frobnicate"], "unrecognized subcommand"),
    ] {
        let done = run(arguments);
        assert_eq!(done.code, 2, "{arguments:?}: {done:?}");
        assert!(done.stderr.contains(told), "{arguments:?}: {}", done.stderr);
        assert_eq!(done.stdout, b"", "{arguments:?}");
    }
}

#[test]
fn nobody_at_the_address_is_told_with_exit_code_3() {
    // Taken, and given back: nobody listens there now.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let done = run(["topic", "list", "--server", &format!("127.0.0.1:{port}")]);
    assert_eq!(done.code, 3);
    let told = format!("error: cannot connect to 127.0.0.1:{port}: Connection refused");
    assert!(done.stderr.starts_with(&told), "{}", done.stderr);
    let done = run(["topic", "list", "--server", "localhost"]);
    assert_eq!(done.code, 3);
    assert!(done.stderr.contains("expected HOST:PORT"), "{}", done.stderr);
}

#[test]
fn settings_come_from_file_environment_and_options_each_over_the_one_before() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("broker.toml");
    std::fs::write(&file, "num.partitions = 3\n[log]\nsegment.bytes = 2_097_152\nretention.ms = 1000\n").unwrap();
    let mut command = millrace();
    command.env("MILLRACE_LOG_SEGMENT_BYTES", "4194304").env("MILLRACE_LOG_RETENTION_MS", "2000");
    command.args(["serve", "--print-config", "--json", "--set", "log.retention.ms=3000", "--listen", "localhost:0"]);
    let settings = finish(command.arg("--config").arg(&file), b"").json().remove(0);
    let find = |name: &str| {
        let setting = settings.as_array().unwrap().iter().find(|setting| setting["name"] == name).unwrap();
        (setting["value"].as_str().unwrap().to_owned(), setting["origin"].as_str().unwrap().to_owned())
    };
    let given = |value: &str, origin: &str| (value.to_owned(), origin.to_owned());
    assert_eq!(find("num.partitions"), given("3", &format!("{}:1", file.display())));
    assert_eq!(find("log.segment.bytes"), given("4194304", "environment variable MILLRACE_LOG_SEGMENT_BYTES"));
    assert_eq!(find("log.retention.ms"), given("3000", "option --set"));
    assert_eq!(find("listeners"), given("PLAINTEXT://localhost:0", "option --listen"));
    assert_eq!(find("auto.create.topics.enable"), given("true", "default"));
}

#[test]
fn a_printed_configuration_gives_the_same_configuration() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("printed.toml");
    let arguments = ["serve", "--print-config", "--set", "num.partitions=7", "--listen", "[::1]:9999"];
    let printed = run(arguments).ok();
    std::fs::write(&file, &printed).unwrap();
    let again = finish(millrace().args(["serve", "--print-config", "--config"]).arg(&file), b"").ok();
    let values = |text: &str| -> Vec<String> {
        text.lines().map(|line| line.split("  # ").next().unwrap().to_owned()).collect()
    };
    assert_eq!(values(&again), values(&printed));
    assert!(values(&again).contains(&"num.partitions = 7".to_owned()), "{again}");
}

#[test]
fn an_unknown_setting_is_refused_with_its_place_and_the_right_name() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("broker.toml");
    std::fs::write(&file, "\nlog.segments.bytes = 1048576\n").unwrap();
    let done = finish(millrace().args(["serve", "--print-config", "--config"]).arg(&file), b"");
    assert_eq!(done.code, 2);
    let place = format!("error: {}:2: ", file.display());
    assert!(done.stderr.starts_with(&place), "{}", done.stderr);
    assert!(done.stderr.contains("did you mean log.segment.bytes?"), "{}", done.stderr);
    let done = finish(millrace().args(["serve", "--print-config"]).env("MILLRACE_CORE", "1"), b"");
    assert_eq!(done.code, 2);
    assert!(done.stderr.contains("did you mean MILLRACE_CORES?"), "{}", done.stderr);
}

#[test]
fn a_file_that_is_no_toml_is_refused_with_the_line() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("broker.toml");
    std::fs::write(&file, "num.partitions = 1\nlog.dirs\n").unwrap();
    let done = finish(millrace().args(["serve", "--config"]).arg(&file), b"");
    assert_eq!(done.code, 2);
    assert!(done.stderr.contains("line 2"), "{}", done.stderr);
    let missing = directory.path().join("missing.toml");
    let done = finish(millrace().args(["serve", "--config"]).arg(&missing), b"");
    assert_eq!(done.code, 4);
    assert!(done.stderr.contains(missing.to_str().unwrap()), "{}", done.stderr);
}

#[test]
fn environment_variables_that_are_no_text_are_named_when_they_are_settings() {
    let wrong = std::ffi::OsStr::from_bytes(b"\xff");
    let done = finish(millrace().args(["serve", "--print-config"]).env("MILLRACE_LOG_DIRS", wrong), b"");
    assert_eq!(done.code, 2);
    assert!(done.stderr.contains("MILLRACE_LOG_DIRS"), "{}", done.stderr);
    assert_eq!(finish(millrace().args(["serve", "--print-config"]).env("OTHER", wrong), b"").code, 0);
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let mut command = millrace();
    command.args(["serve", "--print-config"]).stdout(Stdio::piped()).stderr(Stdio::piped());
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut child = command.stdout(writer).spawn().unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
    let mut told = String::new();
    child.stderr.take().unwrap().read_to_string(&mut told).unwrap();
    assert_eq!(told, "");
}

#[test]
fn the_version_is_told_to_people_and_programs() {
    let version = run(["version", "--json"]).json().remove(0);
    assert_eq!(version["version"], env!("CARGO_PKG_VERSION"));
    assert!(run(["version"]).ok().starts_with(concat!("millrace ", env!("CARGO_PKG_VERSION"))));
}
