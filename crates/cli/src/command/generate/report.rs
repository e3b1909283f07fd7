//! How a command ended: paths, one JSON object, warnings, costs, and the exit code.

use std::{
    io::{self, Write as _},
    path::PathBuf,
    process::ExitCode,
};

use imagewire_cost::{Cost, Prices};
use imagewire_transport::{Attempt, Outcome};
use imagewire_types::CreateImageRequest;
use serde_json::{Value, json};

use super::{
    buy::{Failed, Purchase, rescued},
    plan::Plan,
};
use crate::{
    command::migrate,
    failure::{Failure, PARTIAL},
    output::{self, Output, note, print_paths, warn},
    price,
};

/// What the report is about.
pub(super) struct Context<'a> {
    pub(super) plan: &'a Plan,
    pub(super) service: &'a str,
    pub(super) model: Option<&'a str>,
    pub(super) prices: &'a Prices,
    pub(super) estimate: &'a Cost,
    /// Whether the emulator in this process was the service.
    pub(super) is_emulated: bool,
    pub(super) must_match: bool,
    pub(super) output: Output,
}

impl Context<'_> {
    /// What one request did cost.
    pub(super) fn cost(&self, purchase: &Purchase, request: &CreateImageRequest) -> Cost {
        if self.is_emulated {
            return price::nothing();
        }
        match &purchase.failure {
            Some(Failed { outcome: Outcome::NotSent | Outcome::Refused, .. }) if purchase.images() == 0 => {
                price::nothing()
            }
            Some(Failed { outcome: Outcome::Unknown, .. }) => {
                price::unknown("whether the image was made and billed is unknown")
            }
            Some(_) | None => {
                let usage = purchase.response.as_ref().and_then(|response| response.usage.as_ref());
                let images = u32::try_from(purchase.images()).unwrap_or(u32::MAX);
                self.prices.actual(request, usage, images, self.service, self.model)
            }
        }
    }

    /// Tells how it ended.
    pub(super) fn finish(&self, mut purchases: Vec<Purchase>) -> ExitCode {
        let costs = purchases.iter().zip(&self.plan.requests).map(|(one, request)| self.cost(one, request));
        let cost = costs.reduce(Cost::and).unwrap_or_else(price::nothing);
        let failure = self.failure(&mut purchases);
        let paths: Vec<PathBuf> =
            purchases.iter().flat_map(|one| &one.pictures).map(|picture| picture.path.clone()).collect();
        let mut code = ExitCode::SUCCESS;
        if !self.output.is_json() {
            code = print_paths(&paths);
        }
        let warnings: Vec<&String> =
            purchases.iter().flat_map(|one| one.warnings.iter().chain(&one.mismatches)).collect();
        warnings.iter().for_each(|warning| warn(warning));
        tell_bundles(&purchases);
        self.tell_cost(&cost);
        let object = self.describe(&purchases, &warnings, &cost, failure.is_none());
        match failure {
            Some(failure) => self.output.failed_with(&failure, object),
            None if self.output.is_json() => self.output.succeeded(&[], &object),
            None => code,
        }
    }

    /// The failure that decides the exit code: the worst for the purse first.
    fn failure(&self, purchases: &mut [Purchase]) -> Option<Failure> {
        let saved: usize = purchases.iter().map(|one| one.pictures.len()).sum();
        let wanted: u32 = self.plan.requests.iter().map(|request| request.n.unwrap_or(1)).sum();
        let rank = |failed: &Failed| match (failed.is_rescued, failed.outcome) {
            (true, _) => 0,
            (false, Outcome::Unknown) => 1,
            (false, _) => 2,
        };
        let worst = purchases
            .iter()
            .enumerate()
            .filter_map(|(at, one)| Some((rank(one.failure.as_ref()?), at)))
            .min()
            .map(|(_, at)| at);
        if purchases.len() > 1 {
            for (at, one) in purchases.iter().enumerate().filter(|(at, _)| Some(*at) != worst) {
                let what = one.failure.as_ref().and_then(|failed| failed.failure.lines().first());
                what.into_iter().for_each(|what| warn(&format!("request {} failed: {what}", at + 1)));
            }
        }
        if let Some(Failed { failure, is_rescued, .. }) =
            worst.and_then(|at| purchases.get_mut(at)).and_then(|one| one.failure.take())
        {
            return Some(match (is_rescued, saved) {
                (true, _) | (false, 0) => failure,
                (false, saved) => failure.partial().line(format!("{saved} of {wanted} images are saved")),
            });
        }
        let mismatches: Vec<String> =
            purchases.iter().flat_map(|one| one.mismatches.iter().cloned()).collect();
        if self.must_match && !mismatches.is_empty() {
            return Some(Failure::mismatch(format!(
                "what came is not what was asked for\n{}\nthe images are saved and paid for",
                mismatches.join("\n")
            )));
        }
        if usize::try_from(wanted).is_ok_and(|wanted| saved < wanted) {
            let mut short = Failure::mismatch(format!(
                "{wanted} images were asked for, and {saved} came\nthe service answered without an error"
            ));
            short.exit = PARTIAL;
            return Some(short);
        }
        None
    }

    fn describe(&self, purchases: &[Purchase], warnings: &[&String], cost: &Cost, ok: bool) -> Value {
        let pictures = purchases.iter().flat_map(|one| &one.pictures).enumerate();
        let images: Vec<Value> = pictures.map(|(number, picture)| picture.describe(number)).collect();
        let failures: Vec<Value> = purchases
            .iter()
            .filter_map(|one| {
                let mut error = one.failure.as_ref()?.failure.details().clone();
                error["request"] = json!(one.number + 1);
                Some(error)
            })
            .collect();
        let attempts: Vec<Value> = purchases
            .iter()
            .flat_map(|one| one.attempts.iter().map(|attempt| describe_attempt(one.number, attempt)))
            .collect();
        let ids: Vec<&str> = purchases.iter().filter_map(|one| one.request_id.as_deref()).collect();
        json!({
            "ok": ok,
            "images": images,
            "request_id": ids.first(),
            "request_ids": ids,
            "failures": failures,
            "findings": output::findings(&self.plan.report),
            "changes": self.plan.changes.iter().map(migrate::describe).collect::<Vec<_>>(),
            "warnings": warnings,
            "attempts": attempts,
            "bundles": purchases.iter().flat_map(|one| &one.bundles).collect::<Vec<_>>(),
            "cost": price::describe(cost),
            "estimate": price::describe(self.estimate),
            "emulated": self.is_emulated,
        })
    }

    fn tell_cost(&self, cost: &Cost) {
        if self.is_emulated || self.output.is_json() {
            return;
        }
        match (cost, self.estimate) {
            (Cost::Unknown(_), Cost::Known(_)) => note(&format!("cost {cost}; estimated {}", self.estimate)),
            (Cost::Unknown(_) | Cost::Known(_), _) if *cost == price::nothing() => {}
            (Cost::Unknown(_) | Cost::Known(_), _) => note(&format!("cost {cost}")),
        }
    }

    /// Writes the image itself to stdout. What cannot be written is kept: it is paid for.
    pub(super) fn finish_raw(&self, purchases: Vec<Purchase>) -> ExitCode {
        let Some(mut purchase) = purchases.into_iter().next() else { return ExitCode::FAILURE };
        let cost =
            self.plan.requests.first().map_or_else(price::nothing, |request| self.cost(&purchase, request));
        purchase.warnings.iter().chain(&purchase.mismatches).for_each(|warning| warn(warning));
        tell_bundles(std::slice::from_ref(&purchase));
        self.tell_cost(&cost);
        let images = std::mem::take(&mut purchase.raw);
        match purchase.failure {
            Some(Failed { failure, .. }) if images.is_empty() => return self.output.failed(&failure),
            Some(Failed { failure, .. }) => return self.output.failed(&rescued(failure, &images).0),
            None => {}
        }
        let Some((first, others)) = images.split_first() else {
            return self.output.failed(&Failure::mismatch("the service answered without an image"));
        };
        let mut stdout = io::stdout().lock();
        if let Err(error) = stdout.write_all(&first.bytes).and_then(|()| stdout.flush()) {
            let failure = Failure::after_purchase(format!("the image cannot be written to stdout: {error}"));
            return self.output.failed(&rescued(failure, &images).0);
        }
        if !others.is_empty() {
            let failure = Failure::mismatch(format!("one image was asked for, and {} came", images.len()));
            return self.output.failed(&rescued(failure, others).0);
        }
        if self.must_match && !purchase.mismatches.is_empty() {
            let message = format!("what came is not what was asked for\n{}", purchase.mismatches.join("\n"));
            return self.output.failed(&Failure::mismatch(message));
        }
        ExitCode::SUCCESS
    }
}

fn tell_bundles(purchases: &[Purchase]) {
    let bundles = purchases.iter().flat_map(|one| &one.bundles);
    bundles.for_each(|path| note(&format!("bundle saved: {}", path.display())));
}

fn describe_attempt(request: usize, attempt: &Attempt) -> Value {
    json!({
        "request": request + 1,
        "number": attempt.number,
        "kind": attempt.kind.as_str(),
        "outcome": attempt.outcome.as_str(),
        "http_status": attempt.status,
        "request_id": attempt.request_id,
        "elapsed_ms": u64::try_from(attempt.elapsed.as_millis()).unwrap_or(u64::MAX),
        "possible_duplicate": attempt.possible_duplicate,
    })
}
