use std::{
    collections::{HashMap, VecDeque},
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
};

use super::*;
use crate::shared::queues::Identity;

fn limits() -> Limits {
    Limits { shared_data: 1_000, queues: 3, queue_length: 4, ..Limits::default() }
}

/// Counts what it is told.
struct Ear {
    told: AtomicUsize,
    alive: AtomicBool,
}

impl Ear {
    fn new() -> Arc<Self> {
        Arc::new(Self { told: AtomicUsize::new(0), alive: AtomicBool::new(true) })
    }

    fn told(&self) -> usize {
        self.told.load(Ordering::Relaxed)
    }
}

impl Listener for Ear {
    fn lives(&self) -> bool {
        self.alive.load(Ordering::Relaxed)
    }

    fn wake(&self, _: u32) {
        self.told.fetch_add(1, Ordering::Relaxed);
    }
}

/// Numbers that look random and are the same in each run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (self.0 >> 33) % sides
    }
}

fn nobody() -> Registrar {
    registrar(0, Ear::new())
}

fn registrar(worker: usize, listener: Arc<dyn Listener>) -> Registrar {
    Registrar { identity: Identity { plugin: 1, worker, seat: 0, root: 1 }, listener }
}

#[test]
fn data_is_a_map_with_versions() {
    let scope = SharedStore::default().scope("s");
    let mut oracle = HashMap::<Vec<u8>, (Vec<u8>, u32)>::new();
    let mut dice = Dice(7);
    let mut last = 0;
    for _ in 0..5_000 {
        let key = vec![b'k'; dice.roll(5) as usize];
        let value = vec![b'v'; dice.roll(300) as usize];
        let version = dice.roll(4).saturating_sub(1) as u32 * last;
        let current = oracle.get(&key);
        let others = oracle.iter().filter(|(other, _)| **other != key);
        let cost = others.map(|(key, (value, _))| key.len() + value.len() + ENTRY).sum::<usize>();
        let expected = match current {
            Some((_, current)) if version != 0 && version != *current => Err(SetError::Version),
            _ if cost + key.len() + value.len() + ENTRY > limits().shared_data => {
                Err(SetError::Full)
            }
            _ => Ok(()),
        };
        assert_eq!(scope.set(&key, &value, version, &limits()), expected);
        if expected.is_ok() {
            last += 1;
            oracle.insert(key.clone(), (value, last));
        }
        let found = scope.get(&key).map(|(value, version)| (value.to_vec(), version));
        assert_eq!(found, oracle.get(&key).cloned());
    }
    assert!(last > 500, "the sequence must set something");
}

#[test]
fn a_queue_is_first_in_first_out_and_bounded() {
    let scope = SharedStore::default().scope("s");
    let queue = scope.register_queue(b"q", nobody(), &limits()).unwrap();
    let mut oracle = VecDeque::new();
    let mut dice = Dice(3);
    for round in 0..5_000_u32 {
        if dice.roll(2) == 0 {
            let message = round.to_le_bytes();
            let expected =
                if oracle.len() == limits().queue_length { Err(QueueError::Full) } else { Ok(()) };
            assert_eq!(scope.enqueue(queue, &message, &limits()), expected);
            if expected.is_ok() {
                oracle.push_back(message.to_vec());
            }
        } else {
            let expected = oracle.pop_front().ok_or(QueueError::Empty);
            assert_eq!(scope.dequeue(queue).map(|message| message.to_vec()), expected);
        }
    }
}

#[test]
fn values_and_messages_of_a_scope_share_its_room() {
    let scope = SharedStore::default().scope("s");
    let limits = Limits { queue_length: 1_000, ..limits() };
    let one = scope.register_queue(b"one", nobody(), &limits).unwrap();
    let two = scope.register_queue(b"two", nobody(), &limits).unwrap();
    let half = vec![0; limits.shared_data / 2 - ENTRY];
    assert_eq!(scope.enqueue(one, &half, &limits), Ok(()));
    assert_eq!(scope.enqueue(two, &half, &limits), Ok(()));
    assert_eq!(scope.enqueue(two, b"", &limits), Err(QueueError::Full));
    assert_eq!(scope.set(b"", b"", 0, &limits), Err(SetError::Full));
    scope.dequeue(one).unwrap();
    assert_eq!(scope.set(b"", &half, 0, &limits), Ok(()));
    assert_eq!(scope.enqueue(one, b"", &limits), Err(QueueError::Full));
    assert_eq!(scope.set(b"", b"", 0, &limits), Ok(()), "the old value makes room");
    assert_eq!(scope.enqueue(one, b"", &limits), Ok(()));
}

