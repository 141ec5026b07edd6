package main

import (
	"fmt"
	"maps"
	"math/bits"
	"slices"
	"strings"
	"time"

	"github.com/deskseek/deskseek/chat"
	"github.com/deskseek/deskseek/engine/disk"
	"github.com/deskseek/deskseek/token"
)

// A cacheReport is what a folder of kept conversations holds.
type cacheReport struct {
	Dir     string        `json:"dir"`
	Bytes   int64         `json:"bytes"`
	Models  []cacheModel  `json:"models"`
	Entries []*cacheEntry `json:"entries"` // the last used first

	files    []disk.Entry // the last used first
	pages    map[disk.Key]*disk.Entry
	children map[disk.Key][]*disk.Entry
	newest   time.Time
}

// A cacheModel is what pages depend on besides tokens.
type cacheModel struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Identity string `json:"identity"`
}

// A cacheEntry is a conversation: a chain of pages that nothing goes on from, with
// what is known of its text; or text alone, where the pages left.
type cacheEntry struct {
	Key    string    `json:"key"`
	Model  string    `json:"model"`
	Pages  int       `json:"pages"`
	Tokens int       `json:"tokens"`
	Bytes  int64     `json:"bytes"`
	Own    int64     `json:"own_bytes"` // that no other conversation has
	Stored time.Time `json:"stored"`
	Used   time.Time `json:"used"`
	Text   string    `json:"text"` // how it begins

	own      []disk.Key // files that leave with it
	last     *disk.Entry
	segments []chat.Segment
	said     int // tokens of segments
}

// cacheDetails are what `deskseek cache show` shows.
type cacheDetails struct {
	cacheEntry
	Name     string        `json:"name"`
	Identity string        `json:"identity"`
	Expanded int           `json:"expanded_tokens"`
	Segments []segmentJSON `json:"segments"`
}

type segmentJSON struct {
	Text    string `json:"text"`
	Special bool   `json:"special"`
}

// read puts the files of a folder together to conversations.
func (r *cacheReport) read(s *disk.Store) {
	r.Bytes = s.Usage().Bytes
	texts := s.Identities()
	for _, id := range slices.Sorted(maps.Keys(texts)) {
		name, identity, _ := strings.Cut(texts[id], "\n")
		r.Models = append(r.Models, cacheModel{ID: id, Name: name, Identity: strings.TrimSpace(identity)})
	}
	r.files = s.List()
	r.pages, r.children = map[disk.Key]*disk.Entry{}, map[disk.Key][]*disk.Entry{}
	for i := range r.files {
		f := &r.files[i]
		r.newest = latest(r.newest, f.Used)
		if !f.Note {
			r.pages[f.Key] = f
			r.children[f.Parent] = append(r.children[f.Parent], f)
		}
	}
	ends := map[disk.Key]*cacheEntry{}
	for i := range r.files {
		if f := &r.files[i]; !f.Note && len(r.children[f.Key]) == 0 {
			ends[f.Key] = r.chain(f)
			r.Entries = append(r.Entries, ends[f.Key])
		}
	}
	for i := range r.files {
		if f := &r.files[i]; f.Note {
			r.note(s, f, ends)
		}
	}
	slices.SortStableFunc(r.Entries, func(a, b *cacheEntry) int { return b.Used.Compare(a.Used) })
}

func latest(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

// chain returns the conversation that ends in a page.
func (r *cacheReport) chain(last *disk.Entry) *cacheEntry {
	e := &cacheEntry{Key: last.Key.String(), Model: last.Identity, Stored: last.Stored, Used: last.Used, last: last}
	alone := true
	for f := last; f != nil; f = r.pages[f.Parent] {
		e.Pages++
		e.Tokens += len(f.Tokens)
		e.Bytes += f.Bytes
		if alone = alone && len(r.children[f.Key]) < 2; alone {
			e.Own += f.Bytes
			e.own = append(e.own, f.Key)
		}
	}
	return e
}

// note takes in a record of a conversation: with the chain that goes furthest into
// it, if there is one, else as an entry of its own.
func (r *cacheReport) note(s *disk.Store, f *disk.Entry, ends map[disk.Key]*cacheEntry) {
	var record *chat.Record
	data, err := s.ReadNote(f.Key)
	if err == nil {
		record, err = chat.ParseRecord(data)
	}
	if err != nil {
		record = &chat.Record{}
	}
	end, depth := r.furthest(f.Identity, disk.Key{}, record.IDs)
	var e *cacheEntry
	if depth > 0 {
		// The record may end inside of what goes on.
		for len(r.children[end.Key]) > 0 {
			end = r.children[end.Key][0]
		}
		e = ends[end.Key]
	} else {
		e = &cacheEntry{Key: f.Key.String(), Model: f.Identity, Stored: f.Stored, Tokens: len(record.IDs)}
		r.Entries = append(r.Entries, e)
	}
	e.Bytes += f.Bytes
	e.Own += f.Bytes
	e.own = append(e.own, f.Key)
	e.Used = latest(e.Used, f.Used)
	if len(record.IDs) >= e.said {
		e.segments, e.said = record.Segments, len(record.IDs)
		e.Text = beginning(record.Segments)
	}
}

// furthest returns the last page of the longest chain whose tokens ids begin with,
// and how many pages it has.
func (r *cacheReport) furthest(identity string, parent disk.Key, ids []token.ID) (last *disk.Entry, depth int) {
	for _, f := range r.children[parent] {
		n := len(f.Tokens)
		if f.Identity != identity || n > len(ids) || !slices.Equal(f.Tokens, ids[:n]) {
			continue
		}
		end, below := r.furthest(identity, f.Key, ids[n:])
		if end == nil {
			end = f
		}
		if below+1 > depth {
			last, depth = end, below+1
		}
	}
	return last, depth
}

// beginning returns the first words of the text that is not the template's.
func beginning(segments []chat.Segment) string {
	const most = 48
	for _, s := range segments {
		words := []rune(strings.Join(strings.Fields(s.Text), " "))
		switch {
		case s.Special || len(words) == 0:
		case len(words) > most:
			return string(words[:most-1]) + "…"
		default:
			return string(words)
		}
	}
	return ""
}

// find returns the one conversation whose key begins so.
func (r *cacheReport) find(prefix string) (found *cacheEntry, err error) {
	prefix = strings.ToLower(prefix)
	for _, e := range r.Entries {
		if prefix == "" || !strings.HasPrefix(e.Key, prefix) {
			continue
		}
		if found != nil {
			return nil, fmt.Errorf("%s: several keys begin with %s; want more digits", r.Dir, prefix)
		}
		found = e
	}
	if found == nil {
		return nil, fmt.Errorf("%s: no key begins with %q; see deskseek cache list", r.Dir, prefix)
	}
	return found, nil
}

// unused returns the files that were last used before a time.
func (r *cacheReport) unused(before time.Time) (keys []disk.Key) {
	for i := range r.files {
		if r.files[i].Used.Before(before) {
			keys = append(keys, r.files[i].Key)
		}
	}
	return keys
}

func (e *cacheEntry) details(r *cacheReport) cacheDetails {
	d := cacheDetails{cacheEntry: *e, Segments: []segmentJSON{}}
	for _, m := range r.Models {
		if m.ID == e.Model {
			d.Name, d.Identity = m.Name, m.Identity
		}
	}
	for f := e.last; f != nil; f = r.pages[f.Parent] {
		d.Expanded += bits.OnesCount64(f.Forms)
	}
	for _, s := range e.segments {
		d.Segments = append(d.Segments, segmentJSON(s))
	}
	return d
}
