//! What a service says about waiting: one header a line, a blank line, then the body. Whatever it says, a wait is never
//! shorter than it asked, never longer than is ever waited, and never past the deadline.
#![no_main]

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use imagewire_transport::{
    Endpoint, Policy,
    http::read,
    operations,
    retry::{Budget, Decision, Failure, LONGEST_WAIT, Situation, decide},
};
use imagewire_types::CreateImageRequest;
use libfuzzer_sys::fuzz_target;

/// The times that a call may take, in seconds.
const DEADLINES: [u64; 4] = [0, 1, 121, 600];

fuzz_target!(|input: &[u8]| {
    let (head, body) = match input.windows(2).position(|pair| pair == b"\n\n") {
        Some(at) => (&input[..at], &input[at + 2..]),
        None => (input, &b""[..]),
    };
    let mut headers = HeaderMap::new();
    for line in head.split(|byte| *byte == b'\n') {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { continue };
        let (name, value) = (HeaderName::from_bytes(&line[..colon]), HeaderValue::from_bytes(&line[colon + 1..]));
        if let (Ok(name), Ok(value)) = (name, value) {
            headers.append(name, value);
        }
    }
    let (endpoint, request) = (Endpoint::new(&operations::FASTAPI), CreateImageRequest::new("p"));
    let Err(error) = read(&endpoint, &request, StatusCode::TOO_MANY_REQUESTS, &headers, body) else {
        panic!("429 is an error");
    };
    let failure = Failure::of(&error);
    assert_ne!(failure.retry_after, Some(Duration::ZERO));
    for seconds in DEADLINES {
        let deadline = Duration::from_secs(seconds);
        let situation = Situation {
            attempt: 1,
            duplicates: 0,
            elapsed: Duration::ZERO,
            deadline,
            budget: Budget::CAPACITY,
        };
        for random in [0.0, 0.5, 1.0, f64::NAN] {
            if let Decision::Retry { after, .. } = decide(&Policy::default(), &failure, &situation, random) {
                let asked = failure.retry_after.unwrap_or_default();
                assert!(asked <= after && after < deadline && after <= LONGEST_WAIT.mul_f64(1.1));
            }
        }
    }
});
