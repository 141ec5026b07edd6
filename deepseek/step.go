package deepseek

import (
	"context"
	"fmt"

	"github.com/deskseek/deskseek/nn"
)

// A step is the state of one Forward: the rows that are left, in the order
// absorbed runs, expanded runs; the residual stream over them; their rotations;
// and its Output. The Model keeps those that are not in use, with their memory,
// so that a step like one before it allocates nothing.
type step struct {
	m      *Model
	batch  *Batch
	arena  *nn.Arena
	spans  []nn.Span // of the runs that are left
	runs   []int     // by span: its run in the batch
	left   int       // of spans: how many are absorbed
	x      nn.Mat    // [rows, dim]
	angles nn.Angles
	output Output
	lists  struct {
		positions, tokens, rows []int32 // by row, or rows of a choice
		owners                  []int   // by row of a choice: its span
	}
}

// begin lays out the rows of a batch. Attention sees positions from first on.
func (m *Model) begin(b *Batch, first int) *step {
	s := m.step()
	s.batch = b
	s.arena.Watch(m.watch)
	s.spans, s.runs = s.spans[:0], s.runs[:0]
	row := 0
	for _, form := range [...]Form{Absorbed, Expanded} {
		for i := range b.Runs {
			r := &b.Runs[i]
			if r.Form != form {
				continue
			}
			s.spans = append(s.spans, nn.Span{Row: row, Len: len(r.Tokens), Position: r.Position, First: first, Pages: r.Pages})
			s.runs = append(s.runs, i)
			row += len(r.Tokens)
		}
		if form == Absorbed {
			s.left = len(s.spans)
		}
	}
	positions := s.lists.positions[:0]
	for _, sp := range s.spans {
		for i := range sp.Len {
			positions = append(positions, int32(sp.Position+i))
		}
	}
	s.lists.positions = positions
	s.angles = m.rope.Angles(s.arena, positions)
	s.output.begin(s)
	return s
}

// step returns one that is not in use.
func (m *Model) step() *step {
	n := len(m.steps)
	if n == 0 {
		return &step{m: m, arena: nn.NewArena(m.pool, m.math)}
	}
	s := m.steps[n-1]
	m.steps = m.steps[:n-1]
	s.arena.Reset()
	return s
}

// end gives a step back to its model.
func (s *step) end() {
	s.batch = nil
	s.m.steps = append(s.m.steps, s)
}

// tokens returns the tokens in the order of the rows.
func (s *step) tokens() []int32 {
	ids := s.lists.tokens[:0]
	for _, i := range s.runs {
		for _, t := range s.batch.Runs[i].Tokens {
			ids = append(ids, int32(t))
		}
	}
	s.lists.tokens = ids
	return ids
}

// hidden returns the rows that the runs bring, in the order of the rows.
func (s *step) hidden() nn.Mat {
	x := s.arena.Mat(s.rows(), s.m.Config.Dim)
	for k, sp := range s.spans {
		row := sp.Row
		for _, h := range s.batch.Runs[s.runs[k]].Hidden {
			nn.Copy(x.Slice(row, row+h.Rows()), h)
			row += h.Rows()
		}
	}
	return x
}

func (s *step) rows() int {
	if len(s.spans) == 0 {
		return 0
	}
	last := s.spans[len(s.spans)-1]
	return last.Row + last.Len
}

// absorbedRows returns how many of the first rows use the absorbed form.
func (s *step) absorbedRows() int {
	if s.left == 0 {
		return 0
	}
	last := s.spans[s.left-1]
	return last.Row + last.Len
}

// poll asks whether the step or one of its runs is canceled, and drops the rows
// of those that are. The rows that stay do not notice.
func (s *step) poll(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return context.Cause(ctx)
	}
	dropped := false
	for _, i := range s.runs {
		if c := s.batch.Runs[i].Canceled; c != nil && c() {
			s.output.runs[i].canceled, dropped = true, true
		}
	}
	if !dropped {
		return nil
	}
	rows := s.lists.rows[:0]
	spans, runs, left := s.spans[:0], s.runs[:0], 0
	for k, sp := range s.spans {
		i := s.runs[k]
		if s.output.runs[i].canceled {
			continue
		}
		if s.batch.Runs[i].Form == Absorbed {
			left++
		}
		from := sp.Row
		sp.Row = len(rows)
		for t := range sp.Len {
			rows = append(rows, int32(from+t))
		}
		spans, runs = append(spans, sp), append(runs, i)
	}
	s.spans, s.runs, s.left, s.lists.rows = spans, runs, left, rows
	s.x = s.arena.Gather(s.x, rows)
	s.angles = s.angles.Gather(s.arena, rows)
	return nil
}

// observe tells the batch's observer of a stage. Layers are counted from the
// first that is bound, and -1 is none.
func (s *step) observe(name string, layer int, values nn.Mat) {
	if s.batch.Observe != nil {
		s.batch.Observe(Stage{Name: name, Layer: s.number(layer), Values: values})
	}
}

// number returns a layer's number in the network.
func (s *step) number(layer int) int {
	if layer < 0 {
		return layer
	}
	return s.m.from + layer
}

func (s *step) observeRoutes(layer int, r *nn.Routes) {
	if s.batch.Observe != nil {
		s.observe("scores", layer, r.Scores())
		s.batch.Observe(Stage{Name: "routes", Layer: s.number(layer), Routes: r})
	}
}

// finite returns an error if x holds a value that is not. Where it is: the name of
// a stage, and of a layer its number, or -1.
func (s *step) finite(x nn.Mat, where string, number int) error {
	row, _, ok := nn.Finite(x)
	if ok {
		return nil
	}
	if number >= 0 {
		where = fmt.Sprint(where, " ", number)
	}
	for k, sp := range s.spans {
		if row < sp.Row+sp.Len {
			return &NonFiniteError{where, s.runs[k], sp.Position + row - sp.Row}
		}
	}
	panic("deepseek: a row of no span")
}

// finish makes the Output of a step whose hidden states are h, with logits by
// head where it is not nil.
func (s *step) finish(h nn.Mat, head *nn.Linear) (*Output, error) {
	o := &s.output
	o.hidden = h
	rows, owners := s.lists.rows[:0], s.lists.owners[:0]
	for k, sp := range s.spans {
		r := &o.runs[s.runs[k]]
		r.row, r.n, r.logits = sp.Row, sp.Len, len(rows)
		if head == nil {
			continue
		}
		r.wantsLogits = s.batch.Runs[s.runs[k]].Logits
		for t := sp.Len - r.wantsLogits; t < sp.Len; t++ {
			rows, owners = append(rows, int32(sp.Row+t)), append(owners, k)
		}
	}
	s.lists.rows, s.lists.owners = rows, owners
	if len(rows) == 0 {
		return o, nil
	}
	o.logits = head.Apply(s.arena.Gather(h, rows))
	if row, _, ok := nn.Finite(o.logits); !ok {
		k := owners[row]
		return nil, &NonFiniteError{"head", s.runs[k], s.spans[k].Position + int(rows[row]) - s.spans[k].Row}
	}
	return o, nil
}
