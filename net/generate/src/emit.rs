//! Writes one message as Rust: its structs, how they are read and written.

use std::fmt::Write as _;

use crate::Result;
use crate::facts::Range;
use crate::plan::{Kind, Member, Plan, Struct};

/// The field of answers whose place is remembered: a client may turn out to be throttled once its answer is written.
const THROTTLE_TIME: &str = "ThrottleTimeMs";

/// The structs of a message, in Rust (not yet formatted).
pub(crate) fn message(plan: &Plan, title: &str, key: Option<i16>) -> Result<String> {
    let mut text = String::new();
    for (index, part) in plan.structs.iter().enumerate() {
        let doc = match &part.held_by {
            None => format!("{title}."),
            Some(field) => {
                let root = &plan.name;
                format!("What `{field}` holds, in a [`{root}`] of versions {}.", part.versions)
            }
        };
        structure(&mut text, plan, part, &doc)?;
        if index == 0 {
            let key = key.map(|key| format!("key {key}, ")).unwrap_or_default();
            let Range { min, max } = plan.versions;
            let flexible = match plan.flexible.min {
                _ if plan.flexible.is_empty() => "millrace_schema::NEVER_FLEXIBLE".to_owned(),
                from => from.to_string(),
            };
            let name = type_name(plan, part)?;
            writeln!(text, "message!({name}, {key}versions {min}..={max}, flexible from {flexible});\n")?;
        }
    }
    Ok(text)
}

fn structure(text: &mut String, plan: &Plan, part: &Struct, doc: &str) -> Result<()> {
    let name = type_name(plan, part)?;
    let has_plain_defaults = part.members.iter().all(|member| member.has_plain_default());
    let default = if has_plain_defaults { ", Default" } else { "" };
    writeln!(text, "/// {doc}\n#[derive(Clone, Debug{default}, PartialEq)]\npub struct {name} {{")?;
    for member in &part.members {
        writeln!(text, "/// {}\npub {}: {},", member_doc(member), member.rust, member_type(plan, member)?)?;
    }
    writeln!(text, "}}\n")?;
    if !has_plain_defaults {
        let generics = if plan.struct_borrows(part)? { "<'_>" } else { "" };
        writeln!(text, "impl Default for {}{generics} {{ fn default() -> Self {{ Self {{", part.rust)?;
        for member in &part.members {
            writeln!(text, "{}: {},", member.rust, member.default_value())?;
        }
        writeln!(text, "}} }} }}\n")?;
    }
    let life = if plan.struct_borrows(part)? { "'a" } else { "'_" };
    let generics = if life == "'a" { "<'a>" } else { "" };
    let read = read_body(plan, part)?;
    let write = write_body(plan, part)?;
    let named = |name: &str, body: &str| if uses(body, name) { name.to_owned() } else { format!("_{name}") };
    writeln!(
        text,
        "impl{generics} Wire<{life}> for {name} {{\n\
         const BYTES_MIN: usize = {};\n\n\
         fn read({}: &mut Reader<{life}>, {}: i16) -> Result<Self, WireError> {{ {read} }}\n\n\
         fn write(&self, {}: &mut Writer, {}: i16) -> Result<(), WireError> {{ {write} }}\n\
         }}\n",
        plan.bytes_min(part)?.max(usize::from(part.held_by.is_none())),
        named("reader", &read),
        named("version", &read),
        named("writer", &write),
        named("version", &write),
    )?;
    Ok(())
}

/// Whether code names a variable: a whole word, and not a field.
fn uses(code: &str, variable: &str) -> bool {
    let is_part = |character: char| character.is_ascii_alphanumeric() || character == '_';
    code.match_indices(variable).any(|(start, found)| {
        let before = code.get(..start).and_then(|before| before.chars().next_back());
        let after = code.get(start + found.len()..).and_then(|after| after.chars().next());
        !before.is_some_and(|before| is_part(before) || before == '.')
            && !after.is_some_and(|after| is_part(after) || after == ':')
    })
}

