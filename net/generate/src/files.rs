//! Which files there are, and what stands around the structs in them.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::facts::Schema;
use crate::plan::{Kind, Plan};
use crate::{Result, emit, names};

const NOTICE: &str =
    "//! Generated from `schemas-kafka-4.3.1.json`: change the generator (`net/generate`), not this file.\n";
/// What Kafka 4.3.1 says that it understands, and no longer has a codec for: librdkafka needs it (KAFKA-18659).
const PRODUCE_MIN: i16 = 0;

/// Two halves of one thing, and the file that holds them.
struct Pair<'s> {
    file: String,
    title: String,
    /// The schemas, each with the word that tells its half from the other.
    halves: Vec<(&'s Schema, &'static str)>,
}

/// All files, by path in the workspace; not yet formatted.
pub(crate) fn all(schemas: &BTreeMap<String, Schema>) -> Result<Vec<(PathBuf, String)>> {
    let mut files = Vec::new();
    let messages = messages(schemas);
    let folder = Path::new("net/wire/src/messages");
    for pair in &messages {
        files.push((folder.join(format!("{}.rs", pair.file)), pair_file(pair)?));
    }
    files.push((
        folder.join("mod.rs"),
        module("Kafka's requests and responses, a file per API.", &messages, &["table"])?,
    ));
    files.push((folder.join("table.rs"), table(&messages)?));

    let records = records(schemas);
    let folder = Path::new("engine/schema/src/records");
    for pair in &records {
        files.push((folder.join(format!("{}.rs", pair.file)), pair_file(pair)?.replace("millrace_schema", "crate")));
    }
    let about = "What Kafka keeps in its internal topics, in control records and in the consumer protocol.\n//!\n\
                 //! The key of an internal record starts with its type (int16, `KEY`), the value with its version
                 //! (int16); neither is\n\
                 //! part of the structs.";
    files.push((folder.join("mod.rs"), module(about, &records, &[])?));
    files.push((PathBuf::from("net/wire/tests/witness/list.rs"), list(&messages, &records)?));
    Ok(files)
}

/// The APIs that have versions, by key.
fn messages(schemas: &BTreeMap<String, Schema>) -> Vec<Pair<'_>> {
    let mut pairs = BTreeMap::new();
    for request in schemas.values().filter(|schema| schema.kind == "request" && schema.valid_versions != "none") {
        let api = request.name.trim_end_matches("Request");
        let halves = std::iter::once((request, "Request"))
            .chain(schemas.get(&format!("{api}Response")).map(|response| (response, "Response")))
            .collect();
        pairs.insert(request.api_key, Pair { file: names::snake(api), title: api.to_owned(), halves });
    }
    pairs.into_values().collect()
}

/// The internal records: key and value together, others alone.
fn records(schemas: &BTreeMap<String, Schema>) -> Vec<Pair<'_>> {
    let mut pairs: BTreeMap<String, Pair<'_>> = BTreeMap::new();
    for schema in schemas.values() {
        let (title, half) = match schema.kind.as_str() {
            "coordinator-key" => (schema.name.trim_end_matches("Key"), "Key"),
            "coordinator-value" => (schema.name.trim_end_matches("Value"), "Value"),
            "data" => (schema.name.as_str(), ""),
            _ => continue,
        };
        let file = names::snake(title);
        let empty = Pair { file: file.clone(), title: title.to_owned(), halves: Vec::new() };
        pairs.entry(file).or_insert(empty).halves.push((schema, half));
    }
    pairs.into_values().collect()
}

fn pair_file(pair: &Pair<'_>) -> Result<String> {
    let mut plans = Vec::new();
    for (schema, half) in &pair.halves {
        plans.push((Plan::new(schema)?, *schema, *half));
    }
    tell_apart(&mut plans);
    let mut body = String::new();
    for (plan, schema, _) in &plans {
        let key = schema.api_key.map(|key| format!(" (key {key})")).unwrap_or_default();
        let flexible = match plan.flexible.min {
            _ if plan.flexible.is_empty() => "never flexible".to_owned(),
            from => format!("flexible from {from}"),
        };
        let title = format!("`{}`{key}, versions {}, {flexible}", plan.name, plan.versions);
        body.push_str(&emit::message(plan, &title, schema.api_key)?);
    }
    if let [(request, schema, "Request"), (response, ..)] = plans.as_slice() {
        let life = |plan: &Plan| plan.structs.first().map(|root| plan.struct_borrows(root)).transpose();
        let is_borrowed = life(request)?.unwrap_or_default();
        let (generics, of, name) = if is_borrowed {
            ("<'a>", "<'a>", format!("{}<'a>", request.name))
        } else {
            ("", "<'_>", request.name.clone())
        };
        let answer = if life(response)?.unwrap_or_default() { "<'r>" } else { "" };
        writeln!(
            body,
            "impl{generics} Request{of} for {name} {{ const KEY: i16 = {}; type Response<'r> = {}{answer}; }}",
            schema.api_key.unwrap_or_default(),
            response.name,
        )?;
    }
    let helper = "fn unsupported(field: &'static str, version: i16) -> WireError \
                  { WireError::UnsupportedField { field, version } }";
    if body.contains("unsupported(") {
        body = format!("{body}\n{helper}\n");
    }
    let mut imports = vec!["message"];
    for (name, sign) in [
        ("Array", "Array<"),
        ("Reader", "Reader<"),
        ("Records", "Records<"),
        ("Request", "Request<'a> for"),
        ("Request", "Request<'_> for"),
        ("Wire", "Wire<"),
        ("WireError", "WireError"),
        ("Writer", "Writer"),
        ("not_null", "not_null("),
    ] {
        if body.contains(sign) && !imports.contains(&name) {
            imports.push(name);
        }
    }
    let imports = imports.join(", ");
    Ok(format!("//! {}.\n//!\n{NOTICE}\nuse millrace_schema::{{{imports}}};\n\n{body}", pair.title))
}

