package disk

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// An Entry says what a file of a folder is, of whatever identity.
type Entry struct {
	Page                // of a note only the key
	Note         bool   // a note, else a page
	Name         string // of a note
	Identity     string // the name of the identity's folder, 32 digits
	Bytes        int64  // of the file
	Stored, Used time.Time
}

// List returns what is in the folder, the last used first. A page counts as used
// when it or one behind it was.
func (s *Store) List() []Entry {
	s.follow()
	s.mu.Lock()
	defer s.mu.Unlock()
	used := map[Key]int64{}
	for _, e := range s.index.entries {
		for p := e; p != nil && used[p.key] < e.used; p = s.index.entries[p.parent] {
			used[p.key] = e.used
		}
	}
	list := make([]Entry, 0, len(s.index.entries))
	for _, e := range s.index.entries {
		list = append(list, Entry{
			Page: e.page(), Note: e.note, Name: e.name, Identity: e.folder, Bytes: e.fileSize(),
			Stored: time.Unix(0, e.stored), Used: time.Unix(0, used[e.key]),
		})
	}
	slices.SortFunc(list, func(a, b Entry) int {
		return cmp.Or(b.Used.Compare(a.Used), slices.Compare(a.Key[:], b.Key[:]))
	})
	return list
}

// Identities returns what the identities are, by the names of their folders.
func (s *Store) Identities() map[string]string {
	s.follow()
	s.mu.Lock()
	texts := map[string]string{}
	for folder := range s.index.folders {
		texts[folder] = ""
	}
	s.mu.Unlock()
	for folder := range texts {
		f, err := os.Open(filepath.Join(s.options.Dir, folder, identityName))
		if err != nil {
			continue
		}
		text, _ := io.ReadAll(io.LimitReader(f, maxIdentity))
		f.Close()
		texts[folder] = string(text)
	}
	return texts
}

// ReadNote returns the record of a note, of whatever identity.
func (s *Store) ReadNote(k Key) ([]byte, error) {
	s.mu.Lock()
	e := s.index.entries[k]
	s.mu.Unlock()
	if e == nil || !e.note {
		return nil, s.failed("reading a note", fmt.Errorf("note %s: %w", k, ErrGone))
	}
	data, err := s.note(e)
	if err != nil {
		return nil, s.failed("reading a note", err)
	}
	return data, nil
}

// Remove removes pages, with all that go on from them, and notes, of whatever
// identity. It returns the bytes that the folder is smaller by. Keys that are not
// there are passed over.
func (s *Store) Remove(keys ...Key) (freed int64, err error) {
	err = s.exclusively(func() error {
		s.mu.Lock()
		before := s.index.bytes
		s.mu.Unlock()
		defer func() {
			s.mu.Lock()
			freed = before - s.index.bytes
			s.mu.Unlock()
		}()
		for _, k := range keys {
			s.mu.Lock()
			var list []*entry
			if e := s.index.entries[k]; e != nil {
				list = s.index.below(e)
			}
			s.mu.Unlock()
			if err := s.remove(list); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return freed, s.failed("removing", err)
	}
	return freed, nil
}
