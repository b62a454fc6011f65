package main

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/vigia-cx/vigia/internal/app"
	"github.com/vigia-cx/vigia/internal/kpi"
)

// completionHelp replaces what the library says, which does not know where our users keep such files.
const completionHelp = `Write a script that completes commands, flags, roles, KPIs and what they are grouped by when you press Tab.

  bash         vigia completion bash > /etc/bash_completion.d/vigia       (needs the package bash-completion)
  zsh          vigia completion zsh > "${fpath[1]}/_vigia"                (once: autoload -U compinit; compinit)
  fish         vigia completion fish > ~/.config/fish/completions/vigia.fish
  PowerShell   vigia completion powershell | Out-String | Invoke-Expression   (put the line into $PROFILE)

For the shell at hand alone: source <(vigia completion bash). Begin a new shell after writing a file.`

// addCompletions adds the command that writes completion scripts, and what the commands that share names complete.
func addCompletions(root *cobra.Command) {
	root.InitDefaultCompletionCmd()
	for _, c := range root.Commands() {
		switch c.Name() {
		case "completion":
			c.Short, c.Long = "Write a completion script for bash, zsh, fish or PowerShell", completionHelp
		case "kpis":
			c.ValidArgs, c.ValidArgsFunction = nil, completeKPIs
		}
		completeFlag(c, "kpi", completeKPIs)
		completeFlag(c, "group", completeGroups)
		completeFlag(c, "window", cobra.FixedCompletions([]string{"5m", "15m", "1h", "4h", "24h", "7d", "today"}, cobra.ShellCompDirectiveNoFileComp))
		completeFlag(c, "definition", completeDefinitions)
	}
}

// completeFlag completes a flag where a command has it and does not do so itself.
func completeFlag(c *cobra.Command, name string, complete cobra.CompletionFunc) {
	if c.Flags().Lookup(name) == nil {
		return
	}
	if _, known := c.GetFlagCompletionFunc(name); !known {
		_ = c.RegisterFlagCompletionFunc(name, complete)
	}
}

// completeRoles offers the roles that are not on the command line yet.
func completeRoles(_ *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	var out []cobra.Completion
	for _, r := range app.Roles {
		if !slices.Contains(args, string(r)) {
			out = append(out, string(r))
		}
	}
	return out, cobra.ShellCompDirectiveNoFileComp
}

// completeKPIs completes the last of several names with commas between them.
func completeKPIs(_ *cobra.Command, _ []string, begun string) ([]cobra.Completion, cobra.ShellCompDirective) {
	return completeList(begun, kpi.IDs())
}

func completeGroups(_ *cobra.Command, _ []string, begun string) ([]cobra.Completion, cobra.ShellCompDirective) {
	return completeList(begun, namesOf(func(d *kpi.Def) (names []string) {
		for _, dimension := range d.Dimensions {
			names = append(names, string(dimension))
		}
		return names
	}))
}

func completeDefinitions(_ *cobra.Command, _ []string, begun string) ([]cobra.Completion, cobra.ShellCompDirective) {
	return completeList(begun, namesOf(func(d *kpi.Def) (names []string) {
		for _, definition := range d.Definitions {
			names = append(names, definition.ID)
		}
		return names
	}))
}

// namesOf collects names over all KPIs, each once, sorted.
func namesOf(of func(*kpi.Def) []string) []string {
	var names []string
	for _, d := range kpi.Catalog() {
		names = append(names, of(d)...)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// completeList offers the names that are not in a list yet, each with what the list has so far before it.
func completeList(begun string, names []string) ([]cobra.Completion, cobra.ShellCompDirective) {
	before := begun[:strings.LastIndex(begun, ",")+1]
	have := strings.Split(before, ",")
	var out []cobra.Completion
	for _, name := range names {
		if !slices.Contains(have, name) {
			out = append(out, before+name)
		}
	}
	return out, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
}
