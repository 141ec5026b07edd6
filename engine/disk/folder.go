package disk

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

const (
	lockName     = "lock"
	stampName    = "stamp"
	writingName  = "writing"
	identityName = "identity"
	pageSuffix   = ".page"
	noteSuffix   = ".note"

	identityDigits = 32 // of a folder's name: half of the hash
	splitDigits    = 2  // of a key, that are a folder, so that none gets too large
)

func folderOf(identity [32]byte) string { return hex.EncodeToString(identity[:])[:identityDigits] }

// path returns where an entry's file is.
func (s *Store) path(e *entry) string {
	key, suffix := e.key.String(), pageSuffix
	if e.note {
		suffix = noteSuffix
	}
	return filepath.Join(s.options.Dir, e.folder, key[:splitDigits], key[splitDigits:]+suffix)
}

// keyOf returns the key in the name of a file, and whether it is that of a note.
func keyOf(split, name string) (k Key, note, ok bool) {
	name, note = strings.CutSuffix(name, noteSuffix)
	if !note {
		if name, ok = strings.CutSuffix(name, pageSuffix); !ok {
			return k, false, false
		}
	}
	return k, note, hexDigits(split+name, k[:])
}

// hexDigits decodes lower-case digits, exactly as many as dst has room for.
func hexDigits(s string, dst []byte) bool {
	if len(s) != 2*len(dst) || strings.ToLower(s) != s {
		return false
	}
	_, err := hex.Decode(dst, []byte(s))
	return err == nil
}

// setUsed sets a file's last use, if it can: without, it leaves earlier.
func setUsed(path string, at int64) { _ = os.Chtimes(path, time.Time{}, time.Unix(0, at)) }

// lastUse returns a file's last use. Times that nanoseconds do not reach count as
// none.
func lastUse(info os.FileInfo) int64 {
	t := info.ModTime()
	if t.Year() < 1970 || t.Year() > 2200 {
		return 0
	}
	return t.UnixNano()
}

// lock locks the folder against the changes of others, until the file is closed.
func (s *Store) lock() (*os.File, error) {
	path := filepath.Join(s.options.Dir, lockName)
	f, err := lockFile(path, true)
	if errors.Is(err, fs.ErrNotExist) && os.MkdirAll(s.options.Dir, 0o700) == nil { // somebody cleared it
		return lockFile(path, true)
	}
	return f, err
}

// mark renews the stamp, before the first change under the folder's lock.
func (s *Store) mark() error {
	if s.marked {
		return nil
	}
	_, err := s.renewStamp()
	s.marked = err == nil
	return err
}

// renewStamp overwrites in place: whenever a process is killed, the stamp is
// another one than before or the one that was.
func (s *Store) renewStamp() ([]byte, error) {
	f, err := os.OpenFile(filepath.Join(s.options.Dir, stampName), os.O_WRONLY|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	stamp := make([]byte, 16)
	rand.Read(stamp)
	_, err = f.WriteAt(stamp, 0)
	return stamp, errors.Join(err, f.Close())
}

// exclusively changes the folder: do sees the index in step with it.
func (s *Store) exclusively(do func() error) error {
	s.change.Lock()
	defer s.change.Unlock()
	f, err := s.lock()
	if err != nil {
		return err
	}
	defer f.Close()
	if !s.inStep(s.readStamp()) {
		err = s.tidy()
	}
	if err == nil {
		err = do()
	}
	if s.marked {
		// If that fails, the index is out of step, and will be made again.
		s.stamp, _ = s.renewStamp()
		s.marked = false
	}
	return err
}

// begin creates a file under writing/, of a size that other processes see.
// The folder's lock is held.
func (s *Store) begin(size int64) (path string, f file, err error) {
	if s.held != nil {
		if _, err := os.Stat(s.temporary); errors.Is(err, fs.ErrNotExist) {
			s.held.Close() // somebody cleared the folder
			s.held = nil
		}
	}
	if s.held == nil {
		if err := s.makeTemporary(); err != nil {
			return "", nil, err
		}
	}
	s.files++
	path = filepath.Join(s.temporary, strconv.Itoa(s.files))
	if f, err = s.create(path); err != nil {
		return "", nil, err
	}
	if err := f.Truncate(size); err != nil {
		return "", nil, errors.Join(err, f.Close(), os.Remove(path))
	}
	return path, f, nil
}

// makeTemporary makes a folder under writing/ whose lock we hold.
func (s *Store) makeTemporary() error {
	for {
		name := make([]byte, 8)
		rand.Read(name)
		s.temporary = filepath.Join(s.options.Dir, writingName, hex.EncodeToString(name))
		if err := os.MkdirAll(s.temporary, 0o700); err != nil {
			return err
		}
		f, err := lockFile(filepath.Join(s.temporary, lockName), false)
		if err == nil {
			s.held = f
			return nil
		}
		// Somebody who thinks that we were killed in between removes it.
		if !errors.Is(err, errHeld) && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
}

// writing calls do for each folder under writing/.
func (s *Store) writing(do func(path string)) {
	folders, _ := os.ReadDir(filepath.Join(s.options.Dir, writingName))
	for _, d := range folders {
		if d.IsDir() && hexDigits(d.Name(), make([]byte, 8)) {
			do(filepath.Join(s.options.Dir, writingName, d.Name()))
		}
	}
}

// leftover says whether there is a folder under writing/ that is not ours.
func (s *Store) leftover() (found bool) {
	s.writing(func(path string) { found = found || path != s.temporary })
	return found
}

// sweep removes the folders under writing/ of processes that ended: nobody holds
// their locks.
func (s *Store) sweep() {
	s.writing(func(path string) {
		if path == s.temporary {
			return
		}
		if f, err := lockFile(filepath.Join(path, lockName), false); err == nil {
			_ = removeLocked(path, f)
		}
	})
}

// removeLocked removes a folder with its lock, which is held: that too where the
// system removes files that are open.
func removeLocked(path string, held *os.File) error {
	err := os.RemoveAll(path)
	held.Close()
	if err != nil {
		return os.RemoveAll(path)
	}
	return nil
}

// unfinished returns the bytes of all files that are being written, by whomever.
func (s *Store) unfinished() (bytes int64) {
	s.writing(func(path string) {
		files, _ := os.ReadDir(path)
		for _, f := range files {
			if info, err := f.Info(); err == nil {
				bytes += info.Size()
			}
		}
	})
	return bytes
}

// syncFolder makes names of a folder durable, where the system can do that. What
// is in one that another store removed meanwhile has left already.
func syncFolder(path string) error {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	_ = f.Sync() // Windows and some file systems refuse
	return nil
}
