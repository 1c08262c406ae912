//! One text per record, from which come the struct, its decoder and its description.

/// Declares a map with fields.
///
/// Each field has a doc text, a presence, a name, a type and perhaps a default:
/// `required name: Name`, `optional hosts: List<Host>`, `inherited timeout: Timeout`, `default weight: Weight = Number(1)`.
/// What is required is an `Option` all the same: `None` means that its problem was reported.
macro_rules! record {
    (
        $(#[doc = $doc:literal])+
        $noun:literal struct $name:ident $((short $short:ident))? $([$rule:ident $($among:ident)+])? {
            $(
                $(#[doc = $field_doc:literal])+
                $presence:ident $field:ident: $type:ty $(= $default:expr)?,
            )+
        }
    ) => {
        $(#[doc = $doc])+
        #[derive(Debug)]
        pub(crate) struct $name {
            $($(#[doc = $field_doc])+ pub(crate) $field: field_type!($presence $type),)+
        }

        impl $name {
            pub(crate) const RECORD: &'static $crate::shape::Record = &$crate::shape::Record {
                name: stringify!($name),
                noun: $noun,
                doc: concat!($($doc, "\n"),+),
                fields: &[$($crate::shape::Field {
                    name: stringify!($field),
                    doc: concat!($($field_doc, "\n"),+),
                    presence: presence!($presence $($default)?),
                    shape: <$type as $crate::decode::Node>::shape,
                }),+],
                short: short!($($short)?),
                constraint: constraint!($($rule $($among)+)?),
            };
        }

        impl $crate::decode::Node for $name {
            fn decode(
                tree: &$crate::tree::Tree,
                at: &$crate::path::At<'_>,
                problems: &mut $crate::problem::Problems,
            ) -> Option<Self> {
                let at = &at.holding(Self::RECORD);
                let fields = $crate::decode::Fields::of(Self::RECORD, tree, at, problems)?;
                Some(Self { $($field: {
                    const NAME: &str = stringify!($field);
                    let value = fields.value(NAME).and_then(|tree| {
                        <$type as $crate::decode::Node>::decode(
                            tree,
                            &fields.place(NAME, at),
                            problems,
                        )
                    });
                    field_value!($presence value $($default)?)
                }),+ })
            }

            fn shape() -> $crate::shape::Shape {
                $crate::shape::Shape::Record(Self::RECORD)
            }
        }
    };
}

/// Declares a map with exactly one of several fields.
macro_rules! choice {
    (
        $(#[doc = $doc:literal])+
        $noun:literal enum $name:ident $((short $short:ident))? {
            $($(#[doc = $field_doc:literal])+ $field:ident $variant:ident($type:ty),)+
        }
    ) => {
        $(#[doc = $doc])+
        #[derive(Debug)]
        pub(crate) enum $name {
            $($(#[doc = $field_doc])+ $variant($type),)+
        }

        impl $name {
            pub(crate) const RECORD: &'static $crate::shape::Record = &$crate::shape::Record {
                name: stringify!($name),
                noun: $noun,
                doc: concat!($($doc, "\n"),+),
                fields: &[$($crate::shape::Field {
                    name: stringify!($field),
                    doc: concat!($($field_doc, "\n"),+),
                    presence: $crate::shape::Presence::Optional,
                    shape: <$type as $crate::decode::Node>::shape,
                }),+],
                short: short!($($short)?),
                constraint: $crate::shape::Constraint::ExactlyOne(&[$(stringify!($field)),+]),
            };
        }

        impl $crate::decode::Node for $name {
            fn decode(
                tree: &$crate::tree::Tree,
                at: &$crate::path::At<'_>,
                problems: &mut $crate::problem::Problems,
            ) -> Option<Self> {
                let at = &at.holding(Self::RECORD);
                let fields = $crate::decode::Fields::of(Self::RECORD, tree, at, problems)?;
                let (name, tree) = fields.written().next()?;
                let place = fields.place(name, at);
                $(if name == stringify!($field) {
                    let value = <$type as $crate::decode::Node>::decode(tree, &place, problems)?;
                    return Some(Self::$variant(value));
                })+
                None
            }

            fn shape() -> $crate::shape::Shape {
                $crate::shape::Shape::Choice(Self::RECORD)
            }
        }
    };
}

macro_rules! field_type {
    (default $type:ty) => { $type };
    (inherited $type:ty) => { Option<$type> };
    (optional $type:ty) => { Option<$type> };
    (required $type:ty) => { Option<$type> };
}

macro_rules! field_value {
    (default $value:ident $default:expr) => {
        $value.unwrap_or_else(|| $crate::decode::decode_default($default))
    };
    (inherited $value:ident) => {
        $value
    };
    (optional $value:ident) => {
        $value
    };
    (required $value:ident) => {
        $value
    };
}

macro_rules! presence {
    (default $default:expr) => {
        $crate::shape::Presence::Default($default)
    };
    (inherited) => {
        $crate::shape::Presence::Inherited
    };
    (optional) => {
        $crate::shape::Presence::Optional
    };
    (required) => {
        $crate::shape::Presence::Required
    };
}

macro_rules! short {
    () => {
        None
    };
    ($short:ident) => {
        Some(stringify!($short))
    };
}

macro_rules! constraint {
    () => { $crate::shape::Constraint::Free };
    (exactly_one $($among:ident)+) => {
        $crate::shape::Constraint::ExactlyOne(&[$(stringify!($among)),+])
    };
    (at_least_one $($among:ident)+) => {
        $crate::shape::Constraint::AtLeastOne(&[$(stringify!($among)),+])
    };
}
