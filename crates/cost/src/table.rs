//! The price table: data, and how an entry is found.

use std::{collections::BTreeMap, sync::LazyLock};

use imagewire_spec::rule::Source;
use imagewire_validate::Catalogue;

use crate::Money;

/// What images cost, by service and model.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Prices {
    /// Entries in order: the first that suits a service and a model counts.
    pub(crate) entries: Vec<Price>,
}

/// What some models cost at some services.
#[derive(Clone, Debug, PartialEq)]
pub struct Price {
    /// The services: identifiers, or beginnings of identifiers followed by `*`.
    pub dialects: Vec<String>,
    /// The models, written likewise.
    pub models: Vec<String>,
    /// The only file formats that the price is for; empty when it is for all.
    pub formats: Vec<String>,
    /// The price of an image, for services that charge by image.
    pub images: Option<ImagePrices>,
    /// The prices of tokens, for services that charge by token.
    pub rates: Option<Rates>,
    /// How many tokens an image takes.
    pub tokens: Option<OutputTokens>,
    /// Where all that comes from.
    pub sources: Vec<Source>,
}

/// Prices of an image: quality, then size as `WIDTHxHEIGHT`.
pub type ImagePrices = BTreeMap<String, BTreeMap<String, Money>>;

/// Prices of tokens in billionths of a dollar, which are thousandths of a dollar per million.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rates {
    /// A token of the prompt.
    pub text_input: u64,
    /// A token of an image that was handed in.
    pub image_input: Option<u64>,
    /// A token of an image that was made.
    pub image_output: u64,
    /// A token of text that was made.
    pub text_output: Option<u64>,
    /// How many output tokens each unfinished image of a stream takes.
    pub partial_image_tokens: u64,
}

/// How many tokens an image takes.
#[derive(Clone, Debug, PartialEq)]
pub enum OutputTokens {
    /// By quality, then size.
    Table(BTreeMap<String, BTreeMap<String, u64>>),
    /// By a formula.
    Grid(Grid),
}

/// Tokens of an image of any size: a grid of `factor` cells along the longer edge, and as many along the shorter one as
/// its shape asks for; each cell takes `(offset + pixels) / divisor` tokens.
#[derive(Clone, Debug, PartialEq)]
pub struct Grid {
    /// The cells along the longer edge, by quality.
    pub factors: BTreeMap<String, u64>,
    /// What is added to the number of pixels.
    pub offset: u64,
    /// What the sum is divided by.
    pub divisor: u64,
    /// The cheapest and the dearest size, for requests that leave the size to the model.
    pub auto: [(u32, u32); 2],
}

impl Grid {
    /// The tokens of one image.
    pub(crate) fn tokens(&self, factor: u64, (width, height): (u32, u32)) -> u64 {
        let (longer, shorter) = (u64::from(width.max(height)).max(1), u64::from(width.min(height)));
        let across = (2 * factor * shorter + longer) / (2 * longer);
        let pixels = u64::from(width) * u64::from(height);
        factor
            .saturating_mul(across)
            .saturating_mul(self.offset.saturating_add(pixels))
            .div_ceil(self.divisor.max(1))
    }
}

static BUILT_IN: LazyLock<Prices> = LazyLock::new(|| {
    let mut prices = Prices::default();
    // A test holds that the file is sound; a broken one would leave every price unknown, and said to be.
    let _ = prices.add("prices.json", include_str!("../prices.json"));
    prices
});

impl Prices {
    /// What comes with this release.
    #[must_use]
    pub fn built_in() -> &'static Self {
        &BUILT_IN
    }

    /// The entries, the ones that were added last first.
    #[must_use]
    pub fn entries(&self) -> &[Price] {
        &self.entries
    }

    /// The entry for a model at a service. The model goes by any name that `imagewire-validate` knows it by.
    #[must_use]
    pub fn find(&self, dialect: &str, model: &str) -> Option<&Price> {
        let bare = model.rsplit('/').next().unwrap_or(model);
        let known = Catalogue::built_in().model(model).map(|model| model.id.as_ref());
        self.entries.iter().find(|price| {
            covers(&price.dialects, dialect)
                && [Some(model), Some(bare), known]
                    .into_iter()
                    .flatten()
                    .any(|name| covers(&price.models, name))
        })
    }
}

fn covers(patterns: &[String], name: &str) -> bool {
    patterns.iter().any(|pattern| match pattern.strip_suffix('*') {
        Some(beginning) => name.starts_with(beginning),
        None => name == pattern,
    })
}
