package bus

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
)

// Decisions that callers take; test with errors.Is.
var (
	// ErrTooLarge: a message, or a batch for Produce, is larger than the log takes.
	// errors.As to *[TooLargeError] names which. Sending it again cannot help.
	ErrTooLarge = errors.New("message too large")
	// ErrOffsetOutOfRange: the log does not hold the offset. errors.As to
	// *[OutOfRangeError] has the bounds.
	ErrOffsetOutOfRange = errors.New("offset out of range")
	// ErrStaleGeneration: the group has moved on; this member's assignment is over and its
	// commit was refused.
	ErrStaleGeneration = errors.New("group generation is over")
	// ErrUnknownTopic: the topic or the partition does not exist (or is not known to the
	// brokers yet, which is why it is retryable).
	ErrUnknownTopic = errors.New("unknown topic or partition")
	// ErrClosed: the client or the group was closed.
	ErrClosed = errors.New("bus is closed")
)

// Error is what every method of the package returns, wrapped around its cause.
type Error struct {
	// Op is the method, in lower case: "fetch", "publish", …
	Op string
	// Topic and Partition say where; Partition is -1 where none applies.
	Topic     string
	Partition int32
	// Retryable means that the same call may succeed later. For Publish and Produce the
	// messages may already be in the log.
	Retryable bool
	// Hint is the next step for a person, or empty.
	Hint string
	Err  error
}

func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("bus: ")
	b.WriteString(e.Op)
	if e.Topic != "" {
		b.WriteString(" " + e.Topic)
		if e.Partition >= 0 {
			fmt.Fprintf(&b, "/%d", e.Partition)
		}
	}
	fmt.Fprintf(&b, ": %v", e.Err)
	if e.Hint != "" {
		b.WriteString("; " + e.Hint)
	}
	return b.String()
}

func (e *Error) Unwrap() error { return e.Err }

// Retryable reports whether err, returned by this package, may go away by itself: a broker
// restarts, a leader moves, a connection breaks, a time-out passes.
func Retryable(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.Retryable
}

// TooLargeError names what was too large. It matches ErrTooLarge.
type TooLargeError struct {
	// Index is the position in the slice that was passed, or -1 for the slice as a whole.
	Index int
	// Size is what the message or batch takes in bytes (an upper bound), Limit what is
	// allowed. Size is 0 when the broker refused and did not say.
	Size, Limit int
}

func (e *TooLargeError) Error() string {
	what := fmt.Sprintf("message %d", e.Index)
	if e.Index < 0 {
		what = "the batch"
	}
	if e.Size == 0 {
		return what + " is larger than the broker takes"
	}
	return fmt.Sprintf("%s takes up to %d bytes, the limit is %d", what, e.Size, e.Limit)
}

// Is makes errors.Is(err, ErrTooLarge) true.
func (e *TooLargeError) Is(target error) bool { return target == ErrTooLarge }

// OutOfRangeError says which offsets the partition holds instead. It matches
// ErrOffsetOutOfRange.
type OutOfRangeError struct {
	// Offset was asked for; LogStart is the oldest that can be read, LogEnd the one that
	// the next record will get. LogStart ≤ Offset ≤ LogEnd would have been in range.
	Offset, LogStart, LogEnd int64
}

func (e *OutOfRangeError) Error() string {
	why := "records below the start were deleted"
	if e.Offset > e.LogEnd {
		why = "the log ends before it: was the topic deleted and created again?"
	}
	return fmt.Sprintf("offset %d is outside the log [%d,%d]: %s", e.Offset, e.LogStart, e.LogEnd, why)
}

// Is makes errors.Is(err, ErrOffsetOutOfRange) true.
func (e *OutOfRangeError) Is(target error) bool { return target == ErrOffsetOutOfRange }

// wrap turns a cause into *Error and classifies it. A nil cause stays nil.
func wrap(ctx context.Context, op, topic string, partition int32, err error) error {
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	e := &Error{Op: op, Topic: topic, Partition: partition, Err: plain(err)}
	code, isCode := errors.AsType[kafka.Error](err)
	switch {
	case errors.Is(err, ErrClosed):
		e.Err = ErrClosed
	case over(ctx) != nil:
		// The caller's own time ran out. Cancelled means "stop"; a deadline means "later".
		e.Err = over(ctx)
		e.Retryable = errors.Is(e.Err, context.DeadlineExceeded)
	case errors.Is(err, protocol.ErrNoTopic), errors.Is(err, protocol.ErrNoPartition),
		isCode && code == kafka.UnknownTopicOrPartition:
		e.Err = ErrUnknownTopic
		e.Retryable = true
		e.Hint = "create it with `vigia topics create`, or wait a few seconds if it was created just now"
	case isCode:
		classifyCode(e, code)
	default:
		e.Retryable = errors.Is(err, protocol.ErrNoLeader) || transient(err)
	}
	return e
}

// plain takes off the library's method names, which say nothing to a reader.
func plain(err error) error {
	for strings.HasPrefix(err.Error(), "kafka.(*Client)") && errors.Unwrap(err) != nil {
		err = errors.Unwrap(err)
	}
	return err
}

// over returns why ctx has ended. Connections carry the context's deadline and may notice it a
// moment before the context does.
func over(ctx context.Context) error {
	if d, ok := ctx.Deadline(); ok && time.Until(d) <= 0 {
		return cmp.Or(ctx.Err(), context.DeadlineExceeded)
	}
	return ctx.Err()
}

func classifyCode(e *Error, code kafka.Error) {
	switch code {
	case kafka.MessageSizeTooLarge, kafka.RecordListTooLarge:
		e.Err = &TooLargeError{Index: -1}
		e.Hint = "raise max.message.bytes of the topic or lower the configured limit"
	case kafka.IllegalGeneration, kafka.UnknownMemberId, kafka.RebalanceInProgress, kafka.FencedInstanceID:
		e.Err = fmt.Errorf("%w (%s)", ErrStaleGeneration, code.Title())
	case kafka.TopicAuthorizationFailed, kafka.GroupAuthorizationFailed, kafka.ClusterAuthorizationFailed:
		e.Hint = "grant the access in the broker's ACLs"
	case kafka.SASLAuthenticationFailed:
		e.Hint = "check the user name and password in kafka.sasl, and that the broker knows this user for this mechanism"
	case kafka.UnsupportedSASLMechanism:
		e.Hint = "choose a mechanism in kafka.sasl that the broker has enabled (sasl.enabled.mechanisms)"
	case kafka.Unknown, kafka.BrokerNotAvailable, kafka.ReplicaNotAvailable:
		// Not "retriable" in the protocol's table, yet what a broker says while it starts,
		// stops or has a full disk.
		e.Retryable = true
	default:
		e.Retryable = code.Temporary()
	}
}

// transient reports whether err is a broken or slow connection. What is neither known here
// nor an error code of the broker (a checksum that does not match, an answer that cannot be
// read) is not: it would come back for ever.
func transient(err error) bool {
	if netErr, ok := errors.AsType[net.Error](err); ok && netErr != nil {
		return true
	}
	return broken(err) || errors.Is(err, context.DeadlineExceeded)
}

// broken reports whether the connection died, as idle connections do when a broker, a
// proxy or a credential's life ends.
func broken(err error) bool {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, io.ErrClosedPipe) || errors.Is(err, net.ErrClosed) {
		return true
	}
	op, ok := errors.AsType[*net.OpError](err)
	return ok && !op.Timeout()
}
