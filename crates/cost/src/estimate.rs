//! From a price and a request to an amount.

use std::{collections::BTreeMap, fmt};

use imagewire_spec::rule::Source;
use imagewire_types::{CreateImageRequest, Size, Usage};

use crate::{Grid, Money, OutputTokens, Price, Prices, Rates};

/// What a request costs.
#[derive(Clone, Debug, PartialEq)]
pub enum Cost {
    /// It is known, at least within bounds.
    Known(Known),
    /// No source says.
    Unknown(Unknown),
}

/// A cost within bounds.
#[derive(Clone, Debug, PartialEq)]
pub struct Known {
    /// The least it can be.
    pub low: Money,
    /// The most it can be.
    pub high: Money,
    /// What it was computed from.
    pub basis: Basis,
    /// Where the prices come from.
    pub sources: Vec<Source>,
}

/// Why a cost is unknown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unknown {
    /// A sentence without a full stop.
    pub why: String,
}

/// What a cost was computed from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Basis {
    /// From the prices and the request.
    Prices,
    /// From the prices and the usage that the service reported.
    Usage,
}

/// What a text takes beyond its own tokens; in recorded answers it is six.
const PROMPT_OVERHEAD: u64 = 16;

/// The least and the most of something, in billionths of a dollar or in tokens.
#[derive(Clone, Copy)]
struct Range {
    low: u128,
    high: u128,
}

impl Prices {
    /// What a request will cost at a service. `model` is the one that draws; deployments keep it to themselves, and the
    /// caller may not know it.
    ///
    /// The range spans everything that the request leaves open: size and quality, the number of the prompt's tokens (at
    /// most one a byte), and how many of the partial images come.
    #[must_use]
    pub fn estimate(&self, request: &CreateImageRequest, dialect: &str, model: Option<&str>) -> Cost {
        match self.suiting(request, dialect, model).and_then(|price| Ok((price, price.estimate(request)?))) {
            Ok((price, range)) => price.cost(range, Basis::Prices),
            Err(why) => Cost::Unknown(Unknown { why }),
        }
    }

    /// What a request did cost, from the usage that the service reported and the number of images that came. Where the
    /// service charges by image, usage is not needed.
    #[must_use]
    pub fn actual(
        &self,
        request: &CreateImageRequest,
        usage: Option<&Usage>,
        images: u32,
        dialect: &str,
        model: Option<&str>,
    ) -> Cost {
        let price = match self.suiting(request, dialect, model) {
            Ok(price) => price,
            Err(why) => return Cost::Unknown(Unknown { why }),
        };
        let cost = match (&price.rates, usage) {
            (Some(rates), Some(usage)) => {
                used(rates, usage).map(|nanos| price.cost(Range { low: nanos, high: nanos }, Basis::Usage))
            }
            (Some(_), None) => Err("the service reported no usage".to_owned()),
            (None, _) => {
                let came = request.clone().n(images);
                price.estimate(&came).map(|range| price.cost(range, Basis::Prices))
            }
        };
        cost.unwrap_or_else(|why| Cost::Unknown(Unknown { why }))
    }

    fn suiting(
        &self,
        request: &CreateImageRequest,
        dialect: &str,
        model: Option<&str>,
    ) -> Result<&Price, String> {
        let model = model.ok_or("the deployment does not tell which model draws")?;
        let price =
            self.find(dialect, model).ok_or_else(|| format!("no price of {model} at {dialect} is known"))?;
        match &request.output_format {
            Some(format)
                if !price.formats.is_empty() && !price.formats.iter().any(|one| one == format.as_str()) =>
            {
                Err(format!("no price of {model} for {format} is known"))
            }
            _ => Ok(price),
        }
    }
}

impl Price {
    fn cost(&self, range: Range, basis: Basis) -> Cost {
        Cost::Known(Known {
            low: Money::from_nanos(range.low),
            high: Money::from_nanos(range.high),
            basis,
            sources: self.sources.clone(),
        })
    }

    /// In billionths of a dollar.
    fn estimate(&self, request: &CreateImageRequest) -> Result<Range, String> {
        let quality =
            request.quality.as_ref().map(imagewire_types::Quality::as_str).filter(|name| *name != "auto");
        let size = request.size.as_ref().filter(|size| !size.is_auto());
        let images = u128::from(request.n.unwrap_or(1));
        let one = match (&self.tokens, &self.images, &self.rates) {
            (Some(tokens), _, Some(rates)) => {
                let tokens = match tokens {
                    OutputTokens::Table(table) => {
                        look_up(table, quality, size, |tokens| u128::from(*tokens))?
                    }
                    OutputTokens::Grid(grid) => grid.range(quality, size)?,
                };
                tokens.times(u128::from(rates.image_output))
            }
            (_, Some(images), _) => {
                look_up(images, quality, size, |money| u128::from(money.micros()) * 1000)?
            }
            (_, None, _) => return Err("no source says how many tokens an image takes".to_owned()),
        };
        let rest = self.rates.as_ref().map_or(Range { low: 0, high: 0 }, |rates| input(rates, request));
        Ok(Range { low: (one.low + rest.low) * images, high: (one.high + rest.high) * images })
    }
}

/// The prompt and the unfinished images, for each image: services bill the prompt once an image.
fn input(rates: &Rates, request: &CreateImageRequest) -> Range {
    // No token is shorter than a byte; how much longer they are, only the service's own tokenizer knows.
    let most = (request.prompt.len() as u64).saturating_add(PROMPT_OVERHEAD);
    let partials = match request.stream {
        Some(true) => u64::from(request.partial_images.unwrap_or(0)),
        Some(false) | None => 0,
    };
    let partials =
        u128::from(partials) * u128::from(rates.partial_image_tokens) * u128::from(rates.image_output);
    let text = u128::from(rates.text_input);
    Range { low: text, high: text * u128::from(most) + partials }
}

