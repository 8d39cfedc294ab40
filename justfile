# The commands of every day; `just` lists them. CONTRIBUTING.md says more about each.

_list:
    @{{ just_executable() }} --list --unsorted

# Build the program people run every day
build:
    cargo build --release

# Build the small program to hand out, target/dist/failback
dist:
    cargo build --profile dist

# Run all tests; they start PostgreSQL servers themselves
test:
    cargo test

# Run the tests whose names contain NAME
one NAME:
    cargo test --test it -- {{ NAME }}

# Formatting, lints, and what stands below failback
lint:
    cargo fmt --check
    cargo clippy --all-targets -- --deny warnings
    cargo deny --locked check licenses bans sources

# Measure everything beside other tools; SCALE is tiny, small or full
bench SCALE="small":
    cargo bench --bench end_to_end -- --scale {{ SCALE }}

# Play the incident on throwaway servers, and recover from it
demo:
    cargo run --release -- demo --undo

# Build the library's documentation and open it
docs:
    cargo doc --no-deps --open

# What must hold before a change is taken
ci:
    .ci/run
