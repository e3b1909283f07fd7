//! The headers of an answer that are kept.

use crate::Private;

/// By name.
const KEPT: &[&str] = &[
    "apim-request-id",
    "content-type",
    "openai-processing-ms",
    "openai-version",
    "retry-after",
    "retry-after-ms",
    "www-authenticate",
    "x-api-request-id",
    "x-ms-client-request-id",
    "x-ms-error-code",
    "x-ms-rai-invoked",
    "x-ms-region",
    "x-ms-request-id",
    "x-request-id",
    "x-should-retry",
    "x-tfy-feedback-target-id",
];
/// By the beginning of the name.
const KEPT_FAMILY: &str = "x-ratelimit-";

/// Lower-case names, and values that are text, with what is private taken out.
pub(crate) fn kept(headers: &[(&str, &[u8])], private: &Private) -> Vec<(String, String)> {
    let is_kept = |name: &str| KEPT.contains(&name) || name.starts_with(KEPT_FAMILY);
    headers
        .iter()
        .map(|(name, value)| (name.to_ascii_lowercase(), value))
        .filter(|(name, _)| is_kept(name))
        .filter_map(|(name, value)| {
            let value = clean(&name, std::str::from_utf8(value).ok()?, private);
            Some((name, value))
        })
        .collect()
}

fn clean(name: &str, value: &str, private: &Private) -> String {
    let value = match name {
        // Its parameters name a tenant, an address or a scope.
        "www-authenticate" => value.split_whitespace().next().unwrap_or_default(),
        _ => value,
    };
    // Not all can send what stands for a query.
    private.taken_out_of(value).replace("?[…]", "?[...]")
}

/// Whether the body is compressed, so that nothing can be taken out of it.
pub(crate) fn is_compressed(headers: &[(&str, &[u8])]) -> bool {
    headers.iter().any(|(name, value)| {
        name.eq_ignore_ascii_case("content-encoding")
            && !value.is_empty()
            && !value.eq_ignore_ascii_case(b"identity")
    })
}

/// Whether a header can be sent as it stands.
pub(crate) fn is_usable(name: &str, value: &str) -> bool {
    let in_name = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_.".contains(&byte);
    !name.is_empty() && name.bytes().all(in_name) && !value.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_tells_something_is_kept() {
        let private = Private::new(Some("sk-CANARY-KEY"), None, None);
        let headers: [(&str, &[u8]); 12] = [
            ("Content-Type", b"application/json"),
            ("set-cookie", b"session=1"),
            ("x-ratelimit-remaining-images", b"4"),
            ("x-request-id", b"req-sk-CANARY-KEY-1"),
            ("location", b"https://a.example/?sig=1"),
            ("x-ms-region", b"\xff"),
            ("content-length", b"3"),
            ("X-MS-Error-Code", b"DeploymentNotFound"),
            ("x-ms-deployment-name", b"my-deployment"),
            ("x-ms-echo", b"anything"),
            ("www-authenticate", b"Bearer realm=\"https://tenant.example/1\", scope=\"x\""),
            ("x-api-request-id", b"https://a.example/x?sig=1"),
        ];
        let expected = [
            ("content-type", "application/json"),
            ("x-ratelimit-remaining-images", "4"),
            ("x-request-id", "req-[credential]-1"),
            ("x-ms-error-code", "DeploymentNotFound"),
            ("www-authenticate", "Bearer"),
            ("x-api-request-id", "https://a.example/x?[...]"),
        ];
        let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(kept(&headers, &private), expected);
    }

    #[test]
    fn compression_is_seen() {
        let one = |value: &'static str| [("Content-Encoding", value.as_bytes())];
        assert!(is_compressed(&one("gzip")));
        assert!(!is_compressed(&one("identity")) && !is_compressed(&one("")));
    }
}
