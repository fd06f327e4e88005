# Everyday commands. `just` alone lists them.

set shell := ["bash", "-euo", "pipefail", "-c"]

# List the recipes.
default:
    @just --list

# What a reviewer expects to have been run: format, lints, tests, documentation, spelling, licences.
ready:
    cargo fmt --check
    cargo clippy --all-targets --locked -- -D warnings
    cargo test --locked
    RUSTDOCFLAGS="-D warnings" cargo doc --no-deps --locked
    typos
    cargo deny check

# Everything that the CI runs, from the installation of its tools on (Debian or Ubuntu).
ci:
    .ci/run

# Audit the practice shop. It is full of holes: exit code 1 is the right answer.
demo *arguments:
    cargo run --release --locked -- demo {{ arguments }}

# Audit this repository.
audit *arguments:
    cargo run --release --locked -- scan . {{ arguments }}

# Run every benchmark, or the one that is named.
bench *arguments:
    cargo bench --locked {{ arguments }}

# Fuzz one target (default: each of them) for some seconds.
fuzz seconds="60" target="":
    for target in $([ -n "{{ target }}" ] && echo "{{ target }}" || cargo fuzz list); do \
      cargo fuzz run -s none "$target" -- -len_control=0 -entropic=0 -max_total_time={{ seconds }} || exit 1; \
    done
