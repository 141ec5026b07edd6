package disk

import (
	"container/heap"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// ErrLimit is in errors about what does not fit: with the pages that it goes on
// from it is larger than the limit, or all that could leave is being written.
var ErrLimit = errors.New("over the limit")

// Write stores a page, whose parent is stored already, and marks it used. When it
// returns nil, the page is in the folder, whatever happens to the process or the
// machine; with an error nothing of it is. Least recently used pages and notes
// leave so that the folder keeps to its limit, none before those that go on from
// it. Errors about a parent that left are ErrGone, about the limit ErrLimit.
func (s *Store) Write(p Page, data []byte) error {
	switch {
	case s.options.PageTokens == 0:
		return s.failed("writing a page", errors.New("it was opened to look at, without a size of pages"))
	case len(p.Tokens) != s.options.PageTokens || len(data) != s.options.PageBytes:
		return s.failed("writing a page", fmt.Errorf("%d tokens and %d bytes, want %d and %d",
			len(p.Tokens), len(data), s.options.PageTokens, s.options.PageBytes))
	case p.Forms>>1>>(len(p.Tokens)-1) != 0:
		return s.failed("writing a page", fmt.Errorf("forms %#x of %d tokens", p.Forms, len(p.Tokens)))
	case p.Key != pageKey(s.identity, p.Parent, p.Tokens, p.Forms):
		return s.failed("writing a page", fmt.Errorf("key %s is not that of its tokens", p.Key))
	}
	h := header{forms: p.Forms, parent: p.Parent, key: p.Key, tokens: slices.Clone(p.Tokens)}
	if err := s.put(&h, data); err != nil {
		return s.failed("writing a page", err)
	}
	return nil
}

// put writes a file, whole or not at all.
func (s *Store) put(h *header, data []byte) error {
	h.length, h.stored, h.identity = int64(len(data)), time.Now().UnixNano(), s.identity
	e := &entry{header: *h, folder: s.own}
	if !h.note && s.refresh(h.key) {
		return nil
	}
	var path string
	var f file
	err := s.exclusively(func() (err error) {
		if f, path, err = nil, "", s.parent(h); err != nil {
			return err
		}
		if err := s.room(h.fileSize()+s.nameBytes(), h.parent, h.key); err != nil {
			return err
		}
		path, f, err = s.begin(h.fileSize())
		return err
	})
	if err != nil {
		return err
	}
	e.sum = crc32.Checksum(data, castagnoli)
	_, err = f.Write(e.header.append(nil))
	if err == nil {
		_, err = f.Write(data)
	}
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = s.exclusively(func() error { return s.publish(e, path) })
	}
	if err != nil {
		_ = os.Remove(path)
		return err
	}
	at := s.path(e)
	return errors.Join(syncFolder(filepath.Dir(at)), syncFolder(filepath.Dir(filepath.Dir(at))), syncFolder(s.options.Dir))
}

// refresh marks a page used that is there already, and says whether it is.
func (s *Store) refresh(k Key) bool {
	s.mu.Lock()
	e := s.index.entries[k]
	if e == nil {
		s.mu.Unlock()
		return false
	}
	path, at := s.path(e), s.now()
	s.index.use(e, at)
	s.mu.Unlock()
	setUsed(path, at)
	_, err := os.Stat(path)
	return err == nil
}

// parent says whether a page's parent has left.
func (s *Store) parent(h *header) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.index.reachable(h.parent) {
		return fmt.Errorf("page %s goes on from %s: %w", h.key, h.parent, ErrGone)
	}
	return nil
}

// nameBytes returns the bytes of the file that says what our identity is, if it is
// still to be written.
func (s *Store) nameBytes() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.index.names[s.own] > 0 {
		return 0
	}
	return int64(len(s.options.Identity))
}

