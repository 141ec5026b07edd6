package deskseek

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/deskseek/deskseek/chat"
	"github.com/deskseek/deskseek/engine"
	"github.com/deskseek/deskseek/sample"
	"github.com/deskseek/deskseek/token"
)

// TestConversationGoesOn: an answer that was sampled in other tokens than its text is
// encoded to comes back as text, and is the tokens that it was: nothing is computed
// again, not even after a restart.
func TestConversationGoesOn(t *testing.T) {
	dir := t.TempDir()
	open := func() *LLM {
		llm, err := Open("", Options{CacheDir: dir, Deterministic: true})
		if err != nil {
			t.Fatal(err)
		}
		return llm
	}
	llm := open()
	messages := user("Tell me a story about a dog who lived in a house by the sea.")
	var said []token.ID
	var text string
	for seed := uint64(1); ; seed++ {
		said, text = nil, ""
		for e, err := range llm.Chat(context.Background(), messages, Params{MaxTokens: 150, Sampling: sample.Params{Temperature: 1.6, Seed: seed}}) {
			if err != nil {
				t.Fatal(err)
			}
			text += e.Text
			if e.Token != nil {
				said = append(said, e.Token.ID)
			}
		}
		if n := len(said); n == 150 && !slices.Equal(llm.Text().Tokenizer.Encode(nil, text, false), said) {
			break
		}
		if seed == 100 {
			t.Fatal("every answer was its text's tokens")
		}
	}
	more := "And then?"
	next := append(slices.Clone(messages), chat.Message{Role: "assistant", Content: &text}, chat.Message{Role: "user", Content: &more})
	prompt, err := llm.EncodeChat(messages)
	if err != nil {
		t.Fatal(err)
	}
	want := slices.Concat(prompt, said)
	check := func(llm *LLM, when string, least int) {
		t.Helper()
		ids, err := llm.EncodeChat(next)
		if err != nil || len(ids) < len(want) || !slices.Equal(ids[:len(want)], want) {
			t.Fatalf("%s: %v (%v), want %v first", when, ids, err, want)
		}
		var end *End
		for e, err := range llm.Chat(context.Background(), next, Params{MaxTokens: 2}) {
			if err != nil {
				t.Fatal(err)
			}
			end = e.End
		}
		if got := end.Stats.Reused; got < least {
			t.Errorf("%s: %d tokens reused, want %d", when, got, least)
		}
	}
	check(llm, "at once", len(want)-2)
	if err := llm.Close(); err != nil {
		t.Fatal(err)
	}
	llm = open()
	defer llm.Close()
	check(llm, "after a restart", len(want)/64*64)
	if c := llm.Counts(); c.Restored == 0 {
		t.Errorf("nothing was restored: %+v", c)
	}
}

// notesOf returns how many conversations a folder keeps.
func notesOf(t *testing.T, llm *LLM) (n int) {
	t.Helper()
	for range llm.disk.Notes() {
		n++
	}
	return n
}

// ask has a conversation answered, and returns it with the answer and another question.
func ask(t *testing.T, llm *LLM, messages []chat.Message, p Params, question string) (next []chat.Message, end *End) {
	t.Helper()
	text := ""
	for e, err := range llm.Chat(t.Context(), messages, p) {
		if err != nil {
			t.Fatal(err)
		}
		text += e.Text
		end = e.End
	}
	return append(slices.Clone(messages), chat.Message{Role: "assistant", Content: &text}, chat.Message{Role: "user", Content: &question}), end
}

