//! What items may cost, and what they did.

use imagewire_batch::{Batch, Report, input::Input};
use imagewire_cost::{Cost, Money, Prices};

use super::Arguments;
use crate::failure::Failure;

/// Sets aside the most that each item may cost, where a price is known.
///
/// # Errors
/// When there is a cap on costs and a price is not known: it could not hold.
pub(super) fn reserve(arguments: &Arguments, dialect: &str, input: &mut Input) -> Result<(), Failure> {
    let prices = Prices::built_in();
    for item in &mut input.items {
        match prices.estimate(&item.request, dialect, arguments.model.as_deref()) {
            Cost::Known(known) => item.reserve = Some(known.high.micros()),
            Cost::Unknown(unknown) if arguments.max_cost.is_some() => {
                return Err(Failure::configuration(format!(
                    "--max-cost cannot hold: the price of {:?} ({}) is unknown, since {}\nuse --max-images instead",
                    item.id, item.place, unknown.why
                )));
            }
            Cost::Unknown(_) => {}
        }
    }
    Ok(())
}

/// Lets the batch know what answers cost.
pub(super) fn settle(batch: Batch, dialect: &'static str, model: Option<String>) -> Batch {
    batch.settle(move |request, response| {
        let images = u32::try_from(response.data.len()).unwrap_or(u32::MAX);
        let usage = response.usage.as_ref();
        let cost = Prices::built_in().actual(request, usage, images, dialect, model.as_deref());
        cost.high().map(Money::micros)
    })
}

/// All runs together, in words.
pub(super) fn words(report: &Report, is_emulated: bool) -> String {
    let spent = report.spent;
    let verb = if is_emulated { "it would have cost" } else { "cost" };
    match (spent.cost, spent.unpriced) {
        (0, 0) => String::new(),
        (0, _) => "cost unknown: no source tells these prices".to_owned(),
        (cost, 0) => format!("{verb} {} at most", Money::from_micros(cost)),
        (cost, unpriced) => {
            format!("{verb} {} at most, and {unpriced} requests of unknown price", Money::from_micros(cost))
        }
    }
}
