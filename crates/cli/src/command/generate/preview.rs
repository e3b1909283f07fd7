//! Images in the terminal: the kitty graphics protocol, or iTerm2's inline images.

use std::{
    env, fs,
    io::{self, IsTerminal as _, Write as _},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::picture::{Picture, decoded};
use crate::output::{clear_status, note};

/// The longest edge of what is shown, in pixels: it travels through the terminal as text.
const EDGE: u32 = 480;
/// kitty takes so much base64 at a time.
const CHUNK: usize = 4096;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Protocol {
    Kitty,
    Iterm,
}

/// How this terminal shows images, if it does. `wanted` is what the user says about it.
pub(super) fn protocol(wanted: Option<bool>, is_json: bool) -> Option<Protocol> {
    let is_terminal = io::stdout().is_terminal() && io::stderr().is_terminal();
    if wanted == Some(false) || is_json || !is_terminal || !crate::output::is_text() {
        return None;
    }
    let variable = |name: &str| env::var(name).unwrap_or_default();
    let found = detect(variable, wanted == Some(true));
    if found.is_none() && wanted == Some(true) {
        note("no preview: this terminal is not known to show images");
    }
    found
}

/// Multiplexers and CI swallow or mangle images, unless the user knows better.
fn detect(variable: impl Fn(&str) -> String, is_forced: bool) -> Option<Protocol> {
    let is_set = |name: &str| !variable(name).is_empty();
    let term = variable("TERM");
    if !is_forced
        && (is_set("CI") || is_set("TMUX") || term.starts_with("screen") || term.starts_with("tmux"))
    {
        return None;
    }
    if is_set("KITTY_WINDOW_ID") || term.contains("kitty") || term.contains("ghostty") {
        return Some(Protocol::Kitty);
    }
    match variable("TERM_PROGRAM").as_str() {
        "ghostty" | "WarpTerminal" => Some(Protocol::Kitty),
        "iTerm.app" | "WezTerm" | "mintty" => Some(Protocol::Iterm),
        _ => None,
    }
}

/// Shows an image; one that cannot be shown is passed over, since it is saved.
pub(super) fn show(picture: &Picture, protocol: Protocol) {
    let Some(small) = thumbnail(picture) else { return };
    clear_status();
    let mut stderr = io::stderr().lock();
    let _ = stderr.write_all(escape(&small, protocol).as_bytes()).and_then(|()| stderr.flush());
}

/// The image as a small PNG, which every protocol takes.
fn thumbnail(picture: &Picture) -> Option<Vec<u8>> {
    let bytes = fs::read(&picture.path).ok()?;
    let image = decoded(&bytes, picture.format)?.ok()?;
    let mut small = io::Cursor::new(Vec::new());
    image.thumbnail(EDGE, EDGE).write_to(&mut small, image::ImageFormat::Png).ok()?;
    Some(small.into_inner())
}

fn escape(png: &[u8], protocol: Protocol) -> String {
    let text = STANDARD.encode(png);
    match protocol {
        Protocol::Iterm => {
            format!("\x1b]1337;File=inline=1;size={};preserveAspectRatio=1:{text}\x07\n", png.len())
        }
        Protocol::Kitty => {
            let mut escape = String::with_capacity(text.len() + 1024);
            // base64 is ASCII, so every place is a boundary.
            let mut rest = text.as_str();
            let mut head = "a=T,f=100,";
            while !rest.is_empty() {
                let (chunk, after) = rest.split_at(rest.len().min(CHUNK));
                let more = u8::from(!after.is_empty());
                escape.push_str(&format!("\x1b_G{head}q=2,m={more};{chunk}\x1b\\"));
                (rest, head) = (after, "");
            }
            escape.push('\n');
            escape
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(variables: &[(&str, &str)], is_forced: bool) -> Option<Protocol> {
        let variable = |name: &str| {
            variables
                .iter()
                .find(|(known, _)| *known == name)
                .map_or_else(String::new, |(_, value)| (*value).to_owned())
        };
        detect(variable, is_forced)
    }

    #[test]
    fn terminals_are_told_apart() {
        assert_eq!(found(&[("TERM", "xterm-kitty")], false), Some(Protocol::Kitty));
        assert_eq!(
            found(&[("TERM", "xterm-256color"), ("KITTY_WINDOW_ID", "1")], false),
            Some(Protocol::Kitty)
        );
        assert_eq!(found(&[("TERM_PROGRAM", "ghostty")], false), Some(Protocol::Kitty));
        assert_eq!(found(&[("TERM_PROGRAM", "iTerm.app")], false), Some(Protocol::Iterm));
        assert_eq!(found(&[("TERM_PROGRAM", "Apple_Terminal"), ("TERM", "xterm-256color")], false), None);
        assert_eq!(found(&[("TERM_PROGRAM", "iTerm.app"), ("CI", "true")], false), None);
        assert_eq!(found(&[("TERM_PROGRAM", "iTerm.app"), ("TMUX", "/tmp/x")], false), None);
        assert_eq!(found(&[("TERM_PROGRAM", "iTerm.app"), ("TMUX", "/tmp/x")], true), Some(Protocol::Iterm));
    }

    #[test]
    fn what_is_written_is_what_the_protocols_ask_for() {
        let png = vec![7; 4000];
        let kitty = escape(&png, Protocol::Kitty);
        let commands: Vec<&str> = kitty.trim_end().split_terminator("\x1b\\").collect();
        assert_eq!(commands.len(), 2);
        assert!(
            commands[0].starts_with("\x1b_Ga=T,f=100,q=2,m=1;") && commands[1].starts_with("\x1b_Gq=2,m=0;")
        );
        let sent: String =
            commands.iter().filter_map(|command| command.split_once(';')).map(|(_, data)| data).collect();
        assert_eq!(STANDARD.decode(sent).expect("base64"), png);
        assert!(commands[0].len() <= CHUNK + 32);
        let iterm = escape(&png, Protocol::Iterm);
        assert!(iterm.starts_with("\x1b]1337;File=inline=1;size=4000;") && iterm.ends_with("\x07\n"));
    }
}
