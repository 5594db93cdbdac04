//! Which processors the broker runs on.

/// The value of `millrace.cores`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cores {
    /// Every processor that the process may use.
    All,
    /// So many processors, at least 1, whichever.
    Count(usize),
    /// These processors, by the operating system's numbers: at least one, none twice.
    List(Vec<usize>),
}

/// Processors that a list may name at most, and the largest number one may have plus 1.
const PROCESSORS_MAX: usize = 4096;

/// Reads `all`, a count (`4`), or a list with ranges (`0,2,4-7`, `3-3`). One number alone is a count.
///
/// # Errors
/// What would be valid, as a sentence.
pub(super) fn parse(text: &str) -> Result<Cores, String> {
    let form = || "Value must be all, how many processors (4), or which (0,2,4-7)".to_owned();
    let number = |text: &str| match text.trim().parse::<usize>() {
        Ok(number) if number < PROCESSORS_MAX => Ok(number),
        Ok(number) => Err(format!("there is no processor {number}")),
        Err(error) => Err(format!("{} ({error})", form())),
    };
    if text.eq_ignore_ascii_case("all") {
        return Ok(Cores::All);
    }
    if !text.contains([',', '-']) {
        return match number(text)? {
            0 => Err("at least one processor is needed".to_owned()),
            count => Ok(Cores::Count(count)),
        };
    }
    let mut processors = Vec::new();
    for entry in text.split(',') {
        let (first, last) = entry.split_once('-').unwrap_or((entry, entry));
        let (first, last) = (number(first)?, number(last)?);
        if first > last {
            return Err(format!("the range {entry} ends before it begins"));
        }
        for processor in first..=last {
            if processors.contains(&processor) {
                return Err(format!("processor {processor} is there twice"));
            }
            processors.push(processor);
        }
    }
    Ok(Cores::List(processors))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_counts_and_lists() {
        assert_eq!(parse("all"), Ok(Cores::All));
        assert_eq!(parse("4"), Ok(Cores::Count(4)));
        assert_eq!(parse("3-3"), Ok(Cores::List(vec![3])));
        assert_eq!(parse("0,2, 4-7"), Ok(Cores::List(vec![0, 2, 4, 5, 6, 7])));
    }

    #[test]
    fn refuses_what_is_neither() {
        for text in ["", "0", "-1", "two", "1,", "3-1", "1,1", "0-4096", "1-2-3", "99999999999999999999"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
