package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/vigia-cx/vigia/internal/app"
)

const (
	hookRate     = 500  // deliveries a second of the vendor
	garbageRate  = 2000 // requests a second of strangers, with signatures that do not fit
	slowClients  = 100  // that open requests and never finish them
	hookCalm     = 15 * time.Second
	hookAttacked = 15 * time.Second
	hookSecret   = "bench-secret-of-the-app"
	hookPath     = "/hooks/v1/whatsapp/bench"
	hookSources  = `    sources:
      - {connector: whatsapp, webhook: {name: bench, secrets: [` + hookSecret + `]}}
`
)

// hooks measures how long a vendor waits until its delivery is acknowledged, which is when Kafka has it: undisturbed, and while strangers send garbage and hold connections.
func hooks(ctx context.Context, o order, r *report) (err error) {
	o.Sources = hookSources
	t, err := newTrial(ctx, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, t.close()) }()
	server, err := t.child(ctx, "hooks", &t.order.Target)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.stop()) }()
	v := &vendor{http: &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 256}}, url: "http://" + t.order.Target + hookPath}
	if _, err := v.deliver(ctx, warmUp); err != nil {
		return err
	}
	calm, err := v.deliver(ctx, hookCalm)
	if err != nil {
		return err
	}
	var ready string
	strangers, err := t.child(ctx, "stranger", &ready)
	if err != nil {
		return err
	}
	attacked, err := v.deliver(ctx, hookAttacked)
	var refused int64
	err = errors.Join(err, strangers.ask(&refused), strangers.stop())
	if err != nil {
		return err
	}
	used, err := server.usage()
	if err != nil {
		return err
	}
	written := int64(0)
	for p := range int32(t.topics.Interactions.Partitions) {
		first, end, err := t.log.Bounds(ctx, t.topics.Interactions.Name, p)
		if err != nil {
			return err
		}
		written += end - first
	}
	if written < v.sent.Load() {
		return fmt.Errorf("%d deliveries were acknowledged, but only %d records are in the log", v.sent.Load(), written)
	}
	r.add("hooks.ack_p50", "ms", quantile(calm, 0.5))
	r.add("hooks.ack_p99", "ms", quantile(calm, 0.99))
	r.add("hooks.ack_max", "ms", quantile(calm, 1))
	r.add("hooks.attacked_ack_p50", "ms", quantile(attacked, 0.5))
	r.add("hooks.attacked_ack_p99", "ms", quantile(attacked, 0.99))
	r.add("hooks.attacked_ack_max", "ms", quantile(attacked, 1))
	r.add("hooks.attacked_p99_ratio", "x", quantile(attacked, 0.99)/quantile(calm, 0.99))
	r.add("hooks.garbage_refused", "requests/s", float64(refused)/hookAttacked.Seconds())
	r.add("hooks.process_cpu", "cores", used.CPU/(warmUp+hookCalm+hookAttacked).Seconds())
	return nil
}

// vendor sends signed deliveries of one message each.
type vendor struct {
	http *http.Client
	url  string
	sent atomic.Int64
}

// deliver sends at the rate for a time, however long answers take, and returns how long each took in ms. Every one must be acknowledged.
func (v *vendor) deliver(ctx context.Context, during time.Duration) ([]float64, error) {
	var (
		mu    sync.Mutex
		took  []float64
		first error
		posts sync.WaitGroup
	)
	every := time.NewTicker(time.Second / hookRate)
	defer every.Stop()
	for began, n := time.Now(), 0; time.Since(began) < during; {
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-every.C:
		}
		for due := int(time.Since(began).Seconds() * hookRate); n < due; n++ {
			posts.Go(func() {
				body := message(v.sent.Add(1))
				sent := time.Now()
				status, err := post(ctx, v.http, v.url, body, hookSecret)
				if err == nil && status != http.StatusOK {
					err = fmt.Errorf("a delivery was answered %d", status)
				}
				mu.Lock()
				defer mu.Unlock()
				took = append(took, time.Since(sent).Seconds()*1000)
				if first == nil {
					first = err
				}
			})
		}
	}
	posts.Wait()
	return took, first
}

