package chat

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"github.com/deskseek/deskseek/demo"
	"github.com/deskseek/deskseek/token"
)

// demoTokenizer is that of the built-in model, and demoTemplate its template.
func demoText(t testing.TB) (*token.Tokenizer, *Template) {
	t.Helper()
	ck, err := demo.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer ck.Close()
	m := ck.Metadata()
	var v token.Vocabulary
	v.Tokens, _, _ = m.Strings("tokenizer.ggml.tokens")
	v.Merges, _, _ = m.Strings("tokenizer.ggml.merges")
	types, _, _ := m.Ints("tokenizer.ggml.token_type")
	for _, n := range types {
		v.Types = append(v.Types, int32(n))
	}
	tok, err := token.New(v)
	if err != nil {
		t.Fatal(err)
	}
	text, _, _ := m.Str("tokenizer.chat_template")
	return tok, mustParse(t, text)
}

// sampled returns tokens of text that a network might have chosen: it is cut
// anywhere between characters.
func sampled(tok *token.Tokenizer, random *rand.Rand, text string) (ids []token.ID) {
	for text != "" {
		n := 1 + random.IntN(min(6, len(text)))
		for n < len(text) && !utf8.RuneStart(text[n]) {
			n++
		}
		ids = tok.Encode(ids, text[:n], false)
		text = text[n:]
	}
	return ids
}

var phrases = []string{
	"Hello", " world", "\n\n", "über", "天气", "<｜User｜>", "<｜end▁of▁sentence｜>", "don't ", "12345", " a", "  ", "<", "｜", "😀", "The dog ran.",
}

func phrase(random *rand.Rand) string {
	var text strings.Builder
	for range 1 + random.IntN(6) {
		text.WriteString(phrases[random.IntN(len(phrases))])
	}
	return text.String()
}

// TestMemory: in random conversations that come back as text, with answers that end
// in every way and in whatever tokens, the tokens used before are those of the next
// prompt's beginning; up to what was edited; and every encoding is one of the text.
func TestMemory(t *testing.T) {
	real, small := mustTokenizer(t), (*token.Tokenizer)(nil)
	small, template := demoText(t)
	for seed := range uint64(100) {
		random := rand.New(rand.NewPCG(seed, 1))
		tok, template := real, template
		if seed%2 == 0 {
			tok = small
		}
		if seed%4 > 1 {
			template = mustParse(t, textV30324)
		}
		converse(t, tok, template, random)
	}
}

func converse(t *testing.T, tok *token.Tokenizer, template *Template, random *rand.Rand) {
	t.Helper()
	m := NewMemory(1 << 20)
	eos, _ := tok.Lookup(tokenEOS)
	var messages []Message
	for turn := range 8 {
		question := phrase(random)
		messages = append(messages, Message{Role: "user", Content: &question})
		segments, err := template.Render(messages, true)
		if err != nil {
			t.Fatal(err)
		}
		prompt := checkEncode(t, tok, m, segments)
		answer := phrase(random)
		ids := sampled(tok, random, answer)
		end := random.IntN(4)
		if end != 0 { // else out of tokens
			ids = append(ids, eos)
		}
		all := slices.Concat(prompt, ids)
		rendered := slices.Concat(segments, Segments(tok, ids))
		cut := len(all)
		if end == 1 { // a stop string: the last part of the text is not shown
			n := random.IntN(len(answer))
			for !utf8.RuneStart(answer[n]) {
				n--
			}
			rendered = append(slices.Clone(segments), Segment{Text: answer[:n]})
			answer, cut = answer[:n], len(prompt)
		}
		m.Add(tok, &Record{rendered, all})
		messages = append(messages, Message{Role: "assistant", Content: &answer})
		next := "next"
		segments, err = template.Render(append(slices.Clone(messages), Message{Role: "user", Content: &next}), true)
		if err != nil {
			t.Fatal(err)
		}
		got := checkEncode(t, tok, m, segments)
		if !slices.Equal(got[:min(cut, len(got))], all[:cut]) {
			t.Fatalf("turn %d, end %d: %v, want %v and more", turn, end, got, all[:cut])
		}
		if end == 1 && len(answer) > 12 && !slices.Equal(got[:len(prompt)+1], all[:len(prompt)+1]) {
			t.Fatalf("turn %d: %v does not begin with the tokens of a text that was cut, %v", turn, got, all)
		}
	}
	checkEdited(t, tok, template, m, messages, random)
}

