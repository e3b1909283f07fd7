//! The files with the rule tables of `imagewire-validate`.

mod tables;

use imagewire_spec::{
    ir::Specification,
    name::{self, constant},
    rule::{Field, FieldId, FieldKind},
};
use quote::{format_ident, quote};

use super::{item, rust_file};
use crate::File;

const FOLDER: &str = "crates/validate/src/generated";

pub(super) fn files(specification: &Specification) -> Vec<File> {
    let writer = Writer { fields: &specification.fields };
    vec![
        rust_file(
            &format!("{FOLDER}.rs"),
            "The modules of generated rule tables.",
            "schemas",
            &["pub(crate) mod dialects;\n#[cfg(feature = \"documents\")]\npub(crate) mod documents;\npub(crate) mod fields;\npub(crate) mod models;\n".to_owned()],
        ),
        documents_file(specification),
        writer.fields_file(specification),
        writer.dialects_file(specification),
        writer.models_file(specification),
    ]
}

/// The bundled documents, to be compiled in.
fn documents_file(specification: &Specification) -> File {
    let entries = specification.dialects.iter().map(|dialect| {
        let (id, path) = (dialect.rules.id.as_ref(), format!("../../openapi/{}.json", dialect.rules.id));
        quote! { (#id, include_str!(#path)) }
    });
    let items = [item(quote! {
        /// A self-contained OpenAPI document for each dialect, by identifier.
        pub(crate) static OPENAPI: &[(&str, &str)] = &[#(#entries),*];
    })];
    rust_file(&format!("{FOLDER}/documents.rs"), "The bundled documents.", "schemas", &items)
}

struct Writer<'a> {
    fields: &'a [Field],
}

impl Writer<'_> {
    fn fields_file(&self, specification: &Specification) -> File {
        let kinds = quote! { Constraint, Field, FieldId, FieldKind, FieldRule, Others, RuleSet };
        let mut items = vec![item(quote! {
            use std::borrow::Cow::Borrowed;
            use imagewire_spec::rule::{#kinds};
            use imagewire_types::CreateImageRequest;
            use crate::view::{Show, Viewer};
        })];
        for (position, field) in (0_u8..).zip(self.fields) {
            let (name, docs) = (self.field_name(FieldId(position)), format!(" `{}`", field.name));
            items.push(item(quote! {
                #[doc = #docs]
                pub(crate) const #name: FieldId = FieldId(#position);
            }));
        }
        let fields = self.fields.iter().map(tables::field);
        items.push(item(quote! {
            /// The members of the request, in schema order: the position is the [`FieldId`].
            pub(crate) static FIELDS: &[Field; COUNT] = &[#(#fields),*];
        }));
        let count = proc_macro2::Literal::usize_unsuffixed(self.fields.len());
        items.push(item(quote! {
            /// How many members there are.
            pub(crate) const COUNT: usize = #count;
        }));
        let wire = self.rule_set(&specification.wire);
        items.push(item(quote! {
            /// What holds for every request.
            pub(crate) static WIRE: RuleSet = #wire;
        }));
        let shown = self.fields.iter().map(|field| {
            let (id, member) =
                (format_ident!("{}", constant(&field.name)), format_ident!("{}", name::field(&field.name)));
            let value = if field.required {
                quote! { &self.#member }
            } else {
                quote! { value }
            };
            let show = match &field.kind {
                FieldKind::Text => quote! { to.text(#id, #value) },
                FieldKind::Name(_) | FieldKind::Model => quote! { to.text(#id, #value.as_str()) },
                FieldKind::Size => quote! { to.size(#id, #value) },
                FieldKind::Integer => quote! { to.integer(#id, (*#value).into()) },
                FieldKind::Boolean => quote! { to.boolean(#id, *#value) },
            };
            if field.required {
                show
            } else {
                quote! { match &self.#member { Some(value) => #show, None => to.absent(#id) } }
            }
        });
        items.push(item(quote! {
            impl Show for CreateImageRequest {
                fn show<'a>(&'a self, to: &mut impl Viewer<'a>) -> bool {
                    #(#shown)&&*
                }
            }
        }));
        let arms = self.fields.iter().map(|field| {
            let (name, id) = (field.name.as_ref(), format_ident!("{}", constant(&field.name)));
            quote! { #name => Some(#id) }
        });
        items.push(item(quote! {
            /// The member of that name.
            pub(crate) fn named(name: &str) -> Option<FieldId> {
                match name {
                    #(#arms,)*
                    _ => None,
                }
            }
        }));
        let about = "The members of the request.";
        rust_file(
            &format!("{FOLDER}/fields.rs"),
            about,
            "schemas/wire/create-image-request.schema.json",
            &items,
        )
    }

    fn dialects_file(&self, specification: &Specification) -> File {
        let mut items = Vec::new();
        for dialect in &specification.dialects {
            let dialect = &dialect.rules;
            let (name, docs) =
                (format_ident!("{}", constant(&dialect.id)), format!(" The rules of {}.", dialect.title));
            let value = self.dialect(dialect);
            items.push(item(quote! {
                #[doc = #docs]
                pub(crate) static #name: Dialect = #value;
            }));
        }
        let names =
            specification.dialects.iter().map(|dialect| format_ident!("{}", constant(&dialect.rules.id)));
        items.push(item(quote! {
            /// All dialects, by identifier.
            pub(crate) static DIALECTS: &[&Dialect] = &[#(&#names),*];
        }));
        items.insert(0, self.imports(&items));
        rust_file(&format!("{FOLDER}/dialects.rs"), "What each service accepts.", "schemas/dialects", &items)
    }

    fn models_file(&self, specification: &Specification) -> File {
        let mut items = Vec::new();
        for model in &specification.models {
            let (name, docs) =
                (format_ident!("{}", constant(&model.id)), format!(" The rules of `{}`.", model.id));
            let value = self.model(model);
            items.push(item(quote! {
                #[doc = #docs]
                pub(crate) static #name: Model = #value;
            }));
        }
        let names = specification.models.iter().map(|model| format_ident!("{}", constant(&model.id)));
        items.push(item(quote! {
            /// All models, by identifier.
            pub(crate) static MODELS: &[&Model] = &[#(&#names),*];
        }));
        items.insert(0, self.imports(&items));
        rust_file(
            &format!("{FOLDER}/models.rs"),
            "What each model accepts at every service.",
            "schemas/models",
            &items,
        )
    }

    /// Imports of exactly the names that the items use.
    fn imports(&self, items: &[String]) -> String {
        let used = |name: &str| {
            let words =
                items.iter().flat_map(|item| item.split(|c: char| !c.is_ascii_alphanumeric() && c != '_'));
            words.into_iter().any(|word| word == name)
        };
        let kinds = KINDS.iter().filter(|name| used(name)).map(|name| format_ident!("{name}"));
        let mut fields: Vec<String> = self.fields.iter().map(|field| constant(&field.name)).collect();
        fields.retain(|name| used(name));
        fields.sort_unstable();
        let fields = fields.iter().map(|name| format_ident!("{name}"));
        item(quote! {
            use std::borrow::Cow::Borrowed;
            use imagewire_spec::rule::{#(#kinds),*};
            use super::fields::{#(#fields),*};
        })
    }
}

/// The kinds of rules that tables may name.
const KINDS: &[&str] = &[
    "Advice",
    "AdviceSeverity",
    "Condition",
    "Constraint",
    "CrossRule",
    "Dialect",
    "Equivalent",
    "FieldRule",
    "Lifecycle",
    "Literal",
    "Model",
    "ModelFrom",
    "Others",
    "Overlay",
    "Requirement",
    "RuleSet",
    "SizeRule",
    "Source",
    "Stage",
];
