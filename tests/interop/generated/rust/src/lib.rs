//! What build.rs generated.

tonic::include_proto!("protos");
