//! Arrays: of received bytes, or of items that are to be sent.

use std::fmt;

use crate::{Reader, Wire, WireError, Writer};

/// An array field. Decoded ones keep the received bytes and decode an element when it is asked for.
#[derive(Clone)]
pub struct Array<'a, T>(Form<'a, T>);

#[derive(Clone)]
enum Form<'a, T> {
    /// Elements that were all decoded once, in this version, without error.
    Received {
        elements: Reader<'a>,
        count: u32,
        version: i16,
    },
    Items(Vec<T>),
}

impl<'a, T: Wire<'a>> Array<'a, T> {
    /// Walks an array and checks every element. `None` is null.
    pub(crate) fn read(reader: &mut Reader<'a>, version: i16) -> Result<Option<Self>, WireError> {
        const { assert!(T::BYTES_MIN > 0, "a count of elements without bytes cannot be bounded") };
        let Some(count) = reader.count(T::BYTES_MIN)? else { return Ok(None) };
        let start = *reader;
        if T::IS_FIXED {
            reader.take(count * T::BYTES_MIN)?;
        } else {
            for _ in 0..count {
                T::read(reader, version)?;
            }
        }
        let elements = start.until(reader);
        Ok(Some(Array(Form::Received { elements, count: count as u32, version })))
    }

    pub(crate) fn write(&self, writer: &mut Writer, version: i16) -> Result<(), WireError> {
        match &self.0 {
            Form::Items(items) => items.iter().try_for_each(|item| item.write(writer, version)),
            Form::Received { .. } => self.iter().try_for_each(|item| item.write(writer, version)),
        }
    }
}

impl<'a, T> Array<'a, T> {
    /// Number of elements.
    pub fn len(&self) -> usize {
        match &self.0 {
            Form::Received { count, .. } => *count as usize,
            Form::Items(items) => items.len(),
        }
    }

    /// Whether there are no elements.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<'a, T: Wire<'a>> Array<'a, T> {
    /// The elements, decoded one by one; nothing is allocated for an array that was received.
    pub fn iter(&self) -> Iter<'_, 'a, T> {
        match &self.0 {
            Form::Received { elements, count, version } => {
                Iter(Position::Received { elements: *elements, remaining: *count, version: *version })
            }
            Form::Items(items) => Iter(Position::Items(items.iter())),
        }
    }
}

/// Iterates over the elements of an [`Array`].
#[derive(Clone, Debug)]
pub struct Iter<'i, 'a, T>(Position<'i, 'a, T>);

#[derive(Clone, Debug)]
enum Position<'i, 'a, T> {
    Received { elements: Reader<'a>, remaining: u32, version: i16 },
    Items(std::slice::Iter<'i, T>),
}

impl<'a, T: Wire<'a>> Iterator for Iter<'_, 'a, T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        match &mut self.0 {
            Position::Items(items) => items.next().cloned(),
            Position::Received { elements, remaining, version } => {
                *remaining = remaining.checked_sub(1)?;
                let element = T::read(elements, *version);
                debug_assert!(element.is_ok(), "every element was checked when the array was read");
                element.ok()
            }
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let remaining = match &self.0 {
            Position::Received { remaining, .. } => *remaining as usize,
            Position::Items(items) => items.len(),
        };
        (remaining, Some(remaining))
    }
}

impl<'a, T: Wire<'a>> ExactSizeIterator for Iter<'_, 'a, T> {}

impl<'i, 'a, T: Wire<'a>> IntoIterator for &'i Array<'a, T> {
    type Item = T;
    type IntoIter = Iter<'i, 'a, T>;

    fn into_iter(self) -> Iter<'i, 'a, T> {
        self.iter()
    }
}

impl<T> Default for Array<'_, T> {
    fn default() -> Self {
        Array(Form::Items(Vec::new()))
    }
}

impl<T> From<Vec<T>> for Array<'_, T> {
    fn from(items: Vec<T>) -> Self {
        Array(Form::Items(items))
    }
}

impl<T> FromIterator<T> for Array<'_, T> {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        Array(Form::Items(items.into_iter().collect()))
    }
}

impl<'a, T: Wire<'a> + PartialEq> PartialEq for Array<'a, T> {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.iter().eq(other.iter())
    }
}

impl<'a, T: Wire<'a> + fmt::Debug> fmt::Debug for Array<'a, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}
