package e2e

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// process is one running role.
type process struct {
	t       *testing.T
	role    string
	config  string
	address string

	cmd    *exec.Cmd
	output *output
	exited chan error
}

// output keeps the end of what a process says. It is safe for concurrent use.
type output struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

const outputKept = 64 << 10

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.buf.Len() > outputKept {
		o.buf.Next(o.buf.Len() - outputKept/2)
	}
	return o.buf.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}

// newProcess starts a role of an installation on an address of its own. What it said is shown when the test fails.
func newProcess(in *installation, role string, partitions int) *process {
	in.t.Helper()
	p := &process{t: in.t, role: role, address: freeAddress(in.t), output: &output{}}
	p.config = in.config(role, p.address, partitions)
	p.start()
	in.t.Cleanup(func() {
		p.end(syscall.SIGKILL)
		if in.t.Failed() {
			in.t.Logf("%s said:\n%s", role, p.output)
		}
	})
	return p
}

// start starts the process and waits until it answers.
func (p *process) start() {
	p.t.Helper()
	p.cmd = exec.Command(binary, "run", p.role, "--config", p.config)
	p.cmd.Stdout, p.cmd.Stderr = p.output, p.output
	if err := p.cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	exited := make(chan error, 1)
	go func(cmd *exec.Cmd) { exited <- cmd.Wait() }(p.cmd)
	p.exited = exited
	eventually(p.t, time.Minute, p.role+" answers", func(ctx context.Context) error {
		select {
		case err := <-exited:
			exited <- err
			return fmt.Errorf("%s has ended: %v\n%s", p.role, err, p.output)
		default:
		}
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+p.address+"/livez", nil)
		if err != nil {
			return err
		}
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			return err
		}
		defer answer.Body.Close()
		if answer.StatusCode != http.StatusOK {
			return fmt.Errorf("status %d", answer.StatusCode)
		}
		return nil
	})
}

// end sends a signal and waits until the process has gone. Asked politely, it must exit with 0.
func (p *process) end(signal os.Signal) {
	p.t.Helper()
	select {
	case err := <-p.exited:
		p.exited <- err
		return
	default:
	}
	if err := p.cmd.Process.Signal(signal); err != nil {
		p.t.Errorf("signal %v to %s: %v", signal, p.role, err)
	}
	limit := time.NewTimer(time.Minute)
	defer limit.Stop()
	select {
	case err := <-p.exited:
		p.exited <- err
		if err != nil && signal != syscall.SIGKILL {
			p.t.Errorf("%s ended with %v after %v:\n%s", p.role, err, signal, p.output)
		}
	case <-limit.C:
		p.t.Errorf("%s is still there a minute after %v:\n%s", p.role, signal, p.output)
		_ = p.cmd.Process.Kill()
	}
}

// again ends the process and starts it anew.
func (p *process) again(signal os.Signal) {
	p.t.Helper()
	p.end(signal)
	p.start()
}

// command runs a command of the program to its end and returns its exit code and all that it said.
func command(t *testing.T, within time.Duration, args ...string) (int, string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), within)
	defer cancel()
	cmd := exec.CommandContext(ctx, binary, args...)
	out, err := cmd.CombinedOutput()
	if ctx.Err() != nil {
		t.Fatalf("vigia %s: still running after %v:\n%s", strings.Join(args, " "), within, out)
	}
	if cmd.ProcessState == nil {
		t.Fatalf("vigia %s: %v", strings.Join(args, " "), err)
	}
	return cmd.ProcessState.ExitCode(), string(out)
}