// checkEdited changes a message: what is before it keeps its tokens, what is behind
// gets those of Encode.
func checkEdited(t *testing.T, tok *token.Tokenizer, template *Template, m *Memory, messages []Message, random *rand.Rand) {
	t.Helper()
	at := random.IntN(len(messages) - 1)
	before, err := template.Render(messages[:at], false)
	if err != nil {
		t.Fatal(err)
	}
	edited := slices.Clone(messages)
	text := *edited[at].Content + "!"
	edited[at].Content = &text
	segments, err := template.Render(edited, true)
	if err != nil {
		t.Fatal(err)
	}
	common := 0
	for common < len(before) && before[common] == segments[common] {
		common++
	}
	for common > 0 && !segments[common-1].Special {
		common--
	}
	got := checkEncode(t, tok, m, segments)
	same, err := m.Encode(tok, segments[:common])
	if err != nil {
		t.Fatal(err)
	}
	rest, err := Encode(tok, segments[common:])
	if err != nil {
		t.Fatal(err)
	}
	if want := slices.Concat(same, rest); !slices.Equal(got, want) {
		t.Fatalf("edited at message %d: %v, want %v", at, got, want)
	}
}

// checkEncode encodes, and checks that the tokens are one encoding of the text:
// added tokens are those that the template put there, and no others.
func checkEncode(t *testing.T, tok *token.Tokenizer, m *Memory, segments []Segment) []token.ID {
	t.Helper()
	ids, err := m.Encode(tok, segments)
	if err != nil {
		t.Fatal(err)
	}
	if got := tok.Decode(ids, false); got != Text(segments) {
		t.Fatalf("text %q, want %q", got, Text(segments))
	}
	marks := func(segments []Segment) (marks []string) {
		for _, s := range segments {
			if s.Special {
				marks = append(marks, s.Text)
			}
		}
		return marks
	}
	if got, want := marks(Segments(tok, ids)), marks(segments); !slices.Equal(got, want) {
		t.Fatalf("added tokens %q, want %q", got, want)
	}
	return ids
}

// TestMemoryOfNonCanonical has an answer letter by letter, as one example to read.
func TestMemoryOfNonCanonical(t *testing.T) {
	tok, m := mustTokenizer(t), NewMemory(1000)
	template := mustParse(t, textV30324)
	segments, err := template.Render(conversation(t, `[{"role": "user", "content": "Hi"}]`), true)
	if err != nil {
		t.Fatal(err)
	}
	prompt, err := m.Encode(tok, segments)
	if err != nil {
		t.Fatal(err)
	}
	answer := slices.Concat(tok.Encode(nil, "H", false), tok.Encode(nil, "ell", false), tok.Encode(nil, "o", false), []token.ID{1})
	all := slices.Concat(prompt, answer)
	m.Add(tok, &Record{append(segments, Segments(tok, answer)...), all})
	for text, hit := range map[string]bool{
		`[{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}, {"role": "user", "content": "x"}]`:   true,
		`[{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello "}, {"role": "user", "content": "x"}]`:  false,
		`[{"role": "user", "content": "Hi."}, {"role": "assistant", "content": "Hello"}, {"role": "user", "content": "x"}]`:  false,
		`[{"role": "system", "content": "Hi"}, {"role": "assistant", "content": "Hello"}, {"role": "user", "content": "x"}]`: false,
		`[{"role": "user", "content": "Hi<｜Assistant｜>Hello<｜end▁of▁sentence｜>"}]`:                                           false,
	} {
		segments, err := template.Render(conversation(t, text), true)
		if err != nil {
			t.Fatal(err)
		}
		got, err := m.Encode(tok, segments)
		if err != nil {
			t.Fatal(err)
		}
		canonical, err := Encode(tok, segments)
		if err != nil {
			t.Fatal(err)
		}
		if hit && !slices.Equal(got[:len(all)], all) || !hit && !slices.Equal(got, canonical) {
			t.Errorf("%s: %v, answered were %v", text, got, all)
		}
	}
}

