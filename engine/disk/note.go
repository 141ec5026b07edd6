package disk

import (
	"cmp"
	"fmt"
	"iter"
	"slices"
)

// PutNote stores a small record under a name of 1 to 256 bytes, in place of the
// one that has it, and marks it used. The promises are those of Write.
func (s *Store) PutNote(name string, data []byte) error {
	switch {
	case len(name) < 1 || len(name) > maxName:
		return s.failed("writing a note", fmt.Errorf("name of %d bytes, want 1 to %d", len(name), maxName))
	case len(data) < 1 || len(data) > maxNote:
		return s.failed("writing a note", fmt.Errorf("%d bytes, want 1 to %d", len(data), maxNote))
	}
	if err := s.put(&header{note: true, name: name, key: noteKey(s.identity, name)}, data); err != nil {
		return s.failed("writing a note", err)
	}
	return nil
}

// DropNote removes the note of a name, if there is one.
func (s *Store) DropNote(name string) error {
	_, err := s.Remove(noteKey(s.identity, name))
	return err
}

// Notes yields names and records of the store's identity, the least recently used
// first: who takes them in one by one, and forgets what was used least recently,
// keeps the last. The caller may keep and change them.
func (s *Store) Notes() iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		s.follow()
		var notes []*entry
		s.mu.Lock()
		used := map[*entry]int64{}
		for _, e := range s.index.entries {
			if e.note && e.identity == s.identity {
				notes, used[e] = append(notes, e), e.used
			}
		}
		s.mu.Unlock()
		slices.SortFunc(notes, func(a, b *entry) int {
			return cmp.Or(cmp.Compare(used[a], used[b]), cmp.Compare(a.name, b.name))
		})
		for _, e := range notes {
			if data, err := s.note(e); err == nil && !yield(e.name, data) {
				return
			}
		}
	}
}

func (s *Store) note(e *entry) (data []byte, err error) {
	err = s.read(e, func(n int64) ([]byte, error) {
		data = make([]byte, n) // as long as the file
		return data, nil
	})
	return data, err
}
