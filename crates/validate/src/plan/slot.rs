//! What one member may be, and which rules over several members each of its values sets off or keeps.

use std::collections::BTreeSet;

use imagewire_spec::rule::{Constraint, Field, FieldId, FieldKind, Others};
use imagewire_types::Size;

use super::Marks;
use crate::{
    check::{Sets, is_known, meets, takes_null},
    view::Scalar,
};

/// One member's place in a plan.
#[derive(Debug)]
pub(super) struct Slot<'a> {
    /// `None` when every request has the member.
    pub(super) absent: Option<Marks>,
    /// `None` when an explicit null is refused.
    pub(super) null: Option<Marks>,
    pub(super) values: Values<'a>,
}

/// The values that leave nothing to say.
#[derive(Debug)]
pub(super) enum Values<'a> {
    None,
    /// Texts of at least so many code points and at most so many bytes.
    Texts {
        least: usize,
        most: usize,
        may_be_blank: bool,
    },
    Names(Vec<(&'a str, Marks)>),
    Sizes(Vec<(&'a str, Size, Marks)>),
    /// Ranges, both ends included.
    Numbers(Vec<(i128, i128, Marks)>),
    /// For `false` and `true`.
    Truths([Option<Marks>; 2]),
    /// Everything else: judged as it comes.
    Judged(Judged<'a>),
}

#[derive(Debug)]
pub(super) struct Judged<'a> {
    field: &'static Field,
    constraints: Vec<&'a Constraint>,
    /// Whether a set closes the member off; otherwise its value must be a known one.
    is_closed: bool,
    clauses: Vec<Clause<'a>>,
}

/// What a rule over several members says of one of them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clause<'a> {
    /// The rule's bit.
    pub(super) rule: u64,
    pub(super) test: Test,
    pub(super) constraints: &'a [Constraint],
}

/// What it says it for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Test {
    Condition,
    Requirement {
        /// Whether the member must be there.
        required: bool,
    },
}

impl<'a> Slot<'a> {
    pub(super) fn new(
        field: &'static Field,
        id: FieldId,
        sets: &Sets<'a, '_>,
        clauses: Vec<Clause<'a>>,
    ) -> Self {
        let absent = without_value(&clauses);
        Self {
            absent: (!field.required).then_some(absent),
            null: takes_null(field, id, sets.dialect).then_some(absent),
            values: Values::new(field, id, sets, clauses),
        }
    }
}

/// Each answer tells where the rules stand by this value; `None` when there is something to say about it alone.
impl<'a> Values<'a> {
    fn new(field: &'static Field, id: FieldId, sets: &Sets<'a, '_>, clauses: Vec<Clause<'a>>) -> Self {
        let mut constraints = Vec::new();
        for set in sets.iter() {
            match set.fields.iter().find(|rule| rule.field == id) {
                Some(rule) => constraints.extend(rule.constraints.iter()),
                None if set.others == Others::Open => {}
                None => return Self::None,
            }
        }
        let marks = |value| accepted(value, &constraints).then(|| with_value(value, &clauses));
        let names = |names: &'a [_]| {
            let named = names.iter().map(AsRef::as_ref);
            named.filter_map(|name: &'a str| Some((name, marks(Scalar::Text(name))?)))
        };
        let list = constraints.iter().find_map(|constraint| match constraint {
            Constraint::OneOf(values) => Some(values.as_ref()),
            _ => None,
        });
        match (&field.kind, list) {
            (FieldKind::Size, Some(list)) => {
                Self::Sizes(names(list).map(|(name, marks)| (name, Size::from(name), marks)).collect())
            }
            (FieldKind::Text | FieldKind::Name(_) | FieldKind::Model, Some(list)) => {
                Self::Names(names(list).collect())
            }
            (FieldKind::Name(known), None) => Self::Names(names(known).collect()),
            (FieldKind::Integer, _) => {
                let ranges = ranges(
                    constraints.iter().copied().chain(clauses.iter().flat_map(|clause| clause.constraints)),
                );
                let numbers = ranges.into_iter();
                Self::Numbers(
                    numbers
                        .filter_map(|(first, last)| Some((first, last, marks(Scalar::Integer(first))?)))
                        .collect(),
                )
            }
            (FieldKind::Boolean, _) => Self::Truths([false, true].map(|value| marks(Scalar::Boolean(value)))),
            (FieldKind::Text | FieldKind::Model, None) if clauses.is_empty() => {
                let (mut least, mut most) = (0, u32::MAX);
                for constraint in &constraints {
                    if let Constraint::Length { min, max } = constraint {
                        (least, most) = (least.max(*min), most.min(*max));
                    }
                }
                Self::Texts { least: least as usize, most: most as usize, may_be_blank: !field.required }
            }
            (FieldKind::Text | FieldKind::Size | FieldKind::Model, None) => {
                let is_closed =
                    constraints.iter().any(|constraint| matches!(constraint, Constraint::Size(_)));
                Self::Judged(Judged { field, constraints, is_closed, clauses })
            }
        }
    }

    pub(super) fn text(&self, text: &str) -> Option<Marks> {
        match self {
            Self::Texts { least, most, may_be_blank } => {
                let is_long_enough = text.len() >= least.saturating_mul(4) || text.chars().count() >= *least;
                let is_plain = text.len() <= *most && is_long_enough && (*may_be_blank || !is_blank(text));
                is_plain.then_some(Marks::ALL)
            }
            Self::Names(names) => {
                names.iter().find(|(name, _)| is_same(name, text)).map(|(.., marks)| *marks)
            }
            Self::Sizes(sizes) => {
                sizes.iter().find(|(name, ..)| is_same(name, text)).map(|(.., marks)| *marks)
            }
            Self::Judged(judged) => judged.look(Scalar::Text(text)),
            Self::None | Self::Numbers(_) | Self::Truths(_) => None,
        }
    }

    pub(super) fn size(&self, size: &Size) -> Option<Marks> {
        match self {
            Self::Sizes(sizes) => sizes.iter().find(|(_, known, _)| known == size).map(|(.., marks)| *marks),
            Self::Judged(judged) => judged.look(Scalar::Size(size)),
            Self::None | Self::Texts { .. } | Self::Names(_) | Self::Numbers(_) | Self::Truths(_) => None,
        }
    }

    pub(super) fn integer(&self, number: i128) -> Option<Marks> {
        match self {
            Self::Numbers(ranges) => {
                let range = ranges.iter().find(|(first, last, _)| *first <= number && number <= *last);
                range.map(|(.., marks)| *marks)
            }
            Self::None
            | Self::Texts { .. }
            | Self::Names(_)
            | Self::Sizes(_)
            | Self::Truths(_)
            | Self::Judged(_) => None,
        }
    }

    pub(super) fn boolean(&self, value: bool) -> Option<Marks> {
        match self {
            Self::Truths([no, yes]) => {
                if value {
                    *yes
                } else {
                    *no
                }
            }
            Self::None
            | Self::Texts { .. }
            | Self::Names(_)
            | Self::Sizes(_)
            | Self::Numbers(_)
            | Self::Judged(_) => None,
        }
    }
}

/// Most names differ in their length or their first letter, which is seen without a call.
fn is_same(known: &str, text: &str) -> bool {
    known.len() == text.len() && known.as_bytes().first() == text.as_bytes().first() && known == text
}

/// Whether a text is nothing but white space; its first letter tells mostly.
fn is_blank(text: &str) -> bool {
    text.chars().next().is_some_and(char::is_whitespace) && text.trim_start().is_empty()
}

impl Judged<'_> {
    fn look(&self, value: Scalar<'_>) -> Option<Marks> {
        let is_open_and_blank = |text| !self.is_closed && self.field.required && is_blank(text);
        let is_plain = match value {
            Scalar::Text(text) if is_open_and_blank(text) => false,
            value => accepted(value, &self.constraints) && (self.is_closed || is_known(self.field, value)),
        };
        is_plain.then(|| with_value(value, &self.clauses))
    }
}

