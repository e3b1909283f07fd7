//! The interpreter of the rule tables.

use imagewire_spec::rule::{
    Advice, AdviceSeverity, Condition, Constraint, CrossRule, Dialect, Field, FieldId, FieldKind, Lifecycle,
    Model, ModelFrom, Others, RuleSet, Stage,
};
use imagewire_types::Size;

use crate::{
    Target,
    generated::fields::{COUNT, FIELDS, MODEL},
    report::{self, Report, Severity},
    view::{Scalar, Seen, View},
};

/// The rule sets that hold for a request, the widest first.
pub(crate) struct Sets<'a, 'b> {
    pub(crate) wire: &'static RuleSet,
    pub(crate) dialect: &'a Dialect,
    pub(crate) model: Option<&'a Model>,
    /// The model's identifier, or its bare name where it has no rules: it decides which of the dialect's overlays hold.
    pub(crate) name: Option<&'b str>,
}

impl<'a> Sets<'a, '_> {
    pub(crate) fn iter(&self) -> impl Iterator<Item = &'a RuleSet> {
        let covers = |name| self.dialect.overlays.iter().filter(move |overlay| overlay.covers(name));
        let overlays = self.name.into_iter().flat_map(covers).map(|overlay| &overlay.rules);
        std::iter::once(self.wire)
            .chain(std::iter::once(&self.dialect.rules))
            .chain(self.model.map(|model| &model.rules))
            .chain(overlays)
    }
}

pub(crate) fn judge(view: &impl View, target: &Target<'_>) -> Report {
    let mut report = Report::default();
    let named = if let Seen::Value(Scalar::Text(model)) = view.get(MODEL) { Some(model) } else { None };
    let sets = target.sets(named);
    let mut request = Present { values: [None; COUNT], mask: 0 };
    for (position, field) in (0_u8..).zip(FIELDS) {
        let id = FieldId(position);
        match view.get(id) {
            Seen::Absent if field.required => report.push(report::missing(field)),
            Seen::Absent => {}
            Seen::Wrong(found) => report.push(report::wrong_type(field, found)),
            Seen::Null => null(field, id, &sets, &mut report),
            Seen::Value(value) => request.put(id, value),
        }
    }
    let mut closed = 0;
    for set in sets.iter() {
        members(set, &request, &mut closed, &mut report);
        for rule in set.cross.iter() {
            cross(rule, set, view, &mut report);
        }
        for advice in set.advice.iter() {
            remark(advice, view, &mut report);
        }
    }
    open_values(&request, closed, &mut report);
    about_the_model(target, named, &sets, &mut report);
    report.in_order_of_fields();
    report
}

/// The members that have a value of the right kind.
struct Present<'a> {
    values: [Option<Scalar<'a>>; COUNT],
    /// One bit for each of them.
    mask: u32,
}

impl<'a> Present<'a> {
    fn put(&mut self, field: FieldId, value: Scalar<'a>) {
        if let Some(place) = self.values.get_mut(usize::from(field.0)) {
            *place = Some(value);
            self.mask |= 1 << field.0;
        }
    }

    fn get(&self, field: FieldId) -> Option<Scalar<'a>> {
        self.values.get(usize::from(field.0)).copied().flatten()
    }
}

/// Judges every member by one rule set, and notes in `closed` whose values are out of a closed set.
fn members(set: &RuleSet, request: &Present<'_>, closed: &mut u32, report: &mut Report) {
    let mut listed = 0;
    for rule in set.fields.iter() {
        let bit = 1_u32 << rule.field.0;
        listed |= bit;
        if request.mask & bit == 0 {
            continue;
        }
        let (Some(value), Some(field)) = (request.get(rule.field), FIELDS.get(usize::from(rule.field.0)))
        else {
            continue;
        };
        for constraint in rule.constraints.iter() {
            if matches!(constraint, Constraint::OneOf(_) | Constraint::Size(_)) {
                *closed |= bit;
            }
            if !meets(value, constraint) {
                report.push(report::broken(field, value, constraint, set));
            } else if let (Constraint::Length { max, .. }, Scalar::Text(text)) = (constraint, value)
                && text.len() > *max as usize
            {
                // The services count characters by their documents, but some are reported to count UTF-8 bytes.
                report.push(report::long_in_bytes(field, text.len(), *max));
            }
        }
    }
    if set.others != Others::Open {
        let mut strangers = request.mask & !listed;
        while strangers != 0 {
            let at = strangers.trailing_zeros();
            strangers &= strangers - 1;
            if let Some(field) = FIELDS.get(at as usize) {
                report.push(report::unsupported_field(field, set));
            }
        }
    }
}

/// Remarks on values that no rule set closes off: unknown names, and a prompt without content.
fn open_values(request: &Present<'_>, closed: u32, report: &mut Report) {
    let mut open = request.mask & !closed;
    while open != 0 {
        let at = open.trailing_zeros() as usize;
        open &= open - 1;
        let (Some(field), Some(Some(value))) = (FIELDS.get(at), request.values.get(at)) else { continue };
        if let Scalar::Text(text) = value
            && field.required
            && !text.is_empty()
            && text.trim().is_empty()
        {
            report.push(report::blank(field));
        }
        if !is_known(field, *value) {
            report.push(report::unknown_value(field, *value));
        }
    }
}

