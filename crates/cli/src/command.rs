//! The commands, one a file.

pub(crate) mod emulate;
pub(crate) mod generate;
pub(crate) mod models;
pub(crate) mod validate;
