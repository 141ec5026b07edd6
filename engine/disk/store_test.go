package disk

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/deskseek/deskseek/token"
)

// small are the options of most tests: pages of 4 tokens and 100 bytes.
func small(dir string) Options {
	return Options{Dir: dir, Name: "small", Identity: "a small model", PageTokens: 4, PageBytes: 100}
}

const smallFile = fixedHeader + 4*4 + 8 + 100 // bytes of a page's file

func mustOpen(t testing.TB, o Options) *Store {
	t.Helper()
	s, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// content is what the tests store for a key.
func content(k Key, n int) []byte {
	data := make([]byte, n)
	for i := range data {
		data[i] = k[i%len(k)] + byte(i/len(k))
	}
	return data
}

// add stores a page behind parent.
func add(t testing.TB, s *Store, parent Key, forms uint64, tokens ...token.ID) Page {
	t.Helper()
	p := s.Next(parent, tokens, forms)
	if err := s.Write(p, content(p.Key, s.options.PageBytes)); err != nil {
		t.Fatal(err)
	}
	return p
}

func keys(pages []Page) (k []Key) {
	for _, p := range pages {
		k = append(k, p.Key)
	}
	return k
}

// files returns the names of all files under a folder but lock and stamp, and
// their bytes.
func files(t testing.TB, dir string) (names []string, size int64) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || d.Name() == lockName || d.Name() == stampName {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		names, size = append(names, strings.TrimPrefix(path, dir)), size+info.Size()
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return names, size
}

func mustRead(t testing.TB, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// place writes a file where a store will find it.
func place(t testing.TB, path string, data []byte) {
	t.Helper()
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, data, 0o600)); err != nil {
		t.Fatal(err)
	}
}

// checkRead reads a page and compares.
func checkRead(t testing.TB, s *Store, k Key) {
	t.Helper()
	dst := make([]byte, s.options.PageBytes)
	if err := s.Read(k, dst); err != nil {
		t.Error(err)
	} else if !bytes.Equal(dst, content(k, len(dst))) {
		t.Errorf("page %s has other bytes than were written", k)
	}
}

func TestFind(t *testing.T) {
	s := mustOpen(t, small(t.TempDir()))
	a := add(t, s, Key{}, 0, 1, 2, 3, 4)
	b := add(t, s, a.Key, 0xf, 5, 6, 7, 8)
	b2 := add(t, s, a.Key, 0x3, 5, 6, 7, 8) // the same tokens in other forms, later
	c := add(t, s, b.Key, 0, 9, 9, 9, 9)
	d := add(t, s, b2.Key, 0, 9, 9, 9, 9)
	e := add(t, s, d.Key, 0, 1, 1, 1, 1)
	for _, test := range []struct {
		tokens []token.ID
		want   []Key
	}{
		{nil, nil},
		{[]token.ID{1, 2, 3}, nil},
		{[]token.ID{1, 2, 3, 5}, nil},
		{[]token.ID{1, 2, 3, 4, 5, 6, 7}, []Key{a.Key}},
		{[]token.ID{1, 2, 3, 4, 5, 6, 7, 8}, []Key{a.Key, b.Key}},
		{[]token.ID{1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 9, 2}, []Key{a.Key, b.Key, c.Key}},
		{[]token.ID{1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 9, 1, 1, 1, 1}, []Key{a.Key, b2.Key, d.Key, e.Key}}, // longer than the first
	} {
		if got := keys(s.Find(test.tokens)); !slices.Equal(got, test.want) {
			t.Errorf("%v: %v, want %v", test.tokens, got, test.want)
		}
	}
	forms := []uint64{0, 0x3, 0, 1}
	got := s.FindForms([]token.ID{1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 9, 1, 1, 1, 1}, func(page int) uint64 { return forms[page] })
	if !slices.Equal(keys(got), []Key{a.Key, b2.Key, d.Key}) || got[1].Forms != 0x3 || !slices.Equal(got[1].Tokens, []token.ID{5, 6, 7, 8}) || got[1].Parent != a.Key {
		t.Errorf("with forms: %v", got)
	}
	checkRead(t, s, e.Key)
	if !s.Has(e.Key) || s.Has(Key{}) {
		t.Error("Has")
	}
}

