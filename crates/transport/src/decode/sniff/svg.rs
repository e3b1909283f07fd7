//! Drawings: text that begins like an SVG document.

/// The size that an SVG document gives itself in pixels, 0 for what it leaves open; `None` when the text is none, or its
/// first element is not complete.
pub(super) fn size(bytes: &[u8]) -> Option<(u32, u32)> {
    let element = element(bytes)?;
    let own = |name| attribute(element, name).and_then(pixels).unwrap_or_default();
    let (width, height) = (own("width"), own("height"));
    if (width, height) != (0, 0) {
        return Some((width, height));
    }
    let mut view = attribute(element, "viewBox").unwrap_or_default().split([' ', ',']).skip(2);
    let mut side = || view.next().and_then(pixels).unwrap_or_default();
    Some((side(), side()))
}

/// The inside of the element `svg`, if nothing but a prologue stands before it.
fn element(bytes: &[u8]) -> Option<&str> {
    // What follows the element need not be text, nor complete.
    let end = bytes.utf8_chunks().next()?.valid();
    let mut rest = end.strip_prefix('\u{feff}').unwrap_or(end).trim_start();
    loop {
        let after = [("<?", "?>"), ("<!--", "-->"), ("<!", ">")]
            .iter()
            .find(|(begin, _)| rest.starts_with(begin))
            .map(|(begin, end)| rest.get(begin.len()..).and_then(|inside| inside.split_once(end)));
        match after {
            Some(after) => rest = after?.1.trim_start(),
            None => break,
        }
    }
    let (inside, _) = rest.strip_prefix("<svg")?.split_once('>')?;
    (inside.is_empty() || inside.starts_with([' ', '\t', '\r', '\n', '/'])).then_some(inside)
}

/// The value of an attribute. A blank stands before its name, which keeps `width` apart from `stroke-width`.
fn attribute<'a>(element: &'a str, name: &str) -> Option<&'a str> {
    let is_blank = |character: char| character.is_ascii_whitespace();
    element.match_indices(name).find_map(|(at, name)| {
        let before = element.get(..at)?.chars().next_back();
        let rest = element.get(at + name.len()..)?.trim_start_matches(is_blank);
        let value = rest.strip_prefix('=')?.trim_start_matches(is_blank);
        let quote = value
            .chars()
            .next()
            .filter(|quote| matches!(quote, '"' | '\'') && before.is_some_and(is_blank))?;
        value.get(1..)?.split(quote).next()
    })
}

fn pixels(text: &str) -> Option<u32> {
    let number = text.trim().trim_end_matches("px").parse::<f64>().ok()?.round();
    // Zero, infinite and absurd sizes are none.
    (1.0..=f64::from(u32::MAX)).contains(&number).then(|| format!("{number:.0}").parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drawings_and_their_sizes() {
        for (text, expected) in [
            ("<svg width='30' height=\"20px\">", Some((30, 20))),
            (
                "\u{feff} <?xml version='1.0'?>\n<!-- <svg> --><!DOCTYPE svg>\n<svg\n  width = '30' viewBox='0 0 1 2'>",
                Some((30, 0)),
            ),
            ("<svg viewBox='0 0 30.4 20' stroke-width='5'/>", Some((30, 20))),
            ("<svg viewBox='0,0,30,20' width='100%'>", Some((30, 20))),
            ("<svg width='1e99' height='-1'>\u{1f98a}", Some((0, 0))),
            ("<svg>", Some((0, 0))),
            ("<svg width='30'", None),
            ("<svgx>", None),
            ("<html><svg>", None),
            ("<!-- <svg>", None),
            ("", None),
        ] {
            assert_eq!(size(text.as_bytes()), expected, "{text}");
        }
        assert_eq!(size(b"<svg width='3'>\xff\xfe"), Some((3, 0)));
        assert_eq!(size(b"\xff<svg>"), None);
    }
}
