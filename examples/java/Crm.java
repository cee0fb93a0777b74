// A CRM on Java: publishes what contacts have decided. Run as `java -cp 'jars/*' Crm.java opt_out ben`. Needs kafka-clients
// and jackson-databind; for Avro Apicurio's serializer, which writes Confluent's wire format (Confluent's own,
// KafkaAvroSerializer, writes it without further settings).
//
// HOW says how it writes: `plain` (JSON), `avro` (with a schema registry) or `transactional` (JSON, all of them or none).
// What the topic holds is in the gate's configuration: `formats: {consent_change: json}` or `avro`.

import com.fasterxml.jackson.databind.ObjectMapper;
import io.apicurio.registry.serde.avro.AvroKafkaSerializer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Future;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericRecordBuilder;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.Serializer;
import org.apache.kafka.common.serialization.StringSerializer;

public class Crm {
  static final String CONSENT = env("CONSENT_TOPIC", "consent-change");
  static final String HOW = env("HOW", "plain");
  static final String RUN = env("RUN", Long.toString(System.currentTimeMillis()));
  static final Path SCHEMA = Path.of(env("SCHEMAS", "schemas"), "consent-change.avsc"); // from the root of the repository
  static final ObjectMapper JSON = new ObjectMapper();

  // What one person said. An opt-in needs its scope and its evidence; an opt-out without a scope refuses everything.
  static Map<String, Object> change(String action, String contact) {
    // event_id: of the row in your database, so that a retry says the same event again; the gate counts it once
    Map<String, Object> event = new HashMap<>(Map.of("event_id", RUN + "-" + action + "-" + contact,
        "occurred_at", Instant.now(), // when the person acted, not when it is published
        "action", action, "contact_id", contact, "address", contact + "@example.net"));
    if (action.equals("opt_in")) {
      event.putAll(Map.of("channel", "email", "purpose", "marketing", "controller", "tents-ltd", "brand", "tents",
          "basis", "express", "evidence", Map.of("method", "web_form", "notice_version", "2026-05")));
    }
    return event;
  }

  static Object asJson(Map<String, Object> event) throws Exception {
    Map<String, Object> written = new HashMap<>(event);
    written.replace("occurred_at", event.get("occurred_at").toString());
    return JSON.writeValueAsString(written);
  }

  static Object asAvro(Map<String, Object> event, Schema schema) {
    GenericRecordBuilder record = new GenericRecordBuilder(schema);
    event.forEach((name, value) -> record.set(name, value));
    // timestamp-micros and the symbols of our enums
    record.set("occurred_at", ChronoUnit.MICROS.between(Instant.EPOCH, (Instant) event.get("occurred_at")));
    for (String name : List.of("action", "channel", "basis")) {
      Schema of = schema.getField(name).schema();
      Schema symbols = of.isUnion() ? of.getTypes().get(1) : of;
      if (event.containsKey(name)) record.set(name, new GenericData.EnumSymbol(symbols, event.get(name)));
    }
    return record.build();
  }

  @SuppressWarnings({"unchecked", "rawtypes"})
  static Serializer<Object> serializer() {
    if (!HOW.equals("avro")) return (Serializer) new StringSerializer();
    Serializer<Object> serializer = new AvroKafkaSerializer<>();
    // the last three make it Confluent's form: the schema's id in four bytes in front of the value
    serializer.configure(Map.of("apicurio.registry.url", env("REGISTRY_URL", "http://127.0.0.1:8081/apis/registry/v2"),
        "apicurio.registry.auto-register", "true", "apicurio.registry.artifact.group-id", "default",
        "apicurio.registry.headers.enabled", "false", "apicurio.registry.as-confluent", "true",
        "apicurio.registry.use-id", "contentId"), false);
    return serializer;
  }

  public static void main(String[] arguments) throws Exception {
    if (arguments.length < 2) throw new IllegalArgumentException("name an action and contacts: opt_out ben");
    List<String> contacts = List.of(arguments).subList(1, arguments.length);
    Schema schema = new Schema.Parser().parse(Files.readString(SCHEMA));
    boolean isTransactional = HOW.equals("transactional");
    Map<String, Object> settings = new HashMap<>(Map.of("bootstrap.servers", env("BOOTSTRAP", "127.0.0.1:9092"),
        "acks", "all", "enable.idempotence", "true")); // the defaults: all replicas have it, and it is there once
    // one id for each instance of the CRM, the same after a restart: it ends what the last one left open
    if (isTransactional) settings.put("transactional.id", "crm-" + CONSENT);
    try (var producer = new KafkaProducer<>(settings, new StringSerializer(), serializer())) {
      if (isTransactional) producer.initTransactions();
      if (isTransactional) producer.beginTransaction();
      List<Future<?>> receipts = new ArrayList<>();
      for (String contact : contacts) {
        Map<String, Object> event = change(arguments[0], contact);
        Object value = HOW.equals("avro") ? asAvro(event, schema) : asJson(event);
        // the key is the contact id: if a record cannot be read, the gate still knows whom to block
        receipts.add(producer.send(new ProducerRecord<>(CONSENT, contact, value)));
      }
      // throws when the broker has not taken one of them; a transaction that is not committed is aborted by the broker
      producer.flush();
      for (Future<?> receipt : receipts) receipt.get();
      if (isTransactional) producer.commitTransaction();
    }
    // a refusal is enforced from the moment it is acknowledged, so only now tell the person that it is done
    System.out.printf("acknowledged %d %s%n", contacts.size(), arguments[0]);
  }

  static String env(String name, String otherwise) {
    return System.getenv().getOrDefault(name, otherwise);
  }
}
