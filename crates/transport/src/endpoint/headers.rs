//! Headers that a caller adds to every request.

use http::{HeaderName, HeaderValue, header};

use super::Endpoint;
use crate::{Error, http::USER_AGENT};

/// Headers that the exchange itself consists of, or that are set in other ways.
const OURS: &[HeaderName] = &[
    header::ACCEPT,
    header::ACCEPT_ENCODING,
    header::CONNECTION,
    header::CONTENT_ENCODING,
    header::CONTENT_LENGTH,
    header::CONTENT_TYPE,
    header::EXPECT,
    header::HOST,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    header::USER_AGENT,
];
/// Words in a name that say that the value is a credential. It belongs into a `Secret`, which is kept out of every
/// output.
const CREDENTIAL_WORDS: &[&str] = &[
    "apikey",
    "auth",
    "authentication",
    "authorization",
    "bearer",
    "cookie",
    "cookie2",
    "credential",
    "credentials",
    "passwd",
    "password",
    "secret",
    "signature",
    "token",
];
/// The same for two words; `key` alone would refuse `Idempotency-Key`.
const CREDENTIAL_PAIRS: &[&str] = &["access-key", "api-key", "private-key", "subscription-key"];
/// The longest value, in bytes; services refuse longer heads.
const LONGEST: usize = 8 << 10;

impl Endpoint {
    /// Adds a header to every request, such as one that a gateway routes by; a later value replaces an earlier one.
    ///
    /// Names that sound like a credential are refused, as are those of the exchange itself. Downloads do not get it.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        let name = name.into();
        self.headers.retain(|(known, _)| !known.eq_ignore_ascii_case(&name));
        self.headers.push((name, value.into()));
        self
    }

    /// Replaces the `User-Agent`, [`USER_AGENT`] by default.
    #[must_use]
    pub fn user_agent(mut self, text: impl Into<String>) -> Self {
        self.user_agent = Some(text.into());
        self
    }

    /// The added headers and the user agent.
    pub(crate) fn extra_headers(&self) -> Result<Vec<(HeaderName, HeaderValue)>, Error> {
        let mut headers = vec![(header::USER_AGENT, self.agent()?)];
        for (name, value) in &self.headers {
            headers.push(usable(name, value)?);
        }
        Ok(headers)
    }

    fn agent(&self) -> Result<HeaderValue, Error> {
        let text = self.user_agent.as_deref().unwrap_or(USER_AGENT);
        let unusable =
            || Error::configuration("The user agent cannot stand in a header", "Use visible ASCII");
        if text.is_empty() || text.len() > LONGEST || !text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
            return Err(unusable());
        }
        HeaderValue::from_str(text).map_err(|_| unusable())
    }
}

/// Errors name the header, never its value.
fn usable(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), Error> {
    let shown = crate::error::clip(name, 60);
    let refuse =
        |why: &str, remedy: &str| Error::configuration(format!("The extra header `{shown}` {why}"), remedy);
    let Ok(parsed) = HeaderName::try_from(name) else {
        return Err(refuse("has no valid name", "Use letters, digits and hyphens"));
    };
    if OURS.contains(&parsed) {
        return Err(refuse("belongs to the exchange itself", "Leave it out"));
    }
    let plain = parsed.as_str().replace('_', "-");
    if plain.split('-').any(|word| CREDENTIAL_WORDS.contains(&word))
        || CREDENTIAL_PAIRS.iter().any(|pair| plain.contains(pair))
    {
        return Err(refuse("sounds like a credential", "Give the key as the credential of the endpoint"));
    }
    if value.len() > LONGEST || !value.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return Err(refuse("has a value that cannot stand in a header", "Use visible ASCII, 8 KiB at most"));
    }
    let mut value = HeaderValue::from_str(value)
        .map_err(|_| refuse("has a value that cannot stand in a header", "Use visible ASCII"))?;
    // A name may be harmless and a value private all the same.
    value.set_sensitive(true);
    Ok((parsed, value))
}

#[cfg(test)]
mod tests {
    use imagewire_types::operations::FASTAPI;

    use super::*;
    use crate::{Kind, Outcome};

    #[test]
    fn refused_headers_are_named_and_their_values_are_not() {
        for name in [
            "Authorization",
            "proxy-authorization",
            "api-key",
            "X-API-Key",
            "x_api_key",
            "Ocp-Apim-Subscription-Key",
            "cookie",
            "X-Auth-Token",
            "x-amz-security-token",
            "Client-Secret",
            "host",
            "Content-Length",
            "transfer-encoding",
            "connection",
            "user-agent",
            "accept-encoding",
            "expect",
            "",
            "a b",
            "a:b",
            "x\r\ny",
            "ü",
        ] {
            let endpoint = Endpoint::new(&FASTAPI).header(name, "CANARY");
            let error = endpoint.extra_headers().unwrap_err();
            assert_eq!((error.kind(), error.outcome()), (Kind::Configuration, Outcome::NotSent), "{name}");
            assert!(!format!("{error} {error:?} {endpoint:?}").contains("CANARY"), "{error:?}");
        }
        for value in ["a\r\nb", "a\nb", "a\0b", "é", "\u{7f}", &"x".repeat(LONGEST + 1)] {
            assert!(Endpoint::new(&FASTAPI).header("x-a", value).extra_headers().is_err(), "{value:?}");
            assert!(Endpoint::new(&FASTAPI).user_agent(value).extra_headers().is_err(), "{value:?}");
        }
    }

    #[test]
    fn a_later_value_replaces_an_earlier_one() {
        let endpoint = Endpoint::new(&FASTAPI)
            .header("X-Team", "CANARY-1")
            .header("x-team", "CANARY-2")
            .header("x-empty", "")
            .header("Idempotency-Key", "1")
            .header("x-author", "a")
            .user_agent("corgi/1 (a test)");
        let headers = endpoint.extra_headers().unwrap();
        let shown: Vec<_> = headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
        let expected: [(&str, &[u8]); 5] = [
            ("user-agent", b"corgi/1 (a test)"),
            ("x-team", b"CANARY-2"),
            ("x-empty", b""),
            ("idempotency-key", b"1"),
            ("x-author", b"a"),
        ];
        assert_eq!(shown, expected);
        assert!(!format!("{endpoint:?} {headers:?}").contains("CANARY"), "{endpoint:?}");
    }
}
