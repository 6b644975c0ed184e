package example;

import com.google.auth.oauth2.GoogleCredentials;
import com.google.gson.Gson;
import com.google.gson.JsonParseException;
import com.google.gson.annotations.SerializedName;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * Takes orders over HTTP, and tells the workflow that sent one what came of it.
 *
 * <p>java example.Service HOST:PORT RINGBACK_URL
 */
public final class Service {
  private record Order(int number, @SerializedName("callback_url") String callbackUrl) {}

  private final Gson gson = new Gson();
  private final HttpClient client = HttpClient.newHttpClient();
  private final ExecutorService workers = Executors.newFixedThreadPool(4);
  private final GoogleCredentials credentials;
  private final String trusted;

  private Service(GoogleCredentials credentials, String trusted) {
    this.credentials = credentials;
    this.trusted = trusted;
  }

  public static void main(String[] arguments) throws IOException {
    // Application Default Credentials: GCE_METADATA_HOST says where tokens come from.
    var credentials =
        GoogleCredentials.getApplicationDefault()
            .createScoped("https://www.googleapis.com/auth/cloud-platform");
    var service = new Service(credentials, arguments[1] + "/v1/projects/");
    var address = URI.create("http://" + arguments[0]);
    var listening = new InetSocketAddress(address.getHost(), address.getPort());
    var server = HttpServer.create(listening, 0);
    server.createContext("/orders", service::take);
    server.start();
  }

  /** Answers at once, and works on the order then. */
  private void take(HttpExchange exchange) throws IOException {
    try (exchange) {
      Order order = gson.fromJson(new InputStreamReader(exchange.getRequestBody()), Order.class);
      if (order == null
          || order.callbackUrl() == null
          || !order.callbackUrl().startsWith(trusted)) {
        // The token is for this server's callbacks: nobody else is to see it.
        exchange.sendResponseHeaders(400, -1);
        return;
      }
      exchange.sendResponseHeaders(202, -1);
      workers.execute(() -> confirm(order));
    } catch (JsonParseException wrong) {
      exchange.sendResponseHeaders(400, -1);
    }
  }

  /** Calls the workflow back; what did not get through is sent again, and counts once. */
  private void confirm(Order order) {
    try {
      for (int attempt = 1; attempt <= 5; attempt++) {
        try {
          int status = client.send(callback(order), BodyHandlers.discarding()).statusCode();
          if (status == 200) {
            return;
          }
          System.err.println("the callback was answered with " + status);
          if (status != 429 && status < 500) {
            return;
          }
        } catch (IOException failure) {
          System.err.println(failure);
        }
        Thread.sleep(1000L * attempt);
      }
    } catch (InterruptedException stopped) {
      Thread.currentThread().interrupt();
    }
  }

  private HttpRequest callback(Order order) throws IOException {
    credentials.refreshIfExpired();
    var body = gson.toJson(Map.of("order", order.number(), "shipped_by", "java"));
    return HttpRequest.newBuilder(URI.create(order.callbackUrl()))
        .timeout(Duration.ofSeconds(10))
        .header("Authorization", "Bearer " + credentials.getAccessToken().getTokenValue())
        .header("Content-Type", "application/json")
        .header("Idempotency-Key", "shipped-" + order.number())
        .POST(HttpRequest.BodyPublishers.ofString(body))
        .build();
  }
}
