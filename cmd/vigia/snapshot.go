package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/vigia-cx/vigia/internal/app"
	"github.com/vigia-cx/vigia/internal/bus"
	"github.com/vigia-cx/vigia/internal/config"
	"github.com/vigia-cx/vigia/internal/store"
)

func newSnapshotCommand(e *env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "snapshot",
		Short: "Save the state to a file, load it from one",
		Long: `A snapshot is a copy of the state with its positions in the log. Any copy of any instant is consistent: after it was loaded, workers go on from its positions, as
long as the log still reaches back to them (15 days by default). Snapshots of the embedded engine and of a real Redis can be loaded into each other if the partition
counts are equal and the log goes with them.`,
	}
	var force bool
	save := &cobra.Command{
		Use:   "save FILE",
		Short: "Write the state to a file",
		Long:  "Write the state to a file, which appears only when it is complete. Workers may run; each partition waits while it is copied. Of the embedded engine the last checkpoint is taken, at most 30 s old.",
		Args:  cobra.ExactArgs(1),
		RunE:  func(cmd *cobra.Command, args []string) error { return e.saveSnapshot(cmd.Context(), args[0]) },
	}
	load := &cobra.Command{
		Use:   "load FILE",
		Short: "Read the state from a file",
		Long:  "Read the state from a file. Stop the workers first. Partitions that have a state stop it before anything is changed, unless --force replaces them.",
		Args:  cobra.ExactArgs(1),
		RunE:  func(cmd *cobra.Command, args []string) error { return e.loadSnapshot(cmd.Context(), args[0], force) },
	}
	load.Flags().BoolVar(&force, "force", false, "replace the state that is there")
	cmd.AddCommand(save, load)
	return cmd
}

func (e *env) saveSnapshot(ctx context.Context, path string) error {
	cfg, err := e.config()
	if err != nil {
		return err
	}
	state, _, done, err := openState(ctx, cfg)
	if err != nil {
		return err
	}
	defer done()
	slots, err := state.Slots(ctx)
	if err != nil {
		return err
	}
	if len(slots) == 0 {
		return errors.New("there is no state to save: no worker has written any yet")
	}
	size, err := writeFile(path, func(w io.Writer) error { return state.Save(ctx, w) })
	if err != nil {
		return err
	}
	e.say("Saved %d partitions in %s (%d bytes).", len(slots), path, size)
	return nil
}

func (e *env) loadSnapshot(ctx context.Context, path string, force bool) error {
	cfg, err := e.config()
	if err != nil {
		return err
	}
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	if cfg.Redis.Embedded() {
		// The running process would overwrite the state with its own: taking its log's place proves that there is none.
		if err := os.MkdirAll(cfg.Data, 0o700); err != nil {
			return err
		}
		lock, err := bus.StartEmbedded(bus.EmbeddedConfig{Dir: app.LogDir(cfg)})
		if err != nil {
			return fmt.Errorf("stop `vigia run` first: %w", err)
		}
		defer lock.Close()
	}
	state, embedded, done, err := openState(ctx, cfg)
	if err != nil {
		return err
	}
	defer done()
	slots, err := state.Restore(ctx, bufio.NewReaderSize(file, 1<<20), store.RestoreOptions{Force: force})
	if errors.Is(err, store.ErrExists) {
		return fmt.Errorf("%w; stop the workers and use --force to replace it", err)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if embedded != nil {
		if err := embedded.SaveFile(app.StateFile(cfg)); err != nil {
			return err
		}
	}
	e.say("Loaded %d partitions from %s. Workers go on from there.", len(slots), path)
	return nil
}

// openState opens the configured state: a client of Redis, or the embedded server with what its file holds.
func openState(ctx context.Context, cfg *config.Config) (state *store.Store, embedded *store.Embedded, done func(), err error) {
	if !cfg.Redis.Embedded() {
		state, err = app.ConnectState(ctx, cfg)
		if err != nil {
			return nil, nil, nil, err
		}
		return state, nil, func() { _ = state.Close() }, nil
	}
	file := app.StateFile(cfg)
	if file == "" {
		return nil, nil, nil, errors.New("the state is kept in memory only (data is empty in the configuration): there is nothing to save or load")
	}
	if embedded, err = store.StartEmbedded(store.EmbeddedConfig{Virtual: true}); err != nil {
		return nil, nil, nil, err
	}
	if err = embedded.LoadFile(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
		embedded.Close()
		return nil, nil, nil, err
	}
	c, err := app.StateConfig(cfg)
	if err == nil {
		c.Addrs, c.Dialer = []string{embedded.Addr()}, embedded.Dialer()
		state, err = store.Open(c)
	}
	if err != nil {
		embedded.Close()
		return nil, nil, nil, err
	}
	return state, embedded, func() { _ = state.Close(); embedded.Close() }, nil
}

// writeFile writes a file that only its owner may read, and that is either complete or not there.
func writeFile(path string, write func(io.Writer) error) (size int64, err error) {
	file, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return 0, err
	}
	defer func() {
		if err != nil {
			_ = file.Close()
			_ = os.Remove(file.Name())
		}
	}()
	w := bufio.NewWriterSize(file, 1<<20)
	if err = write(w); err != nil {
		return 0, err
	}
	if err = errors.Join(w.Flush(), file.Sync()); err != nil {
		return 0, err
	}
	info, err := file.Stat()
	if err != nil {
		return 0, err
	}
	if err = file.Close(); err != nil {
		return 0, err
	}
	return info.Size(), os.Rename(file.Name(), path)
}
