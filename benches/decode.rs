//! How fast a COPY stream becomes record batches: framing alone, conversion alone, and both.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use failback::codec::BatchDecoder;
use failback::wire::{CopyDecoder, RowBuffer};

mod rows;

/// The server sends about this much at a time.
const CHUNK: usize = 64 * 1024;

fn frame(stream: &[u8], columns: usize, buffer: &mut RowBuffer) {
    let mut decoder = CopyDecoder::new(columns);
    for chunk in stream.chunks(CHUNK) {
        decoder.feed(chunk, buffer).expect("a good stream");
    }
    decoder.finish().expect("a whole stream");
}

fn decode(criterion: &mut Criterion) {
    for shape in rows::shapes() {
        let columns = shape.layout.columns.len();
        let mut group = criterion.benchmark_group(format!("decode/{}", shape.name));
        group.throughput(Throughput::ElementsAndBytes {
            elements: u64::from(rows::ROWS),
            bytes: shape.stream.len().try_into().expect("a small stream"),
        });
        let mut buffer = RowBuffer::new(columns);
        group.bench_function("frame", |bencher| {
            bencher.iter(|| {
                buffer.clear();
                frame(black_box(&shape.stream), columns, &mut buffer);
            });
        });
        // A run that leaves out the bench above has an empty buffer.
        buffer.clear();
        frame(&shape.stream, columns, &mut buffer);
        let mut decoder = BatchDecoder::new(&shape.layout);
        group.bench_function("convert", |bencher| {
            bencher.iter(|| decoder.decode(black_box(&buffer)).expect("good values"));
        });
        group.bench_function("both", |bencher| {
            bencher.iter(|| {
                buffer.clear();
                frame(black_box(&shape.stream), columns, &mut buffer);
                decoder.decode(&buffer).expect("good values")
            });
        });
        group.finish();
    }
}

criterion_group!(benches, decode);
criterion_main!(benches);
