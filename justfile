# Short names for what a developer does daily. `just` lists them; every recipe is one command that can be typed as well.

# list the recipes
default:
    @just --list

# does it compile
check:
    cargo check --all-targets

# all tests
test *ARGS:
    cargo test {{ARGS}}

# format and lints, as CI has them
lint:
    cargo fmt --check
    cargo clippy --all-targets -- -D warnings

# the API documentation
doc:
    RUSTDOCFLAGS="-D warnings" cargo doc --no-deps

# replay one run of the simulation: just sim 4711
sim SEED:
    POSTRIDER_SIM_SEED={{SEED}} cargo test --test simulation every_seed -- --nocapture

# kill the real binary under a mixed load and hold it against the carriers' ledgers: just torture 1000 (about an hour)
torture KILLS="1000" SEED="7":
    POSTRIDER_KILLS={{KILLS}} POSTRIDER_SEED={{SEED}} cargo test --release --test torture -- --nocapture

# the micro benches, then the figures of docs/BENCHMARKS.md
bench:
    cargo bench
    cargo run --release -- bench

# the daemon with a simulated carrier, on a temporary database
demo:
    cargo run --release -- demo

# install the peers once (needs root for kannel and tshark), then run against them: just interop --only kannel
interop *ARGS:
    .ci/run tools
    cargo build
    python3 tests/interop/run.py {{ARGS}}

# everything that CI runs
ci:
    .ci/run