// room removes what was least recently used until there is room for some bytes,
// but not the page that is gone on from, nor the note that is replaced. The
// folder's lock is held.
func (s *Store) room(need int64, parent, note Key) error {
	limit := s.options.Limit
	if limit == 0 {
		return nil
	}
	s.mu.Lock()
	least := need + s.index.before(parent)
	if e := s.index.entries[note]; e != nil {
		least += e.fileSize()
	}
	s.mu.Unlock()
	if least > limit {
		return fmt.Errorf("%w of %d bytes: with what it goes on from it takes %d", ErrLimit, limit, least)
	}
	unfinished := s.unfinished()
	if s.over(need+unfinished) && unfinished > 0 {
		s.sweep()
		unfinished = s.unfinished()
	}
	var kept []*entry // leaves that must not, or can't be removed
	defer func() {
		s.mu.Lock()
		for _, e := range kept {
			heap.Push(&s.index.leaves, e)
		}
		s.mu.Unlock()
	}()
	for failed := error(nil); s.over(need + unfinished); {
		e := s.leastUsed(parent, note, &kept)
		if e == nil {
			return errors.Join(fmt.Errorf("%w of %d bytes: the rest is being written or can't be removed", ErrLimit, limit), failed)
		}
		if s.usedByOthers(e) {
			continue
		}
		if failed = s.remove([]*entry{e}); failed != nil { // as while somebody reads it, where a system minds
			s.mu.Lock()
			kept = append(kept, heap.Remove(&s.index.leaves, e.place).(*entry))
			s.mu.Unlock()
		}
	}
	return nil
}

// over says whether what is in the folder, and some bytes more, exceed the limit.
func (s *Store) over(more int64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.index.bytes+more > s.options.Limit
}

// leastUsed returns the least recently used leaf but the two, which it moves to
// kept; nil if there is none.
func (s *Store) leastUsed(parent, note Key, kept *[]*entry) *entry {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.index.leaves) > 0 {
		e := s.index.leaves[0]
		if e.key != parent && e.key != note {
			return e
		}
		*kept = append(*kept, heap.Pop(&s.index.leaves).(*entry))
	}
	return nil
}

// usedByOthers says whether another store used an entry since this one did, and
// takes that in.
func (s *Store) usedByOthers(e *entry) bool {
	info, err := os.Stat(s.path(e))
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil || lastUse(info) <= e.used {
		return false
	}
	s.index.use(e, lastUse(info))
	return true
}

// publish gives a complete file its name. The folder's lock is held.
func (s *Store) publish(e *entry, path string) error {
	if err := s.parent(&e.header); err != nil {
		return err // it left while we wrote
	}
	s.mu.Lock()
	old := s.index.entries[e.key]
	e.used = s.now()
	s.mu.Unlock()
	setUsed(path, e.used)
	if err := s.mark(); err != nil {
		return err
	}
	if err := s.nameIdentity(); err != nil {
		return err
	}
	at := s.path(e)
	if err := os.MkdirAll(filepath.Dir(at), 0o700); err != nil {
		return err
	}
	if err := os.Rename(path, at); err != nil {
		return err
	}
	s.mu.Lock()
	if old != nil {
		s.index.drop(old)
	}
	s.index.add(e)
	s.mu.Unlock()
	return nil
}

// nameIdentity writes what our identity is, for people, if that is still to do.
func (s *Store) nameIdentity() error {
	size := s.nameBytes()
	if size == 0 {
		return nil
	}
	path, f, err := s.begin(size)
	if err != nil {
		return err
	}
	_, err = f.Write([]byte(s.options.Identity))
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.MkdirAll(filepath.Join(s.options.Dir, s.own), 0o700)
	}
	if err == nil {
		err = os.Rename(path, filepath.Join(s.options.Dir, s.own, identityName))
	}
	if err != nil {
		_ = os.Remove(path)
		return err
	}
	s.mu.Lock()
	s.index.name(s.own, size)
	s.mu.Unlock()
	return nil
}

// remove removes entries and their files, in the order given. The folder's lock is
// held.
func (s *Store) remove(list []*entry) error {
	for _, e := range list {
		if err := s.mark(); err != nil {
			return err
		}
		if err := os.Remove(s.path(e)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		s.mu.Lock()
		s.index.drop(e)
		parent, used, last := s.index.entries[e.parent], e.used, s.index.folders[e.folder] == 0
		s.mu.Unlock()
		if parent != nil {
			// It inherits the use of those behind it, for the next start too.
			if info, err := os.Stat(s.path(parent)); err == nil && lastUse(info) < used {
				setUsed(s.path(parent), used)
			}
		}
		if last {
			s.removeIdentity(e.folder)
		}
	}
	return nil
}

// removeIdentity removes the folder of an identity that has nothing. What is in it
// and not ours stays.
func (s *Store) removeIdentity(folder string) {
	path := filepath.Join(s.options.Dir, folder)
	_ = os.Remove(filepath.Join(path, identityName))
	splits, _ := os.ReadDir(path)
	for _, split := range splits {
		if split.IsDir() {
			_ = os.Remove(filepath.Join(path, split.Name()))
		}
	}
	_ = os.Remove(path)
	s.mu.Lock()
	s.index.name(folder, 0)
	s.mu.Unlock()
}
