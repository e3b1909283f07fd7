//! The HTTP facts of `imagewire-types`.

use imagewire_spec::{
    ir::{Credential, Dialect, Parameter, Specification},
    name::constant,
};
use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use super::{item, rust_file};
use crate::File;

pub(super) fn files(specification: &Specification) -> Vec<File> {
    let mut items = vec![item(quote! { use crate::scalar::operation::{Credential, Operation, Parameter}; })];
    items.extend(specification.dialects.iter().map(operation));
    let names = specification.dialects.iter().map(|dialect| format_ident!("{}", constant(&dialect.rules.id)));
    items.push(item(quote! {
        /// All services that this release knows, by identifier.
        pub static OPERATIONS: &[&Operation] = &[#(&#names),*];
    }));
    let about = "How each service makes images.";
    vec![rust_file("crates/types/src/generated/operations.rs", about, "schemas/dialects", &items)]
}

fn operation(dialect: &Dialect) -> String {
    let facts = &dialect.operation;
    let name = format_ident!("{}", constant(&dialect.rules.id));
    let (id, title) = (dialect.rules.id.as_ref(), dialect.rules.title.as_ref());
    let docs = format!(" How {title} makes images.");
    let (server, server_env) = (&facts.server, &facts.server_env);
    let (method, path) = (&facts.method, &facts.path);
    let path_parameters = facts.path_parameters.iter().map(parameter);
    let query_parameters = facts.query_parameters.iter().map(parameter);
    let header_parameters = facts.header_parameters.iter().map(parameter);
    let credentials = facts.credentials.iter().map(credential);
    let credential_env = facts.credential_env.iter().map(|(name, place)| {
        let place = credential(place);
        quote! { (#name, #place) }
    });
    let (answer_members, image_members) = (&facts.answer_members, &facts.image_members);
    item(quote! {
        #[doc = #docs]
        pub static #name: Operation = Operation {
            dialect: #id,
            title: #title,
            server: #server,
            server_env: &[#(#server_env),*],
            method: #method,
            path: #path,
            path_parameters: &[#(#path_parameters),*],
            query_parameters: &[#(#query_parameters),*],
            header_parameters: &[#(#header_parameters),*],
            credentials: &[#(#credentials),*],
            credential_env: &[#(#credential_env),*],
            answer_members: &[#(#answer_members),*],
            image_members: &[#(#image_members),*],
        };
    })
}

fn parameter(parameter: &Parameter) -> TokenStream {
    let (name, description, required) = (&parameter.name, &parameter.description, parameter.required);
    let example =
        parameter.example.as_ref().map_or_else(|| quote! { None }, |example| quote! { Some(#example) });
    let env = &parameter.env;
    quote! {
        Parameter {
            name: #name,
            description: #description,
            required: #required,
            example: #example,
            env: &[#(#env),*],
        }
    }
}

fn credential(credential: &Credential) -> TokenStream {
    match credential {
        Credential::Bearer => quote! { Credential::Bearer },
        Credential::Header(name) => quote! { Credential::Header(#name) },
    }
}
