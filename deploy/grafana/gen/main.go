// Command gen writes Vigia's Grafana boards: `go run .` in its folder writes ../*.json anew. It is a module of its own, so that what only boards need stays out of Vigia.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	dir := flag.String("dir", "..", "folder to write the boards to")
	flag.Parse()
	if err := write(*dir); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

// write writes every board into a folder.
func write(dir string) error {
	for _, b := range boards() {
		text, err := b.render()
		if err != nil {
			return fmt.Errorf("board %s: %w", b.uid, err)
		}
		if err := os.WriteFile(filepath.Join(dir, b.file()), text, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// boards lists all of them.
func boards() []board { return []board{overview(), sla(), voice(), pipeline()} }
