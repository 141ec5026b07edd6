package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/deskseek/deskseek/chat"
	"github.com/deskseek/deskseek/engine/disk"
	"github.com/deskseek/deskseek/token"
)

// cached makes a folder with two conversations of one model that begin alike, the
// second with its text, one of another model, and a text whose pages left.
func cached(t *testing.T) (dir string, leaves []string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "pages")
	open := func(name string) *disk.Store {
		s, err := disk.Open(disk.Options{Dir: dir, Name: name, Identity: "weights 1234\nfast", PageTokens: 4, PageBytes: 1000 + len(name)})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	write := func(s *disk.Store, bytes int, ids ...token.ID) disk.Key {
		var parent disk.Key
		for page := range slices.Chunk(ids, 4) {
			p := s.Next(parent, page, 3)
			if err := s.Write(p, make([]byte, bytes)); err != nil {
				t.Fatal(err)
			}
			parent = p.Key
		}
		return parent
	}
	big, small := open("big.gguf"), open("small\x1b.gguf")
	leaves = append(leaves,
		write(big, 1008, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3).String(),
		write(big, 1008, 1, 1, 1, 1, 2, 2, 2, 2, 4, 4, 4, 4).String(),
		write(small, 1011, 1, 1, 1, 1).String())
	note := func(name, text string, ids ...token.ID) {
		r := chat.Record{Segments: []chat.Segment{{Text: "<｜User｜>", Special: true}, {Text: text}}, IDs: ids}
		if err := big.PutNote(name, r.Append(nil)); err != nil {
			t.Fatal(err)
		}
	}
	note("early", "What is", 1, 1, 1, 1, 2, 2, 2, 2, 4, 4, 4, 4)
	note("late", "What is\n\x1b[2J  a dog?", 1, 1, 1, 1, 2, 2, 2, 2, 4, 4, 4, 4, 5)
	note("gone", "Its pages left", 9, 9, 9, 9, 9)
	for _, s := range []*disk.Store{big, small} {
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return dir, leaves
}

// list returns what `cache list --json` says.
func list(t *testing.T, dir string) cacheReport {
	t.Helper()
	var r cacheReport
	code, out, errs := call(t, "", "cache", "list", "--json", "--cache-dir", dir)
	if err := json.Unmarshal([]byte(out), &r); err != nil || code != 0 {
		t.Fatalf("exit %d, %v: %s%s", code, err, out, errs)
	}
	return r
}

func TestCacheList(t *testing.T) {
	dir, leaves := cached(t)
	r := list(t, dir)
	var got []string
	for _, e := range r.Entries {
		which := slices.Index(leaves, e.Key)
		got = append(got, fmt.Sprintf("%d: %d pages, %d tokens, own %t, %s", which, e.Pages, e.Tokens, e.Own == e.Bytes, e.Text))
	}
	want := []string{
		"-1: 0 pages, 5 tokens, own true, Its pages left",
		"1: 3 pages, 12 tokens, own false, What is \x1b[2J a dog?",
		"2: 1 pages, 4 tokens, own true, ",
		"0: 3 pages, 12 tokens, own false, ",
	}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	if len(r.Models) != 2 || r.Dir != dir || r.Models[0].Identity != "weights 1234\nfast" {
		t.Errorf("%+v", r)
	}
	_, out, _ := call(t, "", "cache", "list", "--cache-dir", dir)
	for _, want := range []string{"4 conversations", "  big.gguf\n", "  small\ufffd.gguf\n", leaves[0][:12] + "       12", "What is \ufffd[2J a dog?\n"} {
		if !strings.Contains(out, want) {
			t.Errorf("%s\nlacks %q", out, want)
		}
	}
	none := filepath.Join(dir, "none")
	code, out, _ := call(t, "", "cache", "list", "--cache-dir", none)
	if _, err := os.Stat(none); code != 0 || out != none+": nothing is kept\n" || err == nil {
		t.Errorf("exit %d, %s (%v)", code, out, err)
	}
	if r := list(t, none); r.Entries == nil || len(r.Entries) != 0 {
		t.Errorf("%+v", r)
	}
}

func TestCacheShow(t *testing.T) {
	dir, leaves := cached(t)
	code, out, errs := call(t, "", "cache", "show", "--cache-dir", dir, leaves[1][:10])
	for _, want := range []string{
		"key          " + leaves[1], "big.gguf\n", "weights 1234", "12 in 3 pages, 6 of them", "<｜User｜>What is\n\ufffd[2J  a dog?\n",
	} {
		if code != 0 || !strings.Contains(out, want) {
			t.Errorf("exit %d, %s%s\nlacks %q", code, out, errs, want)
		}
	}
	if code, out, _ = call(t, "", "cache", "show", "--cache-dir", dir, leaves[0]); code != 0 || !strings.HasSuffix(out, "text         not known\n") {
		t.Errorf("exit %d, %s", code, out)
	}
	var d cacheDetails
	_, out, _ = call(t, "", "cache", "show", "--json", "--cache-dir", dir, strings.ToUpper(leaves[1]))
	if err := json.Unmarshal([]byte(out), &d); err != nil || d.Name != "big.gguf" || d.Expanded != 6 || len(d.Segments) != 2 || !d.Segments[0].Special || d.Key != leaves[1] {
		t.Errorf("%s (%v)", out, err)
	}
}

func TestCacheRemove(t *testing.T) {
	dir, leaves := cached(t)
	before := list(t, dir)
	code, out, errs := call(t, "", "cache", "rm", "--json", "--cache-dir", dir, leaves[1][:16])
	var r struct{ Freed int64 }
	if err := json.Unmarshal([]byte(out), &r); err != nil || code != 0 || r.Freed != before.Entries[1].Own {
		t.Errorf("exit %d, %s%s, want %d freed", code, out, errs, before.Entries[1].Own)
	}
	after := list(t, dir)
	if n := len(after.Entries); n != 3 || after.Entries[2].Key != leaves[0] || after.Entries[2].Tokens != 12 || after.Bytes != before.Bytes-r.Freed {
		t.Errorf("%+v", after)
	}
	// The last conversation takes all with it that it shared.
	if code, out, _ := call(t, "", "cache", "rm", "--cache-dir", dir, leaves[0], after.Entries[0].Key); code != 0 || !strings.HasSuffix(out, "freed\n") {
		t.Errorf("exit %d, %s", code, out)
	}
	if after = list(t, dir); len(after.Entries) != 1 || len(after.Models) != 1 || after.Entries[0].Key != leaves[2] {
		t.Errorf("%+v", after)
	}
	if _, out, _ := call(t, "", "cache", "rm", "--cache-dir", dir, "--all"); out == "0 B freed\n" || len(list(t, dir).Entries) != 0 {
		t.Errorf("--all: %s", out)
	}
	if code, out, _ := call(t, "", "cache", "rm", "--cache-dir", filepath.Join(dir, "none"), "--all"); code != 0 || out != "0 B freed\n" {
		t.Errorf("exit %d, %s", code, out)
	}
}

// TestCacheRemoveOld: what goes on to something that was used since stays.
func TestCacheRemoveOld(t *testing.T) {
	dir, leaves := cached(t)
	files, err := filepath.Glob(filepath.Join(dir, "*", "*", "*"))
	if err != nil || len(files) != 8 {
		t.Fatalf("%v, %v", files, err)
	}
	for _, f := range files {
		if !strings.Contains(f, leaves[1][2:]) {
			if err := os.Chtimes(f, time.Time{}, time.Now().Add(-50*time.Hour)); err != nil {
				t.Fatal(err)
			}
		}
	}
	call(t, "", "cache", "rm", "--cache-dir", dir, "--older-than", "2.5d")
	if n := len(list(t, dir).Entries); n != 4 {
		t.Errorf("%d conversations are left, want all 4", n)
	}
	call(t, "", "cache", "rm", "--cache-dir", dir, "--older-than", "49h")
	if r := list(t, dir); len(r.Entries) != 1 || r.Entries[0].Key != leaves[1] || r.Entries[0].Tokens != 12 {
		t.Errorf("%+v", r)
	}
}

func TestCacheUsage(t *testing.T) {
	dir, leaves := cached(t)
	file := filepath.Join(dir, "lock")
	for _, test := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"rm"}, 2, "nothing is named"},
		{[]string{"rm", "--all", "--older-than", "1h"}, 2, "want keys, or --all, or --older-than"},
		{[]string{"rm", "--all", leaves[0]}, 2, "want keys, or --all, or --older-than"},
		{[]string{"rm", "--older-than", "1h", leaves[0]}, 2, "want keys, or --all, or --older-than"},
		{[]string{"rm", "--older-than", "long"}, 2, `"long" is no time`},
		{[]string{"rm", "--older-than", "-1d"}, 2, `"-1d" is no time`},
		{[]string{"rm", leaves[0], "xyz"}, 1, `no key begins with "xyz"`},
		{[]string{"show"}, 2, "accepts 1 arg"},
		{[]string{"show", ""}, 1, `no key begins with ""`},
		{[]string{"list", "x"}, 2, `unknown command "x"`},
		{[]string{"list", "--cache-dir", "none"}, 2, "want a folder"},
		{[]string{"list", "--cache-dir", file}, 1, file},
	} {
		args := append([]string{"cache"}, test.args...)
		if !slices.Contains(args, "--cache-dir") {
			args = append(args, "--cache-dir", dir)
		}
		code, out, errs := call(t, "", args...)
		if code != test.code || !strings.Contains(errs, test.want) || out != "" {
			t.Errorf("%q: exit %d, %q on stdout, %q on stderr; want %d and %q", args, code, out, errs, test.code, test.want)
		}
	}
	if n := len(list(t, dir).Entries); n != 4 {
		t.Errorf("%d conversations are left, want all 4", n)
	}
	r := cacheReport{Entries: []*cacheEntry{{Key: "ab0"}, {Key: "ab1"}, {Key: "b"}}}
	if _, err := r.find("ab"); err == nil || !strings.Contains(err.Error(), "several keys begin with ab") {
		t.Error(err)
	}
	if e, err := r.find("AB1"); err != nil || e != r.Entries[1] {
		t.Error(e, err)
	}
}

// TestCacheOfChat: what chat keeps is listed.
func TestCacheOfChat(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "pages")
	if code, _, errs := call(t, strings.Repeat("Tell me a long story about a dog and a cat. ", 12)+"\n", "chat", "-n", "4", "--cache-dir", dir); code != 0 {
		t.Fatal(errs)
	}
	r := list(t, dir)
	if len(r.Entries) != 1 || r.Entries[0].Tokens != 128 || len(r.Models) != 1 || !strings.Contains(r.Models[0].Identity, "weights") {
		t.Errorf("%+v", r)
	}
}
