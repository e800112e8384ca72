"""Event files, which TensorBoard reads: records, the messages in them, and where they lie."""
