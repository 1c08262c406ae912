//! Services and their endpoints.

use std::{collections::HashMap, sync::Arc};

use crate::{
    config::{Endpoint, Service},
    document,
    path::At,
    values::{duration::Span, number::Whole, reason::Reason},
};

use super::{Item, Scope};

pub(super) fn build(
    items: &[Item<'_, document::Service>],
    scope: &mut Scope<'_, '_>,
) -> Vec<Option<Service>> {
    let build = |item: &Item<'_, document::Service>| {
        item.place("services", |at| service(item.document, at, scope))
    };
    items.iter().map(build).collect()
}

fn service(
    document: &document::Service,
    at: &At<'_>,
    scope: &mut Scope<'_, '_>,
) -> Option<Service> {
    let document::Service { name, connect_timeout: Span(connect_timeout), endpoints, suspended } =
        document;
    let list = endpoints.as_ref()?;
    let endpoints_at = at.key("endpoints");
    let mut endpoints: Vec<Endpoint> = Vec::with_capacity(list.0.len());
    let mut first = HashMap::with_capacity(list.0.len());
    for (index, document::Endpoint { address, weight: Whole(weight), suspended }) in &list.0 {
        let Some(address) = address else { continue };
        if let Some(first) = first.insert(address.0.clone(), *index) {
            let place = endpoints_at.index(*index);
            let problem = scope.problems.error(&place, "this endpoint is written twice");
            problem.why("it is one endpoint with one health; a second line would not be another");
            problem.help("give one of them a larger `weight`");
            problem.related("first here", &endpoints_at.index(first));
        }
        endpoints.push(Endpoint {
            address: address.0.clone(),
            weight: *weight,
            suspended: reason(suspended),
        });
    }
    if !endpoints.is_empty() && endpoints.iter().all(|endpoint| endpoint.weight == 0) {
        let problem = scope.problems.error(&endpoints_at, "the weights of all endpoints are 0");
        problem.why("no endpoint would take a request").help("give one a weight above 0");
    }
    let name: Arc<str> = name.as_ref()?.0.as_str().into();
    Some(Service {
        name,
        endpoints,
        connect_timeout: *connect_timeout,
        suspended: reason(suspended),
    })
}

/// Why something is out of use.
pub(super) fn reason(suspended: &Option<Reason>) -> Option<Arc<str>> {
    suspended.as_ref().map(|reason| reason.0.as_str().into())
}
