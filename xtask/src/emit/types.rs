//! The wire types of `imagewire-types`.

use std::fmt::Write as _;

use imagewire_spec::{
    ir::{Member, Module, Noun, Shape, Specification, Type, Variant},
    name::constant,
};
use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use super::{doc, item, rust_file};
use crate::File;

const FOLDER: &str = "crates/types/src/generated";

pub(super) fn files(specification: &Specification) -> Vec<File> {
    let mut files: Vec<File> =
        specification.modules.iter().map(|module| file(module, specification)).collect();
    let mut modules: Vec<&str> = specification.modules.iter().map(|module| module.name.as_str()).collect();
    modules.push("operations");
    modules.sort_unstable();
    let modules: Vec<String> = modules.iter().map(|name| format!("pub(crate) mod {name};\n")).collect();
    let about = "The modules of generated wire types.";
    files.push(rust_file(&format!("{FOLDER}.rs"), about, "schemas/wire", &[modules.concat()]));
    files
}

fn file(module: &Module, specification: &Specification) -> File {
    let mut items = vec![imports(module, specification)];
    for noun in &module.types {
        match &noun.shape {
            Shape::Struct(members) => items.extend(record(noun, members)),
            Shape::Enum(variants) => items.extend(open_enum(noun, variants)),
            Shape::Scalar if noun.name == "Model" => items.push(model_constants(specification)),
            Shape::Scalar => {}
        }
    }
    items.retain(|item| !item.is_empty());
    let about = format!("The types of the {} module.", module.name);
    rust_file(&format!("{FOLDER}/{}.rs", module.name), &about, "schemas/wire", &items)
}

