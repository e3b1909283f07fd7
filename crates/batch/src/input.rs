//! Where items come from: a file of JSON lines, a table (CSV), or a folder of texts.

mod jsonl;
mod member;
mod table;
#[cfg(test)]
mod tests;
mod texts;

use std::{
    collections::BTreeMap,
    io::{self, BufRead, BufReader, Read},
    path::Path,
};

use imagewire_types::CreateImageRequest;
use serde_json::{Map, Value};

use crate::{Error, ErrorKind, Item, item, name::slug};

pub use member::member;

/// The items that were read, and what is wrong with the others.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Input {
    /// The items, in their order.
    pub items: Vec<Item>,
    /// The lines or files that are no items.
    pub faults: Vec<Fault>,
}

/// Something that is no item. `Display` names the place, what is wrong and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Fault {
    /// `line 3`, or the name of a file.
    pub place: String,
    /// The id, where one could be read.
    pub id: Option<String>,
    /// What is wrong, and what to do about it. Never holds the prompt.
    pub message: String,
    /// As [`Item`] has it.
    position: u64,
}

impl std::fmt::Display for Fault {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}: {}", self.place, self.message)
    }
}

/// A longer id is a mistake in the file, such as a prompt in its place.
const LONGEST_ID: usize = 500;

/// Reads a folder of texts, a table if the name ends in `.csv` (`.tsv` with tabs), JSON lines otherwise, and those of
/// standard input for `-`.
///
/// `defaults` are members for the items that do not have them.
///
/// # Errors
/// [`ErrorKind::Input`] when nothing can be read at all. What is wrong with single items is in [`Input::faults`].
pub fn read(path: &Path, defaults: &Map<String, Value>) -> Result<Input, Error> {
    let unable =
        |error: io::Error| Error::new(ErrorKind::Input, format!("cannot read {}: {error}", path.display()));
    let mut reader = Collector { defaults, input: Input::default(), ids: BTreeMap::new(), position: 0 };
    if path == Path::new("-") {
        jsonl::read(io::stdin().lock(), &mut reader).map_err(unable)?;
        return Ok(reader.input);
    }
    if path.is_dir() {
        texts::read(path, &mut reader).map_err(unable)?;
        return Ok(reader.input);
    }
    let file = BufReader::new(std::fs::File::open(path).map_err(unable)?);
    let extension = path.extension().unwrap_or_default().to_ascii_lowercase();
    match extension.to_str() {
        Some("csv") => table::read(file, b',', &mut reader),
        Some("tsv") => table::read(file, b'\t', &mut reader),
        _ => jsonl::read(file, &mut reader).map_err(unable)?,
    }
    Ok(reader.input)
}

impl Input {
    /// Judges every item; those for which `judge` has an objection become faults.
    pub fn check(&mut self, mut judge: impl FnMut(&mut Item) -> Result<(), String>) {
        let faults = &mut self.faults;
        self.items.retain_mut(|item| match judge(item) {
            Ok(()) => true,
            Err(message) => {
                let (place, id) = (item.place.clone(), Some(item.id.clone()));
                faults.push(Fault { place, id, message, position: item.position });
                false
            }
        });
        faults.sort_by_key(|fault| fault.position);
    }
}

/// Turns what was read into items.
struct Collector<'a> {
    defaults: &'a Map<String, Value>,
    input: Input,
    /// Where each id was seen first.
    ids: BTreeMap<String, String>,
    /// Of the last item or fault.
    position: u64,
}

impl Collector<'_> {
    /// An object with the members of a request and an optional `id`.
    fn object(&mut self, place: String, mut members: Map<String, Value>) {
        let id = match members.remove("id") {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(id)) => Ok(Some(id)),
            Some(Value::Number(id)) => Ok(Some(id.to_string())),
            Some(_) => Err("the id is no text; write it in quotes"),
        };
        let id = match id {
            Ok(Some(id)) if id.is_empty() => Err("the id is empty; leave it out or fill it in".to_owned()),
            Ok(Some(id)) if id.len() > LONGEST_ID => {
                Err(format!("the id has {} bytes; make it {LONGEST_ID} at most", id.len()))
            }
            Ok(id) => Ok(id),
            Err(message) => Err(message.to_owned()),
        };
        let id = match id {
            Ok(id) => id,
            Err(message) => return self.fault(place, None, message),
        };
        for (name, value) in self.defaults {
            members.entry(name).or_insert_with(|| value.clone());
        }
        match serde_json::from_value::<CreateImageRequest>(Value::Object(members)) {
            Ok(request) => self.request(place, id, request),
            // The reader's own words would quote the value.
            Err(_) => {
                self.fault(place, id, "a member is of the wrong kind; see `imagewire validate`".to_owned());
            }
        }
    }

    fn request(&mut self, place: String, id: Option<String>, request: CreateImageRequest) {
        if request.prompt.trim().is_empty() {
            return self.fault(place, id, "the prompt is empty; say what the picture shows".to_owned());
        }
        let has_id = id.is_some();
        let id = id.unwrap_or_else(|| id_of(&request));
        if let Some(first) = self.ids.get(&id) {
            let message = if has_id {
                format!("the id {id:?} is taken by {first}; give each item one of its own")
            } else {
                format!("the same request is in {first}; give both an id if you want both")
            };
            return self.fault(place, Some(id), message);
        }
        self.ids.insert(id.clone(), place.clone());
        self.position += 1;
        self.input.items.push(Item { place, position: self.position, ..Item::new(id, request) });
    }

    fn fault(&mut self, place: String, id: Option<String>, message: String) {
        self.position += 1;
        self.input.faults.push(Fault { place, id, message, position: self.position });
    }
}

/// Of the content, so that it stays the same when lines move.
fn id_of(request: &CreateImageRequest) -> String {
    let digest: String = item::content(request, "").to_string().chars().take(12).collect();
    let slug = slug(&request.prompt);
    if slug.is_empty() { digest } else { format!("{slug}-{digest}") }
}

/// The next line, without its end, into `line`; `false` at the end of the file. Of a line that is longer than `limit`
/// a little more than that is kept.
fn next_line(reader: &mut impl BufRead, limit: u64, line: &mut Vec<u8>) -> io::Result<bool> {
    line.clear();
    let read = reader.by_ref().take(limit + 2).read_until(b'\n', line)?;
    if line.last() != Some(&b'\n') && line.len() as u64 > limit {
        skip_line(reader)?;
    }
    while matches!(line.last(), Some(b'\n' | b'\r')) {
        line.pop();
    }
    Ok(read > 0)
}

fn skip_line(reader: &mut impl BufRead) -> io::Result<()> {
    loop {
        let buffer = reader.fill_buf()?;
        let (used, is_over) = match buffer.iter().position(|byte| *byte == b'\n') {
            Some(at) => (at + 1, true),
            None => (buffer.len(), buffer.is_empty()),
        };
        reader.consume(used);
        if is_over {
            return Ok(());
        }
    }
}
