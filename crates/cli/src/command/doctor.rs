//! `imagewire doctor`: where the way to a service ends, and what to do about it.

mod check;
mod pasted;
mod probe;

use std::process::ExitCode;

use imagewire_transport::Endpoint;
use serde_json::{Value, json};

use self::check::{Check, Status};
use crate::{
    failure::Failure,
    output::Output,
    service::{Service, ServiceArguments},
};

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    service: ServiceArguments,
    /// Take a pasted address apart, as Azure's portal shows it, and send nothing
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// Everything that was found out.
#[derive(Debug, Default)]
struct Findings {
    checks: Vec<Check>,
    /// The request, as far as one was sent.
    sent: Option<Value>,
    /// The exit code, from the first check that failed.
    exit: u8,
}

pub(crate) fn run(arguments: &Arguments) -> ExitCode {
    let output = Output::new(arguments.json);
    if let Some(url) = &arguments.url {
        return match pasted::explain(url) {
            Ok((lines, object)) => output.succeeded(&lines, &object),
            Err(failure) => output.failed(&failure),
        };
    }
    match examine(arguments) {
        Ok(findings) => report(&findings, output),
        Err(failure) => output.failed(&failure),
    }
}

fn examine(arguments: &Arguments) -> Result<Findings, Failure> {
    let mut findings = Findings::default();
    let service = match arguments.service.resolve() {
        Ok(service) => service,
        Err(failure) => {
            findings.fail(2, Check::failed("configuration", failure.message, "correct that, then try again"));
            return Ok(findings);
        }
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::other(format!("cannot start: {error}")))?;
    runtime.block_on(findings.examine(&service))?;
    Ok(findings)
}

impl Findings {
    async fn examine(&mut self, service: &Service) -> Result<(), Failure> {
        let title = service.operation.title;
        if service.is_emulated() {
            self.checks.push(Check::ok(
                "configuration",
                format!("no key for {title} is set ({}): the built-in emulator serves", service.key.shown()),
            ));
            let (endpoint, emulator) = service.emulate().await?;
            self.reach(service, endpoint).await;
            let images = emulator.ledger().images();
            if self.exit == 0 {
                self.checks
                    .push(Check::ok("billing", format!("the emulator would have billed {images} images")));
                self.checks.push(Check::skipped(
                    "the real service",
                    format!(
                        "to reach {title}, set {}",
                        service.operation.credential_variables().join(" or ")
                    ),
                ));
            }
            return Ok(());
        }
        let endpoint = service.endpoint();
        match endpoint.url() {
            Ok(url) => self.checks.push(Check::ok("configuration", format!("{title} at {url}"))),
            Err(error) => {
                self.fail(
                    2,
                    Check::failed("configuration", error.to_string(), "see `imagewire config show`"),
                );
                return Ok(());
            }
        }
        self.deployment(service);
        match service.connect().await {
            Ok((endpoint, _)) => {
                self.checks.push(Check::ok("key", service.key.shown()));
                self.reach(service, endpoint).await;
            }
            Err(failure) => {
                let exit = failure.exit;
                let check = Check::failed("key", failure.message, "set the key, then try again");
                // The way there can be looked at without a key.
                if probe::network(&endpoint, self).await {
                    self.fail(exit, check);
                }
            }
        }
        Ok(())
    }

    /// A deployment that nobody has named is the documentation's example, which does not exist anywhere.
    fn deployment(&mut self, service: &Service) {
        let is_example = |name| service.settings.source(name).is_some_and(|source| source.rank() == 0);
        if is_example("deployment") {
            let names = service.operation.path_parameters.iter().flat_map(|parameter| parameter.env);
            let names: Vec<String> = names.map(|name| format!("${name}")).collect();
            let remedy = ["add --deployment", "write it into a profile"].map(str::to_owned).into_iter();
            let remedy: Vec<String> =
                remedy.chain(names.into_iter().map(|name| format!("set {name}"))).collect();
            let shown = service.settings.text("deployment").unwrap_or_default();
            self.checks.push(Check::warning(
                "deployment",
                format!("nobody has named one; {shown:?} is the documentation's example"),
                remedy.join(", or "),
            ));
        }
    }

    /// The way to the service, then a request that cannot buy anything.
    async fn reach(&mut self, service: &Service, endpoint: Endpoint) {
        if probe::network(&endpoint, self).await {
            probe::ask(service, endpoint, self).await;
        }
    }

    fn fail(&mut self, exit: u8, check: Check) {
        self.checks.push(check);
        if self.exit == 0 {
            self.exit = exit;
        }
    }
}

fn report(findings: &Findings, output: Output) -> ExitCode {
    let mut lines: Vec<String> = findings.checks.iter().flat_map(Check::lines).collect();
    if let Some(sent) = &findings.sent {
        lines.push(format!(
            "sent: {} {} {}",
            sent["method"].as_str().unwrap_or_default(),
            sent["url"].as_str().unwrap_or_default(),
            sent["body"]
        ));
    }
    let mut object = json!({
        "ok": findings.exit == 0,
        "checks": findings.checks.iter().map(Check::describe).collect::<Vec<_>>(),
        "sent": findings.sent,
    });
    if let Some(check) = findings.checks.iter().find(|check| check.status == Status::Failed) {
        let kind = match findings.exit {
            2 => "configuration",
            4 => "authentication",
            6 => "rate_limit",
            7 => "connect",
            _ => "other",
        };
        object["error"] = json!({ "kind": kind, "code": check.name, "message": check.detail });
    }
    let printed = output.succeeded(&lines, &object);
    if findings.exit == 0 { printed } else { ExitCode::from(findings.exit) }
}
