//! The values of rule tables as Rust.

use imagewire_spec::{
    name::constant,
    rule::{
        Advice, AdviceSeverity, Condition, Constraint, CrossRule, Dialect, Field, FieldId, FieldKind,
        FieldRule, Lifecycle, Literal, Model, ModelFrom, Others, Overlay, Requirement, RuleSet, SizeRule,
        Source, Stage, Text,
    },
};
use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use super::Writer;

impl Writer<'_> {
    pub(super) fn field_name(&self, id: FieldId) -> proc_macro2::Ident {
        format_ident!("{}", constant(self.fields.get(usize::from(id.0)).map_or("", |field| &field.name)))
    }

    pub(super) fn dialect(&self, dialect: &Dialect) -> TokenStream {
        let (id, title, rules) = (text(&dialect.id), text(&dialect.title), self.rule_set(&dialect.rules));
        let model_from = match dialect.model_from {
            ModelFrom::Body => quote! { ModelFrom::Body },
            ModelFrom::Deployment => quote! { ModelFrom::Deployment },
        };
        let variant_of = optional(dialect.variant_of.as_ref());
        let overlays = list(dialect.overlays.iter().map(|overlay| self.overlay(overlay)));
        let sources = list(dialect.sources.iter().map(source));
        quote! {
            Dialect { id: #id, title: #title, variant_of: #variant_of, model_from: #model_from, rules: #rules, overlays: #overlays, sources: #sources }
        }
    }

    fn overlay(&self, overlay: &Overlay) -> TokenStream {
        let (models, rules) = (list(overlay.models.iter().map(text)), self.rule_set(&overlay.rules));
        quote! { Overlay { models: #models, rules: #rules } }
    }

    pub(super) fn model(&self, model: &Model) -> TokenStream {
        let (id, description) = (text(&model.id), text(&model.description));
        let (aliases, prefixes) =
            (list(model.aliases.iter().map(text)), list(model.prefixes.iter().map(text)));
        let returns = list(model.returns.iter().map(text));
        let equivalents = list(model.equivalents.iter().map(|pair| {
            let (field, from, to) = (self.field_name(pair.field), text(&pair.from), text(&pair.to));
            quote! { Equivalent { field: #field, from: #from, to: #to } }
        }));
        let rules = self.rule_set(&model.rules);
        let lifecycle = list(model.lifecycle.iter().map(life));
        let sources = list(model.sources.iter().map(source));
        quote! {
            Model {
                id: #id,
                description: #description,
                aliases: #aliases,
                prefixes: #prefixes,
                returns: #returns,
                equivalents: #equivalents,
                rules: #rules,
                lifecycle: #lifecycle,
                sources: #sources,
            }
        }
    }

    pub(super) fn rule_set(&self, rules: &RuleSet) -> TokenStream {
        let name = text(&rules.name);
        let fields = list(rules.fields.iter().map(|rule| self.field_rule(rule)));
        let others = match rules.others {
            Others::Open => quote! { Others::Open },
            Others::Absent => quote! { Others::Absent },
            Others::Refused => quote! { Others::Refused },
        };
        let cross = list(rules.cross.iter().map(|rule| self.cross_rule(rule)));
        let advice = list(rules.advice.iter().map(|advice| self.advice(advice)));
        quote! { RuleSet { name: #name, fields: #fields, others: #others, cross: #cross, advice: #advice } }
    }

    fn field_rule(&self, rule: &FieldRule) -> TokenStream {
        let (field, null) = (self.field_name(rule.field), rule.null);
        let constraints = list(rule.constraints.iter().map(constraint));
        let default = match &rule.default {
            None => quote! { None },
            Some(Literal::Boolean(value)) => quote! { Some(Literal::Boolean(#value)) },
            Some(Literal::Integer(value)) => {
                let value = number(*value);
                quote! { Some(Literal::Integer(#value)) }
            }
            Some(Literal::Text(value)) => {
                let value = text(value);
                quote! { Some(Literal::Text(#value)) }
            }
        };
        quote! { FieldRule { field: #field, constraints: #constraints, null: #null, default: #default } }
    }

    fn cross_rule(&self, rule: &CrossRule) -> TokenStream {
        let when = list(rule.when.iter().map(|condition| self.condition(condition)));
        let then = list(rule.then.iter().map(|requirement| self.requirement(requirement)));
        let reason = text(&rule.reason);
        quote! { CrossRule { when: #when, then: #then, reason: #reason } }
    }

    fn condition(&self, condition: &Condition) -> TokenStream {
        let (field, constraints) =
            (self.field_name(condition.field), list(condition.constraints.iter().map(constraint)));
        quote! { Condition { field: #field, constraints: #constraints } }
    }

    fn requirement(&self, requirement: &Requirement) -> TokenStream {
        let (field, required) = (self.field_name(requirement.field), requirement.required);
        let constraints = list(requirement.constraints.iter().map(constraint));
        quote! { Requirement { field: #field, required: #required, constraints: #constraints } }
    }

    fn advice(&self, advice: &Advice) -> TokenStream {
        let when = list(advice.when.iter().map(|condition| self.condition(condition)));
        let severity = match advice.severity {
            AdviceSeverity::Warning => quote! { AdviceSeverity::Warning },
            AdviceSeverity::Note => quote! { AdviceSeverity::Note },
        };
        let message = text(&advice.message);
        quote! { Advice { when: #when, severity: #severity, message: #message } }
    }
}

pub(super) fn field(field: &Field) -> TokenStream {
    let (name, required, nullable) = (text(&field.name), field.required, field.nullable);
    let description = text(&field.description);
    let kind = match &field.kind {
        FieldKind::Text => quote! { FieldKind::Text },
        FieldKind::Name(known) => {
            let known = list(known.iter().map(text));
            quote! { FieldKind::Name(#known) }
        }
        FieldKind::Size => quote! { FieldKind::Size },
        FieldKind::Model => quote! { FieldKind::Model },
        FieldKind::Integer => quote! { FieldKind::Integer },
        FieldKind::Boolean => quote! { FieldKind::Boolean },
    };
    quote! {
        Field { name: #name, kind: #kind, required: #required, nullable: #nullable, description: #description }
    }
}

fn constraint(constraint: &Constraint) -> TokenStream {
    match constraint {
        Constraint::Absent => quote! { Constraint::Absent },
        Constraint::OneOf(values) => {
            let values = list(values.iter().map(text));
            quote! { Constraint::OneOf(#values) }
        }
        Constraint::Range { min, max } => {
            let (min, max) = (
                number(*min),
                if *max == i64::MAX {
                    quote! { i64::MAX }
                } else {
                    number(*max)
                },
            );
            quote! { Constraint::Range { min: #min, max: #max } }
        }
        Constraint::Length { min, max } => {
            let min = number((*min).into());
            let max = if *max == u32::MAX {
                quote! { u32::MAX }
            } else {
                number((*max).into())
            };
            quote! { Constraint::Length { min: #min, max: #max } }
        }
        Constraint::Is(value) => quote! { Constraint::Is(#value) },
        Constraint::Size(rule) => size(rule),
    }
}

/// Bounds that say something; the rest comes from `SizeRule::ANY`.
fn size(rule: &SizeRule) -> TokenStream {
    let any = SizeRule::ANY;
    let auto = (rule.auto != any.auto).then(|| {
        let auto = rule.auto;
        quote! { auto: #auto, }
    });
    let bounds = [
        ("multiple_of", u64::from(rule.multiple_of), u64::from(any.multiple_of)),
        ("maximum_edge", u64::from(rule.maximum_edge), u64::from(any.maximum_edge)),
        ("maximum_ratio", u64::from(rule.maximum_ratio), u64::from(any.maximum_ratio)),
        ("minimum_pixels", rule.minimum_pixels, any.minimum_pixels),
        ("maximum_pixels", rule.maximum_pixels, any.maximum_pixels),
    ];
    let bounds = bounds.iter().filter(|(_, value, none)| value != none).map(|(name, value, _)| {
        let (name, value) = (format_ident!("{name}"), number(i64::try_from(*value).unwrap_or(i64::MAX)));
        quote! { #name: #value, }
    });
    quote! { Constraint::Size(SizeRule { #auto #(#bounds)* ..SizeRule::ANY }) }
}

fn life(entry: &Lifecycle) -> TokenStream {
    let (dialect, date, successor) =
        (text(&entry.dialect), optional(entry.date.as_ref()), optional(entry.successor.as_ref()));
    let stage = match entry.stage {
        Stage::Active => quote! { Stage::Active },
        Stage::Deprecated => quote! { Stage::Deprecated },
        Stage::Retired => quote! { Stage::Retired },
    };
    quote! { Lifecycle { dialect: #dialect, stage: #stage, date: #date, successor: #successor } }
}

fn source(source: &Source) -> TokenStream {
    let (covers, title) = (text(&source.covers), text(&source.title));
    let (url, checked) = (text(&source.url), text(&source.checked));
    quote! { Source { covers: #covers, title: #title, url: #url, checked: #checked } }
}

fn text(text: &Text) -> TokenStream {
    let text = text.as_ref();
    quote! { Borrowed(#text) }
}

fn optional(value: Option<&Text>) -> TokenStream {
    value.map_or_else(
        || quote! { None },
        |value| {
            let value = text(value);
            quote! { Some(#value) }
        },
    )
}

fn list(items: impl Iterator<Item = TokenStream>) -> TokenStream {
    quote! { Borrowed(&[#(#items),*]) }
}

/// A number without a type suffix, with separators from five digits on.
fn number(value: i64) -> TokenStream {
    let digits = value.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) && digits.len() > 4 {
            text.push('_');
        }
        text.push(digit);
    }
    text.parse().expect("digits are a literal")
}
