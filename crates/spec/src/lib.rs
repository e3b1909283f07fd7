//! What imagewire's schema documents can say, as plain data.
//!
//! [`rule`] holds the kinds of rules: static tables of them are generated into `imagewire-validate`, which interprets
//! them. With the feature `load`, [`load`] reads documents into an ordered tree with source positions, and [`lower`]
//! turns that tree into the intermediate representation [`ir`] that the generator emits from.
//!
//! This crate is written by hand and depends on nothing generated, so the generator can always rebuild a broken tree.

pub mod rule;
pub mod size;
mod words;

#[cfg(feature = "load")]
pub mod ir;
#[cfg(feature = "load")]
pub mod load;
#[cfg(feature = "load")]
pub mod lower;
#[cfg(feature = "load")]
pub mod name;
