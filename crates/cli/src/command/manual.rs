//! `imagewire completions` and `imagewire man`: what shells and readers want to know, from the same definitions.

use std::{fs, path::PathBuf, process::ExitCode};

use clap_complete::Shell;

use crate::{
    failure::Failure,
    output::{Output, print},
};

#[derive(Debug, clap::Args)]
pub(crate) struct CompletionsArguments {
    /// The shell
    shell: Shell,
}

#[derive(Debug, clap::Args)]
pub(crate) struct ManArguments {
    /// A page for the whole and one for each command into this folder, instead of the first to stdout
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

pub(crate) fn completions(arguments: &CompletionsArguments, mut command: clap::Command) -> ExitCode {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut command, "imagewire", &mut script);
    print(&String::from_utf8_lossy(&script))
}

pub(crate) fn man(arguments: &ManArguments, command: clap::Command) -> ExitCode {
    let output = Output::new(false);
    let Some(folder) = &arguments.dir else {
        let mut page = Vec::new();
        return match clap_mangen::Man::new(command).render(&mut page) {
            Ok(()) => print(&String::from_utf8_lossy(&page)),
            Err(error) => output.failed(&Failure::other(format!("the page cannot be made: {error}"))),
        };
    };
    let written = fs::create_dir_all(folder).and_then(|()| clap_mangen::generate_to(command, folder));
    match written {
        Ok(()) => print(&format!("{}\n", folder.join("imagewire.1").display())),
        Err(error) => output.failed(&Failure::configuration(format!(
            "cannot write the pages into {}: {error}",
            folder.display()
        ))),
    }
}