fn type_name(plan: &Plan, part: &Struct) -> Result<String> {
    Ok(if plan.struct_borrows(part)? { format!("{}<'a>", part.rust) } else { part.rust.clone() })
}

fn kind_type(plan: &Plan, kind: &Kind) -> Result<String> {
    Ok(match kind {
        Kind::Bool => "bool".to_owned(),
        Kind::Number(rust, _, _) => (*rust).to_owned(),
        Kind::Uuid => "[u8; 16]".to_owned(),
        Kind::String => "&'a str".to_owned(),
        Kind::Bytes => "&'a [u8]".to_owned(),
        Kind::Records => "Records<'a>".to_owned(),
        Kind::Struct(name) => type_name(plan, plan.part(name)?)?,
        Kind::Array(element) => format!("Array<'a, {}>", kind_type(plan, element)?),
    })
}

fn member_type(plan: &Plan, member: &Member) -> Result<String> {
    let kind = kind_type(plan, &member.kind)?;
    Ok(if member.is_nullable() { format!("Option<{kind}>") } else { kind })
}

fn member_doc(member: &Member) -> String {
    let mut doc = format!("{}, versions {}", member.kind.kafka(), member.versions);
    if member.is_nullable() {
        let which = if member.nullable == member.versions { String::new() } else { format!(" {}", member.nullable) };
        doc = format!("{doc}, nullable{which}");
    }
    if let Some(tag) = member.tag {
        doc = format!("{doc}, tag {tag}");
    }
    if !member.default.is_empty() {
        doc = format!("{doc}, default {}", member.default);
    }
    if member.ignorable {
        doc = format!("{doc}, ignorable");
    }
    let mut characters = doc.chars();
    let first = characters.next().map(|first| first.to_ascii_uppercase()).into_iter();
    format!("{}.", first.chain(characters).collect::<String>())
}

impl Member {
    /// Whether Rust's default of the type is the schema's.
    fn has_plain_default(&self) -> bool {
        if self.is_nullable() {
            return self.defaults_to_null();
        }
        match &self.kind {
            Kind::Bool => self.default != "true",
            Kind::Number(..) => matches!(self.default.as_str(), "" | "0"),
            _ => self.default.is_empty(),
        }
    }

    fn default_value(&self) -> String {
        if self.defaults_to_null() {
            return "None".to_owned();
        }
        let value = match &self.kind {
            Kind::Bool => (self.default == "true").to_string(),
            Kind::Number("f64", ..) => "0.0".to_owned(),
            Kind::Number(..) if self.default.is_empty() => "0".to_owned(),
            Kind::Number(..) => self.default.clone(),
            Kind::Uuid => "[0; 16]".to_owned(),
            Kind::String => format!("{:?}", self.default),
            Kind::Bytes => "&[]".to_owned(),
            Kind::Records => "Records::Slice(&[])".to_owned(),
            Kind::Struct(name) => format!("{name}::default()"),
            Kind::Array(_) => "Array::default()".to_owned(),
        };
        if self.is_nullable() { format!("Some({value})") } else { value }
    }

    /// An expression that says whether the field differs from its default.
    fn differs(&self) -> String {
        let name = &self.rust;
        if self.defaults_to_null() {
            return format!("self.{name}.is_some()");
        }
        match &self.kind {
            Kind::Bool if self.default == "true" => format!("!self.{name}"),
            Kind::Bool => format!("self.{name}"),
            Kind::Array(_) if self.is_nullable() => {
                format!("self.{name}.as_ref().is_none_or(|array| !array.is_empty())")
            }
            Kind::Array(_) | Kind::String | Kind::Bytes | Kind::Records if !self.is_nullable() => {
                format!("!self.{name}.is_empty()")
            }
            _ => format!("self.{name} != {}", self.default_value()),
        }
    }
}

