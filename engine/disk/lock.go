package disk

import (
	"errors"
	"io/fs"
	"os"
)

// errHeld is what lockFile says of a lock that somebody has.
var errHeld = errors.New("the lock is held")

// lockFile opens a file, which it makes, and locks it against everybody else until
// it is closed, or its process ends in whatever way. Of a lock that is held it
// waits, or returns errHeld.
func lockFile(path string, wait bool) (*os.File, error) {
	for {
		f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
		if err != nil {
			return nil, err
		}
		if err := lock(f, wait); err != nil {
			f.Close()
			if errors.Is(err, errHeld) {
				return nil, err
			}
			return nil, &fs.PathError{Op: "lock", Path: path, Err: err}
		}
		// Whoever had the lock may have removed the file: then it locks nothing.
		mine, err := f.Stat()
		if err == nil {
			var there os.FileInfo
			if there, err = os.Stat(path); err == nil && os.SameFile(mine, there) {
				return f, nil
			}
		}
		f.Close()
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
}
