// Google's clients of Workflows for Java against Ringback.
//
// Arguments: an id for the workflow, and the URL of the server's HTTP port. The gRPC address is in
// RINGBACK_ADDRESS, credentials are where Google's libraries look for them.
import com.google.api.client.http.ByteArrayContent;
import com.google.api.client.http.GenericUrl;
import com.google.api.client.http.HttpRequestFactory;
import com.google.api.client.http.javanet.NetHttpTransport;
import com.google.api.gax.core.NoCredentialsProvider;
import com.google.api.gax.grpc.InstantiatingGrpcChannelProvider;
import com.google.api.gax.rpc.ApiException;
import com.google.api.gax.rpc.FixedHeaderProvider;
import com.google.api.gax.rpc.StubSettings;
import com.google.auth.http.HttpCredentialsAdapter;
import com.google.auth.oauth2.GoogleCredentials;
import com.google.cloud.location.GetLocationRequest;
import com.google.cloud.location.ListLocationsRequest;
import com.google.cloud.location.Location;
import com.google.cloud.workflows.executions.v1.Execution;
import com.google.cloud.workflows.executions.v1.ExecutionView;
import com.google.cloud.workflows.executions.v1.ExecutionsClient;
import com.google.cloud.workflows.executions.v1.ExecutionsSettings;
import com.google.cloud.workflows.executions.v1.ListExecutionsRequest;
import com.google.cloud.workflows.v1.GetWorkflowRequest;
import com.google.cloud.workflows.v1.ListWorkflowRevisionsRequest;
import com.google.cloud.workflows.v1.ListWorkflowsRequest;
import com.google.cloud.workflows.v1.Workflow;
import com.google.cloud.workflows.v1.WorkflowsClient;
import com.google.cloud.workflows.v1.WorkflowsSettings;
import com.google.gson.Gson;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.google.longrunning.Operation;
import com.google.protobuf.FieldMask;
import com.google.rpc.BadRequest;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;

/** Does all that the clients can, and prints what it saw. */
public final class Client {
  static final String PARENT = "projects/local/locations/us-central1";
  static final String FIRST = "main:\n  steps:\n    - finish:\n        return: first\n";
  static final String SOURCE =
      """
      main:
        params: [order]
        steps:
          - check:
              switch:
                - condition: ${order.number < 1}
                  raise: {code: 7, message: no such order}
          - ask:
              call: events.create_callback_endpoint
              args: {http_callback_method: POST}
              result: endpoint
          - wait:
              call: events.await_callback
              args: {callback: "${endpoint}", timeout: 300}
              result: answer
          - finish:
              return: {order: "${order.number}", approved: "${answer.http_request.body.approved}"}
      """;

  private final WorkflowsClient workflows;
  private final ExecutionsClient executions;
  private final HttpRequestFactory http;
  private final String url;
  private final Map<String, Object> seen = new LinkedHashMap<>();

  private Client(GoogleCredentials credentials, String url) throws Exception {
    String[] parts = System.getenv("RINGBACK_ADDRESS").split("://");
    WorkflowsSettings.Builder forWorkflows = WorkflowsSettings.newBuilder();
    ExecutionsSettings.Builder forExecutions = ExecutionsSettings.newBuilder();
    forWorkflows.setEndpoint(parts[1]);
    forExecutions.setEndpoint(parts[1]);
    if (parts[0].equals("http")) {
      // gRPC refuses to send credentials in plaintext, so the token goes along as a header.
      String bearer = "Bearer " + credentials.refreshAccessToken().getTokenValue();
      plaintext(forWorkflows.getStubSettingsBuilder(), bearer);
      plaintext(forExecutions.getStubSettingsBuilder(), bearer);
    }
    this.workflows = WorkflowsClient.create(forWorkflows.build());
    this.executions = ExecutionsClient.create(forExecutions.build());
    this.http =
        new NetHttpTransport().createRequestFactory(new HttpCredentialsAdapter(credentials));
    this.url = url;
  }

