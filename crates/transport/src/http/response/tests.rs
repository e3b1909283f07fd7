use std::fmt::Write as _;

use ::http::{HeaderName, HeaderValue};
use imagewire_types::operations::{FASTAPI, HICAP};

use super::*;

const KEY: &str = "sk-CANARY-KEY";
const PROMPT: &str = "CANARY-PROMPT of a corgi";
const JSON: &str = "application/json";

fn endpoint() -> Endpoint {
    Endpoint::new(&FASTAPI).credential(Secret::new(KEY).unwrap())
}

fn answer(status: u16, headers: &[(&str, &str)], body: &str) -> Result<Answer, Error> {
    let headers: HeaderMap = headers
        .iter()
        .map(|(name, value)| (HeaderName::try_from(*name).unwrap(), HeaderValue::from_str(value).unwrap()))
        .collect();
    let request = CreateImageRequest::new(PROMPT).user("CANARY-USER");
    read(&endpoint(), &request, StatusCode::from_u16(status).unwrap(), &headers, body.as_bytes())
}

fn failure(status: u16, content_type: &str, body: &str) -> Error {
    let headers = [("content-type", content_type), ("x-request-id", "req-1")];
    let error = answer(status, &headers, body).unwrap_err();
    assert_eq!(error.status(), Some(status), "{error:?}");
    assert_eq!(error.request_id(), Some("req-1"), "{error:?}");
    assert!(error.to_string().contains("fastapi.ai (api.fastapi.ai)"), "{error}");
    error
}

