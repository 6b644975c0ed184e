package example;

import com.google.auth.oauth2.GoogleCredentials;
import io.grpc.CompositeChannelCredentials;
import io.grpc.Grpc;
import io.grpc.TlsChannelCredentials;
import io.grpc.auth.MoreCallCredentials;
import java.io.IOException;
import ringback.v1.CreateExecutionRequest;
import ringback.v1.Execution;
import ringback.v1.ExecutionsGrpc;
import ringback.v1.WaitExecutionRequest;

/**
 * Runs a workflow over TLS, with Application Default Credentials.
 *
 * <p>java -Djavax.net.ssl.trustStore=ringback.p12 example.Secure HOST:PORT
 */
public final class Secure {
  public static void main(String[] arguments) throws IOException {
    // A key file, which GOOGLE_APPLICATION_CREDENTIALS names, or the metadata server.
    var found =
        GoogleCredentials.getApplicationDefault()
            .createScoped("https://www.googleapis.com/auth/cloud-platform");
    var credentials =
        CompositeChannelCredentials.create(
            TlsChannelCredentials.create(), MoreCallCredentials.from(found));
    var channel = Grpc.newChannelBuilder(arguments[0], credentials).build();
    var executions = ExecutionsGrpc.newBlockingStub(channel);
    var started =
        executions.createExecution(
            CreateExecutionRequest.newBuilder()
                .setParent("projects/local/locations/us-central1/workflows/hello")
                .setExecution(Execution.newBuilder().setArgument("{\"name\": \"Ada\"}"))
                .build());
    var ended =
        executions.waitExecution(
            WaitExecutionRequest.newBuilder().setName(started.getName()).build());
    System.out.println(ended.getResult());
    channel.shutdown();
  }
}
