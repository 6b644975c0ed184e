//! Generates messages and clients from protos/ with the compiler that protoc-bin-vendored brings.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let includes = ["protos".into(), protoc_bin_vendored::include_path()?];
    let sources = ["workflows", "operations", "executions", "callbacks"]
        .map(|name| format!("protos/ringback/v1/{name}.proto").into());

    let mut compiler = tonic_prost_build::Config::new();
    compiler.protoc_executable(protoc_bin_vendored::protoc_bin_path()?);
    tonic_prost_build::configure()
        .build_server(false)
        .include_file("protos.rs")
        .compile_with_config(compiler, &sources, &includes)?;
    println!("cargo:rerun-if-changed=protos");
    Ok(())
}
