//! Group commit: whatever jobs have to record while the disk is busy goes to it together.

use std::thread;

use tokio::sync::{mpsc, oneshot};

use crate::{Error, ErrorKind, Ledger, Record};

type Waiting = (Record<'static>, oneshot::Sender<Result<(), Error>>);

/// Writes to a ledger for many.
#[derive(Clone)]
pub(crate) struct Commits(mpsc::UnboundedSender<Waiting>);

/// The ledger, while others write to it. It comes back when the last [`Commits`] is gone.
pub(crate) struct Writer(oneshot::Receiver<Ledger>);

impl Commits {
    pub(crate) fn begin(mut ledger: Ledger) -> (Self, Writer) {
        let (commits, mut waiting) = mpsc::unbounded_channel::<Waiting>();
        let (back, ledger_back) = oneshot::channel();
        thread::spawn(move || {
            while let Some(first) = waiting.blocking_recv() {
                let mut group = vec![first];
                while let Ok(next) = waiting.try_recv() {
                    group.push(next);
                }
                let (records, replies): (Vec<_>, Vec<_>) = group.into_iter().unzip();
                let result = write(&mut ledger, records);
                for reply in replies {
                    // Whoever gave up waiting needs no answer.
                    let _ = reply.send(result.clone());
                }
            }
            let _ = back.send(ledger);
        });
        (Self(commits), Writer(ledger_back))
    }

    /// Returns when the record is on the disk.
    pub(crate) async fn write(&self, record: Record<'static>) -> Result<(), Error> {
        let (reply, result) = oneshot::channel();
        let gone = || Error::new(ErrorKind::Io, "the ledger's writer has ended");
        self.0.send((record, reply)).map_err(|_| gone())?;
        result.await.map_err(|_| gone())?
    }
}

impl Writer {
    pub(crate) async fn end(self) -> Result<Ledger, Error> {
        self.0.await.map_err(|_| Error::new(ErrorKind::Io, "the ledger's writer has ended"))
    }
}

/// Names of files are made to last before the ledger says that they do.
fn write(ledger: &mut Ledger, records: Vec<Record<'static>>) -> Result<(), Error> {
    if records.iter().any(|record| matches!(record, Record::Done { .. })) {
        ledger.folder().sync()?;
    }
    ledger.append(records)
}
