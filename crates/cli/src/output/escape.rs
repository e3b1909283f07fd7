//! Text from outside, made harmless for terminals.

/// The text with control characters and invisible steering as escapes. Tabs stay.
pub(crate) fn printable(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if c == '\t' || is_harmless(c) {
            shown.push(c);
        } else {
            shown.extend(c.escape_default());
        }
    }
    shown
}

fn is_harmless(c: char) -> bool {
    let steers = matches!(
        c,
        // Marks and overrides of the text direction, separators that break lines, and tags nobody sees.
        '\u{061c}' | '\u{200e}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
            | '\u{feff}' | '\u{e0000}'..='\u{e007f}'
    );
    !c.is_control() && !steers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_steers_the_terminal() {
        assert_eq!(printable("Ünïcödé 水獭 👩‍🎨\t."), "Ünïcödé 水獭 👩‍🎨\t.");
        for (text, shown) in [
            ("\u{1b}[2Jgone", "\\u{1b}[2Jgone"),
            ("a\r\nb", "a\\r\\nb"),
            ("\u{7f}\u{9b}31m", "\\u{7f}\\u{9b}31m"),
            ("exe.\u{202e}gpj", "exe.\\u{202e}gpj"),
            ("\u{2067}x\u{2069}\u{feff}", "\\u{2067}x\\u{2069}\\u{feff}"),
            ("\u{0}\u{7}\u{8}", "\\u{0}\\u{7}\\u{8}"),
        ] {
            assert_eq!(printable(text), shown);
        }
    }
}
