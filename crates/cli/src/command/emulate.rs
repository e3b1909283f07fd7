//! `imagewire emulate`: a free service to test against.

use std::{collections::BTreeSet, net::SocketAddr, path::PathBuf, process::ExitCode, time::Duration};

use imagewire_emulator::{Builder, Bundle, Emulator, Script};

use crate::{
    failure::Failure,
    log,
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
    /// How grainy pictures are: 3 gives files of about the size of the real services', 0 small ones
    #[arg(long, value_name = "NUMBER", default_value_t = 3)]
    texture: u8,
    /// Serve the ledger and the scenarios under /_emulator/
    #[arg(long)]
    admin: bool,
    /// Let requests name scenarios: header x-emulator-scenario, or `[[scenario:NAME]]` in the prompt
    #[arg(long)]
    scenarios: bool,
    /// A TOML file with the scenarios of the requests, one after the other
    #[arg(long, value_name = "FILE")]
    scenario: Option<PathBuf>,
    /// Answer requests that DIR has a bundle of (`imagewire generate --save-bundle`) as the service did
    #[arg(long, value_name = "DIR")]
    replay: Option<PathBuf>,
    /// How long links to pictures are good
    #[arg(long, value_name = "SECONDS", default_value_t = 3600)]
    url_ttl: u64,
    /// The environment variable with the only key that is accepted; without it every key is
    #[arg(long, value_name = "NAME")]
    api_key_env: Option<String>,
    /// Log each request for images to standard error, without its prompt; `RUST_LOG` decides otherwise what is told
    #[arg(long, value_enum, value_name = "FORMAT")]
    log_format: Option<log::Format>,
}

pub(crate) fn run(arguments: &Arguments) -> ExitCode {
    match serve(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => Output::new(false).failed(&failure),
    }
}

fn serve(arguments: &Arguments) -> Result<(), Failure> {
    log::listen(arguments.log_format);
    let listen = arguments.listen;
    let (builder, recorded) = builder(arguments)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::other(format!("cannot start: {error}")))?;
    runtime.block_on(async {
        let emulator =
            builder.listen(listen).await.map_err(|error| Failure::other(format!("cannot listen on {listen}: {error}")))?;
        if let Some(hidden) = recorded.iter().find(|service| emulator.base_url(service).is_none()) {
            return Err(Failure::configuration(format!(
                "the bundles of {hidden} cannot be served: another service answers at its path\n\
                 add --dialect {hidden}, or keep the bundles of other services elsewhere"
            )));
        }
        print(&format!("listening on http://{}\n", emulator.address()));
        for operation in imagewire_types::operations::OPERATIONS {
            if let Some(base_url) = emulator.base_url(operation.dialect) {
                note(&format!("{:12} {base_url}", operation.dialect));
            }
        }
        tokio::select! {
            ended = emulator.wait() => ended.map_err(|error| Failure::other(format!("the emulator failed: {error}"))),
            () = asked_to_end() => {
                note("ending: answers that are under way are finished");
                tokio::select! {
                    ended = emulator.shutdown() => {
                        ended.map_err(|error| Failure::other(format!("the emulator failed: {error}")))
                    }
                    // Who asks twice does not want to wait.
                    () = asked_to_end() => Ok(()),
                }
            }
        }
    })
}

/// The services of the bundles.
fn services_of(bundles: &[Bundle]) -> Result<BTreeSet<String>, Failure> {
    let services: BTreeSet<String> = bundles.iter().map(|bundle| bundle.exchange().dialect.clone()).collect();
    match services.iter().find(|service| imagewire_types::operations::find(service).is_none()) {
        None => Ok(services),
        Some(service) => {
            let message = format!("a bundle is of the service {service:?}, which this release does not know");
            Err(Failure::configuration(message))
        }
    }
}

fn counted(bundles: usize) -> String {
    if bundles == 1 { "1 bundle".to_owned() } else { format!("{bundles} bundles") }
}

/// Ctrl-C, or the signal by which containers are stopped.
async fn asked_to_end() {
    #[cfg(unix)]
    if let Ok(mut terminated) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = terminated.recv() => {}
        }
        return;
    }
    // Without a handler for it, the first signal ends the process.
    let _ = tokio::signal::ctrl_c().await;
}

/// The settings, and the services whose recorded answers are to be served.
fn builder(arguments: &Arguments) -> Result<(Builder, BTreeSet<String>), Failure> {
    let mut builder = Emulator::builder()
        .seed(arguments.seed)
        .texture(arguments.texture)
        .admin(arguments.admin)
        .scenarios(arguments.scenarios)
        .url_ttl(Duration::from_secs(arguments.url_ttl));
    if let Some(name) = &arguments.api_key_env {
        match std::env::var(name) {
            Ok(key) if !key.trim().is_empty() => builder = builder.api_key(key),
            _ => return Err(Failure::configuration(format!("the environment variable {name} is not set"))),
        }
    }
    if let Some(file) = &arguments.scenario {
        let shown = file.display();
        let text = std::fs::read_to_string(file)
            .map_err(|error| Failure::configuration(format!("cannot read {shown}: {error}")))?;
        let script =
            Script::from_toml(&text).map_err(|error| Failure::configuration(format!("{shown}: {error}")))?;
        builder = builder.script(script);
    }
    let (mut dialect, mut recorded) = (arguments.dialect.clone(), BTreeSet::new());
    if let Some(folder) = &arguments.replay {
        let bundles = Bundle::read_all(folder).map_err(|error| Failure::configuration(error.to_string()))?;
        recorded = services_of(&bundles)?;
        // Where several services share a path, the one that was recorded is wanted.
        if let (None, 1) = (&dialect, recorded.len()) {
            dialect = recorded.first().cloned();
        }
        note(&format!("replaying {} from {}", counted(bundles.len()), folder.display()));
        builder = builder.replay(bundles);
    }
    if let Some(dialect) = &dialect {
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
    Ok((builder, recorded))
}
