use ringback_interop::ringback::v1 as ringback;
use ringback::executions_client::ExecutionsClient;
use tonic::{transport::Channel, Request};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let address = std::env::args().nth(1).ok_or("HOST:PORT is missing")?;
    let channel = Channel::from_shared(format!("http://{address}"))?.connect().await?;
    let token: tonic::metadata::AsciiMetadataValue =
        format!("Bearer {}", std::env::var("TOKEN")?).parse()?;
    let mut executions = ExecutionsClient::with_interceptor(channel, move |mut call: Request<()>| {
        call.metadata_mut().insert("authorization", token.clone());
        Ok(call)
    });
    let request = ringback::CreateExecutionRequest {
        parent: "projects/local/locations/us-central1/workflows/hello".into(),
        execution: Some(ringback::Execution {
            argument: r#"{"name": "Ada"}"#.into(),
            ..Default::default()
        }),
        ..Default::default()
    };
    let name = executions.create_execution(request).await?.into_inner().name;
    let request = ringback::WaitExecutionRequest { name, timeout: None };
    println!("{}", executions.wait_execution(request).await?.into_inner().result);
    Ok(())
}