/// Whether a value meets all constraints without a remark that it is long in bytes.
fn accepted(value: Scalar<'_>, constraints: &[&Constraint]) -> bool {
    constraints.iter().all(|constraint| {
        let is_long = match (constraint, value) {
            (Constraint::Length { max, .. }, Scalar::Text(text)) => text.len() > *max as usize,
            _ => false,
        };
        !is_long && meets(value, constraint)
    })
}

/// Where the rules stand when the member has that value.
fn with_value(value: Scalar<'_>, clauses: &[Clause<'_>]) -> Marks {
    let mut marks = Marks::ALL;
    for clause in clauses {
        if !clause.constraints.iter().all(|constraint| meets(value, constraint)) {
            marks.drop(clause);
        }
    }
    marks
}

/// Where the rules stand when the member is absent or null.
fn without_value(clauses: &[Clause<'_>]) -> Marks {
    let mut marks = Marks::ALL;
    for clause in clauses {
        match clause.test {
            Test::Condition | Test::Requirement { required: true } => marks.drop(clause),
            Test::Requirement { required: false } => {}
        }
    }
    marks
}

/// All numbers, cut where some constraint begins or ceases to hold.
fn ranges<'c>(constraints: impl Iterator<Item = &'c Constraint>) -> Vec<(i128, i128)> {
    let mut starts = BTreeSet::from([i128::MIN]);
    for constraint in constraints {
        if let Constraint::Range { min, max } = constraint {
            starts.extend([i128::from(*min), i128::from(*max) + 1]);
        }
    }
    let ends = starts.iter().skip(1).map(|start| start - 1).chain([i128::MAX]);
    starts.iter().copied().zip(ends).collect()
}
