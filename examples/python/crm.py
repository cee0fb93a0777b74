"""A CRM on Python: publishes what contacts have decided. Needs confluent-kafka; for Avro confluent-kafka[avro,schemaregistry].

    python crm.py opt_in ana ben
    python crm.py opt_out ben

HOW says how it writes: `plain` (JSON), `avro` (with a schema registry) or `transactional` (JSON, all of them or none).
What the topic holds is in the gate's configuration: `formats: {consent_change: json}` or `avro`.
"""

import json
import os
import sys
import time
from datetime import datetime, timezone
from pathlib import Path

from confluent_kafka import Producer

BOOTSTRAP = os.environ.get("BOOTSTRAP", "127.0.0.1:9092")
CONSENT = os.environ.get("CONSENT_TOPIC", "consent-change")
REGISTRY = os.environ.get("REGISTRY_URL", "http://127.0.0.1:8081")
RUN = os.environ.get("RUN", str(time.time_ns() // 1_000_000))
HOW = os.environ.get("HOW", "plain")
SCHEMA = Path(__file__).parent / "../../schemas/consent-change.avsc"


def change(action, contact):
    """What one person said. An opt-in needs its scope and its evidence; an opt-out without a scope refuses everything."""
    event = {
        # of the row in your database, so that a retry says the same event again: the gate counts it once
        "event_id": f"{RUN}-{action}-{contact}",
        "occurred_at": datetime.now(timezone.utc),  # when the person acted, not when it is published
        "action": action,
        "contact_id": contact,
        "address": f"{contact}@example.net",
    }
    if action == "opt_in":
        event |= {"channel": "email", "purpose": "marketing", "controller": "tents-ltd", "brand": "tents",
                  "basis": "express", "evidence": {"method": "web_form", "notice_version": "2026-05"}}
    return event


def as_json(event):
    return json.dumps(event | {"occurred_at": event["occurred_at"].isoformat()}).encode()


def as_avro():
    """The gate's own schema, registered under `TOPIC-value`; in front of each value stands the schema's id."""
    from confluent_kafka.schema_registry import SchemaRegistryClient
    from confluent_kafka.schema_registry.avro import AvroSerializer
    from confluent_kafka.serialization import MessageField, SerializationContext
    serializer = AvroSerializer(SchemaRegistryClient({"url": REGISTRY}), SCHEMA.read_text())
    return lambda event: serializer(event, SerializationContext(CONSENT, MessageField.VALUE))


def publish(producer, encode, events):
    failures = []
    for event in events:
        told = lambda error, _: error and failures.append(error.str())
        # the key is the contact id: if a record cannot be read, the gate still knows whom to block
        producer.produce(CONSENT, key=event["contact_id"], value=encode(event), on_delivery=told)
    left = producer.flush(30)
    return left or failures


def main(action, contacts):
    events = [change(action, contact) for contact in contacts]
    settings = {"bootstrap.servers": BOOTSTRAP, "enable.idempotence": True, "partitioner": "murmur2_random"}
    if HOW == "transactional":
        # one id for each instance of the CRM, the same after a restart: it ends what the last one left open
        producer = Producer(settings | {"transactional.id": f"crm-{CONSENT}"})
        producer.init_transactions(30)
        producer.begin_transaction()
        if publish(producer, as_json, events):
            producer.abort_transaction(30)
            raise SystemExit("aborted, nothing is published: run it again with the same RUN")
        producer.commit_transaction(30)
    elif unacknowledged := publish(Producer(settings), as_avro() if HOW == "avro" else as_json, events):
        raise SystemExit(f"not acknowledged: {unacknowledged}; run it again with the same RUN")
    # a refusal is enforced from the moment it is acknowledged, so only now tell the person that it is done
    print(f"acknowledged {len(events)} {action}", flush=True)


if len(sys.argv) < 3:
    raise SystemExit(__doc__)
main(sys.argv[1], sys.argv[2:])
