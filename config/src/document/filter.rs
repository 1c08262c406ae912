//! Steps between request and service, and back.

use crate::{
    decode::{Anything, Entries, List},
    shape::Literal::Number,
    values::{
        flag::Flag,
        header::{FieldName, FieldValue},
        host::HostName,
        name::Name,
        number::{Port, RedirectStatus, Whole},
        path::UrlPath,
        text::Body,
        word::Scheme,
    },
};

choice! {
    /// One step of a rule.
    "a filter" enum Filter {
        /// Changes the headers of the request.
        request_headers RequestHeaders(HeaderChanges),
        /// Changes the headers of the response.
        response_headers ResponseHeaders(HeaderChanges),
        /// Answers by sending the client elsewhere.
        redirect Redirect(Redirect),
        /// Changes host or path on the way to the service.
        rewrite Rewrite(Rewrite),
        /// Answers with what is written here.
        respond Respond(Respond),
        /// Runs a plugin.
        plugin Plugin(PluginStep),
    }
}

record! {
    /// Changes to headers, made in this order: remove, set, add.
    "a change of headers" struct HeaderChanges [at_least_one set add remove] {
        /// Replaces all values of a name.
        optional set: Entries<FieldValue>,
        /// Adds a value and keeps those there are.
        optional add: Entries<FieldValue>,
        /// Removes all values of a name.
        optional remove: List<FieldName, 0, { crate::decode::MAX_ENTRIES }>,
    }
}

record! {
    /// Where to send the client instead. What is left out stays as in the request.
    "a redirect" struct Redirect [at_least_one scheme host port path] {
        /// The scheme.
        optional scheme: Scheme,
        /// The host name, without a port.
        optional host: HostName,
        /// The port. Default: the scheme's own if a scheme is given, otherwise the listener's.
        optional port: Port,
        /// The path.
        optional path: PathChange,
        /// The status code of the answer.
        default status: RedirectStatus = Number(302),
    }
}

record! {
    /// Changes on the way to the service. The client sees nothing of them.
    "a rewrite" struct Rewrite [at_least_one host path] {
        /// The new `host` header.
        optional host: HostName,
        /// The new path.
        optional path: PathChange,
    }
}

choice! {
    /// How a path is changed. The query string is kept.
    "a change of the path" enum PathChange {
        /// Replaces the whole path.
        replace_full Full(UrlPath),
        /// Replaces the matched prefix, by segment. Every match of the rule must be a prefix.
        replace_prefix Prefix(UrlPath),
    }
}

record! {
    /// An answer written in the configuration.
    "an answer" struct Respond {
        /// The status code.
        default status: Whole<200, 599> = Number(200),
        /// The headers, besides those that any answer has.
        optional headers: Entries<FieldValue>,
        /// The body. Default: empty.
        optional body: Body,
    }
}

record! {
    /// The use of a plugin. Plain text is its `name`.
    "the use of a plugin" struct PluginStep (short name) {
        /// The name of a plugin.
        required name: Name,
        /// Handed to the filter: text as it is, anything else as JSON. Default: what the plugin's
        /// overrides say for this place, or the plugin's own. It may hold secrets and is never
        /// printed.
        optional configuration: Anything,
        /// `true`: it does not run; in a rule, this switches off the route's steps of the same
        /// plugin for this rule. `false`: it runs with the plugin's own configuration, although
        /// an override says otherwise.
        optional disabled: Flag,
    }
}
