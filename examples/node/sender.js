// A sender on Node.js: sends what the gate has approved, each message once. Needs kafkajs, and `outputs: {compression: gzip}`
// in the gate's configuration: kafkajs reads no other compression.
//
//     GATE_TOKEN=… node sender.js
//
// Messages that have waited longer than LAST_LOOK_AFTER seconds since their approval are asked about once more before they
// go out. With COUNT it ends when so many were sent or held back; without, it runs until it is stopped.
const { Kafka, logLevel } = require('kafkajs');

const { env } = process;
const BOOTSTRAP = env.BOOTSTRAP || '127.0.0.1:9092';
const APPROVED = env.APPROVED_TOPIC || 'approved-message';
const GROUP = env.GROUP || 'sender';
const GATE = env.GATE_URL || 'http://127.0.0.1:8080';
const TOKEN = env.GATE_TOKEN || ''; // consent-gate token new --role sender
const LAST_LOOK_AFTER = Number(env.LAST_LOOK_AFTER || 60);
const COUNT = Number(env.COUNT || 0);
const AGAIN_AFTER_MS = 1000;

// What the gate says of this message now. It waits for every refusal that Kafka has acknowledged before.
async function lastLook(value, heartbeat) {
  for (;;) {
    // fails when the gate is not there: nothing is sent unasked
    const answer = await fetch(`${GATE}/v1/check`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${TOKEN}`, 'Content-Type': 'application/json' },
      body: `{"messages":[${value}]}`,
      signal: AbortSignal.timeout(30000),
    }).catch(() => ({ status: 503 }));
    if (answer.status === 200) return (await answer.json()).messages[0];
    if (answer.status !== 503) throw new Error(`the gate refuses to answer: ${answer.status}`); // only 503 again
    await heartbeat();
    await new Promise((again) => { setTimeout(again, AGAIN_AFTER_MS); });
  }
}

// Your mail server or provider; when this has ended, the message is out.
async function send(message) {
  console.log('sent', message.message_id);
}

async function main() {
  const kafka = new Kafka({ clientId: 'sender', brokers: BOOTSTRAP.split(','), logLevel: logLevel.ERROR });
  // Decisions are written in transactions; kafkajs reads only what is committed unless it is told otherwise.
  // After an error that stays it ends, so that whoever supervises it sees that and starts it again.
  const retry = { restartOnFailure: async () => false };
  const consumer = kafka.consumer({ groupId: GROUP, readUncommitted: false, retry });
  await consumer.connect();
  // a new group starts at the beginning here, so that the example finds something; what is old gets the last look
  await consumer.subscribe({ topics: [APPROVED], fromBeginning: true });
  const sent = new Set(); // in production: where your sending is recorded, so that a restart does not send twice
  let handled = 0;
  await new Promise((done, failed) => {
    consumer.on(consumer.events.CRASH, ({ payload }) => failed(payload.error));
    consumer.run({
      autoCommit: false,
      eachMessage: async ({ topic, partition, message: record, heartbeat }) => {
        // a tombstone is no message, and behind a probe is nobody
        if (record.value !== null && !('gate-probe' in (record.headers || {}))) {
          const message = JSON.parse(record.value.toString());
          const waited = (Date.now() - Number(record.timestamp)) / 1000;
          const verdict = waited >= LAST_LOOK_AFTER ? await lastLook(record.value, heartbeat) : { outcome: 'approved' };
          if (verdict.outcome !== 'approved') {
            console.log('held back', message.message_id, verdict.reason);
          } else if (!sent.has(message.message_id)) {
            await send(message);
            sent.add(message.message_id);
          }
          handled += 1;
        }
        // only when it is sent: a crash before this repeats it
        await consumer.commitOffsets([{ topic, partition, offset: String(BigInt(record.offset) + 1n) }]);
        if (COUNT && handled >= COUNT) done();
      },
    }).catch(failed);
  });
  await consumer.disconnect();
}

main().catch((error) => { console.error(error.message); process.exit(1); });
