package connector

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/vigia-cx/vigia/internal/event"
)

const acceptedTypes = "application/json, application/x-ndjson, application/protobuf, application/cloudevents+json, application/cloudevents-batch+json"

// A gzip body may grow this many times; JSON of similar events shrinks to about a thirtieth. Small bodies may grow to the floor.
const (
	maxRatio   = 100
	ratioFloor = 64 << 10
)

// readBody returns the body of at most limit bytes, decompressed.
func (h *Handler) readBody(w http.ResponseWriter, r *http.Request, limit int64) ([]byte, *problem) {
	encoding := strings.ToLower(strings.TrimSpace(r.Header.Get("Content-Encoding")))
	if encoding != "" && encoding != "identity" && encoding != "gzip" {
		return nil, unsupportedType.because("The content encoding is not read here; send the body plain or with Content-Encoding: gzip.")
	}
	body, p := readRaw(w, r, limit, h.cfg.ReadTimeout)
	if p != nil || encoding != "gzip" {
		return body, p
	}
	return gunzip(body, limit)
}

// readRaw returns the body as it was sent. The deadline for reading is set already; timeout is only named.
func readRaw(w http.ResponseWriter, r *http.Request, limit int64, timeout time.Duration) ([]byte, *problem) {
	if r.ContentLength > limit {
		return nil, bodyTooLarge(limit)
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	if err != nil {
		if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
			return nil, bodyTooLarge(limit)
		}
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return nil, slowBody.because("The body did not arrive within %v; send fewer events a request.", timeout)
		}
		return nil, incomplete.because("The connection ended before the body did; send the request again.")
	}
	// Nothing is left to read. Where something is, the deadline stays: after an answer net/http reads on to find the next request.
	_ = http.NewResponseController(w).SetReadDeadline(time.Time{})
	return body, nil
}

func bodyTooLarge(limit int64) *problem {
	return tooLarge.because("The body is larger than %d bytes; send fewer events a request.", limit)
}

func gunzip(body []byte, most int64) ([]byte, *problem) {
	corrupt := invalidBody(&event.Error{Reason: event.ReasonGarbage, Detail: "is not gzip, although Content-Encoding says so"})
	z, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		return nil, corrupt
	}
	limit := min(most, max(ratioFloor, maxRatio*int64(len(body))))
	out, err := io.ReadAll(io.LimitReader(z, limit+1))
	switch {
	case int64(len(out)) > limit && limit < most:
		return nil, tooLarge.because("The body grows more than %d times when decompressed, which events do not; send them plain.", maxRatio)
	case int64(len(out)) > limit:
		return nil, bodyTooLarge(limit)
	case err != nil:
		return nil, corrupt
	}
	return out, nil
}

// decode reads the events of a body in the format that the headers name.
func decode(header http.Header, body []byte) ([]*event.Event, *problem) {
	media, params, err := mime.ParseMediaType(header.Get("Content-Type"))
	if err != nil {
		return nil, unsupportedType.because("The content type is missing or malformed; send one of %s.", acceptedTypes)
	}
	var events []*event.Event
	switch media {
	case "application/cloudevents+json", "application/cloudevents-batch+json":
		events, err = event.DecodeCloudEvents(body)
	case "application/json", "application/x-ndjson", "application/protobuf", "application/x-protobuf":
		switch {
		case header.Get("Ce-Specversion") != "" || header.Get("Ce-Id") != "":
			events, err = event.DecodeCloudEvent(binaryCloudEvent(header, media, body))
		case media == "application/json" || media == "application/x-ndjson":
			events, err = event.DecodeJSON(body)
		case params["delimited"] == "true":
			events, err = event.DecodeProtoDelimited(body)
		default:
			events, err = event.DecodeProto(body)
		}
	default:
		return nil, unsupportedType.because("The content type is not read here; send one of %s.", acceptedTypes)
	}
	if batch, ok := errors.AsType[*event.BatchError](err); ok {
		return nil, invalidEvents(batch)
	}
	if fault, ok := errors.AsType[*event.Error](err); ok {
		return nil, invalidBody(fault)
	}
	return events, nil
}

func binaryCloudEvent(header http.Header, media string, body []byte) event.CloudEvent {
	attr := func(name string) string {
		v := header.Get("Ce-" + name)
		if plain, err := url.PathUnescape(v); err == nil { // the HTTP binding percent-encodes
			return plain
		}
		return v
	}
	return event.CloudEvent{SpecVersion: attr("Specversion"), ID: attr("Id"), Source: attr("Source"), Type: attr("Type"), Time: attr("Time"), ContentType: media, Data: body}
}

// invalidBody is the problem of a body that cannot be read at all.
func invalidBody(fault *event.Error) *problem {
	p := invalid.because("The body %s. Nothing of it was taken.", fault.Detail)
	p.faults = []event.Fault{{Index: wholeBody, Err: fault}}
	return p
}
