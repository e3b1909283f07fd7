//! How wire types are read and written: two tables of macros, and the leniencies of readers in one place.

use std::{borrow::Cow, fmt, marker::PhantomData};

use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// A value that this release has no name for; it is sent and received unchanged.
///
/// Nobody can build one from a known name: use the enum's `From<&str>`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UnknownValue(pub(crate) Box<str>);

impl UnknownValue {
    /// The value on the wire.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for UnknownValue {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, formatter)
    }
}

/// Reads a value with the leniencies that services need: whole numbers may be written `1.0`.
pub(crate) trait Read: Sized {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error>;
}

/// A [`Read`] as a seed, for maps and sequences.
pub(crate) struct Seed<T>(pub(crate) PhantomData<T>);

impl<'de, T: Read> DeserializeSeed<'de> for Seed<T> {
    type Value = T;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<T, D::Error> {
        T::read(deserializer)
    }
}

/// A member of a struct: what its absence means, and when it is written.
pub(crate) trait Member: Sized {
    fn read_member<'de, A: MapAccess<'de>>(map: &mut A) -> Result<Self, A::Error>;

    fn absent<E: Error>(name: &'static str) -> Result<Self, E> {
        Err(E::missing_field(name))
    }

    fn is_written(&self) -> bool {
        true
    }
}

/// `null` reads as absent, and absent is not written.
impl<T: Read> Member for Option<T> {
    fn read_member<'de, A: MapAccess<'de>>(map: &mut A) -> Result<Self, A::Error> {
        map.next_value_seed(Seed::<Self>(PhantomData))
    }

    fn absent<E: Error>(_: &'static str) -> Result<Self, E> {
        Ok(None)
    }

    fn is_written(&self) -> bool {
        self.is_some()
    }
}

/// A missing list is an empty one; it is always written.
impl<T: Read> Member for Vec<T> {
    fn read_member<'de, A: MapAccess<'de>>(map: &mut A) -> Result<Self, A::Error> {
        Ok(Option::read_member(map)?.unwrap_or_default())
    }

    fn absent<E: Error>(_: &'static str) -> Result<Self, E> {
        Ok(Self::new())
    }
}

impl<T: Read> Read for Option<T> {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Nullable<T>(PhantomData<T>);
        impl<'de, T: Read> Visitor<'de> for Nullable<T> {
            type Value = Option<T>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a value or null")
            }

            fn visit_none<E: Error>(self) -> Result<Self::Value, E> {
                Ok(None)
            }

            fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
                Ok(None)
            }

            fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
                T::read(deserializer).map(Some)
            }
        }
        deserializer.deserialize_option(Nullable(PhantomData))
    }
}

impl<T: Read> Read for Vec<T> {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct List<T>(PhantomData<T>);
        impl<'de, T: Read> Visitor<'de> for List<T> {
            type Value = Vec<T>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an array")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
                let mut list = Vec::new();
                while let Some(item) = items.next_element_seed(Seed::<T>(PhantomData))? {
                    list.push(item);
                }
                Ok(list)
            }
        }
        deserializer.deserialize_seq(List(PhantomData))
    }
}

/// Types that are always there and read by serde's own rules.
macro_rules! read_by_serde {
    ($($ty:ty),*) => {
        $(
            impl $crate::wire::Read for $ty {
                fn read<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                    serde::Deserialize::deserialize(deserializer)
                }
            }

            impl $crate::wire::Member for $ty {
                fn read_member<'de, A: serde::de::MapAccess<'de>>(map: &mut A) -> Result<Self, A::Error> {
                    map.next_value()
                }
            }
        )*
    };
}
pub(crate) use read_by_serde;

read_by_serde!(String, bool);

macro_rules! read_whole_number {
    ($($ty:ty),*) => {
        $(
            impl Read for $ty {
                fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                    let number = deserializer.deserialize_any(WholeNumber)?;
                    Self::try_from(number).map_err(|_| {
                        D::Error::custom(format_args!("a whole number from 0 to {} is expected", Self::MAX))
                    })
                }
            }
        )*
    };
}

read_whole_number!(u32, u64);

/// The name of a member, borrowed from the text where it stands there as it is: serde's own `Cow` always copies.
pub(crate) struct Name<'de>(pub(crate) Cow<'de, str>);

impl<'de> Deserialize<'de> for Name<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Borrow;
        impl<'de> Visitor<'de> for Borrow {
            type Value = Name<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a name")
            }

            fn visit_borrowed_str<E: Error>(self, name: &'de str) -> Result<Self::Value, E> {
                Ok(Name(Cow::Borrowed(name)))
            }

            fn visit_str<E: Error>(self, name: &str) -> Result<Self::Value, E> {
                Ok(Name(Cow::Owned(name.to_owned())))
            }
        }
        deserializer.deserialize_str(Borrow)
    }
}

