package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestReadmeCommandsAreRun holds the README to what works: every vigia command it prints stands, word for word, in a script of testdata that is run by TestScripts, and
// every make target exists.
func TestReadmeCommandsAreRun(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	scripts, err := filepath.Glob("testdata/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	run := map[string]bool{}
	for _, name := range scripts {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			line = strings.TrimSpace(line)
			if command, ok := strings.CutPrefix(line, "exec "); ok {
				command, _, _ = strings.Cut(command, " &")
				run[strings.TrimSpace(command)] = true
			}
		}
	}
	commands, fenced := 0, false
	for line := range strings.Lines(string(readme)) {
		line = strings.TrimRight(line, "\n")
		if strings.HasPrefix(line, "```") {
			fenced = line == "```console"
			continue
		}
		command, ok := strings.CutPrefix(line, "$ ")
		if !fenced || !ok {
			continue
		}
		commands++
		if target, ok := strings.CutPrefix(command, "make "); ok {
			if out, err := exec.Command("make", "-C", "../..", "-n", target).CombinedOutput(); err != nil {
				t.Errorf("README prints %q, but: %v\n%s", command, err, out)
			}
			continue
		}
		vigia, _, _ := strings.Cut(strings.TrimPrefix(command, "bin/"), " >") // scripts take the output instead of a file
		if !run[vigia] {
			t.Errorf("README prints %q, which no script of testdata runs as %q", command, "exec "+vigia)
		}
	}
	if commands < 10 {
		t.Errorf("only %d commands found in the README: does it still fence them with ```console?", commands)
	}
	if n := strings.Count(string(readme), "\n"); n >= 300 {
		t.Errorf("the README has %d lines; it stays under 300", n)
	}
}