// message is a delivery of one text, of one of 5,000 customers.
func message(n int64) []byte {
	return fmt.Appendf(nil, `{"object":"whatsapp_business_account","entry":[{"id":"102290129340398","changes":[{"value":{"messaging_product":"whatsapp","metadata":{"display_phone_number":"15550783881",`+
		`"phone_number_id":"106540352242922"},"contacts":[{"profile":{"name":"Customer"},"wa_id":"5989%07d"}],"messages":[{"from":"5989%07d","id":"wamid.bench%d","timestamp":"%d",`+
		`"text":{"body":"Hello, is anybody there?"},"type":"text"}]},"field":"messages"}]}]}`, n%5000, n%5000, n, time.Now().Unix())
}

func post(ctx context.Context, c *http.Client, url string, body []byte, secret string) (int, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(body)
	r.Header.Set("X-Hub-Signature-256", "sha256="+hex.EncodeToString(mac.Sum(nil)))
	r.Header.Set("Content-Type", "application/json")
	answer, err := c.Do(r)
	if err != nil {
		return 0, err
	}
	_, err = io.Copy(io.Discard, answer.Body)
	return answer.StatusCode, errors.Join(err, answer.Body.Close())
}

// beHooks is the process that is measured.
func beHooks(ctx context.Context, o order, in *bufio.Reader, out io.Writer) error {
	a, err := o.start(ctx, true, app.Connector)
	if err != nil {
		return err
	}
	return errors.Join(attend(in, out, a.Addr().String()), a.Stop(ctx))
}

// beStranger attacks until its parent asks how many requests were refused.
func beStranger(ctx context.Context, o order, in *bufio.Reader, out io.Writer) error {
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	for i := range slowClients {
		wg.Go(func() { dawdle(ctx, o.Target, i) })
	}
	var refused atomic.Int64
	wg.Go(func() { litter(ctx, o.Target, &refused) })
	err := say(out, "ready")
	_, _ = in.ReadString('\n')
	n := refused.Load()
	cancel()
	wg.Wait()
	return errors.Join(err, say(out, n))
}

// litter sends requests whose signatures do not fit, over connections that stay open, at the least cost to this machine: in earnest strangers have machines of their own.
func litter(ctx context.Context, target string, refused *atomic.Int64) {
	const senders = 40
	body := message(1)
	request := fmt.Appendf(nil, "POST %s HTTP/1.1\r\nHost: %s\r\nX-Hub-Signature-256: sha256=%s\r\nContent-Length: %d\r\n\r\n%s", hookPath, target, strings.Repeat("0", 64), len(body), body)
	var wg sync.WaitGroup
	for range senders {
		wg.Go(func() {
			conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", target)
			if err != nil {
				return
			}
			stop := context.AfterFunc(ctx, func() { _ = conn.Close() }) // ends what is being read or written
			defer stop()
			in := bufio.NewReader(conn)
			every := time.NewTicker(time.Second * senders / garbageRate)
			defer every.Stop()
			for err == nil && ctx.Err() == nil {
				select {
				case <-ctx.Done():
					return
				case <-every.C:
				}
				if _, err = conn.Write(request); err != nil {
					return
				}
				answer, failed := http.ReadResponse(in, nil)
				if failed != nil {
					return
				}
				if answer.StatusCode == http.StatusUnauthorized {
					refused.Add(1)
				}
				_, err = io.Copy(io.Discard, answer.Body)
			}
		})
	}
	wg.Wait()
}

// dawdle opens one request after the other and sends a byte a second of each: every other one stops in the header, the rest in the body.
func dawdle(ctx context.Context, target string, i int) {
	for ctx.Err() == nil {
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", target)
		if err != nil {
			return
		}
		head := fmt.Sprintf("POST %s HTTP/1.1\r\nHost: %s\r\nX-Hub-Signature-256: sha256=%s\r\n", hookPath, target, strings.Repeat("0", 64))
		if i%2 == 0 {
			head += "Content-Length: 10000\r\n\r\n"
		}
		every := time.NewTicker(time.Second)
		_, err = io.WriteString(conn, head)
		for err == nil && ctx.Err() == nil {
			select {
			case <-ctx.Done():
			case <-every.C:
				_, err = io.WriteString(conn, "x")
			}
		}
		every.Stop()
		_ = conn.Close() // the server has closed it, or we are done
	}
}
