//! `imagewire generate`: make images and save them.

mod arguments;
mod bundles;
mod buy;
mod credentials;
mod extra;
mod manifest;
mod name;
mod picture;
mod plan;
mod preview;
mod prompt;
mod report;
mod show;
mod size;

use std::{process::ExitCode, time::SystemTime};

use imagewire_cost::Cost;
use imagewire_transport::{Checking, Client, Destination};
use imagewire_types::{CreateImageRequest, Model};
use imagewire_validate::{Target, rule::ModelFrom};
use tokio::task::JoinSet;

use crate::{
    command::migrate,
    failure::Failure,
    output::{Output, note, tell_findings},
    price,
    progress::{Progress, Reporter},
};

pub(crate) use self::arguments::Arguments;
use self::{
    buy::Purchase,
    name::Tokens,
    plan::{Place, Places},
    report::Context,
};

pub(crate) fn run(arguments: &Arguments) -> ExitCode {
    let output = Output::from(arguments.output);
    match execute(arguments, output) {
        Ok(code) => code,
        Err(failure) => output.failed(&failure),
    }
}

fn execute(arguments: &Arguments, output: Output) -> Result<ExitCode, Failure> {
    let prompt = prompt::prompt(arguments)?;
    let target = target(arguments)?;
    let service = arguments.service.resolve()?;
    let request = plan::request(arguments, &prompt, &service, &target)?;
    let plan = plan::plan(&request, &target, arguments)?;
    plan.changes.iter().for_each(|change| note(&migrate::line(change)));
    tell_findings(&plan.report);
    let dialect = target.dialect().id.as_ref();
    let named = request.model.as_ref().map(Model::as_str);
    let model = named.or(arguments.request.model.as_deref()).or(service.model());
    let prices = arguments.prices.load()?;
    let estimates = plan.requests.iter().map(|request| prices.estimate(request, dialect, model));
    let estimate = estimates.reduce(Cost::and).unwrap_or_else(price::nothing);
    let profile = service.settings.text("profile").unwrap_or(dialect);
    let tokens = Tokens::of(&request, dialect, profile, model, SystemTime::now());
    let places = plan::places(arguments, &plan, &tokens, service.output_dir())?;
    if arguments.dry_run {
        return show::run(&arguments.service, &plan, &places, &estimate, output);
    }
    arguments.cap.check(&estimate)?;
    if let [_, _, ..] = plan.requests.as_slice() {
        let most = plan.requests.first().and_then(|request| request.n).unwrap_or(1);
        note(&format!("{} requests, since each makes at most {most}", plan.requests.len()));
    }
    if let Places::Files(places) = &places {
        for (place, request) in places.iter().zip(&plan.requests) {
            place.prepare(request.n.unwrap_or(1), arguments.saving.manifest, arguments.saving.force)?;
        }
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::other(format!("cannot start: {error}")))?;
    let (purchases, is_emulated) = runtime.block_on(async {
        let (endpoint, emulator) = arguments.service.connect().await?;
        // The requests have been judged above, by the user's own models as well.
        let mut client = service.client(endpoint)?.checking(Checking::Off);
        if let Some(folder) = &arguments.saving.save_bundle {
            client = client.save_bundles(folder);
        }
        let what = format!("{} at {}", model.unwrap_or("a deployment"), target.dialect().title);
        let progress = Progress::begin(what, plan.requests.len());
        let orders = orders(&plan.requests, &places, &progress);
        let purchases = all(client, orders, usize::from(arguments.jobs)).await;
        progress.end();
        Ok::<_, Failure>((purchases, emulator.is_some()))
    })?;
    let must_match = arguments.verify;
    let context = Context {
        plan: &plan,
        service: dialect,
        model,
        prices: &prices,
        estimate: &estimate,
        is_emulated,
        must_match,
        output,
    };
    Ok(match places {
        Places::Stdout => context.finish_raw(purchases),
        Places::Files(_) => {
            let mut purchases = purchases;
            purchases.iter_mut().for_each(|one| attend(one, arguments, &context));
            context.finish(purchases)
        }
    })
}

