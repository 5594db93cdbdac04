//! Listeners: what a broker listens on, and what it tells clients to connect to.
//!
//! The rules are those of Kafka 4.3.1 (`listeners`, `advertised.listeners`, `listener.security.protocol.map`).

use std::collections::BTreeMap;
use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

/// One entry of `listeners` or `advertised.listeners`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listener {
    /// The listener's name, in upper case.
    pub name: String,
    /// A host name or address, an IPv6 one without its brackets. None: every address of this machine, and when
    /// advertised, its host name.
    pub host: Option<String>,
    /// The port. 0: whichever is free.
    pub port: u16,
}

/// What clients connect to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// The listener's name, in upper case.
    pub name: String,
    /// A host name or address, an IPv6 one without brackets.
    pub host: String,
    /// The port, never 0.
    pub port: u16,
}

impl Listener {
    /// Whether the host is an address that stands for every address, and that nobody can connect to.
    fn is_wildcard(&self) -> bool {
        let host = self.host.as_deref().unwrap_or_default();
        host.parse() == Ok(Ipv4Addr::UNSPECIFIED) || host.parse() == Ok(Ipv6Addr::UNSPECIFIED)
    }

    /// What clients connect to: without a host `host_name` is said, without a port the one that was found at binding.
    pub fn endpoint(&self, host_name: &str, bound_port: u16) -> Endpoint {
        Endpoint {
            name: self.name.clone(),
            host: self.host.clone().unwrap_or_else(|| host_name.to_owned()),
            port: if self.port == 0 { bound_port } else { self.port },
        }
    }
}

impl fmt::Display for Listener {
    /// As it is written in the configuration.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = self.host.as_deref().unwrap_or_default();
        if host.contains(':') {
            write!(f, "{}://[{host}]:{}", self.name, self.port)
        } else {
            write!(f, "{}://{host}:{}", self.name, self.port)
        }
    }
}

/// Reads `NAME://host:port`.
///
/// # Errors
/// What is wrong with it, as a sentence.
pub(super) fn parse(text: &str) -> Result<Listener, String> {
    let form = || format!("Unable to parse {text} to a broker endpoint: NAME://host:port is expected");
    let (name, address) = text.trim().split_once("://").ok_or_else(form)?;
    let (host, port) = address.rsplit_once(':').ok_or_else(form)?;
    let name = name.trim().to_ascii_uppercase();
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-' || byte == b'.';
    if name.is_empty() || !name.bytes().all(is_name) {
        return Err(form());
    }
    let port = port.parse().map_err(|error| format!("the port of {text} is not one from 0 to 65535 ({error})"))?;
    let host = match host.strip_prefix('[') {
        Some(rest) => {
            let inner = rest.strip_suffix(']').ok_or_else(form)?;
            let without_zone = inner.split('%').next().unwrap_or_default();
            without_zone
                .parse::<Ipv6Addr>()
                .map_err(|error| format!("{inner} is not an IPv6 address ({error}), though brackets are around it"))?;
            inner
        }
        None if host.contains(':') => {
            return Err(format!("the IPv6 address of {text} needs brackets: NAME://[address]:port"));
        }
        None if !host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte)) => return Err(form()),
        None => host,
    };
    Ok(Listener { name, host: (!host.is_empty()).then(|| host.to_owned()), port })
}

/// Checks what to listen on: names differ, and ports differ but for one IPv4 and one IPv6 address.
///
/// # Errors
/// What is wrong, as a sentence.
pub(super) fn check_listened(listeners: &[Listener]) -> Result<(), String> {
    if listeners.is_empty() {
        return Err("at least one listener is needed".to_owned());
    }
    check_names(listeners)?;
    let mut ports: BTreeMap<u16, Vec<&Listener>> = BTreeMap::new();
    for listener in listeners.iter().filter(|listener| listener.port != 0) {
        ports.entry(listener.port).or_default().push(listener);
    }
    let family = |listener: &Listener| {
        let host = listener.host.as_deref().unwrap_or_default();
        (host.parse::<Ipv4Addr>().is_ok(), host.parse::<Ipv6Addr>().is_ok())
    };
    for (port, sharing) in ports {
        let is_one_of_each = match sharing.as_slice() {
            [left, right] => matches!((family(left), family(right)), ((true, _), (_, true)) | ((_, true), (true, _))),
            _ => sharing.len() == 1,
        };
        if !is_one_of_each && sharing.len() > 1 {
            return Err(format!(
                "Each listener must have a different port, unless exactly one has an IPv4 address and the other \
                 an IPv6 address: port {port} is used by {}",
                sharing.iter().map(|listener| listener.to_string()).collect::<Vec<_>>().join(", ")
            ));
        }
    }
    Ok(())
}

/// Checks what to advertise: names differ and are listened on, and no address is one that nobody can connect to.
///
/// # Errors
/// What is wrong, as a sentence.
pub(super) fn check_advertised(advertised: &[Listener], listened: &[Listener]) -> Result<(), String> {
    check_names(advertised)?;
    for entry in advertised {
        if !listened.iter().any(|listener| listener.name == entry.name) {
            return Err(format!(
                "advertised.listeners must be a subset of the names in listeners, and {} is not there",
                entry.name
            ));
        }
        if entry.is_wildcard() {
            return Err(format!(
                "advertised.listeners cannot use the nonroutable meta-address {}: set it to an address or a name by \
                 which clients reach this machine",
                entry.host.as_deref().unwrap_or_default()
            ));
        }
    }
    Ok(())
}

