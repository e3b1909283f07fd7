//! What stands beside the services: their documents, the pages for watching and steering, and what browsers ask first.

use imagewire_emulator::Emulator;
use imagewire_tests::http::{Answer, send};
use imagewire_types::operations::OPERATIONS;
use serde_json::{Value, json};

async fn call(method: &'static str, url: String, headers: &'static [(&str, &str)], body: &str) -> Answer {
    let body = body.to_owned();
    let send = move || send(method, &url, headers, body.as_bytes()).expect("an answer");
    tokio::task::spawn_blocking(send).await.expect("no panic")
}

fn at(emulator: &Emulator, path: &str) -> String {
    format!("http://{}{path}", emulator.address())
}

/// The documents are those that are published, and lead to the emulator: what reads them must not call the service.
#[tokio::test]
async fn documents_lead_to_the_emulator() {
    let emulator = Emulator::builder().start().await.expect("a port");
    for operation in OPERATIONS {
        let dialect = operation.dialect;
        let mut served = call("GET", at(&emulator, &format!("/openapi/{dialect}.json")), &[], "").await.json();
        let mut published: Value =
            serde_json::from_str(imagewire_validate::documents::openapi(dialect).expect("a document")).expect("JSON");
        let server = served["servers"][0]["url"].as_str().expect("a server").to_owned();
        assert!(server.starts_with(&at(&emulator, "")), "{server}");
        if let Some(base) = emulator.base_url(dialect) {
            assert_eq!(server, base);
        }
        served["servers"] = Value::Null;
        published["servers"] = Value::Null;
        assert_eq!(served, published, "{dialect}");
    }
    let first = |answer: Answer| answer.json()["info"]["title"].clone();
    let own = call("GET", at(&emulator, "/openapi.json"), &[], "").await;
    let fastapi = call("GET", at(&emulator, "/openapi/fastapi.json"), &[], "").await;
    assert_eq!(own.body, fastapi.body, "{}", first(own));
    let openai = Emulator::builder().dialect("openai").expect("a service").start().await.expect("a port");
    assert_eq!(first(call("GET", at(&openai, "/openapi.json"), &[], "").await), "OpenAI");
    assert_eq!(call("GET", at(&emulator, "/openapi/nobody.json"), &[], "").await.status, 404);
}

/// Of several services at one path one is served, and the others have no address.
#[tokio::test]
async fn a_service_behind_another_has_no_address() {
    let emulator = Emulator::builder().start().await.expect("a port");
    assert!(emulator.base_url("fastapi").is_some() && emulator.base_url("azure-v1").is_some());
    assert_eq!((emulator.base_url("openai"), emulator.base_url("nobody")), (None, None));
    let openai = Emulator::builder().dialect("openai").expect("a service").start().await.expect("a port");
    assert!(openai.base_url("openai").is_some() && openai.base_url("fastapi").is_none());
}

/// Pages of other sites may use the services, and not what watches and steers.
#[tokio::test]
async fn browsers_may_use_the_services() {
    let emulator = Emulator::builder().admin(true).start().await.expect("a port");
    let asks: &[(&str, &str)] = &[
        ("origin", "http://localhost:3000"),
        ("access-control-request-method", "POST"),
        ("access-control-request-headers", "authorization,content-type"),
    ];
    let images = at(&emulator, "/v1/images/generations");
    let allowed = call("OPTIONS", images.clone(), asks, "").await;
    assert_eq!((allowed.status, allowed.header("access-control-allow-origin")), (200, Some("*")));
    assert!(allowed.header("access-control-allow-methods").is_some_and(|methods| methods.contains("POST")));
    assert_eq!(allowed.header("access-control-allow-headers"), Some("authorization,content-type"));
    assert_eq!(emulator.ledger().requests(), 0, "a question is no request for images");

    let from: &[(&str, &str)] = &[("origin", "http://localhost:3000"), ("authorization", "Bearer k")];
    let answer = call("POST", images, from, &json!({ "prompt": "x", "size": "256x256" }).to_string()).await;
    assert_eq!((answer.status, answer.header("access-control-allow-origin")), (200, Some("*")));
    let link = answer.json()["data"][0]["url"].as_str().expect("a link").to_owned();
    assert_eq!(call("GET", link, from, "").await.header("access-control-allow-origin"), Some("*"));

    for path in ["/_emulator/ledger", "/_emulator/scenarios"] {
        for (method, headers) in [("OPTIONS", asks), ("GET", from)] {
            let answer = call(method, at(&emulator, path), headers, "").await;
            assert_eq!(answer.header("access-control-allow-origin"), None, "{method} {path}");
        }
    }
}

#[tokio::test]
async fn watching_and_steering_want_the_key_that_the_services_want() {
    let emulator = Emulator::builder().admin(true).api_key("the key").start().await.expect("a port");
    let ledger = at(&emulator, "/_emulator/ledger");
    for (headers, status) in [
        (&[][..], 401),
        (&[("authorization", "Bearer another")][..], 401),
        (&[("authorization", "Bearer the key")][..], 200),
        (&[("api-key", "the key")][..], 200),
    ] {
        assert_eq!(call("GET", ledger.clone(), headers, "").await.status, status, "{headers:?}");
    }
    let open = Emulator::builder().admin(true).start().await.expect("a port");
    assert_eq!(call("GET", at(&open, "/_emulator/ledger"), &[], "").await.status, 200);
}

/// A refusal tells what was found, and never so much that a client could not read it.
#[tokio::test]
async fn what_was_found_fits_a_header() {
    let emulator = Emulator::builder().start().await.expect("a port");
    let body = format!(r#"{{"prompt":"x","{}":1}}"#, "a".repeat(900_000));
    let keys: &[(&str, &str)] = &[("authorization", "Bearer k")];
    let answer = call("POST", at(&emulator, "/v1/images/generations"), keys, &body).await;
    let found = answer.header("x-emulator-finding").expect("a finding");
    assert!(answer.status == 400 && found.starts_with("unknown_member; pointer=/aaa") && found.len() < 200);
}

/// A name that is no text is no deployment, and Azure says so in its own envelope. Links that somebody made are no links.
#[tokio::test]
async fn addresses_that_nobody_can_read() {
    let emulator = Emulator::builder().start().await.expect("a port");
    let azure = at(&emulator, "/openai/deployments/%FF/images/generations?api-version=1");
    let answer = call("POST", azure, &[("api-key", "k")], "{}").await;
    assert_eq!((answer.status, answer.json()["error"]["code"].clone()), (404, json!("404")));
    let without = at(&emulator, "/openai/deployments/d/images/generations");
    let answer = call("POST", without, &[("api-key", "k")], "{}").await;
    assert_eq!((answer.status, answer.json()), (404, json!({ "error": { "code": "404", "message": "Resource not found" } })));
    // ["x",5000,5000,"png",null,false,0,0]
    let forged = at(&emulator, "/images/WyJ4Iiw1MDAwLDUwMDAsInBuZyIsbnVsbCxmYWxzZSwwLDBd.png?se=99999999999&sig=x");
    assert_eq!(call("GET", forged, &[], "").await.status, 404);
}
