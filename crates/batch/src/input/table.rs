//! Tables: a request a row, its members in columns that the first row names.

use std::io;

use imagewire_validate::fields;
use serde_json::Map;

use super::{Collector, member};

pub(super) fn read(reader: impl io::Read, delimiter: u8, items: &mut Collector<'_>) {
    let mut table = csv::ReaderBuilder::new().delimiter(delimiter).from_reader(reader);
    let headers = match table.headers() {
        Ok(headers) => headers.clone(),
        Err(error) => return items.fault("line 1".to_owned(), None, fault(&error)),
    };
    let columns: Vec<&str> = headers.iter().map(|name| name.trim_start_matches('\u{feff}').trim()).collect();
    for (at, column) in columns.iter().enumerate() {
        let is_known = *column == "id" || fields().iter().any(|field| field.name == *column);
        let problem = if columns.iter().take(at).any(|earlier| earlier == column) {
            "stands twice; keep one column"
        } else if is_known {
            continue;
        } else {
            "is no member of a request; rename the column, or use JSON lines for members of your own"
        };
        return items.fault("line 1".to_owned(), None, format!("the column {column:?} {problem}"));
    }
    if !columns.contains(&"prompt") {
        let message = "no column is named `prompt`; the first line names the columns".to_owned();
        return items.fault("line 1".to_owned(), None, message);
    }
    for row in table.records() {
        let row = match row {
            Ok(row) => row,
            Err(error) => {
                let line = error.position().map_or(0, csv::Position::line);
                items.fault(format!("line {line}"), None, fault(&error));
                continue;
            }
        };
        let place = format!("line {}", row.position().map_or(0, csv::Position::line));
        let mut members = Map::new();
        let mut objections = Vec::new();
        // An empty cell is an absent member.
        for (name, text) in columns.iter().zip(&row).filter(|(_, text)| !text.trim().is_empty()) {
            match if *name == "id" { Ok(text.trim().into()) } else { member(name, text) } {
                Ok(value) => drop(members.insert((*name).to_owned(), value)),
                Err(objection) => objections.push(objection),
            }
        }
        if !objections.is_empty() {
            items.fault(place, None, objections.join("; "));
        } else if members.contains_key("prompt") || items.defaults.contains_key("prompt") {
            items.object(place, members);
        } else {
            items.fault(place, None, "the prompt is empty; say what the picture shows".to_owned());
        }
    }
}

/// The library's own words may quote the row.
fn fault(error: &csv::Error) -> String {
    match error.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => format!(
            "the row has {len} cells, and the first line has {expected_len}; put texts with commas into quotes"
        ),
        csv::ErrorKind::Utf8 { .. } => "the row is not UTF-8; save the table as UTF-8".to_owned(),
        csv::ErrorKind::Io(error) => format!("cannot be read: {error}"),
        _ => "the row cannot be read; save the table as plain CSV".to_owned(),
    }
}
