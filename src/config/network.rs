//! Networks as the configuration names them: `10.0.0.0/8`, `2001:db8::/32`, or one address.

use std::fmt;
use std::net::IpAddr;

/// Longest way to write one.
pub(super) const NETWORK_BYTES_MAX: usize = 64;

/// A network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    first: IpAddr,
    bits: u8,
}

impl Network {
    /// Reads one.
    ///
    /// # Errors
    /// What to write instead.
    pub fn parse(text: &str) -> Result<Self, String> {
        let example = "write e.g. `10.0.0.0/8`, or one address";
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits)),
            None => (text, None),
        };
        let first: IpAddr = address.parse().map_err(|_| example.to_owned())?;
        let all = if first.is_ipv4() { 32 } else { 128 };
        let bits = match bits {
            None => all,
            Some(bits) => bits
                .parse::<u8>()
                .ok()
                .filter(|n| *n <= all && bits.bytes().all(|byte| byte.is_ascii_digit()))
                .ok_or_else(|| format!("a network of this kind has 1 to {all} bits"))?,
        };
        if bits == 0 {
            return Err("it is everybody, and everybody could write any address then".to_owned());
        }
        let network = Self { first: masked(first, bits), bits };
        if network.first == first {
            Ok(network)
        } else {
            Err(format!("write `{network}`: bits behind the network must be 0"))
        }
    }

    /// Whether an address is of it. An IPv4 address is one however it is written (`::ffff:10.0.0.1`).
    #[must_use]
    pub fn has(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        address.is_ipv4() == self.first.is_ipv4() && masked(address, self.bits) == self.first
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.first, self.bits)
    }
}

/// The address with all bits behind the first `bits` cleared.
fn masked(address: IpAddr, bits: u8) -> IpAddr {
    match address {
        IpAddr::V4(ip) => {
            let mask = u32::MAX.checked_shl(32 - u32::from(bits.min(32))).unwrap_or(0);
            IpAddr::V4((ip.to_bits() & mask).into())
        }
        IpAddr::V6(ip) => {
            let mask = u128::MAX.checked_shl(128 - u32::from(bits.min(128))).unwrap_or(0);
            IpAddr::V6((ip.to_bits() & mask).into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_has_its_addresses_and_no_others() {
        for (network, has, has_not) in [
            ("10.0.0.0/8", "10.255.0.1", "11.0.0.1"),
            ("10.0.0.0/8", "::ffff:10.1.2.3", "::10.1.2.3"),
            ("192.0.2.7", "192.0.2.7", "192.0.2.6"),
            ("128.0.0.0/1", "255.1.1.1", "127.0.0.1"),
            ("2001:db8::/32", "2001:db8:ffff::1", "2001:db9::1"),
            ("::1", "::1", "127.0.0.1"),
            ("0.0.0.0/1", "1.1.1.1", "::1"),
        ] {
            let network = Network::parse(network).unwrap();
            assert!(network.has(has.parse().unwrap()), "{network} {has}");
            assert!(!network.has(has_not.parse().unwrap()), "{network} {has_not}");
        }
        assert_eq!(Network::parse("2001:DB8::").unwrap().to_string(), "2001:db8::/128");
    }

    #[test]
    fn what_is_no_network_is_said() {
        for (text, says) in [
            ("", "write e.g."),
            ("proxy.example.com", "write e.g."),
            ("10.0.0.0/33", "1 to 32 bits"),
            ("10.0.0.0/+8", "1 to 32 bits"),
            ("::/129", "1 to 128 bits"),
            ("0.0.0.0/0", "everybody"),
            ("::/0", "everybody"),
            ("10.1.0.0/8", "write `10.0.0.0/8`"),
            ("10.0.0.0/8/8", "1 to 32 bits"),
        ] {
            let why = Network::parse(text).unwrap_err();
            assert!(why.contains(says), "{text}: {why}");
        }
    }
}
