package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/vigia-cx/vigia/internal/app"
	"github.com/vigia-cx/vigia/internal/config"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"vigia": main,
		"curl":  curl,
	})
}

// curl is as much of curl as the line of `vigia init` needs, so that the test runs where curl is not installed.
func curl() {
	header := http.Header{}
	var body, url string
	for args := os.Args[1:]; len(args) > 0; args = args[1:] {
		switch args[0] {
		case "-sS":
		case "-H":
			name, value, _ := strings.Cut(args[1], ":")
			header.Set(name, strings.TrimSpace(value))
			args = args[1:]
		case "-d":
			body, args = args[1], args[1:]
		default:
			url = args[0]
		}
	}
	r, err := http.NewRequest(http.MethodPost, url, strings.NewReader(body))
	if err == nil {
		r.Header = header
		var answer *http.Response
		if answer, err = http.DefaultClient.Do(r); err == nil {
			_, err = io.Copy(os.Stdout, answer.Body)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "curl:", err)
		os.Exit(7)
	}
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		RequireExplicitExec: true,
		UpdateScripts:       os.Getenv("UPDATE_SCRIPTS") != "",
		Setup: func(e *testscript.Env) error {
			// Ports that are free now; the server of the script takes them.
			address, admin, err := freePair()
			if err != nil {
				return err
			}
			repository, err := filepath.Abs("../..")
			if err != nil {
				return err
			}
			e.Setenv("REPOSITORY", repository)
			e.Setenv("ADDR", address)
			e.Setenv("ADMIN", admin)
			e.Setenv("TZ", "America/Mexico_City")
			// Noon of the Sunday before this week, which the last whole week ends with.
			today := time.Now().UTC().Truncate(24 * time.Hour)
			e.Setenv("LAST_SUNDAY", today.AddDate(0, 0, -(int(today.Weekday())+6)%7).Add(-12*time.Hour).Format(time.RFC3339))
			kafka, redis := os.Getenv("VIGIA_TEST_KAFKA"), os.Getenv("VIGIA_TEST_REDIS")
			if kafka != "" && redis != "" {
				prefix := "t" + strconv.FormatInt(time.Now().UnixNano(), 36)
				e.Setenv("KAFKA", kafka)
				e.Setenv("REDIS", redis)
				e.Setenv("PREFIX", prefix)
				e.Defer(func() { forget(t, kafka, redis, prefix) })
			}
			for _, name := range []string{"KAFKA", "REDIS", "CA", "PASSWORD"} {
				e.Setenv("VIGIA_TEST_SECURE_"+name, os.Getenv("VIGIA_TEST_SECURE_"+name))
			}
			for _, name := range []string{"VIGIA_CONFIG", "VIGIA_SERVER", "VIGIA_TOKEN", "NO_COLOR"} {
				e.Setenv(name, "")
			}
			return nil
		},
		Condition: func(name string) (bool, error) {
			switch name {
			case "stack":
			case "secure":
				return os.Getenv("VIGIA_TEST_SECURE_KAFKA") != "", nil
			default:
				return false, fmt.Errorf("no such condition")
			}
			return os.Getenv("VIGIA_TEST_KAFKA") != "" && os.Getenv("VIGIA_TEST_REDIS") != "", nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"code":  code,
			"await": await,
			"mode":  mode,
		},
	})
}

// freePair returns two addresses on which nobody listens, the second on the next port: where the admin listener is unless the configuration says otherwise.
func freePair() (address, admin string, err error) {
	for range 100 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return "", "", err
		}
		address = l.Addr().String()
		admin = (&config.Config{Listen: address}).AdminAddress()
		next, err := net.Listen("tcp", admin)
		_ = l.Close()
		if err == nil {
			return address, admin, next.Close()
		}
	}
	return "", "", errors.New("no two free ports in a row")
}

// forget removes what a script has left on real servers.
func forget(t *testing.T, kafka, redis, prefix string) {
	cfg := config.Default()
	cfg.Kafka = config.Kafka{Brokers: []string{kafka}, Prefix: prefix + "."}
	cfg.Redis = config.Redis{Addresses: []string{redis}, Prefix: prefix}
	log, err := app.ConnectLog(context.Background(), cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Error(err)
		return
	}
	defer log.Close()
	if err := log.DeleteTopics(context.Background(), app.Topics(cfg).Names()...); err != nil {
		t.Error(err)
	}
}

