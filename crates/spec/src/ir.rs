//! The intermediate representation: what the documents say, freed of JSON. The generator emits from it alone.

use crate::rule;

/// Everything that the documents say.
#[derive(Clone, Debug, PartialEq)]
pub struct Specification {
    /// The wire types by module, each module in reading order.
    pub modules: Vec<Module>,
    /// The members of the request, in schema order.
    pub fields: Vec<rule::Field>,
    /// What the wire schema itself says about every request.
    pub wire: rule::RuleSet,
    /// The services, by identifier.
    pub dialects: Vec<Dialect>,
    /// The models, by identifier.
    pub models: Vec<rule::Model>,
}

/// A module of wire types.
#[derive(Clone, Debug, PartialEq)]
pub struct Module {
    /// Its name.
    pub name: String,
    /// Its types in reading order.
    pub types: Vec<Noun>,
}

/// A wire type.
#[derive(Clone, Debug, PartialEq)]
pub struct Noun {
    /// Its Rust name.
    pub name: String,
    /// The document that declares it.
    pub path: String,
    /// What it is, line by line.
    pub doc: Vec<String>,
    /// What it is made of.
    pub shape: Shape,
}

/// What a wire type is made of.
#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    /// An object.
    Struct(Vec<Member>),
    /// An open set of texts.
    Enum(Vec<Variant>),
    /// A single value whose type is written by hand.
    Scalar,
}

/// A member of an object.
#[derive(Clone, Debug, PartialEq)]
pub struct Member {
    /// Its name on the wire.
    pub wire: String,
    /// Its name in Rust.
    pub rust: String,
    /// What it is, line by line.
    pub doc: Vec<String>,
    /// Its type.
    pub ty: Type,
    /// Whether it is always there.
    pub required: bool,
    /// Whether it may be `null`.
    pub nullable: bool,
    /// The least length of a text, in code points. Types do not enforce it; derived schemas state it.
    pub min_length: Option<i64>,
    /// Whether it may hold what nobody else should read, so that `Debug` leaves it out.
    pub private: bool,
}

/// The type of a member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Type {
    /// A string.
    Text,
    /// `true` or `false`.
    Boolean,
    /// A whole number from 0 to 2³²−1.
    U32,
    /// A whole number from 0 to 2⁶⁴−1.
    U64,
    /// Another wire type.
    Named(String),
    /// An array.
    List(Box<Type>),
}

/// A known value of an open set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variant {
    /// The value on the wire.
    pub wire: String,
    /// Its name in Rust.
    pub rust: String,
    /// What it means, line by line.
    pub doc: Vec<String>,
}

/// A service: its rules and its HTTP facts.
#[derive(Clone, Debug, PartialEq)]
pub struct Dialect {
    /// Its rules.
    pub rules: rule::Dialect,
    /// Its HTTP facts.
    pub operation: Operation,
}

/// How a service is called.
#[derive(Clone, Debug, PartialEq)]
pub struct Operation {
    /// The server's address without a trailing slash; `{name}` stands for what the caller must know.
    pub server: String,
    /// Environment variables that replace the server, first wins.
    pub server_env: Vec<String>,
    /// The HTTP method.
    pub method: String,
    /// The path after the server, with `{name}` for parameters.
    pub path: String,
    /// The path's parameters.
    pub path_parameters: Vec<Parameter>,
    /// The query's parameters.
    pub query_parameters: Vec<Parameter>,
    /// The optional headers of the request.
    pub header_parameters: Vec<Parameter>,
    /// Where the credential goes; the first is the service's own choice.
    pub credentials: Vec<Credential>,
    /// Environment variables that hold the credential, and where it goes then; first wins.
    pub credential_env: Vec<(String, Credential)>,
    /// The members that the service documents in its answer.
    pub answer_members: Vec<String>,
    /// The members that the service documents in each image of its answer.
    pub image_members: Vec<String>,
}

/// A parameter of the path or the query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// What it is.
    pub description: String,
    /// Whether a request must have it.
    pub required: bool,
    /// The documented example.
    pub example: Option<String>,
    /// Environment variables that give it, first wins.
    pub env: Vec<String>,
}

/// Where a credential goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Credential {
    /// `Authorization: Bearer …`.
    Bearer,
    /// A header of this name, with the bare credential.
    Header(String),
}
