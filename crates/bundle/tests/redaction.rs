//! What is private does not pass, however it is spelled and wherever the body is split; everything else does.

use imagewire_bundle::{Private, Redactor};
use proptest::prelude::*;

const KEY: &str = "sk-CANARY-KEY-1";
const PROMPT: &str = "CANARY \"red\" fox in a café 🦦";
const USER: &str = "CANARY-user-9";

fn private() -> Private {
    Private::new(Some(KEY), Some(PROMPT), Some(USER))
}

fn redact(private: Private, pieces: &[&[u8]]) -> String {
    let mut redactor = Redactor::new(private);
    let mut redacted = Vec::new();
    pieces.iter().for_each(|piece| redactor.feed(piece, &mut redacted));
    redactor.finish(&mut redacted, false);
    String::from_utf8(redacted).expect("UTF-8")
}

/// The same, whole, byte by byte, and in two pieces at each place.
fn at_all_splits(private: &Private, body: &str) -> String {
    let bytes = body.as_bytes();
    let whole = redact(private.clone(), &[bytes]);
    for at in 0..=bytes.len() {
        assert_eq!(redact(private.clone(), &[&bytes[..at], &bytes[at..]]), whole, "{body} at {at}");
    }
    let single: Vec<&[u8]> = bytes.chunks(1).collect();
    assert_eq!(redact(private.clone(), &single), whole, "{body} byte by byte");
    whole
}

