//! How fast record batches become tuples of binary COPY.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use failback::codec::{BatchDecoder, BatchEncoder};
use failback::wire::{CopyDecoder, RowBuffer};

mod rows;

fn encode(criterion: &mut Criterion) {
    for shape in rows::shapes() {
        let columns = shape.layout.columns.len();
        let mut buffer = RowBuffer::new(columns);
        CopyDecoder::new(columns).feed(&shape.stream, &mut buffer).expect("a good stream");
        let batch = BatchDecoder::new(&shape.layout).decode(&buffer).expect("good values");
        let encoder = BatchEncoder::new(&shape.layout);
        let mut out = Vec::new();
        let mut group = criterion.benchmark_group("encode");
        group.throughput(Throughput::ElementsAndBytes {
            elements: u64::from(rows::ROWS),
            bytes: shape.stream.len().try_into().expect("a small stream"),
        });
        group.bench_function(&shape.name, |bencher| {
            bencher.iter(|| {
                out.clear();
                encoder.encode(black_box(&batch), &mut out).expect("good values");
            });
        });
        group.finish();
    }
}

criterion_group!(benches, encode);
criterion_main!(benches);
