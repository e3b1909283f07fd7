//! The calls that buy images.

use std::{sync::Arc, time::Duration};

use ::http::HeaderValue;
use bytes::Bytes;
use imagewire_types::{CreateImageRequest, Model};
use imagewire_validate::Finding;
use tokio::{
    io::AsyncWrite,
    time::{Instant, timeout_at},
};

use super::{
    Body, Client, Head,
    arrive::{Foreign, Memory, Sink, Through},
    body::{Bounds, Reading},
    call::{Call, Round, Success},
    fetch::{Landed, Settled},
    progress::Progress,
    receive::{Haul, Receiver, too_large},
    record::Tape,
};
use crate::{
    Attempt, Delivered, Delivery, Destination, Error, Generated, GeneratedImage, Kind, Outcome, Timer,
    Unfinished, Written, WrittenImage, decode,
    http::{self, Exchange, Form, MAY_BE_BILLED},
    sink::{Draft, Kept, Piece, Saved, Unsaved},
    trace,
};

/// A request that may go out.
pub(super) struct Order<'a> {
    pub(super) request: &'a CreateImageRequest,
    pub(super) findings: Vec<Finding>,
    body: Bytes,
    pub(super) place: Arc<str>,
}

/// An answer that has begun, and what its head says.
pub(super) struct Opened<'a> {
    pub(super) head: Head,
    pub(super) exchange: Exchange<'a>,
    pub(super) form: Form,
    pub(super) reading: Reading<Body>,
    pub(super) tape: Tape,
}

/// What a call bought, and how it went.
struct Bought<W> {
    settled: Settled<W>,
    findings: Vec<Finding>,
    attempts: Vec<Attempt>,
}

impl Client {
    /// Buys images and keeps them in memory: judges the request, sends it, decodes the answer while it arrives, fetches
    /// its links. With `stream`, the completed images of the stream are the result.
    ///
    /// # Errors
    /// [`Error::outcome`] says whether images may have been bought, [`Error::attempts`] what was tried. When some images
    /// of an answer cannot be had, the others are in [`Error::partial`].
    pub async fn generate(&self, request: &CreateImageRequest) -> Result<Generated, Error> {
        let call = async {
            let Bought { settled, findings, attempts } = self.buy(request, &Memory).await?;
            let Settled { response, request_id, landed, failure, .. } = settled;
            let images = landed.into_iter().map(|landed| image(landed, Bytes::from)).collect();
            let generated = Generated { response, request_id, images, findings, attempts };
            match failure {
                None => Ok(generated),
                Some(error) => Err(error.with_partial(generated)),
            }
        };
        trace::call(&self.endpoint, request, call, |bought| {
            (Some(bought.images.len()), bought.request_id.as_deref())
        })
        .await
    }

    /// Buys images and saves them as files. The destination is prepared before anything is sent; each image is written
    /// while it arrives, under a hidden name, and all get their own names at the end: memory does not grow with them.
    ///
    /// What is bought is not lost. When some images cannot be had, the others are saved all the same, see
    /// [`Error::delivered`]. When files cannot be saved where they should be, nothing stays there, and they are saved in
    /// another folder, see [`Destination::rescue_to`], or stay in memory, see [`Error::partial`].
    ///
    /// Small pieces are written without leaving the task; waiting for the disk happens on another thread.
    ///
    /// # Errors
    /// As [`Client::generate`]; [`Kind::Io`] when the destination cannot be used, with [`Outcome::NotSent`] or, after the
    /// images were bought, [`Outcome::Done`].
    pub async fn generate_to(
        &self,
        request: &CreateImageRequest,
        destination: &Destination,
    ) -> Result<Delivered, Error> {
        let call = async {
            destination.prepare(request.n.unwrap_or(1))?;
            let bought = self.buy(request, destination).await?;
            self.deliver(bought, destination, request.n.unwrap_or(1)).await
        };
        trace::call(&self.endpoint, request, call, |bought| {
            (Some(bought.files.len()), bought.request_id.as_deref())
        })
        .await
    }

