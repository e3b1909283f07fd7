//! How far a command is: one line on a terminal, a plain line now and then elsewhere, or events.

mod line;

use std::{
    io::{self, IsTerminal as _},
    path::PathBuf,
    sync::mpsc::{self, Receiver, RecvTimeoutError, Sender},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use imagewire_transport::Progress as Call;
use serde_json::json;

use crate::output::{clear_status, event, is_events, is_text, note, status};

use self::line::{elapsed, fitted, size};

/// How often the line of a terminal moves.
const FRAME: Duration = Duration::from_millis(120);
/// How often a plain line is written elsewhere.
const PLAIN: Duration = Duration::from_secs(15);
/// How often received bytes are told as events.
const EVENT: Duration = Duration::from_millis(500);

/// What happens to one request.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Step {
    /// It goes out, for which time counted from 1.
    Sending { attempt: u32 },
    /// Its answer begins.
    Answering { status: u16 },
    /// So many bytes came in all.
    Receiving { bytes: u64 },
    /// So many bytes of a link's image came.
    Downloading { bytes: u64 },
    /// An unfinished image came.
    Partial { number: u32, path: Option<PathBuf> },
    /// A file has its name.
    Saved { path: PathBuf, bytes: u64 },
    /// It failed and will be sent again.
    Waiting { after: Duration, reason: &'static str },
    /// Something goes on that is not worth a word.
    Working,
    /// It is over.
    Ended { ok: bool },
}

impl Step {
    fn of(call: &Call) -> Self {
        match call {
            Call::Sending { attempt } => Self::Sending { attempt: *attempt },
            Call::Answering { status, .. } => Self::Answering { status: *status },
            Call::Received { bytes } => Self::Receiving { bytes: *bytes },
            Call::Downloading { bytes, .. } => Self::Downloading { bytes: *bytes },
            Call::Partial { number, path, .. } => Self::Partial { number: *number, path: path.clone() },
            Call::Saved { path, bytes, .. } => Self::Saved { path: path.clone(), bytes: *bytes },
            Call::Waiting { after, reason } => Self::Waiting { after: *after, reason: reason.as_str() },
            // An image that came whole is told when it has its name; what a later release tells is no news yet.
            _ => Self::Working,
        }
    }
}

/// Tells how far the requests of a command are, until it is dropped.
pub(crate) struct Progress {
    sender: Option<Sender<(usize, Step)>>,
    teller: Option<JoinHandle<()>>,
}

/// A handle for one request.
#[derive(Clone)]
pub(crate) struct Reporter {
    request: usize,
    sender: Option<Sender<(usize, Step)>>,
}

impl Reporter {
    /// Tells what a client says about a call.
    pub(crate) fn observer(&self) -> impl Fn(&Call) + Send + Sync + 'static {
        let reporter = self.clone();
        move |call| reporter.tell(Step::of(call))
    }

    pub(crate) fn tell(&self, step: Step) {
        if let Some(sender) = &self.sender {
            // Nobody listens any more: then there is nobody to tell.
            let _ = sender.send((self.request, step));
        }
    }
}

impl Progress {
    /// `what` is what the requests are about, such as a model.
    pub(crate) fn begin(what: String, requests: usize) -> Self {
        let place = if is_events() {
            Place::Events
        } else if !is_text() {
            return Self { sender: None, teller: None };
        } else if io::stderr().is_terminal() {
            Place::Terminal
        } else {
            Place::Plain
        };
        let (sender, receiver) = mpsc::channel();
        let told =
            Told { what, place, begin: Instant::now(), requests: vec![Phase::default(); requests], frame: 0 };
        let teller =
            thread::Builder::new().name("progress".to_owned()).spawn(move || told.run(&receiver)).ok();
        Self { sender: Some(sender), teller }
    }

    /// The handle for a request, counted from 0.
    pub(crate) fn reporter(&self, request: usize) -> Reporter {
        Reporter { request, sender: self.sender.clone() }
    }

    /// Takes the line away. Handles that are still held are of no use any more.
    pub(crate) fn end(mut self) {
        self.stop();
    }

    fn stop(&mut self) {
        if let (Some(sender), Some(teller)) = (self.sender.take(), self.teller.take()) {
            let _ = sender.send((END, Step::Ended { ok: true }));
            let _ = teller.join();
        }
    }
}

