package main

import (
	"github.com/spf13/cobra"
)

// commands makes the subcommands, in the order in which people meet them. A command lives in one file with a constructor of this shape; adding one is a file and a line here.
var commands = []func(*env) *cobra.Command{
	newDemoCommand,
	newInitCommand,
	newRunCommand,
	newKPIsCommand,
	newCatalogCommand,
	newConversationsCommand,
	newDigestCommand,
	newExplainCommand,
	newReplayCommand,
	newMappingCommand,
	newRulesCommand,
	newReferenceCommand,
	newEraseCommand,
	newSimulateCommand,
	newConfigCommand,
	newTopicsCommand,
	newSnapshotCommand,
	newWebhookCommand,
	newVerifyCommand,
	newDoctorCommand,
	newHealthcheckCommand,
	newVersionCommand,
	newExitCodesTopic,
}

func newRoot(e *env) *cobra.Command {
	root := &cobra.Command{
		Use:   "vigia",
		Short: "Real-time KPIs of a contact centre",
		Long: `Vigia computes contact-centre and customer-experience KPIs in real time.

  vigia demo          see it at work, with invented traffic
  vigia init          write a configuration
  vigia run           run everything in this process, or the roles that are named
  vigia kpis          what the numbers are now
  vigia replay        what they were, from the logs of another system`,
		SilenceErrors: true,
		SilenceUsage:  true,
		PersistentPreRun: func(*cobra.Command, []string) {
			e.began = true
		},
	}
	e.flags(root)
	for _, command := range commands {
		root.AddCommand(command(e))
	}
	addCompletions(root)
	return root
}
