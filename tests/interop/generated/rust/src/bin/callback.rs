//! Deploys a workflow, starts it, answers its callback and prints its result.
//!
//!     TOKEN=… callback HOST:PORT DEFINITION

use ringback_interop::ringback::v1 as ringback;
use ringback::callbacks_client::CallbacksClient;
use ringback::executions_client::ExecutionsClient;
use ringback::operations_client::OperationsClient;
use ringback::workflow::SourceCode;
use ringback::workflows_client::WorkflowsClient;
use serde_json::{json, Value};
use tonic::metadata::AsciiMetadataValue;
use tonic::service::interceptor::InterceptedService;
use tonic::service::Interceptor;
use tonic::transport::Channel;
use tonic::{Code, Request, Status};
use tonic_types::StatusExt;

const PARENT: &str = "projects/local/locations/us-central1";
const WORKFLOW: &str = "projects/local/locations/us-central1/workflows/approval-rust";

type Failure = Box<dyn std::error::Error>;
type Calls = InterceptedService<Channel, Token>;

/// Adds the token to each call.
#[derive(Clone)]
struct Token(AsciiMetadataValue);

impl Interceptor for Token {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        request.metadata_mut().insert("authorization", self.0.clone());
        Ok(request)
    }
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().collect();
    let source = std::fs::read_to_string(&arguments[2])?;
    let channel = Channel::from_shared(format!("http://{}", arguments[1]))?.connect().await?;
    let token = Token(format!("Bearer {}", std::env::var("TOKEN")?).parse()?);
    let calls = InterceptedService::new(channel, token);

    deploy(&calls, source).await?;
    let ended = approve(&calls).await?;
    let output = json!({
        "state": ended.state().as_str_name(),
        "result": serde_json::from_str::<Value>(&ended.result)?,
        "refusal": refusal(&calls).await,
    });
    println!("{output}");
    Ok(())
}

/// Creates the workflow, or changes the one that is there.
async fn deploy(calls: &Calls, source: String) -> Result<(), Failure> {
    let mut workflows = WorkflowsClient::new(calls.clone());
    let mut workflow = ringback::Workflow {
        source_code: Some(SourceCode::SourceContents(source)),
        ..Default::default()
    };
    let creation = ringback::CreateWorkflowRequest {
        parent: PARENT.into(),
        workflow_id: "approval-rust".into(),
        workflow: Some(workflow.clone()),
        ..Default::default()
    };
    let answer = match workflows.create_workflow(creation).await {
        Err(refused) if refused.code() == Code::AlreadyExists => {
            workflow.name = WORKFLOW.into();
            let change = ringback::UpdateWorkflowRequest {
                workflow: Some(workflow),
                ..Default::default()
            };
            workflows.update_workflow(change).await
        }
        other => other,
    };
    let mut operation = answer?.into_inner();
    while !operation.done {
        let request = ringback::WaitOperationRequest { name: operation.name, timeout: None };
        operation = OperationsClient::new(calls.clone()).wait_operation(request).await?.into_inner();
    }
    match operation.result {
        Some(ringback::operation::Result::Error(error)) => Err(error.message.into()),
        _ => Ok(()),
    }
}

/// Starts an execution, answers its callback and returns it once it has ended.
async fn approve(calls: &Calls) -> Result<ringback::Execution, Failure> {
    let mut executions = ExecutionsClient::new(calls.clone());
    let start = ringback::CreateExecutionRequest {
        parent: WORKFLOW.into(),
        execution: Some(ringback::Execution {
            argument: r#"{"number": 17}"#.into(),
            ..Default::default()
        }),
        ..Default::default()
    };
    let mut execution = executions.create_execution(start).await?.into_inner();
    let request = ringback::WatchExecutionRequest {
        name: execution.name.clone(),
        ..Default::default()
    };
    let mut watch = executions.watch_execution(request).await?.into_inner();
    let mut answered = false;
    while let Some(seen) = watch.message().await? {
        execution = seen.execution.unwrap_or_default();
        let Some(callback) = seen.callbacks.first().filter(|_| !answered) else {
            continue;
        };
        let decision = ringback::SendCallbackRequest {
            name: callback.name.clone(),
            headers: [("X-Reviewer".into(), "Ada".into())].into(),
            content_type: "application/json".into(),
            body: br#"{"approved": true}"#.to_vec(),
            request_id: "decision-17".into(),
            ..Default::default()
        };
        CallbacksClient::new(calls.clone()).send_callback(decision).await?;
        answered = true;
    }
    Ok(execution)
}

/// Asks for an execution that is not there, and returns how the error arrives.
async fn refusal(calls: &Calls) -> Value {
    let request = ringback::GetExecutionRequest {
        name: format!("{WORKFLOW}/executions/unknown"),
        ..Default::default()
    };
    match ExecutionsClient::new(calls.clone()).get_execution(request).await {
        Ok(_) => Value::Null,
        Err(refused) => json!({
            "code": format!("{:?}", refused.code()),
            "message": refused.message(),
            "reason": refused.get_details_error_info().map(|info| info.reason),
        }),
    }
}