/// The condition for a version to lie in `inner`, for a version known to lie in `outer`; none when it always does.
fn condition(inner: Range, outer: Range) -> Option<String> {
    match (inner.min > outer.min, inner.max < outer.max) {
        (false, false) => None,
        (true, false) => Some(format!("version >= {}", inner.min)),
        (false, true) => Some(format!("version <= {}", inner.max)),
        (true, true) if inner.min == inner.max => Some(format!("version == {}", inner.min)),
        (true, true) => Some(format!("({}..={}).contains(&version)", inner.min, inner.max)),
    }
}

fn read_body(plan: &Plan, part: &Struct) -> Result<String> {
    let mut body = String::new();
    let tagged: Vec<&Member> = part.members.iter().filter(|member| member.tag.is_some()).collect();
    let has_tags = !plan.flexible.intersect(part.versions).is_empty();
    match (has_tags, tagged.is_empty()) {
        (false, _) => body.push_str("Ok(Self {"),
        (true, true) => body.push_str("let value = Self {"),
        (true, false) => body.push_str("let mut value = Self {"),
    }
    for member in &part.members {
        let name = &member.rust;
        if member.tag.is_some() {
            writeln!(body, "{name}: {},", member.default_value())?;
            continue;
        }
        let read = read_value(member, "reader");
        let shorthand = match condition(member.versions, part.versions) {
            None => format!("{name}: {read}"),
            Some(condition) => format!("{name}: if {condition} {{ {read} }} else {{ {} }}", member.default_value()),
        };
        writeln!(body, "{shorthand},")?;
    }
    if !has_tags {
        body.push_str("})");
        return Ok(body);
    }
    body.push_str("};\n");
    let tags = if tagged.is_empty() {
        "reader.skip_tags()?;".to_owned()
    } else {
        read_tags(&tagged, plan.flexible.intersect(part.versions))?
    };
    match condition(plan.flexible, part.versions) {
        None => body.push_str(&tags),
        Some(condition) => writeln!(body, "if {condition} {{ {tags} }}")?,
    }
    body.push_str("Ok(value)");
    Ok(body)
}

/// Reads tagged fields, in a version known to lie in `within`.
fn read_tags(tagged: &[&Member], within: Range) -> Result<String> {
    let mut text = String::from(
        "let mut tags = reader.tags()?; while let Some((tag, mut field)) = reader.next_tag(&mut tags)? { match tag {",
    );
    for member in tagged {
        let guard = condition(member.versions, within).map(|only| format!(" if {only}")).unwrap_or_default();
        let tag = member.tag.unwrap_or_default();
        writeln!(text, "{tag}{guard} => value.{} = {},", member.rust, read_value(member, "field"))?;
    }
    text.push_str("_ => continue, } field.finish()?; }");
    Ok(text)
}

fn read_value(member: &Member, reader: &str) -> String {
    let read = |prefix: &str| match &member.kind {
        Kind::Bool => format!("{reader}.bool()?"),
        Kind::Number(_, kafka, _) => format!("{reader}.{kafka}()?"),
        Kind::Uuid => format!("{reader}.uuid()?"),
        Kind::String => format!("{reader}.{prefix}string()?"),
        Kind::Bytes => format!("{reader}.{prefix}bytes()?"),
        Kind::Records => format!("{reader}.{prefix}records()?"),
        Kind::Array(_) => format!("{reader}.{prefix}array(version)?"),
        Kind::Struct(_) if !prefix.is_empty() && member.tag.is_some() => format!("{reader}.tagged_struct(version)?"),
        Kind::Struct(_) if !prefix.is_empty() => format!("{reader}.nullable_struct(version)?"),
        Kind::Struct(name) if reader == "reader" => format!("{name}::read(reader, version)?"),
        Kind::Struct(name) => format!("{name}::read(&mut {reader}, version)?"),
    };
    if !member.is_nullable() {
        return read("");
    }
    match condition(member.nullable, member.versions) {
        None => read("nullable_"),
        Some(condition) => format!("if {condition} {{ {} }} else {{ Some({}) }}", read("nullable_"), read("")),
    }
}

