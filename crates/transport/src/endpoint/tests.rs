use imagewire_types::operations::{AZURE, FASTAPI, HICAP, OPENAI, TRUEFOUNDRY};

use super::*;
use crate::{Kind, Outcome};

fn hicap() -> Endpoint {
    Endpoint::new(&HICAP).parameter("api-version", "2025-01-01-preview")
}

#[test]
fn addresses_of_the_services() {
    for (endpoint, expected) in [
        (Endpoint::new(&FASTAPI), "https://api.fastapi.ai/v1/images/generations"),
        (Endpoint::new(&OPENAI), "https://api.openai.com/v1/images/generations"),
        (
            hicap().parameter("deploymentId", "dalle-deployment"),
            "https://api.hicap.ai/v1/deployments/dalle-deployment/images/generations?api-version=2025-01-01-preview",
        ),
        (
            Endpoint::new(&TRUEFOUNDRY).base_url("https://tfy.example.com/api/llm"),
            "https://tfy.example.com/api/llm/images/generations",
        ),
        (
            Endpoint::new(&FASTAPI).base_url("http://127.0.0.1:8080"),
            "http://127.0.0.1:8080/images/generations",
        ),
        (Endpoint::new(&FASTAPI).base_url("http://[::1]:8/v1///"), "http://[::1]:8/v1/images/generations"),
    ] {
        assert_eq!(endpoint.url().unwrap().as_str(), expected);
    }
}

#[test]
fn a_path_value_is_one_segment() {
    for (value, expected) in [
        ("a b", "a%20b"),
        ("a/../b", "a%2F..%2Fb"),
        ("a?b#c", "a%3Fb%23c"),
        ("%2e%2e", "%252e%252e"),
        ("é", "%C3%A9"),
        ("...", "..."),
        (r"a\b", "a%5Cb"),
    ] {
        let url = hicap().parameter("deploymentId", value).url().unwrap();
        assert_eq!(url.path(), format!("/v1/deployments/{expected}/images/generations"), "{value:?}");
    }
}

#[test]
fn a_query_value_stays_in_its_place() {
    let url = hicap().parameter("deploymentId", "d").parameter("api-version", "1&admin=1#x").url().unwrap();
    assert_eq!(url.query(), Some("api-version=1%26admin%3D1%23x"));
}

#[test]
fn missing_and_unknown_parameters_are_named() {
    for (endpoint, expected) in [
        (
            hicap(),
            "`deploymentId`. Deployment id of the DALL·E model which was deployed. For example: dalle-deployment",
        ),
        (hicap().parameter("deploymentId", ""), "`deploymentId`"),
        (hicap().parameter("deploymentId", ".."), "`deploymentId` has a value that cannot"),
        (hicap().parameter("deploymentId", ".\t."), "`deploymentId` has a value that cannot"),
        (Endpoint::new(&HICAP).parameter("deploymentId", "d"), "`api-version`"),
        (Endpoint::new(&FASTAPI).parameter("api-version", "1"), "fastapi.ai has no parameter `api-version`"),
        (hicap().parameter("deployment", "d"), "The parameters are `deploymentId` and `api-version`"),
    ] {
        let error = endpoint.url().unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
        assert_eq!((error.kind(), error.outcome()), (Kind::Configuration, Outcome::NotSent));
    }
}

#[test]
fn unusable_base_urls_say_why_and_are_not_repeated() {
    for (base_url, expected) in [
        ("", "does not begin with http"),
        ("CANARY.example.com/v1", "does not begin with http"),
        ("https:CANARY.example.com", "does not begin with http"),
        (r"http:\\CANARY.example.com", "does not begin with http"),
        ("ftp://CANARY.example.com", "does not begin with http"),
        ("file:///CANARY", "does not begin with http"),
        ("https://", "empty host"),
        ("https://CANARY@example.com", "user or a password"),
        ("https://user:CANARY@example.com", "user or a password"),
        ("https://example.com/v1?key=CANARY", "query or a fragment"),
        ("https://example.com/v1#CANARY", "query or a fragment"),
        ("https://example.com/v1\n", "control characters"),
        (" https://example.com", "blanks"),
        ("https://{controlPlaneURL}/api/llm", "placeholder"),
        ("https://example.com/v1/images/generations/", "is appended"),
        ("https://example.com:99999", "port"),
    ] {
        let endpoint = Endpoint::new(&FASTAPI).base_url(base_url);
        let error = endpoint.url().unwrap_err();
        assert!(error.to_string().contains(expected), "{base_url:?}: {error}");
        let shown = format!("{error} {error:?} {endpoint:?}");
        assert!(!shown.to_lowercase().contains("canary"), "{shown}");
    }
}

#[test]
fn an_address_with_a_placeholder_needs_a_base_url() {
    let error = Endpoint::new(&TRUEFOUNDRY).url().unwrap_err().to_string();
    for expected in ["TrueFoundry", "{controlPlaneURL}", "TFY_BASE_URL or TFY_HOST"] {
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn a_credential_does_not_leave_over_plain_http() {
    let endpoint = |base_url: &str| {
        Endpoint::new(&FASTAPI).base_url(base_url).credential(Secret::new("CANARY").unwrap()).url()
    };
    for base_url in [
        "http://example.com",
        "http://192.168.0.1",
        "http://127.0.0.1.example.com",
        "http://localhost.example",
    ] {
        assert_eq!(endpoint(base_url).unwrap_err().kind(), Kind::Configuration, "{base_url}");
    }
    for base_url in [
        "http://127.0.0.1:1",
        "http://127.9.9.9",
        "http://localhost",
        "http://LOCALHOST.",
        "http://a.localhost",
        "http://[::1]",
        "http://[::ffff:127.0.0.1]",
        "https://example.com",
    ] {
        assert!(endpoint(base_url).is_ok(), "{base_url}");
    }
    let remote = Endpoint::new(&FASTAPI).base_url("http://example.com");
    assert!(remote.url().is_ok(), "without a credential there is nothing to protect");
    assert!(remote.credential(Secret::new("k").unwrap()).allow_http(true).url().is_ok());
}

#[test]
fn the_first_credential_of_the_service_decides() {
    for (operation, name, value) in
        [(&HICAP, "api-key", "CANARY"), (&OPENAI, "authorization", "Bearer CANARY")]
    {
        let endpoint = Endpoint::new(operation).credential(Secret::new("CANARY").unwrap());
        let (header, content) = endpoint.credential_header().unwrap().unwrap();
        assert_eq!((header.as_str(), content.to_str().unwrap()), (name, value));
        assert!(content.is_sensitive());
        let shown = format!("{endpoint:?} {content:?}");
        assert!(!shown.contains("CANARY"), "{shown}");
    }
    assert_eq!(Endpoint::new(&OPENAI).credential_header().unwrap(), None);
}

#[test]
fn a_token_can_go_where_the_service_takes_tokens() {
    let endpoint = Endpoint::new(&AZURE).credential(Secret::new("token").unwrap());
    let header =
        |endpoint: &Endpoint| endpoint.credential_header().unwrap().map(|(name, _)| name.to_string());
    assert_eq!(header(&endpoint).as_deref(), Some("api-key"));
    let endpoint = endpoint.credential_place(Credential::Bearer);
    assert_eq!(header(&endpoint).as_deref(), Some("authorization"));
}
