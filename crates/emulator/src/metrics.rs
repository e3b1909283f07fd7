//! Counters for Prometheus.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
};

use crate::{Ledger, studio::Studio};

/// What the server counts by itself. Labels come from closed sets, so nothing grows.
#[derive(Debug, Default)]
pub(crate) struct Metrics {
    answers: Mutex<BTreeMap<(&'static str, u16), u64>>,
    connections: AtomicI64,
    turned_away: AtomicU64,
}

impl Metrics {
    pub(crate) fn answered(&self, dialect: &'static str, status: u16) {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        *answers.entry((dialect, status)).or_default() += 1;
    }

    pub(crate) fn opened(&self) {
        self.connections.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn closed(&self) {
        self.connections.fetch_sub(1, Ordering::Relaxed);
    }

    pub(crate) fn turned_away(&self) {
        self.turned_away.fetch_add(1, Ordering::Relaxed);
    }

    /// The counters in Prometheus' text format.
    pub(crate) fn text(&self, ledger: &Ledger, studio: &Studio) -> String {
        let mut text = String::new();
        let mut family = |name: &str, kind: &str, help: &str, lines: &[(String, i128)]| {
            let _ = writeln!(text, "# HELP imagewire_emulator_{name} {help}");
            let _ = writeln!(text, "# TYPE imagewire_emulator_{name} {kind}");
            for (labels, number) in lines {
                let _ = writeln!(text, "imagewire_emulator_{name}{labels} {number}");
            }
        };
        let plain = |number: i128| [(String::new(), number)];
        let answers: Vec<(String, i128)> = self
            .answers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .iter()
            .map(|((dialect, status), number)| {
                (format!("{{dialect=\"{dialect}\",status=\"{status}\"}}"), i128::from(*number))
            })
            .collect();
        let connections = i128::from(self.connections.load(Ordering::Relaxed));
        let turned_away = i128::from(self.turned_away.load(Ordering::Relaxed));
        family("answers_total", "counter", "Answers to requests for images.", &answers);
        family(
            "generations_total",
            "counter",
            "Requests that would have been billed.",
            &plain(ledger.generations().into()),
        );
        family(
            "images_total",
            "counter",
            "Images that would have been billed.",
            &plain(ledger.images().into()),
        );
        let drawn = studio.count_drawn();
        family(
            "pictures_drawn_total",
            "counter",
            "Pictures that were not in the cache.",
            &plain(drawn.into()),
        );
        family("connections", "gauge", "Open connections.", &plain(connections));
        family("connections_refused_total", "counter", "Connections over the limit.", &plain(turned_away));
        text
    }
}
