//! Prices for the commands that spend or estimate.

use std::path::PathBuf;

use imagewire_cost::{Cost, Known, Money, Prices, Unknown};
use serde_json::{Value, json};

use crate::{command::read, failure::Failure};

#[derive(Debug, Default, clap::Args)]
pub(crate) struct PriceArguments {
    /// A file with prices of your own, in the form of imagewire's prices.json; they come before the built-in ones
    #[arg(long, value_name = "FILE.json")]
    prices: Vec<PathBuf>,
}

impl PriceArguments {
    pub(crate) fn load(&self) -> Result<Prices, Failure> {
        let mut prices = Prices::built_in().clone();
        for file in &self.prices {
            let path = file.display().to_string();
            let text = String::from_utf8(read(file)?)
                .map_err(|_| Failure::configuration(format!("{path} is not UTF-8")))?;
            prices.add(&path, &text).map_err(|error| Failure::configuration(error.to_string()))?;
        }
        Ok(prices)
    }
}

/// Caps on what a command may spend.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct CapArguments {
    /// Refuse to spend more than this: the high end of the estimate counts
    #[arg(long, value_name = "USD")]
    pub(crate) max_cost: Option<Money>,
    /// With --max-cost, send requests whose price is unknown all the same
    #[arg(long, requires = "max_cost")]
    pub(crate) allow_unknown_cost: bool,
}

impl CapArguments {
    /// Holds an estimate against the cap, before anything is sent.
    pub(crate) fn check(&self, estimate: &Cost) -> Result<(), Failure> {
        match (self.max_cost, estimate) {
            (Some(cap), Cost::Known(Known { low, high, .. })) if *high > cap => {
                let remedy = if *low > cap {
                    "ask for fewer, smaller or plainer images, or raise --max-cost"
                } else {
                    "name --size and --quality, which narrows the estimate, or raise --max-cost"
                };
                let message = format!("--max-cost is {cap}, and this may cost {high}\n{estimate}\n{remedy}");
                Err(Failure::over_budget("over_budget", message))
            }
            (Some(cap), Cost::Unknown(unknown)) if !self.allow_unknown_cost => {
                let message = format!(
                    "--max-cost is {cap}, and what this costs is unknown\n{}\nadd a price with --prices, or \
                     --allow-unknown-cost",
                    unknown.why
                );
                Err(Failure::over_budget("unknown_cost", message))
            }
            (Some(_) | None, Cost::Known(_) | Cost::Unknown(_)) => Ok(()),
        }
    }
}

/// What nothing costs, because nothing was bought.
pub(crate) fn nothing() -> Cost {
    let basis = imagewire_cost::Basis::Usage;
    Cost::Known(Known { low: Money::ZERO, high: Money::ZERO, basis, sources: Vec::new() })
}

/// What nobody can know.
pub(crate) fn unknown(why: impl Into<String>) -> Cost {
    Cost::Unknown(Unknown { why: why.into() })
}

/// A cost for `--json`: amounts in millionths of a US dollar.
pub(crate) fn describe(cost: &Cost) -> Value {
    match cost {
        Cost::Unknown(unknown) => json!({ "known": false, "why": unknown.why }),
        Cost::Known(known) => {
            let sources = known.sources.iter().map(|source| {
                json!({ "covers": source.covers, "title": source.title, "url": source.url, "checked": source.checked })
            });
            json!({
                "known": true,
                "low_micro_usd": known.low.micros(),
                "high_micro_usd": known.high.micros(),
                "basis": known.basis.as_str(),
                "sources": sources.collect::<Vec<_>>(),
            })
        }
    }
}
