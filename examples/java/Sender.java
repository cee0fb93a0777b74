// A sender on Java: says what people want, asks the gate, sends what comes back approved. Needs kafka-clients alone;
// run as `java -cp 'jars/*' Sender.java`. The JSON is put together by hand here; use the library that you have.

import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

public class Sender {
  static final String BOOTSTRAP = env("BOOTSTRAP", "127.0.0.1:9092");
  static final String CONSENT = env("CONSENT_TOPIC", "consent-change");
  static final String CANDIDATES = env("OUTBOUND_TOPIC", "outbound-message");
  static final String APPROVED = env("APPROVED_TOPIC", "approved-message");
  static final String RUN = env("RUN", Long.toString(System.currentTimeMillis())); // makes ids of this run
  static final String SCOPE =
      "'channel':'email','purpose':'marketing','controller':'tents-ltd','brand':'tents'";
  static final String OPT_IN =
      "," + SCOPE + ",'basis':'express','evidence':{'method':'web_form','notice_version':'2026-05'}";
  static final Pattern MESSAGE_ID = Pattern.compile("\"message_id\"\\s*:\\s*\"([^\"]+)\"");

  public static void main(String[] args) throws Exception {
    // kafka-clients waits for all replicas and is idempotent by itself, and its partitioner is the gate's
    try (var producer = new KafkaProducer<>(
        Map.<String, Object>of("bootstrap.servers", BOOTSTRAP), new StringSerializer(), new StringSerializer())) {
      publish(producer, CONSENT, "ana", consent("ana", "opt_in", OPT_IN));
      publish(producer, CONSENT, "ben", consent("ben", "opt_in", OPT_IN));
      publish(producer, CONSENT, "ben", consent("ben", "opt_out", "")); // enforced once it is acknowledged
      publish(producer, CANDIDATES, "ana", candidate("ana"));
      publish(producer, CANDIDATES, "ben", candidate("ben"));
    }
    Map<String, Object> reading = Map.of(
        "bootstrap.servers", BOOTSTRAP, "group.id", "sender-" + RUN, "auto.offset.reset", "earliest",
        // decisions are written in transactions, and only what is committed is one: the default reads the others too
        "isolation.level", "read_committed", "enable.auto.commit", "false");
    Set<String> sent = new HashSet<>(); // in production: where your sending is recorded
    try (var consumer = new KafkaConsumer<>(reading, new StringDeserializer(), new StringDeserializer())) {
      consumer.subscribe(List.of(APPROVED));
      Instant deadline = Instant.now().plusSeconds(60);
      while (Instant.now().isBefore(deadline) && !sent.contains(RUN + "-m-ana")) {
        for (ConsumerRecord<String, String> record : consumer.poll(Duration.ofSeconds(1))) {
          // a tombstone, or of the synthetic probe: nobody is behind it
          if (record.value() == null || record.headers().lastHeader("gate-probe") != null) continue;
          Matcher id = MESSAGE_ID.matcher(record.value());
          if (id.find() && id.group(1).startsWith(RUN) && sent.add(id.group(1))) {
            System.out.println("send " + id.group(1));
          }
        }
        consumer.commitSync(); // only when they are sent
      }
    }
    if (sent.isEmpty()) throw new IllegalStateException("nothing was approved in 60 s");
  }

  static void publish(KafkaProducer<String, String> producer, String topic, String name, String json)
      throws Exception {
    producer.send(new ProducerRecord<>(topic, RUN + "-" + name, json.replace('\'', '"'))).get();
  }

  static String contact(String name) {
    return "'contact_id':'%1$s-%2$s','address':'%1$s-%2$s@example.net'".formatted(RUN, name);
  }

  static String consent(String name, String action, String more) {
    return "{'event_id':'%s-%s-%s','occurred_at':'%s','action':'%s',%s%s}"
        .formatted(RUN, name, action, Instant.now(), action, contact(name), more);
  }

  static String candidate(String name) {
    return ("{'message_id':'%s-m-%s','category':'marketing',%s,'content':{'promotional':true,'sender_identity':true,"
        + "'postal_address':true,'unsubscribe':true,'one_click':true,'contact_address':true},"
        + "'recipient':{%s,'jurisdiction':'GB','tz':'Europe/London'},'body':'Hello %s'}")
        .formatted(RUN, name, SCOPE, contact(name), name);
  }

  static String env(String name, String otherwise) {
    return System.getenv().getOrDefault(name, otherwise);
  }
}
