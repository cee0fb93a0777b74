"""A pipeline on Python: publishes a candidate message for each contact it is given. Needs confluent-kafka.

    python pipeline.py ana ben

Nothing is sent here: the gate decides each candidate, and `sender.py` sends what comes back approved.
"""

import json
import os
import sys
import time

from confluent_kafka import Producer

BOOTSTRAP = os.environ.get("BOOTSTRAP", "127.0.0.1:9092")
CANDIDATES = os.environ.get("OUTBOUND_TOPIC", "outbound-message")
RUN = os.environ.get("RUN", str(time.time_ns() // 1_000_000))  # the campaign's run: makes the ids of its messages


def candidate(contact):
    return {
        # the same id when the run is repeated after a crash: a sender that keeps ids sends it once
        "message_id": f"{RUN}-{contact}",
        "channel": "email",
        "category": "marketing",
        "purpose": "marketing.newsletter",
        "controller": "tents-ltd",
        "brand": "tents",
        # what the content holds, as your template declares it: what is left out counts as missing
        "content": {"promotional": True, "sender_identity": True, "postal_address": True, "unsubscribe": True,
                    "one_click": True, "contact_address": True},
        "recipient": {"contact_id": contact, "address": f"{contact}@example.net", "jurisdiction": "GB",
                      "tz": "Europe/London"},
        # the gate carries it and never reads it
        "body": f"Hello {contact}, the winter catalogue is out.",
        "attributes": {"campaign": "winter"},
    }


def told(error, record):
    """The broker's answer for one record: its place names the message in the decision log and in `gate-source`."""
    if error:
        failures.append(error.str())
    else:
        print(f"published {record.topic()}/{record.partition()}/{record.offset()}", flush=True)


if len(sys.argv) < 2:
    raise SystemExit(__doc__)
failures = []
producer = Producer({
    "bootstrap.servers": BOOTSTRAP,
    # idempotent: waits for all replicas (acks=all), and a retry makes no second record
    "enable.idempotence": True,
    # the partitioner of the Java client: with librdkafka's own, a contact's messages lie where caps do not count them
    "partitioner": "murmur2_random",
})
for name in sys.argv[1:]:
    # the key is the contact id: all messages to one person lie in one partition, in order
    producer.produce(CANDIDATES, key=name, value=json.dumps(candidate(name)), on_delivery=told)
    producer.poll(0)  # takes answers meanwhile, so that the queue of the client stays short
left = producer.flush(30)
if left or failures:
    raise SystemExit(f"not acknowledged: {left or failures}; run it again with the same RUN")
