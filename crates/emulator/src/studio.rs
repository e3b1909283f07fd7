//! Where pictures are drawn, and kept while there is room.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use quick_cache::{Weighter, sync::Cache};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::{
    draw::{Picture, draw},
    refuse::Refusal,
};

/// Finished pictures take up to this many bytes, with their base64 forms.
const CACHE_BYTES: u64 = 128 << 20;
/// Pictures on their way take up to this many KiB, beside the cache. A larger answer goes out alone.
pub(crate) const ROOM: usize = 768 << 10;
/// With fewer items than this the cache is one shard, so that one picture may fill it.
const CACHE_ITEMS: usize = 31;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Form {
    File,
    Base64,
}

#[derive(Clone, Copy)]
struct ByLength;

impl Weighter<(Picture, Form), Bytes> for ByLength {
    fn weight(&self, _: &(Picture, Form), bytes: &Bytes) -> u64 {
        u64::try_from(bytes.len()).unwrap_or(u64::MAX).max(1)
    }
}

/// Draws pictures, each at most once at a time.
pub(crate) struct Studio {
    finished: Cache<(Picture, Form), Bytes, ByLength>,
    /// Drawing keeps a processor busy: one picture each.
    easels: Semaphore,
    /// Requests that may wait for an easel.
    seats: Arc<Semaphore>,
    /// Memory for pictures on their way, in KiB: what is drawn faster than it is taken must not pile up.
    room: Arc<Semaphore>,
    most: usize,
    drawn: AtomicU64,
}

impl Studio {
    pub(crate) fn new(seats: usize, room: usize) -> Self {
        let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self {
            finished: Cache::with_weighter(CACHE_ITEMS, CACHE_BYTES, ByLength),
            easels: Semaphore::new(processors),
            room: Arc::new(Semaphore::new(room)),
            most: room,
            seats: Arc::new(Semaphore::new(seats.min(Semaphore::MAX_PERMITS))),
            drawn: AtomicU64::new(0),
        }
    }

    /// A place for a request; `None` when too many are waiting already.
    pub(crate) fn seat(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.seats).try_acquire_owned().ok()
    }

    /// Memory for so many pictures like this one, for as long as they are on their way; `None` when too many are.
    pub(crate) fn room(&self, picture: &Picture, count: usize) -> Option<OwnedSemaphorePermit> {
        // A grainy picture of high quality takes three bytes a pixel, and four as base64.
        let bytes = u64::from(picture.width) * u64::from(picture.height) * 4 * u64::try_from(count).ok()?;
        let needed = usize::try_from(bytes / 1024).unwrap_or(self.most).min(self.most);
        Arc::clone(&self.room).try_acquire_many_owned(u32::try_from(needed).ok()?).ok()
    }

    /// The picture as a file.
    pub(crate) async fn file(&self, picture: &Picture) -> Result<Bytes, Refusal> {
        self.finished.get_or_insert_async(&(picture.clone(), Form::File), self.drawn(picture)).await
    }

    /// The picture as base64.
    pub(crate) async fn base64(&self, picture: &Picture) -> Result<Bytes, Refusal> {
        let encoded = async {
            let file = self.drawn(picture).await?;
            let text = tokio::task::spawn_blocking(move || STANDARD.encode(file)).await;
            text.map(Bytes::from).map_err(|error| Refusal::internal(&error))
        };
        self.finished.get_or_insert_async(&(picture.clone(), Form::Base64), encoded).await
    }

    async fn drawn(&self, picture: &Picture) -> Result<Bytes, Refusal> {
        let _easel = self.easels.acquire().await.map_err(|error| Refusal::internal(&error))?;
        self.drawn.fetch_add(1, Ordering::Relaxed);
        let picture = picture.clone();
        let done = tokio::task::spawn_blocking(move || draw(&picture))
            .await
            .map_err(|error| Refusal::internal(&error))?;
        done.map(Bytes::from).map_err(|error| Refusal::internal(&error))
    }

    /// How often a picture had to be drawn.
    pub(crate) fn count_drawn(&self) -> u64 {
        self.drawn.load(Ordering::Relaxed)
    }
}
