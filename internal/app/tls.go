package app

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/vigia-cx/vigia/internal/config"
)

// lookEvery is how often a listener looks whether its certificate has changed, at most.
const lookEvery = time.Second

// certificates serve the certificate of a listener from its files, and take them again when they change. A change that cannot be used leaves the old one in force: half a
// renewal must not end the service.
type certificates struct {
	files config.TLS
	log   *slog.Logger

	mu      sync.Mutex
	current *tls.Config
	stamp   string // of the files behind current, or of the last that could not be used
	looked  time.Time
}

// newCertificates reads the files. It fails when they cannot be used.
func newCertificates(files config.TLS, log *slog.Logger) (*certificates, error) {
	c := &certificates{files: files, log: log, stamp: stampOf(files), looked: time.Now()}
	var err error
	c.current, err = readCertificates(files)
	return c, err
}

// config returns what a listener needs.
func (c *certificates) config() *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: protocols, GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) { return c.newest(), nil }}
}

var protocols = []string{"h2", "http/1.1"}

// newest returns the settings for the next connection.
func (c *certificates) newest() *tls.Config {
	c.mu.Lock()
	defer c.mu.Unlock()
	if time.Since(c.looked) < lookEvery {
		return c.current
	}
	c.looked = time.Now()
	stamp := stampOf(c.files)
	if stamp == c.stamp {
		return c.current
	}
	c.stamp = stamp
	next, err := readCertificates(c.files)
	if err != nil {
		c.log.Error("the changed certificate cannot be used; the old one stays in force", "err", err)
		return c.current
	}
	c.current = next
	c.log.Info("the certificate has changed and is taken", "valid_until", next.Certificates[0].Leaf.NotAfter)
	return c.current
}

// stampOf changes when one of the files does.
func stampOf(files config.TLS) string {
	var stamp strings.Builder
	for _, file := range []string{files.CertFile, files.KeyFile, files.ClientCAFile} {
		if info, err := os.Stat(file); err == nil {
			fmt.Fprintf(&stamp, "%d %d;", info.ModTime().UnixNano(), info.Size())
		}
	}
	return stamp.String()
}

func readCertificates(files config.TLS) (*tls.Config, error) {
	pair, err := tls.LoadX509KeyPair(files.CertFile, files.KeyFile)
	if err != nil {
		return nil, fmt.Errorf("the certificate %s and its key %s cannot be used: %w", files.CertFile, files.KeyFile, err)
	}
	if pair.Leaf == nil {
		if pair.Leaf, err = x509.ParseCertificate(pair.Certificate[0]); err != nil {
			return nil, fmt.Errorf("the certificate %s cannot be read: %w", files.CertFile, err)
		}
	}
	c := &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: protocols, Certificates: []tls.Certificate{pair}}
	if files.ClientCAFile != "" {
		if c.ClientCAs, err = config.CertPool(files.ClientCAFile); err != nil {
			return nil, err
		}
		// Health checks have no certificate; everything else is refused without one, see guardAdmin.
		c.ClientAuth = tls.VerifyClientCertIfGiven
	}
	return c, nil
}
