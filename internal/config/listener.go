package config

import (
	"net"
	"strconv"
)

// TLS is how a listener proves who it is. Without files it speaks plain HTTP.
type TLS struct {
	// CertFile and KeyFile are PEM: the certificate with its chain, and its key. They are read again when they change.
	CertFile string `yaml:"cert_file"`
	KeyFile  string `yaml:"key_file"`
	// ClientCAFile holds the authorities (PEM) whose certificates clients must have. Only for the admin listener; health checks need none.
	ClientCAFile string `yaml:"client_ca_file"`
}

// Enabled reports whether the listener speaks TLS.
func (t TLS) Enabled() bool { return t.CertFile != "" }

// AdminAddress returns where metrics, health and reload are served: Admin, or the port after that of Listen on the loopback interface (any free port if Listen takes any).
func (c *Config) AdminAddress() string {
	if c.Admin != "" {
		return c.Admin
	}
	_, port, err := net.SplitHostPort(c.Listen)
	n, badPort := strconv.Atoi(port)
	if err != nil || badPort != nil || n >= 65535 {
		return "" // Validate says so
	}
	if n > 0 {
		n++
	}
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(n))
}

// OneListener reports whether the admin pages are served by the public listener.
func (c *Config) OneListener() bool { return c.Admin != "" && c.Admin == c.Listen }

// AdminListenerTLS returns the TLS settings of the listener that serves the admin pages.
func (c *Config) AdminListenerTLS() TLS {
	if c.OneListener() {
		return c.TLS
	}
	return c.AdminTLS
}

func (c *Config) checkListeners(k *checker) {
	k.address("listen", c.Listen)
	if c.Admin != "" {
		k.address("admin", c.Admin)
	} else if _, port, err := net.SplitHostPort(c.Listen); err == nil && port == "65535" {
		k.add("listen", "the admin listener takes the next port, and after 65535 there is none; name one with admin:")
	}
	if c.OneListener() && !Loopback(c.Listen) {
		k.add("admin", "metrics, health and reload ask for no token, and %s can be reached from other machines; give admin an address of its own, for example 127.0.0.1:8421", c.Admin)
	}
	if c.OneListener() && c.AdminTLS != (TLS{}) {
		k.add("admin_tls", "admin is the same listener as listen, whose settings are under tls; remove admin_tls")
	}
	if c.TLS.ClientCAFile != "" {
		k.add("tls.client_ca_file", "senders and readers have tokens; client certificates are for the admin listener: admin_tls.client_ca_file")
	}
	k.certificates("tls", c.TLS.CertFile, c.TLS.KeyFile)
	k.certificates("admin_tls", c.AdminTLS.CertFile, c.AdminTLS.KeyFile)
	if c.AdminTLS.ClientCAFile != "" && !c.AdminTLS.Enabled() {
		k.add("admin_tls.client_ca_file", "client certificates need TLS; add admin_tls.cert_file and admin_tls.key_file")
	}
}

// certificates: the certificate and its key come together.
func (k *checker) certificates(at, cert, key string) {
	if (cert == "") != (key == "") {
		k.add(at, "%s.cert_file and %s.key_file belong together; give both or none", at, at)
	}
}
