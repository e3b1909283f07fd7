//! From what an answer holds to its images: those that came with it, and those that it links to.

use bytes::Bytes;
use imagewire_types::{CreateImageRequest, ImagesResponse, OutputFormat};
use tokio::time::{Instant, sleep, timeout_at};
use url::Url;

use super::{
    Client, Cut,
    arrive::{Arrived, Incoming, Sink, Writer},
    body::{Bounds, Chunks, Reading, Stop},
    fault::Lost,
    progress::{Observer, Progress},
    receive::Haul,
    record::{Dub, Linked, Tape},
};
use crate::{
    Error, Kind, Outcome, Source, Timer,
    decode::{Format, NotAnImage, Sniffed},
    download,
    http::Answer,
    images,
    retry::{Decision, Failure, Policy, Situation, decide},
};

/// What a call bought, wherever its images are.
pub(super) struct Settled<W> {
    pub(super) response: ImagesResponse,
    pub(super) request_id: Option<String>,
    pub(super) landed: Vec<Landed<W>>,
    /// How many images the answer told of, those that cannot be had included.
    pub(super) images: usize,
    pub(super) failure: Option<Error>,
}

/// An image that is there.
pub(super) struct Landed<W> {
    pub(super) index: usize,
    /// Its place among the images that the answer tells of, from 1.
    pub(super) number: usize,
    pub(super) writer: W,
    pub(super) bytes: u64,
    pub(super) sniffed: Sniffed,
    pub(super) revised_prompt: Option<String>,
}

impl Client {
    /// Gathers the images of an answer; one that cannot be had does not cost the others. Bytes that came with the answer are
    /// paid for: when they are no image that was asked for, they are kept beside the failure.
    pub(super) async fn settle<S: Sink>(
        &self,
        haul: Haul<S::Writer>,
        request: &CreateImageRequest,
        sink: &S,
        end: Instant,
        tape: &Tape,
    ) -> Settled<S::Writer> {
        let Haul { mut answer, mut items, mut failure } = haul;
        let (mut landed, mut images) = (Vec::new(), 0);
        for index in 0..answer.response.data.len() {
            let revised_prompt = answer.revised_prompt(index);
            let brought = self.bring(items.remove(&index), &mut answer, index, sink, end, tape).await;
            let Some((arrived, is_inline)) = brought else { continue };
            images += 1;
            let (arrived, trouble) = match arrived {
                Ok(arrived) => {
                    let trouble = judge(arrived.sniffed, request).err();
                    (Some(arrived), trouble.map(|error| images::no_image(index, is_inline, error)))
                }
                Err(error) => (None, Some(error)),
            };
            let is_kept = trouble.is_none() || is_inline;
            failure = failure.or(trouble);
            if let Some(Arrived { writer, bytes, sniffed }) = arrived.filter(|_| is_kept) {
                let sniffed = judge(sniffed, request).unwrap_or(Sniffed::UNKNOWN);
                landed.push(Landed { index, number: images, writer, bytes, sniffed, revised_prompt });
            }
        }
        let Answer { response, request_id } = answer;
        Settled { response, request_id, landed, images, failure }
    }

    /// The image at that place of the answer, if there is one, and whether it came with the answer.
    async fn bring<S: Sink>(
        &self,
        arrived: Option<Result<Arrived<S::Writer>, Error>>,
        answer: &mut Answer,
        index: usize,
        sink: &S,
        end: Instant,
        tape: &Tape,
    ) -> Option<(Result<Arrived<S::Writer>, Error>, bool)> {
        let broken = match arrived {
            // Where the payload is broken, there may be a link that is good.
            Some(Err(error)) if error.kind() == Kind::Decode => Some(error),
            Some(arrived) => return Some((arrived, true)),
            None => None,
        };
        match (answer.take_payload(index), broken) {
            (Some(Ok(payload)), _) => {
                let is_inline = matches!(payload.source, Source::Inline(_));
                let link = answer.response.data.get(index).and_then(|image| image.url.as_deref());
                let linked = Linked { tape, link };
                Some((self.fetch(payload.source, index, sink, end, linked).await, is_inline))
            }
            (_, Some(error)) | (Some(Err(error)), None) => Some((Err(error), true)),
            (None, None) => None,
        }
    }

    async fn fetch<S: Sink>(
        &self,
        source: Source,
        index: usize,
        sink: &S,
        end: Instant,
        linked: Linked<'_>,
    ) -> Result<Arrived<S::Writer>, Error> {
        let arrived = match source {
            Source::Inline(bytes) => whole(&bytes, index, sink).await,
            Source::Remote(url) => self.download(&url, index, sink, end, linked).await,
        };
        if let Ok(Arrived { bytes, .. }) = &arrived {
            self.settings.observer.tell(|| Progress::Image { index, bytes: *bytes });
        }
        arrived
    }