func TestRefused(t *testing.T) {
	dir := t.TempDir()
	for want, o := range map[string]Options{
		"no folder is named":                          {},
		"limit of -1 bytes":                           {Dir: dir, Limit: -1},
		"65 tokens a page, want 1 to 64":              {Dir: dir, PageTokens: 65, PageBytes: 1},
		"0 bytes a page of 4 tokens":                  {Dir: dir, PageTokens: 4},
		"5 bytes a page of 0 tokens":                  {Dir: dir, PageBytes: 5},
		"identity of 65537 bytes, want at most 65536": {Dir: dir, Identity: strings.Repeat("x", 65536)},
	} {
		if _, err := Open(o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	s := mustOpen(t, small(dir))
	p := s.Next(Key{}, []token.ID{1, 2, 3, 4}, 0)
	other := p
	other.Tokens = []token.ID{1, 2, 3, 5}
	data := make([]byte, 100)
	for want, err := range map[string]error{
		"4 tokens and 99 bytes, want 4 and 100":  s.Write(p, data[:99]),
		"3 tokens and 100 bytes, want 4 and 100": s.Write(s.Next(Key{}, []token.ID{1, 2, 3}, 0), data),
		"is not that of its tokens":              s.Write(other, data),
		"forms 0x10 of 4 tokens":                 s.Write(s.Next(Key{}, []token.ID{1, 2, 3, 4}, 16), data),
		"goes on from " + p.Key.String():         s.Write(s.Next(p.Key, []token.ID{1, 2, 3, 4}, 0), data),
		"99 bytes for it, want 100":              errors.Join(s.Write(p, data), s.Read(p.Key, data[:99])),
		"name of 257 bytes, want 1 to 256":       s.PutNote(strings.Repeat("n", 257), data),
		"0 bytes, want 1 to":                     s.PutNote("n", nil),
		"note " + p.Key.String() + ": not in":    second(s.ReadNote(p.Key)),
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	looker := mustOpen(t, Options{Dir: dir})
	if err := looker.Write(p, data); err == nil || !strings.Contains(err.Error(), "opened to look at") {
		t.Error(err)
	}
	if found := looker.Find(p.Tokens); found != nil {
		t.Errorf("found %v without a size of pages", found)
	}
}

func second[T any](_ T, err error) error { return err }

// TestNotes: the last record of a name, the last used last, and only those of the
// identity.
func TestNotes(t *testing.T) {
	dir := t.TempDir()
	o := small(dir)
	s := mustOpen(t, o)
	for i, name := range []string{"a", "b", "c", "a"} {
		if err := s.PutNote(name, fmt.Appendf(nil, "%s%d", name, i)); err != nil {
			t.Fatal(err)
		}
	}
	o.Identity = "another"
	if err := mustOpen(t, o).PutNote("a", []byte("foreign")); err != nil {
		t.Fatal(err)
	}
	for _, s := range []*Store{s, mustOpen(t, small(dir))} {
		var got []string
		for name, data := range s.Notes() {
			got = append(got, name+"="+string(data))
		}
		if want := []string{"b=b1", "c=c2", "a=a3"}; !slices.Equal(got, want) {
			t.Errorf("%v, want %v", got, want)
		}
	}
	for _, e := range s.List() {
		if data, err := s.ReadNote(e.Key); err != nil || !strings.HasPrefix(string(data), e.Name) && string(data) != "foreign" {
			t.Errorf("note %s: %q, %v", e.Name, data, err)
		}
	}
	if u := s.Usage(); u.Notes != 4 || u.Pages != 0 {
		t.Errorf("%+v", u)
	}
}

// TestForeign: pages of another identity, or of another size, are not found, but
// count, leave, and can be removed; their identity is told.
func TestForeign(t *testing.T) {
	dir := t.TempDir()
	o := small(dir)
	s := mustOpen(t, o)
	p := add(t, s, Key{}, 0, 1, 2, 3, 4)
	larger := o
	larger.PageBytes = 101
	o.Identity = "another model"
	for _, o := range []Options{o, larger} {
		other := mustOpen(t, o)
		if found := other.Find(p.Tokens); len(found) > 0 {
			t.Errorf("%v found by a foreign store", found)
		}
		if err := other.Read(p.Key, make([]byte, o.PageBytes)); !errors.Is(err, ErrGone) {
			t.Error(err)
		}
		q := add(t, other, Key{}, 0, 1, 2, 3, 4)
		if q.Key == p.Key {
			t.Error("two identities have the same key")
		}
	}
	if u := s.Usage(); u.Pages != 3 || u.Bytes != 3*smallFile+1+int64(2*len("small\na small model")+len("small\nanother model")) {
		t.Errorf("%+v", u)
	}
	var texts []string
	for folder, text := range s.Identities() {
		texts = append(texts, text)
		if len(folder) != 32 {
			t.Errorf("folder %q", folder)
		}
	}
	slices.Sort(texts)
	if want := []string{"small\na small model", "small\na small model", "small\nanother model"}; !slices.Equal(texts, want) {
		t.Errorf("%q, want %q", texts, want)
	}
	for _, e := range s.List() {
		if _, err := s.Remove(e.Key); err != nil {
			t.Error(err)
		}
	}
	if left, _ := files(t, dir); len(left) > 0 {
		t.Errorf("left over: %v", left)
	}
	if folders, _ := filepath.Glob(filepath.Join(dir, strings.Repeat("?", identityDigits))); len(folders) > 0 {
		t.Errorf("left over: %v", folders)
	}
	add(t, s, Key{}, 0, 1, 2, 3, 4)
	checkRead(t, s, p.Key)
}

// TestLimit: what can't fit is refused, and nothing leaves for it; a chain keeps
// its beginning.
func TestLimit(t *testing.T) {
	o := small(t.TempDir())
	o.Limit = smallFile - 1
	if err := mustOpen(t, o).Write(mustOpen(t, o).Next(Key{}, []token.ID{1, 2, 3, 4}, 0), make([]byte, 100)); !errors.Is(err, ErrLimit) {
		t.Error(err)
	}
	o.Limit = 3*smallFile + int64(len(o.text()))
	s := mustOpen(t, o)
	other := add(t, s, Key{}, 0, 9, 9, 9, 9)
	var chain []Page
	parent := Key{}
	for i := range token.ID(3) {
		chain = append(chain, add(t, s, parent, 0, i, i, i, i))
		parent = chain[i].Key
	}
	if s.Has(other.Key) {
		t.Error("a page that was not used did not leave")
	}
	last := s.Next(parent, []token.ID{7, 7, 7, 7}, 0)
	if err := s.Write(last, make([]byte, 100)); !errors.Is(err, ErrLimit) {
		t.Errorf("a fourth page of one chain: %v", err)
	}
	if err := s.PutNote("n", make([]byte, o.Limit)); !errors.Is(err, ErrLimit) {
		t.Errorf("a large note: %v", err)
	}
	if got := s.Find([]token.ID{0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 7, 7, 7, 7}); len(got) != 3 {
		t.Errorf("%d pages are left, want 3", len(got))
	}
	if names, size := files(t, o.Dir); size > o.Limit {
		t.Errorf("%v: %d bytes, limit %d", names, size, o.Limit)
	}
	o.Limit = 2 * smallFile // less with the name
	s = mustOpen(t, o)      // a lower limit: the end of the chain leaves
	if got := s.Find([]token.ID{0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2}); len(got) != 1 || got[0].Key != chain[0].Key {
		t.Errorf("%d pages below a lower limit, want the first", len(got))
	}
}

// TestUseOfOthers: what another store found does not leave, nor does a page that was
// used with one behind it that is gone; not after a restart, either.
func TestUseOfOthers(t *testing.T) {
	for _, restart := range []bool{false, true} {
		o := small(t.TempDir())
		o.Limit = 3*smallFile + int64(len(o.text()))
		s := mustOpen(t, o)
		p := add(t, s, Key{}, 0, 1, 1, 1, 1)
		q := add(t, s, Key{}, 0, 2, 2, 2, 2)
		mustOpen(t, o).Find(p.Tokens)
		add(t, s, Key{}, 0, 3, 3, 3, 3)
		add(t, s, Key{}, 0, 4, 4, 4, 4)
		if !s.Has(p.Key) || s.Has(q.Key) {
			t.Errorf("has the page that another store used: %t, the one that nobody did: %t", s.Has(p.Key), s.Has(q.Key))
		}
		o = small(t.TempDir())
		o.Limit = 3*smallFile + int64(len(o.text()))
		s = mustOpen(t, o)
		p = add(t, s, Key{}, 0, 1, 1, 1, 1)
		q = add(t, s, Key{}, 0, 2, 2, 2, 2)
		behind := add(t, s, p.Key, 0, 1, 1, 1, 1)
		if _, err := s.Remove(behind.Key); err != nil {
			t.Fatal(err)
		}
		if restart {
			s = mustOpen(t, o)
		}
		add(t, s, Key{}, 0, 3, 3, 3, 3)
		add(t, s, Key{}, 0, 4, 4, 4, 4)
		if !s.Has(p.Key) || s.Has(q.Key) {
			t.Errorf("restart %t: has the page that was used last: %t, the one before: %t", restart, s.Has(p.Key), s.Has(q.Key))
		}
	}
}

// TestParentLeft: a page whose parent leaves while it is being written is not
// stored.
func TestParentLeft(t *testing.T) {
	o := small(t.TempDir())
	s, other := mustOpen(t, o), mustOpen(t, o)
	p := add(t, s, Key{}, 0, 1, 2, 3, 4)
	s.create = func(path string) (file, error) {
		f, err := createFile(path)
		return &beforeSync{f, func() {
			if _, err := other.Remove(p.Key); err != nil {
				t.Error(err)
			}
		}}, err
	}
	q := s.Next(p.Key, p.Tokens, 0)
	if err := s.Write(q, content(q.Key, 100)); !errors.Is(err, ErrGone) || s.Has(q.Key) {
		t.Error(err)
	}
	if left, _ := files(t, o.Dir); len(left) > 0 {
		t.Errorf("left over: %v", left)
	}
}

type beforeSync struct {
	file
	do func()
}

func (b *beforeSync) Sync() error {
	b.do()
	return b.file.Sync()
}

// TestOneAtATime: nothing changes while somebody holds the folder's lock.
func TestOneAtATime(t *testing.T) {
	o := small(t.TempDir())
	s, other := mustOpen(t, o), mustOpen(t, o)
	held, err := other.lock()
	if err != nil {
		t.Fatal(err)
	}
	var released atomic.Bool
	done := make(chan bool)
	go func() {
		_, err := s.Remove(Key{})
		done <- released.Load() && err == nil
	}()
	for range 2000 { // time to do it wrong
		runtime.Gosched()
		other.Usage()
	}
	released.Store(true)
	held.Close()
	if !<-done {
		t.Error("a store did not wait for the folder's lock")
	}
}

// TestReadOnly: a folder that can't be changed is read.
func TestReadOnly(t *testing.T) {
	o := small(t.TempDir())
	s := mustOpen(t, o)
	p := add(t, s, Key{}, 0, 1, 2, 3, 4)
	q := add(t, s, p.Key, 0, 1, 2, 3, 4)
	torn := add(t, s, q.Key, 0, 1, 2, 3, 4)
	if err := os.Truncate(s.path(s.index.entries[torn.Key]), 50); err != nil {
		t.Fatal(err)
	}
	// Permissions do not hold back a superuser; that nobody can lock does.
	if err := errors.Join(os.Remove(filepath.Join(o.Dir, lockName)), os.Mkdir(filepath.Join(o.Dir, lockName), 0o700)); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(o.Dir, 0o500); err != nil {
		t.Fatal(err)
	}
	defer os.Chmod(o.Dir, 0o700)
	o.Limit = smallFile
	r := mustOpen(t, o)
	tokens := []token.ID{1, 2, 3, 4, 1, 2, 3, 4, 1, 2, 3, 4}
	for range 2 {
		if got := r.Find(tokens); !slices.Equal(keys(got), []Key{p.Key, q.Key}) {
			t.Errorf("found %v", got)
		}
		checkRead(t, r, p.Key)
	}
	if err := s.Read(torn.Key, make([]byte, 100)); !errors.Is(err, ErrGone) {
		t.Error(err)
	}
	if got := s.Find(tokens); !slices.Equal(keys(got), []Key{p.Key, q.Key}) {
		t.Errorf("found %v after reading a torn page", got)
	}
	o.Limit = 0
	w := mustOpen(t, o)
	for _, err := range []error{w.Write(w.Next(Key{}, tokens[1:5], 0), make([]byte, 100)), w.PutNote("n", []byte("x")), second(w.Remove(p.Key))} {
		if err == nil || !strings.Contains(err.Error(), o.Dir) {
			t.Errorf("error %v, want one that names the folder", err)
		}
	}
	if _, err := Open(Options{Dir: filepath.Join(o.Dir, lockName, "x\x00y")}); err == nil {
		t.Error("a folder that can't be is opened")
	}
}

// A fullDisk fails on the call after some bytes and calls.
type fullDisk struct {
	file
	bytes, calls int
}

var errFull = errors.New("no space left on device")

func (f *fullDisk) call() error {
	if f.calls--; f.calls < 0 {
		return errFull
	}
	return nil
}

func (f *fullDisk) Truncate(n int64) error { return errors.Join(f.call(), f.file.Truncate(n)) }
func (f *fullDisk) Sync() error            { return errors.Join(f.call(), f.file.Sync()) }
func (f *fullDisk) Close() error           { return errors.Join(f.file.Close(), f.call()) }
func (f *fullDisk) Write(b []byte) (int, error) {
	if err := f.call(); err != nil {
		return 0, err
	}
	if f.bytes -= len(b); f.bytes < 0 {
		n, _ := f.file.Write(b[:len(b)+f.bytes])
		return n, errFull
	}
	return f.file.Write(b)
}

// TestFull: a full disk is an error wherever it happens, and nothing of the page
// stays.
func TestFull(t *testing.T) {
	o := small(t.TempDir())
	s := mustOpen(t, o)
	p := add(t, s, Key{}, 0, 1, 2, 3, 4)
	if err := s.PutNote("n", []byte("before")); err != nil {
		t.Fatal(err)
	}
	want, _ := files(t, o.Dir)
	check := func(bytes, calls int) {
		s.create = func(path string) (file, error) {
			f, err := createFile(path)
			return &fullDisk{f, bytes, calls}, err
		}
		q := s.Next(p.Key, []token.ID{5, 6, 7, 8}, 0)
		if err := s.Write(q, content(q.Key, 100)); !errors.Is(err, errFull) {
			t.Errorf("after %d bytes and %d calls: %v", bytes, calls, err)
		}
		if err := s.PutNote("n", make([]byte, 200)); !errors.Is(err, errFull) {
			t.Errorf("a note, after %d bytes and %d calls: %v", bytes, calls, err)
		}
		if got, _ := files(t, o.Dir); !slices.Equal(got, want) || s.Has(q.Key) {
			t.Fatalf("after %d bytes and %d calls there is %v, want %v", bytes, calls, got, want)
		}
	}
	for bytes := range smallFile {
		check(bytes, 100)
	}
	for calls := range 5 {
		check(1000, calls)
	}
	for _, data := range s.Notes() {
		if string(data) != "before" {
			t.Errorf("the note is %q", data)
		}
	}
	s.create = createFile
	checkRead(t, s, add(t, s, p.Key, 0, 5, 6, 7, 8).Key)
}

// TestTorn: a file cut to any length is not found, or found out when it is read,
// and removed either way; what goes on from it too.
func TestTorn(t *testing.T) {
	o := small(t.TempDir())
	tokens := []token.ID{1, 2, 3, 4, 5, 6, 7, 8}
	first := mustOpen(t, o)
	p := add(t, first, Key{}, 0, tokens[:4]...)
	q := add(t, first, p.Key, 0, tokens[4:]...)
	path := first.path(first.index.entries[p.Key])
	behind := first.path(first.index.entries[q.Key])
	whole, other := mustRead(t, path), mustRead(t, behind)
	for cut := range smallFile + 2 {
		place(t, behind, other)
		torn := slices.Concat(whole, []byte{0, 0})[:cut]
		if cut >= smallFile {
			torn = torn[:cut+1]
		}
		var s *Store
		if cut%2 == 0 {
			place(t, path, whole)
			s = mustOpen(t, o)
			place(t, path, torn)
			if err := s.Read(p.Key, make([]byte, 100)); !errors.Is(err, ErrGone) {
				t.Fatalf("%d bytes: %v", cut, err)
			}
		} else {
			place(t, path, torn)
			s = mustOpen(t, o)
		}
		if found := s.Find(tokens); len(found) > 0 || s.Has(p.Key) || s.Has(q.Key) {
			t.Fatalf("%d bytes: found %v", cut, found)
		}
		if left, _ := files(t, o.Dir); len(left) > 0 {
			t.Fatalf("%d bytes: left over: %v", cut, left)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestFlippedBits: a page with any bit flipped is never returned.
func TestFlippedBits(t *testing.T) {
	o := small(t.TempDir())
	s := mustOpen(t, o)
	p := add(t, s, Key{}, 3, 1, 2, 3, 4)
	path := s.path(s.index.entries[p.Key])
	whole := mustRead(t, path)
	for bit := range 8 * len(whole) {
		flipped := bytes.Clone(whole)
		flipped[bit/8] ^= 1 << (bit % 8)
		place(t, path, flipped)
		s := mustOpen(t, o)
		inHeader := bit/8 < len(whole)-100
		if s.Has(p.Key) == inHeader {
			t.Fatalf("bit %d: has %t", bit, !inHeader)
		}
		if err := s.Read(p.Key, make([]byte, 100)); !errors.Is(err, ErrGone) {
			t.Fatalf("bit %d: %v", bit, err)
		}
		if left, _ := files(t, o.Dir); len(left) > 0 && left[0] != strings.TrimPrefix(filepath.Join(o.Dir, s.own, identityName), o.Dir) {
			t.Fatalf("bit %d: left over: %v", bit, left)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestNotOurs: what has other names stays, whatever is in it; a page under another
// page's name is no page.
func TestNotOurs(t *testing.T) {
	o := small(t.TempDir())
	s := mustOpen(t, o)
	p := add(t, s, Key{}, 0, 1, 2, 3, 4)
	path := s.path(s.index.entries[p.Key])
	whole := mustRead(t, path)
	stays := []string{filepath.Join(o.Dir, "mine"), path + ".bak", filepath.Join(filepath.Dir(path), "mine"), filepath.Join(o.Dir, s.own, "mine")}
	for _, name := range stays {
		place(t, name, whole)
	}
	renamed := filepath.Join(filepath.Dir(path), strings.Repeat("0", 62)+pageSuffix)
	foreign := filepath.Join(o.Dir, strings.Repeat("0", identityDigits), p.Key.String()[:2], filepath.Base(path))
	for _, name := range []string{renamed, foreign} {
		place(t, name, whole)
	}
	s = mustOpen(t, o)
	checkRead(t, s, p.Key)
	if n := s.Usage().Pages; n != 1 {
		t.Errorf("%d pages, want 1", n)
	}
	if _, err := s.Remove(p.Key); err != nil {
		t.Fatal(err)
	}
	left, _ := files(t, o.Dir)
	for i, name := range stays {
		stays[i] = strings.TrimPrefix(name, o.Dir)
	}
	slices.Sort(left)
	slices.Sort(stays)
	if !slices.Equal(left, stays) {
		t.Errorf("left are %v, want %v", left, stays)
	}
}

// TestLeftovers: files of a process that ended are removed, those of one that runs
// are not, and count.
func TestLeftovers(t *testing.T) {
	o := small(t.TempDir())
	s := mustOpen(t, o)
	path, f, err := s.begin(smallFile)
	if err != nil {
		t.Fatal(err)
	}
	f.Close()
	o.Limit = smallFile + smallFile/2
	other := mustOpen(t, o)
	if _, err := os.Stat(path); err != nil {
		t.Errorf("a file that is being written: %v", err)
	}
	p := other.Next(Key{}, []token.ID{1, 2, 3, 4}, 0)
	if err := other.Write(p, content(p.Key, 100)); !errors.Is(err, ErrLimit) {
		t.Errorf("beside a file that is being written: %v", err)
	}
	s.held.Close() // as the system does for a process that ended
	if err := other.Write(p, content(p.Key, 100)); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file that was left over: %v", err)
	}
	add(t, s, Key{}, 0, 5, 5, 5, 5) // whose folder is gone
	if err := os.RemoveAll(o.Dir); err != nil {
		t.Fatal(err)
	}
	if s.Usage().Pages != 0 || len(s.Find(p.Tokens)) > 0 {
		t.Error("a cleared folder has pages")
	}
	checkRead(t, s, add(t, s, Key{}, 0, 5, 5, 5, 5).Key)
}

// TestTogether: several goroutines with two stores on one folder; what is found
// reads back, and the folder keeps to its limit.
func TestTogether(t *testing.T) {
	o := small(t.TempDir())
	o.Limit = 12 * smallFile
	stores := []*Store{mustOpen(t, o), mustOpen(t, o)}
	var done sync.WaitGroup
	for g := range 6 {
		done.Go(func() {
			random := rand.New(rand.NewPCG(uint64(g), 1))
			s := stores[g%2]
			dst := make([]byte, o.PageBytes)
			for range 60 {
				tokens := make([]token.ID, 16)
				for i := range tokens {
					tokens[i] = token.ID(random.IntN(2) * (i / 4 % 2))
				}
				found := s.Find(tokens)
				parent := Key{}
				for _, p := range found {
					if err := s.Read(p.Key, dst); err == nil && !bytes.Equal(dst, content(p.Key, len(dst))) || err != nil && !errors.Is(err, ErrGone) {
						t.Errorf("%v, or wrong bytes", err)
					}
					parent = p.Key
				}
				for i := 4 * len(found); i < len(tokens); i += 4 {
					p := s.Next(parent, tokens[i:i+4], 0)
					if err := s.Write(p, content(p.Key, len(dst))); err != nil {
						if !errors.Is(err, ErrGone) && !errors.Is(err, ErrLimit) {
							t.Error(err)
						}
						break
					}
					parent = p.Key
				}
				switch random.IntN(8) {
				case 0:
					if list := s.List(); len(list) > 0 {
						if _, err := s.Remove(list[random.IntN(len(list))].Key); err != nil {
							t.Error(err)
						}
					}
				case 1:
					if err := s.PutNote(fmt.Sprint(random.IntN(3)), dst[:1+random.IntN(50)]); err != nil && !errors.Is(err, ErrLimit) {
						t.Error(err)
					}
				case 2:
					for name, data := range s.Notes() {
						if len(name) != 1 || len(data) > 50 {
							t.Errorf("note %q of %d bytes", name, len(data))
						}
					}
				}
				if s.Usage().Bytes < 0 {
					t.Error("usage below 0")
				}
			}
		})
	}
	done.Wait()
	checkWhole(t, o)
}

// checkWhole checks that all in a folder can be reached and read, and that it
// keeps to its limit.
func checkWhole(t *testing.T, o Options) *Store {
	t.Helper()
	names, size := files(t, o.Dir)
	if size > o.Limit {
		t.Errorf("%d bytes, limit %d: %v", size, o.Limit, names)
	}
	s := mustOpen(t, o)
	if _, size := files(t, o.Dir); size != s.Usage().Bytes {
		t.Errorf("usage %d, want %d", s.Usage().Bytes, size)
	}
	if left, _ := filepath.Glob(filepath.Join(o.Dir, writingName, "*", "[0-9]*")); len(left) > 0 {
		t.Errorf("left over: %v", left)
	}
	for _, e := range s.List() {
		if e.Note {
			if _, err := s.ReadNote(e.Key); err != nil {
				t.Error(err)
			}
			continue
		}
		checkRead(t, s, e.Key)
		var tokens []token.ID
		depth := 0
		for k := e.Key; k != (Key{}); k, depth = s.index.entries[k].parent, depth+1 {
			tokens = append(slices.Clone(s.index.entries[k].tokens), tokens...)
		}
		if found := s.Find(tokens); len(found) != depth {
			t.Errorf("page %s is number %d of a chain, and %d are found", e.Key, depth, len(found))
		}
	}
	return s
}

// TestTired: a small folder is listed whenever another process changed it, a large one not
// again and again.
func TestTired(t *testing.T) {
	now := time.Now()
	s := Store{index: newIndex(), listed: now, listing: time.Second}
	for i := range 1001 {
		if s.tired(now) {
			t.Fatalf("%d files are too many", i)
		}
		s.index.entries[Key{byte(i), byte(i >> 8)}] = nil
	}
	if !s.tired(now) || !s.tired(now.Add(19*time.Second)) || s.tired(now.Add(20*time.Second)) {
		t.Error("1001 files that take a second are listed again within 19, or not after 20")
	}
}
