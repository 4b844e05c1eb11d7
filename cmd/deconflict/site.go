package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/deconflict/deconflict/internal/auth"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/server"
)

// site is a node that stands where there is nothing else: it makes what it needs
// itself, and enrols its own party and those that it invites.
type site struct {
	config *server.Config
	issuer *auth.Issuer
	log    *slog.Logger
	node   *server.Server // once it is there
}

// ownCertificate is the name of the certificate that a site makes itself.
const ownCertificate = "site.crt"

// certificateLife is how long it holds.
const certificateLife = 366 * 24 * time.Hour

// newSite makes the certificate and the issuer's key of a site, unless they are
// there.
func newSite(c *server.Config, log *slog.Logger) (*site, error) {
	keys := filepath.Join(c.Data, "keys")
	if err := os.MkdirAll(keys, 0o700); err != nil {
		return nil, err
	}
	if c.TLSCert == filepath.Join(keys, ownCertificate) {
		if err := makeCertificate(c.TLSCert, c.TLSKey, c.Site, time.Now()); err != nil {
			return nil, fmt.Errorf("certificate of the site: %w", err)
		}
	}
	issuer, err := auth.NewIssuer(filepath.Join(keys, "issuer.key"), auth.IssuerName)
	return &site{config: c, issuer: issuer, log: log}, err
}

// makeCertificate writes a certificate that signs itself and its key, unless
// there is one that still holds: who compared its fingerprint need not again.
func makeCertificate(certFile, keyFile, name string, now time.Time) error {
	pair, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err == nil && now.Before(pair.Leaf.NotAfter) {
		return nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return err
	}
	template := x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: name, Organization: []string{"deconflict site"}},
		NotBefore: now.Add(-24 * time.Hour), // clocks of devices without a network differ
		NotAfter:  now.Add(certificateLife),
		KeyUsage:  x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true, DNSNames: []string{"localhost"},
		IPAddresses: append([]net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback}, lanAddresses()...),
	}
	if host, err := os.Hostname(); err == nil && host != "" && host != "localhost" {
		template.DNSNames = append(template.DNSNames, host)
	}
	der, err := x509.CreateCertificate(rand.Reader, &template, &template, key.Public(), key)
	if err != nil {
		return err
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	if err := os.WriteFile(keyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}), 0o600); err != nil {
		return err
	}
	return os.WriteFile(certFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600)
}

// lanAddresses are those at which other devices may reach this machine, IPv4
// first.
func lanAddresses() []net.IP {
	all, err := net.InterfaceAddrs()
	if err != nil {
		return nil // then it is reached from here alone
	}
	var found []net.IP
	for _, a := range all {
		if n, ok := a.(*net.IPNet); ok && n.IP.IsGlobalUnicast() {
			found = append(found, n.IP)
		}
	}
	v6 := func(ip net.IP) bool { return ip.To4() == nil }
	return append(slices.DeleteFunc(slices.Clone(found), v6), slices.DeleteFunc(found, func(ip net.IP) bool { return !v6(ip) })...)
}

// open enrols the site's party at its first start, and says how to join.
func (s *site) open(ctx context.Context, a *app, node *server.Server) error {
	s.node = node
	id := party.ID(s.config.Site)
	if err := s.enrol(ctx, id, siteKind); err != nil {
		return fmt.Errorf("enrolling %s: %w", id, err)
	}
	scopes := slices.DeleteFunc(slices.Clone(auth.Scopes), func(scope string) bool { return scope == auth.ScopeAdmin })
	code, err := node.Invite(id, auth.Standing{Role: chiefRole, Person: firstPerson}, scopes, firstCodeLife)
	if err != nil {
		return err
	}
	return s.welcome(a, code)
}

// firstCodeLife is how long the join code holds that a site prints when it
// starts.
const firstCodeLife = time.Hour

// welcome prints where the site is and how to join it.
func (s *site) welcome(a *app, code string) error {
	_, port, err := net.SplitHostPort(strings.TrimPrefix(strings.TrimPrefix(s.node.URL(), "https://"), "http://"))
	if err != nil {
		return err
	}
	scheme := "http"
	if s.config.TLSCert != "" {
		scheme = "https"
	}
	var places []string
	if host, _, err := net.SplitHostPort(s.config.Listen); err == nil && host != "" && !net.ParseIP(host).IsUnspecified() {
		places = append(places, scheme+"://"+net.JoinHostPort(host, port))
	} else {
		for _, ip := range lanAddresses() {
			places = append(places, scheme+"://"+net.JoinHostPort(ip.String(), port))
		}
		places = append(places, scheme+"://"+net.JoinHostPort("localhost", port))
	}
	fmt.Fprintf(a.stdout, "Site %s. The map, for who is on this network:\n", s.config.Site)
	for _, p := range places {
		fmt.Fprintf(a.stdout, "  %s/\n", p)
	}
	if s.config.TLSCert != "" {
		pair, err := tls.LoadX509KeyPair(s.config.TLSCert, s.config.TLSKey)
		if err != nil {
			return err
		}
		fmt.Fprintf(a.stdout, "Browsers warn of its certificate, which nobody else vouches for. Compare its SHA-256\nfingerprint with what the browser shows, then go on:\n  %s\n", server.Fingerprint(pair.Leaf.Raw))
	}
	fmt.Fprintf(a.stdout, "Join code, good once and for %s: %s\n", duration(int64(firstCodeLife)), code)
	fmt.Fprintf(a.stdout, "Clock: %s\n", server.ClockWords())
	if a.terminal {
		drawn, err := server.TerminalQR(places[0] + "/#join=" + code)
		if err != nil {
			return err
		}
		fmt.Fprintf(a.stdout, "\n%s\n", drawn)
	}
	return nil
}
