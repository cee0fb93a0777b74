// Writes a message for each argument with Apicurio's own Avro serializer. An argument is a message id, then properties of
// the serializer, `name=value`, between blanks. BOOTSTRAP, REGISTRY, OUTBOUND_TOPIC and SCHEMA are environment variables.

import io.apicurio.registry.serde.avro.AvroKafkaSerializer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.generic.GenericRecordBuilder;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.StringSerializer;

public class Producer {
  public static void main(String[] args) throws Exception {
    Schema schema = new Schema.Parser().parse(Files.readString(Path.of(env("SCHEMA"))));
    for (String argument : args) {
      String[] parts = argument.trim().split("\\s+");
      Map<String, Object> settings = new HashMap<>(Map.of("apicurio.registry.url", env("REGISTRY"),
          "apicurio.registry.auto-register", "true", "apicurio.registry.artifact.group-id", "default"));
      for (int i = 1; i < parts.length; i++) {
        String[] property = parts[i].split("=", 2);
        settings.put(property[0], property[1]);
      }
      AvroKafkaSerializer<GenericRecord> serializer = new AvroKafkaSerializer<>();
      serializer.configure(settings, false);
      Map<String, Object> kafka = Map.of("bootstrap.servers", env("BOOTSTRAP"));
      try (var producer = new KafkaProducer<String, GenericRecord>(kafka, new StringSerializer(), serializer)) {
        producer.send(new ProducerRecord<>(env("OUTBOUND_TOPIC"), parts[0], message(schema, parts[0]))).get();
      }
    }
  }

  static GenericRecord message(Schema schema, String id) {
    Schema content = schema.getField("content").schema().getTypes().get(1);
    return new GenericRecordBuilder(schema).set("message_id", id).set("channel", "email")
        .set("category", "transactional").set("purpose", "service.order").set("controller", "tents-ltd")
        .set("brand", "tents")
        .set("content", new GenericRecordBuilder(content).set("promotional", false).set("sender_identity", true).build())
        .set("recipient", new GenericRecordBuilder(schema.getField("recipient").schema()).set("contact_id", "ana")
            .set("address", "ana@example.net").set("jurisdiction", "GB").set("tz", "Europe/London").build())
        .build();
  }

  static String env(String name) {
    return Objects.requireNonNull(System.getenv(name), name);
  }
}
