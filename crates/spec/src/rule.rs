//! The kinds of rules. Data only: `imagewire-validate` interprets them, the generator writes them as static tables.
//!
//! Lists and texts are [`Cow`]s, so that generated tables borrow and a model file read at run time owns.

use std::borrow::Cow;

pub use crate::size::SizeRule;

/// A text of a table.
pub type Text = Cow<'static, str>;
/// A list of a table.
pub type List<T> = Cow<'static, [T]>;

/// A member of the request, by its position in the wire schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FieldId(pub u8);

/// A member of the request as the wire schema declares it.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// Its name on the wire.
    pub name: Text,
    /// What kind of value it takes.
    pub kind: FieldKind,
    /// Whether every request has it.
    pub required: bool,
    /// Whether some service takes an explicit `null` for it.
    pub nullable: bool,
    /// What it means.
    pub description: Text,
}

/// The kind of value that a member takes.
#[derive(Clone, Debug, PartialEq)]
pub enum FieldKind {
    /// Free text.
    Text,
    /// A name out of an open set; these are the known ones.
    Name(List<Text>),
    /// `auto` or `WIDTHxHEIGHT`.
    Size,
    /// The identifier of a model.
    Model,
    /// A whole number of at least zero.
    Integer,
    /// `true` or `false`.
    Boolean,
}

/// Everything that one document says about requests.
#[derive(Clone, Debug, PartialEq)]
pub struct RuleSet {
    /// Who says it, as people call it: `dall-e-3`, `Hicap`.
    pub name: Text,
    /// What each listed member takes, in schema order.
    pub fields: List<FieldRule>,
    /// What becomes of members that are not listed.
    pub others: Others,
    /// Rules over several members.
    pub cross: List<CrossRule>,
    /// Remarks that never change the verdict.
    pub advice: List<Advice>,
}

/// What becomes of members that a [`RuleSet`] does not list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Others {
    /// They are somebody else's affair.
    Open,
    /// They must be absent; an explicit `null` counts as absent.
    Absent,
    /// They must be absent, and an explicit `null` is refused too.
    Refused,
}

/// What one member takes.
#[derive(Clone, Debug, PartialEq)]
pub struct FieldRule {
    /// The member.
    pub field: FieldId,
    /// What a value must satisfy; all of them.
    pub constraints: List<Constraint>,
    /// Whether an explicit `null` is taken (it counts as absent).
    pub null: bool,
    /// What the service assumes when the member is absent. Never filled in by imagewire.
    pub default: Option<Literal>,
}

/// What a value must satisfy.
#[derive(Clone, Debug, PartialEq)]
pub enum Constraint {
    /// The member must be absent.
    Absent,
    /// One of these texts.
    OneOf(List<Text>),
    /// A number from `min` to `max`, both included.
    Range {
        /// The least value.
        min: i64,
        /// The greatest value; `i64::MAX` where there is none.
        max: i64,
    },
    /// A text of `min` to `max` Unicode code points.
    Length {
        /// The least length.
        min: u32,
        /// The greatest length; `u32::MAX` where there is none.
        max: u32,
    },
    /// This truth value.
    Is(bool),
    /// A size within bounds.
    Size(SizeRule),
}

/// A value in a table.
#[derive(Clone, Debug, PartialEq)]
pub enum Literal {
    /// A truth value.
    Boolean(bool),
    /// A whole number.
    Integer(i64),
    /// A text.
    Text(Text),
}

/// A rule over several members: when all conditions hold, so must all requirements.
#[derive(Clone, Debug, PartialEq)]
pub struct CrossRule {
    /// When the rule applies.
    pub when: List<Condition>,
    /// What must then hold.
    pub then: List<Requirement>,
    /// Why, as a sentence.
    pub reason: Text,
}

/// Holds when the member is present (not `null`) and its value satisfies all constraints.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    /// The member.
    pub field: FieldId,
    /// What its value satisfies.
    pub constraints: List<Constraint>,
}

/// Holds when the member's value satisfies all constraints, or it is absent and may be.
#[derive(Clone, Debug, PartialEq)]
pub struct Requirement {
    /// The member.
    pub field: FieldId,
    /// Whether it must be present (not `null`).
    pub required: bool,
    /// What its value must satisfy.
    pub constraints: List<Constraint>,
}

