//! What a client tells of the bundles that exchanges are saved as.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use imagewire_transport::Progress;

/// The bundles of one request, in the order of its attempts.
#[derive(Clone, Debug, Default)]
pub(super) struct Bundles(Arc<Mutex<Told>>);

#[derive(Debug, Default)]
pub(super) struct Told {
    pub(super) saved: Vec<PathBuf>,
    pub(super) troubles: Vec<String>,
}

impl Bundles {
    /// Listens beside somebody else.
    pub(super) fn beside<F: Fn(&Progress)>(&self, other: F) -> impl Fn(&Progress) + use<F> {
        let told = Arc::clone(&self.0);
        move |progress| {
            let mut told = told.lock().unwrap_or_else(PoisonError::into_inner);
            match progress {
                Progress::Recorded { path } => told.saved.push(path.clone()),
                Progress::Unrecorded { reason } => told.troubles.push(reason.clone()),
                _ => {}
            }
            drop(told);
            other(progress);
        }
    }

    pub(super) fn take(&self) -> Told {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
