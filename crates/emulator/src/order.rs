//! What a request asks for, with the service's documented defaults for what it leaves out.

use imagewire_types::{
    Background, CreateImageRequest, OutputFormat, Quality, ResponseFormat, Size, TokenDetails, Usage,
    operations::Operation,
};
use imagewire_validate::{
    Target,
    rule::{Literal, Model},
};

use crate::{
    answer::LastAnswer,
    draw::{Format, MAX_SIDE, Picture},
    link,
    refuse::Refusal,
    scenario::Oddity,
};

/// What is drawn when neither the request nor the service's document says.
const USUAL_SIDE: u32 = 1024;
/// What each unfinished picture of a stream costs, in output tokens.
const PARTIAL_TOKENS: u64 = 100;

/// A request as the emulator carries it out.
pub(crate) struct Order {
    pub(crate) pictures: Vec<Picture>,
    pub(crate) as_link: bool,
    /// Unfinished pictures before each finished one, when the answer is a stream.
    pub(crate) partials: Option<u32>,
    pub(crate) prompt: String,
    /// The model's identifier, or what the request calls it.
    pub(crate) model: String,
    /// The members that the model fills, as far as the service documents them.
    returns: Vec<&'static str>,
    background: Background,
    output_format: OutputFormat,
    quality: Quality,
    size: Size,
    pub(crate) last: LastAnswer,
}

/// What the emulator's owner decides about pictures.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Look {
    /// Another seed draws other pictures.
    pub(crate) seed: u64,
    /// How grainy they are, and with that how large their files.
    pub(crate) texture: u8,
}

/// Members of answers and images that depend on the model.
const OF_MODELS: [&str; 7] =
    ["url", "revised_prompt", "background", "output_format", "quality", "size", "usage"];
/// What a model without rules here fills.
const OF_UNKNOWN_MODELS: [&str; 2] = ["url", "revised_prompt"];

impl Order {
    pub(crate) fn new(
        request: CreateImageRequest,
        target: &Target<'_>,
        operation: &Operation,
        look: Look,
    ) -> Result<Self, Refusal> {
        let named = request.model.as_ref().map(imagewire_types::Model::as_str);
        let model = target.model(named);
        let returns = returns(model, operation);
        let size = request.size.clone().or_else(|| text_default(target, "size").map(Size::from));
        let (width, height) = size.and_then(|size| size.dimensions()).unwrap_or((USUAL_SIDE, USUAL_SIDE));
        if !(1..=MAX_SIDE).contains(&width) || !(1..=MAX_SIDE).contains(&height) {
            let message = format!(
                "The emulator draws sides of 1 to {MAX_SIDE} pixels, and {width}x{height} was asked for."
            );
            return Err(Refusal::invalid("invalid_value", message).about("size"));
        }
        let count = request.n.or_else(|| integer_default(target, "n")).unwrap_or(1);
        let output_format = request.output_format.clone().unwrap_or(OutputFormat::Png);
        let format = match &output_format {
            OutputFormat::Jpeg => Format::Jpeg,
            OutputFormat::Webp => Format::Webp,
            OutputFormat::Gif => Format::Gif,
            OutputFormat::Svg => Format::Svg,
            _ => Format::Png,
        };
        let transparent = request.background == Some(Background::Transparent);
        let first = Picture {
            prompt: link::prompt_shown(&request.prompt),
            width,
            height,
            format,
            compression: request.output_compression.and_then(|level| u8::try_from(level).ok()),
            transparent,
            index: 0,
            seed: look.seed,
            texture: look.texture,
            roughness: 0,
        };
        let asked = request
            .response_format
            .clone()
            .or_else(|| text_default(target, "response_format").map(ResponseFormat::from));
        let is_stream = request.stream == Some(true);
        Ok(Self {
            pictures: (0..count).map(|index| Picture { index, ..first.clone() }).collect(),
            as_link: returns.contains(&"url") && asked != Some(ResponseFormat::B64Json),
            partials: is_stream.then(|| request.partial_images.unwrap_or(0)),
            model: match (model, named) {
                (Some(model), _) => model.id.clone().into_owned(),
                (None, named) => named.unwrap_or("unknown").chars().take(64).collect(),
            },
            returns,
            background: if transparent { Background::Transparent } else { Background::Opaque },
            output_format,
            quality: request.quality.filter(|quality| *quality != Quality::Auto).unwrap_or(Quality::High),
            size: Size::new(width, height),
            last: LastAnswer::default(),
            prompt: request.prompt,
        })
    }

