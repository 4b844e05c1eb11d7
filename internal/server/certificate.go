package server

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync/atomic"
	"time"
)

// certificateEvery is how often the files of the certificate are looked at. New
// ones are in use at most so much later, without a restart.
const certificateEvery = 10 * time.Second

// certificate is the node's TLS certificate, read again when its files change.
// A new pair that cannot be used is reported and the old one stays.
type certificate struct {
	certFile, keyFile string
	log               *slog.Logger
	current           atomic.Pointer[tls.Certificate]
	seen              [2]fileMark // of what was last tried; only of the watching goroutine
}

// fileMark tells whether a file changed.
type fileMark struct {
	modified time.Time
	size     int64
}

func markOf(name string) fileMark {
	info, err := os.Stat(name)
	if err != nil {
		return fileMark{}
	}
	return fileMark{info.ModTime(), info.Size()}
}

// newCertificate reads the pair; it must be good.
func newCertificate(certFile, keyFile string, log *slog.Logger) (*certificate, error) {
	c := &certificate{certFile: certFile, keyFile: keyFile, log: log}
	return c, c.load()
}

func (c *certificate) load() error {
	c.seen = [2]fileMark{markOf(c.certFile), markOf(c.keyFile)}
	pair, err := tls.LoadX509KeyPair(c.certFile, c.keyFile)
	if err != nil {
		return fmt.Errorf("certificate %s with key %s: %w", c.certFile, c.keyFile, err)
	}
	c.current.Store(&pair)
	c.log.Info("certificate read", "file", c.certFile, "subject", pair.Leaf.Subject.String(), "ends", pair.Leaf.NotAfter)
	return nil
}

// ends returns when the certificate in use ends.
func (c *certificate) ends() time.Time { return c.current.Load().Leaf.NotAfter }

// fingerprint returns that of the certificate in use; empty without TLS.
func (s *Server) fingerprint() string {
	if s.certificate == nil {
		return ""
	}
	return Fingerprint(s.certificate.current.Load().Leaf.Raw)
}

// Fingerprint returns the SHA-256 fingerprint of a certificate in DER: 32 pairs
// of hexadecimal digits with colons between.
func Fingerprint(der []byte) string {
	sum := sha256.Sum256(der)
	parts := make([]string, len(sum))
	for i, b := range sum {
		parts[i] = fmt.Sprintf("%02X", b)
	}
	return strings.Join(parts, ":")
}

// watch reads the pair again when a file changed or again yields, until ctx ends.
func (c *certificate) watch(ctx context.Context, again <-chan os.Signal) {
	tick := time.NewTicker(certificateEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-again:
		case <-tick.C:
			if c.seen == [2]fileMark{markOf(c.certFile), markOf(c.keyFile)} {
				continue
			}
		}
		if err := c.load(); err != nil {
			c.log.Error("the new certificate cannot be used; the old one stays", "error", err)
		}
	}
}

// tlsConfig returns the settings of the public listener: TLS 1.2 or later, and
// certificates of clients where clientCA names the file of their authority.
func (c *certificate) tlsConfig(clientCA string) (*tls.Config, error) {
	config := &tls.Config{
		MinVersion: tls.VersionTLS12,
		NextProtos: []string{"h2", "http/1.1"},
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			return c.current.Load(), nil
		},
	}
	if clientCA == "" {
		return config, nil
	}
	data, err := os.ReadFile(clientCA)
	if err != nil {
		return nil, err
	}
	config.ClientCAs = x509.NewCertPool()
	if !config.ClientCAs.AppendCertsFromPEM(data) {
		return nil, fmt.Errorf("%s: %w", clientCA, errors.New("found no PEM certificate, expected the authority of the clients"))
	}
	config.ClientAuth = tls.RequireAndVerifyClientCert
	return config, nil
}
