//go:build unix

package bus

import (
	"errors"
	"os"
	"syscall"
)

// lockFile takes an exclusive lock that the operating system drops when the process ends,
// however it ends.
func lockFile(f *os.File) (held bool, err error) {
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return true, nil
	}
	return false, err
}
