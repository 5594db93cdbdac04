//! Escapes in options: what a shell makes hard to type.

/// `\n`, `\t`, `\r`, `\0`, `\\` and `\xNN` stand for their bytes; everything else for itself.
///
/// # Errors
/// Which escape is none.
pub(crate) fn unescape(text: &str) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.chars();
    while let Some(character) = rest.next() {
        if character != '\\' {
            bytes.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
            continue;
        }
        bytes.push(match rest.next() {
            Some('n') => b'\n',
            Some('t') => b'\t',
            Some('r') => b'\r',
            Some('0') => 0,
            Some('\\') => b'\\',
            Some('x') => {
                let digits: String = rest.by_ref().take(2).collect();
                let is_byte = digits.len() == 2 && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
                let byte = u8::from_str_radix(&digits, 16).ok().filter(|_| is_byte);
                byte.ok_or_else(|| format!("\\x{digits} is no byte: two hexadecimal digits are expected"))?
            }
            Some(other) => return Err(format!("\\{other} is no escape: there are \\n \\t \\r \\0 \\\\ and \\xNN")),
            None => return Err("a \\ at the end: \\\\ stands for itself".to_owned()),
        });
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_bytes() {
        assert_eq!(unescape(r"a\tb\n\\\x00\xffé"), Ok(b"a\tb\n\\\0\xff\xc3\xa9".to_vec()));
        for wrong in [r"\q", r"\", r"\x", r"\x1", r"\xgg"] {
            assert!(unescape(wrong).is_err(), "{wrong}");
        }
    }
}
