package bench

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// clientTimeout bounds a request: the clients of the F3548-21 test suite wait
// as long.
const clientTimeout = 10 * time.Second

// maxAnswerBytes bounds the answer that the generator reads.
const maxAnswerBytes = 64 << 20

// client is one connection that is kept alive. It writes a request in one piece
// and reads the answer on the same goroutine: the general client of net/http
// takes two more goroutines a connection and four times the processor time,
// which the server under test needs.
type client struct {
	target *url.URL
	conn   net.Conn
	in     *bufio.Reader
	out    []byte // the request
	body   []byte // of the answer, valid until the next request
}

func newClient(target *url.URL) *client { return &client{target: target} }

func (c *client) close() {
	if c.conn != nil {
		c.conn.Close()
		c.conn = nil
	}
}

func (c *client) dial() error {
	host := c.target.Host
	var err error
	switch {
	case c.target.Scheme == "https":
		if c.target.Port() == "" {
			host = net.JoinHostPort(host, "443")
		}
		c.conn, err = tls.DialWithDialer(&net.Dialer{Timeout: clientTimeout}, "tcp", host, nil)
	default:
		if c.target.Port() == "" {
			host = net.JoinHostPort(host, "80")
		}
		c.conn, err = net.DialTimeout("tcp", host, clientTimeout)
	}
	if err != nil {
		c.conn = nil
		return err
	}
	c.in = bufio.NewReaderSize(c.conn, 16<<10)
	return nil
}

// do sends a request and reads the answer. The path is appended to that of the
// base URL. An error means that the outcome is not known; the next request uses
// a new connection. Nothing is ever sent twice.
func (c *client) do(method, path, token string, body []byte) (status int, answer []byte, err error) {
	if c.conn == nil {
		if err := c.dial(); err != nil {
			return 0, nil, err
		}
	}
	status, keep, err := c.exchange(method, path, token, body)
	if err != nil || !keep {
		c.close()
	}
	if err != nil {
		return 0, nil, fmt.Errorf("%s %s: %w", method, path, err)
	}
	return status, c.body, nil
}

func (c *client) exchange(method, path, token string, body []byte) (status int, keep bool, err error) {
	out := append(c.out[:0], method...)
	out = append(out, ' ')
	out = append(out, c.target.Path...)
	out = append(out, path...)
	out = append(out, " HTTP/1.1\r\nHost: "...)
	out = append(out, c.target.Host...)
	if token != "" {
		out = append(out, "\r\nAuthorization: Bearer "...)
		out = append(out, token...)
	}
	if body != nil {
		out = append(out, "\r\nContent-Type: application/json\r\nContent-Length: "...)
		out = strconv.AppendInt(out, int64(len(body)), 10)
	}
	out = append(out, "\r\n\r\n"...)
	out = append(out, body...)
	c.out = out
	if err := c.conn.SetDeadline(time.Now().Add(clientTimeout)); err != nil {
		return 0, false, err
	}
	if _, err := c.conn.Write(out); err != nil {
		return 0, false, err
	}
	answer, err := http.ReadResponse(c.in, nil)
	if err != nil {
		return 0, false, err
	}
	defer answer.Body.Close()
	if c.body, err = readAll(c.body[:0], answer.Body); err != nil {
		return 0, false, err
	}
	return answer.StatusCode, !answer.Close, nil
}

// readAll appends all of r, at most maxAnswerBytes.
func readAll(dst []byte, r io.Reader) ([]byte, error) {
	if cap(dst) == 0 {
		dst = make([]byte, 0, 4<<10)
	}
	for {
		if len(dst) == cap(dst) {
			dst = append(dst, 0)[:len(dst)]
		}
		n, err := r.Read(dst[len(dst):cap(dst)])
		dst = dst[:len(dst)+n]
		switch {
		case err == io.EOF:
			return dst, nil
		case err != nil:
			return dst, err
		case len(dst) > maxAnswerBytes:
			return dst, fmt.Errorf("found an answer of more than %d MiB", maxAnswerBytes>>20)
		}
	}
}
