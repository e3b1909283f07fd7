//! `imagewire emulate`: a free service to test against.

use std::{net::SocketAddr, process::ExitCode};

use imagewire_emulator::{Builder, Emulator};

use crate::{
    failure::Failure,
    output::{Output, note, print},
};

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The address to listen on; port 0 picks a free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// The service to serve where several share a path
    #[arg(long, value_name = "NAME")]
    dialect: Option<String>,
    /// The model that a deployment serves; other deployments follow the service's rules alone
    #[arg(long, value_name = "NAME=MODEL")]
    deployment: Vec<String>,
    /// Another seed draws other pictures
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    seed: u64,
}

pub(crate) fn run(arguments: &Arguments) -> ExitCode {
    match serve(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => Output::new(false).failed(&failure),
    }
}

fn serve(arguments: &Arguments) -> Result<(), Failure> {
    let listen = arguments.listen;
    let builder = builder(arguments)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::other(format!("cannot start: {error}")))?;
    runtime.block_on(async {
        let emulator =
            builder.listen(listen).await.map_err(|error| Failure::other(format!("cannot listen on {listen}: {error}")))?;
        print(&format!("listening on http://{}\n", emulator.address()));
        for operation in imagewire_types::operations::OPERATIONS {
            if let Some(base_url) = emulator.base_url(operation.dialect) {
                note(&format!("{:12} {base_url}", operation.dialect));
            }
        }
        tokio::select! {
            ended = emulator.wait() => ended.map_err(|error| Failure::other(format!("the emulator failed: {error}"))),
            _ = tokio::signal::ctrl_c() => Ok(()),
        }
    })
}

fn builder(arguments: &Arguments) -> Result<Builder, Failure> {
    let mut builder = Emulator::builder().seed(arguments.seed);
    if let Some(dialect) = &arguments.dialect {
        builder = builder.dialect(dialect).map_err(|error| Failure::configuration(error.to_string()))?;
    }
    for pair in &arguments.deployment {
        match pair.split_once('=') {
            Some((name, model)) if !name.is_empty() && !model.is_empty() => {
                builder = builder.deployment(name, model);
            }
            _ => return Err(Failure::configuration(format!("--deployment {pair:?} is not NAME=MODEL"))),
        }
    }
    Ok(builder)
}
