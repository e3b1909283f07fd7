//! `--size` in words: what a model takes that comes nearest.

use imagewire_types::Size;
use imagewire_validate::{
    Target, fields,
    rule::{Constraint, FieldRule, SizeRule},
};

use crate::failure::Failure;

/// What a picture of no particular size has, in pixels.
const USUAL_PIXELS: f64 = 1024.0 * 1024.0;
/// What one that is wider or higher than that has.
const LONG_PIXELS: f64 = 1536.0 * 1024.0;

/// A picture that is longer or shorter than asked for by more than this is another one.
const FARTHEST: f64 = 1.3;

/// What a word asks for.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Shape {
    ratio: (u32, u32),
    pixels: f64,
    /// Whether a much smaller picture would miss the point.
    is_large: bool,
}

/// The size on the wire, and for words how the choice is told. What is neither a word nor a ratio is left to the check.
pub(super) fn resolve(
    asked: &str,
    target: &Target<'_>,
    model: Option<&str>,
) -> Result<(Size, Option<String>), Failure> {
    let Some(shape) = shape(asked) else { return Ok((Size::from(asked), None)) };
    let constraints = constraints(target, model);
    let whose =
        target.model(model).map_or_else(|| target.dialect().title.as_ref(), |model| model.id.as_ref());
    match choose(shape, &constraints) {
        Some((width, height)) => {
            let told = format!("size {asked} is {width}x{height} for {whose}");
            Ok((Size::new(width, height), Some(told)))
        }
        None => {
            let taken: Vec<String> = constraints.iter().map(|constraint| in_words(constraint)).collect();
            let message = format!("{whose} makes nothing that is {asked}\nit takes {}", taken.join(" and "));
            Err(Failure::impossible("unsupported_value", message))
        }
    }
}

fn shape(asked: &str) -> Option<Shape> {
    let of = |ratio, pixels| Some(Shape { ratio, pixels, is_large: false });
    match asked.to_ascii_lowercase().as_str() {
        "square" => of((1, 1), USUAL_PIXELS),
        "portrait" => of((2, 3), LONG_PIXELS),
        "landscape" => of((3, 2), LONG_PIXELS),
        "2k" => Some(Shape { ratio: (16, 9), pixels: 2048.0 * 1152.0, is_large: true }),
        "4k" => Some(Shape { ratio: (16, 9), pixels: 3840.0 * 2160.0, is_large: true }),
        ratio => {
            let (width, height) = ratio.split_once(':')?;
            let (width, height) = (width.parse().ok()?, height.parse().ok()?);
            let pixels = if width == height { USUAL_PIXELS } else { LONG_PIXELS };
            if (1..=100).contains(&width) && (1..=100).contains(&height) {
                of((width, height), pixels)
            } else {
                None
            }
        }
    }
}

/// What the service, its rules for the model, and the model say about `size`.
fn constraints<'a>(target: &Target<'a>, named: Option<&str>) -> Vec<&'a Constraint> {
    let Some(position) = fields().iter().position(|field| field.name == "size") else { return Vec::new() };
    let of = |rules: &'a [FieldRule]| {
        rules
            .iter()
            .filter(move |rule| usize::from(rule.field.0) == position)
            .flat_map(|rule| rule.constraints.iter())
    };
    let dialect = target.dialect();
    let model = target.model(named);
    let overlays =
        dialect.overlays.iter().filter(|overlay| model.is_some_and(|model| overlay.covers(&model.id)));
    of(&dialect.rules.fields)
        .chain(model.into_iter().flat_map(|model| of(&model.rules.fields)))
        .chain(overlays.flat_map(|overlay| of(&overlay.rules.fields)))
        .collect()
}

fn choose(shape: Shape, constraints: &[&Constraint]) -> Option<(u32, u32)> {
    let accepted = |(width, height): (u32, u32)| {
        let text = format!("{width}x{height}");
        constraints.iter().all(|constraint| match constraint {
            Constraint::OneOf(names) => names.contains(&text.as_str().into()),
            Constraint::Size(rule) => rule.accepts(&text),
            Constraint::Absent => false,
            Constraint::Range { .. } | Constraint::Length { .. } | Constraint::Is(_) => true,
        })
    };
    let listed = constraints.iter().find_map(|constraint| match constraint {
        Constraint::OneOf(names) => Some(names),
        _ => None,
    });
    let rule = constraints.iter().find_map(|constraint| match constraint {
        Constraint::Size(rule) => Some(rule),
        _ => None,
    });
    let candidates: Vec<(u32, u32)> = match (listed, rule) {
        (Some(names), _) => names.iter().filter_map(|name| Size::from(name.as_ref()).dimensions()).collect(),
        (None, Some(rule)) => around(shape, rule),
        (None, None) => around(shape, &SizeRule { multiple_of: 16, ..SizeRule::ANY }),
    };
    let fits = |size: &(u32, u32)| {
        same_orientation(shape, *size)
            && shape_off(shape, *size) <= FARTHEST.ln()
            && !(shape.is_large && area(*size) < shape.pixels / 2.0)
    };
    candidates
        .into_iter()
        .filter(|size| accepted(*size) && fits(size))
        .min_by(|a, b| distance(shape, *a).total_cmp(&distance(shape, *b)))
}

