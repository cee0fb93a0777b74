// A pipeline on Node.js: publishes a candidate message for each contact it is given. Needs kafkajs.
//
//     node pipeline.js ana ben
//
// Nothing is sent here: the gate decides each candidate, and sender.js sends what comes back approved.
const { Kafka, Partitioners, logLevel } = require('kafkajs');

const { env } = process;
const BOOTSTRAP = env.BOOTSTRAP || '127.0.0.1:9092';
const CANDIDATES = env.OUTBOUND_TOPIC || 'outbound-message';
const RUN = env.RUN || String(Date.now()); // the campaign's run: makes the ids of its messages

const candidate = (contact) => ({
  // the same id when the run is repeated after a crash: a sender that keeps ids sends it once
  message_id: `${RUN}-${contact}`,
  channel: 'email',
  category: 'marketing',
  purpose: 'marketing.newsletter',
  controller: 'tents-ltd',
  brand: 'tents',
  // what the content holds, as your template declares it: what is left out counts as missing
  content: {
    promotional: true, sender_identity: true, postal_address: true, unsubscribe: true, one_click: true,
    contact_address: true,
  },
  recipient: { contact_id: contact, address: `${contact}@example.net`, jurisdiction: 'GB', tz: 'Europe/London' },
  // the gate carries it and never reads it
  body: `Hello ${contact}, the winter catalogue is out.`,
  attributes: { campaign: 'winter' },
});

async function main(contacts) {
  if (!contacts.length) throw new Error('name contacts: ana ben');
  const kafka = new Kafka({ clientId: 'pipeline', brokers: BOOTSTRAP.split(','), logLevel: logLevel.ERROR });
  const producer = kafka.producer({
    // a retry makes no second record; kafkajs keeps the order only with one request at a time
    idempotent: true,
    maxInFlightRequests: 1,
    // the partitioner of the Java client, which is kafkajs's default since 2.0; `LegacyPartitioner` is another
    createPartitioner: Partitioners.DefaultPartitioner,
  });
  await producer.connect();
  try {
    const places = await producer.send({
      topic: CANDIDATES,
      acks: -1, // all replicas have it; throws when the broker has not taken it: run it again with the same RUN
      // the key is the contact id: all messages to one person lie in one partition, in order
      messages: contacts.map((contact) => ({ key: contact, value: JSON.stringify(candidate(contact)) })),
    });
    // a partition's first place; places name messages in the decision log and in the header gate-source
    places.forEach((it) => console.log(`published ${it.topicName}/${it.partition}/${it.baseOffset}`));
  } finally {
    await producer.disconnect();
  }
}

main(process.argv.slice(2)).catch((error) => { console.error(error.message); process.exitCode = 1; });
