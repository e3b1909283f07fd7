//! One item: its intent, its request, its files, and the record of each step before the next one.

use std::{path::PathBuf, sync::Arc, time::Duration};

use imagewire_transport::{self as transport, Kind, Outcome};

use super::{
    Batch,
    plan::Work,
    save::{self, Fetched, Lost},
};
use crate::{Error, ErrorKind, Failure, File, Item, Record, commit::Commits, folder::Folder, ledger::now};

/// What all jobs of a run share.
pub(super) struct Shared {
    pub(super) batch: Batch,
    pub(super) folder: Folder,
    pub(super) commits: Commits,
    pub(super) items: Vec<Item>,
}

pub(super) struct Job {
    pub(super) shared: Arc<Shared>,
    pub(super) work: Work,
}

/// How a job ended. The ledger knows already.
pub(super) enum Ended {
    Done {
        files: Vec<File>,
        cost: Option<u64>,
        failure: Option<Failure>,
    },
    Failed(Failure),
    Unknown(Failure),
    /// Nothing was bought, and nobody should send for a while.
    Throttled {
        failure: Failure,
        after: Option<Duration>,
        images_per_minute: Option<u32>,
        /// The service said so; otherwise it is our own caution.
        is_refusal: bool,
    },
    /// Nothing was bought, and the item can be sent again.
    Again {
        failure: Failure,
        after: Option<Duration>,
    },
    /// Nothing was bought, and the other items would fail the same way.
    Stop(Failure),
    /// The disk failed.
    Disk {
        error: Error,
        /// Where the images are, if they are anywhere.
        rescued: Vec<PathBuf>,
        is_bought: bool,
    },
}

impl Job {
    pub(super) async fn run(self) -> Ended {
        let item = self.item();
        let dialect = self.shared.batch.client.endpoint().operation().dialect;
        let intent = Record::Intent {
            item: item.id.clone().into(),
            content: item.content(dialect),
            name: self.work.name.clone().into(),
            images: item.images(),
            reserve: item.reserve,
            time: now(),
        };
        let written = match self.shared.folder.clear_staged(&self.work.name, item.images()) {
            Ok(()) => self.shared.commits.write(intent).await,
            Err(error) => Err(error),
        };
        if let Err(error) = written {
            return Ended::Disk { error, rescued: Vec::new(), is_bought: false };
        }
        let destination = self.shared.folder.destination(&self.work.name);
        match save::fetch(&self.shared.batch.client, &item.request, &destination).await {
            Ok(fetched) => self.keep(fetched).await,
            Err(Lost::Call(error)) => self.failed(&error).await,
            // The folder fails: what cannot be written there says no more than the intent does.
            Err(Lost::Folder(error)) => {
                let kind = error.kind().as_str().into();
                let record = Record::Released { item: item.id.clone().into(), counts: false, kind };
                let _ = self.shared.commits.write(record).await;
                disk(&error, false)
            }
            Err(Lost::Disk(error)) => {
                let failure = Failure::from(&error);
                let _ = self
                    .shared
                    .commits
                    .write(Record::Unknown { item: item.id.clone().into(), failure })
                    .await;
                disk(&error, true)
            }
        }
    }

    fn item(&self) -> &Item {
        &self.shared.items[self.work.item]
    }

    /// From files under hidden names to an item that is done.
    async fn keep(&self, fetched: Fetched) -> Ended {
        let Fetched { paths, response, failure, disk } = fetched;
        let id = &self.item().id;
        let settle = self.shared.batch.settle.as_ref();
        let cost = settle.and_then(|settle| settle(&self.item().request, &response));
        let kept = async {
            let (folder, name, saved) = (self.shared.folder.clone(), self.work.name.clone(), paths.clone());
            let waiting = blocking(move || folder.receive(&name, &saved)).await?;
            let record = Record::Received { item: id.clone().into(), files: waiting.clone(), cost };
            self.shared.commits.write(record).await?;
            if let Some(error) = disk {
                return Err(Error::new(ErrorKind::Io, error.to_string()));
            }
            let folder = self.shared.folder.clone();
            let published =
                move || waiting.iter().map(|file| folder.publish(file)).collect::<Result<Vec<_>, _>>();
            let files = blocking(published).await?;
            self.shared.commits.write(Record::Done { item: id.clone().into(), files: files.clone() }).await?;
            Ok(files)
        };
        match kept.await {
            Ok(files) => Ended::Done { files, cost, failure },
            Err(error) => {
                let rescued = paths.into_iter().filter(|path| path.exists()).collect();
                Ended::Disk { error, rescued, is_bought: true }
            }
        }
    }

