package bus

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/segmentio/kafka-go"
	"golang.org/x/sync/semaphore"
)

const (
	dialTimeout = 5 * time.Second
	// requestTimeout bounds one request and its answer. kafka-go tells the broker half of
	// it, which leaves the other half for the way.
	requestTimeout = 10 * time.Second
	// metadataTTL bounds how long a moved leader or a new topic stays unknown.
	metadataTTL = 5 * time.Second
)

// Config says where the log is and how much may be in flight to it.
type Config struct {
	// Brokers are host:port pairs of which at least one must answer.
	Brokers []string
	// ClientID names this process in the broker's logs and quotas; default "vigia".
	ClientID string
	// Dial opens connections; nil dials TCP. Host names are passed through unresolved.
	Dial DialFunc
	// TLS encrypts the connections; nil does not. The name of each broker is checked unless
	// ServerName is set.
	TLS *tls.Config
	// SASL is who we are for the brokers.
	SASL SASL
	// MaxBatchBytes is the largest message, and the largest batch, that is sent; default
	// 1,000,000. It must stay under message.max.bytes of the brokers (default 1,048,588).
	MaxBatchBytes int
	// MaxInFlightBytes bounds what Publish holds in memory for the brokers, all callers
	// together; default 64 MiB. Publish waits when it is reached.
	MaxInFlightBytes int64
}

// Validate reports every mistake in the configuration, each with the field's name.
func (c Config) Validate() error {
	var errs []error
	if len(c.Brokers) == 0 {
		errs = append(errs, errors.New("brokers: empty; give at least one host:port"))
	}
	for _, b := range c.Brokers {
		if _, port, err := net.SplitHostPort(b); err != nil || port == "" || strings.ContainsAny(b, ", /") {
			errs = append(errs, fmt.Errorf("brokers: %q is not host:port", b))
		}
	}
	if err := c.SASL.validate(); err != nil {
		errs = append(errs, err)
	}
	if c.MaxBatchBytes < 0 {
		errs = append(errs, errors.New("max_batch_bytes: negative"))
	}
	if c.MaxInFlightBytes < 0 {
		errs = append(errs, errors.New("max_in_flight_bytes: negative"))
	}
	return errors.Join(errs...)
}

// Client talks to one Kafka cluster. It is safe for concurrent use.
type Client struct {
	cfg     Config
	log     *slog.Logger
	metrics *metrics

	conns     *conns
	addr      net.Addr
	transport *kafka.Transport
	// api is for requests that the broker answers at once, waiting for those that it may
	// hold back (Fetch), whose time is bounded per call.
	api, waiting *kafka.Client
	writer       *kafka.Writer
	inFlight     *semaphore.Weighted

	mu     sync.Mutex
	closed bool
	groups map[*Group]struct{}
}

// New returns a client. It opens no connection: use [Client.Ping] to learn whether the
// brokers can be reached. Both log and reg may be nil.
func New(cfg Config, log *slog.Logger, reg prometheus.Registerer) (*Client, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("bus: configuration: %w", err)
	}
	cfg.ClientID = cmp.Or(cfg.ClientID, "vigia")
	cfg.MaxBatchBytes = cmp.Or(cfg.MaxBatchBytes, 1_000_000)
	cfg.MaxInFlightBytes = cmp.Or(cfg.MaxInFlightBytes, 64<<20)
	if cfg.Dial == nil {
		cfg.Dial = (&net.Dialer{Timeout: dialTimeout}).DialContext
	}
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	m, err := newMetrics(reg)
	if err != nil {
		return nil, fmt.Errorf("bus: metrics: %w", err)
	}
	c := &Client{
		cfg:      cfg,
		log:      log.With("component", "bus"),
		metrics:  m,
		conns:    newConns(cfg.Dial),
		addr:     kafka.TCP(cfg.Brokers...),
		inFlight: semaphore.NewWeighted(cfg.MaxInFlightBytes),
		groups:   make(map[*Group]struct{}),
	}
	c.transport = c.newTransport()
	c.api = &kafka.Client{Addr: c.addr, Transport: c.transport, Timeout: requestTimeout}
	c.waiting = &kafka.Client{Addr: c.addr, Transport: c.transport}
	c.writer = newWriter(c)
	return c, nil
}

