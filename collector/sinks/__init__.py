"""Where batches go: one file a kind of destination, all of one shape (`sinks.sink.Sink`)."""
