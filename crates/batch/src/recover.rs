//! What a crash left: finished where that can be done without buying anything.

use std::path::Path;

use crate::{Error, ErrorKind, Failure, File, Ledger, Record, State};

/// What [`reconcile`] found and did.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Settlement {
    /// The items whose images were there and have their names now.
    pub finished: Vec<String>,
    /// The items that were bought, as the caller says, and whose images are not here.
    pub bought: Vec<String>,
    /// The items that were not bought, as the caller says: the next run sends them.
    pub not_bought: Vec<String>,
    /// The items whose fate is still open.
    pub unknown: Vec<String>,
}

/// Settles the items of a batch whose fate is open: those whose images wait in the folder are finished, and the caller
/// says of others whether they were bought, as the service's bill has it. Nothing is sent.
///
/// # Errors
/// As [`Ledger::open`]; [`ErrorKind::Item`] for a name that is no item, or whose fate is not open.
pub fn reconcile(directory: &Path, bought: &[String], not_bought: &[String]) -> Result<Settlement, Error> {
    // Only what is there: opening would begin a new one.
    Ledger::read(directory)?;
    let mut ledger = Ledger::open(directory)?;
    let mut settlement = Settlement::default();
    for id in open_items(&ledger) {
        if finish(&mut ledger, &id, true)?.is_some() {
            settlement.finished.push(id);
        }
    }
    if let Some(id) = bought.iter().find(|id| not_bought.contains(id)) {
        return Err(Error::new(ErrorKind::Item, format!("{id:?} is said to be bought and not to be bought")));
    }
    for id in bought.iter().chain(not_bought) {
        match ledger.get(id).map(|entry| &entry.state) {
            Some(State::Unknown(_)) => {}
            Some(_) => {
                let message = format!("the fate of {id:?} is not open; see `imagewire batch status`");
                return Err(Error::new(ErrorKind::Item, message));
            }
            None => return Err(Error::new(ErrorKind::Item, format!("no item {id:?} was ever sent"))),
        }
    }
    let settled = |ids: &[String], bought| {
        ids.iter().map(|id| Record::Settled { item: id.clone().into(), bought }).collect::<Vec<_>>()
    };
    ledger.append([settled(bought, true), settled(not_bought, false)].concat())?;
    (settlement.bought, settlement.not_bought) = (bought.to_vec(), not_bought.to_vec());
    settlement.unknown = open_items(&ledger);
    ledger.folder().close_staging();
    Ok(settlement)
}

fn open_items(ledger: &Ledger) -> Vec<String> {
    let open =
        ledger.iter().filter(|(_, entry)| matches!(entry.state, State::Unknown(_) | State::Received(_)));
    open.map(|(id, _)| id.to_owned()).collect()
}

/// Gives an item's images their names, if they are all here; with `partial` also if only some are.
pub(crate) fn finish(ledger: &mut Ledger, id: &str, partial: bool) -> Result<Option<Vec<File>>, Error> {
    let Some(entry) = ledger.get(id) else { return Ok(None) };
    let item = || id.to_owned().into();
    let received = match &entry.state {
        State::Received(files) => files.to_vec(),
        State::Unknown(_) => {
            let paths = ledger.folder().staged(entry.name(id), entry.images);
            let is_whole = paths.len() >= entry.images as usize;
            if paths.is_empty() || !(is_whole || partial) {
                return Ok(None);
            }
            let files = ledger.folder().receive(entry.name(id), &paths)?;
            ledger.append(vec![Record::Received { item: item(), files: files.clone(), cost: None }])?;
            files
        }
        State::Pending | State::Done(_) | State::Bought | State::Failed(_) => return Ok(None),
    };
    let published: Result<Vec<File>, Error> =
        received.iter().map(|file| ledger.folder().publish(file)).collect();
    let files = match published {
        Ok(files) => files,
        Err(error) if received.iter().all(|file| ledger.folder().has(file)) => return Err(error),
        Err(error) => {
            let message = format!("it was bought, and its saved file has disappeared: {error}");
            let failure = Failure::local("io", &message);
            ledger.append(vec![Record::Unknown { item: item(), failure }])?;
            return Ok(None);
        }
    };
    ledger.folder().sync()?;
    ledger.append(vec![Record::Done { item: item(), files: files.clone() }])?;
    Ok(Some(files))
}
