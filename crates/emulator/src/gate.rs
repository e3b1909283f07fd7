//! What every request must pass: a short address, and a host that is this machine.

use std::{net::SocketAddr, sync::Arc};

use axum::{
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, Response, StatusCode, header, uri::Authority},
    middleware::Next,
};

use crate::{
    refuse::{Refusal, Style},
    server::Shared,
};

/// The longest path with its query, in bytes.
const MAX_URI: usize = 8 << 10;

pub(crate) async fn pass(State(shared): State<Arc<Shared>>, request: Request, next: Next) -> Response<Body> {
    if request.uri().path_and_query().is_some_and(|address| address.as_str().len() > MAX_URI) {
        let message = format!("The address is longer than {MAX_URI} bytes.");
        return Refusal::new(StatusCode::URI_TOO_LONG, "uri_too_long", message).into_response(Style::OpenAi);
    }
    if !is_expected(shared.address, request.headers()) {
        // A page whose name was made to lead here (DNS rebinding) still sends its own name.
        let message = "The emulator listens on this machine alone and answers to localhost.";
        return Refusal::invalid("invalid_host", message).into_response(Style::OpenAi);
    }
    next.run(request).await
}

/// On the loopback interface only names of this machine are expected; elsewhere any name is.
fn is_expected(address: SocketAddr, headers: &HeaderMap) -> bool {
    let mut hosts = headers.get_all(header::HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else { return false };
    let Some(authority) = host.to_str().ok().and_then(|host| host.parse::<Authority>().ok()) else {
        return false;
    };
    if authority.as_str().contains('@') {
        return false;
    }
    !address.ip().is_loopback() || is_local(authority.host())
}

fn is_local(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    if let Ok(address) = bare.parse::<std::net::IpAddr>() {
        return address.is_loopback();
    }
    let name = host.trim_end_matches('.').to_ascii_lowercase();
    name == "localhost" || name.ends_with(".localhost")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loopback_server_answers_to_names_of_this_machine() {
        let local: SocketAddr = "127.0.0.1:8080".parse().expect("an address");
        let open: SocketAddr = "192.0.2.1:8080".parse().expect("an address");
        let named = |host: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, host.parse().expect("a value"));
            headers
        };
        for host in [
            "localhost",
            "LOCALHOST:1",
            "localhost.",
            "app.localhost:80",
            "127.0.0.1:8080",
            "127.9.9.9",
            "[::1]:80",
        ] {
            assert!(is_expected(local, &named(host)), "{host}");
        }
        for host in [
            "example.com",
            "localhost.example.com",
            "127.0.0.1.example.com",
            "evil@localhost",
            "192.0.2.1",
            "",
        ] {
            assert!(!is_expected(local, &named(host)), "{host}");
        }
        assert!(is_expected(open, &named("example.com")));
        assert!(!is_expected(open, &HeaderMap::new()));
        let mut two = named("localhost");
        two.append(header::HOST, "example.com".parse().expect("a value"));
        assert!(!is_expected(local, &two));
    }
}