  private static void plaintext(StubSettings.Builder<?, ?> settings, String bearer) {
    settings.setTransportChannelProvider(
        InstantiatingGrpcChannelProvider.newBuilder()
            .setChannelConfigurator(builder -> builder.usePlaintext())
            .build());
    settings.setCredentialsProvider(NoCredentialsProvider.create());
    settings.setHeaderProvider(FixedHeaderProvider.create("authorization", bearer));
  }

  /** Deploys twice, and looks at what there is then; returns the workflow's name. */
  private String deploy(String id) throws Exception {
    Workflow definition =
        Workflow.newBuilder().setSourceContents(FIRST).putLabels("team", "blue").build();
    var operation = workflows.createWorkflowAsync(PARENT, definition, id);
    Workflow workflow = operation.get();
    String name = workflow.getName();
    String revision = workflow.getRevisionId();
    String verb = operation.getMetadata().get().getVerb();
    seen.put(
        "created", List.of(name, workflow.getState().name(), revision.substring(0, 6), verb));
    Workflow changed =
        workflow.toBuilder().setSourceContents(SOURCE).putLabels("team", "red").build();
    FieldMask mask =
        FieldMask.newBuilder().addPaths("source_contents").addPaths("labels").build();
    workflow = workflows.updateWorkflowAsync(changed, mask).get();
    seen.put(
        "updated", List.of(workflow.getRevisionId().substring(0, 6), workflow.getLabelsMap()));
    Workflow old =
        workflows.getWorkflow(
            GetWorkflowRequest.newBuilder().setName(name).setRevisionId(revision).build());
    seen.put("old", old.getSourceContents().equals(FIRST));
    List<String> revisions = new ArrayList<>();
    workflows
        .listWorkflowRevisions(
            ListWorkflowRevisionsRequest.newBuilder().setName(name).setPageSize(1).build())
        .iterateAll()
        .forEach(found -> revisions.add(found.getRevisionId().substring(0, 6)));
    seen.put("revisions", revisions);
    List<String> listed = new ArrayList<>();
    workflows
        .listWorkflows(ListWorkflowsRequest.newBuilder().setParent(PARENT).setPageSize(1).build())
        .iterateAll()
        .forEach(found -> listed.add(found.getName()));
    seen.put("listed", listed.contains(name));
    var operationsClient = workflows.getOperationsClient();
    Operation done = operationsClient.getOperation(operation.getName());
    List<String> operations = new ArrayList<>();
    operationsClient
        .listOperations(PARENT, "")
        .iterateAll()
        .forEach(found -> operations.add(found.getName()));
    seen.put("operations", List.of(done.getDone(), operations.contains(done.getName())));
    Location location =
        workflows.getLocation(GetLocationRequest.newBuilder().setName(PARENT).build());
    List<String> locations = new ArrayList<>();
    workflows
        .listLocations(ListLocationsRequest.newBuilder().setName("projects/local").build())
        .iterateAll()
        .forEach(found -> locations.add(found.getName()));
    seen.put(
        "locations", List.of(location.getLocationId(), locations.contains(location.getName())));
    return name;
  }

  /** Executes: once to the end, once to a failure, and once until it is cancelled. */
  private void run(String workflow) throws Exception {
    Execution execution = execute(workflow, "{\"number\": 9007199254740993}");
    seen.put("callback", answer(poll(execution, Client::waits)));
    execution = poll(execution, Client::ended);
    seen.put(
        "ended",
        List.of(execution.getState().name(), execution.getArgument(), execution.getResult()));
    execution = poll(execute(workflow, "{\"number\": 0}"), Client::ended);
    seen.put(
        "failed",
        List.of(
            execution.getState().name(),
            JsonParser.parseString(execution.getError().getPayload())));
    String name = execute(workflow, "{\"number\": 2}").getName();
    seen.put("cancelled", executions.cancelExecution(name).getState().name());
    seen.put("again", refused(() -> executions.cancelExecution(name)));
    ListExecutionsRequest request =
        ListExecutionsRequest.newBuilder()
            .setParent(workflow)
            .setPageSize(2)
            .setView(ExecutionView.FULL)
            .build();
    List<List<String>> pages = new ArrayList<>();
    for (var page : executions.listExecutions(request).iteratePages()) {
      List<String> arguments = new ArrayList<>();
      page.getValues().forEach(found -> arguments.add(found.getArgument()));
      pages.add(arguments);
    }
    seen.put("pages", pages);
    List<List<String>> basic = new ArrayList<>();
    executions
        .listExecutions(workflow)
        .iterateAll()
        .forEach(found -> basic.add(List.of(found.getState().name(), found.getArgument())));
    seen.put("basic", basic);
    List<String> filtered = new ArrayList<>();
    executions
        .listExecutions(
            request.toBuilder().setFilter("state!=\"FAILED\"").setOrderBy("createTime").build())
        .iterateAll()
        .forEach(found -> filtered.add(found.getArgument()));
    seen.put("filtered", filtered);
    seen.put("missing", refused(() -> executions.getExecution(workflow + "/executions/none")));
  }