    async fn failed(&self, error: &transport::Error) -> Ended {
        let item = || self.item().id.clone().into();
        let failure = Failure::from(error);
        let kind = error.kind().as_str().into();
        let after = error.retry_after();
        let released = |counts| Record::Released { item: item(), counts, kind };
        let is_last = self.work.attempt >= self.shared.batch.attempts;
        let (record, ended) = match verdict(error) {
            Verdict::Unknown => {
                (Record::Unknown { item: item(), failure: failure.clone() }, Ended::Unknown(failure))
            }
            Verdict::Stop => (released(false), Ended::Stop(failure)),
            Verdict::Pause => {
                let images_per_minute = error.images_per_minute();
                let is_refusal = error.outcome() == Outcome::Refused;
                (released(false), Ended::Throttled { failure, after, images_per_minute, is_refusal })
            }
            Verdict::Again if !is_last => (released(true), Ended::Again { failure, after }),
            Verdict::Again | Verdict::Final => {
                (Record::Failed { item: item(), failure: failure.clone() }, Ended::Failed(failure))
            }
        };
        match self.shared.commits.write(record).await {
            Ok(()) => ended,
            Err(error) => {
                let is_bought = matches!(ended, Ended::Unknown(_));
                Ended::Disk { error, rescued: Vec::new(), is_bought }
            }
        }
    }
}

fn disk(error: &transport::Error, is_bought: bool) -> Ended {
    let error = Error::new(ErrorKind::Io, error.to_string());
    Ended::Disk { error, rescued: Vec::new(), is_bought }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    /// It may have been bought.
    Unknown,
    /// It was not, and no other item will be.
    Stop,
    /// It was not, for the moment.
    Pause,
    /// It was not, and another attempt may do it.
    Again,
    /// It was not, and never will be.
    Final,
}

fn verdict(error: &transport::Error) -> Verdict {
    match (error.outcome(), error.kind()) {
        (Outcome::Unknown | Outcome::Done, _) => Verdict::Unknown,
        (
            Outcome::NotSent | Outcome::Refused,
            Kind::Authentication
            | Kind::Permission
            | Kind::Quota
            | Kind::Configuration
            | Kind::Tls
            | Kind::RedirectRefused,
        ) => Verdict::Stop,
        (Outcome::NotSent | Outcome::Refused, Kind::RateLimit | Kind::CircuitOpen) => Verdict::Pause,
        (
            Outcome::NotSent | Outcome::Refused,
            Kind::Connect | Kind::Timeout | Kind::Transport | Kind::Server,
        ) => Verdict::Again,
        (
            Outcome::NotSent | Outcome::Refused,
            Kind::Model
            | Kind::InvalidRequest
            | Kind::Moderation
            | Kind::UnexpectedContentType
            | Kind::Decode
            | Kind::Truncated
            | Kind::Protocol
            | Kind::Incomplete
            | Kind::TooLarge
            | Kind::NoImage
            | Kind::Download
            | Kind::Io,
        ) => Verdict::Final,
    }
}

/// Runs what blocks on the disk where that is allowed. A panic in there is the job's own.
pub(super) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(value) => value,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}

pub(super) fn panicked() -> Failure {
    Failure::local("other", "imagewire failed while the item was under way; it may have been bought")
}

pub(super) fn interrupted() -> Failure {
    Failure::local("interrupted", "the run ended while the item was under way; it may have been bought")
}

pub(super) fn unsaved() -> Failure {
    Failure::local("io", "it was bought, and the folder failed before it had its name")
}
