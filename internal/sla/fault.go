package sla

import (
	"errors"
	"fmt"
)

// within says where a fault is, on each line when several are joined, so that
// every line can be read alone.
func within(where string, err error) error {
	if err == nil {
		return nil
	}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var errs []error
		for _, e := range joined.Unwrap() {
			errs = append(errs, within(where, e))
		}
		return errors.Join(errs...)
	}
	return fmt.Errorf("%s: %w", where, err)
}
