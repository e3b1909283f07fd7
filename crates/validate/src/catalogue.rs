//! Which rules a request is judged by.

use std::{fmt, sync::Arc};

use imagewire_spec::rule::{Dialect, FieldRule, Literal, Model, ModelFrom};

use crate::{
    check::Sets,
    generated::{dialects::DIALECTS, fields, models::MODELS},
    plan::Plan,
    view::Show,
};

/// The services and models whose rules are known.
#[derive(Clone, Debug, Default)]
pub struct Catalogue {
    /// Models of the user's own; they come before built-in ones of the same name.
    pub(crate) own: Vec<Model>,
}

static BUILT_IN: Catalogue = Catalogue { own: Vec::new() };

impl Catalogue {
    /// What comes with this release.
    #[must_use]
    pub fn built_in() -> &'static Self {
        &BUILT_IN
    }

    /// The services, by identifier.
    #[must_use]
    pub fn dialects(&self) -> &'static [&'static Dialect] {
        DIALECTS
    }

    /// The models: the user's own, then the built-in ones by identifier.
    pub fn models(&self) -> impl Iterator<Item = &Model> {
        self.own.iter().chain(MODELS.iter().copied())
    }

    /// The service of that identifier.
    ///
    /// # Errors
    /// When no service has it; the error lists those that exist.
    pub fn dialect(&self, id: &str) -> Result<&'static Dialect, UnknownDialect> {
        DIALECTS.iter().copied().find(|dialect| dialect.id == id).ok_or_else(|| UnknownDialect::new(id))
    }

    /// The model that a name stands for: its identifier or an alias, with or without an `account/` before it, or a name
    /// that begins like a family of models (the longest such beginning wins).
    #[must_use]
    pub fn model(&self, name: &str) -> Option<&Model> {
        let bare = bare(name);
        let named = |wanted: &str| {
            self.models()
                .find(|model| model.id == wanted || model.aliases.iter().any(|alias| alias == wanted))
        };
        named(name).or_else(|| named(bare)).or_else(|| {
            let families =
                self.models().flat_map(|model| model.prefixes.iter().map(move |prefix| (prefix, model)));
            families
                .filter(|(prefix, _)| bare.starts_with(prefix.as_ref()))
                .max_by_key(|(prefix, _)| prefix.len())
                .map(|(_, model)| model)
        })
    }

    /// Requests to that service.
    ///
    /// # Errors
    /// When no service has that identifier.
    pub fn target(&self, dialect: &str) -> Result<Target<'_>, UnknownDialect> {
        Ok(Target { catalogue: self, dialect: self.dialect(dialect)?, served: None })
    }
}

/// A model's name without the account before it.
fn bare(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

/// No service has that identifier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownDialect(String);

impl UnknownDialect {
    pub(crate) fn new(id: &str) -> Self {
        Self(id.to_owned())
    }
}

impl fmt::Display for UnknownDialect {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known: Vec<&str> = DIALECTS.iter().map(|dialect| dialect.id.as_ref()).collect();
        write!(formatter, "no service is named {:?}; known: {}", self.0, known.join(", "))
    }
}

impl std::error::Error for UnknownDialect {}

/// What a request is judged for: a service, and the model that draws. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Target<'a> {
    catalogue: &'a Catalogue,
    dialect: &'a Dialect,
    served: Option<Arc<Served<'a>>>,
}

/// The model that is known to draw, whatever the request says.
#[derive(Debug)]
struct Served<'a> {
    name: String,
    /// Its rules if there are any.
    model: Option<&'a Model>,
    /// All rules in one, unless every request leaves something to say.
    plan: Option<Plan<'a>>,
}

impl Target<'static> {
    /// Requests to that service, with the built-in rules. The model is the one that the request names.
    ///
    /// # Errors
    /// When no service has that identifier.
    pub fn new(dialect: &str) -> Result<Self, UnknownDialect> {
        Catalogue::built_in().target(dialect)
    }
}

impl<'a> Target<'a> {
    /// Says which model draws, whatever the request names: for deployments, which keep it to themselves, and for
    /// programs that judge many requests for one model. The rules are resolved once, here, so that requests which leave
    /// nothing to say are judged without allocation.
    #[must_use]
    pub fn served_by(self, model: &str) -> Self {
        let known = self.catalogue.model(model);
        let plan = Plan::new(&self.sets_of(known, Some(model)));
        Self { served: Some(Arc::new(Served { name: model.to_owned(), model: known, plan })), ..self }
    }

    /// The service.
    #[must_use]
    pub fn dialect(&self) -> &'a Dialect {
        self.dialect
    }

    /// The name of the model that draws, when the request's own `model` is `named`: what the target says, what the
    /// request says, or what the service documents as its default. Deployments ignore the request.
    pub(crate) fn model_name<'b>(&'b self, named: Option<&'b str>) -> Option<&'b str> {
        match (self.served.as_deref(), self.dialect.model_from) {
            (Some(served), _) => Some(&served.name),
            (None, ModelFrom::Deployment) => None,
            (None, ModelFrom::Body) => named.or_else(|| match self.default_of(fields::MODEL) {
                Some(Literal::Text(model)) => Some(model.as_ref()),
                _ => None,
            }),
        }
    }

    /// The rules of the model that draws, when they are known.
    #[must_use]
    pub fn model(&self, named: Option<&str>) -> Option<&'a Model> {
        match &self.served {
            Some(served) => served.model,
            None => self.catalogue.model(self.model_name(named)?),
        }
    }

    /// What the service assumes for an absent member, when its document says so.
    #[must_use]
    pub fn default_of_member(&self, name: &str) -> Option<&'a Literal> {
        let position = fields::FIELDS.iter().position(|field| field.name == name)?;
        self.default_of(imagewire_spec::rule::FieldId(u8::try_from(position).ok()?))
    }

    fn default_of(&self, field: imagewire_spec::rule::FieldId) -> Option<&'a Literal> {
        let rule: Option<&FieldRule> = self.dialect.rules.fields.iter().find(|rule| rule.field == field);
        rule?.default.as_ref()
    }

    /// All rule sets that hold, the widest first.
    pub(crate) fn sets<'b>(&'b self, named: Option<&'b str>) -> Sets<'a, 'b> {
        self.sets_of(self.model(named), self.model_name(named))
    }

    fn sets_of<'b>(&self, model: Option<&'a Model>, name: Option<&'b str>) -> Sets<'a, 'b>
    where
        'a: 'b,
    {
        let name = model.map_or_else(|| name.map(bare), |model| Some(model.id.as_ref()));
        Sets { wire: &fields::WIRE, dialect: self.dialect, model, name }
    }

    /// Whether it is plain at a glance that there is nothing to say about a request, strangers among its members aside.
    pub(crate) fn passes(&self, request: &impl Show) -> bool {
        let plan = self.served.as_deref().and_then(|served| served.plan.as_ref());
        plan.is_some_and(|plan| plan.passes(request))
    }
}
