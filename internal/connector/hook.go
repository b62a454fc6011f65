package connector

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"io"
	"net/http"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/time/rate"

	"github.com/vigia-cx/vigia/internal/event"
)

// HooksPath is where [Hooks] belongs: everything below it.
const HooksPath = "/hooks/v1/"

const (
	// hookTimeout is how long a vendor may take to send its body; their senders are fast, and whoever is slow holds memory before we know who it is.
	hookTimeout = 5 * time.Second
	// What is read before anything is proved is bounded: maxReading bodies at the same time of up to smallBody bytes, and of those that are larger only maxLarge.
	maxReading = 2048
	smallBody  = 16 << 10
	maxLarge   = 16
	// moreInFlight is how many deliveries may wait for the log where one request to ingest may: they are small and come one event at a time, and a hiccup of the log of a second or
	// two should not have the vendor come again minutes later.
	moreInFlight = 8
	// maxChallenge bounds what a handshake may have us repeat.
	maxChallenge = 512
	// quiet is how often one source's trouble is logged.
	quiet = time.Minute
)

// Hooks is the endpoint that vendors call: POST and GET /hooks/v1/{channel}/{source}, and POST …/resolve for operators of threadless channels. [Handler.Hooks] returns it.
//
// Work is ordered by what is proved: a request without a signature is refused unread, bodies are read into a bounded space of their own, the signature is verified before anything is
// looked at, and only then a request takes a place among those that wait for the log. A source that does not exist answers like a wrong signature.
type Hooks struct {
	h        *Handler
	metrics  *hookMetrics
	reading  chan struct{} // bodies of strangers
	large    chan struct{} // those that grow large
	inFlight chan struct{} // deliveries that are proved
	decoy    *hook
}

// WithChannels makes channels known.
func WithChannels(channels ...Channel) Option {
	return func(h *Handler) { h.channels = append(h.channels, channels...) }
}

// Hooks returns the endpoint for [HooksPath].
func (h *Handler) Hooks() *Hooks { return h.hooks }

func newHooks(h *Handler, reg prometheus.Registerer) (*Hooks, error) {
	m, err := newHookMetrics(h.channels, reg)
	if err != nil {
		return nil, err
	}
	return &Hooks{h: h, metrics: m, reading: make(chan struct{}, maxReading), large: make(chan struct{}, maxLarge), inFlight: make(chan struct{}, moreInFlight*h.cfg.MaxInFlight),
		decoy: &hook{secrets: []Secret{randomSecret()}, verifyToken: randomSecret()}}, nil
}

func randomSecret() Secret {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails
	return Secret(hex.EncodeToString(b[:]))
}

// expect makes the metrics of the configured sources known.
func (k *Hooks) expect(d *directory) {
	for key := range d.hooks {
		k.metrics.last.WithLabelValues(key.channel, key.name)
	}
}

// ServeHTTP answers one request below [HooksPath].
func (k *Hooks) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	id := requestID()
	w.Header().Set("X-Request-Id", id)
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(min(hookTimeout, k.h.cfg.ReadTimeout)))
	channel, name, verb, p := k.route(r.URL.Path)
	label := unknownChannel
	var ids []string
	if p == nil {
		label = channel.Name()
		handshaker, shakes := channel.(Handshaker)
		switch {
		case verb == "" && r.Method == http.MethodGet && shakes:
			var answer string
			if answer, p = k.handshake(r, handshaker, k.find(channel, name)); p == nil {
				k.metrics.requests.WithLabelValues(label, "200").Inc()
				writeText(w, answer)
				return
			}
		case r.Method != http.MethodPost:
			p = wrongMethod.because("Deliveries come with POST.")
			p.Allow = allowed(shakes && verb == "")
		case verb == "resolve":
			ids, p = k.resolve(w, r, channel, k.find(channel, name))
		default:
			ids, p = k.deliver(w, r, channel, k.find(channel, name))
		}
	}
	if p == nil {
		k.metrics.requests.WithLabelValues(label, "200").Inc()
		writeAccepted(w, ids)
		return
	}
	k.metrics.requests.WithLabelValues(label, strconv.Itoa(p.Status)).Inc()
	k.metrics.rejected.WithLabelValues(label, p.kind.reason()).Inc()
	p.write(w, id)
}

func allowed(get bool) string {
	if get {
		return "GET, POST"
	}
	return http.MethodPost
}

// route takes a path apart.
func (k *Hooks) route(path string) (channel Channel, name, verb string, p *problem) {
	parts := strings.Split(strings.TrimPrefix(path, HooksPath), "/")
	if len(parts) == 2 || len(parts) == 3 && parts[2] == "resolve" {
		channel = channelOf(k.h.channels, parts[0])
	}
	if channel == nil {
		return nil, "", "", notFound.because("Webhooks are at %s{channel}/{source}; the channels here are: %s.", HooksPath, channelNames(k.h.channels))
	}
	if len(parts) == 3 {
		verb = parts[2]
	}
	return channel, parts[1], verb, nil
}