// TestMemoryBelievesNothing: tokens of another text, added tokens in the place of
// text, and ids without text are not taken.
func TestMemoryBelievesNothing(t *testing.T) {
	tok := mustTokenizer(t)
	user, eos := token.ID(128803), token.ID(1)
	spelled := tok.Encode(nil, tokenUser, false)
	for name, r := range map[string]Record{
		"another text":              {[]Segment{{tokenUser, true}, {"Hello", false}, {tokenEOS, true}}, []token.ID{user, 39, 40, eos}},
		"an added token":            {[]Segment{{"a" + tokenUser, false}, {tokenEOS, true}}, []token.ID{67, user, eos}},
		"a spelled one":             {[]Segment{{tokenUser, true}, {"b", false}}, append(spelled, 68)},
		"an id without text":        {[]Segment{{"a", false}, {tokenEOS, true}}, []token.ID{67, 5_000_000, eos}},
		"other marks":               {[]Segment{{"a", false}, {tokenEOS, true}, {"th", false}}, []token.ID{67, user, 86, 74}},
		"a cut that is not the end": {[]Segment{{"th", false}, {tokenEOS, true}}, []token.ID{86, 74, 71, eos}},
		"a negative id":             {[]Segment{{"a", false}, {tokenEOS, true}}, []token.ID{67, -1, eos}},
		"tokens that end":           {[]Segment{{tokenUser, true}, {"Hello", false}}, append([]token.ID{user}, tok.Encode(nil, "H", false)...)},
		"no tokens":                 {[]Segment{{tokenUser, true}, {"Hello", false}}, nil},
		"text of no encoding":       {[]Segment{{"\xff", false}, {tokenEOS, true}}, append(tok.Encode(tok.Encode(nil, "\xef", false), "\xbf\xbd", false), eos)},
	} {
		m := NewMemory(1 << 20)
		m.Add(tok, &r)
		if len(m.known) > 0 {
			t.Errorf("%s: remembered", name)
		}
	}
}

// TestMemoryOfPlaces: the same text behind another added token, or another text, is
// another one.
func TestMemoryOfPlaces(t *testing.T) {
	tok, m := mustTokenizer(t), NewMemory(1<<20)
	th := []token.ID{86, 74}
	m.Add(tok, &Record{[]Segment{{"a", false}, {tokenUser, true}, {"th", false}}, []token.ID{67, 128803, 86, 74}})
	for _, c := range []struct {
		text, mark string
		known      bool
	}{{"a", tokenUser, true}, {"a", tokenAssistant, false}, {"b", tokenUser, false}, {"a" + tokenUser, tokenUser, false}} {
		ids, err := m.Encode(tok, []Segment{{c.text, false}, {c.mark, true}, {"th", false}})
		if err != nil || slices.Equal(ids[max(0, len(ids)-2):], th) != c.known {
			t.Errorf("%v: %v (%v)", c, ids, err)
		}
	}
}

// TestMemoryForgets: what was used least recently leaves, and the last of two
// encodings of one text stays.
func TestMemoryForgets(t *testing.T) {
	tok := mustTokenizer(t)
	m := NewMemory(2 * (256 + 4*2))
	add := func(ids ...token.ID) { m.Add(tok, &Record{[]Segment{{tok.Decode(ids, false), false}}, ids}) }
	get := func(text string) []token.ID {
		ids, err := m.Encode(tok, []Segment{{text, false}})
		if err != nil {
			t.Fatal(err)
		}
		return ids
	}
	letters := tok.Encode(tok.Encode(tok.Encode(tok.Encode(nil, "t", false), "h", false), "e", false), "n", false)
	th, he := []token.ID{letters[0], letters[1]}, []token.ID{letters[1], letters[2]}
	en := []token.ID{letters[2], letters[3]}
	add(th...)
	add(he...)
	get("th")
	add(en...)
	if !slices.Equal(get("th"), th) || slices.Equal(get("he"), he) || !slices.Equal(get("en"), en) {
		t.Errorf("%v, %v, %v", get("th"), get("he"), get("en"))
	}
	add(tok.Encode(nil, "th", false)...)
	if slices.Equal(get("th"), th) {
		t.Error("an encoding that was used later is forgotten")
	}
	for i := range 2000 {
		add(tok.Encode(tok.Encode(nil, fmt.Sprint("a", i), false), "b", false)...)
		if m.bytes > m.limit || len(m.known) != m.order.Len() {
			t.Fatalf("%d bytes of %d, %d known, %d in order", m.bytes, m.limit, len(m.known), m.order.Len())
		}
	}
	m = NewMemory(-1)
	add(th...)
	if len(m.known) > 0 {
		t.Error("without room something is remembered")
	}
}

