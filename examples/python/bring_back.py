"""Brings deferred messages back to the gate when their time has come, to be judged again. Needs confluent-kafka.

What waits is kept in memory; an offset is committed only when everything before it has been published, so a restart
reads the rest again. Run one instance a partition at most; partitions are shared out among the group.
"""

import heapq
import os
import time
from datetime import datetime

from confluent_kafka import Consumer, Producer, TopicPartition

BOOTSTRAP = os.environ.get("BOOTSTRAP", "127.0.0.1:9092")
DEFERRED = os.environ.get("DEFERRED_TOPIC", "deferred-message")
CANDIDATES = os.environ.get("OUTBOUND_TOPIC", "outbound-message")
GROUP = os.environ.get("GROUP", "deferred-again")
UNTIL = float(os.environ.get("SECONDS", "inf"))  # how long it runs
WAITING_MAX = 1_000_000  # records in memory; more are left in the topic

waiting = []  # (due, topic partition, offset, key, value, headers), the earliest first
open_offsets = {}  # by partition: offsets that are read and not yet published
next_offset = {}  # by partition


def due_at(record):
    headers = dict(record.headers() or [])
    text = headers.get("gate-not-before", b"").decode()
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() if text else time.time()


def forget(_, partitions):
    """Others have these partitions now, and read what waits in them again."""
    lost = {partition.partition for partition in partitions}
    waiting[:] = [entry for entry in waiting if entry[1] not in lost]
    heapq.heapify(waiting)
    for partition in lost:
        open_offsets.pop(partition, None)
        next_offset.pop(partition, None)


def publish(entries):
    failures = []
    for _, _, _, key, value, headers in entries:
        own = [(name, text) for name, text in headers if not name.startswith("gate-")]
        producer.produce(CANDIDATES, key=key, value=value, headers=own,
                         on_delivery=lambda error, _: error and failures.append(str(error)))
    if producer.flush(30) or failures:
        raise SystemExit(f"not acknowledged, nothing is committed: {failures}")


def commit(partitions):
    done = [TopicPartition(DEFERRED, at, min(open_offsets[at], default=next_offset[at])) for at in partitions]
    consumer.commit(offsets=done, asynchronous=False)


producer = Producer({"bootstrap.servers": BOOTSTRAP, "partitioner": "murmur2_random", "enable.idempotence": True})
consumer = Consumer({"bootstrap.servers": BOOTSTRAP, "group.id": GROUP, "auto.offset.reset": "earliest",
                     "isolation.level": "read_committed", "enable.auto.commit": False})
consumer.subscribe([DEFERRED], on_revoke=forget, on_lost=forget)
end = time.time() + UNTIL
while time.time() < end:
    record = consumer.poll(0.2) if len(waiting) < WAITING_MAX else time.sleep(0.2)
    if record is not None and not record.error():
        at, offset = record.partition(), record.offset()
        next_offset[at] = offset + 1
        open_offsets.setdefault(at, set()).add(offset)
        heapq.heappush(waiting, (due_at(record), at, offset, record.key(), record.value(), record.headers() or []))
    ready = []
    while waiting and waiting[0][0] <= time.time() and len(ready) < 1_000:
        ready.append(heapq.heappop(waiting))
    if ready:
        publish(ready)
        for _, at, offset, *_ in ready:
            open_offsets[at].discard(offset)
        commit({entry[1] for entry in ready})
        print("brought back", len(ready), flush=True)
consumer.close()
