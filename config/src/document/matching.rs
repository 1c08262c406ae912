//! Which requests are meant.

use crate::{
    decode::Entries,
    values::{
        header::{Method, Wanted},
        path::UrlPath,
        pattern::PatternText,
    },
};

record! {
    /// Conditions that must all hold.
    "a match" struct Match {
        /// The path, without the query string. Default: every path.
        optional path: PathMatch,
        /// The method, in upper case. Default: every method.
        optional method: Method,
        /// Headers and the values they must have.
        optional headers: Entries<ValueMatch>,
        /// Query parameters and the values they must have. Their names are case-sensitive.
        optional query: Entries<ValueMatch>,
    }
}

choice! {
    /// How a path is compared.
    "a path match" enum PathMatch {
        /// The whole path, byte for byte.
        exact Exact(UrlPath),
        /// By segment: `/api` matches `/api`, `/api/` and `/api/x`, not `/apis`.
        prefix Prefix(UrlPath),
        /// A regular expression for the whole path.
        regex Regex(PatternText),
    }
}

choice! {
    /// How a value is compared. Plain text is `exact`.
    "a value" enum ValueMatch (short exact) {
        /// The whole value, byte for byte.
        exact Exact(Wanted),
        /// A regular expression for the whole value.
        regex Regex(PatternText),
    }
}