// find returns the source, or the one that stands for all that do not exist.
func (k *Hooks) find(channel Channel, name string) *hook {
	if hook := k.h.dir.Load().hooks[hookKey{channel.Name(), name}]; hook != nil {
		return hook
	}
	return k.decoy
}

// handshake answers a vendor who asks whether the address is ours.
func (k *Hooks) handshake(r *http.Request, channel Handshaker, source *hook) (string, *problem) {
	answer, ok := channel.Handshake(r.URL.Query(), source.verifyToken)
	if !ok || source.tenant == nil || len(answer) > maxChallenge {
		return "", handshakeRefused.because("The verify token is not that of the source in the configuration.")
	}
	return answer, nil
}

// deliver takes a delivery: the ids of its events, or the problem.
func (k *Hooks) deliver(w http.ResponseWriter, r *http.Request, channel Channel, source *hook) ([]string, *problem) {
	body, p := k.prove(w, r, channel, source)
	if p != nil {
		return nil, p
	}
	select {
	case k.inFlight <- struct{}{}:
		defer func() { <-k.inFlight }()
	default:
		return nil, busy.because("The server is working on as many deliveries as it may; send it again.").after(retryBusy)
	}
	// The vendor may hang up; what it sent is then written all the same, and its next attempt has the same ids.
	return k.take(context.WithoutCancel(r.Context()), channel, source, body)
}

// prove reads a delivery within the bounds for strangers and returns its body when a secret of the source signed it.
func (k *Hooks) prove(w http.ResponseWriter, r *http.Request, channel Channel, source *hook) ([]byte, *problem) {
	verifier := channel.Verifier()
	if !verifier.Signed(r.Header) {
		hangUp(w)
		return nil, badSignature.because("The signature is missing or malformed.")
	}
	if e := r.Header.Get("Content-Encoding"); e != "" && !strings.EqualFold(e, "identity") {
		hangUp(w)
		return nil, unsupportedType.because("Signatures are over plain bodies; send it without Content-Encoding.")
	}
	crowded := busy.because("The server is reading as many requests as it may; send it again.").after(retryBusy)
	select {
	case k.reading <- struct{}{}:
		defer func() { <-k.reading }()
	default:
		hangUp(w)
		return nil, crowded
	}
	g := &gate{ReadCloser: r.Body, free: smallBody, places: k.large}
	defer g.leave() // not before the signature is known, for verifying costs with the length
	r.Body = g
	body, p := readRaw(w, r, channel.MaxBody(), hookTimeout)
	if p != nil {
		hangUp(w)
		if g.refused {
			p = crowded
		}
		return nil, p
	}
	proved := verifier.Verify(&Request{Method: r.Method, URL: r.URL, Header: r.Header, Body: body}, source.secrets)
	switch {
	case proved && source.tenant != nil:
		return body, nil
	case source.tenant != nil:
		source.refused.Do(func() {
			k.h.logger.Warn("a delivery was refused: no secret of the source fits its signature; if it is the vendor's, add the secret of the app that sends it",
				"channel", source.channel, "source", source.name, "tenant", source.tenant.name)
		})
	}
	return nil, badSignature.because("No secret fits the signature.")
}

// hangUp makes the answer go out although the body did not come whole: net/http would wait for the rest, and a stranger could make it wait.
func hangUp(w http.ResponseWriter) {
	_ = http.NewResponseController(w).SetReadDeadline(time.Now()) // writers without deadlines (in tests) have nothing to wait for
}

// gate lets a body pass up to a size, and beyond only while it holds a place.
type gate struct {
	io.ReadCloser
	free    int
	places  chan struct{}
	held    bool
	refused bool
}

func (g *gate) Read(p []byte) (int, error) {
	if g.held {
		return g.ReadCloser.Read(p)
	}
	if g.free <= 0 {
		select {
		case g.places <- struct{}{}:
			g.held = true
			return g.ReadCloser.Read(p)
		default:
			g.refused = true
			return 0, io.ErrUnexpectedEOF
		}
	}
	n, err := g.ReadCloser.Read(p[:min(len(p), g.free)])
	g.free -= n
	return n, err
}

func (g *gate) leave() {
	if g.held {
		<-g.places
	}
}

// decode is the channel's, and survives its defects.
func (k *Hooks) decode(channel Channel, source *hook, body []byte) (b Batch) {
	defer func() {
		if cause := recover(); cause != nil {
			k.h.logger.Error("BUG: a decoder panicked; the delivery became a dead letter", "channel", source.channel, "source", source.name, "stack", string(debug.Stack()))
			b = Batch{}
			b.Fault(WholeDelivery, event.ReasonPanic, "", "made the decoder panic: a defect of ours")
		}
	}()
	return channel.Decode(body, source.allows)
}

// spend takes n events out of a budget, and says how long it lasts until they fit.
func spend(l *rate.Limiter, n int, now time.Time) time.Duration {
	reservation := l.ReserveN(now, min(n, l.Burst()))
	wait := reservation.DelayFrom(now)
	if wait > 0 {
		reservation.CancelAt(now)
	}
	return wait
}

func writeText(w http.ResponseWriter, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = io.WriteString(w, text) // the client is gone; it will ask again
}
