//! Amounts of money.

use std::{fmt, iter::Sum, ops::Add, str::FromStr};

/// An amount in US dollars, held in millionths. Sums stop at the largest amount instead of wrapping.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Money(u64);

impl Money {
    /// Nothing.
    pub const ZERO: Self = Self(0);
    /// More than anybody has.
    pub const MAX: Self = Self(u64::MAX);

    /// So many millionths of a dollar.
    #[must_use]
    pub const fn from_micros(micros: u64) -> Self {
        Self(micros)
    }

    /// From thousandths of a millionth, rounded up: a cost is never understated.
    pub(crate) fn from_nanos(nanos: u128) -> Self {
        Self(u64::try_from(nanos.div_ceil(1000)).unwrap_or(u64::MAX))
    }

    /// The amount in millionths of a dollar.
    #[must_use]
    pub const fn micros(self) -> u64 {
        self.0
    }

    /// What is left after a subtraction; nothing when `other` is more.
    #[must_use]
    pub const fn saturating_sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl Add for Money {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Sum for Money {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::ZERO, Add::add)
    }
}

impl fmt::Display for Money {
    /// Dollars: to the cent from one dollar on, to the hundredth of a cent from one cent on, exactly below. Trailing
    /// zeros are left out after the cents.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let step = match self.0 {
            1_000_000.. => 10_000,
            10_000.. => 100,
            _ => 1,
        };
        let shown = self.0.saturating_add(step / 2) / step * step;
        let fraction = format!("{:06}", shown % 1_000_000);
        let kept = fraction.trim_end_matches('0').len().max(2);
        write!(formatter, "${}.{}", shown / 1_000_000, &fraction[..kept])
    }
}

/// A text that is no amount.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidMoney(String);

impl fmt::Display for InvalidMoney {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{:?} is no amount: write US dollars such as 0.50, with at most six decimals",
            self.0
        )
    }
}

impl std::error::Error for InvalidMoney {}

impl FromStr for Money {
    type Err = InvalidMoney;

    /// Dollars as `2`, `0.50` or `$0.50`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        decimal(text.strip_prefix('$').unwrap_or(text), 6)
            .map(Self)
            .ok_or_else(|| InvalidMoney(text.to_owned()))
    }
}

/// A decimal number without sign and exponent, times ten to the power of `places`; `None` when it has more decimals.
pub(crate) fn decimal(text: &str, places: usize) -> Option<u64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let is_number = |digits: &str| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let fraction_kept = fraction.trim_end_matches('0');
    if !is_number(whole) || !is_number(fraction) || fraction_kept.len() > places {
        return None;
    }
    format!("{whole}{fraction_kept:0<places$}").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_exactly_or_not_at_all() {
        for (text, micros) in [
            ("0.5", 500_000),
            ("$0.50", 500_000),
            ("2", 2_000_000),
            ("0.000001", 1),
            ("0", 0),
            ("1.0000000", 1_000_000),
        ] {
            assert_eq!(text.parse(), Ok(Money::from_micros(micros)), "{text}");
        }
        for text in
            ["", ".", "1.", ".5", "-1", "1e3", "0.0000001", "1,5", "$$1", "99999999999999999999", "+1"]
        {
            assert!(text.parse::<Money>().is_err(), "{text}");
        }
    }

    #[test]
    fn amounts_are_shown_as_people_write_them() {
        for (micros, shown) in [
            (0, "$0.00"),
            (1, "$0.000001"),
            (5_000, "$0.005"),
            (41_000, "$0.041"),
            (42_240, "$0.0422"),
            (42_251, "$0.0423"),
            (500_000, "$0.50"),
            (12_345_678, "$12.35"),
        ] {
            assert_eq!(Money::from_micros(micros).to_string(), shown);
        }
        assert_eq!(Money::from_nanos(1), Money::from_micros(1));
        assert_eq!(Money::MAX + Money::from_micros(1), Money::MAX);
    }
}
