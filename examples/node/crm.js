// A CRM on Node.js: publishes what contacts have decided. Needs kafkajs; for Avro @kafkajs/confluent-schema-registry.
//
//     node crm.js opt_in ana ben
//     node crm.js opt_out ben
//
// HOW says how it writes: `plain` (JSON), `avro` (with a schema registry) or `transactional` (JSON, all of them or none).
// What the topic holds is in the gate's configuration: `formats: {consent_change: json}` or `avro`.
const fs = require('fs');
const path = require('path');
const { Kafka, Partitioners, logLevel } = require('kafkajs');

const { env } = process;
const BOOTSTRAP = env.BOOTSTRAP || '127.0.0.1:9092';
const CONSENT = env.CONSENT_TOPIC || 'consent-change';
const REGISTRY = env.REGISTRY_URL || 'http://127.0.0.1:8081';
const RUN = env.RUN || String(Date.now());
const HOW = env.HOW || 'plain';
const SCHEMA = path.join(__dirname, '../../schemas/consent-change.avsc');

// What one person said. An opt-in needs its scope and its evidence; an opt-out without a scope refuses everything.
const change = (action, contact) => ({
  // of the row in your database, so that a retry says the same event again: the gate counts it once
  event_id: `${RUN}-${action}-${contact}`,
  occurred_at: new Date(), // when the person acted, not when it is published
  action,
  contact_id: contact,
  address: `${contact}@example.net`,
  ...(action !== 'opt_in' ? {} : {
    channel: 'email', purpose: 'marketing', controller: 'tents-ltd', brand: 'tents', basis: 'express',
    evidence: { method: 'web_form', notice_version: '2026-05' },
  }),
});

// JSON writes a date as RFC 3339
const asJson = async (event) => JSON.stringify(event);

// The gate's own schema, registered under `TOPIC-value`; in front of each value stands the schema's id.
async function asAvro() {
  const { SchemaRegistry, SchemaType } = require('@kafkajs/confluent-schema-registry');
  const registry = new SchemaRegistry({ host: REGISTRY });
  const schema = fs.readFileSync(SCHEMA, 'utf8');
  const { id } = await registry.register({ type: SchemaType.AVRO, schema }, { subject: `${CONSENT}-value` });
  // timestamp-micros; a number of JavaScript holds it until the year 2255
  return (event) => registry.encode(id, { ...event, occurred_at: event.occurred_at.getTime() * 1000 });
}

async function main(action, contacts) {
  if (!contacts.length) throw new Error('name an action and contacts: opt_out ben');
  const kafka = new Kafka({ clientId: 'crm', brokers: BOOTSTRAP.split(','), logLevel: logLevel.ERROR });
  const isTransactional = HOW === 'transactional';
  const producer = kafka.producer({
    idempotent: true,
    maxInFlightRequests: 1,
    createPartitioner: Partitioners.DefaultPartitioner,
    // one id for each instance of the CRM, the same after a restart: it ends what the last one left open
    ...(isTransactional ? { transactionalId: `crm-${CONSENT}` } : {}),
  });
  const encode = HOW === 'avro' ? await asAvro() : asJson;
  // the key is the contact id: if a record cannot be read, the gate still knows whom to block
  const record = async (contact) => ({ key: contact, value: await encode(change(action, contact)) });
  const messages = await Promise.all(contacts.map(record));
  await producer.connect();
  try {
    const writer = isTransactional ? await producer.transaction() : producer;
    try {
      await writer.send({ topic: CONSENT, acks: -1, messages }); // throws when the broker has not taken it
    } catch (error) {
      if (isTransactional) await writer.abort();
      throw error;
    }
    if (isTransactional) await writer.commit();
  } finally {
    await producer.disconnect();
  }
  // a refusal is enforced from the moment it is acknowledged, so only now tell the person that it is done
  console.log(`acknowledged ${contacts.length} ${action}`);
}

const [action, ...contacts] = process.argv.slice(2);
main(action, contacts).catch((error) => { console.error(error.message); process.exitCode = 1; });
