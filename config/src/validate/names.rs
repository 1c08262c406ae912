//! Names: each once, and every reference to one that is there.

use std::{cell::Cell, collections::HashMap};

use crate::{path::At, problem::Problems, suggest, values::name::Name};

use super::Item;

/// The names of one top-level list.
pub(crate) struct Names<'d> {
    list: &'static str,
    /// How many items there are, named or not.
    count: usize,
    places: HashMap<&'d str, Named>,
}

struct Named {
    /// Among all items of the list, over all sources.
    place: usize,
    source: usize,
    index: usize,
    used: Cell<bool>,
}

impl<'d> Names<'d> {
    /// Collects names and reports those that come again.
    pub(crate) fn of<T>(
        list: &'static str,
        items: &[Item<'d, T>],
        name: impl Fn(&'d T) -> Option<&'d Name>,
        problems: &mut Problems,
    ) -> Self {
        let mut places: HashMap<&str, Named> = HashMap::with_capacity(items.len());
        for (place, item) in items.iter().enumerate() {
            let Some(Name(name)) = name(item.document) else { continue };
            let Item { source, index, .. } = *item;
            if let Some(first) = places.get(name.as_str()) {
                let what = list.trim_end_matches('s');
                let message = format!("a second {what} is named `{name}`");
                let root = At::root(first.source);
                let (root_list, first) = (root.key(list), first.index);
                item.place(list, |at| {
                    let problem = problems.error(&at.key("name"), message);
                    problem.why(format!("{list} are told apart by their names"));
                    problem.related("first here", &root_list.index(first).key("name"));
                });
                continue;
            }
            places.insert(name, Named { place, source, index, used: Cell::new(false) });
        }
        Self { list, count: items.len(), places }
    }

    /// How many items the list has.
    pub(crate) fn len(&self) -> usize {
        self.count
    }

    /// The place of a name among all items; reports a name that is not there.
    pub(crate) fn resolve(
        &self,
        name: &Name,
        at: &At<'_>,
        problems: &mut Problems,
    ) -> Option<usize> {
        let Name(name) = name;
        if let Some(named) = self.places.get(name.as_str()) {
            named.used.set(true);
            return Some(named.place);
        }
        let what = self.list.trim_end_matches('s');
        let full = problems.is_full();
        let problem = problems.error(at, format!("there is no {what} named `{name}`"));
        if full {
            return None;
        }
        let mut known: Vec<&str> = self.places.keys().copied().collect();
        known.sort_unstable();
        let list = || match known.as_slice() {
            [] => format!("define it under `{}`", self.list),
            few if few.len() <= 8 => {
                let few: Vec<String> = few.iter().map(|name| format!("`{name}`")).collect();
                format!("{} are {}", self.list, few.join(", "))
            }
            _ => format!("define it under `{}`", self.list),
        };
        let help = suggest::did_you_mean(name, known.iter().copied()).unwrap_or_else(list);
        problem.help(help);
        None
    }

    /// Warns about names that nothing referred to.
    pub(crate) fn warn_unused(&self, what: &str, why: &str, problems: &mut Problems) {
        let mut unused: Vec<(&str, &Named)> = self
            .places
            .iter()
            .filter(|(_, named)| !named.used.get())
            .map(|(name, named)| (*name, named))
            .collect();
        unused.sort_unstable_by_key(|(_, named)| named.place);
        for (name, named) in unused {
            let root = At::root(named.source);
            let list = root.key(self.list);
            let at = list.index(named.index);
            let problem = problems.warning(&at.key("name"), format!("{what} `{name}` is not used"));
            problem.why(why);
        }
    }
}