#[test]
fn queues_have_one_number_for_a_name_and_a_limit() {
    let store = SharedStore::default();
    let (one, two) = (store.scope("one"), store.scope("two"));
    let a = one.register_queue(b"a", nobody(), &limits()).unwrap();
    assert_eq!(one.register_queue(b"a", nobody(), &limits()), Ok(a));
    let other = two.register_queue(b"a", nobody(), &limits()).unwrap();
    assert_ne!(a, other);
    assert_eq!(two.resolve_queue(b"one", b"a"), Ok(a));
    assert_eq!(two.resolve_queue(b"", b"a"), Ok(other));
    assert_eq!(two.resolve_queue(b"three", b"a"), Err(QueueError::NotFound));
    assert_eq!(two.resolve_queue(b"\xff", b"a"), Err(QueueError::NotFound));
    one.register_queue(b"b", nobody(), &limits()).unwrap();
    one.register_queue(b"c", nobody(), &limits()).unwrap();
    assert_eq!(one.register_queue(b"d", nobody(), &limits()), Err(QueueError::Full));
    assert_eq!(two.enqueue(a, b"from elsewhere", &limits()), Ok(()));
    assert_eq!(one.dequeue(a).as_deref(), Ok(&b"from elsewhere"[..]));
}

#[test]
fn the_last_registrar_that_lives_is_told() {
    let scope = SharedStore::default().scope("s");
    let (first, second) = (Ear::new(), Ear::new());
    let mut queue = 0;
    for (worker, ear) in [(0, &first), (1, &second), (1, &second)] {
        queue = scope.register_queue(b"q", registrar(worker, ear.clone()), &limits()).unwrap();
    }
    scope.enqueue(queue, b"", &limits()).unwrap();
    assert_eq!((first.told(), second.told()), (0, 1));
    second.alive.store(false, Ordering::Relaxed);
    scope.enqueue(queue, b"", &limits()).unwrap();
    assert_eq!((first.told(), second.told()), (1, 1));
    first.alive.store(false, Ordering::Relaxed);
    scope.enqueue(queue, b"", &limits()).unwrap();
    assert_eq!((first.told(), second.told()), (1, 2), "it may be about to live");
}

#[test]
fn a_queue_forgets_its_oldest_registrars() {
    let scope = SharedStore::default().scope("s");
    let ears = (0..=300).map(|_| Ear::new()).collect::<Vec<_>>();
    let mut queue = 0;
    for (worker, ear) in ears.iter().enumerate() {
        queue = scope.register_queue(b"q", registrar(worker, ear.clone()), &limits()).unwrap();
        ear.alive.store(worker == 0, Ordering::Relaxed);
    }
    scope.enqueue(queue, b"", &limits()).unwrap();
    assert_eq!((ears[0].told(), ears[300].told()), (0, 1));
    assert_eq!(Arc::strong_count(&ears[0]), 1);
}

#[test]
fn a_listener_may_use_the_store_when_it_is_told() {
    struct Eager(Weak<Scope>);
    impl Listener for Eager {
        fn lives(&self) -> bool {
            true
        }
        fn wake(&self, queue: u32) {
            self.0.upgrade().unwrap().dequeue(queue).unwrap();
        }
    }
    let scope = SharedStore::default().scope("s");
    let eager = Arc::new(Eager(Arc::downgrade(&scope)));
    let queue = scope.register_queue(b"q", registrar(0, eager), &limits()).unwrap();
    scope.enqueue(queue, b"taken", &limits()).unwrap();
    assert_eq!(scope.dequeue(queue), Err(QueueError::Empty));
}

#[test]
fn a_scope_ends_with_its_last_holder() {
    let store = SharedStore::default();
    let scope = store.scope("s");
    scope.set(b"key", b"value", 0, &limits()).unwrap();
    let queue = scope.register_queue(b"q", nobody(), &limits()).unwrap();
    let again = store.scope("s");
    drop(scope);
    assert!(again.get(b"key").is_some());
    drop(again);
    assert_eq!(store.len(), 0);
    let new = store.scope("s");
    assert_eq!(new.get(b"key"), None);
    assert_eq!(new.dequeue(queue), Err(QueueError::NotFound));
    assert_ne!(new.register_queue(b"q", nobody(), &limits()), Ok(queue));
}