/// A whole number, also when it is written with a fraction of zero.
pub(crate) struct WholeNumber;

impl Visitor<'_> for WholeNumber {
    type Value = i128;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a whole number")
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<i128, E> {
        Ok(number.into())
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<i128, E> {
        Ok(number.into())
    }

    #[allow(clippy::cast_possible_truncation, reason = "the value is whole, and `as` saturates")]
    fn visit_f64<E: Error>(self, number: f64) -> Result<i128, E> {
        if number.fract() == 0.0 { Ok(number as i128) } else { Err(E::custom("a whole number is expected")) }
    }
}

/// The behaviour of an open enum, from a table of its values.
macro_rules! wire_names {
    ($name:ident { $($variant:ident => $wire:literal),* $(,)? }) => {
        impl $name {
            /// The values that this release knows.
            pub const KNOWN: &'static [Self] = &[$(Self::$variant),*];

            /// The value on the wire.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $wire,)*
                    Self::Unknown(value) => value.as_str(),
                }
            }
        }

        impl From<&str> for $name {
            fn from(value: &str) -> Self {
                match value {
                    $($wire => Self::$variant,)*
                    _ => Self::Unknown($crate::wire::UnknownValue(value.into())),
                }
            }
        }

        impl From<String> for $name {
            fn from(value: String) -> Self {
                Self::from(value.as_str())
            }
        }

        $crate::wire::wire_text!($name);

        #[cfg(feature = "schemars")]
        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({
                    "type": "string",
                    "anyOf": [$({ "const": $wire },)* { "type": "string" }]
                })
            }
        }
    };
}
pub(crate) use wire_names;

/// Everything that is a single text on the wire: `Display`, serde, and reading as a member.
macro_rules! wire_text {
    ($name:ident) => {
        impl std::fmt::Display for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.pad(self.as_str().as_ref())
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str().as_ref())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer).map(Self::from)
            }
        }

        $crate::wire::read_by_serde!($name);
    };
}
pub(crate) use wire_text;

/// serde's impls and `Debug` of a struct, from a table of its members; `private` ones are not shown.
macro_rules! wire_struct {
    ($name:ident { $($field:ident: $wire:literal $($private:ident)?),* $(,)? }) => {
        impl $crate::extra::Members for $name {
            const NAMES: &'static [&'static str] = &[$($wire),*];
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                use serde::ser::SerializeMap;
                let mut map = serializer.serialize_map(None)?;
                $(
                    if $crate::wire::Member::is_written(&self.$field) {
                        map.serialize_entry($wire, &self.$field)?;
                    }
                )*
                for (name, value) in self.extra.iter() {
                    map.serialize_entry(name, value)?;
                }
                map.end()
            }
        }

        /// Present members alone; those that may be private show that they are there and no more.
        impl std::fmt::Debug for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                let mut shown = formatter.debug_struct(stringify!($name));
                $(
                    if $crate::wire::Member::is_written(&self.$field) {
                        shown.field($wire, $crate::wire::wire_shown!(&self.$field $(, $private)?));
                    }
                )*
                if !self.extra.is_empty() {
                    shown.field("extra", &self.extra);
                }
                shown.finish()
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Reader;
                impl<'de> serde::de::Visitor<'de> for Reader {
                    type Value = $name;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        formatter.write_str(concat!("an object (", stringify!($name), ")"))
                    }

                    fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                        use serde::de::Error;
                        $(let mut $field = None;)*
                        let mut extra = $crate::extra::Extra::new();
                        while let Some($crate::wire::Name(name)) = map.next_key()? {
                            match name.as_ref() {
                                $($wire => {
                                    if $field.replace($crate::wire::Member::read_member(&mut map)?).is_some() {
                                        return Err(A::Error::duplicate_field($wire));
                                    }
                                })*
                                _ => {
                                    let value = map.next_value()?;
                                    extra.read(name.into_owned(), value).map_err(A::Error::custom)?;
                                }
                            }
                        }
                        Ok($name {
                            $($field: match $field {
                                Some(value) => value,
                                None => $crate::wire::Member::absent($wire)?,
                            },)*
                            extra,
                        })
                    }
                }
                deserializer.deserialize_map(Reader)
            }
        }

        $crate::wire::read_by_serde!($name);
    };
}
pub(crate) use wire_struct;

macro_rules! wire_shown {
    ($value:expr) => {
        $value
    };
    ($value:expr, private) => {
        &format_args!("(private)")
    };
}
pub(crate) use wire_shown;
