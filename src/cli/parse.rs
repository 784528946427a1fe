//! Parsers of argument values. Their errors say what is expected: clap prints the value itself.

use std::net::{SocketAddr, ToSocketAddrs};
use std::num::NonZero;
use std::time::Duration;

use anyhow::anyhow;
use jiff::civil::Date;

use crate::quantity::Ratio;
use crate::scalar::ScalarFormat;

/// A listen address as Go programs accept it: `:20430` means all addresses of the machine.
pub(crate) fn address(text: &str) -> anyhow::Result<SocketAddr> {
    let all = text.strip_prefix(':').map(|port| format!("[::]:{port}"));
    let resolved = all.as_deref().unwrap_or(text).to_socket_addrs();
    let first = resolved.ok().and_then(|mut addresses| addresses.next());
    first.ok_or_else(|| {
        anyhow!("invalid listen address `{text}`: expected `:20430` or `127.0.0.1:20430`, with a port up to 65535")
    })
}

pub(crate) fn telemetry_path(text: &str) -> Result<String, String> {
    let reserved = ["/", "/-/healthy", "/-/ready", "/-/reload"];
    if text.starts_with('/') && !reserved.contains(&text) && !text.contains(['?', '#', ' ']) {
        return Ok(text.to_owned());
    }
    Err(format!("expected a path such as `/metrics`, except {}", reserved.map(|path| format!("`{path}`")).join(", ")))
}

/// A duration as Prometheus writes it: `30s`, `1m30s`, `500ms`.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let parsed: Option<jiff::SignedDuration> = text.parse().ok();
    let duration = parsed
        .and_then(|parsed| Duration::try_from(parsed).ok())
        .ok_or("expected a number with a unit, such as `30s`, `5m` or `1h`")?;
    if duration < Duration::from_millis(10) {
        return Err("expected at least `10ms`".to_owned());
    }
    Ok(duration)
}

/// A size in bytes.
pub(crate) fn size(text: &str) -> Result<u64, String> {
    let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let unit = match &text[digits.len()..] {
        "" | "B" => 1,
        "KiB" | "K" => 1 << 10,
        "MiB" | "M" => 1 << 20,
        "GiB" | "G" => 1 << 30,
        _ => 0,
    };
    let size = digits.parse::<u64>().ok().and_then(|number| number.checked_mul(unit)).filter(|size| *size > 0);
    size.ok_or_else(|| "expected bytes, or a number with a unit, such as `16MiB`".to_owned())
}

/// A million runs take seconds and tens of megabytes; more runs don't make a forecast better.
pub(crate) fn draws(text: &str) -> Result<NonZero<u32>, String> {
    const MAX: u32 = 1_000_000;
    let draws = text.parse().ok().filter(|draws: &NonZero<u32>| draws.get() <= MAX);
    draws.ok_or_else(|| format!("expected a number from 1 to {MAX}"))
}

/// `10%` or `10`.
pub(crate) fn percentage(text: &str) -> Result<Ratio, String> {
    let sign = if text.ends_with('%') { "" } else { "%" };
    Ratio::parse(&format!("{text}{sign}")).map_err(|error| error.message)
}

pub(crate) fn date(text: &str) -> Result<Date, String> {
    Date::parse(text).map_err(|error| error.message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_parsed_as_in_go() {
        let address = |text| address(text).map(|it| it.to_string()).map_err(|error| error.to_string());
        assert_eq!(address(":20430").as_deref(), Ok("[::]:20430"));
        assert_eq!(address("127.0.0.1:9100").as_deref(), Ok("127.0.0.1:9100"));
        assert_eq!(address("[::1]:9100").as_deref(), Ok("[::1]:9100"));
        assert!(address("localhost:9100").is_ok_and(|it| it.ends_with(":9100")));
        assert!(address(":70000").is_err_and(|error| error.ends_with("with a port up to 65535")));
        for wrong in ["", ":", ":70000", "9100", "127.0.0.1", "::1"] {
            assert!(address(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn durations_and_sizes_have_units() {
        assert_eq!(duration("1m30s"), Ok(Duration::from_secs(90)));
        assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!((size("16MiB"), size("512KiB"), size("1048576")), (Ok(16 << 20), Ok(512 << 10), Ok(1 << 20)));
        for wrong in ["", "30", "-1s", "1x", "soon"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
        for wrong in ["", "0", "-1", "16MB", "1.5MiB", "99999999999GiB"] {
            assert!(size(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn percentages_and_run_counts_have_bounds() {
        assert_eq!(
            (percentage("10"), percentage("10%")),
            (Ratio::parse("10%").map_err(|it| it.message), percentage("10"))
        );
        assert!(percentage("-1").is_err() && percentage("101").is_err() && percentage("ten").is_err());
        assert_eq!(draws("1000000").map(NonZero::get), Ok(1_000_000));
        assert_eq!(draws("1000001"), Err("expected a number from 1 to 1000000".to_owned()));
        assert!(draws("0").is_err());
    }

    #[test]
    fn metrics_are_not_served_on_reserved_paths() {
        assert_eq!(telemetry_path("/probe").as_deref(), Ok("/probe"));
        for wrong in ["", "metrics", "/", "/-/ready", "/-/healthy", "/-/reload", "/a?b", "/a b", "/a#b"] {
            assert!(telemetry_path(wrong).is_err(), "{wrong}");
        }
    }
}
