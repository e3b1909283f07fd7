//! Answers: which pictures a request asks for, and how the service words them.

use axum::http::StatusCode;
use imagewire_types::{
    Background, Base64, BlocklistMatch, ContentFilterDetection, ContentFilterResult, ContentFilterResults,
    ContentFilterSeverity, CreateImageRequest, CustomBlocklists, Image, ImagesResponse, OutputFormat,
    PromptFilterResults, Quality, ResponseFormat, Size, TokenDetails, UnixTime, Usage, operations::Operation,
};
use imagewire_validate::{Target, rule::Literal};

use crate::{
    draw::{DEFAULT_TEXTURE, Format, MAX_SIDE, Picture, draw},
    link,
    refuse::Refusal,
};

/// What is drawn when neither the request nor the service's document says.
const USUAL_SIDE: u32 = 1024;

/// What a request asks for, with the service's documented defaults for what it leaves out.
pub(crate) struct Order {
    pictures: Vec<Picture>,
    as_link: bool,
    /// The model that draws, where that is known.
    model: Option<String>,
    request: CreateImageRequest,
}

impl Order {
    pub(crate) fn new(request: CreateImageRequest, target: &Target<'_>, seed: u64) -> Result<Self, Refusal> {
        let model = target
            .model(request.model.as_ref().map(imagewire_types::Model::as_str))
            .map(|model| model.id.to_string());
        let size = request.size.clone().or_else(|| text_default(target, "size").map(Size::from));
        let (width, height) = size.and_then(|size| size.dimensions()).unwrap_or((USUAL_SIDE, USUAL_SIDE));
        if !(1..=MAX_SIDE).contains(&width) || !(1..=MAX_SIDE).contains(&height) {
            let message = format!(
                "The emulator draws sides of 1 to {MAX_SIDE} pixels, and {width}x{height} was asked for."
            );
            return Err(Refusal::new(StatusCode::BAD_REQUEST, "invalid_value", message).about("size"));
        }
        let count = request.n.or_else(|| integer_default(target, "n")).unwrap_or(1);
        let format = match request.output_format {
            Some(OutputFormat::Jpeg) => Format::Jpeg,
            Some(OutputFormat::Webp) => Format::Webp,
            _ => Format::Png,
        };
        let first = Picture {
            prompt: link::prompt_shown(&request.prompt),
            width,
            height,
            format,
            compression: request.output_compression.and_then(|level| u8::try_from(level).ok()),
            transparent: request.background == Some(Background::Transparent),
            index: 0,
            seed,
            texture: DEFAULT_TEXTURE,
        };
        let asked = request
            .response_format
            .clone()
            .or_else(|| text_default(target, "response_format").map(ResponseFormat::from));
        let returns_links = !model.as_deref().is_some_and(is_gpt_image);
        Ok(Self {
            pictures: (0..count).map(|index| Picture { index, ..first.clone() }).collect(),
            as_link: returns_links && asked != Some(ResponseFormat::B64Json),
            model,
            request,
        })
    }

    /// How many images are billed.
    pub(crate) fn count(&self) -> u32 {
        u32::try_from(self.pictures.len()).unwrap_or(u32::MAX)
    }

    /// Draws what must be drawn now and words the answer; links begin with `origin`. Takes tens of milliseconds.
    pub(crate) fn answer(
        &self,
        operation: &Operation,
        origin: &str,
    ) -> Result<ImagesResponse, image::ImageError> {
        let images: Result<Vec<Image>, image::ImageError> =
            self.pictures.iter().map(|picture| self.image(picture, operation, origin)).collect();
        let mut answer = ImagesResponse::new(images?).created(UnixTime::now());
        if self.model.as_deref().is_some_and(is_gpt_image) {
            self.echo(&mut answer, operation);
        }
        Ok(answer)
    }

    fn image(
        &self,
        picture: &Picture,
        operation: &Operation,
        origin: &str,
    ) -> Result<Image, image::ImageError> {
        let mut image = Image::new();
        if self.as_link {
            image.url = Some(format!("{origin}{}", link::path(picture)));
        } else {
            image.b64_json = Some(Base64::encode(draw(picture)?));
        }
        let documents = |member: &str| operation.image_members.contains(&member);
        if documents("revised_prompt") && self.model.as_deref().is_none_or(|model| model == "dall-e-3") {
            image.revised_prompt = Some(self.request.prompt.clone());
        }
        if documents("content_filter_results") {
            image.content_filter_results = Some(nothing_in_the_image());
        }
        if documents("prompt_filter_results") {
            image.prompt_filter_results = Some(nothing_in_the_prompt());
        }
        Ok(image)
    }

    /// What GPT image models tell beside the images, as far as the service documents it.
    fn echo(&self, answer: &mut ImagesResponse, operation: &Operation) {
        let documents = |member: &str| operation.answer_members.contains(&member);
        let first = self.pictures.first();
        if documents("background") {
            let is_transparent = first.is_some_and(|picture| picture.transparent);
            answer.background =
                Some(if is_transparent { Background::Transparent } else { Background::Opaque });
        }
        if documents("output_format") {
            answer.output_format = Some(self.request.output_format.clone().unwrap_or(OutputFormat::Png));
        }
        if documents("quality") {
            let asked = self.request.quality.clone().filter(|quality| *quality != Quality::Auto);
            answer.quality = Some(asked.unwrap_or(Quality::High));
        }
        if documents("size") {
            answer.size = first.map(|picture| Size::new(picture.width, picture.height));
        }
        if documents("usage") {
            answer.usage = Some(usage(&self.request.prompt, &self.pictures));
        }
    }
}

/// GPT image models never answer with links.
fn is_gpt_image(model: &str) -> bool {
    model.starts_with("gpt-image-") || model.starts_with("chatgpt-image-")
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

/// Token counts of a plausible size: about four characters a token, and one token for 256 pixels.
fn usage(prompt: &str, pictures: &[Picture]) -> Usage {
    let input = u64::try_from(prompt.chars().count().div_ceil(4)).unwrap_or(u64::MAX);
    let output =
        pictures.iter().map(|picture| u64::from(picture.width) * u64::from(picture.height) / 256).sum();
    Usage::new()
        .input_tokens(input)
        .output_tokens(output)
        .total_tokens(input + output)
        .input_tokens_details(TokenDetails::new().text_tokens(input).image_tokens(0))
        .output_tokens_details(TokenDetails::new().text_tokens(0).image_tokens(output))
}

fn safe() -> ContentFilterResult {
    ContentFilterResult::new().filtered(false).severity(ContentFilterSeverity::Safe)
}

fn nothing_in_the_image() -> ContentFilterResults {
    ContentFilterResults::new().sexual(safe()).violence(safe()).hate(safe()).self_harm(safe())
}

fn nothing_in_the_prompt() -> PromptFilterResults {
    let absent = || ContentFilterDetection::new().filtered(false).detected(false);
    PromptFilterResults::new()
        .sexual(safe())
        .violence(safe())
        .hate(safe())
        .self_harm(safe())
        .profanity(absent())
        .jailbreak(absent())
        .custom_blocklists(CustomBlocklists::new().filtered(false).details(Vec::<BlocklistMatch>::new()))
}
