//! Which links of an answer may be followed. The links come from the service, and so from outside: nothing but the
//! bytes they lead to is used, and nothing is sent to them but a plain request.

use std::time::Duration;

use imagewire_types::Base64;
use url::Url;

use crate::{Error, Kind, Outcome, Source, decode, endpoint::host};

/// The largest image that is downloaded, in bytes.
pub const MAX_BYTES: u64 = 64 << 20;
/// How many redirects of a download are followed.
pub const MAX_REDIRECTS: usize = 3;
/// The time for one download, redirects included.
pub const DEADLINE: Duration = Duration::from_secs(120);

/// Where a link leads: to an address, or to the bytes that a `data:` link holds.
///
/// `place` is where the link stands, such as `data[0].url`, for the error.
///
/// # Errors
/// [`Kind::Download`] for links that are not absolute http or https, or contain a user; [`Kind::Decode`] for `data:`
/// links that are not base64.
pub fn source(link: &str, place: &str) -> Result<Source, Error> {
    let link = link.trim_ascii();
    if decode::is_data_url(link) {
        return decode::base64(&Base64::from(link), place).map(Source::Inline);
    }
    let url = Url::parse(link)
        .map_err(|error| failure(place, &format!("it is not an absolute address: {error}")))?;
    acceptable(&url).map_err(|why| failure(place, &format!("it is {why}")))?;
    Ok(Source::Remote(url))
}

/// The address that a redirect of a download leads to, judged like the first one.
///
/// # Errors
/// [`Kind::Download`], also when the redirect gives up encryption.
pub fn redirect(from: &Url, location: &str, place: &str) -> Result<Url, Error> {
    let url = from.join(location).map_err(|_| failure(place, "it redirects to no address"))?;
    acceptable(&url).map_err(|why| failure(place, &format!("it redirects to an address that is {why}")))?;
    if from.scheme() == "https" && url.scheme() == "http" {
        return Err(failure(place, &format!("it redirects from https to plain http at {}", host(&url))));
    }
    Ok(url)
}

/// A download that failed after the service had answered: the image is bought, and its link may work again.
pub(crate) fn failure(place: &str, what: &str) -> Error {
    Error::new(Kind::Download, Outcome::Done, format!("{place} cannot be downloaded: {what}"))
        .with_remedy("The image is made and paid for; its link works for a limited time")
}

fn acceptable(url: &Url) -> Result<(), &'static str> {
    if !matches!(url.scheme(), "http" | "https") {
        return Err("neither http nor https");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("an address with a user or a password");
    }
    // Private and link-local addresses will be refused here by name and, by what the name resolves to, on connecting.
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absolute_http_addresses_alone_are_followed() {
        for link in [
            "",
            "CANARY.png",
            "/CANARY.png",
            "//CANARY.example/x",
            "file:///etc/CANARY",
            "ftp://CANARY.example/x",
            "gopher://CANARY.example/x",
            "javascript:CANARY()",
            "http://",
            "https://CANARY@example.com/x",
            "https://user:CANARY@example.com/x?sig=CANARY",
        ] {
            let error = source(link, "data[1].url").unwrap_err();
            let shown = format!("{error} {error:?}");
            assert!(shown.contains("data[1].url"), "{shown}");
            assert!(!shown.contains("CANARY"), "{shown}");
            assert_eq!((error.kind(), error.outcome()), (Kind::Download, Outcome::Done));
        }
        for link in ["https://example.com/a.png?sig=1", "http://127.0.0.1:8/x", "HTTPS://EXAMPLE.com"] {
            assert!(matches!(source(link, "x").unwrap(), Source::Remote(_)), "{link}");
        }
    }

    #[test]
    fn data_links_are_decoded() {
        assert_eq!(source("data:image/png;base64,Zm9v", "x").unwrap(), Source::Inline("foo".into()));
        assert_eq!(source("data:text/html,<b>", "x").unwrap_err().kind(), Kind::Decode);
    }

    #[test]
    fn redirects_are_judged_like_links() {
        let from = Url::parse("https://a.example/x/y?sig=1").unwrap();
        for (location, expected) in [
            ("z", "https://a.example/x/z"),
            ("/z", "https://a.example/z"),
            ("//b.example/z", "https://b.example/z"),
            ("https://b.example/", "https://b.example/"),
        ] {
            assert_eq!(redirect(&from, location, "x").unwrap().as_str(), expected);
        }
        for location in
            ["http://a.example/", "file:///etc/passwd", "https://u:p@b.example/", "https://", "data:,x"]
        {
            assert_eq!(redirect(&from, location, "x").unwrap_err().kind(), Kind::Download, "{location}");
        }
    }

    #[test]
    fn a_source_never_shows_its_query_or_bytes() {
        let remote = source("https://example.com/CANARY?sig=CANARY", "x").unwrap();
        assert_eq!(format!("{remote:?}"), "Remote(example.com)");
        assert_eq!(format!("{:?}", Source::Inline("CANARY".into())), "Inline(6 bytes)");
    }
}
