//! JSON lines: a request a line.

use std::io::{self, BufRead};

use imagewire_validate::{Code, Report, Target, check_json};
use serde_json::{Map, Value};

use super::{Collector, next_line};

/// The longest line in bytes.
const LONGEST: u64 = 1 << 20;

pub(super) fn read(mut reader: impl BufRead, items: &mut Collector<'_>) -> io::Result<()> {
    let mut text = Vec::new();
    let mut number = 0_u64;
    while next_line(&mut reader, LONGEST, &mut text)? {
        number += 1;
        let line = if number == 1 { text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&text) } else { &text };
        let line = line.trim_ascii();
        if line.is_empty() {
            continue;
        }
        let place = format!("line {number}");
        if line.len() as u64 > LONGEST {
            items.fault(place, None, "the line is longer than 1 MiB; write one request on it".to_owned());
            continue;
        }
        match object(line) {
            Ok(members) => items.object(place, members),
            Err(message) => items.fault(place, None, message),
        }
    }
    Ok(())
}

/// What a tolerant reader would let pass is found by the judge of bytes: members that stand twice, and wrong kinds.
fn object(line: &[u8]) -> Result<Map<String, Value>, String> {
    if line.first() == Some(&b'[') && line.last() != Some(&b']') || line == b"{" {
        return Err(
            "this is a part of a longer JSON document; write each request on a line of its own".to_owned()
        );
    }
    let report = Target::new("openai").map(|target| check_json(line, &target)).unwrap_or_default();
    let objections = objections(&report);
    if !objections.is_empty() {
        return Err(objections.join("; "));
    }
    match serde_json::from_slice(line) {
        Ok(Value::Object(members)) => Ok(members),
        _ => Err("a JSON object is expected, such as {\"prompt\": \"a fox\"}".to_owned()),
    }
}

/// What is wrong with the line itself, whichever the service.
fn objections(report: &Report) -> Vec<String> {
    let structural = report.errors().filter(|finding| {
        matches!(finding.code, Code::NotJson | Code::WrongType | Code::Duplicate)
            || (finding.code == Code::Missing && finding.pointer != "/model")
    });
    structural
        .map(|finding| {
            let message = finding.message.replacen("the body", "the line", 1);
            if finding.code == Code::NotJson {
                format!("{message}; write one JSON object on the line")
            } else {
                message
            }
        })
        .collect()
}
