//! The doctor: what each answer proves, and that asking costs nothing.

mod shell;

use serde_json::{Value, json};

use crate::shell::{Emulator, Home, json_answer, scripted};

fn status(object: &Value, name: &str) -> Value {
    let checks = object["checks"].as_array().expect("checks");
    checks.iter().rfind(|check| check["name"] == name).map_or(Value::Null, |check| check["status"].clone())
}

#[test]
fn without_a_key_the_built_in_emulator_is_explained_and_checked() {
    let home = Home::new();
    for dialect in ["fastapi", "hicap", "truefoundry", "openai", "azure", "azure-v1"] {
        let object = home.run(&[], &["doctor", "--dialect", dialect, "--json"]).object();
        assert_eq!(object["ok"], true, "{object}");
        assert_eq!((status(&object, "request"), status(&object, "billing")), (json!("ok"), json!("ok")));
        assert!(object.to_string().contains("would have billed 0 images"), "{object}");
    }
    let shown = home.run(&[], &["doctor"]);
    assert!(shown.stdout().contains("the built-in emulator serves"), "{}", shown.stdout());
    assert!(shown.stdout().contains(r#"{"n":0,"prompt":"","size":"1x1"}"#), "{}", shown.stdout());
}

#[test]
fn every_service_is_asked_without_buying_anything() {
    let home = Home::new();
    let emulator = Emulator::start();
    let services = [
        ("hicap", "v1"),
        ("hicap-v1", "v1"),
        ("fastapi", "v1"),
        ("fastapi-2026", "v1"),
        ("openai", "v1"),
        ("truefoundry", "api/llm"),
        ("azure", "openai"),
        ("azure-v1", "openai"),
    ];
    for (dialect, path) in services {
        let base_url = format!("{}/{path}", emulator.origin);
        let arguments =
            ["doctor", "--dialect", dialect, "--base-url", &base_url, "--api-key-env", "KEY", "--json"];
        let right = home.run(&[("KEY", "good")], &arguments);
        assert_eq!(right.code(), Some(0), "{dialect}: {}", right.stdout());
        assert_eq!(status(&right.object(), "credentials"), "ok");
        let wrong = home.run(&[("KEY", "CANARY")], &arguments);
        assert_eq!(wrong.code(), Some(4), "{dialect}: {}", wrong.stdout());
        let object = wrong.object();
        assert_eq!((&object["error"]["kind"], &object["ok"]), (&json!("authentication"), &json!(false)));
        assert!(!object.to_string().contains("CANARY"), "{object}");
        let missing = home.run(&[], &arguments);
        assert_eq!((missing.code(), missing.object()["sent"].clone()), (Some(4), Value::Null), "{dialect}");
    }
    assert_eq!(emulator.ledger().0, 0);
}

#[test]
fn each_answer_is_read_for_what_it_proves() {
    let home = Home::new();
    let error = |code: &str, message: &str| {
        format!("{{\"error\":{{\"code\":\"{code}\",\"message\":\"{message}\"}}}}")
    };
    for (http, body, exit, check, said) in [
        (
            "401 Unauthorized",
            error("401", "Access denied due to invalid subscription key"),
            4,
            "credentials",
            "check the key",
        ),
        ("403 Forbidden", error("Forbidden", "no access"), 4, "credentials", "ask for access"),
        (
            "404 Not Found",
            error("DeploymentNotFound", "The API deployment for this resource does not exist."),
            2,
            "deployment",
            "deployment \\\"draw\\\" is not there",
        ),
        ("404 Not Found", error("404", "Resource not found"), 2, "address", "it was made of base_url"),
        ("404 Not Found", String::new(), 2, "address", "--dialect azure-v1"),
        ("400 Bad Request", error("BadRequest", "API version not supported"), 2, "api-version", "documents"),
        (
            "400 Bad Request",
            error("invalid_value", "'size' is wrong"),
            0,
            "request",
            "reached and authorised",
        ),
        ("429 Too Many Requests", error("429", "slow down"), 0, "request", "try again"),
        ("302 Found\r\nlocation: https://elsewhere.example/", String::new(), 2, "address", "points to"),
        (
            "200 OK",
            "{\"created\":1,\"data\":[{\"b64_json\":\"iVBORw0KGgo=\"}]}".to_owned(),
            8,
            "request",
            "may have billed",
        ),
    ] {
        let origin = scripted(json_answer(http, &body));
        let ran = home.run(
            &[("AZURE_OPENAI_ENDPOINT", &origin), ("AZURE_OPENAI_API_KEY", "k")],
            &["doctor", "--dialect", "azure", "--deployment", "draw", "--json"],
        );
        let object = ran.object();
        assert_eq!(ran.code(), Some(exit), "{http}: {object}");
        let expected = match (exit, http) {
            (0, "429 Too Many Requests") => "warning",
            (0, _) => "ok",
            _ => "failed",
        };
        assert_eq!(status(&object, check), expected, "{http}: {object}");
        assert!(object.to_string().contains(said), "{http}: {object}");
    }
}

#[test]
fn what_cannot_be_reached_exits_with_7() {
    let home = Home::new();
    for (base_url, check) in [("http://127.0.0.1:1/v1", "tcp"), ("https://nobody.invalid/v1", "dns")] {
        let ran = home.run(
            &[("OPENAI_API_KEY", "k")],
            &["doctor", "--dialect", "openai", "--base-url", base_url, "--json"],
        );
        assert_eq!(ran.code(), Some(7), "{}", ran.stdout());
        let object = ran.object();
        assert_eq!((status(&object, check), &object["sent"]), (json!("failed"), &Value::Null), "{object}");
    }
    // Nothing but plain http is spoken there.
    let emulator = Emulator::start();
    let base_url = format!("{}/v1", emulator.origin.replace("http://", "https://"));
    let ran = home.run(
        &[("OPENAI_API_KEY", "k")],
        &["doctor", "--dialect", "openai", "--base-url", &base_url, "--json"],
    );
    assert_eq!((ran.code(), status(&ran.object(), "tls")), (Some(7), json!("failed")), "{}", ran.stdout());
}

/// As people paste them, then dialect, base URL, deployment, api-version, and a part of the remark; empty for none.
const PASTED: &[(&str, &str, &str, &str, &str, &str)] = &[
    ("https://r.openai.azure.com", "azure", "https://r.openai.azure.com/openai", "", "", ""),
    ("https://r.openai.azure.com/", "azure", "https://r.openai.azure.com/openai", "", "", ""),
    ("r.openai.azure.com", "azure", "https://r.openai.azure.com/openai", "", "", "no scheme"),
    ("https://R.OpenAI.Azure.com/openai/", "azure", "https://r.openai.azure.com/openai", "", "", ""),
    (
        "https://r.openai.azure.com/openai/deployments/d/images/generations?api-version=2025-04-01-preview",
        "azure",
        "https://r.openai.azure.com/openai",
        "d",
        "2025-04-01-preview",
        "",
    ),
    (
        "\"https://r.openai.azure.com/openai/deployments/my%20d/images/generations?API-Version=2024-02-01\",",
        "azure",
        "https://r.openai.azure.com/openai",
        "my d",
        "2024-02-01",
        "",
    ),
    (
        "https://r.openai.azure.com/openai/deployments/d",
        "azure",
        "https://r.openai.azure.com/openai",
        "d",
        "",
        "",
    ),
    (
        "https://r.openai.azure.com//openai//deployments/d/",
        "azure",
        "https://r.openai.azure.com/openai",
        "d",
        "",
        "",
    ),
    (
        "https://r.openai.azure.com/deployments/d",
        "azure",
        "https://r.openai.azure.com/openai",
        "d",
        "",
        "/openai is missing",
    ),
    (
        "https://r.openai.azure.com/openai/deployments/gpt/chat/completions?api-version=2024-10-21",
        "azure",
        "https://r.openai.azure.com/openai",
        "gpt",
        "2024-10-21",
        "another operation (chat/completions)",
    ),
    (
        "https://r.openai.azure.com/openai/images/generations:submit?api-version=2023-06-01-preview",
        "azure",
        "https://r.openai.azure.com/openai",
        "",
        "2023-06-01-preview",
        "switched off",
    ),
    ("https://r.openai.azure.com/openai/v1", "azure-v1", "https://r.openai.azure.com/openai", "", "", ""),
    (
        "https://r.openai.azure.com/openai/v1/images/generations?api-version=preview",
        "azure-v1",
        "https://r.openai.azure.com/openai",
        "",
        "preview",
        "",
    ),
    (
        "https://r.openai.azure.com/openai/v1/?api-version=2024-10-21",
        "azure-v1",
        "https://r.openai.azure.com/openai",
        "",
        "",
        "no dated api-version",
    ),
    (
        "https://r.services.ai.azure.com/openai/v1/",
        "azure-v1",
        "https://r.services.ai.azure.com/openai",
        "",
        "",
        "",
    ),
    (
        "https://r.services.ai.azure.com/api/projects/p",
        "azure",
        "https://r.services.ai.azure.com/openai",
        "",
        "",
        "Foundry project",
    ),
    (
        "https://r.cognitiveservices.azure.com/",
        "azure",
        "https://r.cognitiveservices.azure.com/openai",
        "",
        "",
        "",
    ),
    (
        "https://eastus.api.cognitive.microsoft.com/",
        "azure",
        "https://eastus.api.cognitive.microsoft.com/openai",
        "",
        "",
        "",
    ),
    (
        "https://r.openai.azure.us/openai/deployments/d",
        "azure",
        "https://r.openai.azure.us/openai",
        "d",
        "",
        "",
    ),
    (
        "https://gateway.example.com/team/openai/deployments/d/images/generations?api-version=2024-10-21&subscription-key=CANARY",
        "azure",
        "https://gateway.example.com/team/openai",
        "d",
        "2024-10-21",
        "replace that key",
    ),
    ("http://localhost:8080/openai/deployments/d", "azure", "http://localhost:8080/openai", "d", "", ""),
    (
        "https://user:CANARY@r.openai.azure.com/",
        "azure",
        "https://r.openai.azure.com/openai",
        "",
        "",
        "a user or a password",
    ),
    (
        "https://api.hicap.ai/v1/deployments/d/images/generations?api-version=2025-01-01-preview",
        "hicap",
        "https://api.hicap.ai/v1",
        "d",
        "2025-01-01-preview",
        "",
    ),
    ("https://api.hicap.ai", "hicap", "https://api.hicap.ai/v1", "", "", ""),
    ("https://api.hicap.ai/v1/images/generations", "hicap-v1", "https://api.hicap.ai/v1", "", "", ""),
    ("https://proxy.example/v1/deployments/d", "hicap", "https://proxy.example/v1", "d", "", ""),
    ("https://api.openai.com/v1/images/generations", "openai", "https://api.openai.com/v1", "", "", ""),
    ("api.openai.com", "openai", "https://api.openai.com/v1", "", "", "no scheme"),
    ("https://api.fastapi.ai/v1", "fastapi", "https://api.fastapi.ai/v1", "", "", ""),
    ("https://app.truefoundry.com", "truefoundry", "https://app.truefoundry.com/api/llm", "", "", ""),
    (
        "https://tfy.example.com/api/llm/images/generations",
        "truefoundry",
        "https://tfy.example.com/api/llm",
        "",
        "",
        "",
    ),
    (
        "https://gateway.truefoundry.ai/images/generations",
        "truefoundry-gateway",
        "https://gateway.truefoundry.ai",
        "",
        "",
        "",
    ),
    ("http://localhost:1234/v1/", "openai", "http://localhost:1234/v1", "", "", ""),
];

#[test]
fn pasted_addresses_are_taken_apart() {
    let home = Home::new();
    for &(pasted, dialect, base_url, deployment, api_version, remark) in PASTED {
        let object = home.run(&[], &["doctor", "--json", "--url", pasted]).object();
        let text = |name: &str| object[name].as_str().unwrap_or_default().to_owned();
        assert_eq!(
            (
                text("dialect").as_str(),
                text("base_url").as_str(),
                text("deployment").as_str(),
                text("api_version").as_str()
            ),
            (dialect, base_url, deployment, api_version),
            "{pasted}: {object}"
        );
        let remarks = object["remarks"].to_string();
        assert_eq!(remarks == "[]", remark.is_empty(), "{pasted}: {remarks}");
        assert!(remarks.contains(remark), "{pasted}: {remarks}");
        assert!(!object.to_string().contains("CANARY"), "{object}");
    }
    for (pasted, said) in [
        ("https://portal.azure.com/#@x/resource/y", "Azure portal"),
        ("https://ai.azure.com/resource/deployments", "Foundry portal"),
        ("CANARY", "this is no address"),
        ("ftp://r.openai.azure.com", "begins with https://"),
        ("https://", "this is no address"),
        ("a b c", "no blanks"),
    ] {
        let ran = home.run(&[], &["doctor", "--url", pasted]);
        assert_eq!(ran.code(), Some(2), "{pasted}");
        assert!(ran.stderr().contains(said), "{pasted}: {}", ran.stderr());
        assert!(!ran.stderr().contains("CANARY"), "{}", ran.stderr());
    }
    let shown =
        home.run(&[], &["doctor", "--url", "https://r.openai.azure.com/openai/deployments/my%20d"]).stdout();
    insta::assert_snapshot!(shown);
}
