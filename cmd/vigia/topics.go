package main

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/vigia-cx/vigia/internal/app"
	"github.com/vigia-cx/vigia/internal/bus"
	"github.com/vigia-cx/vigia/internal/config"
	"github.com/vigia-cx/vigia/internal/worker"
)

// topicLine is a topic as it is and as it should be.
type topicLine struct {
	Topic       string               `json:"topic"`
	Exists      bool                 `json:"exists"`
	Partitions  int                  `json:"partitions"`
	Wanted      int                  `json:"wanted_partitions"`
	Replication int                  `json:"replication"`
	Retention   string               `json:"retention"` // as it should be
	Differences map[string][2]string `json:"differences,omitempty"`
}

func newTopicsCommand(e *env) *cobra.Command {
	var format string
	var create bool
	show := func(cmd *cobra.Command, _ []string) error {
		return e.topics(cmd.Context(), format, create)
	}
	cmd := &cobra.Command{
		Use:   "topics",
		Short: "Show or create the topics in Kafka",
		Long:  "Compare the topics in Kafka with what Vigia needs: partitions, retention, clean-up. It exits with 1 when a topic cannot be used. `vigia topics create` creates what is missing and never changes what exists.",
		Args:  cobra.NoArgs,
		RunE:  show,
	}
	formatFlag(cmd, &format, "table", "json")
	cmd.Flags().BoolVar(&create, "create", false, "create what is missing")
	shown := &cobra.Command{Use: "show", Short: "Show the topics", Args: cobra.NoArgs, RunE: show}
	formatFlag(shown, &format, "table", "json")
	created := &cobra.Command{
		Use: "create", Short: "Create the topics that are missing", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return e.topics(cmd.Context(), format, true) },
	}
	formatFlag(created, &format, "table", "json")
	cmd.AddCommand(shown, created)
	return cmd
}

func (e *env) topics(ctx context.Context, format string, create bool) error {
	cfg, err := e.config()
	if err != nil {
		return err
	}
	wanted := app.Topics(cfg)
	if cfg.Kafka.Embedded() {
		e.say("The log is embedded; `vigia run` creates these topics by itself.")
		return e.writeTopics(format, wanted, nil)
	}
	logger, err := e.logger(slog.LevelWarn)
	if err != nil {
		return err
	}
	log, err := app.ConnectLog(ctx, cfg, logger)
	if err != nil {
		return err
	}
	defer log.Close()
	if create {
		if err := createTopics(ctx, e, cfg, log, wanted); err != nil {
			return err
		}
	}
	have, err := log.Topics(ctx, wanted.Names()...)
	if err != nil {
		return err
	}
	if err := e.writeTopics(format, wanted, have); err != nil {
		return err
	}
	return worker.CheckTopics(ctx, log, wanted)
}

func createTopics(ctx context.Context, e *env, cfg *config.Config, log *bus.Client, wanted worker.Topics) error {
	before, err := log.Topics(ctx, wanted.Names()...)
	if err != nil {
		return err
	}
	var missing []string
	for _, name := range wanted.Names() {
		if !before[name].Exists {
			missing = append(missing, name)
		}
	}
	if len(missing) == 0 {
		e.say("All topics exist.")
		return nil
	}
	if err := log.CreateTopics(ctx, wanted.Specs()); err != nil {
		return err
	}
	e.say("Created %s, with %d partitions each.", strings.Join(missing, ", "), cfg.Kafka.PartitionCount())
	return nil
}

func (e *env) writeTopics(format string, wanted worker.Topics, have map[string]bus.TopicInfo) error {
	var lines []topicLine
	for _, t := range wanted.All() {
		line := topicLine{Topic: t.Name, Wanted: t.Partitions, Replication: t.Replication, Retention: "compacted"}
		if t.Retention > 0 {
			line.Retention = fmt.Sprintf("%dd", t.Retention/(24*time.Hour))
		}
		if info := have[t.Name]; info.Exists {
			line.Exists, line.Partitions, line.Replication, line.Differences = true, info.Partitions, info.Replication, t.Differences(info)
		}
		lines = append(lines, line)
	}
	if format == "json" {
		return writeJSON(e.stdout, lines)
	}
	rows := [][]string{{"TOPIC", "PARTITIONS", "REPLICATION", "RETENTION", "STATE"}}
	for _, l := range lines {
		state, partitions, replication := "ok", strconv.Itoa(l.Partitions), strconv.Itoa(l.Replication)
		switch {
		case have == nil:
			state, partitions, replication = "embedded", strconv.Itoa(l.Wanted), "1"
		case !l.Exists:
			state, partitions, replication = "missing", "–", "–"
		case l.Partitions != l.Wanted:
			state = fmt.Sprintf("wrong: %d partitions wanted", l.Wanted)
		case len(l.Differences) > 0:
			state = "differs: " + differences(l.Differences)
		}
		rows = append(rows, []string{l.Topic, partitions, replication, l.Retention, state})
	}
	return writeTable(e.stdout, rows)
}

// differences lists settings that are not as recommended, in the order of their names.
func differences(d map[string][2]string) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(d)) {
		parts = append(parts, fmt.Sprintf("%s is %s, recommended is %s", name, d[name][0], d[name][1]))
	}
	return strings.Join(parts, "; ")
}