/// Structs of the same name in both halves get the half's name before theirs.
fn tell_apart(plans: &mut [(Plan, &Schema, &'static str)]) {
    let names: Vec<String> =
        plans.iter().flat_map(|(plan, ..)| plan.structs.iter().map(|part| part.name.clone())).collect();
    for (plan, _, half) in plans {
        let twice = |name: &str| names.iter().filter(|other| *other == name).count() > 1;
        let renamed = |name: &str| if twice(name) { format!("{half}{name}") } else { name.to_owned() };
        for part in &mut plan.structs {
            part.rust = renamed(&part.name);
            part.name = part.rust.clone();
            for member in &mut part.members {
                rename(&mut member.kind, &renamed);
            }
        }
    }
}

fn rename(kind: &mut Kind, renamed: &impl Fn(&str) -> String) {
    match kind {
        Kind::Struct(name) => *name = renamed(name),
        Kind::Array(element) => rename(element, renamed),
        _ => {}
    }
}

fn module(about: &str, pairs: &[Pair<'_>], private: &[&str]) -> Result<String> {
    let mut text = format!("//! {about}\n//!\n{NOTICE}\n");
    for module in private {
        writeln!(text, "pub(crate) mod {module};")?;
    }
    for pair in pairs {
        writeln!(text, "pub mod {};", pair.file)?;
    }
    writeln!(text)?;
    for pair in pairs {
        let halves: Vec<&str> = pair.halves.iter().map(|(schema, _)| schema.name.as_str()).collect();
        writeln!(text, "pub use {}::{{{}}};", pair.file, halves.join(", "))?;
    }
    Ok(text)
}

fn table(pairs: &[Pair<'_>]) -> Result<String> {
    let mut text = format!(
        "//! The APIs, by key.\n//!\n{NOTICE}\nuse crate::versions::Api;\n\
         use millrace_schema::{{NEVER_FLEXIBLE, VersionRange}};\n\n\
         pub(crate) static APIS: &[Api] = &["
    );
    for pair in pairs {
        let Some((schema, _)) = pair.halves.first() else { continue };
        let range = schema.versions()?;
        let min = if pair.title == "Produce" { PRODUCE_MIN } else { range.min };
        let max = range.max - i16::from(schema.latest_version_unstable);
        let flexible = schema.flexible()?;
        let from = if flexible.is_empty() { "NEVER_FLEXIBLE".to_owned() } else { flexible.min.to_string() };
        writeln!(
            text,
            "Api {{ key: {}, name: {:?}, versions: VersionRange {{ min: {min}, max: {max} }}, \
             flexible_from: {from} }},",
            schema.api_key.unwrap_or_default(),
            pair.title
        )?;
    }
    text.push_str("];\n");
    Ok(text)
}

fn list(pairs: &[Pair<'_>], records: &[Pair<'_>]) -> Result<String> {
    let mut text =
        format!("//! All messages and records, for the tests that run over them.\n//!\n{NOTICE}\nroundtrips! {{\n");
    for schema in pairs.iter().flat_map(|pair| &pair.halves).map(|(schema, _)| schema) {
        writeln!(text, "    messages {},", schema.name)?;
    }
    for schema in records.iter().flat_map(|pair| &pair.halves).map(|(schema, _)| schema) {
        writeln!(text, "    records {},", schema.name)?;
    }
    text.push_str("}\n");
    Ok(text)
}

/// Formats with the workspace's rustfmt and its settings.
pub(crate) fn format(root: &Path, text: &str) -> Result<String> {
    let mut rustfmt = Command::new("rustfmt")
        .args(["--edition", "2024", "--config-path"])
        .arg(root)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut input = rustfmt.stdin.take().ok_or("rustfmt takes no input")?;
    input.write_all(text.as_bytes())?;
    drop(input);
    let output = rustfmt.wait_with_output()?;
    if !output.status.success() {
        return Err(format!("rustfmt failed on:\n{text}").into());
    }
    Ok(String::from_utf8(output.stdout)?)
}