/// The types of other modules and the hand-written ones that this module names.
fn imports(module: &Module, specification: &Specification) -> String {
    let mut used: Vec<&str> = Vec::new();
    for noun in &module.types {
        if let Shape::Struct(members) = &noun.shape {
            used.extend(members.iter().filter_map(|member| named(&member.ty)));
        }
    }
    let is_scalar = |name: &str| {
        let nouns = specification.modules.iter().flat_map(|module| &module.types);
        nouns.into_iter().any(|noun| noun.name == name && noun.shape == Shape::Scalar)
    };
    let local = |name: &str| module.types.iter().any(|noun| noun.name == name && noun.shape != Shape::Scalar);
    let mut others: Vec<&str> = used.into_iter().filter(|name| !local(name)).collect();
    if module.types.iter().any(|noun| matches!(noun.shape, Shape::Struct(_))) {
        others.push("Extra");
    }
    if module.types.iter().any(|noun| matches!(noun.shape, Shape::Enum(_))) {
        others.push("UnknownValue");
    }
    if module.types.iter().any(|noun| noun.name == "Model" && is_scalar("Model")) {
        others.push("Model");
    }
    others.sort_unstable();
    others.dedup();
    let others: Vec<_> = others.iter().map(|name| format_ident!("{name}")).collect();
    let mut text = String::new();
    if !others.is_empty() {
        text = item(quote! { use crate::{#(#others),*}; });
    }
    let shapes = |wanted: fn(&Shape) -> bool| module.types.iter().any(|noun| wanted(&noun.shape));
    for (macro_name, present) in [
        ("wire_names", shapes(|shape| matches!(shape, Shape::Enum(_)))),
        ("wire_struct", shapes(|shape| matches!(shape, Shape::Struct(_)))),
    ] {
        if present {
            let _ = writeln!(text, "use crate::wire::{macro_name};");
        }
    }
    text
}

fn named(ty: &Type) -> Option<&str> {
    match ty {
        Type::Named(name) => Some(name),
        Type::List(item) => named(item),
        Type::Text | Type::Boolean | Type::U32 | Type::U64 => None,
    }
}

fn open_enum(noun: &Noun, variants: &[Variant]) -> Vec<String> {
    let name = format_ident!("{}", noun.name);
    let docs = doc(&noun.doc);
    let declared = variants.iter().map(|variant| {
        let (docs, name) = (doc(&variant.doc), format_ident!("{}", variant.rust));
        quote! { #docs #name, }
    });
    let declaration = item(quote! {
        #docs
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum #name {
            #(#declared)*
            /// A value that this release does not know; it is sent and received unchanged.
            Unknown(UnknownValue),
        }
    });
    let mut table = format!("wire_names! {{\n    {} {{\n", noun.name);
    for variant in variants {
        let _ = writeln!(table, "        {} => {:?},", variant.rust, variant.wire);
    }
    table.push_str("    }\n}\n");
    vec![declaration, table]
}

fn record(noun: &Noun, members: &[Member]) -> Vec<String> {
    let name = format_ident!("{}", noun.name);
    let docs = doc(&noun.doc);
    let fields = members.iter().map(|member| {
        let (docs, field, ty) = (doc(&member.doc), format_ident!("{}", member.rust), field_type(member));
        let rename = (member.rust != member.wire).then(|| {
            let wire = &member.wire;
            quote! { #[cfg_attr(feature = "schemars", schemars(rename = #wire))] }
        });
        let length = member.min_length.map(|least| {
            let least = proc_macro2::Literal::i64_unsuffixed(least);
            quote! { #[cfg_attr(feature = "schemars", schemars(length(min = #least)))] }
        });
        quote! { #docs #rename #length pub #field: #ty, }
    });
    let default = members.iter().all(|member| !member.required).then(|| quote! { , Default });
    let declaration = item(quote! {
        #docs
        #[derive(Clone, PartialEq #default)]
        #[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
        #[non_exhaustive]
        pub struct #name {
            #(#fields)*
            /// Members that have no field here; they are sent and received unchanged.
            #[cfg_attr(feature = "schemars", schemars(skip))]
            pub extra: Extra<Self>,
        }
    });
    let mut table = format!("wire_struct! {{\n    {} {{\n", noun.name);
    for member in members {
        let private = if member.private { " private" } else { "" };
        let _ = writeln!(table, "        {}: {:?}{private},", member.rust, member.wire);
    }
    table.push_str("    }\n}\n");
    vec![declaration, methods(noun, members), table]
}

fn methods(noun: &Noun, members: &[Member]) -> String {
    let name = format_ident!("{}", noun.name);
    let parameters = members.iter().filter(|member| member.required).map(|member| {
        let (field, ty) = (format_ident!("{}", member.rust), parameter_type(&member.ty));
        quote! { #field: #ty }
    });
    let values = members.iter().map(|member| {
        let field = format_ident!("{}", member.rust);
        match (member.required, takes_into(&member.ty)) {
            (true, true) => quote! { #field: #field.into() },
            (true, false) => quote! { #field },
            (false, _) => quote! { #field: None },
        }
    });
    let constructor_doc = if members.iter().any(|member| member.required) {
        " With the required members alone."
    } else {
        " Without any member."
    };
    let setters = members.iter().filter(|member| !member.required).map(|member| {
        let field = format_ident!("{}", member.rust);
        let ty = parameter_type(&member.ty);
        let value = if takes_into(&member.ty) {
            quote! { #field.into() }
        } else {
            quote! { #field }
        };
        let docs = format!(" Sets [`{0}`](Self::{0}).", member.rust);
        quote! {
            #[doc = #docs]
            #[must_use]
            pub fn #field(mut self, #field: #ty) -> Self {
                self.#field = Some(#value);
                self
            }
        }
    });
    item(quote! {
        impl #name {
            #[doc = #constructor_doc]
            #[must_use]
            pub fn new(#(#parameters),*) -> Self {
                Self { #(#values,)* extra: Extra::new() }
            }
            #(#setters)*
        }
    })
}

fn field_type(member: &Member) -> TokenStream {
    let ty = rust_type(&member.ty);
    if member.required {
        ty
    } else {
        quote! { Option<#ty> }
    }
}

fn rust_type(ty: &Type) -> TokenStream {
    match ty {
        Type::Text => quote! { String },
        Type::Boolean => quote! { bool },
        Type::U32 => quote! { u32 },
        Type::U64 => quote! { u64 },
        Type::Named(name) => {
            let name = format_ident!("{name}");
            quote! { #name }
        }
        Type::List(item) => {
            let item = rust_type(item);
            quote! { Vec<#item> }
        }
    }
}

fn takes_into(ty: &Type) -> bool {
    matches!(ty, Type::Text | Type::Named(_))
}

fn parameter_type(ty: &Type) -> TokenStream {
    let rust = rust_type(ty);
    if takes_into(ty) {
        quote! { impl Into<#rust> }
    } else {
        rust
    }
}

fn model_constants(specification: &Specification) -> String {
    let constants = specification.models.iter().map(|model| {
        let name = format_ident!("{}", constant(&model.id));
        let id = model.id.as_ref();
        let docs = format!(" `{id}`: {}", model.description);
        quote! {
            #[doc = #docs]
            pub const #name: Self = Self::from_static(#id);
        }
    });
    let names = specification.models.iter().map(|model| format_ident!("{}", constant(&model.id)));
    item(quote! {
        /// The models that this release has rules for, from `schemas/models`.
        impl Model {
            #(#constants)*
            /// All of them, by identifier.
            pub const KNOWN: &'static [Self] = &[#(Self::#names),*];
        }
    })
}
