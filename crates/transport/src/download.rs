//! Which links of an answer may be followed. The links come from the service, and so from outside: nothing but the
//! bytes they lead to is used, and nothing is sent to them but a plain request.

mod address;

use std::{fmt, time::Duration};

use imagewire_types::Base64;
use url::Url;

use crate::{
    Error, Kind, Outcome, Source, decode,
    endpoint::{host, is_loopback},
};

pub use address::forbidden;

/// The largest image that is downloaded, in bytes.
pub const MAX_BYTES: u64 = 64 << 20;
/// How many redirects of a download are followed.
pub const MAX_REDIRECTS: usize = 3;
/// The time for one image, redirects and repetitions included.
pub const DEADLINE: Duration = Duration::from_secs(120);
/// How often a download is tried in all: it costs nothing, unlike the image.
pub const ATTEMPTS: u32 = 3;
/// How long a download may go without a byte.
pub const IDLE: Duration = Duration::from_secs(20);

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

/// Which links a client follows. The origin that requests are sent to may be anything, such as a test server on this
/// machine; so may the origins that the caller lists. All others must be https, and must not lead to this machine or a
/// private network.
///
/// A host's name says little about its address: whoever connects has to look at what it resolves to as well, with
/// [`forbidden`], and to connect to what was looked at.
#[derive(Clone)]
pub struct Links {
    own: Url,
    listed: Vec<Url>,
}

/// How a link may be followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Access {
    /// It is the endpoint's own, or listed: whatever address it has.
    Trusted,
    /// To addresses of the public internet alone.
    Guarded,
}

impl Links {
    /// The links of answers from that address.
    #[must_use]
    pub fn new(endpoint: &Url) -> Self {
        Self { own: endpoint.clone(), listed: Vec::new() }
    }

    /// Allows an origin, such as `http://10.0.0.5:9000`: scheme, host, and port unless it is the scheme's own.
    ///
    /// # Errors
    /// [`Kind::Configuration`] when the text is more or less than that.
    pub fn allow(mut self, origin: &str) -> Result<Self, Error> {
        let unusable = |why| {
            let what = format!("The origin that downloads are allowed from cannot be used: it {why}");
            Error::configuration(what, "An example of its form: https://images.example.com")
        };
        let url = Url::parse(origin).map_err(|_| unusable("is no address"))?;
        acceptable(&url).map_err(|_| unusable("is not http or https, or names a user"))?;
        if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
            return Err(unusable("contains more than scheme, host and port"));
        }
        self.listed.push(url);
        Ok(self)
    }

    /// Judges a link.
    ///
    /// # Errors
    /// [`Kind::Download`], [`Outcome::Done`]: the image is bought, and the caller may fetch it in another way.
    pub fn follow(&self, url: &Url, place: &str) -> Result<Access, Error> {
        self.judge(url).map_err(|why| failure(place, &format!("it {why}")))
    }

    /// Judges the address that a download is redirected to, like a link.
    ///
    /// # Errors
    /// [`Kind::Download`], also when the redirect gives up encryption.
    pub fn redirect(&self, from: &Url, location: &str, place: &str) -> Result<(Url, Access), Error> {
        let url = from.join(location).map_err(|_| failure(place, "it redirects to no address"))?;
        acceptable(&url)
            .map_err(|why| failure(place, &format!("it redirects to an address that is {why}")))?;
        if from.scheme() == "https" && url.scheme() == "http" {
            let what = format!("it redirects from https to plain http at {}", host(&url));
            return Err(failure(place, &what));
        }
        let access = self
            .judge(&url)
            .map_err(|why| failure(place, &format!("it redirects to an address that {why}")))?;
        Ok((url, access))
    }

    fn judge(&self, url: &Url) -> Result<Access, String> {
        let listed = self.listed.iter().any(|known| known.origin() == url.origin());
        if listed || self.own.origin() == url.origin() || self.is_same_port_here(url) {
            return Ok(Access::Trusted);
        }
        if let Some(what) = address::forbidden_host(url) {
            return Err(format!("leads to {what}, at {}", host(url)));
        }
        if url.scheme() != "https" {
            return Err(format!("is not encrypted: plain http at {}", host(url)));
        }
        Ok(Access::Guarded)
    }

    /// A server on this machine may call itself by another of the machine's names.
    fn is_same_port_here(&self, url: &Url) -> bool {
        let port = |url: &Url| (url.scheme().to_owned(), url.port_or_known_default());
        is_loopback(&self.own) && is_loopback(url) && port(&self.own) == port(url)
    }
}

/// The hosts alone.
impl fmt::Debug for Links {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let listed: Vec<String> = self.listed.iter().map(host).collect();
        formatter.debug_struct("Links").field("own", &host(&self.own)).field("listed", &listed).finish()
    }
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
    Ok(())
}

#[cfg(test)]
mod tests;