    /// Buys images and writes them to writers of the caller's, one for each image, opened with its place in the answer.
    /// A writer is shut down when its image is whole; one that is dropped before that got a part of an image, or an
    /// unfinished one of a stream. For an image that is fetched again after a failure, another one is opened.
    ///
    /// # Errors
    /// As [`Client::generate`]; [`Kind::Io`], [`Outcome::Done`] when a writer fails or takes longer than the call may, which
    /// does not disturb the others. The writers of whole images are in [`Unfinished::written`].
    pub async fn generate_into<W: AsyncWrite + Unpin + Send>(
        &self,
        request: &CreateImageRequest,
        open: impl FnMut(usize) -> W + Send,
    ) -> Result<Written<W>, Unfinished<W>> {
        let call = async {
            let sink = Through::new(open, Instant::now() + self.settings.timeout);
            let Bought { settled, findings, attempts } = self.buy(request, &sink).await?;
            let Settled { response, request_id, landed, failure, .. } = settled;
            let images = landed.into_iter().map(|landed| {
                let Landed { index, writer: Foreign { writer, .. }, bytes, revised_prompt, .. } = landed;
                let decode::Sniffed { format, width, height } = landed.sniffed;
                WrittenImage { index, writer, format, width, height, bytes, revised_prompt }
            });
            let images = images.collect();
            let written = Written { response, request_id, images, findings, attempts };
            match failure {
                None => Ok(written),
                Some(error) => Err(Unfinished { error, written: Some(Box::new(written)) }),
            }
        };
        trace::call(&self.endpoint, request, call, |bought| {
            (Some(bought.images.len()), bought.request_id.as_deref())
        })
        .await
    }

