//! Names of download servers: resolved once, judged, and connected to as judged, so that a second answer of the name
//! service cannot lead elsewhere.

use std::{error::Error as StdError, fmt, io, net::SocketAddr, pin::Pin, sync::Arc};

use crate::download;

type Lookup =
    dyn Fn(String) -> Pin<Box<dyn Future<Output = io::Result<Vec<SocketAddr>>> + Send>> + Send + Sync;

/// Resolves names to addresses of the public internet alone.
#[derive(Clone)]
pub(super) struct Guard(Arc<Lookup>);

/// A name whose addresses all are forbidden. Which they are is not told: a link could be used to map a network.
#[derive(Debug)]
pub(super) struct Forbidden(&'static str);

impl Guard {
    /// Asks the system.
    pub(super) fn system() -> Self {
        Self::new(|name| Box::pin(async move { Ok(tokio::net::lookup_host((name, 0)).await?.collect()) }))
    }

    pub(super) fn new(
        lookup: impl Fn(String) -> Pin<Box<dyn Future<Output = io::Result<Vec<SocketAddr>>> + Send>>
        + Send
        + Sync
        + 'static,
    ) -> Self {
        Self(Arc::new(lookup))
    }

    pub(super) async fn resolve(
        &self,
        name: &str,
    ) -> Result<Vec<SocketAddr>, Box<dyn StdError + Send + Sync>> {
        let found = (self.0)(name.to_owned()).await?;
        let mut reason = None;
        let allowed: Vec<SocketAddr> = found
            .into_iter()
            .filter(|address| match download::forbidden(address.ip()) {
                Some(what) => {
                    reason = reason.or(Some(what));
                    false
                }
                None => true,
            })
            .collect();
        match reason {
            Some(what) if allowed.is_empty() => Err(Forbidden(what).into()),
            _ => Ok(allowed),
        }
    }

    /// Whether a name that somebody else will resolve leads inwards, as far as this machine knows.
    pub(super) async fn refuses(&self, name: &str) -> Option<Forbidden> {
        let error = self.resolve(name).await.err()?;
        error.downcast().ok().map(|forbidden| *forbidden)
    }
}

impl fmt::Display for Forbidden {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "the name leads to {}", self.0)
    }
}

impl StdError for Forbidden {}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    fn guard(addresses: &'static [&'static str]) -> Guard {
        Guard::new(move |_| {
            let addresses = addresses.iter().map(|address| address.parse().expect("an address")).collect();
            Box::pin(async move { Ok(addresses) })
        })
    }

    #[tokio::test]
    async fn inner_addresses_are_taken_out() {
        let mixed = guard(&["127.0.0.1:0", "8.8.8.8:0", "[::1]:0", "[2606:4700::1]:0"]);
        let allowed = mixed.resolve("x.example").await.unwrap();
        assert_eq!(allowed, ["8.8.8.8:0".parse().unwrap(), "[2606:4700::1]:0".parse().unwrap()]);
        assert!(guard(&[]).resolve("x.example").await.unwrap().is_empty());
    }

    /// c4: behind a proxy, which may know names that this machine does not.
    #[tokio::test]
    async fn names_for_a_proxy_are_refused_when_they_are_known_to_lead_inwards() {
        assert!(guard(&["169.254.169.254:0"]).refuses("x.example").await.is_some());
        assert!(guard(&["8.8.8.8:0", "10.0.0.1:0"]).refuses("x.example").await.is_none());
        let unknown = Guard::new(|_| Box::pin(async { Err(io::ErrorKind::NotFound.into()) }));
        assert!(unknown.refuses("x.example").await.is_none());
    }

    /// c6: a name that leads elsewhere at the second question is asked again only for another connection, and judged again.
    #[tokio::test]
    async fn what_was_judged_is_what_is_connected_to() {
        let asked = Arc::new(AtomicUsize::new(0));
        let questions = Arc::clone(&asked);
        let fickle = Guard::new(move |_| {
            let first = questions.fetch_add(1, Ordering::SeqCst) == 0;
            let address = if first { "8.8.8.8:0" } else { "127.0.0.1:0" };
            Box::pin(async move { Ok(vec![address.parse().expect("an address")]) })
        });
        assert_eq!(fickle.resolve("x.example").await.unwrap(), ["8.8.8.8:0".parse().unwrap()]);
        assert_eq!(
            asked.load(Ordering::SeqCst),
            1,
            "the addresses that are handed on are those of the one answer"
        );
        assert!(fickle.resolve("x.example").await.unwrap_err().is::<Forbidden>());
    }

    #[tokio::test]
    async fn a_name_with_nothing_else_is_refused_without_naming_the_address() {
        for address in [
            &["127.0.0.1:0"],
            &["10.1.2.3:0"],
            &["169.254.169.254:0"],
            &["100.64.0.1:0"],
            &["224.0.0.1:0"],
            &["[fd00::1]:0"],
            &["[::ffff:8.8.8.8]:0"],
            &["[64:ff9b::808:808]:0"],
            &["[2002:808:808::1]:0"],
        ] {
            let error = guard(address).resolve("x.example").await.unwrap_err();
            let what = error.downcast_ref::<Forbidden>().unwrap().to_string();
            assert!(what.starts_with("the name leads to "), "{what}");
            assert!(!what.contains(address[0].trim_end_matches(":0")), "{what}");
        }
    }
}
