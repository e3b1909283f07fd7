//! What `RUST_LOG` asks for, on standard error. No prompt, key or payload is ever logged.

use tracing_subscriber::EnvFilter;

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub(crate) enum Format {
    /// For people
    Text,
    /// One JSON object a line
    Json,
}

/// Logs what `RUST_LOG` names; where only a format is asked for, the emulator's requests.
pub(crate) fn listen(format: Option<Format>) {
    let asked = std::env::var("RUST_LOG").ok().filter(|asked| !asked.is_empty());
    let filter = match (asked, format) {
        (Some(asked), _) => EnvFilter::new(asked),
        (None, Some(_)) => EnvFilter::new("imagewire_emulator=info"),
        (None, None) => return,
    };
    let subscriber =
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(false);
    // Somebody else may have set one; then that one is told.
    let _ = match format {
        Some(Format::Json) => subscriber.json().flatten_event(true).try_init(),
        Some(Format::Text) | None => subscriber.try_init(),
    };
}
