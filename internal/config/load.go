package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/vigia-cx/vigia/internal/document"
)

// maxFile keeps a wrong path, to a log file say, from being read whole.
const maxFile = 4 << 20

// Load reads, completes and checks a configuration file. getenv is [os.Getenv] or what stands in for it.
//
// Errors: what the system says about the file, or [document.Findings] with everything that is wrong in it.
func Load(path string, getenv func(string) string) (*Config, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("there is no configuration at %s; write one with `vigia init`, or name another with --config: %w", path, fs.ErrNotExist)
	}
	if err == nil && info.Size() > maxFile {
		err = fmt.Errorf("%s has %d bytes, more than any configuration; is it the right file?", path, info.Size())
	}
	if err != nil {
		return nil, err
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return Parse(path, text, getenv)
}

// Parse is [Load] of a text. path is shown in errors, and its folder is where relative paths begin.
func Parse(path string, text []byte, getenv func(string) string) (*Config, error) {
	c := Default()
	source, body := document.Parse(path, text, hidden)
	c.source = source
	decode(body, c, getenv)
	found := source.Found
	if !source.Broken() {
		found = append(found, c.readFiles(filepath.Dir(path))...)
		found = append(found, c.readCertificates(filepath.Dir(path))...)
		found = append(found, consequences(found).drop(c.check())...)
	}
	if len(found) > 0 {
		return nil, c.source.Finish(found)
	}
	if c.Data != "" && !filepath.IsAbs(c.Data) {
		c.Data = filepath.Join(filepath.Dir(path), c.Data)
	}
	return c, nil
}

// consequences are findings about the text of a file. What they spoil is not reported a second time: a value that could not be read, or something missing where a key
// is misspelled.
type consequences document.Findings

func (c consequences) drop(found document.Findings) document.Findings {
	return slices.DeleteFunc(found, func(f document.Finding) bool {
		return slices.ContainsFunc(c, func(cause document.Finding) bool {
			return strings.HasPrefix(f.Path, cause.Path) || document.Parent(cause.Path) == f.Path
		})
	})
}

// readFiles reads the files that hold secrets.
func (c *Config) readFiles(dir string) document.Findings {
	var found document.Findings
	read := func(at, file string, given bool) string {
		if file == "" {
			return ""
		}
		if given {
			found = append(found, c.source.Finding(at, fmt.Sprintf("the secret is given here and in a file; keep %s or %s", at, strings.TrimSuffix(at, "_file"))))
			return ""
		}
		if !filepath.IsAbs(file) {
			file = filepath.Join(dir, file)
		}
		text, err := os.ReadFile(file)
		if err == nil && strings.TrimSpace(string(text)) == "" {
			err = fmt.Errorf("%s is empty", file)
		}
		if err != nil {
			found = append(found, c.source.Finding(at, fmt.Sprintf("the secret cannot be read: %v", err)))
		}
		return strings.TrimRight(string(text), "\r\n")
	}
	one := func(at, file string, into *Secret) {
		if text := read(at, file, !into.IsZero()); text != "" {
			*into = NewSecret(text)
		}
	}
	many := func(at, file string, into *[]Secret) {
		for line := range strings.Lines(read(at, file, len(*into) > 0)) {
			if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
				*into = append(*into, NewSecret(line))
			}
		}
	}
	one("redis.password_file", c.Redis.PasswordFile, &c.Redis.Password)
	one("redis.sentinel.password_file", c.Redis.Sentinel.PasswordFile, &c.Redis.Sentinel.Password)
	many("metrics_tokens_file", c.MetricsTokensFile, &c.MetricsTokens)
	one("kafka.sasl.password_file", c.Kafka.SASL.PasswordFile, &c.Kafka.SASL.Password)
	c.webhookFiles(one, many)
	for i := range c.Tenants {
		t, at := &c.Tenants[i], fmt.Sprintf("tenants[%d].", i)
		many(at+"ingest_tokens_file", t.IngestTokensFile, &t.IngestTokens)
		many(at+"read_tokens_file", t.ReadTokensFile, &t.ReadTokens)
		one(at+"pseudonym_key_file", t.PseudonymKeyFile, &t.PseudonymKey)
	}
	return append(found, c.readAlerting(dir, many)...)
}
