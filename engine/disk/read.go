package disk

import (
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
)

// piece is how much is read before it is summed, so that it still is in a cache.
const piece = 256 << 10

// Read reads a page into dst, which has Options.PageBytes bytes. A page that left,
// or is torn, is ErrGone, and is not found again until it is written again; dst
// then holds anything.
func (s *Store) Read(k Key, dst []byte) error {
	s.mu.Lock()
	e := s.index.entries[k]
	s.mu.Unlock()
	if e == nil || e.note || e.identity != s.identity {
		return s.failed("reading a page", fmt.Errorf("page %s: %w", k, ErrGone))
	}
	if len(dst) != s.options.PageBytes {
		return s.failed("reading a page", fmt.Errorf("%d bytes for it, want %d", len(dst), s.options.PageBytes))
	}
	err := s.read(e, func(n int64) ([]byte, error) {
		if n != int64(len(dst)) {
			return nil, fmt.Errorf("%w: payload of %d bytes, want %d", errTorn, n, len(dst))
		}
		return dst, nil
	})
	if err != nil {
		return s.failed("reading a page", err)
	}
	return nil
}

// read reads an entry's payload into what room gives for so many bytes.
func (s *Store) read(e *entry, room func(int64) ([]byte, error)) error {
	f, err := os.Open(s.path(e))
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			s.forget(e, nil)
			return fmt.Errorf("%s: %w", e.key, ErrGone)
		}
		return err
	}
	defer f.Close()
	if err := e.readFrom(f, room); err != nil {
		if info, e2 := f.Stat(); errors.Is(err, errTorn) && e2 == nil {
			s.forget(e, info)
			return fmt.Errorf("%s: %w: %w", e.key, ErrGone, err)
		}
		return err
	}
	return nil
}

func (e *entry) readFrom(f *os.File, room func(int64) ([]byte, error)) error {
	h, _, err := readHeader(f, make([]byte, maxHeader))
	if err != nil {
		return err
	}
	if h.key != e.key || h.note != e.note {
		return fmt.Errorf("%w: it is %s", errTorn, h.key)
	}
	dst, err := room(h.length)
	if err != nil {
		return err
	}
	sum := uint32(0)
	for at, rest := int64(h.size()), dst; len(rest) > 0; {
		n, err := f.ReadAt(rest[:min(piece, len(rest))], at)
		if err == io.EOF && n < min(piece, len(rest)) {
			return fmt.Errorf("%w: it ends early", errTorn)
		}
		if err != nil && err != io.EOF {
			return err
		}
		sum = crc32.Update(sum, castagnoli, rest[:n])
		at, rest = at+int64(n), rest[n:]
	}
	if sum != h.sum {
		return fmt.Errorf("%w: check sum of the payload %08x, want %08x", errTorn, sum, h.sum)
	}
	return nil
}

// forget drops an entry whose file left, or is torn (and then is what torn says),
// with all behind it, which nobody can reach; the files too, if they can be.
func (s *Store) forget(e *entry, torn os.FileInfo) {
	err := s.exclusively(func() error {
		s.mu.Lock()
		known := s.index.entries[e.key] == e
		var list []*entry
		if known {
			list = s.index.below(e)
		}
		s.mu.Unlock()
		there, err := os.Stat(s.path(e))
		if !known || err == nil && (torn == nil || !os.SameFile(there, torn)) {
			return nil // it was written again
		}
		return s.remove(list)
	})
	if err == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.index.entries[e.key] == e {
		s.index.drop(e) // the folder can't be changed
	}
}
