//! Links of answers: the first line is one, the second where it redirects. What is followed without being listed is
//! https on the public internet, judged here by the standard library's own words, and nothing of a link is repeated.
#![no_main]

use std::net::IpAddr;

use imagewire_transport::{
    Source,
    download::{Access, Links, source},
};
use libfuzzer_sys::fuzz_target;
use url::{Host, Url};

const OWN: &str = "https://api.example.com/v1/images/generations";

fuzz_target!(|input: &[u8]| {
    let text = String::from_utf8_lossy(input);
    let (link, location) = text.split_once('\n').unwrap_or((&text, ""));
    let own = Url::parse(OWN).expect("an address");
    let links = Links::new(&own).allow("http://10.0.0.5:9000").expect("an origin");
    let from = match source(link, "x") {
        Ok(Source::Remote(url)) => {
            if let Ok(access) = links.follow(&url, "x") {
                judge(&url, access);
            }
            url
        }
        Ok(Source::Inline(_)) => own,
        Err(error) => {
            let shown = format!("{error} {error:?}");
            // Short ones may be words of ours.
            assert!(link.trim().len() < 20 || !shown.contains(link.trim()), "{shown}");
            own
        }
    };
    if let Ok((url, access)) = links.redirect(&from, location, "x") {
        judge(&url, access);
        assert!(from.scheme() == "http" || url.scheme() == "https");
    }
});

fn judge(url: &Url, access: Access) {
    assert!(url.username().is_empty() && url.password().is_none());
    let listed = ["https://api.example.com", "http://10.0.0.5:9000"];
    match access {
        Access::Trusted => assert!(listed.contains(&url.origin().ascii_serialization().as_str()), "{url}"),
        Access::Guarded => {
            assert_eq!(url.scheme(), "https");
            match url.host().expect("a host") {
                Host::Ipv4(address) => public(address.into()),
                Host::Ipv6(address) => public(address.into()),
                Host::Domain(name) => {
                    let name = name.trim_end_matches('.');
                    assert!(name.contains('.') && !name.ends_with(".localhost"), "{name}");
                    assert!(name.parse::<IpAddr>().is_err(), "{name}");
                }
            }
        }
    }
}

fn public(address: IpAddr) {
    let inner = match address.to_canonical() {
        IpAddr::V4(address) => {
            address.is_private()
                || address.is_loopback()
                || address.is_link_local()
                || address.is_broadcast()
                || address.is_documentation()
                || address.is_multicast()
                || address.is_unspecified()
        }
        IpAddr::V6(address) => {
            address.is_loopback()
                || address.is_unspecified()
                || address.is_multicast()
                || address.is_unique_local()
                || address.is_unicast_link_local()
        }
    };
    assert!(!inner && address.to_canonical() == address, "{address}");
}