  /** Starts an execution with an argument, which is JSON. */
  private Execution execute(String workflow, String argument) {
    return executions.createExecution(
        workflow, Execution.newBuilder().setArgument(argument).build());
  }

  /** Looks at an execution until it is as it should be. */
  private Execution poll(Execution execution, Predicate<Execution> until) throws Exception {
    while (!until.test(execution)) {
      Thread.sleep(100);
      execution = executions.getExecution(execution.getName());
    }
    return execution;
  }

  /** Tells whether an execution has come to its callback. */
  private static boolean waits(Execution execution) {
    return execution.getStatus().getCurrentStepsList().stream()
        .anyMatch(step -> step.getStep().equals("wait"));
  }

  /** Tells whether an execution is at its end. */
  private static boolean ended(Execution execution) {
    return execution.getState() != Execution.State.ACTIVE;
  }

  /** Sends the callback for which an execution waits; returns the HTTP status. */
  private int answer(Execution execution) throws Exception {
    GenericUrl callbacks = new GenericUrl(url + "/v1/" + execution.getName() + "/callbacks");
    String listed = http.buildGetRequest(callbacks).execute().parseAsString();
    JsonObject found = new Gson().fromJson(listed, JsonObject.class);
    String name =
        found.getAsJsonArray("callbacks").get(0).getAsJsonObject().get("name").getAsString();
    var body = ByteArrayContent.fromString("application/json", "{\"approved\": true}");
    GenericUrl endpoint = new GenericUrl(url + "/v1/" + name);
    return http.buildPostRequest(endpoint, body).execute().getStatusCode();
  }

  /** Returns what a call is refused with: the exception's type, and google.rpc's details. */
  private static List<Object> refused(Runnable call) {
    try {
      call.run();
    } catch (ApiException error) {
      BadRequest bad = error.getErrorDetails().getBadRequest();
      List<String> fields = new ArrayList<>();
      if (bad != null) {
        bad.getFieldViolationsList().forEach(violation -> fields.add(violation.getField()));
      }
      String type = error.getClass().getSimpleName();
      return List.of(type, error.getStatusCode().getCode().name(), error.getReason(), fields);
    }
    throw new AssertionError("the call was not refused");
  }

  private void all(String id) throws Exception {
    String workflow = deploy(id);
    run(workflow);
    Workflow definition = Workflow.newBuilder().setSourceContents(FIRST).build();
    seen.put(
        "invalid",
        refused(
            () ->
                workflows
                    .createWorkflowCallable()
                    .call(
                        com.google.cloud.workflows.v1.CreateWorkflowRequest.newBuilder()
                            .setParent(PARENT)
                            .setWorkflowId("1")
                            .setWorkflow(definition)
                            .build())));
    workflows.deleteWorkflowAsync(workflow).get();
    seen.put("deleted", refused(() -> workflows.getWorkflow(workflow)));
    System.out.println(new Gson().toJson(seen));
    workflows.close();
    executions.close();
  }

  /** Starts the program. */
  public static void main(String[] arguments) throws Exception {
    GoogleCredentials credentials =
        GoogleCredentials.getApplicationDefault()
            .createScoped("https://www.googleapis.com/auth/cloud-platform");
    new Client(credentials, arguments[1]).all(arguments[0]);
  }
}
