package server

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"log/slog"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"
)

// authority signs certificates for tests.
type authority struct {
	t    *testing.T
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	next int64
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test authority"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &authority{t, cert, key, 2}
}

// issue writes a new certificate and its key and returns its serial number.
func (a *authority) issue(certFile, keyFile string) int64 {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	a.next++
	template := &x509.Certificate{
		SerialNumber: big.NewInt(a.next), Subject: pkix.Name{CommonName: "node.example"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, &key.PublicKey, a.key)
	if err != nil {
		a.t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		a.t.Fatal(err)
	}
	a.write(keyFile, &pem.Block{Type: "PRIVATE KEY", Bytes: keyDER})
	a.write(certFile, &pem.Block{Type: "CERTIFICATE", Bytes: der})
	return a.next
}

func (a *authority) write(file string, block *pem.Block) {
	a.t.Helper()
	if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
		a.t.Fatal(err)
	}
}

func (a *authority) pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	return pool
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// A changed pair is in use after the next look at the files; a pair that cannot
// be used leaves the old one in place.
func TestCertificateIsReadAgain(t *testing.T) {
	dir := t.TempDir()
	certFile, keyFile := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	ca := newAuthority(t)
	first := ca.issue(certFile, keyFile)
	c, err := newCertificate(certFile, keyFile, quiet())
	if err != nil {
		t.Fatal(err)
	}
	serial := func() int64 { return c.current.Load().Leaf.SerialNumber.Int64() }
	synctest.Test(t, func(t *testing.T) {
		again := make(chan os.Signal)
		go c.watch(t.Context(), again)
		pass := func() {
			time.Sleep(certificateEvery + time.Second)
			synctest.Wait()
		}
		pass()
		if serial() != first {
			t.Errorf("serial %d, want %d", serial(), first)
		}
		second := ca.issue(certFile, keyFile)
		pass()
		if serial() != second {
			t.Errorf("after the files changed: serial %d, want %d", serial(), second)
		}
		if err := os.WriteFile(certFile, []byte("half a certif"), 0o600); err != nil {
			t.Fatal(err)
		}
		pass()
		if serial() != second {
			t.Errorf("after the file was damaged: serial %d, want the old %d", serial(), second)
		}
		third := ca.issue(certFile, keyFile)
		again <- os.Interrupt
		synctest.Wait()
		if serial() != third {
			t.Errorf("when told: serial %d, want %d", serial(), third)
		}
	})
}

func TestCertificateMustBeGoodAtTheStart(t *testing.T) {
	dir := t.TempDir()
	certFile, keyFile := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	if _, err := newCertificate(certFile, keyFile, quiet()); err == nil {
		t.Error("no files: no error")
	}
	ca := newAuthority(t)
	ca.issue(certFile, keyFile)
	ca.issue(certFile, filepath.Join(dir, "other.pem"))
	if _, err := newCertificate(certFile, keyFile, quiet()); err == nil {
		t.Error("a key of another certificate: no error")
	}
}

// Old protocols are refused, and with an authority of the clients so is whoever
// shows no certificate of it.
func TestHandshakes(t *testing.T) {
	dir := t.TempDir()
	file := func(name string) string { return filepath.Join(dir, name) }
	ca, clients := newAuthority(t), newAuthority(t)
	ca.issue(file("cert.pem"), file("key.pem"))
	clients.write(file("clients.pem"), &pem.Block{Type: "CERTIFICATE", Bytes: clients.cert.Raw})
	clients.issue(file("good.pem"), file("good.key"))
	ca.issue(file("stranger.pem"), file("stranger.key"))
	c, err := newCertificate(file("cert.pem"), file("key.pem"), quiet())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.tlsConfig(file("key.pem")); err == nil {
		t.Error("a key for an authority: no error")
	}
	pair := func(name string) []tls.Certificate {
		if name == "" {
			return nil
		}
		p, err := tls.LoadX509KeyPair(file(name+".pem"), file(name+".key"))
		if err != nil {
			t.Fatal(err)
		}
		return []tls.Certificate{p}
	}
	for _, k := range []struct {
		name, clientCA, client string
		version                uint16
		want                   bool
	}{
		{"TLS 1.3", "", "", tls.VersionTLS13, true},
		{"TLS 1.2", "", "", tls.VersionTLS12, true},
		{"TLS 1.1", "", "", tls.VersionTLS11, false},
		{"client certificate", file("clients.pem"), "good", tls.VersionTLS13, true},
		{"no client certificate", file("clients.pem"), "", tls.VersionTLS13, false},
		{"a stranger's certificate", file("clients.pem"), "stranger", tls.VersionTLS13, false},
	} {
		config, err := c.tlsConfig(k.clientCA)
		if err != nil {
			t.Fatal(err)
		}
		err = handshake(t, config, &tls.Config{
			RootCAs: ca.pool(), ServerName: "127.0.0.1", MinVersion: k.version, MaxVersion: k.version, Certificates: pair(k.client),
		})
		if (err == nil) != k.want {
			t.Errorf("%s: error %v, want success %v", k.name, err, k.want)
		}
	}
}

// handshake returns the first error of either side, after a byte went across.
func handshake(t *testing.T, server, client *tls.Config) error {
	t.Helper()
	a, b := net.Pipe()
	defer a.Close()
	defer b.Close()
	serving := make(chan error, 1)
	go func() {
		conn := tls.Server(a, server)
		err := conn.Handshake()
		if err == nil {
			_, err = conn.Write([]byte{1})
		}
		serving <- err
		a.Close()
	}()
	conn := tls.Client(b, client)
	_, err := io.ReadFull(conn, make([]byte, 1))
	b.Close()
	if served := <-serving; err == nil {
		err = served
	}
	return err
}
