//! What is made of a schema, by its id, as the registry explains it: a codec makes plans.
//!
//! An id never changes its schema, so what was made of it is kept until the cache is full. That an id is unknown is kept
//! for a short while only, because it may be registered any moment; that the registry cannot be asked is kept
//! for a moment, so that a batch of records does not wait for as many time-outs. One caller asks at a time,
//! the others wait for its answer.

use crate::class::{Class, DecodeError};
use crate::schemas::{FetchError, FetchedSchema, Schemas};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, Instant};

/// Most schema ids remembered.
const SCHEMAS_MAX: usize = 1_000;
/// How long an unknown id is believed to be unknown.
const UNKNOWN_FOR: Duration = Duration::from_secs(30);
/// How long a registry that failed is left alone.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_secs(1);

/// What is known of one schema id.
enum Known<P> {
    Plan(Arc<P>),
    Incompatible,
    UnknownUntil(Instant),
}

impl<P> Clone for Known<P> {
    fn clone(&self) -> Self {
        match self {
            Self::Plan(plan) => Self::Plan(Arc::clone(plan)),
            Self::Incompatible => Self::Incompatible,
            Self::UnknownUntil(until) => Self::UnknownUntil(*until),
        }
    }
}

/// Makes a plan of a schema, or says that it cannot be read.
type Judge<P> = Box<dyn Fn(&FetchedSchema) -> Option<P> + Send + Sync>;

/// The plans of one topic.
pub struct PlanCache<P> {
    judge: Judge<P>,
    schemas: Box<dyn Schemas>,
    known: RwLock<HashMap<u32, Known<P>>>,
    /// Held while asking; holds the last failure.
    asking: Mutex<Option<(Instant, &'static str)>>,
}

impl<P> PlanCache<P> {
    /// Plans as `judge` makes them of what `schemas` explains.
    pub fn new(
        schemas: Box<dyn Schemas>,
        judge: impl Fn(&FetchedSchema) -> Option<P> + Send + Sync + 'static,
    ) -> Self {
        let (known, asking) = (RwLock::default(), Mutex::new(None));
        Self { judge: Box::new(judge), schemas, known, asking }
    }

    /// The plan for a schema id; asks the registry when it is new. Blocks for at most its time-out.
    ///
    /// # Errors
    /// The id is unknown, its schema cannot be read, or the registry cannot be asked now.
    pub fn plan(&self, id: u32) -> Result<Arc<P>, DecodeError> {
        if let Some(known) = self.look_up(id) {
            return known;
        }
        let mut last_failure = self.begin_asking();
        if let Some(known) = self.look_up(id) {
            return known; // somebody else asked meanwhile
        }
        if let Some((at, cause)) = *last_failure
            && at.elapsed() < PAUSE_AFTER_FAILURE
        {
            return Err(DecodeError::Unavailable { cause });
        }
        let known = match self.schemas.fetch(id) {
            Ok(schema) => match (self.judge)(&schema) {
                Some(plan) => Known::Plan(Arc::new(plan)),
                None => Known::Incompatible,
            },
            Err(FetchError::Unusable) => Known::Incompatible,
            Err(FetchError::Unknown) => Known::UnknownUntil(Instant::now() + UNKNOWN_FOR),
            Err(FetchError::Unavailable(cause)) => {
                *last_failure = Some((Instant::now(), cause));
                return Err(DecodeError::Unavailable { cause });
            }
        };
        *last_failure = None;
        self.remember(id, known.clone());
        answer(known)
    }

    fn begin_asking(&self) -> MutexGuard<'_, Option<(Instant, &'static str)>> {
        self.asking.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn look_up(&self, id: u32) -> Option<Result<Arc<P>, DecodeError>> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        match known.get(&id)? {
            Known::UnknownUntil(until) if *until <= Instant::now() => None,
            known @ (Known::Plan(_) | Known::Incompatible | Known::UnknownUntil(_)) => {
                Some(answer(known.clone()))
            }
        }
    }

    fn remember(&self, id: u32, what: Known<P>) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= SCHEMAS_MAX && !known.contains_key(&id) {
            // unknown ids go first: somebody may be making them up
            let unknown = |what: &Known<P>| matches!(what, Known::UnknownUntil(_));
            let victim = known.iter().find(|(_, what)| unknown(what)).or(known.iter().next());
            if let Some(victim) = victim.map(|(id, _)| *id) {
                known.remove(&victim);
            }
        }
        known.insert(id, what);
    }
}

fn answer<P>(known: Known<P>) -> Result<Arc<P>, DecodeError> {
    match known {
        Known::Plan(plan) => Ok(plan),
        Known::Incompatible => Err(Class::IncompatibleSchema.into()),
        Known::UnknownUntil(_) => Err(Class::UnknownSchema.into()),
    }
}