// code runs vigia and compares its exit code: code 3 doctor --config x.yml. The output is in the files out and err.
func code(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: code N argument…")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	path, err := exec.LookPath(filepath.Join(filepath.SplitList(ts.Getenv("PATH"))[0], "vigia"))
	ts.Check(err)
	cmd := exec.Command(path, args[1:]...)
	cmd.Dir = ts.MkAbs(".")
	for _, name := range []string{"PATH", "HOME", "TZ", "ADDR", "ADMIN", "KAFKA", "REDIS", "PREFIX", "VIGIA_CONFIG", "VIGIA_SERVER", "VIGIA_TOKEN", "VIGIA_INGEST_TOKEN"} {
		cmd.Env = append(cmd.Env, name+"="+ts.Getenv(name))
	}
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err = cmd.Run()
	if exit, ok := errors.AsType[*exec.ExitError](err); err != nil && !ok {
		ts.Fatalf("%v: %v", args, exit)
	}
	ts.Check(os.WriteFile(ts.MkAbs("out"), out.Bytes(), 0o600))
	ts.Check(os.WriteFile(ts.MkAbs("err"), errs.Bytes(), 0o600))
	ts.Logf("[stdout]\n%s[stderr]\n%s", out.String(), errs.String())
	if got := cmd.ProcessState.ExitCode(); got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

// await waits until a URL answers 200, and until its body contains what is asked for: await http://… text.
func await(ts *testscript.TestScript, neg bool, args []string) {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	every := time.NewTicker(50 * time.Millisecond)
	defer every.Stop()
	last := ""
	for {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, args[0], nil)
		ts.Check(err)
		if answer, err := http.DefaultClient.Do(r); err == nil {
			body, _ := io.ReadAll(answer.Body)
			answer.Body.Close()
			last = answer.Status + " " + string(body)
			if answer.StatusCode == http.StatusOK && (len(args) < 2 || strings.Contains(last, args[1])) {
				return
			}
		}
		select {
		case <-every.C:
		case <-ctx.Done():
			ts.Fatalf("%s does not answer as wanted, but %.500s", args[0], last)
		}
	}
}

// mode compares the permissions of files: mode 600 a b.
func mode(ts *testscript.TestScript, neg bool, args []string) {
	for _, name := range args[1:] {
		info, err := os.Stat(ts.MkAbs(name))
		ts.Check(err)
		if got := fmt.Sprintf("%o", info.Mode().Perm()); got != args[0] {
			ts.Fatalf("%s has mode %s, want %s", name, got, args[0])
		}
	}
}

// TestExitCodes: what the help says is what the program does.
func TestExitCodes(t *testing.T) {
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	plain := errors.New("x")
	for _, c := range []struct {
		name  string
		ctx   context.Context
		err   error
		began bool
		want  int
	}{
		{"not understood", t.Context(), plain, false, exitUsage},
		{"failed", t.Context(), plain, true, exitFailed},
		{"usage", t.Context(), usage(plain), true, exitUsage},
		{"partial", t.Context(), fmt.Errorf("wrapped: %w", partial(plain)), true, exitPartial},
		{"said", t.Context(), failed(), true, exitFailed},
		{"network", t.Context(), &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}, true, exitUnreachable},
		{"port in use", t.Context(), &net.OpError{Op: "listen", Err: syscall.EADDRINUSE}, true, exitFailed},
		{"interrupted", ended, fmt.Errorf("wrapped: %w", context.Canceled), true, exitInterrupted},
		{"cancelled by itself", t.Context(), context.Canceled, true, exitFailed},
	} {
		if got := exitCode(c.ctx, c.err, c.began); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
	var out, errs bytes.Buffer
	if got := run(t.Context(), []string{"help", "exit-codes"}, func(string) string { return "" }, &out, &errs); got != exitOK {
		t.Errorf("exit code %d: %s", got, errs.String())
	}
	for _, n := range []int{exitOK, exitFailed, exitUsage, exitUnreachable, exitPartial, exitInterrupted} {
		if !strings.Contains(out.String(), fmt.Sprintf("\n  %-4d ", n)) {
			t.Errorf("`vigia help exit-codes` does not explain %d:\n%s", n, out.String())
		}
	}
}

// TestInterrupted: a command that was interrupted before it was done says so with 130, and without a wall of words.
func TestInterrupted(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0") // accepts, and never answers
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		if c, err := l.Accept(); err == nil {
			defer c.Close()
			cancel()
			<-t.Context().Done()
		}
	}()
	var out, errs bytes.Buffer
	if got := run(ctx, []string{"kpis", "--server", l.Addr().String()}, func(string) string { return "" }, &out, &errs); got != exitInterrupted || errs.String() != "vigia: interrupted\n" {
		t.Errorf("exit code %d, %q", got, errs.String())
	}
}