    /// Everything that comes before the first attempt.
    pub(super) fn order<'a>(&self, request: &'a CreateImageRequest) -> Result<Order<'a>, Error> {
        let served = self.settings.served.as_deref();
        let findings = self.settings.checking.judge_by(&self.rules, &self.endpoint, served, request)?;
        let body = http::body(request)?;
        self.settings.recorder.prepare()?;
        Ok(Order { request, findings, body, place: Arc::clone(&self.place) })
    }

    pub(super) fn call<'a>(&'a self, order: &'a Order<'_>) -> Call<'a> {
        let Self { settings, gates, .. } = self;
        let mut call =
            Call::begin(gates, settings.policy, &order.place, settings.timeout, &settings.observer);
        let model = order.request.model.as_ref().map(Model::as_str);
        call.model = settings.served.as_deref().or(model).unwrap_or_default();
        call.images = order.request.n.unwrap_or(1);
        call
    }

    async fn buy<S: Sink>(&self, request: &CreateImageRequest, sink: &S) -> Result<Bought<S::Writer>, Error> {
        let order = self.order(request)?;
        let call = self.call(&order);
        let success = call.run(|round| self.attempt(&order, &call, round, sink)).await?;
        let Success { value: (haul, tape), number, possible_duplicate, failed: mut attempts, pass } = success;
        pass.record(haul.failure.as_ref(), fastrand::f64());
        attempts.extend(haul.failure.as_ref().map(|error| call.attempt(number, error, possible_duplicate)));
        let mut settled = self.settle(haul, request, sink, call.end(), &tape).await;
        settled.failure = settled
            .failure
            .map(|error| error.with_request_id(settled.request_id.clone()).with_attempts(attempts.clone()));
        Ok(Bought { settled, findings: order.findings, attempts })
    }

    /// Sends the request once and reads the answer.
    async fn attempt<S: Sink>(
        &self,
        order: &Order<'_>,
        call: &Call<'_>,
        round: Round,
        sink: &S,
    ) -> Result<(Haul<S::Writer>, Tape), Error> {
        let Opened { head, exchange, form, reading, tape } = self.open(order, &round).await?;
        let receiver = self.receiver(order.request, &head, exchange, form, call.deadline());
        Ok((receiver.receive(reading, sink).await?, tape))
    }

    pub(super) fn receiver<'a>(
        &'a self,
        request: &'a CreateImageRequest,
        head: &'a Head,
        exchange: Exchange<'a>,
        form: Form,
        deadline: Duration,
    ) -> Receiver<'a> {
        let limit = self.settings.max_answer;
        let (idle, _) = self.idle(form);
        Receiver { request, exchange, head, form, limit, idle, deadline, observer: &self.settings.observer }
    }

    /// Sends the request once and waits for the head of its answer.
    pub(super) async fn open<'a>(&'a self, order: &Order<'a>, round: &Round) -> Result<Opened<'a>, Error> {
        let Order { request, place, .. } = order;
        let mut message = self.envelope.around(order.body.clone(), request.stream == Some(true));
        let settings = &self.settings;
        if settings.policy.counts_retries() {
            message.headers_mut().insert("x-retry-count", HeaderValue::from(round.number - 1));
        }
        let first = (request.stream == Some(true)).then(|| Instant::now() + settings.first_byte);
        let sent = settings.recorder.clock();
        let post = self.wire.post(message, place, settings.upload, &round.witness);
        let (head, body) = match first {
            None => post.await?,
            Some(first) => match timeout_at(first, post).await {
                Ok(opened) => opened?,
                Err(_) => return Err(silent(place, settings.first_byte, round.witness.may_have_arrived())),
            },
        };
        let (recorder, observer) = (&settings.recorder, &settings.observer);
        let tape = recorder.begin(&self.endpoint, &order.body, &head, sent, observer);
        let exchange = Exchange::new(&self.endpoint, request, head.status, &head.headers);
        let form = exchange.form(request, &head.headers);
        settings.observer.tell(|| Progress::Answering {
            status: head.status.as_u16(),
            length: head.length,
            streams: form == Form::Events,
        });
        // Of what is no answer a part is enough: explanations are short.
        let limit = if form == Form::Other { EXPLANATION } else { settings.max_answer };
        if form != Form::Other && head.length.is_some_and(|length| length > limit) {
            return Err(exchange.finish(too_large(place, limit)));
        }
        let idle = self.idle(form);
        let first = first.filter(|_| form == Form::Events);
        let bounds = Bounds { limit, first, idle, end: round.end };
        let reading = Reading::new(body, bounds, settings.observer.clone()).recorded(tape.clone());
        Ok(Opened { head, exchange, form, reading, tape })
    }

    fn idle(&self, form: Form) -> (Duration, Timer) {
        match form {
            Form::Events => (self.settings.stream_idle, Timer::StreamIdle),
            Form::Json { .. } | Form::Other => (self.settings.body_idle, Timer::BodyIdle),
        }
    }

    /// Gives the files their names, on a thread where the disk may be waited for.
    async fn deliver(
        &self,
        bought: Bought<Draft>,
        destination: &Destination,
        asked: u32,
    ) -> Result<Delivered, Error> {
        let Bought { settled, findings, attempts } = bought;
        let Settled { response, request_id, landed, images, failure } = settled;
        let is_alone = images.max(asked as usize) == 1;
        let (mut files, mut pieces) = (Vec::new(), Vec::new());
        for Landed { index, number, writer: draft, bytes, sniffed, revised_prompt } in landed {
            let decode::Sniffed { format, width, height } = sniffed;
            let path = std::path::PathBuf::new();
            let extension_replaced = false;
            files.push(Delivery {
                index,
                path,
                format,
                width,
                height,
                bytes,
                extension_replaced,
                revised_prompt,
            });
            pieces.push(Piece { draft, number: (!is_alone).then_some(number), format });
        }
        let destination = destination.clone();
        let saved = tokio::task::spawn_blocking(move || destination.deliver(pieces)).await;
        let finish = |saved: Vec<Saved>, mut files: Vec<Delivery>| {
            for (file, saved) in files.iter_mut().zip(saved) {
                (file.path, file.extension_replaced) = (saved.path, saved.extension_replaced);
                let Delivery { index, path, bytes, .. } = &*file;
                self.settings.observer.tell(|| Progress::Saved {
                    index: *index,
                    path: path.clone(),
                    bytes: *bytes,
                });
            }
            let (request_id, attempts) = (request_id.clone(), attempts.clone());
            Delivered { response: response.clone(), request_id, files, findings: findings.clone(), attempts }
        };
        let Unsaved { error, kept } = match (saved, failure) {
            (Ok(Ok(saved)), None) => return Ok(finish(saved, files)),
            // Also without a file: the links are in the answer.
            (Ok(Ok(saved)), Some(failure)) => return Err(failure.with_delivered(finish(saved, files))),
            (Ok(Err(unsaved)), _) => unsaved,
            (Err(_), _) => {
                let what = "The files could not be given their names";
                let error = Error::new(Kind::Io, Outcome::Done, what).with_remedy(MAY_BE_BILLED);
                Unsaved { error, kept: Kept::InMemory(Vec::new()) }
            }
        };
        let error = error.with_request_id(request_id.clone()).with_attempts(attempts.clone());
        Err(match kept {
            Kept::Elsewhere(saved) => error.with_delivered(finish(saved, files)),
            Kept::InMemory(contents) => {
                let images = files.into_iter().zip(contents).map(|(file, bytes)| {
                    let Delivery { index, format, width, height, revised_prompt, .. } = file;
                    GeneratedImage { index, bytes, format, width, height, revised_prompt }
                });
                let images = images.collect();
                error.with_partial(Generated { response, request_id, images, findings, attempts })
            }
        })
    }
}

/// As much of the body of a failure is read, in bytes.
const EXPLANATION: u64 = 64 << 10;

pub(super) fn image<W>(landed: Landed<W>, bytes: impl FnOnce(W) -> Bytes) -> GeneratedImage {
    let decode::Sniffed { format, width, height } = landed.sniffed;
    let Landed { index, writer, revised_prompt, .. } = landed;
    GeneratedImage { index, bytes: bytes(writer), format, width, height, revised_prompt }
}

fn silent(place: &str, time: Duration, may_have_arrived: bool) -> Error {
    let what = format!("No stream of {place} began within {} s", time.as_secs_f64());
    let error = if may_have_arrived {
        Error::new(Kind::Timeout, Outcome::Unknown, what).with_remedy(MAY_BE_BILLED)
    } else {
        Error::new(Kind::Timeout, Outcome::NotSent, what).with_remedy("Nothing was sent. Try again later")
    };
    error.with_timer(Timer::FirstByte)
}