// newTransport returns a transport that knows nothing of the cluster yet. Restricting it to
// topics keeps its metadata small.
func (c *Client) newTransport(topics ...string) *kafka.Transport {
	return &kafka.Transport{
		Dial:           c.conns.DialContext,
		DialTimeout:    dialTimeout,
		MetadataTTL:    metadataTTL,
		MetadataTopics: topics,
		ClientID:       c.cfg.ClientID,
		TLS:            c.cfg.TLS,
		SASL:           c.cfg.SASL.mechanism(),
	}
}

// Close leaves all groups, waits for messages that Publish has accepted, and closes every
// connection. Calls that are under way end with an error. When brokers hang, the wait can
// take as long as the retries of Publish, about 45 s. Closing twice does nothing.
func (c *Client) Close() error {
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return nil
	}
	c.closed = true
	groups := make([]*Group, 0, len(c.groups))
	for g := range c.groups {
		groups = append(groups, g)
	}
	c.mu.Unlock()

	var wg sync.WaitGroup
	for _, g := range groups {
		wg.Go(func() { _ = g.Close() })
	}
	wg.Wait()
	err := c.writer.Close()
	c.transport.CloseIdleConnections()
	c.conns.close()
	if err != nil {
		return fmt.Errorf("bus: close: %w", err)
	}
	return nil
}

// Ping asks the brokers who they are on a new connection. The error is a sentence for the
// person who set the address.
func (c *Client) Ping(ctx context.Context) error {
	start := time.Now()
	_, err := c.freshMetadata(ctx)
	if err != nil {
		err = wrap(ctx, "ping", "", -1, fmt.Errorf("cannot reach Kafka at %s: %w", strings.Join(c.cfg.Brokers, ", "), err))
		if e, ok := errors.AsType[*Error](err); ok && e.Hint == "" {
			e.Hint = c.reachHint()
		}
	}
	return c.metrics.observe("ping", start, err)
}

// freshMetadata asks for the cluster's layout past the cache of the shared transport, which
// may be seconds old. Without topics the answer has all of them.
func (c *Client) freshMetadata(ctx context.Context, topics ...string) (*kafka.MetadataResponse, error) {
	if c.isClosed() {
		return nil, ErrClosed
	}
	t := c.newTransport(topics...)
	defer t.CloseIdleConnections()
	k := &kafka.Client{Addr: c.addr, Transport: t, Timeout: requestTimeout}
	return k.Metadata(ctx, &kafka.MetadataRequest{Topics: topics})
}

func (c *Client) isClosed() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.closed
}

// call runs a request that may safely be sent twice. If the connection turns out to be dead
// it is sent once more at once: idle connections are ended by brokers and proxies as a
// matter of routine, and that is no news for the caller.
func call[T any](ctx context.Context, c *Client, f func() (T, error)) (T, error) {
	if c.isClosed() {
		var zero T
		return zero, ErrClosed
	}
	out, err := f()
	if err != nil && over(ctx) == nil && broken(err) && !c.isClosed() {
		out, err = f()
	}
	if err != nil && c.isClosed() {
		err = ErrClosed
	}
	if err != nil && over(ctx) == nil {
		err = c.explain(ctx, err)
	}
	return out, err
}

// explain replaces "topic not found" and "broker not available" by the reason why none is
// known: kafka-go says so too when it never reached a broker.
func (c *Client) explain(ctx context.Context, err error) error {
	e, ok := errors.AsType[*Error](wrap(ctx, "", "", -1, err))
	if !ok || !errors.Is(e, ErrUnknownTopic) && !errors.Is(e, kafka.BrokerNotAvailable) {
		return err
	}
	if _, metaErr := c.api.Metadata(ctx, &kafka.MetadataRequest{}); metaErr != nil {
		return metaErr
	}
	return err
}

// kafkaLog carries kafka-go's messages to slog. They name topics and errors, never keys or
// values, and repeat what callers get as errors, hence debug.
type kafkaLog struct{ log *slog.Logger }

func (l kafkaLog) Printf(format string, args ...any) {
	l.log.Debug(fmt.Sprintf(format, args...))
}
