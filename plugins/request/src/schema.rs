//! What a filter says about itself in custom sections of its module: its version, and the JSON Schema
//! of its settings, which editors complete and check by.

/// Puts the version of the calling crate, and the `schema.json` beside its `Cargo.toml`, into the
/// module, as the sections `portico.version` and `portico.schema`. Nothing of it takes memory while
/// the filter runs.
#[macro_export]
macro_rules! describe {
    () => {
        $crate::section!("portico.version", env!("CARGO_PKG_VERSION").as_bytes());
        $crate::section!(
            "portico.schema",
            include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/schema.json")).as_slice()
        );
    };
}

/// Puts bytes into a custom section of the module.
#[macro_export]
macro_rules! section {
    ($name:literal, $bytes:expr) => {
        const _: () = {
            const BYTES: &[u8] = $bytes;
            // Only an array is its bytes; a slice would be a place in memory and a length.
            #[used]
            #[cfg_attr(
                target_arch = "wasm32",
                expect(unsafe_code, reason = "a section of this name belongs to nobody else"),
                unsafe(link_section = $name)
            )]
            static SECTION: [u8; BYTES.len()] = match BYTES.first_chunk() {
                Some(bytes) => *bytes,
                None => panic!("it is as long as itself"),
            };
        };
    };
}

#[cfg(feature = "in-step")]
pub use in_step::Schema;

/// For tests that hold a schema and the code that reads settings in step.
#[cfg(feature = "in-step")]
mod in_step {
    use serde::de::{DeserializeOwned, Deserializer, Error as _, Visitor, value::Error};
    use serde::forward_to_deserialize_any;
    use serde_json::Value;

    /// A schema, in a test: what does not hold panics.
    #[derive(Debug)]
    pub struct Schema(Value);

    impl Schema {
        #[must_use]
        pub fn new(text: &str) -> Self {
            let schema: Value = serde_json::from_str(text).expect("a schema is JSON");
            jsonschema::meta::validate(&schema).expect("a schema is a schema");
            Self(schema)
        }

        /// The fields, or words, that `T` reads are those at this place of the schema.
        pub fn names<T: DeserializeOwned>(&self, pointer: &str) {
            let place = self.0.pointer(pointer).unwrap_or_else(|| panic!("no `{pointer}`"));
            let mut written: Vec<&str> = match (&place["properties"], &place["enum"]) {
                (Value::Object(fields), _) => fields.keys().map(String::as_str).collect(),
                (_, Value::Array(words)) => words.iter().filter_map(Value::as_str).collect(),
                _ => panic!("`{pointer}` has neither `properties` nor `enum`"),
            };
            let mut read = names::<T>();
            written.sort_unstable();
            read.sort_unstable();
            assert_eq!(read, written, "`{pointer}`: what is read, and what the schema has");
        }

        /// What is wrong with these settings, by the schema.
        #[must_use]
        pub fn problems(&self, json: &str) -> Vec<String> {
            let json = serde_json::from_str(json).expect("an example is JSON");
            let schema = jsonschema::validator_for(&self.0).expect("a schema is a schema");
            schema.iter_errors(&json).map(|error| error.to_string()).collect()
        }
    }

    /// The fields of a structure, or the words of an enumeration.
    fn names<T: DeserializeOwned>() -> Vec<&'static str> {
        let mut names = Vec::new();
        let _always_refused = T::deserialize(Asked(&mut names));
        names
    }

    /// Is asked for a value, notes what it must have, and has none.
    struct Asked<'a>(&'a mut Vec<&'static str>);

    impl<'de> Deserializer<'de> for Asked<'_> {
        type Error = Error;

        fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Error> {
            Err(Error::custom("there is no value"))
        }

        fn deserialize_struct<V: Visitor<'de>>(
            self,
            _: &'static str,
            fields: &'static [&'static str],
            visitor: V,
        ) -> Result<V::Value, Error> {
            self.0.extend(fields);
            self.deserialize_any(visitor)
        }

        fn deserialize_enum<V: Visitor<'de>>(
            self,
            name: &'static str,
            variants: &'static [&'static str],
            visitor: V,
        ) -> Result<V::Value, Error> {
            self.deserialize_struct(name, variants, visitor)
        }

        forward_to_deserialize_any! {
            bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf option unit
            unit_struct newtype_struct seq tuple tuple_struct map identifier ignored_any
        }
    }
}