/// Sizes of exactly that shape, and the nearest one that the rule allows.
fn around(shape: Shape, rule: &SizeRule) -> Vec<(u32, u32)> {
    let (across, down) = shape.ratio;
    let step = rule.multiple_of.max(1);
    let exact = (1..=8192 / across.max(down)).map(|times| (across * times, down * times));
    let exact = exact.filter(|(width, height)| width.is_multiple_of(step) && height.is_multiple_of(step));
    let side = (shape.pixels / f64::from(across * down)).sqrt();
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few thousand at most")]
    let wanted = |edge: u32| (f64::from(edge) * side).round() as u32;
    exact.chain(rule.nearest(wanted(across), wanted(down))).collect()
}

fn same_orientation(shape: Shape, (width, height): (u32, u32)) -> bool {
    let (across, down) = shape.ratio;
    across.cmp(&down) == width.cmp(&height)
}

fn area((width, height): (u32, u32)) -> f64 {
    f64::from(width) * f64::from(height)
}

/// How far a size is from a shape, on a scale where twice and half are equally far.
fn shape_off(shape: Shape, (width, height): (u32, u32)) -> f64 {
    let ratio = f64::from(shape.ratio.0) / f64::from(shape.ratio.1);
    (f64::from(width) / f64::from(height) / ratio).ln().abs()
}

/// The shape counts; the number of pixels decides among sizes of the same shape.
fn distance(shape: Shape, size: (u32, u32)) -> f64 {
    1000.0 * shape_off(shape, size) + (area(size) / shape.pixels).ln().abs()
}

fn in_words(constraint: &Constraint) -> String {
    match constraint {
        Constraint::OneOf(names) => names.join(", "),
        Constraint::Size(rule) => rule.to_string(),
        Constraint::Absent => "no size".to_owned(),
        Constraint::Range { .. } | Constraint::Length { .. } | Constraint::Is(_) => "any text".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(asked: &str, dialect: &str, model: &str) -> String {
        let target = Target::new(dialect).expect("a service");
        match resolve(asked, &target, Some(model)) {
            Ok((size, told)) => {
                assert_eq!(told.is_some(), shape(asked).is_some());
                size.as_str().into_owned()
            }
            Err(failure) => failure.message,
        }
    }

    #[test]
    fn words_become_what_the_model_takes() {
        for (asked, model, size) in [
            ("square", "dall-e-3", "1024x1024"),
            ("portrait", "dall-e-3", "1024x1792"),
            ("landscape", "dall-e-3", "1792x1024"),
            ("16:9", "dall-e-3", "1792x1024"),
            ("square", "dall-e-2", "1024x1024"),
            ("portrait", "gpt-image-1", "1024x1536"),
            ("landscape", "gpt-image-1", "1536x1024"),
            ("9:16", "gpt-image-1", "1024x1536"),
            ("square", "gpt-image-2", "1024x1024"),
            ("landscape", "gpt-image-2", "1536x1024"),
            ("16:9", "gpt-image-2", "1792x1008"),
            ("2K", "gpt-image-2", "2048x1152"),
            ("4k", "gpt-image-2", "3840x2160"),
            ("3:1", "gpt-image-2", "2160x720"),
            ("1920x1088", "gpt-image-2", "1920x1088"),
            ("auto", "gpt-image-1", "auto"),
            ("large", "gpt-image-1", "large"),
            ("portrait", "somebodys-model", "1024x1536"),
        ] {
            assert_eq!(chosen(asked, "openai", model), size, "{asked} {model}");
        }
    }

    #[test]
    fn what_a_model_cannot_make_is_said_and_not_replaced() {
        assert!(chosen("landscape", "openai", "dall-e-2").contains("makes nothing that is landscape"));
        assert!(chosen("4K", "openai", "dall-e-3").contains("1792x1024"));
        assert!(chosen("50:1", "openai", "gpt-image-2").contains("at most 3:1"));
    }
}
