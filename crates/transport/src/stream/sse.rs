//! The format of event streams, as the WHATWG defines it, without keeping what it carries.

use memchr::memchr2;

const BOM: [u8; 3] = [0xEF, 0xBB, 0xBF];
/// The longest name of a field that matters, and one byte more.
const FIELD: usize = 6;
/// Longer names of events are cut; nobody uses such names.
const NAME: usize = 256;

/// How far ahead the end of a line is looked for: data may be given back and fed again, and that must not cost more
/// than a constant factor.
const WINDOW: usize = 64 << 10;

/// What [`SseParser::feed`] found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sse<'a> {
    /// The next bytes of the event's data, as they came. Lines of data are joined by a line feed.
    Data(&'a [u8]),
    /// A comment: the other side is alive.
    Comment,
    /// The event is complete. One without any data is not reported.
    End {
        /// Its name, if it has one, with U+FFFD for what is not UTF-8.
        name: Option<String>,
    },
}

/// The event is larger than allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventTooLarge;

/// An incremental parser for `text/event-stream` that passes data on instead of collecting it: its memory does not
/// depend on the size of events, and its time is linear in it.
///
/// `id` and `retry` are ignored: they serve to connect again, which would buy an image again.
#[derive(Debug)]
pub struct SseParser {
    limit: u64,
    /// The size of the event so far.
    size: u64,
    line: Line,
    /// The last byte was a carriage return: a line feed belongs to it.
    returned: bool,
    has_data: bool,
    name: Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Line {
    /// At the start of the stream, after so many bytes of a byte order mark.
    Mark(usize),
    Start,
    /// In the name of a field.
    Name {
        text: [u8; FIELD],
        length: usize,
    },
    /// After the colon: one space is not part of the value.
    Colon(Field),
    Value(Field),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Field {
    Data,
    Event,
    Comment,
    Other,
}

impl SseParser {
    /// `limit` is the largest size of an event in bytes, comments and ends of lines not counted.
    #[must_use]
    pub fn new(limit: u64) -> Self {
        Self { limit, size: 0, line: Line::Mark(0), returned: false, has_data: false, name: Vec::new() }
    }

    /// Takes from the front of `input` until something is found; `None` means that `input` is used up.
    ///
    /// At the end of the stream, what was found since the last [`Sse::End`] is to be discarded.
    ///
    /// # Errors
    /// When an event is larger than the limit.
    pub fn feed<'a>(&mut self, input: &mut &'a [u8]) -> Result<Option<Sse<'a>>, EventTooLarge> {
        while let Some((&byte, rest)) = input.split_first() {
            if std::mem::take(&mut self.returned) && byte == b'\n' {
                *input = rest;
                continue;
            }
            let ends = matches!(byte, b'\r' | b'\n');
            match self.line {
                Line::Mark(matched) if BOM.get(matched) == Some(&byte) => {
                    *input = rest;
                    self.line = if matched + 1 < BOM.len() { Line::Mark(matched + 1) } else { Line::Start };
                }
                Line::Mark(0) => self.line = Line::Start,
                // Half a mark is the name of an unknown field.
                Line::Mark(matched) => self.line = Line::Name { text: BOM_NAME, length: matched },
                Line::Start if ends => {
                    self.end_line(input);
                    if let Some(event) = self.dispatch() {
                        return Ok(Some(event));
                    }
                }
                Line::Start if byte == b':' => {
                    *input = rest;
                    self.line = Line::Value(Field::Comment);
                    return Ok(Some(Sse::Comment));
                }
                Line::Start => self.line = Line::Name { text: [0; FIELD], length: 0 },
                Line::Name { text, length } if ends || byte == b':' => {
                    let field = match text.get(..length) {
                        Some(b"data") => Field::Data,
                        Some(b"event") => Field::Event,
                        _ => Field::Other,
                    };
                    // Without a colon the value is empty.
                    self.line = if ends { Line::Value(field) } else { Line::Colon(field) };
                    if !ends {
                        *input = rest;
                    }
                    if let Some(found) = self.begin_value(field)? {
                        return Ok(Some(found));
                    }
                }
                Line::Name { mut text, length } => {
                    *input = rest;
                    if let Some(slot) = text.get_mut(length) {
                        *slot = byte;
                    }
                    self.line = Line::Name { text, length: (length + 1).min(FIELD) };
                    self.grow(1)?;
                }
                Line::Colon(field) => {
                    self.line = Line::Value(field);
                    if byte == b' ' {
                        *input = rest;
                    }
                }
                Line::Value(_) if ends => {
                    self.end_line(input);
                    self.line = Line::Start;
                }
                Line::Value(field) => {
                    if let Some(found) = self.value(input, field)? {
                        return Ok(Some(found));
                    }
                }
            }
        }
        Ok(None)
    }

    /// Whether data of an event came whose end did not.
    #[must_use]
    pub fn is_inside_event(&self) -> bool {
        self.has_data || matches!(self.line, Line::Colon(Field::Data) | Line::Name { .. })
    }

    /// Takes note that so many bytes of the latest [`Sse::Data`] will be fed again.
    pub(super) fn unread(&mut self, bytes: usize) {
        self.size = self.size.saturating_sub(bytes as u64);
    }

    fn begin_value(&mut self, field: Field) -> Result<Option<Sse<'static>>, EventTooLarge> {
        match field {
            Field::Data if self.has_data => {
                self.grow(1)?;
                return Ok(Some(Sse::Data(b"\n")));
            }
            Field::Data => self.has_data = true,
            Field::Event => self.name.clear(),
            Field::Comment | Field::Other => {}
        }
        Ok(None)
    }

    /// Takes what is there of a value.
    fn value<'a>(&mut self, input: &mut &'a [u8], field: Field) -> Result<Option<Sse<'a>>, EventTooLarge> {
        let (near, _) = input.split_at(input.len().min(WINDOW));
        let (value, rest) = input.split_at(memchr2(b'\r', b'\n', near).unwrap_or(near.len()));
        *input = rest;
        if field != Field::Comment {
            self.grow(value.len() as u64)?;
        }
        match field {
            Field::Data => return Ok(Some(Sse::Data(value))),
            Field::Event => {
                let room = NAME.saturating_sub(self.name.len()).min(value.len());
                self.name.extend_from_slice(value.get(..room).unwrap_or_default());
            }
            Field::Comment | Field::Other => {}
        }
        Ok(None)
    }

    fn end_line(&mut self, input: &mut &[u8]) {
        if let Some((&byte, rest)) = input.split_first() {
            *input = rest;
            self.returned = byte == b'\r';
        }
    }

    fn dispatch(&mut self) -> Option<Sse<'static>> {
        self.size = 0;
        let name = std::mem::take(&mut self.name);
        let name = (!name.is_empty()).then(|| String::from_utf8_lossy(&name).into_owned());
        std::mem::take(&mut self.has_data).then_some(Sse::End { name })
    }

    fn grow(&mut self, bytes: u64) -> Result<(), EventTooLarge> {
        self.size = self.size.saturating_add(bytes);
        if self.size > self.limit { Err(EventTooLarge) } else { Ok(()) }
    }
}

const BOM_NAME: [u8; FIELD] = [BOM[0], BOM[1], BOM[2], 0, 0, 0];
