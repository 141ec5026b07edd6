package disk

import (
	"bytes"
	"errors"
	"hash/crc32"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/deskseek/deskseek/token"
)

// TestRefusedHeaders: what no store writes is refused even with a good check sum.
func TestRefusedHeaders(t *testing.T) {
	for want, change := range map[string]func(h *header) (b []byte){
		"version 2, want 1": func(h *header) []byte {
			b := h.append(nil)
			b[8] = 2
			return withSum(b)
		},
		"0 tokens or bytes":    func(h *header) []byte { h.tokens = nil; return h.append(nil) },
		"65 tokens or bytes":   func(h *header) []byte { h.tokens = make([]token.ID, 65); return h.append(nil) },
		"forms 0x8 of 3":       func(h *header) []byte { h.forms = 8; return h.append(nil) },
		"key 00":               func(h *header) []byte { h.key = Key{}; return h.append(nil) },
		"a payload of 6":       func(h *header) []byte { h.length = 6; return h.append(nil) },
		"a payload of -5":      func(h *header) []byte { h.length = -5; return h.append(nil) },
		"with forms or a pare": func(h *header) []byte { h.note, h.name, h.tokens = true, "n", nil; return h.append(nil) },
	} {
		h := &header{length: 5, forms: 5, parent: Key{9}, tokens: []token.ID{1, -1, 3}}
		h.key = pageKey(h.identity, h.parent, h.tokens, h.forms)
		data := change(h)
		if _, err := parseHeader(data, int64(len(data))+5); !errors.Is(err, errTorn) || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

// FuzzFile: any bytes are refused, or are what writing what was read gives again;
// in a folder, they are then found and read, or torn.
func FuzzFile(f *testing.F) {
	identity := [32]byte{1, 2, 3}
	page := &header{length: 5, forms: 5, stored: 7, identity: identity, parent: Key{9}, tokens: []token.ID{1, -1, 3}}
	page.key = pageKey(identity, page.parent, page.tokens, page.forms)
	note := &header{note: true, length: 5, stored: 7, identity: identity, name: "a note", key: noteKey(identity, "a note")}
	for _, h := range []*header{page, note} {
		h.sum = crc32.Checksum([]byte("12345"), castagnoli)
		data := append(h.append(nil), "12345"...)
		f.Add(data, false)
		f.Add(data[:len(data)-1], true)
		f.Add(append(data, 0), true)
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, data []byte, sum bool) {
		if sum { // let what is changed through the check sum
			data = withSum(data)
		}
		h, err := parseHeader(data[:min(len(data), maxHeader)], int64(len(data)))
		if err != nil {
			if !errors.Is(err, errTorn) {
				t.Fatal(err)
			}
			return
		}
		if again := h.append(nil); !bytes.Equal(again, data[:len(again)]) {
			t.Fatalf("%x is written as %x", data, again)
		}
		s := &Store{options: Options{Dir: dir}}
		e := &entry{header: *h, folder: folderOf(h.identity)}
		path := s.path(e)
		place(t, path, data)
		defer os.RemoveAll(filepath.Join(dir, e.folder))
		s = mustOpen(t, Options{Dir: dir})
		e = s.index.entries[h.key]
		if orphan := h.parent != (Key{}); (e == nil) != orphan {
			t.Fatalf("indexed: %t, orphan: %t", e != nil, orphan)
		}
		if e == nil {
			return
		}
		payload := data[h.size():]
		got, err := s.note(e)
		if whole := crc32.Checksum(payload, castagnoli) == h.sum; whole != (err == nil) || whole && !bytes.Equal(got, payload) {
			t.Fatalf("%x of %x (%v)", got, payload, err)
		}
	})
}

// withSum returns data with the header's check sum set right, if it has a header.
func withSum(data []byte) []byte {
	if len(data) < fixedHeader+8 {
		return data
	}
	end := fixedHeader + int(little.Uint32(data[12:])%maxTokens)*4
	if string(data[:8]) == noteMagic {
		end = fixedHeader + int(little.Uint32(data[12:])%maxName)
	}
	if len(data) < end+8 {
		return data
	}
	data = bytes.Clone(data)
	little.PutUint32(data[end+4:], crc32.Checksum(data[:end+4], castagnoli))
	return data
}

// BenchmarkRead reads pages of DeepSeek-V3's size, 62 layers of bf16 and the hidden
// state of the last token, that the system has in memory.
func BenchmarkRead(b *testing.B) {
	const pageBytes = 62*64*576*2 + 7168*4
	s := mustOpen(b, Options{Dir: b.TempDir(), PageTokens: 64, PageBytes: pageBytes})
	var pages []Page
	parent := Key{}
	for i := range 32 {
		tokens := make([]token.ID, 64)
		tokens[0] = token.ID(i)
		p := add(b, s, parent, 0, tokens...)
		pages, parent = append(pages, p), p.Key
	}
	dst := make([]byte, pageBytes)
	b.SetBytes(pageBytes)
	i := 0
	for b.Loop() {
		if err := s.Read(pages[i%len(pages)].Key, dst); err != nil {
			b.Fatal(err)
		}
		i++
	}
}

// BenchmarkWrite stores pages of DeepSeek-V3's size, as durable as the disk makes
// them.
func BenchmarkWrite(b *testing.B) {
	const pageBytes = 62*64*576*2 + 7168*4
	s := mustOpen(b, Options{Dir: b.TempDir(), PageTokens: 64, PageBytes: pageBytes, Limit: 40 * pageBytes})
	data := make([]byte, pageBytes)
	b.SetBytes(pageBytes)
	i := 0
	for b.Loop() {
		tokens := make([]token.ID, 64)
		tokens[0] = token.ID(i)
		if err := s.Write(s.Next(Key{}, tokens, 0), data); err != nil {
			b.Fatal(err)
		}
		i++
	}
}

// BenchmarkOpen opens a folder of 100,000 pages, in chains of 300.
func BenchmarkOpen(b *testing.B) {
	o := Options{Dir: b.TempDir(), PageTokens: 64, PageBytes: 16}
	s := mustOpen(b, o)
	random := rand.New(rand.NewPCG(1, 2))
	parent := Key{}
	for i := range 100_000 {
		if i%300 == 0 {
			parent = Key{}
		}
		tokens := make([]token.ID, 64)
		for j := range tokens {
			tokens[j] = token.ID(random.IntN(128_000))
		}
		p := s.Next(parent, tokens, 0)
		e := &entry{folder: s.own, header: header{length: 16, identity: s.identity, parent: p.Parent, key: p.Key, tokens: p.Tokens}}
		place(b, s.path(e), append(e.header.append(nil), make([]byte, 16)...))
		parent = p.Key
	}
	for b.Loop() {
		s, err := Open(o)
		if err != nil {
			b.Fatal(err)
		}
		if n := len(s.index.entries); n != 100_000 {
			b.Fatalf("%d pages", n)
		}
	}
}
