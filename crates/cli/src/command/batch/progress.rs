//! Progress on stderr: a bar on a terminal, a line now and then elsewhere.

use std::{
    fmt,
    io::{self, IsTerminal as _},
    time::{Duration, Instant},
};

use imagewire_batch::{Event, Status, input::Fault};
use imagewire_cost::Money;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use crate::output::note;

/// The longest silence elsewhere, as long as something happens.
const SILENCE: Duration = Duration::from_secs(15);

pub(super) struct Progress {
    bar: Option<ProgressBar>,
    is_quiet: bool,
    total: usize,
    ended: usize,
    failed: usize,
    unknown: usize,
    cost: u64,
    said: (usize, Instant),
}

impl Progress {
    pub(super) fn new(total: usize, is_quiet: bool) -> Self {
        let is_terminal = io::stderr().is_terminal() && !is_quiet;
        let bar = is_terminal.then(|| {
            let bar = ProgressBar::with_draw_target(Some(total as u64), ProgressDrawTarget::stderr());
            let style = ProgressStyle::with_template("{wide_bar:.green} {pos}/{len} {rate} eta {eta} {msg}");
            let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
            bar.with_style(style.with_key("rate", |state: &ProgressState, text: &mut dyn fmt::Write| {
                // Images take seconds: so many in one would be a small fraction.
                let _ = write!(text, "{:.0}/min", state.per_sec() * 60.0);
            }))
        });
        if let Some(bar) = &bar {
            bar.enable_steady_tick(Duration::from_millis(250));
        }
        Self { bar, is_quiet, total, ended: 0, failed: 0, unknown: 0, cost: 0, said: (0, Instant::now()) }
    }

    pub(super) fn fault(&mut self, fault: &Fault) {
        self.say(&format!("failed {fault}"));
        self.failed += 1;
        self.step();
    }

    pub(super) fn show(&mut self, event: &Event<'_>) {
        match event {
            Event::Item(outcome) => {
                let reason = outcome.failure.as_ref().map(|failure| failure.message.as_ref());
                let reason = reason.map(|reason| format!(": {reason}")).unwrap_or_default();
                match outcome.status {
                    Status::Failed => self.failed += 1,
                    Status::Unknown => self.unknown += 1,
                    Status::Done | Status::Partial | Status::Missing | Status::Skipped | Status::Pending => {}
                }
                if !matches!(outcome.status, Status::Done | Status::Skipped | Status::Pending) {
                    self.say(&format!("{} {}{reason}", outcome.status.as_str(), outcome.id));
                }
                for path in &outcome.rescued {
                    // Paid for: worth a line even for those who want none.
                    self.line(&format!("the image of {} is in {}", outcome.id, path.display()));
                }
                self.cost += outcome.cost.unwrap_or_default();
                if outcome.status != Status::Pending {
                    self.step();
                }
            }
            Event::Again { id, failure } => self.say(&format!("{id}: again, since {}", failure.message)),
            Event::Paused { failure, time } => {
                self.say(&format!("pausing for {:.0} s: {}", time.as_secs_f64().ceil(), failure.message));
            }
            Event::Draining { under_way } => self.say(&format!(
                "stopping: waiting for {under_way} under way, 30 s at most (press Ctrl-C again to stop at once)"
            )),
            _ => {}
        }
    }

    /// Prints where the bar is not: a terminal may show both streams.
    pub(super) fn aside(&self, print: impl FnOnce()) {
        match &self.bar {
            Some(bar) => bar.suspend(print),
            None => print(),
        }
    }

    pub(super) fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    fn step(&mut self) {
        self.ended += 1;
        let mut message = Vec::new();
        if self.cost > 0 {
            message.push(Money::from_micros(self.cost).to_string());
        }
        for (count, name) in [(self.failed, "failed"), (self.unknown, "unknown")] {
            if count > 0 {
                message.push(format!("{count} {name}"));
            }
        }
        let message = message.join(", ");
        if let Some(bar) = &self.bar {
            bar.set_message(message);
            bar.inc(1);
            return;
        }
        let (said, time) = self.said;
        // About every tenth.
        let is_due = (self.ended - said) * 10 >= self.total || time.elapsed() >= SILENCE;
        if is_due && self.ended < self.total {
            self.said = (self.ended, Instant::now());
            let message = if message.is_empty() { message } else { format!(", {message}") };
            self.say(&format!("{} of {}{message}", self.ended, self.total));
        }
    }

    fn say(&self, line: &str) {
        if !self.is_quiet {
            self.line(line);
        }
    }

    fn line(&self, line: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| note(line)),
            None => note(line),
        }
    }
}
