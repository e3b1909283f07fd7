//! The commands, one a file.

pub(crate) mod batch;
pub(crate) mod config;
pub(crate) mod cost;
pub(crate) mod doctor;
pub(crate) mod document;
pub(crate) mod emulate;
pub(crate) mod explain;
pub(crate) mod generate;
pub(crate) mod manual;
pub(crate) mod migrate;
pub(crate) mod models;
pub(crate) mod validate;

use std::{
    fs,
    io::{self, Read as _},
    path::Path,
};

use crate::failure::Failure;

/// A file's contents, or with `-` those of standard input.
pub(crate) fn read(file: &Path) -> Result<Vec<u8>, Failure> {
    let contents = if file == Path::new("-") {
        let mut contents = Vec::new();
        io::stdin().lock().read_to_end(&mut contents).map(|_| contents)
    } else {
        fs::read(file)
    };
    contents.map_err(|error| Failure::configuration(format!("cannot read {}: {error}", file.display())))
}
