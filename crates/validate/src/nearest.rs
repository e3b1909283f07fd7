//! The valid value that was probably meant.

use imagewire_spec::rule::{Constraint, SizeRule, Text};
use imagewire_types::Size;

use crate::view::Scalar;

/// The nearest value that the constraint accepts, as it is written on the wire.
pub(crate) fn nearest(value: Scalar<'_>, constraint: &Constraint) -> Option<String> {
    match (constraint, value) {
        (Constraint::Range { min, max }, Scalar::Integer(number)) => {
            Some(number.clamp((*min).into(), (*max).into()).to_string())
        }
        (Constraint::OneOf(values), Scalar::Text(text)) => nearest_name(text, values),
        (Constraint::OneOf(values), Scalar::Size(size)) => nearest_name(&size.as_str(), values),
        (Constraint::Size(rule), Scalar::Text(text)) => nearest_of_rule(&Size::from(text), rule),
        (Constraint::Size(rule), Scalar::Size(size)) => nearest_of_rule(size, rule),
        _ => None,
    }
}

fn nearest_of_rule(size: &Size, rule: &SizeRule) -> Option<String> {
    let (width, height) = size.dimensions()?;
    let (width, height) = rule.nearest(width, height)?;
    Some(format!("{width}x{height}"))
}

fn nearest_name(text: &str, values: &[Text]) -> Option<String> {
    if let Some((width, height)) = Size::from(text).dimensions() {
        return nearest_size(width, height, values);
    }
    let folded = text.trim().to_lowercase();
    values
        .iter()
        .map(|value| (strsim::jaro_winkler(&folded, value), value))
        .filter(|(similarity, _)| *similarity > 0.8)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, value)| value.clone().into_owned())
}

/// Each edge judged by how many times it grows or shrinks.
fn nearest_size(width: u32, height: u32, values: &[Text]) -> Option<String> {
    let times = |a: u32, b: u32| (f64::from(a.max(1)).ln() - f64::from(b.max(1)).ln()).powi(2);
    let distance = |size: &Size| {
        let (other_width, other_height) = size.dimensions()?;
        Some(times(width, other_width) + times(height, other_height))
    };
    values
        .iter()
        .filter_map(|value| Some((distance(&Size::from(value.as_ref()))?, value)))
        .min_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, value)| value.clone().into_owned())
}