fn remark(advice: &Advice, view: &impl View, report: &mut Report) {
    if holds_all(&advice.when, view) {
        let severity = match advice.severity {
            AdviceSeverity::Warning => Severity::Warning,
            AdviceSeverity::Note => Severity::Note,
        };
        let at = advice.when.first().and_then(|condition| FIELDS.get(usize::from(condition.field.0)));
        report.push(report::advice(at, severity, &advice.message));
    }
}

/// An explicit null: fine where the wire schema and the service take one.
fn null(field: &Field, id: FieldId, sets: &Sets<'_, '_>, report: &mut Report) {
    if takes_null(field, id, sets.dialect) {
        return;
    }
    let rules = &sets.dialect.rules;
    let is_listed = rules.fields.iter().any(|rule| rule.field == id);
    report.push(if is_listed || rules.others != Others::Refused {
        report::null(field, rules)
    } else {
        report::unsupported_field(field, rules)
    });
}

pub(crate) fn takes_null(field: &Field, id: FieldId, dialect: &Dialect) -> bool {
    let rule = dialect.rules.fields.iter().find(|rule| rule.field == id);
    field.nullable && rule.map_or(dialect.rules.others != Others::Refused, |rule| rule.null)
}

/// Whether an open set's value is one that this release knows.
pub(crate) fn is_known(field: &Field, value: Scalar<'_>) -> bool {
    match (&field.kind, value) {
        (FieldKind::Name(known), Scalar::Text(text)) => known.iter().any(|name| name == text),
        (FieldKind::Size, Scalar::Text(text)) => is_size(&Size::from(text)),
        (FieldKind::Size, Scalar::Size(size)) => is_size(size),
        _ => true,
    }
}

fn is_size(size: &Size) -> bool {
    size.is_auto() || size.dimensions().is_some()
}

pub(crate) fn meets(value: Scalar<'_>, constraint: &Constraint) -> bool {
    match (constraint, value) {
        (Constraint::Absent, _) => false,
        (Constraint::OneOf(values), Scalar::Text(text)) => values.iter().any(|allowed| allowed == text),
        (Constraint::OneOf(values), Scalar::Size(size)) => {
            values.iter().any(|allowed| Size::from(allowed.as_ref()) == *size)
        }
        (Constraint::Range { min, max }, Scalar::Integer(number)) => is_within(number, *min, *max),
        (Constraint::Length { min, max }, Scalar::Text(text)) => is_length_within(text, *min, *max),
        (Constraint::Is(wanted), Scalar::Boolean(value)) => *wanted == value,
        (Constraint::Size(rule), Scalar::Text(text)) => rule.accepts(text),
        (Constraint::Size(rule), Scalar::Size(size)) => match size.dimensions() {
            Some((width, height)) => rule.broken(width, height).is_none(),
            None => rule.auto && size.is_auto(),
        },
        // The loader lets no other pairs through.
        (
            Constraint::OneOf(_)
            | Constraint::Range { .. }
            | Constraint::Length { .. }
            | Constraint::Is(_)
            | Constraint::Size(_),
            _,
        ) => true,
    }
}

/// `i64::MAX` stands for no bound.
fn is_within(number: i128, min: i64, max: i64) -> bool {
    number >= min.into() && (max == i64::MAX || number <= max.into())
}

/// Counts code points only when the bytes cannot tell.
fn is_length_within(text: &str, min: u32, max: u32) -> bool {
    let bytes = text.len();
    let (min, max) = (min as usize, max as usize);
    if bytes <= max && bytes >= min.saturating_mul(4) {
        return true;
    }
    (min..=max).contains(&text.chars().count())
}

/// Whether all conditions hold.
fn holds_all(conditions: &[Condition], view: &impl View) -> bool {
    conditions.iter().all(|condition| match view.get(condition.field) {
        Seen::Value(value) => condition.constraints.iter().all(|constraint| meets(value, constraint)),
        Seen::Absent | Seen::Null | Seen::Wrong(_) => false,
    })
}

fn cross(rule: &CrossRule, set: &RuleSet, view: &impl View, report: &mut Report) {
    if !is_met(rule, view) {
        report.push(report::conflict(rule, set));
    }
}

/// Whether a rule over several members does not apply, or holds.
pub(crate) fn is_met(rule: &CrossRule, view: &impl View) -> bool {
    if !holds_all(&rule.when, view) {
        return true;
    }
    rule.then.iter().all(|requirement| match view.get(requirement.field) {
        Seen::Absent | Seen::Null => !requirement.required,
        Seen::Value(value) => requirement.constraints.iter().all(|constraint| meets(value, constraint)),
        Seen::Wrong(_) => true,
    })
}

/// Whether the model is known, and how long the service will serve it.
fn about_the_model(target: &Target<'_>, named: Option<&str>, sets: &Sets<'_, '_>, report: &mut Report) {
    let from_request = target.dialect().model_from == ModelFrom::Body;
    let Some(model) = sets.model else {
        if let Some(name) = target.model_name(named) {
            report.push(report::unknown_model(name, from_request, &sets.dialect.title));
        }
        return;
    };
    let found = retirements(model, sets.dialect);
    report
        .findings_mut()
        .extend(found.map(|life| report::life(model, life, from_request, &sets.dialect.title)));
}

/// What there is to say about the end of a model's life at a service, whose editions serve the same models.
pub(crate) fn retirements<'a>(model: &'a Model, dialect: &'a Dialect) -> impl Iterator<Item = &'a Lifecycle> {
    model.lifecycle.iter().filter(|life| {
        dialect.runs(life)
            && match life.stage {
                Stage::Active => false,
                Stage::Deprecated | Stage::Retired => true,
            }
    })
}
