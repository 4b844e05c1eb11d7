package bench

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// process is a server that the generator started.
type process struct {
	cmd  *exec.Cmd
	log  string // file of its output
	done chan struct{}
	err  error // of Wait, once done is closed
}

// startProcess runs a command line with {addr} and the like replaced and waits
// until the address accepts connections.
func startProcess(ctx context.Context, command []string, addr, logPath string) (*process, error) {
	log, err := os.Create(logPath)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	p := &process{cmd: exec.Command(command[0], command[1:]...), log: logPath, done: make(chan struct{})}
	p.cmd.Stdout, p.cmd.Stderr = log, log
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		p.err = p.cmd.Wait()
		close(p.done)
	}()
	ctx, cancel := context.WithTimeout(ctx, 60*time.Second)
	defer cancel()
	for {
		conn, err := net.DialTimeout("tcp", addr, time.Second)
		if err == nil {
			conn.Close()
			return p, nil
		}
		select {
		case <-p.done:
			return nil, fmt.Errorf("%s ended before it accepted connections: %w\n%s", command[0], p.err, p.tail())
		case <-ctx.Done():
			p.stop()
			return nil, fmt.Errorf("%s did not accept connections on %s: %w\n%s", command[0], addr, ctx.Err(), p.tail())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// stop asks the server to end, and ends it when it does not within ten seconds.
func (p *process) stop() error {
	select {
	case <-p.done:
		return fmt.Errorf("the server ended during the run: %w\n%s", p.err, p.tail())
	default:
	}
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	select {
	case <-p.done:
		return nil
	case <-time.After(10 * time.Second):
		p.cmd.Process.Kill()
		<-p.done
		return fmt.Errorf("the server did not end within 10 s of SIGTERM\n%s", p.tail())
	}
}

// tail returns the last output of the server.
func (p *process) tail() string {
	data, _ := os.ReadFile(p.log)
	return string(data[max(0, len(data)-2000):])
}

// freeAddr returns an address of this host that nobody listens on.
func freeAddr() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

// expand splits a command line at spaces and replaces what stands in braces.
func expand(line string, values map[string]string) ([]string, error) {
	fields := strings.Fields(line)
	if len(fields) == 0 {
		return nil, errors.New("found an empty command, expected a server")
	}
	for i, f := range fields {
		for name, value := range values {
			f = strings.ReplaceAll(f, "{"+name+"}", value)
		}
		fields[i] = f
	}
	return fields, nil
}

// usage is what a process has used so far.
type usage struct {
	cpu                time.Duration // user and system
	residentKB, peakKB int64
	writtenBytes       int64 // handed to storage
}

// fsyncTime writes and syncs a small file a few times and returns the median:
// what one durable block costs here at least.
func fsyncTime(dir string) (time.Duration, error) {
	f, err := os.CreateTemp(dir, "fsync")
	if err != nil {
		return 0, err
	}
	defer os.Remove(f.Name())
	defer f.Close()
	took := make([]time.Duration, 50)
	block := make([]byte, 8<<10)
	for i := range took {
		if _, err := f.Write(block); err != nil {
			return 0, err
		}
		start := time.Now()
		if err := f.Sync(); err != nil {
			return 0, err
		}
		took[i] = time.Since(start)
	}
	return time.Duration(at(took, 50) * 1e3), nil
}
