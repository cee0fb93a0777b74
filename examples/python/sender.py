"""A sender on Python: says what people want, asks the gate, sends what comes back approved. Needs confluent-kafka."""

import json
import os
import time

from confluent_kafka import Consumer, Producer

BOOTSTRAP = os.environ.get("BOOTSTRAP", "127.0.0.1:9092")
CONSENT = os.environ.get("CONSENT_TOPIC", "consent-change")
CANDIDATES = os.environ.get("OUTBOUND_TOPIC", "outbound-message")
APPROVED = os.environ.get("APPROVED_TOPIC", "approved-message")
RUN = os.environ.get("RUN", str(int(time.time())))  # makes ids of this run
SCOPE = {"channel": "email", "purpose": "marketing", "controller": "tents-ltd", "brand": "tents"}


def now():
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def contact(name):
    return {"contact_id": f"{RUN}-{name}", "address": f"{RUN}-{name}@example.net"}


def consent(name, action, **more):
    return {"event_id": f"{RUN}-{name}-{action}", "occurred_at": now(), "action": action, **contact(name), **more}


def candidate(name):
    content = {"promotional": True, "sender_identity": True, "postal_address": True, "unsubscribe": True,
               "one_click": True, "contact_address": True}
    recipient = {**contact(name), "jurisdiction": "GB", "tz": "Europe/London"}
    return {"message_id": f"{RUN}-m-{name}", "category": "marketing", **SCOPE, "content": content,
            "recipient": recipient, "body": f"Hello {name}"}


# The partitioner of the Java client: with librdkafka's own, a contact's messages lie where caps do not count them.
producer = Producer({"bootstrap.servers": BOOTSTRAP, "partitioner": "murmur2_random", "enable.idempotence": True,
                     "topic.metadata.refresh.interval.ms": 30000})
failures = []


def publish(topic, name, value):
    told = lambda error, _: error and failures.append(str(error))
    producer.produce(topic, key=f"{RUN}-{name}", value=json.dumps(value), on_delivery=told)


def wait_until_acknowledged():
    if producer.flush(30) or failures:
        raise SystemExit(f"not acknowledged: {failures}")


opt_in = {**SCOPE, "basis": "express", "evidence": {"method": "web_form", "notice_version": "2026-05"}}
publish(CONSENT, "ana", consent("ana", "opt_in", **opt_in))
publish(CONSENT, "ben", consent("ben", "opt_in", **opt_in))
publish(CONSENT, "ben", consent("ben", "opt_out"))
wait_until_acknowledged()  # a refusal is enforced from the moment it is acknowledged
for who in ("ana", "ben"):
    publish(CANDIDATES, who, candidate(who))
wait_until_acknowledged()

# Decisions are written in transactions, and only what is committed is one.
consumer = Consumer({"bootstrap.servers": BOOTSTRAP, "group.id": f"sender-{RUN}", "auto.offset.reset": "earliest",
                     "isolation.level": "read_committed", "enable.auto.commit": False})
consumer.subscribe([APPROVED])
sent = set()  # in production: where your sending is recorded, so that a restart does not send twice
deadline = time.time() + 60
while time.time() < deadline and f"{RUN}-m-ana" not in sent:
    record = consumer.poll(1.0)
    if record is None or record.error() or record.value() is None:
        continue
    if any(name == "gate-probe" for name, _ in record.headers() or []):
        continue  # of the synthetic probe: nobody is behind it
    message = json.loads(record.value())
    if message["message_id"].startswith(RUN) and message["message_id"] not in sent:
        sent.add(message["message_id"])
        print("send", message["message_id"], flush=True)
    consumer.commit(record, asynchronous=False)  # only when it is sent
consumer.close()
raise SystemExit(0 if sent else "nothing was approved in 60 s")
