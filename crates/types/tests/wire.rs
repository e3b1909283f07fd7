//! What readers forgive, and what writers never do.

use imagewire_types::{
    Base64, CreateImageRequest, ErrorResponse, ImageStreamEvent, ImageStreamEventType, ImagesResponse, Model,
    Quality, Size, UnixTime, operations,
};
use serde_json::{Value, from_str, from_value, json, to_string, to_value};

fn round_trip<T: serde::Serialize + serde::de::DeserializeOwned>(value: &Value) -> Value {
    to_value(from_value::<T>(value.clone()).expect("readable")).expect("writable")
}

#[test]
fn what_is_absent_stays_absent() {
    assert_eq!(to_string(&CreateImageRequest::new("x")).unwrap(), r#"{"prompt":"x"}"#);
    let body = json!({ "prompt": "x", "n": null, "user": null, "stream": null });
    assert_eq!(round_trip::<CreateImageRequest>(&body), json!({ "prompt": "x" }));
}

#[test]
fn unknown_values_and_members_survive() {
    let body = json!({
        "prompt": "x", "quality": "ultra", "size": "1254x1254", "model": "nobody/knows",
        "seed": 7, "nested": { "a": [1, 2.5, null] }
    });
    assert_eq!(round_trip::<CreateImageRequest>(&body), body);
}

#[test]
fn a_known_name_is_never_unknown() {
    for quality in Quality::KNOWN {
        assert!(!matches!(Quality::from(quality.as_str()), Quality::Unknown(_)), "{quality}");
        assert_eq!(&Quality::from(quality.as_str()), quality);
    }
    assert!(matches!(Quality::from("ultra"), Quality::Unknown(_)));
}

#[test]
fn numbers_may_be_written_with_a_fraction_of_zero() {
    let request: CreateImageRequest = from_str(r#"{"prompt":"x","n":2.0}"#).unwrap();
    assert_eq!(request.n, Some(2));
    for wrong in ["2.5", "-1", "4294967296", "\"2\"", "true"] {
        let error = from_str::<CreateImageRequest>(&format!(r#"{{"prompt":"x","n":{wrong}}}"#)).unwrap_err();
        assert!(error.to_string().contains("whole number"), "{wrong}: {error}");
    }
}

#[test]
fn a_member_that_stands_twice_is_refused() {
    for body in [r#"{"prompt":"x","n":1,"n":1}"#, r#"{"prompt":"x","seed":1,"seed":1}"#] {
        let error = from_str::<CreateImageRequest>(body).unwrap_err();
        assert!(error.to_string().contains("duplicate field"), "{error}");
    }
}

#[test]
fn extra_refuses_the_names_of_fields() {
    let mut request = CreateImageRequest::new("x");
    let error = request.extra.insert("n", 5).unwrap_err();
    assert_eq!(error.to_string(), "`n` has a field of its own: set that instead of an extra member");
    assert_eq!(request.extra.insert("seed", 5), Ok(None));
    assert_eq!(request.extra.insert("seed", 6), Ok(Some(json!(5))));
    assert_eq!(to_value(&request).unwrap(), json!({ "prompt": "x", "seed": 6 }));
}

#[test]
fn created_is_read_in_all_its_spellings_and_written_in_one() {
    for spelling in [json!(1_676_540_381), json!("1676540381"), json!(1_676_540_381.7), json!("1676540381.0")]
    {
        let answer: ImagesResponse = from_value(json!({ "created": spelling, "data": [] })).unwrap();
        assert_eq!(answer.created, Some(UnixTime(1_676_540_381)), "{spelling}");
        assert_eq!(to_value(&answer).unwrap(), json!({ "created": 1_676_540_381, "data": [] }));
    }
    for wrong in [json!("soon"), json!(1e300), json!(u64::MAX), json!(true)] {
        assert!(from_value::<ImagesResponse>(json!({ "created": wrong, "data": [] })).is_err(), "{wrong}");
    }
}

#[test]
fn missing_and_null_lists_are_empty() {
    for body in [json!({}), json!({ "data": null }), json!({ "data": [] })] {
        assert!(from_value::<ImagesResponse>(body).unwrap().data.is_empty());
    }
}

#[test]
fn error_labels_may_be_anything() {
    let body = json!({ "error": { "message": "no", "type": "", "param": null, "code": 1302, "ts": 1 } });
    let error: ErrorResponse = from_value(body).unwrap();
    assert_eq!(error.error.code.as_ref().unwrap().as_str(), "1302");
    assert_eq!(error.error.extra.get("ts"), Some(&json!(1)));
}

#[test]
fn sizes_are_written_as_they_were_read() {
    assert_eq!(Size::from("1792x1024").dimensions(), Some((1792, 1024)));
    assert_eq!(Size::from("auto"), Size::AUTO);
    for text in ["01x1", "1X1", "1x", "x1", "+1x1", "0x0", "", "99999999999x1", "1x1x1", "１x1"] {
        assert_eq!(Size::from(text).dimensions(), None, "{text}");
        assert_eq!(Size::from(text).as_str(), text);
    }
}

#[test]
fn models_are_constants_and_any_other_text() {
    assert_eq!(Model::DALL_E_3, Model::from("dall-e-3"));
    assert!(Model::KNOWN.contains(&Model::GPT_IMAGE_1));
}

#[test]
fn debug_shows_no_prompt_payload_link_or_user() {
    let canary = "CANARY";
    let mut request = CreateImageRequest::new(canary).user(canary).n(1);
    request.extra.insert("secret", canary).unwrap();
    let answer: ImagesResponse = from_value(json!({
        "data": [{ "url": canary, "b64_json": canary, "revised_prompt": canary }], "revised_prompt": canary
    }))
    .unwrap();
    let event = ImageStreamEvent::new(ImageStreamEventType::Completed).b64_json(canary);
    for shown in [
        format!("{request:?}"),
        format!("{answer:#?}"),
        format!("{event:?}"),
        format!("{:?}", Base64::from(canary)),
    ] {
        assert!(!shown.contains(canary), "{shown}");
    }
    assert_eq!(
        format!("{request:?}"),
        r#"CreateImageRequest { prompt: (private), n: Some(1), user: (private), extra: {"secret"} }"#
    );
}

#[test]
fn every_service_says_where_and_how() {
    for operation in operations::OPERATIONS {
        assert_eq!(operations::find(operation.dialect), Some(*operation));
        assert!(operation.path.ends_with("/images/generations"), "{operation:?}");
        assert!(!operation.credentials.is_empty() && !operation.credential_env.is_empty(), "{operation:?}");
    }
    assert_eq!(operations::find("nobody"), None);
}
