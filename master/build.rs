//! Rebuilds the crate when the built dashboard or the migrations change: both are compiled in, and the compiler only
//! notices files that it has seen before.

fn main() {
    // Cargo takes a path that does not exist as changed, every time. An empty folder means "not built" just as well;
    // where it cannot be made, the price is a rebuild.
    let _ = std::fs::create_dir_all("web/dist");
    println!("cargo:rerun-if-changed=web/dist");
    println!("cargo:rerun-if-changed=migrations");
}
