//! Under which names attempts are counted: an address, and a network. Both are keyed hashes, so that what counts knows nobody.

use crate::batch::IdKey;
use crate::mailbox::plain_address;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Bits of an IPv4 address that name a network: what one subscriber or small office has.
pub const NETWORK_BITS_V4: u32 = 24;
/// Bits of an IPv6 address that name a network: providers give a household a /56 (RIPE-690 section 4.2; K).
pub const NETWORK_BITS_V6: u32 = 56;

/// Domains of one provider whose addresses mean the same with and without dots
/// (support.google.com/mail/answer/7436150; K).
const DOTLESS: [&str; 2] = ["gmail.com", "googlemail.com"];

/// The names to count an attempt under.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ThrottleKeys {
    /// Of the mailbox, however it is written; `None` when it is none.
    pub address: Option<String>,
    /// Of the network it came from.
    pub network: String,
}

/// The names for an attempt with this address from there. `ip` is the person's: behind a proxy, what a trusted proxy says.
#[must_use]
pub fn throttle_keys(address: &str, ip: IpAddr, ids: &IdKey) -> ThrottleKeys {
    let key = |kind: &str, of: &str| format!("{kind}:{}", ids.hash(&["throttle", kind, of]));
    ThrottleKeys {
        address: plain_address(address).map(|address| key("address", &mailbox_of(&address))),
        network: key("network", &network_of(ip)),
    }
}

/// The mailbox that an address is likely to reach: of a local part what stands before `+`, in small letters, and without dots where
/// dots say nothing. For counting alone: two mailboxes that are taken for one wait for each other, and nobody's consent is touched.
fn mailbox_of(address: &str) -> String {
    let address = address.to_lowercase();
    let Some((local, domain)) = address.rsplit_once('@') else { return address };
    // who is only a tag keeps it
    let name = local.split('+').next().filter(|name| !name.is_empty()).unwrap_or(local);
    if DOTLESS.contains(&domain) {
        let name: String = name.chars().filter(|c| *c != '.').collect();
        return format!("{name}@gmail.com");
    }
    format!("{name}@{domain}")
}

/// The network of an IP address: `192.0.2.0/24`, `2001:db8:0:100::/56`.
#[must_use]
pub fn network_of(ip: IpAddr) -> String {
    match ip.to_canonical() {
        IpAddr::V4(ip) => {
            let net = ip.to_bits() & (u32::MAX << (u32::BITS - NETWORK_BITS_V4));
            format!("{}/{NETWORK_BITS_V4}", Ipv4Addr::from_bits(net))
        }
        IpAddr::V6(ip) => {
            let net = ip.to_bits() & (u128::MAX << (u128::BITS - NETWORK_BITS_V6));
            format!("{}/{NETWORK_BITS_V6}", Ipv6Addr::from_bits(net))
        }
    }
}
