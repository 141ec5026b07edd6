// Package disk is a folder of pages of the latent cache, so that a prefix that was
// computed once needs not be computed again, not even after a restart. It knows
// tokens, and pages as opaque bytes; it knows neither the network that made them
// nor who wants them.
//
//	folder/
//	├── lock                       held while files get their names or are removed
//	├── stamp                      16 random bytes, others after every such change
//	├── writing/<random>/          of one process: its lock, and files not complete yet
//	└── <identity>/                32 digits: what pages are not mixed with others'
//	    ├── identity               Options.Name and Identity, for people
//	    └── <2 digits>/<62>.page   one page; .note: one note (see header)
//
// A file is written under writing/, synced, and renamed: under its name it is
// whole, whenever a process is killed. Its header is checked when the folder is
// opened, and its payload when it is read; what is torn (a disk failed, power went)
// is removed and never returned. A file's time of modification is its last use.
package disk

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/deskseek/deskseek/token"
)

// ErrGone is in errors about a page or note that is not, or no longer, in the
// folder: it was removed, or torn.
var ErrGone = errors.New("not in the folder")

// Options are the choices of Open.
type Options struct {
	// Dir is the folder, which is made.
	Dir string
	// Limit bounds the bytes of all files in Dir, of all identities, with those
	// that are being written. 0 means no limit.
	Limit int64
	// Identity is what pages depend on besides tokens: model, cache type, CPU tier,
	// numerics. Pages of another identity are not found, but count.
	Identity string
	// Name is what people call the model, one line: it is written beside the pages
	// for them, and decides nothing.
	Name string
	// PageTokens is the number of tokens of a page, at most 64, and PageBytes that
	// of its bytes. Both 0 opens a folder to look at and clear it: nothing is found
	// nor can be written.
	PageTokens, PageBytes int
}

func (o *Options) validate() error {
	switch {
	case o.Dir == "":
		return errors.New("page cache: no folder is named")
	case o.Limit < 0:
		return fmt.Errorf("page cache %s: limit of %d bytes, want 0 (none) or more", o.Dir, o.Limit)
	case len(o.text()) > maxIdentity:
		return fmt.Errorf("page cache %s: name and identity of %d bytes, want at most %d", o.Dir, len(o.text()), maxIdentity)
	case o.PageTokens < 0 || o.PageTokens > maxTokens:
		return fmt.Errorf("page cache %s: %d tokens a page, want 1 to %d", o.Dir, o.PageTokens, maxTokens)
	case o.PageBytes < 0 || (o.PageBytes == 0) != (o.PageTokens == 0):
		return fmt.Errorf("page cache %s: %d bytes a page of %d tokens", o.Dir, o.PageBytes, o.PageTokens)
	}
	return nil
}

// maxIdentity is the most bytes of an identity with its name.
const maxIdentity = 64 << 10

// text is what the file beside the pages says: the name is its first line.
func (o *Options) text() string { return strings.Join(strings.Fields(o.Name), " ") + "\n" + o.Identity }

// A Store is an opened folder. All methods may be called from any goroutine. Other
// stores, of this process or others, may have the same folder open: all keep to the
// least of their limits, and find what the others write.
type Store struct {
	options  Options
	identity [32]byte
	own      string // the folder of the identity, under Options.Dir

	// change is held while files get their names or are removed, outside of the
	// folder's lock, which does the same among processes. It is taken before mu.
	change    sync.Mutex
	stamp     []byte        // of the folder when the index was last in step with it
	listed    time.Time     // when follow listed it, and
	listing   time.Duration // how long that took
	marked    bool          // the stamp was renewed under the lock that is held now
	files     int           // that were begun
	temporary string        // our folder under writing/, "" before the first file
	held      *os.File      // its lock
	create    func(string) (file, error)

	mu    sync.Mutex
	index index
	clock int64 // the last time of use given
}

// A file is an *os.File that is being written. A test has another, on a full disk.
type file interface {
	Truncate(size int64) error
	Write([]byte) (int, error)
	Sync() error
	Close() error
}

func createFile(path string) (file, error) {
	return os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
}

// Open opens a folder. It reads the headers of all files in it, removes those that
// are torn, of another version, or left over of processes that ended, and the least
// recently used beyond the limit. A folder that can't be written is opened to read.
func Open(o Options) (*Store, error) {
	if err := o.validate(); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("page cache: %w", err)
	}
	s := &Store{options: o, identity: identityHash(&o), index: newIndex(), create: createFile}
	s.own = folderOf(s.identity)
	if err := s.start(); err != nil {
		return nil, s.failed("opening it", err)
	}
	return s, nil
}

