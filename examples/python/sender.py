"""A sender on Python: sends what the gate has approved, each message once. Needs confluent-kafka.

    GATE_TOKEN=… python sender.py

Messages that have waited longer than LAST_LOOK_AFTER seconds since their approval are asked about once more before they
go out. With COUNT it ends when so many were sent or held back; without, it runs until it is stopped.
"""

import json
import os
import sys
import time
import urllib.error
import urllib.request

from confluent_kafka import Consumer

BOOTSTRAP = os.environ.get("BOOTSTRAP", "127.0.0.1:9092")
APPROVED = os.environ.get("APPROVED_TOPIC", "approved-message")
GROUP = os.environ.get("GROUP", "sender")
GATE = os.environ.get("GATE_URL", "http://127.0.0.1:8080")
TOKEN = os.environ.get("GATE_TOKEN", "")  # consent-gate token new --role sender
LAST_LOOK_AFTER = float(os.environ.get("LAST_LOOK_AFTER", "60"))
COUNT = int(os.environ.get("COUNT", "0"))
AGAIN_AFTER = 1.0  # seconds


def last_look(value):
    """What the gate says of this message now. It waits for every refusal that Kafka has acknowledged before."""
    request = urllib.request.Request(f"{GATE}/v1/check", b'{"messages":[' + value + b"]}",
                                     {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"})
    while True:
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return json.load(answer)["messages"][0]
        except urllib.error.HTTPError as error:
            if error.code != 503:  # only this one is worth asking again
                raise SystemExit(f"the gate refuses to answer: {error.code}") from None
        except urllib.error.URLError:
            pass  # it is not there: nothing is sent unasked
        time.sleep(AGAIN_AFTER)


def send(message):
    """Your mail server or provider; when this returns, the message is out."""
    print("sent", message["message_id"], flush=True)


consumer = Consumer({
    "bootstrap.servers": BOOTSTRAP,
    "group.id": GROUP,
    # a new group starts at the beginning here, so that the example finds something; what is old gets the last look
    "auto.offset.reset": "earliest",
    # decisions are written in transactions, and only what is committed is one
    "isolation.level": "read_committed",
    "enable.auto.commit": False,
})
consumer.subscribe([APPROVED])
sent, n_handled = set(), 0  # in production: ids kept where your sending is recorded, so that a restart sends none twice
while not COUNT or n_handled < COUNT:
    record = consumer.poll(1.0)
    if record is None:
        continue
    if record.error():  # the client goes on by itself; who runs this should know
        print("kafka:", record.error().name(), file=sys.stderr, flush=True)
        continue
    is_probe = any(name == "gate-probe" for name, _ in record.headers() or [])
    if record.value() is not None and not is_probe:  # a tombstone is no message, and behind a probe is nobody
        message = json.loads(record.value())
        waited = time.time() - record.timestamp()[1] / 1000
        verdict = last_look(record.value()) if waited >= LAST_LOOK_AFTER else {"outcome": "approved"}
        if verdict["outcome"] != "approved":
            print("held back", message["message_id"], verdict["reason"], flush=True)
        elif message["message_id"] not in sent:
            send(message)
            sent.add(message["message_id"])
        n_handled += 1
    consumer.commit(record, asynchronous=False)  # only when it is sent: a crash before this repeats it
consumer.close()