#[test]
fn good_answers() {
    for (content_type, body) in [
        (JSON, r#"{"created":"1676540381","data":[{"b64_json":"Zm9v","revised_prompt":"r"}]}"#),
        ("Application/JSON; charset=utf-8", r#"{"data":[{"url":"https://a.example/x"}]}"#),
        ("application/vnd.x+json", r#"{"data":[{"url":"https://a.example/x"}]}"#),
        ("text/plain", r#"{"data":[{},{"url":"https://a.example/x"}]}"#),
        (
            "application/octet-stream",
            r#"{"created":1.0,"data":[{"url":"https://a.example/x"}],"error":null}"#,
        ),
    ] {
        let answer =
            answer(200, &[("content-type", content_type), ("apim-request-id", "a-1")], body).unwrap();
        assert_eq!(answer.request_id.as_deref(), Some("a-1"));
    }
    assert!(answer(200, &[], r#"{"data":[{"b64_json":"Zm9v"}]}"#).is_ok());
    assert!(answer(201, &[("content-encoding", "identity")], r#"{"data":[{"b64_json":"Zm9v"}]}"#).is_ok());
}

/// Status and body, then what is made of them: kind, outcome, code, and a part of the message.
type Row = (u16, &'static str, Kind, Outcome, Option<&'static str>, &'static str);

#[test]
fn error_envelopes() {
    use Kind::{
        Authentication, InvalidRequest, Model, Moderation, Permission, Quota, RateLimit, Server, Timeout,
    };
    use Outcome::{Refused, Unknown};
    let azure = r#"{"error":{"code":"contentFilter","message":"Filtered","param":"prompt","type":null,"inner_error":
        {"code":"ResponsibleAIPolicyViolation","content_filter_results":{"hate":{"filtered":true,"severity":"high"}}}},
        "created":1}"#;
    #[rustfmt::skip]
    let table: &[Row] = &[
        // OpenAI
        (401, r#"{"error":{"message":"Incorrect API key","type":"invalid_request_error","param":null,"code":"invalid_api_key"}}"#, Authentication, Refused, Some("invalid_api_key"), "Incorrect API key"),
        (400, r#"{"error":{"message":"Bad size","type":"image_generation_user_error","param":"size","code":"invalid_value"}}"#, InvalidRequest, Refused, Some("invalid_value"), "parameter `size`"),
        (400, r#"{"error":{"message":"Gone","type":"image_generation_user_error","param":"model","code":"invalid_value"}}"#, Model, Refused, Some("invalid_value"), "may be retired"),
        (400, r#"{"error":{"message":"No","type":"image_generation_user_error","param":null,"code":"moderation_blocked"}}"#, Moderation, Refused, Some("moderation_blocked"), "for its content"),
        (400, r#"{"error":{"message":"No","type":"invalid_request_error","code":"content_policy_violation"}}"#, Moderation, Refused, Some("content_policy_violation"), "Change the prompt"),
        (400, r#"{"error":{"message":"No","moderation_details":{"moderation_stage":"input","categories":["violence"]}}}"#, Moderation, Refused, None, "No"),
        (403, r#"{"error":{"message":"Verify","code":"organization_must_be_verified"}}"#, Permission, Refused, Some("organization_must_be_verified"), "Verify"),
        (404, r#"{"error":{"message":"The model `x` does not exist","code":"model_not_found"}}"#, Model, Refused, Some("model_not_found"), "`x`"),
        (429, r#"{"error":{"message":"Slow down","type":"requests","code":"rate_limit_exceeded"}}"#, RateLimit, Refused, Some("rate_limit_exceeded"), "Try again later"),
        (429, r#"{"error":{"message":"Pay","type":"insufficient_quota","param":null,"code":"insufficient_quota"}}"#, Quota, Refused, Some("insufficient_quota"), "billing"),
        (400, r#"{"error":{"message":"Pay","code":"billing_hard_limit_reached"}}"#, Quota, Refused, Some("billing_hard_limit_reached"), "Pay"),
        (500, r#"{"error":{"message":"Oops","type":"server_error","param":null,"code":null}}"#, Server, Unknown, Some("server_error"), "billed"),
        // odd members
        (400, r#"{"error":{"message":"Odd","type":"","param":7,"code":42}}"#, InvalidRequest, Refused, Some("42"), "parameter `7`"),
        (400, r#"{"error":{"message":["Odd","x"],"code":"content_filter","inner_error":[]}}"#, Moderation, Refused, Some("content_filter"), "Odd"),
        // Azure
        (400, azure, Moderation, Refused, Some("contentFilter"), "Filtered"),
        (400, r#"{"error":{"code":"BadRequest","message":"No","innererror":{"code":"ResponsibleAIPolicyViolation","content_filter_result":{}}}}"#, Moderation, Refused, Some("BadRequest"), "No"),
        (403, r#"{"error":{"code":"Forbidden","message":"Blocked"}}"#, Permission, Refused, Some("Forbidden"), "Blocked"),
        (404, r#"{"error":{"code":"DeploymentNotFound","message":"No such deployment"}}"#, Model, Refused, Some("DeploymentNotFound"), "No such"),
        (401, r#"{"statusCode":401,"message":"Unauthorized. Access token is missing"}"#, Authentication, Refused, None, "Access token"),
        // no envelope
        (400, r#"{"message":"Plain message"}"#, InvalidRequest, Refused, None, "Plain message"),
        (429, r#"{"error":"Just text"}"#, RateLimit, Refused, None, "Just text"),
        (422, r#"{"detail":[{"loc":["body","n"],"msg":"too many"}]}"#, InvalidRequest, Refused, None, "too many"),
        (524, r#"{"html-message":"origin timed out"}"#, Server, Unknown, None, "origin timed out"),
        (400, r#"[{"error":{"code":400,"message":"In a list"}}]"#, InvalidRequest, Refused, Some("400"), "In a list"),
        (400, r#"{"error":null,"message":"Beside"}"#, InvalidRequest, Refused, None, "Beside"),
        (400, r#""A string""#, InvalidRequest, Refused, None, "A string"),
        // no JSON
        (502, "<html><title>502 Bad Gateway</title></html>", Server, Unknown, None, "HTTP 502 Bad Gateway. The image may"),
        (503, "", Server, Refused, None, "HTTP 503 Service Unavailable. Try again later"),
        (500, "upstream connect error", Server, Unknown, None, "\"upstream connect error\""),
        (500, "{\"error\":{\"mess", Server, Unknown, None, "HTTP 500"),
        (504, "null", Server, Unknown, None, "HTTP 504"),
        // by status alone
        (402, "", Quota, Refused, None, ""),
        (404, "", InvalidRequest, Refused, None, "Check the base URL"),
        (408, "", Timeout, Unknown, None, "billed"),
        (409, "", InvalidRequest, Refused, None, ""),
        (413, "", InvalidRequest, Refused, None, ""),
        (425, "", Server, Refused, None, ""),
        (429, "", RateLimit, Refused, None, ""),
        (520, "", Server, Unknown, None, ""),
        (529, "", Server, Refused, None, "HTTP 529. Try again later"),
    ];
    for (status, body, kind, outcome, code, text) in table {
        let error = failure(*status, JSON, body);
        assert_eq!(
            (error.kind(), error.outcome(), error.code()),
            (*kind, *outcome, *code),
            "{status} {body}"
        );
        assert!(error.to_string().contains(text), "{status} {body}: {error}");
        let again = *outcome == Refused && matches!(kind, RateLimit | Server);
        assert_eq!(error.is_retryable(), again, "{status} {body}");
    }
}

#[test]
fn the_sentence_reads_well() {
    let body = r#"{"error":{"message":"Incorrect\n API key","code":"invalid_api_key"}}"#;
    assert_eq!(
        failure(401, JSON, body).to_string(),
        "fastapi.ai (api.fastapi.ai) refused the request: HTTP 401 Unauthorized, invalid_api_key: \
         \"Incorrect API key\". Check the credential (FAST_API_KEY) (request id req-1)"
    );
}

#[test]
fn successes_that_are_none() {
    use Outcome::{Refused, Unknown};
    #[rustfmt::skip]
    let table: &[(&str, &str, Kind, Outcome, &str)] = &[
        ("text/html", "<html>bad gateway</html>", Kind::UnexpectedContentType, Unknown, "is not JSON but text/html. The"),
        ("text/html", r#"{"data":[{"b64_json":"Zm9v"}]}"#, Kind::UnexpectedContentType, Unknown, "text/html"),
        ("text/event-stream", "data: {}", Kind::UnexpectedContentType, Unknown, "text/event-stream: \"data: {}\""),
        ("image/png", "\u{fffd}PNG", Kind::UnexpectedContentType, Unknown, "image/png"),
        ("text/plain", "bad gateway", Kind::UnexpectedContentType, Unknown, "\"bad gateway\""),
        (JSON, "", Kind::Decode, Unknown, "is empty"),
        (JSON, " \r\n", Kind::Decode, Unknown, "is empty"),
        (JSON, "{\"data\":[", Kind::Decode, Unknown, "ends too early (line 1, column 9)"),
        (JSON, "CANARY", Kind::Decode, Unknown, "is not JSON (line 1, column 1)"),
        (JSON, "null", Kind::Decode, Unknown, "has another form than documented"),
        (JSON, "[]", Kind::Decode, Unknown, "has another form than documented"),
        (JSON, "\"CANARY\"", Kind::Decode, Unknown, "has another form than documented"),
        (JSON, r#"{"data":"CANARY"}"#, Kind::Decode, Unknown, "has another form than documented"),
        (JSON, r#"{"data":[],"data":[]}"#, Kind::Decode, Unknown, "has another form than documented"),
        (JSON, "{}", Kind::NoImage, Unknown, "holds no image"),
        (JSON, r#"{"data":[]}"#, Kind::NoImage, Unknown, "holds no image"),
        (JSON, r#"{"data":[{},{"b64_json":"","url":""}],"message":"later"}"#, Kind::NoImage, Unknown, "\"later\""),
        (JSON, r#"{"data":[{"content_filter_results":{"hate":{"filtered":true}}}]}"#, Kind::Moderation, Unknown, "withheld"),
        (JSON, r#"{"error":{"code":"content_policy_violation","message":"No"}}"#, Kind::Moderation, Refused, "\"No\""),
        (JSON, r#"{"data":[],"error":{"code":"rate_limit_exceeded"}}"#, Kind::RateLimit, Refused, "HTTP 200, rate"),
        (JSON, r#"{"error":{"message":"upstream 500"}}"#, Kind::Server, Unknown, "failed: HTTP 200: \"upstream 500\""),
        (JSON, r#"{"error":"text"}"#, Kind::Server, Unknown, "\"text\""),
    ];
    for (content_type, body, kind, outcome, text) in table {
        let error = failure(200, content_type, body);
        assert_eq!((error.kind(), error.outcome()), (*kind, *outcome), "{body}");
        assert!(error.to_string().contains(text), "{body}: {error}");
        assert!(!format!("{error} {error:?}").contains("CANARY"), "{error}");
    }
    let packed = answer(200, &[("content-type", JSON), ("content-encoding", "gzip")], "x").unwrap_err();
    assert!(packed.to_string().contains("compressed (gzip)"), "{packed}");
}

#[test]
fn an_answer_that_is_cut_anywhere_is_an_error() {
    let whole =
        r#"{"created":1,"data":[{"b64_json":"Zm9v","revised_prompt":"é"}],"usage":{"total_tokens":1}}"#;
    assert!(answer(200, &[("content-type", JSON)], whole).is_ok());
    for length in (0..whole.len()).filter(|length| whole.is_char_boundary(*length)) {
        assert_eq!(failure(200, JSON, &whole[..length]).kind(), Kind::Decode, "{length}");
    }
    assert_eq!(failure(200, JSON, &"[".repeat(100_000)).kind(), Kind::Decode);
    assert_eq!(failure(500, JSON, &"[".repeat(100_000)).kind(), Kind::Server);
}

#[test]
fn redirects_name_the_host_alone() {
    for (status, location, expected) in [
        (301, "https://CANARY:CANARY@evil.example/CANARY?sig=CANARY", "pointed to evil.example"),
        (302, "/CANARY", "pointed to api.fastapi.ai"),
        (303, "", "pointed to"),
        (307, "http://127.0.0.1:9/CANARY", "pointed to 127.0.0.1:9"),
        (308, "http://", "pointed to no place"),
    ] {
        let error = answer(status, &[("location", location)], "CANARY").unwrap_err();
        assert_eq!((error.kind(), error.outcome()), (Kind::RedirectRefused, Outcome::Refused));
        let shown = format!("{error} {error:?}");
        assert!(shown.contains(expected) && !shown.contains("CANARY"), "{shown}");
    }
    assert!(answer(304, &[], "").unwrap_err().to_string().contains("pointed to no place"));
}

#[test]
fn delays_are_kept_and_shown() {
    let error = answer(429, &[("retry-after", "12.5")], "").unwrap_err();
    assert_eq!(error.retry_after().map(|delay| delay.as_millis()), Some(12_500));
    assert!(error.to_string().contains("Try again in 13 s"), "{error}");
}

/// Every text of an error, those of its sources included.
fn shown(error: &Error) -> String {
    let mut shown = format!("{error} {error:?} {error:#?}");
    let mut source = std::error::Error::source(error);
    while let Some(inner) = source {
        write!(shown, " {inner} {inner:?}").unwrap();
        source = inner.source();
    }
    shown
}

#[test]
fn whatever_the_service_repeats_stays_private() {
    let payload = "CANARYPAYLOAD0123456789".repeat(20);
    let echo = format!("{KEY} x{KEY}x, {PROMPT}! CANARY-USER {payload} https://a.example/x?sig=CANARY-SIG");
    let text = serde_json::to_string(&echo).unwrap();
    let bodies = [
        echo.clone(),
        text.clone(),
        format!(r#"{{"error":{text}}}"#),
        format!(r#"{{"message":{text}}}"#),
        format!(r#"{{"error":{{"message":{text},"code":{text},"type":{text},"param":{text}}}}}"#),
        format!(r#"{{"error":{{"message":"m","inner_error":{{"code":{text},"revised_prompt":{text}}}}}}}"#),
        format!(r#"{{"data":{text}}}"#),
        format!(r#"{{"data":[{{{text}:1}}]"#),
        format!(r#"{{"created":{text},"data":[]}}"#),
        format!("<html>{echo}</html>"),
    ];
    for status in [200, 302, 400, 401, 404, 429, 500, 503] {
        for content_type in [JSON, "text/plain", "text/html", &echo] {
            for body in &bodies {
                let location = format!("https://a.example/{KEY}?{KEY}");
                let headers =
                    [("content-type", content_type), ("x-request-id", &echo), ("location", &location)];
                let error = answer(status, &headers, body).unwrap_err();
                for canary in [KEY, PROMPT, "CANARY-USER"] {
                    assert!(
                        !shown(&error).contains(canary),
                        "{status} {content_type} {body}: {}",
                        shown(&error)
                    );
                }
            }
        }
    }
    let error = failure(400, JSON, &format!(r#"{{"error":{{"message":{text}}}}}"#));
    assert!(!shown(&error).contains("CANARY"), "{error:?}");
}

#[test]
fn values_of_success_show_nothing_private() {
    let body = format!(
        r#"{{"data":[{{"b64_json":"Q0FOQVJZ","url":"https://a.example/?sig=CANARY","revised_prompt":"{PROMPT}"}}]}}"#
    );
    let mut answer = answer(200, &[("content-type", JSON)], &body).unwrap();
    let before = format!("{answer:?}");
    let payloads = answer.take_payloads();
    let shown = format!("{before} {answer:?} {payloads:?}");
    assert!(!shown.contains("CANARY") && !shown.contains("Q0FOQVJZ"), "{shown}");
    assert_eq!(answer.response.data[0].b64_json, None);

    let hicap = Endpoint::new(&HICAP).parameter("deploymentId", KEY).credential(Secret::new(KEY).unwrap());
    assert!(!format!("{hicap:?} {:?}", endpoint()).contains("CANARY"));
}
