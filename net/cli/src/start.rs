//! `consume --from`, `group reset-offsets --to`: where to begin.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use millrace_client::consumer::Start;

const EXPECTED: &str = "expected earliest, latest, an offset (100), so many before the end (-100), a time \
                        (2026-01-31T12:00:00Z) or how long ago (15m)";

/// Reads a place to begin at.
///
/// # Errors
/// What would be one.
pub(crate) fn parse(text: &str) -> Result<Start, String> {
    match text {
        "earliest" | "beginning" => return Ok(Start::Earliest),
        "latest" | "end" => return Ok(Start::Latest),
        _ => {}
    }
    let (digits, is_before_end) = text.strip_prefix('-').map_or((text, false), |digits| (digits, true));
    if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        let number = digits.parse().map_err(|error| format!("no offset: {error}"))?;
        return Ok(if is_before_end { Start::BeforeEnd(number) } else { Start::Offset(number) });
    }
    let time = match humantime::parse_duration(text) {
        Ok(ago) => SystemTime::now().checked_sub(ago).unwrap_or(UNIX_EPOCH),
        Err(_) => humantime::parse_rfc3339_weak(text).map_err(|error| format!("{EXPECTED} ({error})"))?,
    };
    let since = time.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    i64::try_from(since.as_millis()).map(Start::Time).map_err(|error| format!("a time too far away: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_has_several_forms() {
        assert_eq!(parse("earliest"), Ok(Start::Earliest));
        assert_eq!(parse("latest"), Ok(Start::Latest));
        assert_eq!(parse("17"), Ok(Start::Offset(17)));
        assert_eq!(parse("-17"), Ok(Start::BeforeEnd(17)));
        assert_eq!(parse("1970-01-01T00:00:01.5Z"), Ok(Start::Time(1_500)));
        assert_eq!(parse("1970-01-02"), Err(format!("{EXPECTED} (timestamp format is invalid)")));
        assert!(matches!(parse("15m"), Ok(Start::Time(1_700_000_000_000..))));
        for wrong in ["", "x", "-", "--1", "-15m", "1x", "99999999999999999999"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
