//! Reading price files: strict, and everything that is wrong is reported at once with its place.

use std::collections::BTreeMap;

use imagewire_spec::{
    load::{self, Cursor, Diagnostics, Document, InvalidFile, Value},
    rule::Source,
    size::dimensions,
};

use crate::{Grid, Money, OutputTokens, Price, Prices, Rates, money::decimal};

/// The largest price file that is read, in bytes.
const MAX_BYTES: usize = 1 << 20;

impl Prices {
    /// Adds the prices of a file, ahead of those that are there. `path` is for messages alone.
    ///
    /// # Errors
    /// Everything that is wrong with the file, each with its place; nothing is added then. A file has at most 1 MiB.
    pub fn add(&mut self, path: &str, text: &str) -> Result<(), InvalidFile> {
        let mut diagnostics = Diagnostics::default();
        let source = load::Source { path: path.to_owned(), text: text.to_owned() };
        if text.len() > MAX_BYTES {
            diagnostics.at_span(
                &source,
                "",
                0..0,
                "the file is larger than 1 MiB",
                "no price list needs that much",
            );
            return Err(diagnostics.into());
        }
        let mut entries = Vec::new();
        if let Some(document) = Document::parse(&source, &mut diagnostics) {
            let root = document.root();
            root.only("a price file", &["description", "prices"], &mut diagnostics);
            let listed = items(&root, "prices", &mut diagnostics);
            entries = listed.iter().map(|item| price(item, &mut diagnostics)).collect();
        }
        if !diagnostics.is_empty() {
            return Err(diagnostics.into());
        }
        entries.append(&mut self.entries);
        self.entries = entries;
        Ok(())
    }
}

const PRICE: &[&str] =
    &["dialects", "models", "formats", "image_usd", "usd_per_million_tokens", "image_tokens", "sources"];

fn price(at: &Cursor<'_>, diagnostics: &mut Diagnostics) -> Price {
    at.only("a price", PRICE, diagnostics);
    let dialects = names(at, "dialects", diagnostics);
    let models = names(at, "models", diagnostics);
    let formats = if at.get("formats").is_some() { names(at, "formats", diagnostics) } else { Vec::new() };
    let images = at.get("image_usd").map(|table| {
        by_quality(&table, diagnostics, |cell, diagnostics| {
            number(cell, 6, diagnostics).map(Money::from_micros)
        })
    });
    let rates = at.get("usd_per_million_tokens").map(|rates| rates_of(&rates, diagnostics));
    let tokens = at.get("image_tokens").map(|tokens| tokens_of(&tokens, diagnostics));
    if images.is_none() && rates.is_none() {
        diagnostics.error(
            at,
            "there is no price in it",
            "add `image_usd`, `usd_per_million_tokens`, or both",
        );
    }
    if let (Some(tokens), None) = (at.get("image_tokens"), &rates) {
        diagnostics.error(&tokens, "tokens without a price", "add `usd_per_million_tokens`");
    }
    let sources = items(at, "sources", diagnostics).iter().map(|item| source(item, diagnostics)).collect();
    Price { dialects, models, formats, images, rates: rates.flatten(), tokens: tokens.flatten(), sources }
}

const RATES: &[&str] = &["text_input", "image_input", "image_output", "text_output", "partial_image_tokens"];

fn rates_of(at: &Cursor<'_>, diagnostics: &mut Diagnostics) -> Option<Rates> {
    at.only("the prices of tokens", RATES, diagnostics);
    let optional = |name: &str, diagnostics: &mut Diagnostics| {
        at.get(name).and_then(|value| number(&value, 3, diagnostics))
    };
    let rates = (
        required(at, "text_input", 3, diagnostics),
        optional("image_input", diagnostics),
        required(at, "image_output", 3, diagnostics),
        optional("text_output", diagnostics),
        required(at, "partial_image_tokens", 0, diagnostics),
    );
    let (Some(text_input), image_input, Some(image_output), text_output, Some(partial_image_tokens)) = rates
    else {
        return None;
    };
    Some(Rates { text_input, image_input, image_output, text_output, partial_image_tokens })
}

