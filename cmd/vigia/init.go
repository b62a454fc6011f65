package main

import (
	"crypto/rand"
	_ "embed"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/vigia-cx/vigia/internal/config"
	"github.com/vigia-cx/vigia/internal/connector"
)

//go:embed init.yml.tmpl
var initTemplate string

// secretsFolder is made beside the configuration, so that the configuration itself can be shown to anybody.
const secretsFolder = "vigia-secrets"

// start is what `vigia init` writes.
type start struct {
	Tenant, Zone, Language, Listen, Secrets string
	Public, ifMissing                       bool
}

func newInitCommand(e *env) *cobra.Command {
	var s start
	cmd := &cobra.Command{
		Use:   "init",
		Short: "Write a configuration to begin with",
		Long: `Write a commented configuration with one tenant, and beside it the folder ` + secretsFolder + ` with a token to send events, a token to read, and the key of the pseudonyms.
Nothing that exists is overwritten. The command line that is printed sends a first event once ` + "`vigia run`" + ` is running.`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return e.init(s) },
	}
	f := cmd.Flags()
	f.StringVar(&s.Tenant, "tenant", "acme", "name of the tenant")
	f.StringVar(&s.Zone, "zone", localZone(e.getenv), "IANA `zone` of the tenant")
	f.StringVar(&s.Language, "language", "en", "language of the page: en, es or pt")
	f.StringVar(&s.Listen, "listen", config.Default().Listen, "host:port to listen on")
	f.BoolVar(&s.ifMissing, "if-missing", false, "do nothing when the configuration exists, as for a container that starts again")
	return cmd
}

func (e *env) init(s start) error {
	if _, err := os.Lstat(e.configFile); s.ifMissing && err == nil {
		return nil
	}
	dir := filepath.Dir(e.configFile)
	s.Secrets, s.Public = secretsFolder, !config.Loopback(s.Listen)
	files := []struct{ name, text string }{
		{e.configFile, s.text()},
		{filepath.Join(dir, secretsFolder, ".gitignore"), "*\n"},
		{filepath.Join(dir, secretsFolder, "ingest.token"), randomHex() + "\n"},
		{filepath.Join(dir, secretsFolder, "read.token"), randomHex() + "\n"},
		{filepath.Join(dir, secretsFolder, "pseudonym.key"), base64.StdEncoding.EncodeToString(randomBytes()) + "\n"},
	}
	for _, f := range files {
		if _, err := os.Lstat(f.name); !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("%s exists already and is left as it is; move it away, or write elsewhere with --config", f.name)
		}
	}
	if err := os.MkdirAll(filepath.Join(dir, secretsFolder), 0o700); err != nil {
		return err
	}
	for _, f := range files {
		if err := createFile(f.name, f.text); err != nil {
			return err
		}
	}
	// The flags may have been wrong; then nothing is left behind.
	if _, err := e.config(); err != nil {
		for _, f := range files {
			_ = os.Remove(f.name)
		}
		_ = os.Remove(filepath.Join(dir, secretsFolder))
		return usage(err)
	}
	e.say("Wrote %s and the secrets in %s; keep pseudonym.key, without it nobody is recognised again.\nNext: `vigia run`, then send a first event with the line below and look at http://%s",
		e.configFile, filepath.Join(dir, secretsFolder), browsable(s.Listen))
	_, err := fmt.Fprintln(e.stdout, curlLine(browsable(s.Listen), filepath.Join(dir, secretsFolder, "ingest.token")))
	return err
}

// text fills the template in. (Package text/template would keep every method of every type in the binary, a fifth of its size.)
func (s start) text() string {
	openly := "# "
	if s.Public {
		openly = ""
	}
	return strings.NewReplacer("{{.Listen}}", s.Listen, "{{.Secrets}}", s.Secrets, "{{.Tenant}}", s.Tenant, "{{.Zone}}", s.Zone, "{{.Language}}", s.Language,
		"{{if not .Public}}# {{end}}", openly).Replace(initTemplate)
}

// curlLine sends a first event. The token stays in its file.
func curlLine(address, tokenFile string) string {
	const body = `{"conversation":{"id":"hello-1"},"customer":{"id":"customer-1"},"actor":{"kind":"KIND_CUSTOMER"},"channel":"CHANNEL_EMAIL",` +
		`"routing":{"queue_id":"support"},"message":{"message_id":"hello-1","direction":"DIRECTION_INBOUND","text":"Hello"}}`
	return fmt.Sprintf(`curl -sS -H "Authorization: Bearer $(cat %s)" -H 'Content-Type: application/json' -d '%s' http://%s%s`,
		shellQuote(tokenFile), body, address, connector.Path)
}

// shellQuote quotes a word for a POSIX shell where it needs that.
func shellQuote(word string) string {
	if word != "" && strings.Trim(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./-") == "" {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// createFile writes a file for its owner alone, and never over another.
func createFile(path, text string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	return errors.Join(err, f.Close())
}

func randomBytes() []byte {
	b := make([]byte, 32)
	_, _ = rand.Read(b) // never fails
	return b
}

func randomHex() string { return hex.EncodeToString(randomBytes()) }
