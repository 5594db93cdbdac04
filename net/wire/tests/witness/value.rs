//! What a message holds, as read from what its `Debug` prints: so that messages of different crates can be compared.

use std::iter::Peekable;
use std::str::Chars;

/// A value without its type: newtypes and `Some` are looked through, bytes and UUIDs are lists of numbers.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Null,
    /// A number or a boolean, as printed.
    Word(String),
    Text(String),
    List(Vec<Value>),
    Struct(Vec<Member>),
}

/// A field of a struct.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Member {
    pub(crate) name: String,
    /// Whether the version has the field; else the value is its default. What is read from print is taken as present.
    pub(crate) is_present: bool,
    pub(crate) value: Value,
}

impl Value {
    pub(crate) fn word(value: impl ToString) -> Value {
        Value::Word(value.to_string())
    }

    pub(crate) fn bytes(bytes: &[u8]) -> Value {
        Value::List(bytes.iter().map(Value::word).collect())
    }

    pub(crate) fn read(printed: &str) -> Value {
        let mut characters = printed.chars().peekable();
        let value = read(&mut characters);
        assert_eq!(characters.next(), None, "the whole of {printed}");
        value
    }

    /// Compares a value with an expected one; says where they differ.
    ///
    /// A field that the version does not have may be missing (a codec need not have fields that no version has).
    pub(crate) fn matches(&self, expected: &Value) -> Result<(), String> {
        match (self, expected) {
            (Value::List(found), Value::List(wanted)) if found.len() == wanted.len() => {
                found.iter().zip(wanted).try_for_each(|(found, wanted)| found.matches(wanted))
            }
            (Value::Struct(found), Value::Struct(wanted)) => {
                if let Some(extra) = found.iter().find(|member| wanted.iter().all(|other| other.name != member.name)) {
                    return Err(format!("{} is not in the schema", extra.name));
                }
                wanted.iter().try_for_each(|wanted| match found.iter().find(|member| member.name == wanted.name) {
                    None if wanted.is_present => Err(format!("{} is missing", wanted.name)),
                    None => Ok(()),
                    Some(found) => {
                        found.value.matches(&wanted.value).map_err(|error| format!("{}: {error}", wanted.name))
                    }
                })
            }
            (found, wanted) if found == wanted => Ok(()),
            (found, wanted) => Err(format!("{found:?} where {wanted:?} was expected")),
        }
    }
}

fn read(input: &mut Peekable<Chars<'_>>) -> Value {
    match input.peek() {
        Some('"') => Value::Text(literal(input).into_iter().map(char::from).collect()),
        Some('[') => Value::List(sequence(input, '[', ']')),
        Some('{') => {
            // The only maps are those of unknown tags, and they are empty.
            assert_eq!((input.next(), input.next()), (Some('{'), Some('}')), "an unknown tagged field");
            Value::Null
        }
        _ => named(input),
    }
}

fn named(input: &mut Peekable<Chars<'_>>) -> Value {
    let word = word(input);
    match input.peek().copied() {
        Some('"') if word == "b" => Value::bytes(&literal(input)),
        Some('(') => {
            let mut inner = sequence(input, '(', ')');
            assert_eq!(inner.len(), 1, "{word} is a newtype");
            inner.remove(0)
        }
        Some(' ') if input.clone().nth(1) == Some('{') => {
            input.next();
            Value::Struct(members(input))
        }
        _ if word == "None" => Value::Null,
        _ if word.len() == 36 && word.matches('-').count() == 4 => uuid(&word),
        _ if word.starts_with(char::is_uppercase) && word != "NaN" => Value::Struct(Vec::new()),
        _ => Value::Word(word),
    }
}

fn members(input: &mut Peekable<Chars<'_>>) -> Vec<Member> {
    assert_eq!((input.next(), input.next()), (Some('{'), Some(' ')));
    let mut members = Vec::new();
    loop {
        let name = word(input).trim_matches('_').to_owned();
        assert_eq!((input.next(), input.next()), (Some(':'), Some(' ')), "after {name}");
        let value = read(input);
        if name != "unknown_tagged_fields" {
            members.push(Member { name, is_present: true, value });
        }
        let end = (input.next(), input.next());
        if end == (Some(' '), Some('}')) {
            return members;
        }
        assert_eq!(end, (Some(','), Some(' ')));
    }
}

fn sequence(input: &mut Peekable<Chars<'_>>, open: char, close: char) -> Vec<Value> {
    assert_eq!(input.next(), Some(open));
    let mut values = Vec::new();
    while input.peek() != Some(&close) {
        values.push(read(input));
        if input.peek() == Some(&',') {
            input.next();
            assert_eq!(input.next(), Some(' '));
        }
    }
    input.next();
    values
}

fn word(input: &mut Peekable<Chars<'_>>) -> String {
    let mut word = String::new();
    while let Some(character) = input.next_if(|next| next.is_ascii_alphanumeric() || "_.-+".contains(*next)) {
        word.push(character);
    }
    assert!(!word.is_empty(), "a word before {:?}", input.peek());
    word
}

/// The bytes of a quoted literal; characters of strings are ASCII in these tests, or lie below 256.
fn literal(input: &mut Peekable<Chars<'_>>) -> Vec<u8> {
    assert_eq!(input.next(), Some('"'));
    let mut bytes = Vec::new();
    loop {
        let byte = match input.next().expect("a closing quote") {
            '"' => return bytes,
            '\\' => match input.next().expect("an escape") {
                'n' => b'\n',
                'r' => b'\r',
                't' => b'\t',
                '0' => 0,
                'x' => {
                    let digits: String = input.by_ref().take(2).collect();
                    u8::from_str_radix(&digits, 16).unwrap()
                }
                other => other as u8,
            },
            other => u8::try_from(u32::from(other)).expect("a character below 256"),
        };
        bytes.push(byte);
    }
}

fn uuid(word: &str) -> Value {
    let digits = word.replace('-', "");
    Value::List((0..16).map(|index| Value::word(u8::from_str_radix(&digits[index * 2..][..2], 16).unwrap())).collect())
}

#[test]
fn print_is_read() {
    let printed =
        r#"A { id: B(5), name: Some("x"), data: b"\x01a\n", list: [C { r: None }, D], unknown_tagged_fields: {} }"#;
    let member = |name: &str, value| Member { name: name.to_owned(), is_present: true, value };
    let expected = Value::Struct(vec![
        member("id", Value::word(5)),
        member("name", Value::Text("x".to_owned())),
        member("data", Value::bytes(&[1, b'a', b'\n'])),
        member("list", Value::List(vec![Value::Struct(vec![member("r", Value::Null)]), Value::Struct(vec![])])),
    ]);
    assert_eq!(Value::read(printed), expected);
}