fn write_body(plan: &Plan, part: &Struct) -> Result<String> {
    let mut body = String::new();
    for member in &part.members {
        let write = if member.tag.is_none() { write_value(member) } else { String::new() };
        let Some(condition) = condition(member.versions, part.versions) else {
            body.push_str(&write);
            continue;
        };
        let refuse = format!("return Err(unsupported(\"{}\", version));", member.name);
        match (member.tag.is_none(), member.ignorable) {
            (true, true) => writeln!(body, "if {condition} {{ {write} }}")?,
            (true, false) => {
                writeln!(body, "if {condition} {{ {write} }} else if {} {{ {refuse} }}", member.differs())?
            }
            (false, true) => {}
            (false, false) => {
                let absent = format!("version < {}", member.versions.min);
                writeln!(body, "if {absent} && {} {{ {refuse} }}", member.differs())?;
            }
        }
    }
    if !plan.flexible.intersect(part.versions).is_empty() {
        let tags = write_tags(part, plan.flexible.intersect(part.versions))?;
        match condition(plan.flexible, part.versions) {
            None => body.push_str(&tags),
            Some(condition) => writeln!(body, "if {condition} {{ {tags} }}")?,
        }
    }
    body.push_str("Ok(())");
    Ok(body)
}

/// Writes tagged fields, in a version known to lie in `within`.
fn write_tags(part: &Struct, within: Range) -> Result<String> {
    let mut tagged: Vec<&Member> = part.members.iter().filter(|member| member.tag.is_some()).collect();
    if tagged.is_empty() {
        return Ok("writer.no_tags();".to_owned());
    }
    tagged.sort_by_key(|member| member.tag);
    let mut text = String::from("let mut tags = writer.tags();\n");
    for member in tagged {
        let only = condition(member.versions, within).map(|only| format!("{only} && ")).unwrap_or_default();
        let tag = member.tag.unwrap_or_default();
        writeln!(
            text,
            "if {only}{} {{ let start = writer.tag(&mut tags, {tag}); {} writer.tag_end(start); }}",
            member.differs(),
            write_value(member)
        )?;
    }
    text.push_str("writer.tags_end(&tags);");
    Ok(text)
}

fn write_value(member: &Member) -> String {
    let name = &member.rust;
    if member.name == THROTTLE_TIME {
        return format!("writer.throttle_time_ms(self.{name});");
    }
    let nullable = match &member.kind {
        Kind::String | Kind::Bytes | Kind::Records => {
            format!("writer.nullable_{}(self.{name})?;", member.kind.kafka())
        }
        Kind::Array(_) => format!("writer.nullable_array(self.{name}.as_ref(), version)?;"),
        _ if member.tag.is_some() => format!("writer.tagged_struct(self.{name}.as_ref(), version)?;"),
        _ => format!("writer.nullable_struct(self.{name}.as_ref(), version)?;"),
    };
    let required = |value: &str, reference: &str| match &member.kind {
        Kind::Bool | Kind::Number(..) | Kind::Uuid => format!("writer.{}({value});", member.kind.kafka()),
        Kind::String | Kind::Bytes | Kind::Records => format!("writer.{}({value})?;", member.kind.kafka()),
        Kind::Array(_) => format!("writer.array({reference}, version)?;"),
        Kind::Struct(_) => format!("{value}.write(writer, version)?;"),
    };
    if !member.is_nullable() {
        return required(&format!("self.{name}"), &format!("&self.{name}"));
    }
    match condition(member.nullable, member.versions) {
        None => nullable,
        Some(condition) => {
            let by_value = matches!(member.kind, Kind::String | Kind::Bytes | Kind::Records);
            let value = if by_value { format!("self.{name}") } else { format!("self.{name}.as_ref()") };
            let checked = format!("not_null({value}, \"{}\", version)?", member.name);
            format!("if {condition} {{ {nullable} }} else {{ {} }}", required(&checked, &checked))
        }
    }
}