/// A remark on requests that meet all conditions.
#[derive(Clone, Debug, PartialEq)]
pub struct Advice {
    /// When it applies.
    pub when: List<Condition>,
    /// How grave it is.
    pub severity: AdviceSeverity,
    /// The remark as a sentence.
    pub message: Text,
}

/// How grave a remark is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AdviceSeverity {
    /// The service ignores it, bills it oddly, or only third parties report it.
    Warning,
    /// Worth knowing.
    Note,
}

/// An image model and its rules, which hold at every service.
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    /// Its identifier.
    pub id: Text,
    /// What it is.
    pub description: Text,
    /// Other identifiers of the same model.
    pub aliases: List<Text>,
    /// Beginnings of identifiers that follow the same rules, such as dated snapshots.
    pub prefixes: List<Text>,
    /// The members of answers and images that it fills, where the service documents them.
    pub returns: List<Text>,
    /// What other models call differently: used when a request is adapted to this one.
    pub equivalents: List<Equivalent>,
    /// Its rules.
    pub rules: RuleSet,
    /// How long it lives, by service.
    pub lifecycle: List<Lifecycle>,
    /// Where the rules come from.
    pub sources: List<Source>,
}

/// A value of other models, and the one of this model that comes nearest in meaning.
#[derive(Clone, Debug, PartialEq)]
pub struct Equivalent {
    /// The member.
    pub field: FieldId,
    /// What others call it.
    pub from: Text,
    /// What this model calls it.
    pub to: Text,
}

/// Where a model stands at one service.
#[derive(Clone, Debug, PartialEq)]
pub struct Lifecycle {
    /// The service.
    pub dialect: Text,
    /// The stage.
    pub stage: Stage,
    /// When it reached or reaches the end of its life there, as `YYYY-MM-DD`.
    pub date: Option<Text>,
    /// What to use instead.
    pub successor: Option<Text>,
}

/// A stage of a model's life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// In service.
    Active,
    /// In service, with an announced end.
    Deprecated,
    /// No longer served.
    Retired,
}

impl Stage {
    /// The stage as documents write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Deprecated => "deprecated",
            Self::Retired => "retired",
        }
    }
}

/// Where a group of rules comes from.
#[derive(Clone, Debug, PartialEq)]
pub struct Source {
    /// What it covers.
    pub covers: Text,
    /// The document.
    pub title: Text,
    /// Its address.
    pub url: Text,
    /// When it was read, as `YYYY-MM-DD`.
    pub checked: Text,
}

/// A service and its rules.
#[derive(Clone, Debug, PartialEq)]
pub struct Dialect {
    /// Its identifier.
    pub id: Text,
    /// The service's name.
    pub title: Text,
    /// The service that this is another address or a later edition of.
    pub variant_of: Option<Text>,
    /// How a request says which model draws.
    pub model_from: ModelFrom,
    /// Its rules for every model.
    pub rules: RuleSet,
    /// Its additional rules for some models.
    pub overlays: List<Overlay>,
    /// Where the rules come from.
    pub sources: List<Source>,
}

impl Dialect {
    /// Whether an entry of a model's life cycle is about this service: its own, or that of the service it is an edition of.
    #[must_use]
    pub fn runs(&self, life: &Lifecycle) -> bool {
        life.dialect == self.id || Some(&life.dialect) == self.variant_of.as_ref()
    }
}

/// How a request says which model draws.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ModelFrom {
    /// The body's `model`.
    Body,
    /// The deployment in the path, whose model only its owner knows.
    Deployment,
}

/// A service's additional rules for some models.
#[derive(Clone, Debug, PartialEq)]
pub struct Overlay {
    /// The models: identifiers, or beginnings of identifiers followed by `*`.
    pub models: List<Text>,
    /// The rules.
    pub rules: RuleSet,
}

impl Overlay {
    /// Whether the rules are for the model of that identifier.
    #[must_use]
    pub fn covers(&self, model: &str) -> bool {
        self.models.iter().any(|pattern| match pattern.strip_suffix('*') {
            Some(beginning) => model.starts_with(beginning),
            None => model == pattern.as_ref(),
        })
    }
}
