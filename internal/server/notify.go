package server

import (
	"bytes"
	"crypto/ed25519"
	"fmt"
	"io"
	"os"

	"github.com/deconflict/deconflict/internal/engine"
	"github.com/deconflict/deconflict/internal/notify"
)

// openNotifier makes what tells others of changes. It comes before the engine,
// which tells it what it wrote.
func (s *Server) openNotifier(key ed25519.PrivateKey) error {
	loopback, err := isLoopback(s.config.Listen)
	if err != nil {
		return err
	}
	tokens, err := s.ussTokens()
	if err != nil {
		return err
	}
	s.notifier, err = notify.New(notify.Config{
		Dir: s.config.Data, BaseURL: s.baseURL(), Tokens: tokens,
		Node: s.config.Origin, Key: key, Mail: s.mailroom,
		Private: loopback || s.config.NotifyPrivate, Log: s.log,
	})
	return err
}

// ussTokens returns where tokens for other USSs come from.
func (s *Server) ussTokens() (notify.Tokens, error) {
	if s.config.USSTokenURL != "" {
		secret, err := readSecret(s.config.USSClientSecretFile)
		if err != nil {
			return nil, fmt.Errorf("uss-client-secret-file: %w", err)
		}
		return &notify.ClientCredentials{URL: s.config.USSTokenURL, ID: s.config.USSClientID, Secret: secret}, nil
	}
	if s.config.InsecureDev {
		return notify.Dev{}, nil
	}
	issuer, err := s.issuer()
	if err != nil || issuer == nil {
		return notify.None{}, err
	}
	return notify.Own{Issuer: issuer}, nil
}

// readSecret reads a short file, without the line feed at its end.
func readSecret(file string) (string, error) {
	f, err := os.Open(file)
	if err != nil {
		return "", err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, 4<<10))
	return string(bytes.TrimSpace(text)), err
}

// written hands on what is durable.
func (s *Server) written(w engine.Written) {
	s.mailroom.Written(w)
	s.notifier.Written(w)
}

// tellOthers tells others until the node stops.
func (s *Server) tellOthers() {
	if err := s.notifier.Run(s.streams, s.engine); err != nil {
		s.log.Error("others are not told of changes any more", "error", err)
	}
}
