//! Metrics that guests define: counters, gauges and histograms.
//!
//! A series belongs to a plugin, is shared by all its instances, and stays as long as the process
//! lives: a counter must not go back because a configuration changed. What a guest calls a
//! metric is a number of its instance, made as Envoy makes it ([`Metrics`]), so that neither
//! counting nor setting takes a lock.

mod reading;
mod series;

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

pub use self::reading::{GuestSeries, GuestValue};
pub(crate) use self::series::Kind;
use self::series::{Series, Value};
use crate::abi::Status;

/// The metrics of all plugins of a process. Cloning shares them.
#[derive(Clone, Default)]
pub struct MetricStore {
    plugins: Arc<Mutex<BTreeMap<Arc<str>, Arc<PluginSeries>>>>,
}

/// The series of one plugin.
#[derive(Default)]
pub(crate) struct PluginSeries {
    series: Mutex<BTreeMap<Key, Arc<Series>>>,
}

/// The metrics of one instance, by the numbers it knows them by.
pub(crate) struct Metrics {
    plugin: Arc<PluginSeries>,
    /// Most series the plugin may have.
    limit: usize,
    numbers: HashMap<Key, u32>,
    /// By kind, in the order of definition.
    series: [Vec<Arc<Series>>; 3],
}

/// Kind and name: one name may be used for several kinds, as in Envoy.
type Key = (Kind, Vec<u8>);

/// Bytes of a name. The longest in use (Istio's, with its labels inside) have a few hundred.
const NAME: usize = 2_048;

/// The low bits of a number are the kind.
const KIND_BITS: u32 = 2;

impl MetricStore {
    /// For one instance of the plugin of that name.
    pub(crate) fn instance(&self, plugin: &Arc<str>, limit: usize) -> Metrics {
        let plugin = lock(&self.plugins).entry(plugin.clone()).or_default().clone();
        Metrics { plugin, limit, numbers: HashMap::new(), series: Default::default() }
    }

    /// All series as they are now, by plugin, kind and name.
    pub fn series(&self) -> Vec<GuestSeries> {
        let plugins = lock(&self.plugins).clone();
        let of_plugin = |(plugin, all): (Arc<str>, Arc<PluginSeries>)| {
            let all = lock(&all.series).clone();
            all.into_iter().map(move |((_, name), series)| reading::read(&plugin, name, &series))
        };
        plugins.into_iter().flat_map(of_plugin).collect()
    }
}

impl std::fmt::Debug for MetricStore {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("MetricStore").finish_non_exhaustive()
    }
}

impl Metrics {
    /// The number of a metric. The first counter of an instance is 4, the first gauge 5, the
    /// first histogram 6, and each further one of a kind is 4 more, as in Envoy. Defined again, a
    /// metric keeps its number, where Envoy would give it a second one.
    pub(crate) fn define(&mut self, kind: i32, name: &[u8]) -> Result<u32, Status> {
        let kind = Kind::from_guest(kind).ok_or(Status::BadArgument)?;
        if name.len() > NAME {
            return Err(Status::InternalFailure);
        }
        let key = (kind, name.to_vec());
        if let Some(number) = self.numbers.get(&key) {
            return Ok(*number);
        }
        let series = {
            let mut all = lock(&self.plugin.series);
            if all.len() >= self.limit && !all.contains_key(&key) {
                return Err(Status::InternalFailure);
            }
            all.entry(key.clone()).or_insert_with(|| Arc::new(Series::new(kind))).clone()
        };
        let own = &mut self.series[kind as usize];
        own.push(series);
        let index = u32::try_from(own.len()).map_err(|_| Status::InternalFailure)?;
        let number = (index << KIND_BITS) | kind as u32;
        self.numbers.insert(key, number);
        Ok(number)
    }

    /// Adds to a counter; sets a gauge; puts a value into a histogram.
    pub(crate) fn record(&self, number: u32, value: u64) -> Result<(), Status> {
        match self.find(number).ok_or(Status::NotFound)?.value() {
            Value::Counter(counter) => counter.add(value),
            Value::Gauge(gauge) => gauge.set(value),
            Value::Histogram(histogram) => histogram.record(value),
        }
        Ok(())
    }

    /// Adds to a counter, which only goes up, or to a gauge.
    pub(crate) fn increment(&self, number: u32, offset: i64) -> Result<(), Status> {
        let countable = kind(number).is_some_and(|kind| kind != Kind::Histogram);
        if !countable {
            return Err(Status::BadArgument);
        }
        match self.find(number).ok_or(Status::NotFound)?.value() {
            Value::Counter(counter) => {
                let offset = u64::try_from(offset).map_err(|_| Status::BadArgument)?;
                if offset == 0 {
                    return Err(Status::BadArgument);
                }
                counter.add(offset);
            }
            Value::Gauge(gauge) => gauge.add(offset),
            Value::Histogram(_) => return Err(Status::BadArgument),
        }
        Ok(())
    }

    /// The value of a counter or gauge.
    pub(crate) fn value(&self, number: u32) -> Result<u64, Status> {
        let countable = kind(number).is_some_and(|kind| kind != Kind::Histogram);
        if !countable {
            return Err(Status::BadArgument);
        }
        match self.find(number).ok_or(Status::NotFound)?.value() {
            Value::Counter(counter) => Ok(counter.value()),
            Value::Gauge(gauge) => Ok(gauge.value()),
            Value::Histogram(_) => Err(Status::BadArgument),
        }
    }

    fn find(&self, number: u32) -> Option<&Series> {
        let kind = kind(number)?;
        let index = (number >> KIND_BITS).checked_sub(1)?;
        self.series[kind as usize].get(index as usize).map(|series| &**series)
    }
}

fn kind(number: u32) -> Option<Kind> {
    Kind::from_guest((number & ((1 << KIND_BITS) - 1)).cast_signed())
}

/// Nothing panics while it holds one of these locks, so a poisoned one is as good as any.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
