//! What `imagewire generate` can be told.

use std::path::PathBuf;

use clap::builder::BoolishValueParser;

use crate::{
    catalogue::CatalogueArguments,
    output::OutputArguments,
    price::{CapArguments, PriceArguments},
    service::ServiceArguments,
};

/// As many images one command may ask for; `imagewire batch` is for more.
const MOST_IMAGES: i64 = 100;

#[derive(Debug, clap::Args)]
#[allow(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(crate) struct Arguments {
    /// What the picture shows, or - for standard input [default: standard input, or $VISUAL or $EDITOR on a terminal]
    pub(super) prompt: Option<String>,
    /// Read the prompt from a file
    #[arg(long, value_name = "FILE", conflicts_with = "prompt")]
    pub(super) prompt_file: Option<PathBuf>,
    #[command(flatten)]
    pub(super) service: ServiceArguments,
    #[command(flatten)]
    pub(super) request: RequestArguments,
    #[command(flatten)]
    pub(super) saving: SavingArguments,
    /// Send the request even if it breaks a rule that imagewire knows
    #[arg(long)]
    pub(super) no_check: bool,
    /// Change what the service or the model does not accept, and tell each change
    #[arg(long, conflicts_with = "no_check")]
    pub(super) adapt: bool,
    /// Print the request and the same as a curl command, and send nothing
    #[arg(long)]
    pub(super) dry_run: bool,
    /// Read the files again, decode them, and exit with 12 if they are not what was asked for
    #[arg(long)]
    pub(super) verify: bool,
    /// How many requests run at once, for models that make fewer images at a time than -n asks for
    #[arg(short, long, value_name = "COUNT", default_value_t = 4, value_parser = clap::value_parser!(u8).range(1..=32))]
    pub(super) jobs: u8,
    #[command(flatten)]
    pub(super) prices: PriceArguments,
    #[command(flatten)]
    pub(super) cap: CapArguments,
    #[command(flatten)]
    pub(super) catalogue: CatalogueArguments,
    /// Show the images in the terminal (kitty, iTerm2 and their kin) [default: where the terminal is known to]
    #[arg(
        long,
        env = "IMAGEWIRE_PREVIEW",
        value_name = "BOOL",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true",
        value_parser = BoolishValueParser::new(),
        overrides_with = "no_preview"
    )]
    pub(super) preview: Option<bool>,
    /// Show no images in the terminal
    #[arg(long, overrides_with = "preview")]
    pub(super) no_preview: bool,
    #[command(flatten)]
    pub(super) output: OutputArguments,
}

/// The members of the request.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "The picture")]
pub(crate) struct RequestArguments {
    /// The model [default: dall-e-3]; for deployments, what they serve (checked against, never sent)
    #[arg(short, long, value_name = "NAME")]
    pub(super) model: Option<String>,
    /// How many images; more than the model makes at a time become several requests
    #[arg(short, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(..=MOST_IMAGES))]
    pub(super) n: Option<u32>,
    /// 1024x1024, auto, square, portrait, landscape, 16:9, 2K or 4K; words become what the model takes, and it is told
    #[arg(long, value_name = "SIZE")]
    pub(super) size: Option<String>,
    /// standard, hd, auto, low, medium, high: as the model has it
    #[arg(long, value_name = "NAME")]
    pub(super) quality: Option<String>,
    /// vivid or natural (dall-e-3)
    #[arg(long, value_name = "NAME")]
    pub(super) style: Option<String>,
    /// url or `b64_json`; either way a file is saved
    #[arg(long, value_name = "NAME")]
    pub(super) response_format: Option<String>,
    /// transparent, opaque or auto (GPT image models)
    #[arg(long, value_name = "NAME")]
    pub(super) background: Option<String>,
    /// auto or low (GPT image models)
    #[arg(long, value_name = "NAME")]
    pub(super) moderation: Option<String>,
    /// png, jpeg or webp (GPT image models)
    #[arg(long, value_name = "NAME")]
    pub(super) output_format: Option<String>,
    /// 0 to 100, for jpeg and webp (GPT image models)
    #[arg(long, value_name = "PERCENT")]
    pub(super) output_compression: Option<u32>,
    /// Have the answer streamed (GPT image models)
    #[arg(long)]
    pub(super) stream: bool,
    /// How many unfinished images a stream shows, 0 to 3; they are saved beside the final one
    #[arg(long, value_name = "COUNT", requires = "stream")]
    pub(super) partial_images: Option<u32>,
    /// How elaborate the picture is: low, medium or high (gpt-image-2.6)
    #[arg(long, value_name = "NAME")]
    pub(super) complexity: Option<String>,
    /// How many frames a GIF has (gpt-image-2.6)
    #[arg(long, value_name = "COUNT")]
    pub(super) frame_count: Option<u32>,
    /// How long each frame of a GIF shows, in milliseconds (gpt-image-2.6)
    #[arg(long, value_name = "MS")]
    pub(super) frame_duration_ms: Option<u32>,
    /// An opaque identifier of your end user
    #[arg(long, value_name = "ID")]
    pub(super) user: Option<String>,
    /// Any other member of the request: JSON or text, @FILE for a file's contents
    #[arg(long, value_name = "NAME=VALUE")]
    pub(super) extra: Vec<String>,
}

/// Where images go and what they are called.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "The files")]
pub(crate) struct SavingArguments {
    /// A file, a folder if it exists or ends in /, or - for the image itself on stdout [default: here]
    #[arg(short, long, value_name = "FILE|DIR|-")]
    pub(super) output: Option<PathBuf>,
    /// What files in a folder are called: {timestamp} {slug} {hash8} {hash} {id} {index} {model} {profile} {seed}.
    ///
    /// The hash is that of the request, so names are known before anything is bought (see --dry-run). The extension
    /// follows the bytes, and several images of one answer are numbered.
    #[arg(long, value_name = "TEMPLATE", default_value = super::name::USUAL)]
    pub(super) name: String,
    /// Replace files that exist
    #[arg(long)]
    pub(super) force: bool,
    /// Record the exchange in a folder of its own in DIR, without key and prompt, for `imagewire emulate --replay`
    #[arg(long, value_name = "DIR")]
    pub(super) save_bundle: Option<PathBuf>,
    /// Write a FILE.json beside each image: request, answer, sha256, cost, content credentials
    #[arg(long)]
    pub(super) manifest: bool,
}
