//! The record that says what an operator decided: who, why, when, from where.
//!
//! It lies in the partition of the letter it is about and behind it; anywhere else it would count for nothing.

use rdkafka::message::{Header, OwnedHeaders};
use serde_json::{Map, Value};

use super::Place;
use super::queue::{Letter, Queue, pepper};
use super::writer::Outgoing;
use crate::clock::{now_millis, utc};
use crate::config::Config;
use crate::headers;
use crate::reader::dead_letter::release_tag;

/// Who decides, and why.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Decision<'a> {
    pub(crate) operator: &'a str,
    pub(crate) reason: &'a str,
}

impl Decision<'_> {
    /// The detail of a release, with what else is worth keeping.
    pub(crate) fn detail(self, config: &Config, further: &[(&str, String)]) -> Value {
        let mut detail = Map::new();
        for (name, text) in [
            ("operator", self.operator.to_owned()),
            ("reason", self.reason.to_owned()),
            ("at", utc(now_millis())),
            ("host", config.instance_id.clone()),
        ] {
            detail.insert(name.to_owned(), text.into());
        }
        for (name, text) in further {
            detail.insert((*name).to_owned(), text.as_str().into());
        }
        Value::Object(detail)
    }
}

/// The releases of letters, each with its detail. They are signed where the pepper can be read.
pub(crate) fn of<T>(
    config: &Config,
    queue: &Queue<T>,
    letters: &[&Letter<T>],
    detail: &Value,
) -> Vec<Outgoing> {
    let (pepper, detail) = (pepper(config), detail.to_string());
    let release = |letter: &&Letter<T>| {
        let origin = queue.origin(letter.place);
        let tag = pepper.as_ref().map(|pepper| release_tag(pepper, &origin, &detail));
        let place = origin.source.to_string();
        let mut headers = OwnedHeaders::new();
        for (key, value) in [
            (headers::RELEASE, Some(place.as_str())),
            (headers::TOPIC_ID, Some(origin.topic_id)),
            (headers::DETAIL, Some(detail.as_str())),
            (headers::TAG, tag.as_deref()),
        ] {
            if value.is_some() {
                headers = headers.insert(Header { key, value });
            }
        }
        let (partition, _) = letter.recorded;
        // no key: it may be a contact id, and nobody may be named here
        Outgoing { partition: Some(partition), key: None, value: Some(Vec::new()), headers }
    };
    letters.iter().map(release).collect()
}

/// Where a record was written, for people.
pub(crate) fn written(topic: &str, (partition, offset): (i32, i64)) -> String {
    Place { partition, offset }.of(topic)
}
