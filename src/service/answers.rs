//! Starts whoever answers machines, when `http.tokens_file` says who may ask.

use super::RunError;
use super::asking::Answering;
use super::start::{Parts, Worker};
use crate::access;
use crate::answers::{Clerk, ClerkError, ClerkParts, Desk, Freshness, WAIT_MAX};
use crate::barrier::Barrier;
use crate::kafka::{self, GateContext};
use crate::policies::Policies;
use crate::store::Store;
use gate_codec::{Codec, Format, Kind};
use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use std::sync::Arc;

impl Parts<'_> {
    /// The threads that answer, and the one that watches the tokens.
    pub(super) fn start_answers(
        &self,
        answering: Answering,
        store: &Arc<Store>,
        policies: &Arc<Policies>,
        n_partitions: u32,
    ) -> Result<Vec<Worker>, RunError> {
        let Answering { access, questions, fresh, stale } = answering;
        let barrier = self.answers_barrier()?;
        let clerk = |freshness, asked| -> Result<Clerk, RunError> {
            Ok(Clerk::new(ClerkParts {
                freshness,
                asked,
                barrier: barrier.clone(),
                applied: Arc::clone(&self.applied),
                codec: Codec::new(Format::Json, Kind::OutboundMessage, None)?,
                pepper: Arc::clone(&self.pepper),
                store: Arc::clone(store),
                sent: Arc::clone(&self.sent),
                policies: Arc::clone(policies),
                metrics: Arc::clone(&self.metrics),
                shutdown: self.shutdown.clone(),
                consent_topic: self.config.topics.consent_change.clone(),
                value_bytes_max: self.config.limits.value_bytes_max,
                n_partitions: usize::try_from(n_partitions).unwrap_or(usize::MAX),
            }))
        };
        let (fresh, stale) = (clerk(Freshness::Barrier, fresh)?, clerk(Freshness::Stale, stale)?);
        let watch = access::Watch {
            access,
            count: self.metrics.count_tokens(),
            status: Arc::clone(&self.status),
            shutdown: self.shutdown.clone(),
        };
        let workers = vec![
            self.spawn("answers", move || fresh.run().map_err(RunError::from))?,
            self.spawn("answers-stale", move || stale.run().map_err(RunError::from))?,
            self.spawn("tokens", move || {
                watch.run();
                Ok(())
            })?,
        ];
        let wait = self.config.consent.barrier_timeout.min(WAIT_MAX);
        questions.open(Desk { applied: Arc::clone(&self.applied), wait });
        Ok(workers)
    }

    /// A barrier with clients of its own, so that no question of a lane stands behind one of a machine, and a wait that
    /// ends before whoever asks has gone.
    fn answers_barrier(&self) -> Result<Barrier, RunError> {
        let client = |settings: ClientConfig| -> Result<Arc<BaseConsumer<GateContext>>, RunError> {
            let client: BaseConsumer<GateContext> = settings
                .create_with_context(GateContext::default())
                .map_err(crate::reader::ReaderError::Kafka)?;
            kafka::native::log_through(client.client());
            Ok(Arc::new(client))
        };
        Ok(Barrier::new(
            client(kafka::end_offset_query(&self.base))?,
            client(kafka::committed_end_query(&self.base))?,
            Arc::clone(&self.consent_topic),
            Arc::clone(&self.applied),
            self.config.consent.barrier_timeout.min(WAIT_MAX),
        ))
    }
}

impl From<ClerkError> for RunError {
    fn from(error: ClerkError) -> Self {
        match error {
            ClerkError::Store(error) => Self::Store(error),
            ClerkError::Sent(error) => Self::Sent(error),
        }
    }
}
