// Package program builds the program and runs it as a process of its own, for
// tests that look at it from outside.
package program

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
)

// Build builds the command deconflict of this module as the given file, static
// as a release is. Flags go to go build.
func Build(ctx context.Context, file string, flags ...string) error {
	args := append([]string{"build", "-o", file}, flags...)
	build := exec.CommandContext(ctx, "go", append(args, "github.com/deconflict/deconflict/cmd/deconflict")...)
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("go build: %w\n%s", err, out)
	}
	return nil
}

// Process is a running program.
type Process struct {
	cmd   *exec.Cmd
	said  spoken
	ended chan struct{} // closed once the process is gone
}

// Start starts a command. Its standard output and error are kept. Unless the
// command has an environment it gets this one's, without the variables that
// would configure the program.
func Start(cmd *exec.Cmd) (*Process, error) {
	p := &Process{cmd: cmd, ended: make(chan struct{})}
	p.said.ready = make(chan struct{})
	cmd.Stdout, cmd.Stderr = &p.said, &p.said
	cmd.WaitDelay = stopWithin // for a child that outlives it
	if cmd.Env == nil {
		cmd.Env = slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "DECONFLICT_") })
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		_ = cmd.Wait() // the code is in ProcessState
		close(p.ended)
	}()
	return p, nil
}

// URL waits until a node says where it listens. It returns an error with what
// the program said if that does not come before ctx ends.
func (p *Process) URL(ctx context.Context) (string, error) {
	select {
	case <-p.said.ready:
		return p.said.url, nil
	case <-p.ended:
		return "", fmt.Errorf("the program ended with code %d before it listened:\n%s", p.cmd.ProcessState.ExitCode(), p.Last(3000))
	case <-ctx.Done():
		return "", fmt.Errorf("the program did not say where it listens: %w\n%s", ctx.Err(), p.Last(3000))
	}
}

// Listens is closed once a node has said where it listens.
func (p *Process) Listens() <-chan struct{} { return p.said.ready }

// PID returns the id of the process.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Ended is closed when the process is gone.
func (p *Process) Ended() <-chan struct{} { return p.ended }

// Wait waits for the process to end by itself and returns its exit code, -1
// after a signal.
func (p *Process) Wait(ctx context.Context) (code int, err error) {
	select {
	case <-p.ended:
		return p.cmd.ProcessState.ExitCode(), nil
	case <-ctx.Done():
		return -1, fmt.Errorf("the program did not end: %w\n%s", ctx.Err(), p.Last(3000))
	}
}

// Kill ends the process at once (SIGKILL) and waits until it is gone.
func (p *Process) Kill() {
	_ = p.cmd.Process.Kill() // an error says that it is gone
	<-p.ended
}

// stopWithin is how long a node may take to stop.
const stopWithin = 30 * time.Second

// Stop ends the process as an operator does, by an interrupt. It returns an
// error unless the program then ends well.
func (p *Process) Stop() error {
	if err := p.cmd.Process.Signal(os.Interrupt); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	select {
	case <-p.ended:
	case <-time.After(stopWithin):
		p.Kill()
		return fmt.Errorf("the program did not stop within %s of an interrupt", stopWithin)
	}
	if code := p.cmd.ProcessState.ExitCode(); code != 0 {
		return fmt.Errorf("the program ended with code %d, expected 0", code)
	}
	return nil
}

// Said returns all that the program wrote.
func (p *Process) Said() string { return p.said.last(1 << 30) }

// Last returns the last bytes of what the program wrote, at most n.
func (p *Process) Last(n int) string { return p.said.last(n) }

var announced = regexp.MustCompile(`(?m)^listening on (https?://\S+)\n`)

// spoken keeps what a program writes and looks for its address in it.
type spoken struct {
	mu    sync.Mutex
	text  strings.Builder
	url   string
	ready chan struct{} // closed once url may be read
}

func (s *spoken) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.text.Write(b)
	if s.url == "" {
		if m := announced.FindStringSubmatch(s.text.String()); m != nil {
			s.url = m[1]
			close(s.ready)
		}
	}
	return len(b), nil
}

func (s *spoken) last(n int) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	text := s.text.String()
	return text[max(0, len(text)-n):]
}
