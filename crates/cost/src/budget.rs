//! Caps: the high end is reserved before a request, and settled after it.

use std::fmt;

use crate::{Cost, Money};

/// A cap on what may be spent. Reservations count as spent until they are settled, so that requests which run side by
/// side cannot pass the cap together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Budget {
    cap: Money,
    spent: Money,
    reserved: Money,
}

/// Money that is set aside for one request. Hand it back to [`Budget::settle`] or [`Budget::release`]; one that is
/// dropped stays reserved, as for a request whose outcome is unknown.
#[derive(Debug, PartialEq, Eq)]
#[must_use = "it stays reserved until it is settled or released"]
pub struct Reservation(Money);

impl Reservation {
    fn into_amount(self) -> Money {
        self.0
    }
}

/// A request may cost more than is left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OverBudget {
    /// What the request may cost.
    pub wanted: Money,
    /// What is left of the cap.
    pub left: Money,
    /// The cap.
    pub cap: Money,
}

impl fmt::Display for OverBudget {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { wanted, left, cap } = self;
        write!(formatter, "it may cost {wanted}, and {left} is left of the cap of {cap}")
    }
}

impl std::error::Error for OverBudget {}

impl Budget {
    /// At most so much.
    #[must_use]
    pub const fn new(cap: Money) -> Self {
        Self { cap, spent: Money::ZERO, reserved: Money::ZERO }
    }

    /// Counts what was spent earlier, such as before a resumption.
    #[must_use]
    pub fn already_spent(mut self, spent: Money) -> Self {
        self.spent = self.spent + spent;
        self
    }

    /// What may still be reserved.
    #[must_use]
    pub fn left(&self) -> Money {
        self.cap.saturating_sub(self.spent + self.reserved)
    }

    /// What has been settled.
    #[must_use]
    pub fn spent(&self) -> Money {
        self.spent
    }

    /// Sets money aside; for an estimate, its high end.
    ///
    /// # Errors
    /// When less is left; nothing is set aside then.
    pub fn reserve(&mut self, amount: Money) -> Result<Reservation, OverBudget> {
        let left = self.left();
        if amount > left {
            return Err(OverBudget { wanted: amount, left, cap: self.cap });
        }
        self.reserved = self.reserved + amount;
        Ok(Reservation(amount))
    }

    /// Replaces a reservation by what the request did cost: its high end, or all that was reserved when that is unknown.
    pub fn settle(&mut self, reservation: Reservation, cost: &Cost) {
        let amount = reservation.into_amount();
        self.reserved = self.reserved.saturating_sub(amount);
        self.spent = self.spent + cost.high().unwrap_or(amount);
    }

    /// Takes a reservation back: nothing was bought.
    pub fn release(&mut self, reservation: Reservation) {
        let amount = reservation.into_amount();
        self.reserved = self.reserved.saturating_sub(amount);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Basis, Known, Unknown};

    fn cents(cents: u64) -> Money {
        Money::from_micros(cents * 10_000)
    }

    fn cost(high: Money) -> Cost {
        Cost::Known(Known { low: Money::ZERO, high, basis: Basis::Usage, sources: Vec::new() })
    }

    #[test]
    fn what_runs_side_by_side_cannot_pass_the_cap_together() {
        let mut budget = Budget::new(cents(10));
        let first = budget.reserve(cents(6)).expect("it fits");
        let refused = budget.reserve(cents(6)).expect_err("4 cents are left");
        assert_eq!((refused.wanted, refused.left, refused.cap), (cents(6), cents(4), cents(10)));
        budget.settle(first, &cost(cents(1)));
        assert_eq!((budget.spent(), budget.left()), (cents(1), cents(9)));
        let second = budget.reserve(cents(9)).expect("it fits now");
        budget.release(second);
        assert_eq!(budget.left(), cents(9));
    }

    #[test]
    fn an_unknown_cost_keeps_what_was_reserved() {
        let mut budget = Budget::new(cents(10)).already_spent(cents(2));
        let reservation = budget.reserve(cents(5)).expect("it fits");
        budget.settle(reservation, &Cost::Unknown(Unknown { why: String::new() }));
        assert_eq!(budget.left(), cents(3));
        // A cost above the estimate is counted as it is.
        let reservation = budget.reserve(cents(3)).expect("it fits");
        budget.settle(reservation, &cost(cents(20)));
        assert_eq!((budget.spent(), budget.left()), (cents(27), Money::ZERO));
    }
}
