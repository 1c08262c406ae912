//! What is put together by hand is what the message would have been.

use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    trace::v1::{ResourceSpans, ScopeSpans, Span},
};
use proptest::prelude::*;
use prost::Message as _;

use crate::{
    export::encode::{Envelope, items},
    otlp::{
        SCHEMA_URL,
        resource::{resource, scope},
    },
};

proptest! {
    #[test]
    fn pieces_make_the_message(
        names in proptest::collection::vec(proptest::collection::vec("[a-z]{0,300}", 0..5), 0..5),
        value in ".{0,300}",
    ) {
        let owner = resource(&[("service.name".into(), value)]);
        let spans = |names: &[String]| {
            let span = |name: &String| Span { name: name.clone(), ..Span::default() };
            names.iter().map(span).collect::<Vec<_>>()
        };
        let chunks: Vec<_> = names.iter().map(|names| items(&spans(names))).collect();
        let scope_spans = ScopeSpans {
            scope: Some(scope()),
            spans: spans(&names.concat()),
            schema_url: SCHEMA_URL.into(),
        };
        let resource_spans = ResourceSpans {
            resource: Some(owner.clone()),
            scope_spans: vec![scope_spans],
            schema_url: SCHEMA_URL.into(),
        };
        let whole = ExportTraceServiceRequest { resource_spans: vec![resource_spans] };
        let made = Envelope::new(&owner).request(&chunks);
        prop_assert_eq!(made.as_ref(), whole.encode_to_vec());
    }
}