// TestNotes: a conversation has one note however long it is, each branch of it its own, and
// what was refused or canceled before it began has none.
func TestNotes(t *testing.T) {
	llm, err := Open("", Options{CacheDir: t.TempDir(), MaxSequences: 1, MaxWaiting: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer llm.Close()
	p := Params{MaxTokens: 8, Sampling: sample.Params{Temperature: 1.5, Seed: 1}}
	messages := user("Tell me a story.")
	for turn := range 3 {
		messages, _ = ask(t, llm, messages, p, "And then?")
		if n := notesOf(t, llm); n != 1 {
			t.Fatalf("after turn %d there are %d notes, want 1", turn+1, n)
		}
	}
	for i, question := range []string{"Why?", "Who?"} {
		branch := append(slices.Clone(messages[:2]), user(question)...)
		ask(t, llm, branch, p, "")
		if n := notesOf(t, llm); n != 2+i {
			t.Errorf("with %d branches there are %d notes, want %d", 1+i, n, 2+i)
		}
	}
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	for range llm.Chat(canceled, user("Never mind."), p) {
	}
	for e, err := range llm.Chat(t.Context(), user("Tell me another story."), Params{MaxTokens: 300}) {
		if err != nil || e.End != nil {
			break
		}
		refused := 0
		var group sync.WaitGroup
		var lock sync.Mutex
		for range 5 {
			group.Go(func() {
				for _, err := range llm.Chat(canceled, user("Me too!"), p) {
					if err != nil {
						lock.Lock()
						refused++
						lock.Unlock()
					}
				}
			})
		}
		group.Wait()
		if refused != 5 {
			t.Errorf("%d of 5 ended with errors", refused)
		}
		break
	}
	if n := notesOf(t, llm); n != 4 { // that story has one
		t.Errorf("with requests that never began there are %d notes, want 4", n)
	}
}

// TestClosedWhileAnswering: answers that run as the LLM is closed end with an error, and
// write nothing any more; the folder is left in order.
func TestClosedWhileAnswering(t *testing.T) {
	dir := t.TempDir()
	var failed atomic.Int32
	llm, err := Open("", Options{CacheDir: dir, Trace: engine.Trace{StoreFailed: func(error) { failed.Add(1) }}})
	if err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	begun := make(chan bool, 1000)
	for range 8 {
		group.Go(func() {
			for range llm.Chat(context.Background(), user("Tell me a long story."), Params{}) {
				select {
				case begun <- true:
				default:
				}
			}
		})
	}
	for range 20 {
		<-begun
	}
	if err := llm.Close(); err != nil {
		t.Error(err)
	}
	group.Wait()
	if left, err := os.ReadDir(filepath.Join(dir, "writing")); err == nil && len(left) > 0 || failed.Load() != 0 {
		t.Errorf("%d folders of what was being written are left, %d failures told", len(left), failed.Load())
	}
}

// TestStopEndsTheEngine: a stop text ends an answer in the engine, too: its figures are of the
// tokens that were taken, and the same every time.
func TestStopEndsTheEngine(t *testing.T) {
	llm, err := Open("", Options{Drafting: engine.Drafting{MTP: engine.On, Most: 3}})
	if err != nil {
		t.Fatal(err)
	}
	defer llm.Close()
	var whole strings.Builder
	for e, err := range llm.Complete(t.Context(), "Once upon a time", Params{MaxTokens: 60}) {
		if err != nil {
			t.Fatal(err)
		}
		whole.WriteString(e.Text)
	}
	stop := whole.String()[60:66]
	var first *End
	for range 5 {
		tokens, text := 0, ""
		var end *End
		for e, err := range llm.Complete(t.Context(), "Once upon a time", Params{MaxTokens: 60, Stop: []string{stop}}) {
			if err != nil {
				t.Fatal(err)
			}
			if e.Token != nil {
				tokens++
			}
			text += e.Text
			end = e.End
		}
		want, _, _ := strings.Cut(whole.String(), stop)
		if text != want || end.Reason != "stop" || end.Stats.Reason != engine.Stopped || end.Stats.DecodeTokens != tokens-1 {
			t.Fatalf("%q, %s, %+v for %d tokens, want %q", text, end.Reason, end.Stats, tokens, want)
		}
		if first == nil {
			first = end
		}
		if end.Stats.LogitsHash != first.Stats.LogitsHash || end.Stats.LogitsHash == 0x811c9dc5 || end.Stats.Drafted != first.Stats.Drafted {
			t.Errorf("logits %#x and %d drafts, before %#x and %d", end.Stats.LogitsHash, end.Stats.Drafted, first.Stats.LogitsHash, first.Stats.Drafted)
		}
	}
}

// TestShownOf: an answer is remembered as far as it was shown, its added tokens apart.
func TestShownOf(t *testing.T) {
	mark := func(s string) chat.Segment { return chat.Segment{Special: true, Text: s} }
	text := func(s string) chat.Segment { return chat.Segment{Text: s} }
	call := []chat.Segment{text("Let me see."), mark("<call>"), text("weather\n{}"), mark("</call>")}
	for _, test := range []struct {
		answer []chat.Segment
		shown  string
		want   []chat.Segment
	}{
		{[]chat.Segment{text("A dog.")}, "A dog.", []chat.Segment{text("A dog.")}},
		{[]chat.Segment{text("A dog. END")}, "A dog. ", []chat.Segment{text("A dog. ")}},
		{[]chat.Segment{text("END")}, "", nil},
		{nil, "", nil},
		{call, "Let me see.<call>weather\n{}</call>", call},                               // marks that are shown
		{call, "Let me see.weather\n{}", call},                                            // and not
		{call, "Let me see.<call>weath", []chat.Segment{call[0], call[1], text("weath")}}, // cut
		{call, "Let me", []chat.Segment{text("Let me")}},
	} {
		if got := shownOf(test.answer, test.shown); !slices.Equal(got, test.want) {
			t.Errorf("%v, shown %q: %v, want %v", test.answer, test.shown, got, test.want)
		}
	}
}

// TestAnswerWithMarks: of an answer with added tokens in it, as one that calls a tool, all
// between them is remembered as it was sampled.
func TestAnswerWithMarks(t *testing.T) {
	llm, err := Open("", Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer llm.Close()
	tok := llm.Text().Tokenizer
	segments, ids, err := llm.render(user("Who was it?"))
	if err != nil {
		t.Fatal(err)
	}
	mark := segments[len(segments)-1] // of the assistant
	markID, ok := tok.Lookup(mark.Text)
	if !mark.Special || !ok {
		t.Fatalf("the prompt ends with %v", mark)
	}
	letters := func(s string) (ids []token.ID) { // no encoder takes them one by one
		for _, c := range s {
			ids = tok.Encode(ids, string(c), false)
		}
		return ids
	}
	sampled := slices.Concat(letters("The dog."), []token.ID{markID}, letters("The other dog."), []token.ID{token.ID(llm.Config().EOS[0])})
	llm.remember(segments, ids, sampled, "The dog.The other dog.")
	answer := []chat.Segment{{Text: "The dog."}, mark, {Text: "The other dog."}}
	got, err := llm.memory.Encode(tok, slices.Concat(segments, answer))
	if want := slices.Concat(ids, sampled[:len(sampled)-1]); err != nil || !slices.Equal(got, want) {
		t.Errorf("%v (%v), want %v", got, err, want)
	}
	if slices.Equal(letters("The dog."), tok.Encode(nil, "The dog.", false)) {
		t.Error("the letters are what the text is encoded to")
	}
}

// TestNameOf: a name is of all that was said, however its text is cut, and text is no mark.
func TestNameOf(t *testing.T) {
	mark := func(s string) chat.Segment { return chat.Segment{Special: true, Text: s} }
	text := func(s string) chat.Segment { return chat.Segment{Text: s} }
	name := nameOf([]chat.Segment{mark("<bos>"), text("Who are you?"), mark("<assistant>"), text("A dog.")})
	if same := nameOf([]chat.Segment{mark("<bos>"), text("Who are"), text(" you?"), mark("<assistant>"), text("A dog."), text("")}); same != name {
		t.Error("text that is cut otherwise has another name")
	}
	for _, other := range [][]chat.Segment{
		{mark("<bos>"), text("Who are you?"), mark("<assistant>"), text("A cat.")},
		{mark("<bos>"), text("Who are you?<assistant>A dog.")},
		{mark("<bos>"), text("Who are you?"), mark("<assistant>")},
	} {
		if nameOf(other) == name {
			t.Errorf("%v has the same name", other)
		}
	}
}