    /// Fetching costs nothing, so passing failures are tried again, all within one time.
    async fn download<S: Sink>(
        &self,
        url: &Url,
        index: usize,
        sink: &S,
        end: Instant,
        linked: Linked<'_>,
    ) -> Result<Arrived<S::Writer>, Error> {
        let place = format!("data[{index}].url");
        let begin = Instant::now();
        let until = end.min(begin + download::DEADLINE);
        let policy = Policy::default().attempts(download::ATTEMPTS);
        for attempt in 1.. {
            let once = self.download_once(url, &place, index, sink, linked);
            let Lost { error, is_passing } = match timeout_at(until, once).await {
                Ok(Ok(arrived)) => return Ok(arrived),
                Ok(Err(lost)) => lost,
                Err(_) => break,
            };
            let failure = Failure {
                // As a request that did not leave: it is free, and may be made again.
                outcome: if is_passing { Outcome::NotSent } else { Outcome::Done },
                kind: Kind::Transport,
                ..Failure::of(&error)
            };
            let situation = Situation {
                attempt,
                duplicates: 0,
                elapsed: begin.elapsed(),
                deadline: until.duration_since(begin),
                budget: u32::MAX,
            };
            match decide(&policy, &failure, &situation, fastrand::f64()) {
                Decision::Retry { after, .. } => sleep(after).await,
                Decision::Stop(_) => return Err(error),
            }
        }
        let seconds = until.duration_since(begin).as_secs_f64();
        let what = format!("it did not arrive within {seconds} s");
        Err(download::failure(&place, &what).with_timer(Timer::Deadline))
    }

    async fn download_once<S: Sink>(
        &self,
        url: &Url,
        place: &str,
        index: usize,
        sink: &S,
        linked: Linked<'_>,
    ) -> Result<Arrived<S::Writer>, Lost> {
        let (head, body) = self.wire.get(url.clone(), place).await?;
        let too_large = || {
            let what = format!("it is larger than {} MiB", download::MAX_BYTES >> 20);
            Lost::for_good(download::failure(place, &what).with_status(head.status))
        };
        if head.length.is_some_and(|length| length > download::MAX_BYTES) {
            return Err(too_large());
        }
        let incoming = Incoming::new(sink.open(index, head.length.unwrap_or_default()));
        let mut dub = linked.begin(&head);
        match self.take(body, incoming, index, &mut dub).await {
            // HTTP/2 may end a body early without calling it an error.
            Ok(incoming) if head.length.is_some_and(|length| incoming.bytes() < length) => {
                Err(Lost::for_now(download::failure(place, "it broke off").with_status(head.status)))
            }
            // The image is there and the caller's writer failed: fetching it again would not help.
            Ok(incoming) => {
                dub.keep();
                incoming.end().await.map_err(Lost::for_good)
            }
            Err(Stop::TooLarge) => Err(too_large()),
            Err(Stop::Late(timer)) => {
                let what = format!("nothing came for {} s", download::IDLE.as_secs());
                Err(Lost::for_now(download::failure(place, &what).with_timer(timer)))
            }
            Err(Stop::Broken(fault)) => {
                let Lost { error, is_passing } = fault.into_download(place);
                Err(Lost { error: error.with_status(head.status), is_passing })
            }
        }
    }

    async fn take<C: Chunks<Error = Cut>, W: Writer>(
        &self,
        body: C,
        mut incoming: Incoming<W>,
        index: usize,
        dub: &mut Dub<'_>,
    ) -> Result<Incoming<W>, Stop<Cut>> {
        let bounds = Bounds {
            limit: download::MAX_BYTES,
            first: None,
            idle: (download::IDLE, Timer::BodyIdle),
            // The caller watches the whole time.
            end: Instant::now() + download::DEADLINE * 2,
        };
        let mut reading = Reading::new(body, bounds, Observer::default());
        while let Some(chunk) = reading.next().await? {
            incoming.write(&chunk).await;
            dub.write(&chunk);
            self.settings.observer.tell(|| Progress::Downloading { index, bytes: reading.received() });
        }
        Ok(incoming)
    }
}

/// A drawing is an image for whoever asked for one: it may hold scripts.
fn judge(sniffed: Result<Sniffed, NotAnImage>, request: &CreateImageRequest) -> Result<Sniffed, NotAnImage> {
    match sniffed {
        Ok(Sniffed { format: Format::Svg, .. }) if request.output_format != Some(OutputFormat::Svg) => {
            Err(NotAnImage::Drawing)
        }
        sniffed => sniffed,
    }
}

async fn whole<S: Sink>(bytes: &Bytes, index: usize, sink: &S) -> Result<Arrived<S::Writer>, Error> {
    let mut incoming = Incoming::new(sink.open(index, bytes.len() as u64));
    incoming.write(bytes).await;
    incoming.end().await
}