    /// How many images are billed.
    pub(crate) fn count(&self) -> u32 {
        u32::try_from(self.pictures.len()).unwrap_or(u32::MAX)
    }

    /// Whether the model answers with usage, in events and in errors of its own.
    pub(crate) fn is_gpt(&self) -> bool {
        !self.returns("url")
    }

    pub(crate) fn returns(&self, member: &str) -> bool {
        self.returns.contains(&member)
    }

    pub(crate) fn background(&self) -> Background {
        self.background.clone()
    }

    pub(crate) fn output_format(&self) -> OutputFormat {
        self.output_format.clone()
    }

    pub(crate) fn quality(&self) -> Quality {
        self.quality.clone()
    }

    pub(crate) fn size(&self) -> Size {
        self.size.clone()
    }

    /// Token counts of a plausible size: about four characters a token, and for high quality one token for 256 pixels, a
    /// quarter of that for medium and a sixteenth for low.
    pub(crate) fn usage(&self, images: usize) -> Usage {
        let images = u64::try_from(images).unwrap_or(u64::MAX);
        let input = u64::try_from(self.prompt.chars().count().div_ceil(4)).unwrap_or(u64::MAX);
        let pixels =
            self.pictures.first().map_or(0, |first| u64::from(first.width) * u64::from(first.height));
        let pixels_a_token = match self.quality {
            Quality::Low => 4_096,
            Quality::Medium => 1_024,
            _ => 256,
        };
        let one = pixels / pixels_a_token + u64::from(self.partials.unwrap_or(0)) * PARTIAL_TOKENS;
        let (input, output) = (input.saturating_mul(images), one.saturating_mul(images));
        Usage::new()
            .input_tokens(input)
            .output_tokens(output)
            .total_tokens(input.saturating_add(output))
            .input_tokens_details(TokenDetails::new().text_tokens(input).image_tokens(0))
            .output_tokens_details(TokenDetails::new().text_tokens(0).image_tokens(output))
    }
}

/// The picture that is sent, which a scenario may make another one than the answer claims.
pub(crate) fn sent(picture: &Picture, oddity: &Oddity) -> Picture {
    let mut sent = picture.clone();
    match oddity {
        Oddity::WrongSize => {
            (sent.width, sent.height) = ((sent.width / 2).max(1), (sent.height / 2).max(1));
        }
        Oddity::WrongFormat => {
            sent.format = if sent.format == Format::Jpeg { Format::Png } else { Format::Jpeg };
        }
        _ => {}
    }
    sent
}

/// What the model fills and the service documents. Links are the exception: a model that returns them does so wherever
/// it runs, and one that does not does so nowhere.
fn returns(model: Option<&Model>, operation: &Operation) -> Vec<&'static str> {
    let is_documented =
        |member: &&str| operation.answer_members.contains(member) || operation.image_members.contains(member);
    let is_filled = |member: &&str| match model {
        Some(model) => model.returns.iter().any(|filled| filled == *member),
        None => OF_UNKNOWN_MODELS.contains(member),
    };
    OF_MODELS.into_iter().filter(is_filled).filter(is_documented).collect()
}

fn text_default<'a>(target: &Target<'a>, member: &str) -> Option<&'a str> {
    match target.default_of_member(member) {
        Some(Literal::Text(text)) => Some(text.as_ref()),
        _ => None,
    }
}

fn integer_default(target: &Target<'_>, member: &str) -> Option<u32> {
    match target.default_of_member(member) {
        Some(Literal::Integer(number)) => u32::try_from(*number).ok(),
        _ => None,
    }
}