/// The cost of what a service says was used, in billionths of a dollar.
fn used(rates: &Rates, usage: &Usage) -> Result<u128, String> {
    let (Some(input), Some(output)) = (usage.input_tokens, usage.output_tokens) else {
        return Err("the reported usage is incomplete".to_owned());
    };
    let of_images = |details: &Option<imagewire_types::TokenDetails>| {
        details.as_ref().and_then(|details| details.image_tokens)
    };
    let of_text = |details: &Option<imagewire_types::TokenDetails>| {
        details.as_ref().and_then(|details| details.text_tokens)
    };
    let images_in = of_images(&usage.input_tokens_details).unwrap_or(0).min(input);
    let text_out = of_text(&usage.output_tokens_details).unwrap_or(0).min(output);
    let charge = |tokens: u64, rate: Option<u64>, what: &str| match (tokens, rate) {
        (0, _) => Ok(0),
        (tokens, Some(rate)) => Ok(u128::from(tokens) * u128::from(rate)),
        (_, None) => Err(format!("no price of {what} is known")),
    };
    Ok(charge(input - images_in, Some(rates.text_input), "text")?
        + charge(images_in, rates.image_input, "images that are handed in")?
        + charge(text_out, rates.text_output, "text that is made")?
        + charge(output - text_out, Some(rates.image_output), "images")?)
}

/// The least and the greatest cell of those that a request leaves open.
fn look_up<T>(
    table: &BTreeMap<String, BTreeMap<String, T>>,
    quality: Option<&str>,
    size: Option<&Size>,
    value: impl Fn(&T) -> u128,
) -> Result<Range, String> {
    let rows: Vec<_> =
        table.iter().filter(|(name, _)| quality.is_none_or(|wanted| wanted == *name)).collect();
    if let (true, Some(quality)) = (rows.is_empty(), quality) {
        return Err(format!("no price for quality {quality} is known"));
    }
    let size = size.map(Size::as_str);
    let cells = rows.into_iter().flat_map(|(_, row)| row.iter());
    let open = cells.filter(|(name, _)| size.as_ref().is_none_or(|wanted| *wanted == name.as_str()));
    Range::over(open.map(|(_, cell)| value(cell))).ok_or_else(|| match &size {
        Some(size) => format!("no price for {size} is known"),
        None => "the price list is empty".to_owned(),
    })
}

impl Grid {
    fn range(&self, quality: Option<&str>, size: Option<&Size>) -> Result<Range, String> {
        let sizes = match size.map(|size| size.dimensions().ok_or(size)) {
            None => self.auto.to_vec(),
            Some(Ok(dimensions)) => vec![dimensions],
            Some(Err(size)) => return Err(format!("no price for size {} is known", size.as_str())),
        };
        let factors = self.factors.iter().filter(|(name, _)| quality.is_none_or(|wanted| wanted == *name));
        let tokens =
            factors.flat_map(|(_, factor)| sizes.iter().map(|size| u128::from(self.tokens(*factor, *size))));
        Range::over(tokens)
            .ok_or_else(|| format!("no price for quality {} is known", quality.unwrap_or_default()))
    }
}

impl Range {
    fn over(mut values: impl Iterator<Item = u128>) -> Option<Self> {
        let first = values.next()?;
        Some(values.fold(Self { low: first, high: first }, |range, value| Self {
            low: range.low.min(value),
            high: range.high.max(value),
        }))
    }

    fn times(self, factor: u128) -> Self {
        Self { low: self.low * factor, high: self.high * factor }
    }
}

impl Cost {
    /// The most it can be, when that is known.
    #[must_use]
    pub fn high(&self) -> Option<Money> {
        match self {
            Self::Known(known) => Some(known.high),
            Self::Unknown(_) => None,
        }
    }

    /// Both together: known when both are, and from usage when both are.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Known(mut one), Self::Known(other)) => {
                let new: Vec<Source> =
                    other.sources.into_iter().filter(|source| !one.sources.contains(source)).collect();
                one.sources.extend(new);
                let basis = if one.basis == other.basis { one.basis } else { Basis::Prices };
                Self::Known(Known { low: one.low + other.low, high: one.high + other.high, basis, ..one })
            }
            (Self::Unknown(unknown), _) | (_, Self::Unknown(unknown)) => Self::Unknown(unknown),
        }
    }
}

impl Known {
    /// The day on which the oldest of the sources was read, as `YYYY-MM-DD`.
    #[must_use]
    pub fn checked(&self) -> Option<&str> {
        self.sources.iter().map(|source| source.checked.as_ref()).min()
    }
}

impl Basis {
    /// The basis in `snake_case`, for machine-readable reports.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Prices => "prices",
            Self::Usage => "usage",
        }
    }
}

impl fmt::Display for Cost {
    /// `$0.041 (from usage; prices of 2026-11-22)`, `$0.01 to $0.17 (prices of 2026-11-22)`, `unknown: …`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known = match self {
            Self::Unknown(unknown) => return write!(formatter, "unknown: {}", unknown.why),
            Self::Known(known) => known,
        };
        let (low, high) = (known.low.to_string(), known.high.to_string());
        formatter.write_str(&low)?;
        if low != high {
            write!(formatter, " to {high}")?;
        }
        let from = match known.basis {
            Basis::Prices => "",
            Basis::Usage => "from usage; ",
        };
        write!(formatter, " ({from}prices of {})", known.checked().unwrap_or("an unknown day"))
    }
}

#[cfg(test)]
mod tests;