/// What is done about images once they are saved: verified, described, shown.
fn attend(purchase: &mut Purchase, arguments: &Arguments, context: &Context<'_>) {
    let Some(request) = context.plan.requests.get(purchase.number) else { return };
    if arguments.verify {
        let broken = purchase.pictures.iter().filter_map(|picture| picture.verify().err());
        purchase.mismatches.extend(broken);
    }
    if arguments.saving.manifest {
        let cost = context.cost(purchase, request);
        let told = manifest::Told {
            service: context.service,
            model: context.model,
            request,
            response: purchase.response.as_ref(),
            request_id: purchase.request_id.as_deref(),
            cost: &cost,
        };
        let written = purchase.pictures.iter().map(|picture| {
            manifest::write(picture, &told, arguments.saving.force)
                .map_err(|error| format!("{}: {error}", manifest::path(&picture.path).display()))
        });
        if let Err(trouble) = written.collect::<Result<Vec<_>, String>>()
            && purchase.failure.is_none()
        {
            purchase.fail_after(format!("the image is saved, and its manifest is not\n{trouble}"));
        }
    }
    let wanted = if arguments.no_preview { Some(false) } else { arguments.preview };
    if let Some(protocol) = preview::protocol(wanted, arguments.output.json) {
        purchase.pictures.iter().for_each(|picture| preview::show(picture, protocol));
    }
}

/// A request on its way.
struct Order {
    request: CreateImageRequest,
    destination: Option<Destination>,
    reporter: Reporter,
}

fn orders(requests: &[CreateImageRequest], places: &Places, progress: &Progress) -> Vec<Order> {
    let destination = |at: usize| match places {
        Places::Files(places) => places.get(at).map(|place: &Place| place.destination.clone()),
        Places::Stdout => None,
    };
    let order = |(at, request): (usize, &CreateImageRequest)| Order {
        request: request.clone(),
        destination: destination(at),
        reporter: progress.reporter(at),
    };
    requests.iter().enumerate().map(order).collect()
}

/// Carries out the orders in turn, some at a time; the results are in their order. Ctrl-C ends what is under way.
async fn all(client: Client, orders: Vec<Order>, jobs: usize) -> Vec<Purchase> {
    let mut ended: Vec<Option<Purchase>> = orders.iter().map(|_| None).collect();
    let mut waiting = orders.into_iter().enumerate();
    let mut running = JoinSet::new();
    let mut begun = 0;
    loop {
        for (number, order) in waiting.by_ref().take(jobs.saturating_sub(running.len())) {
            let client = client.clone();
            begun = number + 1;
            running.spawn(async move {
                buy::buy(&client, number, &order.request, order.destination.as_ref(), &order.reporter).await
            });
        }
        tokio::select! {
            next = running.join_next() => match next {
                None => break,
                Some(Ok(purchase)) => {
                    if let Some(place) = ended.get_mut(purchase.number) {
                        *place = Some(purchase);
                    }
                }
                // A task that panicked: what became of its request is as open as after an interruption.
                Some(Err(_)) => {}
            },
            _ = tokio::signal::ctrl_c() => break,
        }
    }
    let fill = |(number, purchase): (usize, Option<Purchase>)| {
        purchase.unwrap_or_else(|| Purchase::interrupted(number, number < begun))
    };
    ended.into_iter().enumerate().map(fill).collect()
}

fn target(arguments: &Arguments) -> Result<Target<'static>, Failure> {
    let service = arguments.service.resolve()?;
    let target = arguments
        .catalogue
        .load()?
        .target(arguments.service.operation()?.dialect)
        .map_err(|error| Failure::configuration(error.to_string()))?;
    Ok(match (arguments.request.model.as_deref().or(service.model()), target.dialect().model_from) {
        (Some(model), ModelFrom::Deployment) => target.served_by(model),
        (Some(_), ModelFrom::Body) | (None, _) => target,
    })
}
