//! Private values that must not be found anywhere.
#![allow(dead_code, reason = "each test program uses a part of it")]

use std::fmt::Write as _;

use imagewire_transport::{Client, Endpoint, Error, Secret, operations};

pub(crate) const KEY: &str = "sk-CANARY-KEY";
pub(crate) const PROMPT: &str = "CANARY-PROMPT of a corgi";

pub(crate) fn endpoint_at(base: &str) -> Endpoint {
    Endpoint::new(&operations::FASTAPI)
        .base_url(base)
        .credential(Secret::new(KEY).expect("a usable key"))
        .header("x-team", "CANARY-TEAM")
}

pub(crate) fn client_at(base: &str) -> Client {
    Client::new(endpoint_at(base)).expect("a client for plain http")
}

/// Everything that an error can say: it, its attempts, its sources, and what came in part.
pub(crate) fn shown(error: &Error) -> String {
    let mut shown = format!("{error} {error:?} {error:#?} {:?} {:?}", error.attempts(), error.partial());
    let mut source = std::error::Error::source(error);
    while let Some(inner) = source {
        write!(shown, " {inner} {inner:?}").expect("memory");
        source = inner.source();
    }
    shown
}

pub(crate) fn assert_private(error: &Error) {
    assert_clean(&shown(error));
}

/// For whatever a person or a program may come to read.
pub(crate) fn assert_clean(shown: &str) {
    // A word of the canary in base64, in hexadecimal and in reverse as well.
    for private in ["CANARY", "Q0FOQVJZ", "43414e415259", "YRANAC", "/v1/images/generations"] {
        assert!(!shown.contains(private), "{private} in {shown}");
    }
}

/// The check above finds what it looks for.
#[test]
#[should_panic(expected = "CANARY in")]
fn a_leak_is_found() {
    let error = Secret::new("sk\n").map(drop).expect_err("a line break");
    assert_private(&error);
    let leaking =
        Endpoint::new(&operations::FASTAPI).parameter("CANARY", "x").url().expect_err("no such parameter");
    assert_private(&leaking);
}
