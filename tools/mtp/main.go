// Command mtp computes what docs/mtp.md says of DeepSeek-V3: the bytes that a step
// and a draft read, by the network's own count (docs/bench/v3-bytes.csv), and what
// drafts gain where reading is all that takes time (docs/bench/mtp.csv).
//
//	mtp BENCH
package main

import (
	"context"
	"encoding/csv"
	"log"
	"math"
	"os"
	"path/filepath"
	"strconv"

	"github.com/deskseek/deskseek/checkpoint"
	"github.com/deskseek/deskseek/deepseek"
	"github.com/deskseek/deskseek/synth"
	"github.com/deskseek/deskseek/token"
)

//go:generate go run . ../../docs/bench

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: mtp BENCH")
	}
	s, err := sizesOf("v3")
	if err != nil {
		log.Fatal(err)
	}
	for _, f := range []struct {
		name  string
		lines [][]string
	}{
		{"v3-bytes.csv", s.lines()},
		{"mtp.csv", s.gains()},
	} {
		if err := write(filepath.Join(os.Args[1], f.name), f.lines); err != nil {
			log.Fatal(err)
		}
	}
}

// sizes are the bytes of weights that steps of a network read, and the operations of
// a row.
type sizes struct {
	config     deepseek.Config
	step       int64 // by any step: all but the routed experts
	expert     int64 // by a routed expert, in all layers that have some
	token      int64 // by a step of one row
	draftStep  int64 // by any step of the MTP layer
	draft      int64 // by a step of one row of the MTP layer
	fill       int64 // by a step that fills the MTP layer's cache
	operations int64 // of a row, at the beginning of a context
}

// sizesOf binds a random checkpoint of a shape, as synth writes it by default, and
// asks the network. Of DeepSeek-V3 it is a file of holes.
func sizesOf(shape string) (*sizes, error) {
	x, err := synth.Find(shape)
	if err != nil {
		return nil, err
	}
	plan, err := synth.NewPlan(x, synth.Options{MTP: true})
	if err != nil {
		return nil, err
	}
	folder, err := os.MkdirTemp("", "mtp")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(folder)
	path := filepath.Join(folder, shape+".gguf")
	if err := plan.Write(context.Background(), path, nil); err != nil {
		return nil, err
	}
	ck, err := checkpoint.Open(path)
	if err != nil {
		return nil, err
	}
	defer ck.Close()
	m, err := deepseek.Load(ck, deepseek.Options{Workers: 1})
	if err != nil {
		return nil, err
	}
	defer m.Close()

	s := &sizes{config: m.Config, token: m.BytesPerToken(), draft: m.MTP().BytesPerToken()}
	row := deepseek.Run{Tokens: []token.ID{0}, Logits: 1, Form: deepseek.Absorbed}
	batch := deepseek.Batch{Runs: []deepseek.Run{row}}
	for _, c := range []struct {
		bytes *int64
		watch func(*deepseek.ReadCounter, *deepseek.Batch)
	}{
		{&s.step, (*deepseek.ReadCounter).Watch},
		{&s.draftStep, (*deepseek.ReadCounter).WatchMTP},
		{&s.fill, (*deepseek.ReadCounter).WatchFill},
	} {
		r := m.CountReads()
		c.watch(r, &batch)
		*c.bytes = r.Bytes
	}
	s.expert = (s.token - s.step) / int64(s.config.TopK)
	s.operations = m.Operations(&row)
	return s, nil
}

func (s *sizes) lines() [][]string {
	lines := [][]string{{"what", "value"}}
	for _, l := range []struct {
		what  string
		value int64
	}{
		{"bytes that any step reads", s.step},
		{"bytes of a routed expert in all layers", s.expert},
		{"routed experts", int64(s.config.Experts)},
		{"routed experts of a row", int64(s.config.TopK)},
		{"bytes that a step of one row reads", s.token},
		{"bytes that any step of the MTP layer reads", s.draftStep},
		{"bytes that a step of one row of the MTP layer reads", s.draft},
		{"bytes that filling the MTP layer's cache reads", s.fill},
		{"operations of a row", s.operations},
	} {
		lines = append(lines, []string{l.what, strconv.FormatInt(l.value, 10)})
	}
	return lines
}

// chosen returns how many experts of a layer are expected to be chosen by rows that
// follow each other in each of some sequences. A row takes a share, the overlap, of its
// experts from those of the rows before it in its sequence, and the rest as it would
// alone; sequences have nothing to do with each other.
func (s *sizes) chosen(sequences, rows int, overlap float64) float64 {
	each := float64(s.config.TopK) / float64(s.config.Experts)
	left := (1 - each) * math.Pow(1-(1-overlap)*each, float64(rows-1)) // share that a sequence leaves
	return float64(s.config.Experts) * (1 - math.Pow(left, float64(sequences)))
}

// stepBytes returns those that a step reads of so many rows of each sequence.
func (s *sizes) stepBytes(sequences, rows int, overlap float64) float64 {
	return float64(s.step) + float64(s.expert)*s.chosen(sequences, rows, overlap)
}

// draftBytes returns those that all reads of the MTP layer between two steps have: a
// step for each place of drafts, and one that fills the cache with the pairs of the
// drafts that held, if any did.
func (s *sizes) draftBytes(sequences, drafts int, acceptance float64) float64 {
	expert := float64(s.draft-s.draftStep) / float64(s.config.TopK)
	each := float64(s.draftStep) + expert*s.chosen(sequences, 1, 0)
	return float64(drafts)*each + float64(s.fill)*(1-math.Pow(1-acceptance, float64(sequences)))
}

// gain returns how much faster so many drafts of each sequence make it, where each
// holds with the same probability if those before it do.
func (s *sizes) gain(sequences, drafts int, overlap, acceptance float64) float64 {
	given, p := 1.0, 1.0
	for range drafts {
		p *= acceptance
		given += p
	}
	return given * s.stepBytes(sequences, 1, overlap) / (s.stepBytes(sequences, 1+drafts, overlap) + s.draftBytes(sequences, drafts, acceptance))
}

func (s *sizes) gains() [][]string {
	lines := [][]string{{"sequences", "overlap", "drafts", "acceptance", "gain"}}
	for _, sequences := range []int{1, 2, 4, 8, 512} { // the last as a cluster has them
		for _, overlap := range []float64{0, 0.3} {
			for drafts := 1; drafts <= 3; drafts++ {
				for percent := 0; percent <= 100; percent += 5 {
					p := float64(percent) / 100
					lines = append(lines, []string{
						strconv.Itoa(sequences), strconv.FormatFloat(overlap, 'g', -1, 64), strconv.Itoa(drafts), strconv.FormatFloat(p, 'g', -1, 64),
						strconv.FormatFloat(s.gain(sequences, drafts, overlap, p), 'f', 3, 64),
					})
				}
			}
		}
	}
	return lines
}

func write(path string, lines [][]string) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	if err := csv.NewWriter(f).WriteAll(lines); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}
