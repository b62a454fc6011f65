package bus

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"time"
)

// kfake forgets where a partition ended once retention has deleted all of its records: after
// a restart it begins at offset 0 again. Offsets that are used twice are poison for readers
// that deduplicate by offset, so the ends are kept beside the log and put back before the
// broker opens it. Only a partition with no record at all needs that, and the youngest
// record of such a partition is as old as the retention: a mark that is some minutes old is
// exact.

const (
	marksFile     = "offsets.json"
	marksInterval = 10 * time.Minute
)

// marks maps a partition's directory name to the offset that its next record will get.
type marks map[string]int64

// partitionDir is kfake's name for the directory of a partition.
func partitionDir(topic string, partition int32) string {
	return fmt.Sprintf("%s-%d", url.PathEscape(topic), partition)
}

// keepMarks writes the marks until stop is closed.
func (e *Embedded) keepMarks(topics []string) {
	tick := time.NewTicker(marksInterval)
	defer tick.Stop()
	for {
		if err := e.writeMarks(topics); err != nil {
			e.log.Warn("embedded log: cannot write "+marksFile+"; is the disk full?", "err", err)
		}
		select {
		case <-tick.C:
		case <-e.stop:
			return
		}
	}
}

func (e *Embedded) writeMarks(topics []string) error {
	m := marks{}
	for _, topic := range topics {
		for _, p := range e.cluster.PartitionInfos(topic) {
			m[partitionDir(topic, p.Partition)] = p.HighWatermark
		}
	}
	return writeJSON(filepath.Join(e.dir, marksFile), m)
}

// snapshot is the part of kfake's snapshot.json, written when it closes a partition, that
// says where the partition ended. Loading it needs the segments to match the files.
type snapshot struct {
	Version   int               `json:"version"`
	High      int64             `json:"high_watermark"`
	Stable    int64             `json:"last_stable_offset"`
	Start     int64             `json:"log_start_offset"`
	Epoch     int32             `json:"epoch"`
	CreatedAt time.Time         `json:"created_at"`
	Segments  []snapshotSegment `json:"segments"`
}

type snapshotSegment struct {
	Base int64 `json:"base_offset"`
	Size int64 `json:"size"`
}

// restoreEnds gives every partition without records an empty segment at the offset where it
// ended. It must run before the broker opens dir.
func restoreEnds(dir string) error {
	var m marks
	if err := readJSON(filepath.Join(dir, marksFile), &m); err != nil {
		return err
	}
	partitions, err := os.ReadDir(filepath.Join(dir, "partitions"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, p := range partitions {
		if err := restoreEnd(filepath.Join(dir, "partitions", p.Name()), m[p.Name()]); err != nil {
			return fmt.Errorf("partition %s: %w", p.Name(), err)
		}
	}
	return nil
}

func restoreEnd(dir string, mark int64) error {
	segments, err := filepath.Glob(filepath.Join(dir, "*.dat"))
	if err != nil || len(segments) > 0 {
		return err
	}
	var s snapshot
	path := filepath.Join(dir, "snapshot.json")
	if err := readJSON(path, &s); err != nil {
		return err
	}
	end := max(mark, s.High)
	if end == 0 {
		return nil
	}
	for _, name := range []string{fmt.Sprintf("%d.dat", end), fmt.Sprintf("%d.idx", end)} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o644); err != nil {
			return err
		}
	}
	return writeJSON(path, snapshot{
		Version: cmp.Or(s.Version, 1), High: end, Stable: end, Start: end, Epoch: s.Epoch,
		CreatedAt: s.CreatedAt, Segments: []snapshotSegment{{Base: end}},
	})
}

// readJSON leaves v alone if there is no such file.
func readJSON(path string, v any) error {
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		err = json.Unmarshal(b, v)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// writeJSON replaces the file in one step, so that a crash leaves the old or the new one.
func writeJSON(path string, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*.tmp")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // fails after the rename, which is fine
	_, err = f.Write(b)
	if err == nil {
		err = f.Sync()
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
