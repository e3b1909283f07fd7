//! The words on a picture, in the printable ASCII the fonts have.

use super::Picture;

/// Longer prompts are cut here already: no picture has room for more.
const MAX_CHARS: usize = 600;

/// ASCII look-alikes of U+00C0 to U+017F, one a character.
const LATIN: &[u8; 192] = b"AAAAAAACEEEEIIIIDNOOOOOxOUUUUYTs\
aaaaaaaceeeeiiiidnooooo/ouuuuyty\
AaAaAaCcCcCcCcDdDdEeEeEeEeEeGgGgGgGgHhHhIiIiIiIiIiJjJjKkkLlLlLlL\
lLlNnNnNnnNnOoOoOoOoRrRrRrSsSsSsSsTtTtTtUuUuUuUuUuUuWwYyYZzZzZzs";

/// A prompt on one line of printable ASCII: accents are dropped, white space
/// collapses, control and zero-width characters vanish, the rest becomes `?`.
pub(super) fn printable(prompt: &str) -> String {
    let mut line = String::new();
    for c in prompt.chars().take(MAX_CHARS) {
        match c {
            ' '..='~' if c != ' ' => line.push(c),
            _ if c.is_whitespace() => {
                if !line.is_empty() && !line.ends_with(' ') {
                    line.push(' ');
                }
            }
            // Control, combining, zero-width and direction characters,
            // variation selectors.
            '\0'..='\u{9f}'
            | '\u{ad}'
            | '\u{300}'..='\u{36f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
            | '\u{1f3fb}'..='\u{1f3ff}' => {}
            '\u{2018}'..='\u{201b}' | '\u{2032}' => line.push('\''),
            '\u{201c}'..='\u{201f}' | '\u{ab}' | '\u{bb}' => line.push('"'),
            '\u{2010}'..='\u{2015}' | '\u{2212}' => line.push('-'),
            '\u{2022}' | '\u{b7}' => line.push('*'),
            '\u{2026}' => line.push_str("..."),
            // Full-width forms are ASCII at another address.
            '\u{ff01}'..='\u{ff5e}' => line.push(ascii(c as u32 - 0xfee0)),
            '\u{c0}'..='\u{17f}' => {
                let twin = LATIN.get(c as usize - 0xc0).copied();
                line.push(char::from(twin.unwrap_or(b'?')));
            }
            _ => line.push('?'),
        }
    }
    line.truncate(line.trim_end().len());
    if line.is_empty() {
        line.push_str("(no prompt)");
    }
    line
}

/// A text of printable ASCII, cut to a number of characters.
pub(super) fn shorten(line: &str, room: usize) -> String {
    if line.len() <= room {
        return line.to_owned();
    }
    let head: String = line.chars().take(room.saturating_sub(3)).collect();
    let mut short = format!("{}...", head.trim_end());
    short.truncate(room);
    short
}

/// The size and the number of a picture, as in `1024x1024 #1`.
pub(super) fn dimensions(picture: &Picture) -> String {
    let number = u64::from(picture.index) + 1;
    format!("{}x{} #{number}", picture.width, picture.height)
}

fn ascii(code: u32) -> char {
    char::from_u32(code).filter(char::is_ascii).unwrap_or('?')
}
