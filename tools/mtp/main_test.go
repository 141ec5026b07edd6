package main

import (
	"encoding/csv"
	"math"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
)

// v3 are DeepSeek-V3's experts.
func v3() *sizes {
	s := &sizes{}
	s.config.Experts, s.config.TopK = 256, 8
	return s
}

// TestChosen lets rows choose experts, and counts them.
func TestChosen(t *testing.T) {
	s, r := v3(), rand.New(rand.NewPCG(1, 2))
	for _, c := range []struct {
		sequences, rows int
		overlap         float64
	}{{1, 1, 0}, {1, 2, 0}, {4, 3, 0}, {8, 2, 0}, {1, 2, 0.5}, {2, 3, 0.25}, {8, 4, 0.75}} {
		const trials = 3000
		sum := 0
		for range trials {
			all := map[int]bool{}
			for range c.sequences {
				own := map[int]bool{}
				for row := range c.rows {
					n := s.config.TopK
					if row > 0 { // the rest it takes from those that are there
						n -= int(c.overlap * float64(n))
					}
					for _, e := range r.Perm(s.config.Experts)[:n] {
						own[e] = true
					}
				}
				for e := range own {
					all[e] = true
				}
			}
			sum += len(all)
		}
		got, want := float64(sum)/trials, s.chosen(c.sequences, c.rows, c.overlap)
		if math.Abs(got-want) > 0.01*want {
			t.Errorf("%d sequences of %d rows, overlap %g: %.2f experts, the formula has %.2f", c.sequences, c.rows, c.overlap, got, want)
		}
	}
}

// TestGain: of a network without experts and with a free layer, drafts that all hold
// make it as often faster as there are tokens in a step.
func TestGain(t *testing.T) {
	s := v3()
	s.step = 1
	for drafts := range 4 {
		if g := s.gain(1, drafts, 0, 1); g != float64(1+drafts) {
			t.Errorf("%d drafts gain %g", drafts, g)
		}
	}
}

// TestGuide: the table of docs/mtp.md says what docs/bench/mtp.csv does.
func TestGuide(t *testing.T) {
	f, err := os.Open("../../docs/bench/mtp.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	gains := map[string]float64{} // by sequences, overlap and acceptance, of one draft
	for _, l := range lines[1:] {
		if l[2] == "1" {
			if gains[l[0]+" "+l[1]+" "+l[3]], err = strconv.ParseFloat(l[4], 64); err != nil {
				t.Fatal(err)
			}
		}
	}
	text, err := os.ReadFile("../../docs/mtp.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(text), "| sequences | ω = 0")
	rows := strings.Split(table, "\n")[2:7]
	for _, row := range rows {
		cells := strings.Split(row, "|")
		if len(cells) != 11 {
			t.Fatalf("%q is no row of the table", row)
		}
		for i, at := range []string{2: "0 0.6", 3: "0 0.8", 4: "0 0.9", 6: "0.3 0.6", 7: "0.3 0.8", 8: "0.3 0.9"} {
			if at == "" {
				continue
			}
			told, err := strconv.ParseFloat(strings.TrimSpace(cells[i]), 64)
			want := gains[strings.TrimSpace(cells[1])+" "+at]
			if err != nil || math.Abs(told-want) > 0.00501 {
				t.Errorf("%s sequences, %s: the table says %g, the file %g (%v)", cells[1], at, told, want, err)
			}
		}
	}
}
