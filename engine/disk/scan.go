package disk

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
)

// readers are the goroutines that read headers: the wait is for the disk.
const readers = 16

// A found file is one that has the name of a page or a note.
type found struct {
	path, folder string
	key          Key
	note         bool
	entry        *entry // nil: it is torn, or gone
	err          error
}

// list brings the index in step with the folder and returns the files in it that
// are torn or of another version. s.change is held, or nobody else has the store.
func (s *Store) list() (torn []string, err error) {
	files, names, err := s.walk()
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	var fresh []*found
	seen := make(map[Key]bool, len(files))
	for _, f := range files {
		e := s.index.entries[f.key]
		if e != nil && e.note == f.note && e.folder == f.folder && !f.note {
			seen[f.key] = true // a page never changes, a note may have been replaced
		} else {
			fresh = append(fresh, f)
		}
	}
	s.mu.Unlock()
	readAll(fresh)
	s.mu.Lock()
	defer s.mu.Unlock()
	for k, e := range s.index.entries {
		if !seen[k] {
			s.index.drop(e)
		}
	}
	for _, f := range fresh {
		switch {
		case f.entry != nil && s.index.entries[f.key] == nil:
			s.index.add(f.entry)
			s.clock = max(s.clock, f.entry.used)
		case errors.Is(f.err, errTorn):
			torn = append(torn, f.path)
		}
	}
	for folder := range s.index.names {
		s.index.name(folder, names[folder])
	}
	for folder, size := range names {
		s.index.name(folder, size)
	}
	return torn, nil
}

// walk returns the files that have the names of pages and notes, and the bytes of
// those that say what the identities are, by folder.
func (s *Store) walk() (files []*found, names map[string]int64, err error) {
	names = map[string]int64{}
	folders, err := readDir(s.options.Dir)
	for _, d := range folders {
		if !d.IsDir() || !hexDigits(d.Name(), make([]byte, identityDigits/2)) {
			continue
		}
		folder := filepath.Join(s.options.Dir, d.Name())
		splits, err := readDir(folder)
		if err != nil {
			return nil, nil, err
		}
		for _, split := range splits {
			if info, err := split.Info(); err == nil && split.Name() == identityName {
				names[d.Name()] = info.Size()
			}
			if !split.IsDir() || !hexDigits(split.Name(), make([]byte, splitDigits/2)) {
				continue
			}
			in, err := readDir(filepath.Join(folder, split.Name()))
			if err != nil {
				return nil, nil, err
			}
			for _, f := range in {
				if k, note, ok := keyOf(split.Name(), f.Name()); ok && f.Type().IsRegular() {
					files = append(files, &found{path: filepath.Join(folder, split.Name(), f.Name()), folder: d.Name(), key: k, note: note})
				}
			}
		}
	}
	return files, names, err
}

// readDir is os.ReadDir; what is not there is empty.
func readDir(path string) ([]os.DirEntry, error) {
	list, err := os.ReadDir(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return list, err
}

// readAll reads the headers of files.
func readAll(files []*found) {
	work := make(chan *found)
	var done sync.WaitGroup
	for range min(readers, len(files)) {
		done.Go(func() {
			b := make([]byte, maxHeader)
			for f := range work {
				f.read(b)
			}
		})
	}
	for _, f := range files {
		work <- f
	}
	close(work)
	done.Wait()
}

func (f *found) read(b []byte) {
	file, err := os.Open(f.path)
	if err != nil {
		f.err = err
		return
	}
	defer file.Close()
	h, info, err := readHeader(file, b)
	switch {
	case err != nil:
		f.err = err
	case h.key != f.key || h.note != f.note || folderOf(h.identity) != f.folder:
		f.err = fmt.Errorf("%w: it is %s, under another name", errTorn, h.key)
	default:
		f.entry = &entry{header: *h, folder: f.folder, used: lastUse(info)}
	}
}

// readHeader reads the header of a file; b has maxHeader bytes.
func readHeader(f *os.File, b []byte) (*header, os.FileInfo, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, nil, err
	}
	n, err := f.ReadAt(b, 0)
	if err != nil && err != io.EOF {
		return nil, nil, err
	}
	h, err := parseHeader(b[:n], info.Size())
	return h, info, err
}

// inStep says whether nobody changed the folder since the index was brought in
// step with it.
func (s *Store) inStep(stamp []byte) bool { return bytes.Equal(stamp, s.stamp) }

// tidy brings the index in step with the folder, and removes what is torn, what
// nobody can reach, and what processes left that ended. The folder's lock is held.
func (s *Store) tidy() error {
	stamp := s.readStamp()
	torn, err := s.list()
	if err != nil {
		return err
	}
	s.stamp = stamp
	s.sweep()
	for _, path := range torn {
		if err := s.mark(); err != nil {
			return err
		}
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	s.mu.Lock()
	var lost []*entry
	for _, e := range s.index.orphans() {
		lost = append(lost, s.index.below(e)...)
	}
	var empty []string
	for folder := range s.index.names {
		if s.index.folders[folder] == 0 {
			empty = append(empty, folder)
		}
	}
	s.mu.Unlock()
	for _, folder := range empty {
		s.removeIdentity(folder)
	}
	return s.remove(lost)
}
