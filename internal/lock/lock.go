// Package lock keeps processes from each other by files, which the system lets go of
// when a process ends in whatever way. It knows nothing of what is in the files.
package lock

import (
	"errors"
	"io/fs"
	"os"
)

// ErrHeld is what File says of a lock that somebody has.
var ErrHeld = errors.New("the lock is held")

// File opens a file, which it makes with the given mode, and locks it against everybody else until
// it is closed, or its process ends in whatever way. Of a lock that is held it
// waits, or returns ErrHeld.
func File(path string, mode fs.FileMode, wait bool) (*os.File, error) {
	for {
		f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, mode)
		if err != nil {
			return nil, err
		}
		if err := take(f, wait); err != nil {
			f.Close()
			if errors.Is(err, ErrHeld) {
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