fn tokens_of(at: &Cursor<'_>, diagnostics: &mut Diagnostics) -> Option<OutputTokens> {
    if at.get("factors").is_none() {
        let table = by_quality(at, diagnostics, |cell, diagnostics| number(cell, 0, diagnostics));
        return Some(OutputTokens::Table(table));
    }
    at.only("a formula", &["factors", "offset", "divisor", "auto"], diagnostics);
    let factors = at.get("factors")?;
    require_object(&factors, "`factors`", diagnostics);
    let factors: BTreeMap<String, u64> = factors
        .members()
        .filter_map(|(quality, value)| Some((quality.to_owned(), number(&value, 0, diagnostics)?)))
        .collect();
    let offset = required(at, "offset", 0, diagnostics);
    let divisor = required(at, "divisor", 0, diagnostics);
    let auto: Vec<(u32, u32)> =
        names(at, "auto", diagnostics).iter().filter_map(|size| dimensions(size)).collect();
    let Ok(auto) = <[(u32, u32); 2]>::try_from(auto) else {
        diagnostics.error(
            at,
            "`auto` is not two sizes",
            "write the cheapest and the dearest, such as \"1024x1024\"",
        );
        return None;
    };
    Some(OutputTokens::Grid(Grid { factors, offset: offset?, divisor: divisor?, auto }))
}

fn source(at: &Cursor<'_>, diagnostics: &mut Diagnostics) -> Source {
    at.only("a source", &["covers", "title", "url", "checked"], diagnostics);
    let mut text = |name: &str| match at.get(name).and_then(|value| value.as_text()) {
        Some(text) if !text.is_empty() => text.to_owned(),
        _ => {
            diagnostics.error(
                at,
                format!("a source has no `{name}`"),
                format!("add a `{name}` that is a text"),
            );
            String::new()
        }
    };
    let (covers, title, url, checked) = (text("covers"), text("title"), text("url"), text("checked"));
    if !checked.is_empty() && !is_date(&checked) {
        diagnostics.error(at, "`checked` is not a date", "write it as YYYY-MM-DD");
    }
    Source { covers: covers.into(), title: title.into(), url: url.into(), checked: checked.into() }
}

fn is_date(text: &str) -> bool {
    let mut parts = text.split('-').map(|part| (part.len(), part.bytes().all(|byte| byte.is_ascii_digit())));
    [4, 2, 2].iter().all(|length| parts.next() == Some((*length, true))) && parts.next().is_none()
}

/// Quality, then size, then a cell.
fn by_quality<T>(
    at: &Cursor<'_>,
    diagnostics: &mut Diagnostics,
    mut cell: impl FnMut(&Cursor<'_>, &mut Diagnostics) -> Option<T>,
) -> BTreeMap<String, BTreeMap<String, T>> {
    require_object(at, "a table", diagnostics);
    let mut table = BTreeMap::new();
    for (quality, row) in at.members() {
        require_object(&row, "a row of the table", diagnostics);
        let mut cells = BTreeMap::new();
        for (size, value) in row.members() {
            if dimensions(size).is_none() {
                diagnostics.error(&value, format!("`{size}` is not a size"), "write WIDTHxHEIGHT in pixels");
            }
            if let Some(read) = cell(&value, diagnostics) {
                cells.insert(size.to_owned(), read);
            }
        }
        table.insert(quality.to_owned(), cells);
    }
    table
}

/// A list that is there and has something in it.
fn items<'a>(at: &Cursor<'a>, name: &str, diagnostics: &mut Diagnostics) -> Vec<Cursor<'a>> {
    let items: Vec<Cursor<'a>> = at.get(name).map(|list| list.elements().collect()).unwrap_or_default();
    if items.is_empty() {
        diagnostics.error(at, format!("no `{name}`"), format!("add a list `{name}` that is not empty"));
    }
    items
}

fn names(at: &Cursor<'_>, name: &str, diagnostics: &mut Diagnostics) -> Vec<String> {
    let mut found = Vec::new();
    for item in items(at, name, diagnostics) {
        match item.as_text() {
            Some(text) if !text.is_empty() => found.push(text.to_owned()),
            _ => diagnostics.error(&item, "not a text", "write it in quotes"),
        }
    }
    found
}

fn required(at: &Cursor<'_>, name: &str, places: usize, diagnostics: &mut Diagnostics) -> Option<u64> {
    let Some(value) = at.get(name) else {
        diagnostics.error(at, format!("no `{name}`"), format!("add a number `{name}`"));
        return None;
    };
    number(&value, places, diagnostics)
}

/// A number of at least zero with at most so many decimals, times ten to that power.
fn number(at: &Cursor<'_>, places: usize, diagnostics: &mut Diagnostics) -> Option<u64> {
    let read = if let Value::Number(text) = at.value() { decimal(text, places) } else { None };
    if read.is_none() {
        let help = match places {
            0 => "write a whole number of at least zero".to_owned(),
            _ => format!("write a number of at least zero with at most {places} decimals"),
        };
        diagnostics.error(at, "not a number that fits here", help);
    }
    read
}

fn require_object(at: &Cursor<'_>, what: &str, diagnostics: &mut Diagnostics) {
    if !at.is_object() {
        diagnostics.error(at, format!("{what} is not an object"), "write names and values in `{` and `}`");
    }
}
