package example;

import com.google.gson.Gson;
import com.google.gson.JsonParser;
import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.rpc.ErrorInfo;
import io.grpc.Channel;
import io.grpc.ClientInterceptors;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import io.grpc.stub.MetadataUtils;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import ringback.v1.CallbacksGrpc;
import ringback.v1.CreateExecutionRequest;
import ringback.v1.CreateWorkflowRequest;
import ringback.v1.Execution;
import ringback.v1.ExecutionsGrpc;
import ringback.v1.GetExecutionRequest;
import ringback.v1.Operation;
import ringback.v1.OperationsGrpc;
import ringback.v1.SendCallbackRequest;
import ringback.v1.UpdateWorkflowRequest;
import ringback.v1.WaitOperationRequest;
import ringback.v1.WatchExecutionRequest;
import ringback.v1.WatchExecutionResponse;
import ringback.v1.Workflow;
import ringback.v1.WorkflowsGrpc;

/**
 * Deploys a workflow, starts it, answers its callback and prints its result.
 *
 * <p>TOKEN=… java example.Callback HOST:PORT DEFINITION
 */
public final class Callback {
  private static final String PARENT = "projects/local/locations/us-central1";
  private static final String WORKFLOW = PARENT + "/workflows/approval-java";

  private final Channel channel;

  private Callback(Channel channel) {
    this.channel = channel;
  }

  public static void main(String[] arguments) throws Exception {
    var plain = Grpc.newChannelBuilder(arguments[0], InsecureChannelCredentials.create()).build();
    var token = new Metadata();
    token.put(
        Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER),
        "Bearer " + System.getenv("TOKEN"));
    var withToken = MetadataUtils.newAttachHeadersInterceptor(token);
    var program = new Callback(ClientInterceptors.intercept(plain, withToken));

    program.deploy(Files.readString(Path.of(arguments[1])));
    Execution ended = program.approve();
    var output = new LinkedHashMap<String, Object>();
    output.put("state", ended.getState().name());
    output.put("result", JsonParser.parseString(ended.getResult()));
    output.put("refusal", program.refusal());
    System.out.println(new Gson().toJson(output));
    plain.shutdown();
  }

  /** Creates the workflow, or changes the one that is there. */
  private void deploy(String source) {
    var workflows = WorkflowsGrpc.newBlockingStub(channel);
    var workflow = Workflow.newBuilder().setSourceContents(source);
    Operation operation;
    try {
      operation =
          workflows.createWorkflow(
              CreateWorkflowRequest.newBuilder()
                  .setParent(PARENT)
                  .setWorkflowId("approval-java")
                  .setWorkflow(workflow)
                  .build());
    } catch (StatusRuntimeException refused) {
      if (refused.getStatus().getCode() != Status.Code.ALREADY_EXISTS) {
        throw refused;
      }
      workflow.setName(WORKFLOW);
      operation =
          workflows.updateWorkflow(
              UpdateWorkflowRequest.newBuilder().setWorkflow(workflow).build());
    }
    while (!operation.getDone()) {
      operation =
          OperationsGrpc.newBlockingStub(channel)
              .waitOperation(
                  WaitOperationRequest.newBuilder().setName(operation.getName()).build());
    }
    if (operation.hasError()) {
      throw StatusProto.toStatusRuntimeException(operation.getError());
    }
  }

  /** Starts an execution, answers its callback and returns it once it has ended. */
  private Execution approve() {
    var executions = ExecutionsGrpc.newBlockingStub(channel);
    Execution execution =
        executions.createExecution(
            CreateExecutionRequest.newBuilder()
                .setParent(WORKFLOW)
                .setExecution(Execution.newBuilder().setArgument("{\"number\": 17}"))
                .build());
    var watch =
        executions.watchExecution(
            WatchExecutionRequest.newBuilder().setName(execution.getName()).build());
    boolean answered = false;
    while (watch.hasNext()) {
      WatchExecutionResponse seen = watch.next();
      execution = seen.getExecution();
      if (answered || seen.getCallbacksCount() == 0) {
        continue;
      }
      CallbacksGrpc.newBlockingStub(channel)
          .sendCallback(
              SendCallbackRequest.newBuilder()
                  .setName(seen.getCallbacks(0).getName())
                  .putHeaders("X-Reviewer", "Ada")
                  .setContentType("application/json")
                  .setBody(ByteString.copyFromUtf8("{\"approved\": true}"))
                  .setRequestId("decision-17")
                  .build());
      answered = true;
    }
    return execution;
  }

  /** Asks for an execution that is not there, and returns how the error arrives. */
  private Map<String, String> refusal() throws InvalidProtocolBufferException {
    try {
      ExecutionsGrpc.newBlockingStub(channel)
          .getExecution(
              GetExecutionRequest.newBuilder().setName(WORKFLOW + "/executions/unknown").build());
    } catch (StatusRuntimeException refused) {
      var seen = new LinkedHashMap<String, String>();
      seen.put("code", refused.getStatus().getCode().name());
      seen.put("message", refused.getStatus().getDescription());
      for (var detail : StatusProto.fromThrowable(refused).getDetailsList()) {
        if (detail.is(ErrorInfo.class)) {
          seen.put("reason", detail.unpack(ErrorInfo.class).getReason());
        }
      }
      return seen;
    }
    throw new IllegalStateException("there is no such execution");
  }
}
