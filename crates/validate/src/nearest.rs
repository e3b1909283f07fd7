//! The valid value that was probably meant.

use imagewire_spec::rule::{Constraint, Text};
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
        _ => None,
    }
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

/// Closest in shape first, then in area: both on a logarithmic scale.
fn nearest_size(width: u32, height: u32, values: &[Text]) -> Option<String> {
    let shape = |width: u32, height: u32| {
        (
            f64::from(width.max(1)).ln() - f64::from(height.max(1)).ln(),
            f64::from(width.max(1)).ln() + f64::from(height.max(1)).ln(),
        )
    };
    let (ratio, area) = shape(width, height);
    let distance = |size: &Size| {
        let (w, h) = size.dimensions()?;
        let (other_ratio, other_area) = shape(w, h);
        Some(2.0 * (ratio - other_ratio).abs() + (area - other_area).abs())
    };
    values
        .iter()
        .filter_map(|value| Some((distance(&Size::from(value.as_ref()))?, value)))
        .min_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, value)| value.clone().into_owned())
}
