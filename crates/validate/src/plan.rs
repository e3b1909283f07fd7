//! All rules for one service and one model in one table, which tells at a glance that a request leaves nothing to say.
//!
//! The interpreter in `check` stays the only author of findings: a plan says yes, or nothing. It is made from the same
//! rule sets by the same predicates, applied beforehand to every value that makes a difference, and its tests hold the
//! two against each other.

mod slot;
#[cfg(test)]
mod tests;

use imagewire_spec::rule::{Condition, FieldId, Requirement};

use imagewire_types::Size;

use crate::{
    check::{Sets, retirements},
    generated::fields::FIELDS,
    view::{Show, Viewer},
};
use slot::{Clause, Slot, Test};

/// What a request must be so that there is nothing to say about it.
#[derive(Debug)]
pub(crate) struct Plan<'a> {
    slots: Vec<Slot<'a>>,
    /// Before any member is looked at: every rule applies and is kept, remarks aside, which nothing keeps.
    start: Marks,
}

/// Where the rules over several members stand, a bit for each rule or remark.
#[derive(Clone, Copy, Debug)]
struct Marks {
    /// The rules that apply, as far as the members say.
    apply: u64,
    /// The rules that are kept, if they apply.
    kept: u64,
}

impl Marks {
    const ALL: Self = Self { apply: u64::MAX, kept: u64::MAX };

    fn narrow(&mut self, by: Self) {
        self.apply &= by.apply;
        self.kept &= by.kept;
    }

    fn drop(&mut self, clause: &Clause<'_>) {
        match clause.test {
            Test::Condition => self.apply &= !clause.rule,
            Test::Requirement { .. } => self.kept &= !clause.rule,
        }
    }
}

impl<'a> Plan<'a> {
    /// `None` when every request leaves something to say, such as that the model is unknown or about to retire; and when
    /// there are more rules over several members than a word has bits.
    pub(crate) fn new(sets: &Sets<'a, '_>) -> Option<Self> {
        if retirements(sets.model?, sets.dialect).next().is_some() {
            return None;
        }
        let mut bits = (0..u64::BITS).map(|at| 1_u64 << at);
        let mut clauses = Vec::new();
        let mut start = Marks { apply: 0, kept: 0 };
        for set in sets.iter() {
            for rule in set.cross.iter() {
                let bit = bits.next()?;
                start.apply |= bit;
                start.kept |= bit;
                clauses.extend(rule.when.iter().map(|condition| condition_clause(bit, condition)));
                clauses.extend(rule.then.iter().map(|requirement| requirement_clause(bit, requirement)));
            }
            for advice in set.advice.iter() {
                let bit = bits.next()?;
                start.apply |= bit;
                clauses.extend(advice.when.iter().map(|condition| condition_clause(bit, condition)));
            }
        }
        let slots = (0_u8..).zip(FIELDS).map(|(position, field)| {
            let id = FieldId(position);
            let own = clauses.iter().filter(|(about, _)| *about == id).map(|(_, clause)| *clause);
            Slot::new(field, id, sets, own.collect())
        });
        Some(Self { slots: slots.collect(), start })
    }

    /// Whether there is nothing to say about a request without members outside the vocabulary.
    pub(crate) fn passes(&self, request: &impl Show) -> bool {
        let mut walk = Walk { slots: &self.slots, marks: self.start };
        request.show(&mut walk) && walk.marks.apply & !walk.marks.kept == 0
    }
}

/// Looks at one member after the other, and stops at the first one that leaves something to say.
struct Walk<'p> {
    slots: &'p [Slot<'p>],
    marks: Marks,
}

impl<'p> Walk<'p> {
    fn look(&mut self, field: FieldId, find: impl FnOnce(&'p Slot<'p>) -> Option<Marks>) -> bool {
        let found = self.slots.get(usize::from(field.0)).and_then(find);
        found.map(|marks| self.marks.narrow(marks)).is_some()
    }
}

impl<'a> Viewer<'a> for Walk<'_> {
    fn absent(&mut self, field: FieldId) -> bool {
        self.look(field, |slot| slot.absent)
    }

    fn null(&mut self, field: FieldId) -> bool {
        self.look(field, |slot| slot.null)
    }

    fn text(&mut self, field: FieldId, text: &'a str) -> bool {
        self.look(field, |slot| slot.values.text(text))
    }

    fn size(&mut self, field: FieldId, size: &'a Size) -> bool {
        self.look(field, |slot| slot.values.size(size))
    }

    fn integer(&mut self, field: FieldId, number: i128) -> bool {
        self.look(field, |slot| slot.values.integer(number))
    }

    fn boolean(&mut self, field: FieldId, value: bool) -> bool {
        self.look(field, |slot| slot.values.boolean(value))
    }
}

fn condition_clause(rule: u64, condition: &Condition) -> (FieldId, Clause<'_>) {
    (condition.field, Clause { rule, test: Test::Condition, constraints: &condition.constraints })
}

fn requirement_clause(rule: u64, requirement: &Requirement) -> (FieldId, Clause<'_>) {
    let test = Test::Requirement { required: requirement.required };
    (requirement.field, Clause { rule, test, constraints: &requirement.constraints })
}
