package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// suite is one group of figures, measured together.
type suite struct {
	name string
	work workload
	run  func(ctx context.Context, o order, r *report) error
}

var suites = []suite{
	{"full_job", workload{Conversations: 75_000, Pace: 5 * time.Second, Span: 5 * time.Minute, TickEvery: time.Second}, drain},
	{"live", workload{}, latency},
	{"footprint", workload{Conversations: 100_000, Pace: 10 * time.Second, Span: 5 * time.Minute, TickEvery: 5 * time.Second, Open: true}, footprint},
	{"reads", workload{Conversations: 25_000, Pace: time.Minute, Span: 23*time.Hour + 50*time.Minute, TickEvery: time.Minute}, reads},
	{"hooks", workload{}, hooks},
	{"alerts", workload{Conversations: openDeadlines}, alerts},
	{"embedded", workload{Conversations: 25_000, Pace: 10 * time.Second, Span: 5 * time.Minute, TickEvery: 5 * time.Second}, embedded},
}

func suiteNames() string {
	var names []string
	for _, s := range suites {
		names = append(names, s.name)
	}
	return strings.Join(names, ",")
}

func run(ctx context.Context, args []string, in io.Reader, out, words io.Writer) error {
	if len(args) == 1 && args[0] == "child" {
		return obey(ctx, in, out)
	}
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(words)
	kafka := flags.String("kafka", "127.0.0.1:39092", "a broker, `host:port`")
	redis := flags.String("redis", "127.0.0.1:36379", "Redis, `host:port`; nobody else must use it meanwhile")
	repeat := flags.Int("repeat", 3, "how often everything is measured")
	only := flags.String("only", suiteNames(), "what to measure")
	scale := flags.Float64("scale", 1, "`part` of the usual number of conversations, for a quick look")
	file := flags.String("o", "bench.jsonl", "`file` for the figures")
	profile := flags.String("profile", "", "`file` for the profile of what is measured; with one suite only")
	if err := flags.Parse(args); err != nil {
		return err
	}
	chosen := strings.Split(*only, ",")
	for _, name := range chosen {
		if !slices.ContainsFunc(suites, func(s suite) bool { return s.name == name }) {
			return fmt.Errorf("there is nothing called %q to measure; choose from %s", name, suiteNames())
		}
	}
	if *repeat < 1 {
		return fmt.Errorf("-repeat %d: at least 1", *repeat)
	}
	version, err := redisVersion(*redis)
	if err != nil {
		return err
	}
	fmt.Fprintln(out, machine(version, *kafka))
	fmt.Fprintln(out, "load average of the last minute at the start:", load())
	r := newReport()
	// One round after the other, so that a disturbance of the machine does not hit all repetitions of one figure.
	for round := range *repeat {
		for _, s := range suites {
			if !slices.Contains(chosen, s.name) {
				continue
			}
			o := order{Kafka: *kafka, Redis: *redis, Work: s.work}
			o.Work.Conversations = int(float64(o.Work.Conversations) * *scale)
			o.Work.End = time.Now().UnixMilli()
			o.Profile = *profile
			began := time.Now()
			if err := s.run(ctx, o, r); err != nil {
				return fmt.Errorf("%s: %w", s.name, err)
			}
			fmt.Fprintf(words, "%s, %d of %d: %.0f s\n", s.name, round+1, *repeat, time.Since(began).Seconds())
		}
	}
	fmt.Fprintln(out, "load average of the last minute at the end:", load())
	if err := r.table(out); err != nil {
		return err
	}
	return r.lines(*file)
}

func redisVersion(address string) (string, error) {
	s, err := dialServer(address)
	if err != nil {
		return "", fmt.Errorf("redis at %s: %w; start it with `make stack`", address, err)
	}
	info, err := s.info("server")
	if err != nil {
		return "", err
	}
	return info["redis_version"], s.Close()
}