/// A request that is none: the teller ends.
const END: usize = usize::MAX;

impl Drop for Progress {
    fn drop(&mut self) {
        self.stop();
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Place {
    Terminal,
    Plain,
    Events,
}

/// Where one request stands.
#[derive(Clone, Debug, Default)]
struct Phase {
    step: Option<Step>,
    bytes: u64,
    told: Option<Instant>,
}

struct Told {
    what: String,
    place: Place,
    begin: Instant,
    requests: Vec<Phase>,
    frame: usize,
}

impl Told {
    fn run(mut self, receiver: &Receiver<(usize, Step)>) {
        let pause = if self.place == Place::Terminal { FRAME } else { PLAIN };
        let mut next = Instant::now() + pause;
        loop {
            match receiver.recv_timeout(next.saturating_duration_since(Instant::now())) {
                Ok((END, _)) | Err(RecvTimeoutError::Disconnected) => break,
                Ok((request, step)) => self.take(request, step),
                Err(RecvTimeoutError::Timeout) => {
                    next += pause;
                    self.tick();
                }
            }
        }
        clear_status();
    }

    fn take(&mut self, request: usize, step: Step) {
        let elapsed = self.begin.elapsed();
        let Some(phase) = self.requests.get_mut(request).filter(|_| step != Step::Working) else { return };
        let mut is_news = true;
        if let Step::Receiving { bytes } | Step::Downloading { bytes } = step {
            phase.bytes = bytes;
            is_news = phase.told.is_none_or(|told| told.elapsed() >= EVENT);
        }
        if is_news {
            phase.told = Some(Instant::now());
            if self.place == Place::Events {
                tell(request, &step, elapsed);
            }
        }
        if let (Step::Partial { number, path: Some(path) }, true) = (&step, self.place != Place::Events) {
            note(&format!("partial image {} is in {}", number + 1, path.display()));
        }
        phase.step = Some(step);
    }

    fn tick(&mut self) {
        let now = self.summary();
        match self.place {
            Place::Events => {}
            Place::Plain => note(&now),
            Place::Terminal => {
                self.frame += 1;
                status(&fitted(self.frame, &now));
            }
        }
    }

    /// `dall-e-3: waiting for the answer, 12 s`.
    fn summary(&self) -> String {
        let ended =
            self.requests.iter().filter(|phase| matches!(phase.step, Some(Step::Ended { .. }))).count();
        let bytes: u64 = self.requests.iter().map(|phase| phase.bytes).sum();
        let mut parts = vec![elapsed(self.begin.elapsed())];
        let phase = match self.requests.as_slice() {
            [one] => one.step.as_ref().map_or("starting", doing).to_owned(),
            all => format!("{ended} of {} requests done", all.len()),
        };
        parts.push(phase);
        if bytes > 0 {
            parts.push(size(bytes));
        }
        parts.push(self.what.clone());
        parts.join(" · ")
    }
}

fn doing(step: &Step) -> &'static str {
    match step {
        Step::Sending { attempt: 1 } => "drawing",
        Step::Sending { .. } => "drawing, asked again",
        Step::Answering { .. } | Step::Receiving { .. } | Step::Partial { .. } => "receiving",
        Step::Downloading { .. } => "downloading",
        Step::Saved { .. } | Step::Working | Step::Ended { .. } => "saving",
        Step::Waiting { .. } => "waiting to ask again",
    }
}

fn tell(request: usize, step: &Step, elapsed: Duration) {
    let (kind, mut members) = match step {
        Step::Sending { attempt } => ("sending", json!({ "attempt": attempt })),
        Step::Answering { status } => ("answering", json!({ "status": status })),
        Step::Receiving { bytes } => ("receiving", json!({ "bytes": bytes })),
        Step::Downloading { bytes } => ("downloading", json!({ "bytes": bytes })),
        Step::Working => return,
        Step::Partial { number, path } => ("partial", json!({ "number": number, "path": path })),
        Step::Saved { path, bytes } => ("saved", json!({ "path": path, "bytes": bytes })),
        Step::Waiting { after, reason } => {
            ("waiting", json!({ "after_ms": millis(*after), "reason": reason }))
        }
        Step::Ended { ok } => ("ended", json!({ "ok": ok })),
    };
    members["request"] = json!(request + 1);
    members["elapsed_ms"] = json!(millis(elapsed));
    event(kind, members);
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
