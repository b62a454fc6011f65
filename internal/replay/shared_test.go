package replay_test

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"testing"
)

// shared returns the one file in a folder of the shared data, as it is and unpacked, or skips the test.
func shared(t testing.TB, folder string) (packed, plain []byte) {
	t.Helper()
	root := cmp.Or(os.Getenv("VIGIA_SHARED"), filepath.Join("..", "..", "..", "shared"))
	files, err := filepath.Glob(filepath.Join(root, "data", folder, "*.gz"))
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		t.Skipf("no %s/*.gz under %s: set VIGIA_SHARED to the folder that holds data/", folder, root)
	}
	if packed, err = os.ReadFile(files[0]); err != nil {
		t.Fatal(err)
	}
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	if plain, err = io.ReadAll(z); err != nil {
		t.Fatal(err)
	}
	return packed, plain
}
