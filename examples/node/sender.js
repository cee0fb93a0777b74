// A sender on Node.js: says what people want, asks the gate, sends what comes back approved. Needs kafkajs, and
// `outputs: {compression: gzip}` in the gate's configuration: kafkajs reads no other compression.
const { Kafka, Partitioners, CompressionTypes, logLevel } = require('kafkajs');

const { env } = process;
const BOOTSTRAP = env.BOOTSTRAP || '127.0.0.1:9092';
const CONSENT = env.CONSENT_TOPIC || 'consent-change';
const CANDIDATES = env.OUTBOUND_TOPIC || 'outbound-message';
const APPROVED = env.APPROVED_TOPIC || 'approved-message';
const RUN = env.RUN || String(Date.now()); // makes ids of this run
const SCOPE = { channel: 'email', purpose: 'marketing', controller: 'tents-ltd', brand: 'tents' };

const contact = (name) => ({ contact_id: `${RUN}-${name}`, address: `${RUN}-${name}@example.net` });
const consent = (name, action, more = {}) => ({
  event_id: `${RUN}-${name}-${action}`, occurred_at: new Date().toISOString(), action, ...contact(name), ...more,
});
const candidate = (name) => ({
  message_id: `${RUN}-m-${name}`, category: 'marketing', ...SCOPE,
  content: {
    promotional: true, sender_identity: true, postal_address: true, unsubscribe: true, one_click: true,
    contact_address: true,
  },
  recipient: { ...contact(name), jurisdiction: 'GB', tz: 'Europe/London' },
  body: `Hello ${name}`,
});

async function main() {
  const kafka = new Kafka({ clientId: 'sender', brokers: BOOTSTRAP.split(','), logLevel: logLevel.ERROR });
  // the partitioner of the Java client, which is kafkajs's default since 2.0; `LegacyPartitioner` is another
  const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner });
  await producer.connect();
  const publish = (topic, name, value) => producer.send({
    topic, acks: -1, compression: CompressionTypes.GZIP,
    messages: [{ key: `${RUN}-${name}`, value: JSON.stringify(value) }],
  });
  const optIn = { ...SCOPE, basis: 'express', evidence: { method: 'web_form', notice_version: '2026-05' } };
  await publish(CONSENT, 'ana', consent('ana', 'opt_in', optIn));
  await publish(CONSENT, 'ben', consent('ben', 'opt_in', optIn));
  await publish(CONSENT, 'ben', consent('ben', 'opt_out')); // enforced from the moment it is acknowledged
  await publish(CANDIDATES, 'ana', candidate('ana'));
  await publish(CANDIDATES, 'ben', candidate('ben'));
  await producer.disconnect();

  // Decisions are written in transactions; kafkajs reads only what is committed unless it is told otherwise.
  const consumer = kafka.consumer({ groupId: `sender-${RUN}`, readUncommitted: false });
  await consumer.connect();
  await consumer.subscribe({ topics: [APPROVED], fromBeginning: true });
  const sent = new Set(); // in production: where your sending is recorded, so that a restart does not send twice
  await new Promise((done, failed) => {
    setTimeout(() => failed(new Error('nothing was approved in 60 s')), 60000).unref();
    consumer.on(consumer.events.CRASH, ({ payload }) => failed(payload.error));
    consumer.run({
      eachMessage: async ({ message: record }) => {
        // a tombstone, or of the synthetic probe: nobody is behind it
        if (record.value === null || 'gate-probe' in record.headers) return;
        const message = JSON.parse(record.value.toString());
        if (message.message_id.startsWith(RUN) && !sent.has(message.message_id)) {
          sent.add(message.message_id);
          console.log('send', message.message_id);
        }
        if (sent.has(`${RUN}-m-ana`)) done();
      },
    }).catch(failed);
  });
  await consumer.disconnect();
}

main().then(() => process.exit(0), (error) => { console.error(String(error)); process.exit(1); });
