package quantize

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/deskseek/deskseek/deepseek"
)

// Add adds what was seen. It fails, and leaves m as it was, if that is of another
// network, or if a sum or count becomes more than the file can hold.
func (m *Imatrix) Add(in *deepseek.Inputs) error {
	if err := m.Check(in); err != nil {
		return err
	}
	if len(m.sums) == 0 {
		m.sums = map[string]columnSums{}
		for _, s := range in.Sums {
			for _, name := range s.Names {
				m.sums[name] = columnSums{make([]int, len(s.Counts)), make([]float32, len(s.Squares))}
			}
		}
	}
	for _, write := range []bool{false, true} {
		for _, s := range in.Sums {
			for _, name := range s.Names {
				if err := m.sums[name].add(s, write); err != nil {
					return fmt.Errorf("imatrix: tensor %s: %w", name, err)
				}
			}
		}
	}
	return nil
}

// add adds s in float64, rounded to what the file holds; without write it only says
// whether that can be done.
func (x columnSums) add(s *deepseek.InputSums, write bool) error {
	for i, n := range s.Counts {
		if n += x.counts[i]; n > mostCounted {
			return fmt.Errorf("matrix %d has seen %d tokens, want at most 2^24", i, n)
		}
		if write {
			x.counts[i] = n
		}
	}
	for i, square := range s.Squares {
		sum := float32(float64(x.sums[i]) + square)
		if !(sum <= math.MaxFloat32) {
			return fmt.Errorf("matrix %d, column %d: a sum of squares is %v", i/s.Columns, i%s.Columns, sum)
		}
		if write {
			x.sums[i] = sum
		}
	}
	return nil
}

// Check fails where m knows something, and it is not what in has sums of.
func (m *Imatrix) Check(in *deepseek.Inputs) error {
	if len(m.sums) == 0 {
		return nil
	}
	known := 0
	for _, s := range in.Sums {
		for _, name := range s.Names {
			x, ok := m.sums[name]
			if !ok {
				return fmt.Errorf("imatrix: it does not know tensor %s of the network", name)
			}
			if len(x.counts) != len(s.Counts) || len(x.sums) != len(s.Squares) {
				return fmt.Errorf("imatrix: tensor %s: it has %d sums and %d counts, the network's %d and %d", name, len(x.sums), len(x.counts), len(s.Squares), len(s.Counts))
			}
			known++
		}
	}
	if known != len(m.sums) {
		return fmt.Errorf("imatrix: of its %d tensors the network has %d", len(m.sums), known)
	}
	return nil
}

// An ExpertCount says how often the routed experts of a layer were chosen.
type ExpertCount struct {
	Layer  int
	Counts []int // by expert, tokens
}

// Unseen returns the experts that no token chose, ascending.
func (e ExpertCount) Unseen() (ids []int) {
	for i, n := range e.Counts {
		if n == 0 {
			ids = append(ids, i)
		}
	}
	return ids
}

// Experts returns how often the routed experts were chosen, by layer, ascending.
func (m *Imatrix) Experts() (all []ExpertCount) {
	for name, s := range m.sums {
		var layer int
		if _, err := fmt.Sscanf(name, "blk.%d.", &layer); err == nil && strings.HasSuffix(name, ".ffn_down_exps.weight") {
			all = append(all, ExpertCount{layer, s.counts})
		}
	}
	slices.SortFunc(all, func(a, b ExpertCount) int { return a.Layer - b.Layer })
	return all
}
