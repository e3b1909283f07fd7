//! The law for random bodies, valid and damaged, in random pieces.

use imagewire_types::Base64;
use proptest::prelude::*;

use super::{scan, whole};

fn space() -> impl Strategy<Value = &'static str> {
    prop_oneof![8 => Just(""), 1 => Just(" "), 1 => Just("\n\t\r ")]
}

/// A payload as it may be written: rightly, leniently, or wrongly.
fn payload() -> impl Strategy<Value = String> {
    let style = (any::<[bool; 4]>(), 0..12_usize);
    (proptest::collection::vec(any::<u8>(), 0..200), style).prop_map(|(bytes, (flags, style))| {
        let mut text = Base64::encode(&bytes).into_string();
        if flags[0] {
            text = text.trim_end_matches('=').to_owned();
        }
        if flags[1] {
            text = text.replace('/', "\\/").replace('+', "\\u002B");
        }
        match style {
            0 => text.insert_str(text.len() / 2, "\\n"),
            1 => text.insert(0, ' '),
            2 => text.insert_str(0, "data:image/png;base64,"),
            3 => text.push('='),
            4 => text.push('!'),
            5 if !flags[1] => {
                text =
                    text.as_bytes().chunks(19).map(|line| String::from_utf8_lossy(line) + "\\r\\n").collect();
            }
            6 => text.push_str("\u{e9}\\ud83d\\ude00"),
            _ => {}
        }
        text
    })
}

fn name() -> impl Strategy<Value = &'static str> {
    proptest::sample::select(
        &["data", "b64_json", "b64\\u005fjson", "url", "x", "y\\\"", "\u{e9}", "created", "usage"][..],
    )
}

fn value() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        Just("-1.5e3".to_owned()),
        Just("true".to_owned()),
        payload().prop_map(|text| format!("\"{text}\"")),
        "[a-z\u{e9}]{0,9}".prop_map(|text| format!("\"{text}\")").replace(')', "")),
    ];
    leaf.prop_recursive(4, 32, 4, |inner| {
        prop_oneof![
            proptest::collection::vec((space(), inner.clone()), 0..4).prop_map(|items| {
                let items: Vec<_> =
                    items.into_iter().map(|(space, item)| format!("{space}{item}{space}")).collect();
                format!("[{}]", items.join(","))
            }),
            proptest::collection::vec((name(), space(), inner), 0..4).prop_map(|members| object(&members)),
        ]
    })
}

fn object(members: &[(&str, &str, String)]) -> String {
    let members: Vec<_> = members
        .iter()
        .map(|(name, space, value)| format!("{space}\"{name}\"{space}:{space}{value}{space}"))
        .collect();
    format!("{{{}}}", members.join(","))
}

/// Mostly answers as services send them.
fn body() -> impl Strategy<Value = String> {
    let text = payload().prop_map(|text| format!("\"{text}\""));
    let item = (
        prop_oneof![4 => text, 1 => value()],
        space(),
        proptest::option::of((name(), value())),
        any::<bool>(),
    )
        .prop_map(|(payload, space, more, before)| {
            let mut members = vec![("b64_json", space, payload)];
            members.extend(more.map(|(name, value)| (name, "", value)));
            if before {
                members.reverse();
            }
            object(&members)
        });
    let data = proptest::collection::vec(item, 0..4).prop_map(|items| format!("[{}]", items.join(", ")));
    (data, space(), proptest::option::of((name(), value())), any::<bool>()).prop_map(
        |(data, space, more, before)| {
            let mut members = vec![("data", space, data)];
            members.extend(more.map(|(name, value)| (name, "", value)));
            if before {
                members.reverse();
            }
            object(&members) + space
        },
    )
}

fn pieces<'a>(body: &'a [u8], sizes: &'a [usize]) -> impl Iterator<Item = &'a [u8]> {
    let (mut rest, mut sizes) = (body, sizes.iter().cycle());
    std::iter::from_fn(move || {
        let size = sizes.next().copied().unwrap_or(1).clamp(1, rest.len().max(1));
        (!rest.is_empty()).then(|| rest.split_off(..size)).flatten()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn valid_bodies(body in body(), sizes in proptest::collection::vec(1..90_usize, 1..6)) {
        prop_assert_eq!(scan(pieces(body.as_bytes(), &sizes)).ok(), whole(body.as_bytes()));
    }

    #[test]
    fn any_json(body in value(), sizes in proptest::collection::vec(1..90_usize, 1..6)) {
        prop_assert_eq!(scan(pieces(body.as_bytes(), &sizes)).ok(), whole(body.as_bytes()));
    }

    #[test]
    fn damaged_bodies(
        body in body(),
        damage in proptest::collection::vec((any::<proptest::sample::Index>(), 0..3_u8, any::<u8>()), 1..4),
        sizes in proptest::collection::vec(1..90_usize, 1..6),
    ) {
        let mut body = body.into_bytes();
        for (at, how, byte) in damage {
            let at = at.index(body.len().max(1)).min(body.len().saturating_sub(1));
            // Bytes that matter to JSON, more often than others.
            let byte = *b"\"\\{}[]:,=\n u0".get(usize::from(byte)).unwrap_or(&byte);
            match how {
                0 if !body.is_empty() => body[at] = byte,
                1 => body.insert(at, byte),
                _ if !body.is_empty() => drop(body.remove(at)),
                _ => {}
            }
        }
        prop_assert_eq!(scan(pieces(&body, &sizes)).ok(), whole(&body));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    /// Payloads larger than the scanner's block, with and without what makes it leave the fast way.
    #[test]
    fn large_payloads(
        length in 0..90_000_usize,
        gap in proptest::option::of(prop_oneof![1..90_usize, 1..5_000_usize]),
        sizes in proptest::collection::vec(1..100_000_usize, 1..4),
    ) {
        let bytes: Vec<u8> = (0..=250).cycle().step_by(31).take(length).collect();
        let text = Base64::encode(&bytes).into_string();
        let text = match gap {
            Some(gap) => text.as_bytes().chunks(gap).map(|line| String::from_utf8_lossy(line) + " ").collect(),
            None => text,
        };
        let body = format!("{{\"data\":[{{\"b64_json\":\"{text}\"}}]}}");
        prop_assert_eq!(scan(pieces(body.as_bytes(), &sizes)).ok(), whole(body.as_bytes()));
    }
}
