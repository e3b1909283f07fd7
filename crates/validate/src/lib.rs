//! Judges a request by what the service and the model accept, before any money is spent.
//!
//! ```
//! use imagewire_types::CreateImageRequest;
//! use imagewire_validate::{Target, check};
//!
//! let target = Target::new("fastapi")?;
//! let report = check(&CreateImageRequest::new("a corgi").model("dall-e-3").n(2), &target);
//! assert!(!report.is_accepted());
//! assert_eq!(report.findings()[0].message, "`n` is 2; dall-e-3 takes 1");
//! # Ok::<(), imagewire_validate::UnknownDialect>(())
//! ```
//!
//! The rules are tables generated from JSON schemas, one document per service and per model; a small interpreter runs
//! them. [`check`] judges a typed request, [`check_json`] judges bytes and is strict where readers are tolerant. Both
//! report everything at once, and neither ever quotes the prompt.

mod adapt;
mod catalogue;
mod check;
#[cfg(feature = "documents")]
pub mod documents;
mod explain;
mod flat;
mod nearest;
mod plan;
mod report;
mod tree;
#[cfg(feature = "user-models")]
mod user;
mod view;

#[rustfmt::skip]
mod generated;

pub use adapt::{Adapted, Change, adapt, migrate};
pub use catalogue::{Catalogue, Target, UnknownDialect};
pub use explain::{Explanation, Layer, explain, models_that_take};
#[cfg(feature = "user-models")]
/// What is wrong with a model file.
pub use imagewire_spec::load::InvalidFile;
pub use imagewire_spec::rule;
pub use report::{Code, Expected, Finding, Found, Report, Severity};
pub use tree::Kind;

use std::collections::BTreeSet;

use imagewire_types::CreateImageRequest;

/// Judges a typed request. Quickest, and without allocation for a request that leaves nothing to say, when the target
/// knows the model beforehand ([`Target::served_by`]).
#[must_use]
pub fn check(request: &CreateImageRequest, target: &Target<'_>) -> Report {
    if request.extra.is_empty() && target.passes(request) {
        return Report::default();
    }
    findings(request, target)
}

/// Everything there is to say, by the interpreter alone.
fn findings(request: &CreateImageRequest, target: &Target<'_>) -> Report {
    let mut report = check::judge(&view::Typed::new(request), target);
    for (name, _) in request.extra.iter() {
        report.push(report::unknown_member(name));
    }
    report
}

/// Judges a request body as it would go over the wire: wrong types, explicit nulls where the service takes none, and
/// duplicate members at any depth are findings too.
#[must_use]
pub fn check_json(body: &[u8], target: &Target<'_>) -> Report {
    if flat::read(body).is_some_and(|request| target.passes(&request)) {
        return Report::default();
    }
    findings_json(body, target)
}

fn findings_json(body: &[u8], target: &Target<'_>) -> Report {
    let mut report = Report::default();
    let members = match tree::parse(body) {
        Ok(tree::Node::Object(members)) => members,
        Ok(other) => {
            report.push(report::not_an_object(other.kind()));
            return report;
        }
        Err(message) => {
            report.push(report::not_json(&message));
            return report;
        }
    };
    tree::duplicates(&members, "", &mut |pointer, name| report.add(report::duplicate(pointer, name)));
    let strangers = members.iter().map(|(name, _)| name.as_ref());
    let strangers: BTreeSet<&str> =
        strangers.filter(|name| !fields().iter().any(|field| field.name == *name)).collect();
    strangers.into_iter().for_each(|name| report.add(report::unknown_member(name)));
    report.merge(check::judge(&view::Json(&members), target));
    report
}

/// The members that a request can have, in schema order.
#[must_use]
pub fn fields() -> &'static [rule::Field] {
    generated::fields::FIELDS.as_slice()
}
