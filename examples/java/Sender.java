// A sender on Java: sends what the gate has approved, each message once. Needs kafka-clients and jackson-databind; run as
// `GATE_TOKEN=… java -cp 'jars/*' Sender.java`. Messages that have waited longer than LAST_LOOK_AFTER seconds since their
// approval are asked about once more before they go out. With COUNT it ends when so many were sent or held back; without,
// it runs until it is stopped.

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.serialization.StringDeserializer;

public class Sender {
  static final String APPROVED = env("APPROVED_TOPIC", "approved-message");
  static final URI CHECK = URI.create(env("GATE_URL", "http://127.0.0.1:8080") + "/v1/check");
  static final String TOKEN = env("GATE_TOKEN", ""); // consent-gate token new --role sender
  static final double LAST_LOOK_AFTER = Double.parseDouble(env("LAST_LOOK_AFTER", "60"));
  static final int COUNT = Integer.parseInt(env("COUNT", "0"));
  static final Duration AGAIN_AFTER = Duration.ofSeconds(1);
  static final ObjectMapper JSON = new ObjectMapper();
  static final HttpClient HTTP = HttpClient.newHttpClient();

  public static void main(String[] args) throws Exception {
    Map<String, Object> settings = Map.of(
        "bootstrap.servers", env("BOOTSTRAP", "127.0.0.1:9092"),
        "group.id", env("GROUP", "sender"),
        // a new group starts at the beginning here, so that the example finds something; what is old gets the last look
        "auto.offset.reset", "earliest",
        // decisions are written in transactions, and only what is committed is one: the default reads the others too
        "isolation.level", "read_committed",
        "enable.auto.commit", "false");
    // in production: ids kept where your sending is recorded, so that a restart sends none twice
    Set<String> sent = new HashSet<>();
    int handled = 0;
    try (var consumer = new KafkaConsumer<>(settings, new StringDeserializer(), new StringDeserializer())) {
      consumer.subscribe(List.of(APPROVED));
      while (COUNT == 0 || handled < COUNT) {
        for (ConsumerRecord<String, String> record : consumer.poll(Duration.ofSeconds(1))) {
          // a tombstone is no message, and behind a probe is nobody
          if (record.value() == null || record.headers().lastHeader("gate-probe") != null) continue;
          String id = JSON.readTree(record.value()).get("message_id").asText();
          String refused = waited(record) >= LAST_LOOK_AFTER ? lastLook(record.value()) : null;
          if (refused != null) System.out.println("held back " + id + " " + refused);
          else if (sent.add(id)) send(id);
          handled++;
        }
        consumer.commitSync(); // only when they are sent: a crash before this repeats them
      }
    }
  }

  static double waited(ConsumerRecord<?, ?> record) {
    return (System.currentTimeMillis() - record.timestamp()) / 1000.0;
  }

  // Why this message must not go out now, or null. The gate waits for every refusal that Kafka has acknowledged before.
  static String lastLook(String value) throws InterruptedException {
    HttpRequest request = HttpRequest.newBuilder(CHECK).timeout(Duration.ofSeconds(30))
        .header("Authorization", "Bearer " + TOKEN).header("Content-Type", "application/json")
        .POST(BodyPublishers.ofString("{\"messages\":[" + value + "]}")).build();
    while (true) {
      try {
        HttpResponse<String> answer = HTTP.send(request, BodyHandlers.ofString());
        if (answer.statusCode() == 200) {
          JsonNode verdict = JSON.readTree(answer.body()).get("messages").get(0);
          return verdict.get("outcome").asText().equals("approved") ? null : verdict.get("reason").asText();
        }
        // only 503 is worth asking again
        if (answer.statusCode() != 503) throw new IllegalStateException("the gate refuses: " + answer.statusCode());
      } catch (IOException error) {
        // it is not there: nothing is sent unasked
      }
      Thread.sleep(AGAIN_AFTER.toMillis());
    }
  }

  // Your mail server or provider; when this returns, the message is out.
  static void send(String id) {
    System.out.println("sent " + id);
  }

  static String env(String name, String otherwise) {
    return System.getenv().getOrDefault(name, otherwise);
  }
}
