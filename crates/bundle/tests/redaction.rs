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

#[test]
fn members_are_known_in_json_in_json_and_in_other_quotes() {
    for (body, expected) in [
        (
            r#"{"error":{"message":"upstream: {\"data\":[{\"url\" :\n \"https://a/x?sig=S\",\"revised_prompt\":\"A \\\"red\\\" fox\\\\\"}]}"}}"#,
            r#"{"error":{"message":"upstream: {\"data\":[{\"url\" :\n \"imagewire-bundle:link:0\",\"revised_prompt\":\"[revised prompt of 12 characters]\"}]}"}}"#,
        ),
        (
            r#"{"m":"{\"m\":\"{\\\"url\\\":\\\"https://a/x?sig=S\\\"}\"}"}"#,
            r#"{"m":"{\"m\":\"{\\\"url\\\":\\\"imagewire-bundle:link:0\\\"}\"}"}"#,
        ),
        // The outer string ends before the inner one.
        (
            r#"{"m":"{\"revised_prompt\":\"A red","n":1}"#,
            r#"{"m":"{\"revised_prompt\":\"[revised prompt of 5 characters]","n":1}"#,
        ),
        (
            r#"{'url': 'https://a/x?sig=S', 'revised_prompt': 'it\'s "red"'}"#,
            "{'url': 'imagewire-bundle:link:0', 'revised_prompt': '[revised prompt of 10 characters]'}",
        ),
        (
            r#"{"revised_prompt":"a\\","n":"\\"}"#,
            r#"{"revised_prompt":"[revised prompt of 2 characters]","n":"\\"}"#,
        ),
        (r#"{"\\url":"a"}"#, r#"{"\\url":"a"}"#),
    ] {
        assert_eq!(at_all_splits(&private(), body), expected);
    }
    // Prompts that look like members do not hide them.
    let body = r#"{"data":[{"url":"https://a/x?sig=S"}]}"#;
    let expected = r#"{"data":[{"url":"imagewire-bundle:link:0"}]}"#;
    for prompt in [
        "\"url\"",
        "url",
        "\"url\":\"https://b",
        "\"url\":\"https://a/x?sig=S\"",
        "{\"data\":[{\"url\":\"a fox",
    ] {
        let found = at_all_splits(&Private::new(None, Some(prompt), None), body);
        assert!(
            found == expected || (found.contains("[prompt]") && !found.contains("sig")),
            "{prompt}: {found}"
        );
    }
}

#[test]
fn other_links_lose_what_they_are_signed_with() {
    for (body, expected) in [
        (
            r#"{"url":["https://a/x?sig=S","http:\/\/b\/y#S"]}"#,
            r#"{"url":["https://a/x?[…]","http:\/\/b\/y?[…]"]}"#,
        ),
        ("cannot fetch https://a/x?sig=S", "cannot fetch https://a/x?[…]"),
        ("HTTPS://a/x?a=1\\u0026sig=S&amp;b=%20 <https://b?S>.", "HTTPS://a/x?[…] <https://b?[…]>."),
        (
            r#"{"m":"\"https://a?S\" 'https://b?it's=S', https://c?S\nhttps://d?S"}"#,
            r#"{"m":"\"https://a?[…]\" 'https://b?[…]', https://c?[…]\nhttps://d?[…]"}"#,
        ),
        (
            "see https://a/x? Or https://b/y, http:// and https:/x?y",
            "see https://a/x? Or https://b/y, http:// and https:/x?y",
        ),
        ("https://a/CANARY-user-9/x?k=sk-CANARY-KEY-1 x", "https://a/[user]/x?[…] x"),
        ("https://a/sk-CANARY-****wxyz/x?sig=S x", "https://a/[credential]/x?[…] x"),
        ("&lt;a href=&quot;https://a/x?sig=S&quot;&gt;", "&lt;a href=&quot;https://a/x?[…]&quot;&gt;"),
    ] {
        assert_eq!(at_all_splits(&private(), body), expected);
    }
    // A link in a prompt, signed by the service.
    let private = Private::new(None, Some("draw https://a.example/x?sig=mine as a fox"), None);
    assert_eq!(at_all_splits(&private, "no https://a.example/x?sig=THEIRS, sorry"), "no [prompt] sorry");
}

#[test]
fn echoes_of_every_kind_are_found() {
    let prompt = "A fox & an owl's \"café\"!\n\n  (Très <late>) at 100% + 20";
    let private = Private::new(None, Some(prompt), None);
    for echo in [
        prompt,
        "A fox & an owl's \"café\"! (Très <late>) at 100% + 20",
        "A fox &amp; an owl&#39;s &quot;café&quot;! (Tr&#xe8;s &lt;late&gt;) at 100% + 20",
        "A%20fox%20%26%20an%20owl's%20%22caf%c3%a9%22!%0a%0A%20%20(Tr%C3%A8s%20%3Clate%3E)%20at%20100%25%20%2B%2020",
        "A+fox+%26+an+owl%27s+%22caf%C3%A9%22%21%0A%0A++%28Tr%c3%a8s+%3Clate%3E%29+at+100%25+%2B+20",
        r#"A fox \u0026 an owl's \"caf\u00E9\"!\n\n  (Tr\u00E8s \u003clate\u003E) at 100% + 20"#,
        r#"A fox \\u0026 an owl's \\\"caf\\u00E9\\\"!\\n\\n  (Tr\\u00E8s <late>) at 100% + 20"#,
    ] {
        assert_eq!(at_all_splits(&private, &format!("no: {echo}, sorry")), "no: [prompt], sorry", "{echo}");
    }
}

#[test]
fn parts_of_long_words_are_found() {
    let private = Private::new(
        Some("sk-proj-abcdefghijkl-wxyz"),
        Some("A red fox jumps over the lazy café owner"),
        None,
    );
    for (body, expected) in [
        ("…fox jumps over the…", "…[prompt]…"),
        ("'the lazy café owner' is", "'[prompt]' is"),
        (r#"{"m":"over the lazy","n":"lazy caf"}"#, r#"{"m":"[prompt]","n":"lazy caf"}"#),
        // Eleven bytes are not enough.
        ("jumps over x", "jumps over x"),
        ("key: sk-proj-****wxyz. See", "key: [credential]. See"),
        ("sk-p…wxyz, sk-proj-abc...xyz!", "[credential], [credential]!"),
        ("sk-proj-abcdefghij***************wx_yz\"", "[credential]\""),
        ("sk-****", "sk-****"),
        ("sk-project", "sk-project"),
    ] {
        assert_eq!(at_all_splits(&private, body), expected);
    }
    let every = "A red fox jumps over the lazy café owner";
    for (from, _) in
        every.char_indices().filter(|(at, character)| *at + 12 <= every.len() && *character != ' ')
    {
        let end = (from + 12..=every.len()).find(|end| every.is_char_boundary(*end)).expect("an end");
        let found = at_all_splits(&private, &format!("<{}>", &every[from..end]));
        assert!(found == "<[prompt]>" || found == "<[prompt] >", "{found}");
    }
    // What every answer holds, and what many payloads hold.
    let private = Private::new(None, Some("draw revised_prompt and AAAAAAAAAAAAAAAA"), None);
    let body = r#"{"revised_prompt":"","b64_json":"xAAAAAAAAAAAAAAAAAAx"}"#;
    assert_eq!(at_all_splits(&private, body), body);
}

#[test]
fn numbers_are_spared_as_values_of_json_alone() {
    let private = Private::new(Some("7654321"), None, Some("1234567"));
    for (body, expected) in [
        ("Unknown user: 1234567.", "Unknown user: [user]."),
        ("users [1234567], [x, 1234567]", "users [[user]], [x, [user]]"),
        (r#"{"m":"user: 1234567, no"}"#, r#"{"m":"user: [user], no"}"#),
        (r#"{"m":"{\"id\":1234567}"}"#, r#"{"m":"{\"id\":[user]}"}"#),
        (
            r#"{"id":1234567,"n":[1, 1234567 ],"m": 1234567 }"#,
            r#"{"id":1234567,"n":[1, 1234567 ],"m": 1234567 }"#,
        ),
        (r#"{"id":7654321}"#, r#"{"id":[credential]}"#),
    ] {
        assert_eq!(at_all_splits(&private, body), expected);
    }
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

/// A character as it may be written in addresses, HTML, and JSON in JSON.
fn encoded(character: char, how: u8) -> String {
    let bytes = character.to_string().into_bytes();
    let lower = bytes.iter().map(|byte| format!("%{byte:02x}")).collect::<String>();
    match (how % 6, character) {
        (0, _) => lower,
        (1, _) => lower.to_uppercase(),
        (2, _) => format!("&#{};", u32::from(character)),
        (3, _) => format!("&#x{:X};", u32::from(character)),
        (4, _) => spelled(character, 0).replace('\\', "\\\\"),
        (_, ' ') => "+".to_owned(),
        (_, '"') => "&quot;".to_owned(),
        _ => character.to_string(),
    }
}

/// What begins, ends or hides something.
const PARTS: &[&str] = &[
    "\\",
    "\\\\",
    "\"",
    "'",
    "%",
    "%2",
    "%25",
    "&",
    "&amp;",
    "&quot",
    ";",
    "u0043",
    "url",
    "\"url\"",
    "\\\"url\\\"",
    "'url'",
    "\"revised_prompt\"",
    ":",
    "[",
    ",",
    "]",
    "}",
    " ",
    "\n",
    "17",
    "http",
    "https://a",
    "://",
    "?",
    "#",
    "x",
    "*",
    "…",
    "data:",
    "sk-C",
    "sk-CANARY-KEY-1",
    "CANARY",
    " \"red\" fox",
    "+in+a",
    " caf%C3%a9",
    "\\ud83e",
    "\\udda6",
    "é",
];

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
    fn a_body_may_come_in_any_pieces(parts in prop::collection::vec(prop::sample::select(PARTS), 0..24), is_cut in any::<bool>()) {
        let body = parts.concat();
        let run = |size: usize| {
            let mut redactor = Redactor::new(Private::new(Some(KEY), Some(PROMPT), Some("17")));
            let mut redacted = Vec::new();
            body.as_bytes().chunks(size).for_each(|piece| redactor.feed(piece, &mut redacted));
            redactor.finish(&mut redacted, !is_cut);
            String::from_utf8_lossy(&redacted).into_owned()
        };
        let whole = run(usize::MAX);
        for size in [1, 2, 3, 7] {
            prop_assert_eq!(&run(size), &whole, "{} by {}", body, size);
        }
    }

    #[test]
    fn parts_of_a_prompt_are_found_in_any_encoding(from in 0..17_usize, how in prop::collection::vec(any::<u8>(), 1..8), text in "[b-z ]{0,20}") {
        let part: String = PROMPT.chars().skip(from).collect();
        let part = part.trim_start_matches([' ', '"']);
        prop_assume!(part.len() >= 12);
        let echo: String = part.chars().zip(how.iter().cycle()).map(|(character, how)| encoded(character, *how)).collect();
        prop_assert_eq!(at_all_splits(&private(), &format!("{text}<{echo}>")), format!("{text}<[prompt]>"));
    }

    #[test]
    fn links_are_cut_wherever_they_stand(before in "[a-z:,{}]{0,9}", path in "[a-z0-9/.]{1,20}", query in "[A-Z0-9=&%+/.,;()-]{1,40}", end in prop::sample::select(&["\"", "' ", " ", "\\n", "\\\"", "<", ">"][..])) {
        let sent = format!("{before} https://{path}?{query}{end}{before}");
        let kept = format!("{before} https://{path}?[…]{end}{before}");
        prop_assert_eq!(at_all_splits(&private(), &sent), kept);
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
