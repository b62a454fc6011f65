package bus

import "context"

// Classify is what every method does to the errors of the client library.
func Classify(ctx context.Context, err error) error { return wrap(ctx, "test", "topic", 0, err) }