// TestMemoryTogether is for the race detector.
func TestMemoryTogether(t *testing.T) {
	tok, m := mustTokenizer(t), NewMemory(3000)
	template := mustParse(t, textV30324)
	var done sync.WaitGroup
	for g := range uint64(4) {
		done.Go(func() {
			random := rand.New(rand.NewPCG(g%2, 1))
			for range 50 {
				text := phrase(random)
				segments, err := template.Render([]Message{{Role: "user", Content: &text}}, true)
				if err != nil {
					t.Error(err)
					return
				}
				ids, err := m.Encode(tok, segments)
				if err != nil || tok.Decode(ids, false) != Text(segments) {
					t.Errorf("%v, or another text", err)
				}
				answer := sampled(tok, random, phrase(random))
				m.Add(tok, &Record{append(segments, Segments(tok, answer)...), append(ids, answer...)})
			}
		})
	}
	done.Wait()
}

func TestRecord(t *testing.T) {
	r := &Record{[]Segment{{tokenBOS, true}, {"", false}, {"Hello", false}}, []token.ID{0, 1<<31 - 1, 7}}
	data := r.Append([]byte("before"))
	got, err := ParseRecord(data[len("before"):])
	if err != nil || !slices.Equal(got.Segments, r.Segments) || !slices.Equal(got.IDs, r.IDs) {
		t.Errorf("%v, %v", got, err)
	}
	data = data[len("before"):]
	for n := range data {
		if _, err := ParseRecord(data[:n]); err == nil {
			t.Errorf("%d of %d bytes are a record", n, len(data))
		}
	}
	for want, data := range map[string][]byte{
		"version 2, want 1":             {2, 0, 0},
		"number 200, want at most 5":    {1, 200, 1, 1, 1, 1},
		"text of 100 bytes in 1":        {1, 1, 200, 1, 1},
		"1 bytes behind the last token": {1, 0, 0, 0},
		"number 2147483648, want at":    {1, 0, 1, 0x80, 0x80, 0x80, 0x80, 8},
		"it ends early":                 {1, 0, 1},
	} {
		if _, err := ParseRecord(data); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v, want %q", data, err, want)
		}
	}
}

// FuzzRecord: any bytes are refused, or read to what is written and read again;
// what they say then changes no text.
func FuzzRecord(f *testing.F) {
	tok := mustTokenizer(f)
	f.Add((&Record{[]Segment{{tokenUser, true}, {"Hello<｜User｜>", false}, {tokenEOS, true}, {"th", false}}, []token.ID{128803, 39, 1, 86, 74}}).Append(nil))
	f.Add([]byte{1, 1, 2, 'a', 1, 67})
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := ParseRecord(data)
		if err != nil {
			return
		}
		again, err := ParseRecord(r.Append(nil))
		if err != nil || !slices.Equal(again.Segments, r.Segments) || !slices.Equal(again.IDs, r.IDs) {
			t.Fatalf("%v is written as %v (%v)", r, again, err)
		}
		if !bytes.Equal(again.Append(nil), r.Append(nil)) {
			t.Fatal("written otherwise")
		}
		m := NewMemory(1 << 20)
		m.Add(tok, r)
		plain, err := Encode(tok, r.Segments)
		if err != nil {
			return // added tokens that are none
		}
		ids, err := m.Encode(tok, r.Segments)
		if err != nil || tok.Decode(ids, false) != tok.Decode(plain, false) {
			t.Fatalf("%q: %v, want the text of %v (%v)", Text(r.Segments), ids, plain, err)
		}
		for _, id := range ids {
			if int(id) >= tok.Size() || id < 0 {
				t.Fatalf("token %d", id)
			}
		}
	})
}
