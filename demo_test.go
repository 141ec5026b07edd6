package deskseek

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/deskseek/deskseek/deepseek"
	"github.com/deskseek/deskseek/demo"
	"github.com/deskseek/deskseek/engine"
	"github.com/deskseek/deskseek/internal/golden"
	"github.com/deskseek/deskseek/internal/npy"
	"github.com/deskseek/deskseek/nn"
	"github.com/deskseek/deskseek/sample"
	"github.com/deskseek/deskseek/token"
)

// pinned writes got to a file of testdata where -update asks for it, and reads into
// want what the file holds.
func pinned(t testing.TB, name string, got, want any) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update && !testing.Short() {
		golden.WriteJSON(t, path, got)
	}
	golden.ReadJSON(t, path, want)
}

// TestDemoText pins what the built-in model says: any change of its numbers, or
// of the network's, shows here.
func TestDemoText(t *testing.T) {
	llm := openDemo(t)
	got := map[string]answer{}
	for _, question := range []string{"Tell me a story about a dog.", "Write a short story for a child."} {
		ids, err := llm.EncodeChat(user(question))
		if err != nil {
			t.Fatal(err)
		}
		got[question] = generate(t, llm, ids, Params{MaxTokens: 60})
	}
	var want map[string]answer
	pinned(t, "demo.json", got, &want)
	for question, a := range want {
		if g := got[question]; g.Text != a.Text || !slices.Equal(g.IDs, a.IDs) {
			t.Errorf("%s\n%q, want\n%q", question, g.Text, a.Text)
		}
	}
}

// TestDemoDrafts pins how many drafts of the built-in model's MTP layer hold, by their
// place behind a token, greedy and sampled. Fast math has the same bits everywhere, and
// so the same choices.
func TestDemoDrafts(t *testing.T) {
	got := map[string][]engine.Acceptance{}
	for _, most := range []int{1, 2} {
		llm, err := Open("", Options{Drafting: engine.Drafting{MTP: engine.On, Most: most}})
		if err != nil {
			t.Fatal(err)
		}
		defer llm.Close()
		for _, temperature := range []float32{0, 0.7} {
			for _, question := range []string{"Tell me a story about a cat.", "Tell me a story about the sea.", "Tell me a bedtime story, please."} {
				name := fmt.Sprintf("%s Drafts: %d. Temperature: %g.", question, most, temperature)
				if testing.Short() && (most == 1 || len(got) > 0) { // without assembly fast math takes its time
					continue
				}
				ids, err := llm.EncodeChat(user(question))
				if err != nil {
					t.Fatal(err)
				}
				p := Params{MaxTokens: 100, Sampling: sample.Params{Temperature: temperature, Seed: 1}}
				got[name] = generate(t, llm, ids, p).End.Stats.ByPlace
			}
		}
	}
	var want map[string][]engine.Acceptance
	pinned(t, "demo-drafts.json", got, &want)
	for name, g := range got {
		if w := want[name]; !slices.Equal(g, w) {
			t.Errorf("%s Held: %+v, want %+v", name, g, w)
		}
	}
}

// TestDemoNetwork pins what the built-in model makes of a story that it was not trained on,
// in exact math: some rows of logits, the losses of the next token and of the one after it,
// which the MTP layer guesses, and how often both have the same favourite.
func TestDemoNetwork(t *testing.T) {
	ids, main, mtp := readStory(t)
	comparePinned(t, "demo-logits.npy", quarters(main))
	comparePinned(t, "demo-logits-mtp.npy", quarters(mtp))

	type figures struct {
		Loss, MTPLoss   float64 // nats a token
		Agreed, Guesses int
	}
	got := figures{Loss: rounded(loss(main, ids[1:])), MTPLoss: rounded(loss(mtp, ids[2:])), Guesses: len(mtp)}
	near := 0 // guesses that rounding may change
	for i, guess := range mtp {
		a, sureA := favourite(guess)
		b, sureB := favourite(main[i+1])
		if a == b {
			got.Agreed++
		}
		if !sureA || !sureB {
			near++
		}
	}
	var want figures
	pinned(t, "demo-network.json", got, &want)

	// A loss moves by what a row's error has along softmax less one-hot, whose length is
	// √2 at most. That is 1/√V of the error where it points anywhere, V values being in
	// a row; of n losses whose errors have nothing to do with each other the mean has 1/√n
	// of it. Four times that does not happen.
	v, n := float64(len(main[0])), float64(len(mtp)-1)
	allowed := 4 * math.Sqrt2 * farthest * max(longest(main), longest(mtp)) / math.Sqrt(v*n)
	t.Logf("%+v; losses may be %.1e off, and %d guesses others", got, allowed, near)
	if math.Abs(got.Loss-want.Loss) > allowed || math.Abs(got.MTPLoss-want.MTPLoss) > allowed {
		t.Errorf("losses of %.6f and %.6f nats, want %.6f and %.6f, %.1e more or less", got.Loss, got.MTPLoss, want.Loss, want.MTPLoss, allowed)
	}
	if d := got.Agreed - want.Agreed; got.Guesses != want.Guesses || d > near || -d > near {
		t.Errorf("%d of %d guesses of the MTP layer agree, want %d of %d", got.Agreed, got.Guesses, want.Agreed, want.Guesses)
	}
}

