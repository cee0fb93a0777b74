//! Whose address a request comes from. Behind a proxy that is what the proxy says, and nobody else: `X-Forwarded-For` is a header
//! like any other, and whoever asks may write into it what they like.
//!
//! INVARIANT: an address is used for counting, by a keyed hash of its network, and for evidence that a brand asks for; it is not
//! logged, not counted as itself, and kept nowhere else.

use std::net::IpAddr;

use gate_intake::Request;

use crate::config::Network;

const HEADER: &str = "x-forwarded-for";
/// Addresses of one request that are looked at; each proxy adds one.
const HOPS_MAX: usize = 16;

/// The proxies whose word on others counts.
pub(super) struct Proxies(Vec<Network>);

/// Where a request comes from, as far as somebody knows who may be believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// No proxy is named: it may be the address of one, and everybody's.
    Unknown,
    /// A proxy of ours that does not say for whom.
    Proxy(IpAddr),
    /// The other end itself.
    Client(IpAddr),
}

impl Origin {
    /// The address to count under.
    pub(super) const fn counted(self) -> Option<IpAddr> {
        match self {
            Self::Unknown => None,
            Self::Proxy(ip) | Self::Client(ip) => Some(ip),
        }
    }

    /// The address that may stand as evidence; a proxy's says nothing of a person.
    pub(super) const fn evident(self) -> Option<IpAddr> {
        match self {
            Self::Unknown | Self::Proxy(_) => None,
            Self::Client(ip) => Some(ip),
        }
    }
}

impl Proxies {
    pub(super) fn new(networks: Vec<Network>) -> Self {
        Self(networks)
    }

    fn trust(&self, ip: IpAddr) -> bool {
        self.0.iter().any(|network| network.has(ip))
    }

    /// From the right, since each proxy adds whom it heard: the first that is no proxy of ours. What stands left of it is theirs to
    /// write. Where something cannot be read, it is the proxy itself.
    pub(super) fn origin(&self, peer: Option<IpAddr>, request: &Request) -> Origin {
        let Some(peer) = peer.map(|ip| ip.to_canonical()).filter(|_| !self.0.is_empty()) else {
            return Origin::Unknown;
        };
        if !self.trust(peer) {
            return Origin::Client(peer);
        }
        let lines = request.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case(HEADER));
        let lines: Vec<&[u8]> = lines.map(|(_, value)| value.as_slice()).collect();
        let hops = lines.iter().rev().flat_map(|line| line.rsplit(|byte| *byte == b','));
        for hop in hops.take(HOPS_MAX) {
            match read(hop) {
                Some(ip) if self.trust(ip) => {}
                Some(ip) => return Origin::Client(ip),
                None => break,
            }
        }
        Origin::Proxy(peer)
    }
}

/// `192.0.2.1`, `192.0.2.1:4711`, `2001:db8::1`, `[2001:db8::1]`, `[2001:db8::1]:4711`.
fn read(hop: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(hop).ok()?.trim();
    let with_port = || text.parse::<std::net::SocketAddr>().ok().map(|it| it.ip());
    let in_brackets = || text.strip_prefix('[')?.strip_suffix(']')?.parse().ok();
    let ip: IpAddr = text.parse().ok().or_else(with_port).or_else(in_brackets)?;
    Some(ip.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(trusted: &[&str], peer: &str, lines: &[&str]) -> Origin {
        let networks = trusted.iter().map(|text| Network::parse(text).unwrap()).collect();
        let headers =
            lines.iter().map(|line| ("X-Forwarded-For".to_owned(), line.as_bytes().to_vec()));
        let request = Request { headers: headers.collect(), ..Request::default() };
        Proxies::new(networks).origin(Some(peer.parse().unwrap()), &request)
    }

    fn client(ip: &str) -> Origin {
        Origin::Client(ip.parse().unwrap())
    }

    #[test]
    fn a_proxy_of_ours_says_for_whom_it_asks() {
        let ours = ["10.0.0.0/8", "2001:db8:1::/48"];
        for (peer, lines, is) in [
            ("10.0.0.1", &["203.0.113.9"][..], "203.0.113.9"),
            ("::ffff:10.0.0.1", &["203.0.113.9"], "203.0.113.9"),
            ("10.0.0.1", &["203.0.113.9, 10.0.0.2"], "203.0.113.9"),
            ("10.0.0.1", &["203.0.113.9", "10.0.0.2"], "203.0.113.9"),
            ("10.0.0.1", &["203.0.113.9:4711"], "203.0.113.9"),
            ("10.0.0.1", &["[2001:db8:2::9]:4711"], "2001:db8:2::9"),
            ("10.0.0.1", &["[2001:db8:2::9]"], "2001:db8:2::9"),
            ("2001:db8:1::1", &["2001:db8:2::9"], "2001:db8:2::9"),
            // what stands left of the first stranger is the stranger's to write
            ("10.0.0.1", &["198.51.100.1, 203.0.113.9"], "203.0.113.9"),
            ("10.0.0.1", &["198.51.100.1", "203.0.113.9, 10.9.9.9"], "203.0.113.9"),
            ("10.0.0.1", &["nonsense, 203.0.113.9"], "203.0.113.9"),
        ] {
            assert_eq!(origin(&ours, peer, lines), client(is), "{peer} {lines:?}");
        }
    }

    #[test]
    fn a_stranger_says_nothing_of_others() {
        let ours = ["10.0.0.0/8"];
        for lines in [&["198.51.100.1"][..], &["10.0.0.5"], &["x"], &[]] {
            assert_eq!(origin(&ours, "203.0.113.9", lines), client("203.0.113.9"));
        }
        // nobody is named: it may be everybody's proxy
        let unknown = origin(&[], "203.0.113.9", &["198.51.100.1"]);
        assert_eq!((unknown, unknown.counted(), unknown.evident()), (Origin::Unknown, None, None));
    }

    #[test]
    fn what_cannot_be_read_is_the_proxys_own() {
        let peer: IpAddr = "10.0.0.1".parse().unwrap();
        let many = vec!["10.0.0.2"; HOPS_MAX].join(",");
        let many = format!("203.0.113.9,{many}");
        for lines in [
            &[][..],
            &[""],
            &["203.0.113.9, "],
            &["203.0.113.9, unknown"],
            &["203.0.113.9, unix:"],
            &["203.0.113.9, fe80::1%eth0"],
            &["10.0.0.3, 10.0.0.2"],
            &[&many],
        ] {
            let found = origin(&["10.0.0.0/8"], "10.0.0.1", lines);
            assert_eq!(found, Origin::Proxy(peer), "{lines:?}");
            assert_eq!((found.counted(), found.evident()), (Some(peer), None));
        }
    }
}
