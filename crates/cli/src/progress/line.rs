//! The words of the line.

use std::time::Duration;

const SPINNER: [char; 10] = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
/// The width of a terminal that does not tell.
const WIDTH: usize = 80;

/// The line with a spinner before it, cut to the terminal's width.
pub(super) fn fitted(frame: usize, line: &str) -> String {
    let width = terminal_size::terminal_size_of(std::io::stderr())
        .map_or(WIDTH, |(terminal_size::Width(width), _)| usize::from(width));
    let spinner = SPINNER.get(frame % SPINNER.len()).copied().unwrap_or(' ');
    cut(&format!("{spinner} {line}"), width.saturating_sub(1))
}

/// At most so many characters, the last one an ellipsis when some are missing.
fn cut(line: &str, width: usize) -> String {
    if line.chars().count() <= width {
        return line.to_owned();
    }
    let mut kept: String = line.chars().take(width.saturating_sub(1)).collect();
    kept.push('…');
    kept
}

/// `12 s`, `2 min 5 s`.
pub(super) fn elapsed(time: Duration) -> String {
    let seconds = time.as_secs();
    if seconds < 60 { format!("{seconds} s") } else { format!("{} min {} s", seconds / 60, seconds % 60) }
}

/// `512 B`, `34 kB`, `1.2 MB`.
pub(super) fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{} kB", bytes / 1_000),
        _ => format!("{}.{} MB", bytes / 1_000_000, bytes % 1_000_000 / 100_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_fit_and_read_well() {
        assert_eq!(cut("12 s · drawing", 40), "12 s · drawing");
        assert_eq!(cut("12 s · drawing", 8), "12 s · …");
        assert_eq!(cut("12 s", 0), "…");
        assert_eq!(elapsed(Duration::from_secs(59)), "59 s");
        assert_eq!(elapsed(Duration::from_secs(125)), "2 min 5 s");
        assert_eq!(
            (size(999), size(34_567), size(1_234_567)),
            ("999 B".into(), "34 kB".into(), "1.2 MB".into())
        );
    }
}
