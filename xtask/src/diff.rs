//! What changed in the specification between two sets of documents, in words.

use std::{fmt, path::Path, process::Command};

use anyhow::{Context as _, Result, bail};
use imagewire_spec::{
    ir::{Shape, Specification},
    load::Source,
    rule::{Constraint, Field, FieldRule, Others, RuleSet, SizeRule, Text},
};

/// Whether a request or a program that was fine may now fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effect {
    /// Something that was fine may fail now.
    Breaking,
    /// Nothing that was fine fails.
    Compatible,
}

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// What it does to those who rely on the old specification.
    pub effect: Effect,
    /// A sentence.
    pub what: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let effect = match self.effect {
            Effect::Breaking => "breaking",
            Effect::Compatible => "compatible",
        };
        write!(formatter, "{effect:10}  {}", self.what)
    }
}

/// The schema documents as they were at a git revision.
///
/// # Errors
/// When git does not know the revision, or it has no schemas.
pub fn sources_at(root: &Path, revision: &str) -> Result<Vec<Source>> {
    let git = |arguments: &[&str]| -> Result<String> {
        let output =
            Command::new("git").current_dir(root).args(arguments).output().context("cannot run git")?;
        if !output.status.success() {
            bail!("git {}: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr).trim());
        }
        Ok(String::from_utf8(output.stdout)?)
    };
    let listed = git(&["ls-tree", "-r", "--name-only", revision, "--", "schemas"])?;
    let mut sources = Vec::new();
    for path in listed.lines().filter(|path| path.strip_suffix(".json").is_some()) {
        let text = git(&["show", &format!("{revision}:{path}")])?;
        sources.push(Source { path: path.trim_start_matches("schemas/").to_owned(), text });
    }
    if sources.is_empty() {
        bail!("there are no schemas at {revision}");
    }
    sources.sort();
    Ok(sources)
}

/// Every difference, the breaking ones first.
#[must_use]
pub fn compare(old: &Specification, new: &Specification) -> Vec<Difference> {
    let mut found = Vec::new();
    types(old, new, &mut found);
    let names = |specification: &Specification| -> Vec<String> {
        specification.dialects.iter().map(|dialect| dialect.rules.id.to_string()).collect()
    };
    added_and_removed("service", &names(old), &names(new), &mut found);
    let names = |specification: &Specification| -> Vec<String> {
        specification.models.iter().map(|model| model.id.to_string()).collect()
    };
    added_and_removed("model", &names(old), &names(new), &mut found);
    for dialect in &new.dialects {
        let Some(before) = old.dialects.iter().find(|before| before.rules.id == dialect.rules.id) else {
            continue;
        };
        rules(
            &dialect.rules.id,
            (&before.rules.rules, &old.fields),
            (&dialect.rules.rules, &new.fields),
            &mut found,
        );
        if before.operation != dialect.operation {
            let what = format!("{}: address, parameters or credentials changed", dialect.rules.id);
            found.push(Difference { effect: Effect::Breaking, what });
        }
    }
    for model in &new.models {
        let Some(before) = old.models.iter().find(|before| before.id == model.id) else { continue };
        rules(&model.id, (&before.rules, &old.fields), (&model.rules, &new.fields), &mut found);
        if before.lifecycle != model.lifecycle {
            found.push(Difference {
                effect: Effect::Compatible,
                what: format!("{}: life cycle changed", model.id),
            });
        }
        added_and_removed(
            &format!("name of {}", model.id),
            &owned(&before.aliases),
            &owned(&model.aliases),
            &mut found,
        );
    }
    found.sort_by_key(|difference| difference.effect);
    found
}

fn owned(names: &[Text]) -> Vec<String> {
    names.iter().map(ToString::to_string).collect()
}

fn added_and_removed(kind: &str, old: &[String], new: &[String], found: &mut Vec<Difference>) {
    for name in new.iter().filter(|name| !old.contains(name)) {
        found.push(Difference { effect: Effect::Compatible, what: format!("added the {kind} {name}") });
    }
    for name in old.iter().filter(|name| !new.contains(name)) {
        found.push(Difference { effect: Effect::Breaking, what: format!("removed the {kind} {name}") });
    }
}

/// Types, their members and the values of their sets.
fn types(old: &Specification, new: &Specification, found: &mut Vec<Difference>) {
    let nouns = |specification: &Specification| -> Vec<(String, Vec<String>)> {
        let all = specification.modules.iter().flat_map(|module| &module.types);
        all.map(|noun| {
            let parts = match &noun.shape {
                Shape::Struct(members) => members.iter().map(|member| member.wire.clone()).collect(),
                Shape::Enum(variants) => variants.iter().map(|variant| variant.wire.clone()).collect(),
                Shape::Scalar => Vec::new(),
            };
            (noun.name.clone(), parts)
        })
        .collect()
    };
    let (old, new) = (nouns(old), nouns(new));
    let names = |nouns: &[(String, Vec<String>)]| -> Vec<String> {
        nouns.iter().map(|(name, _)| name.clone()).collect()
    };
    added_and_removed("type", &names(&old), &names(&new), found);
    for (name, parts) in &new {
        if let Some((_, before)) = old.iter().find(|(known, _)| known == name) {
            added_and_removed(&format!("part of {name}"), before, parts, found);
        }
    }
}

/// The rules of one document, member by member. Positions of members may differ, so names count.
fn rules(of: &str, old: (&RuleSet, &[Field]), new: (&RuleSet, &[Field]), found: &mut Vec<Difference>) {
    for field in new.1 {
        let Some(before_field) = old.1.iter().position(|before| before.name == field.name) else { continue };
        let position = new.1.iter().position(|known| known.name == field.name).unwrap_or_default();
        let (before, after) = (rule(old.0, before_field), rule(new.0, position));
        let what = |verb: &str| format!("{of}: `{}` {verb}", field.name);
        match (before, after) {
            (None, None) => {}
            (None, Some(_)) if old.0.others == Others::Open => {
                found.push(Difference { effect: Effect::Breaking, what: what("got rules") });
            }
            (None, Some(after)) => found.push(Difference {
                effect: Effect::Compatible,
                what: what(&format!("is now taken: {}", after.accepts())),
            }),
            (Some(_), None) if new.0.others == Others::Open => {
                found.push(Difference { effect: Effect::Compatible, what: what("lost its rules") });
            }
            (Some(_), None) => {
                found.push(Difference { effect: Effect::Breaking, what: what("is no longer taken") });
            }
            (Some(before), Some(after)) => member(&what, before, after, found),
        }
    }
    if old.0.cross != new.0.cross {
        found.push(Difference {
            effect: Effect::Breaking,
            what: format!("{of}: rules over several members changed"),
        });
    }
    if old.0.advice != new.0.advice {
        found.push(Difference { effect: Effect::Compatible, what: format!("{of}: advice changed") });
    }
}

fn rule(rules: &RuleSet, position: usize) -> Option<&FieldRule> {
    rules.fields.iter().find(|rule| usize::from(rule.field.0) == position)
}

fn member(
    what: &impl Fn(&str) -> String,
    before: &FieldRule,
    after: &FieldRule,
    found: &mut Vec<Difference>,
) {
    if before.constraints != after.constraints || before.null != after.null {
        let is_wider = after
            .constraints
            .iter()
            .all(|after| before.constraints.iter().any(|before| covers(after, before)));
        let effect =
            if is_wider && (after.null || !before.null) { Effect::Compatible } else { Effect::Breaking };
        let verb = if effect == Effect::Compatible { "widened" } else { "narrowed or changed" };
        found.push(Difference {
            effect,
            what: what(&format!("{verb} from {} to {}", before.accepts(), after.accepts())),
        });
    }
    if before.default != after.default {
        let shown =
            |rule: &FieldRule| rule.default.as_ref().map_or_else(|| "none".to_owned(), ToString::to_string);
        found.push(Difference {
            effect: Effect::Compatible,
            what: what(&format!("has another documented default: {}, was {}", shown(after), shown(before))),
        });
    }
}

/// Whether the first constraint certainly accepts everything that the second accepts.
fn covers(wide: &Constraint, narrow: &Constraint) -> bool {
    match (wide, narrow) {
        (Constraint::OneOf(wide), Constraint::OneOf(narrow)) => {
            narrow.iter().all(|value| wide.contains(value))
        }
        (Constraint::Range { min, max }, Constraint::Range { min: least, max: most }) => {
            min <= least && max >= most
        }
        (Constraint::Length { min, max }, Constraint::Length { min: least, max: most }) => {
            min <= least && max >= most
        }
        (Constraint::Size(wide), Constraint::OneOf(sizes)) => sizes.iter().all(|size| wide.accepts(size)),
        (Constraint::Size(wide), Constraint::Size(narrow)) => size_covers(wide, narrow),
        (wide, narrow) => wide == narrow,
    }
}

fn size_covers(wide: &SizeRule, narrow: &SizeRule) -> bool {
    (wide.auto || !narrow.auto)
        && narrow.multiple_of.is_multiple_of(wide.multiple_of)
        && wide.maximum_edge >= narrow.maximum_edge
        && wide.maximum_ratio >= narrow.maximum_ratio
        && wide.minimum_pixels <= narrow.minimum_pixels
        && wide.maximum_pixels >= narrow.maximum_pixels
}
