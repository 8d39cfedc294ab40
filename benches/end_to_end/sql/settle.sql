-- Statistics, visibility and a checkpoint, so that none of them falls into a measurement.
vacuum (analyze);
checkpoint;