// start brings the index in step with the folder, and the folder to its limit.
func (s *Store) start() error {
	stamp := s.readStamp()
	torn, err := s.list()
	if err != nil {
		return err
	}
	s.stamp = stamp
	if len(torn) == 0 && !s.leftover() && !s.untidy() {
		return nil
	}
	// What can't be removed, of a folder that is read-only, does no harm to readers.
	_ = s.exclusively(func() error {
		if err := s.tidy(); err != nil {
			return err
		}
		return s.room(0, Key{}, Key{})
	})
	return nil
}

// untidy says whether the index holds what should not be in the folder.
func (s *Store) untidy() bool {
	return s.options.Limit > 0 && s.index.bytes > s.options.Limit || len(s.index.orphans()) > 0
}

// Close ends a store. No other method may be running, or be called afterwards.
func (s *Store) Close() error {
	s.change.Lock()
	defer s.change.Unlock()
	if s.held == nil {
		return nil
	}
	err := removeLocked(s.temporary, s.held)
	s.temporary, s.held = "", nil
	return err
}

// Next names the page with these tokens, at most 64, behind a page or the root.
// Bit i of forms says that token i was computed in the expanded form of attention.
func (s *Store) Next(parent Key, tokens []token.ID, forms uint64) Page {
	return Page{Key: pageKey(s.identity, parent, tokens, forms), Parent: parent, Tokens: slices.Clone(tokens), Forms: forms}
}

// Find returns the longest chain of pages, from the root, whose tokens are the
// first of those given, and marks it used. Where several differ in their forms, it
// is the one whose page was stored first. Whether the pages' bytes are whole, Read
// says.
func (s *Store) Find(tokens []token.ID) []Page { return s.FindForms(tokens, nil) }

// FindForms is Find among pages whose forms are what the function says of the page
// with this number.
func (s *Store) FindForms(tokens []token.ID, forms func(page int) uint64) []Page {
	if s.options.PageTokens == 0 {
		return nil
	}
	s.follow()
	s.mu.Lock()
	chain := s.index.longest(s.identity, tokens, 0, forms)
	var pages []Page
	for _, e := range slices.Backward(chain) {
		pages = append(pages, e.page())
	}
	if len(chain) == 0 {
		s.mu.Unlock()
		return nil
	}
	path, at := s.path(chain[0]), s.now()
	s.index.use(chain[0], at)
	s.mu.Unlock()
	setUsed(path, at)
	return pages
}

func (h *header) page() Page {
	return Page{Key: h.key, Parent: h.parent, Tokens: h.tokens, Forms: h.forms}
}

// Has says whether a page is in the folder.
func (s *Store) Has(k Key) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.index.entries[k]
	return e != nil && !e.note
}

// A Usage says what is in a folder, of all identities.
type Usage struct {
	Pages, Notes int
	Bytes, Limit int64
}

// Usage returns what is in the folder.
func (s *Store) Usage() Usage {
	s.follow()
	s.mu.Lock()
	defer s.mu.Unlock()
	u := Usage{Bytes: s.index.bytes, Limit: s.options.Limit}
	for _, e := range s.index.entries {
		if e.note {
			u.Notes++
		} else {
			u.Pages++
		}
	}
	return u
}

// now returns a time of use, later than all before it by what file systems can
// tell apart. s.mu is held.
func (s *Store) now() int64 {
	s.clock = max(s.clock+int64(time.Microsecond), time.Now().UnixNano())
	return s.clock
}

// follow takes in what other stores did with the folder. It does not wait for a
// change of our own.
func (s *Store) follow() {
	if !s.change.TryLock() {
		return
	}
	defer s.change.Unlock()
	stamp := s.readStamp()
	if bytes.Equal(stamp, s.stamp) || s.tired(time.Now()) {
		return
	}
	begin := time.Now()
	// A folder that can't be listed has nothing to find.
	if _, err := s.list(); err == nil {
		s.stamp = stamp
	}
	s.listed, s.listing = time.Now(), time.Since(begin)
}

// tired returns whether a large folder was listed so recently that doing it again, as
// another process writes page by page, would keep an engine from its work for more than a
// twentieth of the time. s.change is held.
func (s *Store) tired(now time.Time) bool {
	const small = 1000 // files
	s.mu.Lock()
	n := len(s.index.entries)
	s.mu.Unlock()
	return n > small && now.Sub(s.listed) < 20*s.listing
}

func (s *Store) readStamp() []byte {
	b, _ := os.ReadFile(filepath.Join(s.options.Dir, stampName))
	return b
}

// failed says what went wrong with the folder.
func (s *Store) failed(doing string, err error) error {
	return fmt.Errorf("page cache %s: %s: %w", s.options.Dir, doing, err)
}