// farthest is how far apart rows of logits in exact math may be, as ‖a−b‖/‖b‖, whatever
// the machine: each is within 2e-6 of the true ones (docs/numerics.md).
const farthest = 2 * 2e-6

// readStory returns the tokens of testdata/story.txt, the logits behind each, and those
// that the MTP layer has behind each but the first.
func readStory(t *testing.T) (ids []token.ID, main, mtp [][]float32) {
	text, err := os.ReadFile(filepath.Join("testdata", "story.txt"))
	if err != nil {
		t.Fatal(err)
	}
	ck, err := demo.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer ck.Close()
	m, err := deepseek.Load(ck, deepseek.Options{Math: deepseek.Exact})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	ids = LoadText(ck).Tokenizer.Encode([]token.ID{token.ID(m.Config.BOS)}, strings.ReplaceAll(string(text), "\r\n", "\n"), false)
	n := len(ids)
	var pages []deepseek.PageID
	for i := range n/deepseek.PageSize + 1 {
		pages = append(pages, deepseek.PageID(i))
	}
	if err := m.Reserve(len(pages)); err != nil {
		t.Fatal(err)
	}
	rows := func(o *deepseek.Output, err error, n int) (all [][]float32) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		for i := range n {
			all = append(all, o.Logits(0, i, nil))
		}
		return all
	}
	run := deepseek.Run{Tokens: ids, Pages: pages, Form: deepseek.Expanded, Logits: n}
	o, err := m.Forward(t.Context(), &deepseek.Batch{Runs: []deepseek.Run{run}})
	main = rows(o, err, n)
	run = deepseek.Run{Tokens: ids[1:], Hidden: []nn.Mat{o.Hidden(0).Slice(0, n-1)}, Position: 1, Pages: pages, Form: deepseek.Expanded, Logits: n - 1}
	o, err = m.MTP().Forward(t.Context(), &deepseek.Batch{Runs: []deepseek.Run{run}})
	return ids, main, rows(o, err, n-1)
}

// quarters returns the rows at the end of each quarter.
func quarters(rows [][]float32) (some [][]float32) {
	for k := range 4 {
		some = append(some, rows[(k+1)*len(rows)/4-1])
	}
	return some
}

// comparePinned compares rows with a file of testdata, which -update writes.
func comparePinned(t *testing.T, name string, rows [][]float32) {
	t.Helper()
	path, shape := filepath.Join("testdata", name), []int{len(rows), len(rows[0])}
	if *update {
		if err := npy.WriteFile(path, shape, slices.Concat(rows...)); err != nil {
			t.Fatal(err)
		}
	}
	want, err := npy.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(want.Shape, shape) {
		t.Fatalf("%s: shape %v, want %v", name, shape, want.Shape)
	}
	for i, row := range rows {
		w := want.F4[i*len(row):][:len(row)]
		if d := distance(row, w) / length(w); !(d <= farthest) {
			t.Errorf("%s: row %d is %.2g off, want at most %.2g", name, i, d, farthest)
		}
	}
}

// loss returns the mean of -ln p of the tokens behind the first rows.
func loss(rows [][]float32, next []token.ID) float64 {
	sum := 0.0
	for i, id := range next {
		e := 0.0
		for _, x := range rows[i] {
			e += math.Exp(float64(x) - float64(rows[i][id]))
		}
		sum += math.Log(e)
	}
	return sum / float64(len(next))
}

// rounded keeps what does not differ from machine to machine.
func rounded(x float64) float64 { return math.Round(1e6*x) / 1e6 }

// favourite returns the likeliest token of a row, and whether it is that of all rows as
// near as farthest: an error has √2 of its length, at most, between two tokens.
func favourite(row []float32) (id int, sure bool) {
	for i, x := range row {
		if x > row[id] {
			id = i
		}
	}
	near := math.Sqrt2 * farthest * length(row)
	for i, x := range row {
		if i != id && float64(row[id])-float64(x) < near {
			return id, false
		}
	}
	return id, true
}

// distance returns ‖a−b‖.
func distance(a, b []float32) float64 {
	sum := 0.0
	for i := range b {
		d := float64(a[i]) - float64(b[i])
		sum += d * d
	}
	return math.Sqrt(sum)
}

// length returns ‖a‖.
func length(a []float32) float64 { return distance(a, make([]float32, len(a))) }

// longest returns the length of the longest row.
func longest(rows [][]float32) (most float64) {
	for _, row := range rows {
		most = max(most, length(row))
	}
	return most
}
