package example;

import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.Metadata;
import io.grpc.stub.MetadataUtils;
import ringback.v1.CreateExecutionRequest;
import ringback.v1.Execution;
import ringback.v1.ExecutionsGrpc;
import ringback.v1.WaitExecutionRequest;

public final class Shortest {
  public static void main(String[] arguments) {
    var token = new Metadata();
    var name = Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);
    token.put(name, "Bearer " + System.getenv("TOKEN"));
    var channel =
        Grpc.newChannelBuilder(arguments[0], InsecureChannelCredentials.create())
            .intercept(MetadataUtils.newAttachHeadersInterceptor(token))
            .build();
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