fn check_names(listeners: &[Listener]) -> Result<(), String> {
    for (index, listener) in listeners.iter().enumerate() {
        if listeners.iter().take(index).any(|earlier| earlier.name == listener.name) {
            return Err(format!("Each listener must have a different name: {} is there twice", listener.name));
        }
    }
    Ok(())
}

/// Checks that every listener's name has a security protocol, and one that is available.
///
/// `map` is the value of `listener.security.protocol.map`.
///
/// # Errors
/// What is wrong, as a sentence.
pub(super) fn check_protocols(listeners: &[Listener], map: &str) -> Result<(), String> {
    let mut protocols: BTreeMap<String, String> = BTreeMap::new();
    for entry in map.split(',').map(str::trim).filter(|entry| !entry.is_empty()) {
        let (name, protocol) =
            entry.split_once(':').ok_or_else(|| format!("{entry} is not of the form NAME:PROTOCOL"))?;
        let protocol = protocol.trim().to_ascii_uppercase();
        if !["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"].contains(&protocol.as_str()) {
            return Err(format!("{protocol} is not one of PLAINTEXT, SSL, SASL_PLAINTEXT, SASL_SSL"));
        }
        if protocols.insert(name.trim().to_ascii_uppercase(), protocol).is_some() {
            return Err(format!("{name} is there twice"));
        }
    }
    for listener in listeners {
        match protocols.get(&listener.name).map(String::as_str) {
            Some("PLAINTEXT") => {}
            Some(protocol) => {
                return Err(format!(
                    "listener {} uses {protocol}, which is not available yet: only PLAINTEXT is",
                    listener.name
                ));
            }
            None => return Err(format!("No security protocol defined for listener {}", listener.name)),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(texts: &[&str]) -> Vec<Listener> {
        texts.iter().map(|text| parse(text).unwrap()).collect()
    }

    #[test]
    fn reads_names_hosts_and_ports() {
        let listener = |name: &str, host: Option<&str>, port| Listener {
            name: name.to_owned(),
            host: host.map(str::to_owned),
            port,
        };
        assert_eq!(parse("PLAINTEXT://:9092"), Ok(listener("PLAINTEXT", None, 9092)));
        assert_eq!(parse("internal://broker-1.example:0"), Ok(listener("INTERNAL", Some("broker-1.example"), 0)));
        assert_eq!(parse("A://[::1]:9"), Ok(listener("A", Some("::1"), 9)));
        assert_eq!(parse("A://[fe80::1%eth0]:9"), Ok(listener("A", Some("fe80::1%eth0"), 9)));
        for text in ["PLAINTEXT://:9092", "A://[::1]:9", "B://127.0.0.1:1"] {
            assert_eq!(parse(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn refuses_what_is_no_listener() {
        for text in ["", ":9092", "PLAINTEXT:9092", "A://host", "A://host:65536", "A://host:-1", "://:1", "A://::1:9"] {
            assert!(parse(text).is_err(), "{text}");
        }
        for text in ["A://[::1:9", "A://[host]:9", "A://ho st:9", "A://[]:9"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn names_and_ports_are_not_shared() {
        assert!(check_listened(&all(&["A://:1", "B://:2", "C://:0", "D://:0"])).is_ok());
        assert!(check_listened(&all(&["A://:1", "a://:2"])).unwrap_err().contains("different name"));
        assert!(check_listened(&all(&["A://:1", "B://x:1"])).unwrap_err().contains("different port"));
        assert!(check_listened(&all(&["A://127.0.0.1:1", "B://[::1]:1"])).is_ok());
        assert!(check_listened(&all(&["A://127.0.0.1:1", "B://10.0.0.1:1"])).is_err());
        assert!(check_listened(&all(&["A://127.0.0.1:1", "B://[::1]:1", "C://[::2]:1"])).is_err());
        assert!(check_listened(&[]).is_err());
    }

    #[test]
    fn advertised_addresses_can_be_connected_to() {
        let listened = all(&["A://0.0.0.0:1", "B://:2"]);
        assert!(check_advertised(&all(&["A://host:1", "B://host:1"]), &listened).is_ok());
        assert!(check_advertised(&listened, &listened).unwrap_err().contains("0.0.0.0"));
        assert!(check_advertised(&all(&["A://[::]:1"]), &listened).is_err());
        assert!(check_advertised(&all(&["C://host:1"]), &listened).unwrap_err().contains('C'));
    }

    #[test]
    fn protocols_are_mapped_and_available() {
        let listeners = all(&["A://:1"]);
        assert!(check_protocols(&listeners, "a:plaintext,B:SSL").is_ok());
        assert!(check_protocols(&listeners, "A:SSL").unwrap_err().contains("not available yet"));
        assert_eq!(check_protocols(&listeners, "B:SSL"), Err("No security protocol defined for listener A".to_owned()));
        for map in ["A", "A:TLS", "A:PLAINTEXT,A:SSL"] {
            assert!(check_protocols(&listeners, map).is_err(), "{map}");
        }
    }

    #[test]
    fn an_endpoint_is_complete() {
        let endpoint = parse("A://:0").unwrap().endpoint("machine", 4711);
        assert_eq!((endpoint.host.as_str(), endpoint.port), ("machine", 4711));
        let endpoint = parse("A://host:1").unwrap().endpoint("machine", 4711);
        assert_eq!((endpoint.host.as_str(), endpoint.port), ("host", 1));
    }
}
