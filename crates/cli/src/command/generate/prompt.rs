//! Where the prompt comes from: the argument, a file, standard input, or an editor.

use std::{
    env,
    io::{self, IsTerminal as _, Read as _, Write as _},
    path::Path,
    process::Command,
};

use super::Arguments;
use crate::{command::read, failure::Failure};

/// The longest prompt that is read, in bytes; no service takes a tenth of it.
const LONGEST: u64 = 1 << 20;

pub(super) fn prompt(arguments: &Arguments) -> Result<String, Failure> {
    let (bytes, place) = match (&arguments.prompt, &arguments.prompt_file) {
        (Some(prompt), _) if prompt != "-" => return filled(prompt.clone(), "the prompt"),
        (None, Some(file)) => (read(file)?, file.display().to_string()),
        (None, None) if io::stdin().is_terminal() => return from_editor(),
        (Some(_), _) | (None, None) => {
            let mut bytes = Vec::new();
            io::stdin()
                .lock()
                .take(LONGEST)
                .read_to_end(&mut bytes)
                .map_err(|error| Failure::configuration(format!("cannot read the prompt: {error}")))?;
            (bytes, "standard input".to_owned())
        }
    };
    if imagewire_transport::decode::sniff(&bytes).is_ok() {
        return Err(Failure::configuration(format!("{place} is an image\na prompt is text")));
    }
    let text = String::from_utf8(bytes)
        .map_err(|_| Failure::configuration(format!("{place} is not UTF-8\na prompt is text")))?;
    filled(text.trim_end_matches(['\r', '\n']).to_owned(), &place)
}

fn filled(prompt: String, place: &str) -> Result<String, Failure> {
    if prompt.trim().is_empty() {
        let remedy = "name the picture: imagewire generate \"a corgi in a field\"";
        return Err(Failure::configuration(format!("no prompt: {place} is empty\n{remedy}")));
    }
    Ok(prompt)
}

/// What the file says when the editor opens it.
const INVITATION: &str =
    "\n\n# What shall the picture show? Lines that begin with # are left out; an empty text sends nothing.\n";

fn from_editor() -> Result<String, Failure> {
    let set = |name: &str| env::var(name).ok().filter(|value| !value.trim().is_empty());
    let Some(editor) = set("VISUAL").or_else(|| set("EDITOR")) else {
        return Err(Failure::configuration(
            "no prompt\nwrite one: imagewire generate \"a corgi in a field\", or set EDITOR and write it there",
        ));
    };
    let unable = |error: io::Error| Failure::configuration(format!("cannot open an editor: {error}"));
    let mut file =
        tempfile::Builder::new().prefix("imagewire-prompt-").suffix(".txt").tempfile().map_err(unable)?;
    file.write_all(INVITATION.as_bytes()).map_err(unable)?;
    let path = file.into_temp_path();
    let status = command(&editor, &path).status().map_err(|error| {
        Failure::configuration(format!("cannot run the editor {editor:?}: {error}\nset VISUAL or EDITOR"))
    })?;
    if !status.success() {
        return Err(Failure::configuration(format!(
            "the editor {editor:?} ended with {status}: nothing was sent"
        )));
    }
    let text = String::from_utf8(read(&path)?)
        .map_err(|_| Failure::configuration("the editor's text is not UTF-8\na prompt is text"))?;
    let kept: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
    filled(kept.join("\n").trim().to_owned(), "the editor's text")
}

/// The variables hold commands for a shell, such as `code --wait`.
fn command(editor: &str, file: &Path) -> Command {
    if cfg!(windows) {
        let mut command = Command::new("cmd");
        command.arg("/C").arg(format!("{editor} \"{}\"", file.display()));
        command
    } else {
        let mut command = Command::new("sh");
        command.arg("-c").arg(format!("{editor} \"$1\"")).arg("sh").arg(file);
        command
    }
}
