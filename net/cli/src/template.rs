//! `consume --format`: what is printed of a record.

use std::io::{self, Write};

use millrace_record::record::Record;

use crate::escape::unescape;
use crate::output;

/// What `--help` says about it.
pub(crate) const HELP: &str = "%v value, %k key, %o offset, %p partition, %t topic, %T timestamp in Unix ms, \
                               %D the same as a date, %h headers, %V and %K length in bytes (-1 for null), %% percent; \
                               \\n \\t \\r \\0 \\\\ \\xNN";

/// A format, parsed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Template(Vec<Piece>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(Vec<u8>),
    Value,
    ValueBytes,
    Key,
    KeyBytes,
    Offset,
    Partition,
    Topic,
    Timestamp,
    Date,
    Headers,
}

/// What stands around a record.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) topic: &'a str,
    pub(crate) partition: i32,
    /// What is printed for a null key or value.
    pub(crate) null: &'a [u8],
}

impl Template {
    /// Reads a format.
    ///
    /// # Errors
    /// What in it has no meaning.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some((plain, special)) = rest.split_once('%') {
            pieces.push(Piece::Text(unescape(plain)?));
            let mut characters = special.chars();
            pieces.push(match characters.next() {
                Some('v') => Piece::Value,
                Some('V') => Piece::ValueBytes,
                Some('k') => Piece::Key,
                Some('K') => Piece::KeyBytes,
                Some('o') => Piece::Offset,
                Some('p') => Piece::Partition,
                Some('t') => Piece::Topic,
                Some('T') => Piece::Timestamp,
                Some('D') => Piece::Date,
                Some('h') => Piece::Headers,
                Some('%') => Piece::Text(b"%".to_vec()),
                Some(other) => return Err(format!("%{other} has no meaning: there are {HELP}")),
                None => return Err("a % at the end: %% stands for itself".to_owned()),
            });
            rest = characters.as_str();
        }
        pieces.push(Piece::Text(unescape(rest)?));
        Ok(Self(pieces))
    }

    /// Prints a record.
    pub(crate) fn print(&self, out: &mut dyn Write, place: Place<'_>, record: &Record<'_>) -> io::Result<()> {
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => out.write_all(text)?,
                Piece::Value => out.write_all(record.value.unwrap_or(place.null))?,
                Piece::ValueBytes => print_length(out, record.value)?,
                Piece::Key => out.write_all(record.key.unwrap_or(place.null))?,
                Piece::KeyBytes => print_length(out, record.key)?,
                Piece::Offset => write!(out, "{}", record.offset)?,
                Piece::Partition => write!(out, "{}", place.partition)?,
                Piece::Topic => out.write_all(place.topic.as_bytes())?,
                Piece::Timestamp => write!(out, "{}", record.timestamp)?,
                Piece::Date => out.write_all(output::time(record.timestamp).as_bytes())?,
                Piece::Headers => print_headers(out, place, record)?,
            }
        }
        Ok(())
    }
}

fn print_length(out: &mut dyn Write, bytes: Option<&[u8]>) -> io::Result<()> {
    match bytes {
        Some(bytes) => write!(out, "{}", bytes.len()),
        None => out.write_all(b"-1"),
    }
}

fn print_headers(out: &mut dyn Write, place: Place<'_>, record: &Record<'_>) -> io::Result<()> {
    for (index, (name, value)) in record.headers.clone().enumerate() {
        if index > 0 {
            out.write_all(b",")?;
        }
        out.write_all(name)?;
        out.write_all(b"=")?;
        out.write_all(value.unwrap_or(place.null))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use millrace_record::record::Headers;

    fn print(template: &str, key: Option<&[u8]>, value: Option<&[u8]>) -> String {
        let record = Record { offset: 7, timestamp: 1_000, key, value, headers: Headers::default() };
        let mut out = Vec::new();
        let place = Place { topic: "t", partition: 2, null: b"NULL" };
        Template::parse(template).unwrap().print(&mut out, place, &record).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn every_part_of_a_record_has_its_letter() {
        let printed = print(r"%t-%p@%o %T %D %k(%K)=%v(%V) 100%%\n", Some(b"key"), None);
        assert_eq!(printed, "t-2@7 1000 1970-01-01T00:00:01.000Z key(3)=NULL(-1) 100%\n");
        // A value's own escapes are not touched.
        assert_eq!(print("%v", None, Some(br"a\n%k")), r"a\n%k");
    }

    #[test]
    fn what_has_no_meaning_is_refused() {
        for wrong in ["%q", "%", r"\q", r"%v\"] {
            assert!(Template::parse(wrong).is_err(), "{wrong}");
        }
    }
}