#[test]
fn private_words_are_found_in_every_spelling() {
    let private = private();
    for (body, expected) in [
        (r#"{"m":"key sk-CANARY-KEY-1 is bad"}"#, r#"{"m":"key [credential] is bad"}"#),
        (r#"{"m":"CANARY \"red\" fox in a café 🦦!"}"#, r#"{"m":"[prompt]!"}"#),
        (r#"{"m":"\u0043ANARY \u0022red\" fox in a caf\u00e9 \ud83e\udda6"}"#, r#"{"m":"[prompt]"}"#),
        // A part that services leave over.
        (r#"{"m":"'CANARY \"red\" fo...'"}"#, r#"{"m":"'[prompt]...'"}"#),
        // JSON in JSON.
        (
            r#"{"m":"{\"p\":\"CANARY \\\"red\\\" fox in a caf\\u00e9 \\ud83e\\udda6\"}"}"#,
            r#"{"m":"{\"p\":\"[prompt]\"}"}"#,
        ),
        (r#"{"m":"{\"u\":\"\\u0043ANARY-user-9\"}"}"#, r#"{"m":"{\"u\":\"[user]\"}"}"#),
        // Addresses.
        ("/x/CANARY+%22red%22+fox+in+a+caf%C3%A9+%F0%9F%A6%A6/x", "/x/[prompt]/x"),
        ("/x/CANARY%2Duser%2D9/x?k=sk%2DCANARY%2DKEY%2D1", "/x/[user]/x?k=[credential]"),
        ("data: {\"user\":\"CANARY-user-9\"}\n\n: x\n\n", "data: {\"user\":\"[user]\"}\n\n: x\n\n"),
        ("plain CANARY-user-9, and \"CANARY-user-9", "plain [user], and \"[user]"),
        // A stray quotation mark, and a body that is no JSON.
        (r#"5" {"m":"\u0043ANARY-user-9"}"#, r#"5" {"m":"[user]"}"#),
        (r"C:\sk-CANARY-KEY-1", r"C:\[credential]"),
        // Cut in the middle.
        (r#"{"m":"by CANARY-us"#, r#"{"m":"by [user]"#),
        (r#"{"m":"by CANARY\u002"#, r#"{"m":"by [user]"#),
        (r#"{"m":"by CAN"#, r#"{"m":"by CAN"#),
    ] {
        // What "CANARY" goes on with cannot be told when it is cut before that: any of the names will do.
        let found = at_all_splits(&private, body);
        assert!(found == expected || found == expected.replace("[user]", "[prompt]"), "{body}: {found}");
    }
}

#[test]
fn short_words_leave_others_whole() {
    let private = Private::new(Some("good"), Some("cat"), Some("1"));
    let payload = format!("{}/cat/{}+good+", "QUJD".repeat(20), "QUJD".repeat(20));
    for (body, expected) in [
        (r#"{"created":1,"data":[1, 1],"n": 1}"#.to_owned(), None),
        (r#"{"m":"category goodness 11"}"#.to_owned(), None),
        (format!(r#"{{"b64_json":"{payload}"}}"#), None),
        (format!(r#"{{"b64_json":"{}"}}"#, payload.replace('/', "\\/")), None),
        (
            r#"{"m":"a cat of user 1, good\ncat"}"#.to_owned(),
            Some(r#"{"m":"a [prompt] of user [user], [credential]\n[prompt]"}"#),
        ),
        (r#"{"m":"écat caté \u00e9cat"}"#.to_owned(), None),
        ("cat".to_owned(), Some("[prompt]")),
    ] {
        assert_eq!(at_all_splits(&private, &body), expected.unwrap_or(&body));
    }
    // A prompt that every answer holds.
    let body = r#"{"data":[],"usage":{}}"#;
    assert_eq!(at_all_splits(&Private::new(None, Some("data"), Some("usage")), body), body);
}

#[test]
fn links_and_rewritten_prompts_are_left_out() {
    let body = r#"{"data":[{"url" : "https:\/\/a.example/x?sig=1","revised_prompt":"a \"red\" caf\u00e9"},
        {"url":null,"revised_prompt":"","b64_json":"url"},{"url":"","\u0075rl":"http://b"},{"url":"data:image/png;base64,QUJD"}]}"#;
    let expected = r#"{"data":[{"url" : "imagewire-bundle:link:0","revised_prompt":"[revised prompt of 12 characters]"},
        {"url":null,"revised_prompt":"","b64_json":"url"},{"url":"","\u0075rl":"imagewire-bundle:link:1"},{"url":"data:image/png;base64,QUJD"}]}"#;
    assert_eq!(at_all_splits(&private(), body), expected);
    let cut = r#"{"revised_prompt":"a red"#;
    assert_eq!(at_all_splits(&private(), cut), r#"{"revised_prompt":"[revised prompt of 5 characters]"#);
    assert_eq!(at_all_splits(&private(), r#"{"url":"https://a"#), r#"{"url":"imagewire-bundle:link:0"#);
    assert_eq!(at_all_splits(&private(), r#"{"url":"da"#), r#"{"url":"imagewire-bundle:link:0"#);
    assert_eq!(at_all_splits(&private(), r#"["url", "https://a"]"#), r#"["url", "https://a"]"#);
}

/// A character as it may be written in JSON.
fn spelled(character: char, how: u8) -> String {
    let escaped = |character: char| {
        let mut units = [0; 2];
        let units = character.encode_utf16(&mut units);
        let lower = how.is_multiple_of(2);
        let unit = |unit: &u16| if lower { format!("\\u{unit:04x}") } else { format!("\\u{unit:04X}") };
        units.iter().map(unit).collect::<String>()
    };
    match (character, how % 5) {
        (_, 0) => escaped(character),
        ('"' | '\\' | '/', 1..) => format!("\\{character}"),
        (control, _) if control.is_control() => escaped(control),
        _ => character.to_string(),
    }
}

fn any_spelling(text: &str, how: &[u8]) -> String {
    text.chars().zip(how.iter().cycle()).map(|(character, how)| spelled(character, *how)).collect()
}

/// Text of a service that holds nothing private.
fn harmless() -> impl Strategy<Value = String> {
    prop_oneof![
        "[ -~]{0,20}",
        "[A-Za-z0-9+/]{0,60}",
        Just("CAN,".to_owned()),
        Just("sk-".to_owned()),
        Just("\\".to_owned()),
        Just("é🦦\n\t\"".to_owned()),
    ]
    .prop_filter("nothing private", |text| !text.contains("CANARY"))
}

/// A body, and the same with the names of what is private in its place.
fn bodies() -> impl Strategy<Value = (String, String)> {
    let part = (harmless(), prop::option::of(0..3_usize), prop::collection::vec(any::<u8>(), 1..8));
    let part = part.prop_map(|(text, private, how)| {
        let before = any_spelling(&text, &how);
        match private.map(|number| [(KEY, "[credential]"), (PROMPT, "[prompt]"), (USER, "[user]")][number]) {
            None => (before.clone(), before),
            // Spaces, since what stands before must not run into it.
            Some((private, name)) => {
                (format!("{before} {} ", any_spelling(private, &how)), format!("{before} {name} "))
            }
        }
    });
    let text = prop::collection::vec(part, 0..4).prop_map(|parts| {
        let (sent, kept): (Vec<_>, Vec<_>) = parts.into_iter().unzip();
        (sent.concat(), kept.concat())
    });
    let member = ("[a-z]{1,8}", text).prop_filter("known by name", |(name, _)| name != "url");
    (prop::collection::vec(member, 0..4), any::<bool>(), any::<bool>()).prop_map(
        |(members, streams, spaced)| {
            let write = |values: Vec<(&String, &String)>| {
                let space = if spaced { " " } else { "" };
                let members = values.iter().map(|(name, text)| format!("\"{name}\":{space}\"{text}\""));
                let members = members.collect::<Vec<_>>().join(&format!(",{space}"));
                if streams {
                    format!("event: x\ndata: {{{members}}}\n\n: keep\n\n")
                } else {
                    format!("{{{members}}}")
                }
            };
            let sent = write(members.iter().map(|(name, (sent, _))| (name, sent)).collect());
            (sent, write(members.iter().map(|(name, (_, kept))| (name, kept)).collect()))
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn only_what_is_private_is_changed((sent, kept) in bodies(), cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6)) {
        let whole = redact(private(), &[sent.as_bytes()]);
        prop_assert!(!whole.contains("CANARY"), "{whole}");
        prop_assert_eq!(&whole, &kept);
        let mut places: Vec<usize> = cuts.iter().map(|cut| cut.index(sent.len() + 1)).collect();
        places.extend([0, sent.len()]);
        places.sort_unstable();
        let pieces: Vec<&[u8]> = places.windows(2).map(|pair| &sent.as_bytes()[pair[0]..pair[1]]).collect();
        prop_assert_eq!(redact(private(), &pieces), whole);
    }

    #[test]
    fn a_body_that_is_cut_anywhere_tells_nothing((sent, _) in bodies(), cut in any::<prop::sample::Index>()) {
        let mut end = cut.index(sent.len() + 1);
        while !sent.is_char_boundary(end) {
            end -= 1;
        }
        let found = redact(private(), &[&sent.as_bytes()[..end]]);
        prop_assert!(!found.contains("CANARY") && !found.contains("CANA"), "{found}");
        prop_assert_eq!(at_all_splits(&private(), &sent[..end]), found);
    }

    #[test]
    fn any_bytes_are_taken(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let mut redactor = Redactor::new(private());
        let mut redacted = Vec::new();
        bytes.chunks(7).for_each(|piece| redactor.feed(piece, &mut redacted));
        redactor.finish(&mut redacted, false);
        prop_assert_eq!(redacted, bytes);
    }
}
