# In a folder with Cargo.toml, build.rs, src/, and the protos in protos/.
cargo build
