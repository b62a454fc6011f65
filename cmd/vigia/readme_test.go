package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestReadmeCommandsAreRun holds the README, in each of its languages, to what works: every vigia command it prints stands, word for word, in a script of testdata that is run by
// TestScripts, and every make target exists.
func TestReadmeCommandsAreRun(t *testing.T) {
	run := scriptedCommands(t)
	for name, least := range map[string]int{"README.md": 10, "README.es.md": 6, "README.pt.md": 6} {
		t.Run(name, func(t *testing.T) { readmeCommandsAreRun(t, name, least, run) })
	}
}

// scriptedCommands are the commands that scripts expect to succeed.
func scriptedCommands(t *testing.T) map[string]bool {
	t.Helper()
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
	return run
}

func readmeCommandsAreRun(t *testing.T, name string, least int, run map[string]bool) {
	readme, err := os.ReadFile("../../" + name)
	if err != nil {
		t.Fatal(err)
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
				t.Errorf("it prints %q, but: %v\n%s", command, err, out)
			}
			continue
		}
		vigia, _, _ := strings.Cut(strings.TrimPrefix(command, "bin/"), " >") // scripts take the output instead of a file
		if !run[vigia] {
			t.Errorf("it prints %q, which no script of testdata runs as %q", command, "exec "+vigia)
		}
	}
	if commands < least {
		t.Errorf("only %d commands found: does it still fence them with ```console?", commands)
	}
	if n := strings.Count(string(readme), "\n"); n >= 300 {
		t.Errorf("it has %d lines; it stays under 300", n)
	}
}
