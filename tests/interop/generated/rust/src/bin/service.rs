//! Takes orders over HTTP, and tells the workflow that sent one what came of it.
//!
//!     service HOST:PORT RINGBACK_URL

use std::{env, thread, time::Duration};

use axum::extract::{Json, State};
use axum::http::StatusCode;
use axum::routing::post;
use axum::Router;
use serde::Deserialize;
use serde_json::{json, Value};

#[derive(Deserialize)]
struct Order {
    number: i64,
    callback_url: String,
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let arguments: Vec<String> = env::args().collect();
    let trusted = format!("{}/v1/projects/", arguments[2]);
    let service = Router::new().route("/orders", post(take)).with_state(trusted);
    let listener = tokio::net::TcpListener::bind(&arguments[1]).await?;
    axum::serve(listener, service).await
}

/// Answers at once, and works on the order then.
async fn take(State(trusted): State<String>, Json(order): Json<Order>) -> (StatusCode, String) {
    if !order.callback_url.starts_with(&trusted) {
        // The token is for this server's callbacks: nobody else is to see it.
        return (StatusCode::BAD_REQUEST, format!("callback_url must begin with {trusted}"));
    }
    thread::spawn(move || confirm(&order));
    (StatusCode::ACCEPTED, String::new())
}

/// Calls the workflow back; what did not get through is sent again, and counts once.
fn confirm(order: &Order) {
    for attempt in 1..=5 {
        match call_back(order) {
            Ok(()) => return,
            Err(error) => eprintln!("{error}"),
        }
        thread::sleep(Duration::from_secs(attempt));
    }
}

fn call_back(order: &Order) -> Result<(), ureq::Error> {
    ureq::post(&order.callback_url)
        .header("Authorization", format!("Bearer {}", token()?))
        .header("Idempotency-Key", format!("shipped-{}", order.number))
        .send_json(json!({"order": order.number, "shipped_by": "rust"}))?;
    Ok(())
}

/// Asks the metadata server for a token, as libraries with Application Default Credentials do.
fn token() -> Result<String, ureq::Error> {
    let host = env::var("GCE_METADATA_HOST").unwrap_or("metadata.google.internal".into());
    let account = "computeMetadata/v1/instance/service-accounts/default";
    let mut answer = ureq::get(format!("http://{host}/{account}/token"))
        .header("Metadata-Flavor", "Google")
        .call()?;
    let token: Value = answer.body_mut().read_json()?;
    Ok(token["access_token"].as_str().unwrap_or_default().into())
}
