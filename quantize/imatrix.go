package quantize

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/deskseek/deskseek/checkpoint"
	"github.com/deskseek/deskseek/tensor"
)

// An Imatrix says what the columns of a network's matrices were multiplied with
// while it read a text: the sum of squares of each column's input, and over how many
// tokens. Where inputs are large, errors of the weights cost most.
//
// Tensors have GGUF's names, "blk.3.ffn_up_exps.weight" and so on. A stack of
// experts has a count each, of the tokens that were routed to it. A stack whose
// matrices all see every token (attn_k_b, attn_v_b, one matrix a head) may have one
// count for all, which is how llama-imatrix stores it: nothing then says where one
// matrix ends and the next begins, until Fit is told.
//
// A file is a GGUF of tensors in F32, two for each that was seen, sorted by name:
//
//	general.type          "imatrix"
//	imatrix.datasets      the texts' names, a list of strings
//	imatrix.chunk_count   windows of text, u32
//	imatrix.chunk_size    tokens in one, u32
//	deskseek.imatrix.source  what it is collected from, of WriteFile only
//	<name>.in_sum2        [matrices, columns] sums; or [1, matrices × columns]
//	<name>.counts         [matrices, 1] tokens; or [1, 1]
//
// Any number of goroutines may read an Imatrix while none changes it.
type Imatrix struct {
	Datasets  []string
	Chunks    int // windows of text
	ChunkSize int // tokens in one
	// Source tells apart what it was collected from: text, network, and how it was
	// computed. "" in files of other programs.
	Source string

	sums map[string]columnSums
}

// columnSums are one tensor's: len(counts) pieces of equal length.
type columnSums struct {
	counts []int
	sums   []float32
}

// The keys and names of the file.
const (
	typeKey      = "general.type"
	datasetsKey  = "imatrix.datasets"
	chunksKey    = "imatrix.chunk_count"
	chunkSizeKey = "imatrix.chunk_size"
	sourceKey    = "deskseek.imatrix.source"

	imatrixType  = "imatrix"
	sumsSuffix   = ".in_sum2"
	countsSuffix = ".counts"
)

// mostCounted bounds a count: F32 holds whole numbers exactly up to it.
const mostCounted = 1 << 24

// Names returns the tensors that it knows, sorted.
func (m *Imatrix) Names() []string { return slices.Sorted(maps.Keys(m.sums)) }

// Counts returns how many tokens each matrix of a tensor has seen; one number may
// stand for a whole stack. nil if the tensor is unknown. The caller must not change it.
func (m *Imatrix) Counts(tensor string) []int { return m.sums[tensor].counts }

// Columns returns the mean square of what each column of a matrix was multiplied
// with. expert is the matrix's index within its stack, 0 for one that is not stacked.
// It returns nil for a matrix that is unknown, or has never seen a token.
//
// Of a stack with one count, it knows the matrices only after Fit.
func (m *Imatrix) Columns(tensor string, expert int) []float32 {
	s := m.sums[tensor]
	if expert < 0 || expert >= len(s.counts) || s.counts[expert] == 0 {
		return nil
	}
	columns := len(s.sums) / len(s.counts)
	means := make([]float32, columns)
	for i, sum := range s.sums[expert*columns:][:columns] {
		means[i] = float32(float64(sum) / float64(s.counts[expert]))
	}
	return means
}

// Fit says that a tensor is matrices of that many columns each, and fails if what is
// known of it is something else. It cuts a stack with one count into its matrices,
// each of which has seen as many tokens. Of an unknown tensor it says nothing.
func (m *Imatrix) Fit(tensor string, matrices, columns int) error {
	s, ok := m.sums[tensor]
	if !ok {
		return nil
	}
	whole := matrices > 0 && len(s.sums)%matrices == 0 && len(s.sums)/matrices == columns
	if !whole || len(s.counts) != matrices && len(s.counts) != 1 {
		return fmt.Errorf("imatrix: tensor %s: it has %d × %d columns, the network's %d × %d: it was made with another network",
			tensor, len(s.counts), len(s.sums)/len(s.counts), matrices, columns)
	}
	if len(s.counts) != matrices {
		s.counts = slices.Repeat(s.counts, matrices)
		m.sums[tensor] = s
	}
	return nil
}

// Set says what is known of a tensor, instead of what was: how many tokens each of
// its matrices has seen, and the sums of squares, matrix after matrix. It keeps both
// slices. It fails if they cannot be, as a file's that is read.
func (m *Imatrix) Set(tensor string, counts []int, sums []float32) error {
	if err := checkSums(counts, sums); err != nil {
		return fmt.Errorf("imatrix: tensor %s: %w", tensor, err)
	}
	if m.sums == nil {
		m.sums = map[string]columnSums{}
	}
	m.sums[tensor] = columnSums{counts, sums}
	return nil
}

func checkSums(counts []int, sums []float32) error {
	if len(counts) == 0 || len(sums) == 0 || len(sums)%len(counts) != 0 {
		return fmt.Errorf("%d sums of %d matrices, want as many of each", len(sums), len(counts))
	}
	columns := len(sums) / len(counts)
	for e, n := range counts {
		if n < 0 || n > mostCounted {
			return fmt.Errorf("matrix %d has seen %d tokens, want 0 to 2^24", e, n)
		}
		for i, sum := range sums[e*columns:][:columns] {
			switch {
			case !(sum >= 0) || math.IsInf(float64(sum), 1):
				return fmt.Errorf("matrix %d, column %d: a sum of squares is %v", e, i, sum)
			case n == 0 && sum != 0:
				return fmt.Errorf("matrix %d, column %d: a sum of squares is %v, but no token was seen", e, i, sum)
			}
		}
	}
	return nil
}

// ReadImatrix reads a file that WriteFile or llama.cpp's llama-imatrix wrote, the
// latter as GGUF. Errors about the content wrap checkpoint.ErrFormat or name the file.
func ReadImatrix(path string) (*Imatrix, error) {
	c, err := checkpoint.Open(path)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	return imatrixOf(c)
}

// imatrixOf copies what it takes: c may be closed.
func imatrixOf(c *checkpoint.Checkpoint) (*Imatrix, error) {
	m := &Imatrix{}
	if err := m.readMetadata(c.Metadata()); err != nil {
		return nil, fmt.Errorf("%s: %w", c.Path(), err)
	}
	for _, name := range c.Names() {
		base, isSums := strings.CutSuffix(name, sumsSuffix)
		other := base + countsSuffix
		if !isSums {
			if base, isSums = strings.CutSuffix(name, countsSuffix); !isSums {
				return nil, fmt.Errorf("%s: tensor %q is neither sums nor counts", c.Path(), name)
			}
			other = base + sumsSuffix
		}
		if c.Tensor(other) == nil {
			return nil, fmt.Errorf("%s: tensor %q has no %q beside it", c.Path(), name, other)
		}
		if name == base+countsSuffix {
			continue // read with its sums
		}
		if err := m.readSums(base, c.Tensor(name), c.Tensor(other)); err != nil {
			return nil, fmt.Errorf("%s: %w", c.Path(), err)
		}
	}
	if len(m.sums) == 0 {
		return nil, fmt.Errorf("%s: an imatrix of no tensor", c.Path())
	}
	return m, nil
}

func (m *Imatrix) readMetadata(meta checkpoint.Metadata) error {
	kind, _, err := meta.Str(typeKey)
	if err != nil {
		return err
	}
	if kind != imatrixType {
		return fmt.Errorf("%s is %q, want %q: this is no imatrix", typeKey, kind, imatrixType)
	}
	if m.Datasets, _, err = meta.Strings(datasetsKey); err != nil {
		return err
	}
	if m.Source, _, err = meta.Str(sourceKey); err != nil {
		return err
	}
	for _, n := range []struct {
		key string
		to  *int
	}{{chunksKey, &m.Chunks}, {chunkSizeKey, &m.ChunkSize}} {
		v, ok, err := meta.Uint(n.key)
		switch {
		case err != nil:
			return err
		case !ok:
			return fmt.Errorf("it has no %s", n.key)
		case v > math.MaxInt32:
			return fmt.Errorf("%s is %d, want at most 2^31-1", n.key, v)
		}
		*n.to = int(v)
	}
	return nil
}

func (m *Imatrix) readSums(name string, sums, counts *tensor.Tensor) error {
	for _, t := range []*tensor.Tensor{sums, counts} {
		if t.DType != tensor.F32 {
			return fmt.Errorf("tensor %q is %v%s, want f32", t.Name, t.DType, t.Unsupported)
		}
	}
	numbers := make([]int, len(counts.Data)/4)
	for i := range numbers {
		n := math.Float32frombits(little.Uint32(counts.Data[4*i:]))
		if !(n >= 0 && n <= mostCounted) || n != float32(int(n)) {
			return fmt.Errorf("tensor %q: matrix %d has seen %v tokens, want a whole number of 0 to 2^24", counts.Name, i, n)
		}
		numbers[i] = int(n)
	}
	values := make([]float32, len(sums.Data)/4)
	for i := range values {
		values[i] = math.Float32frombits(little.Uint32(sums.Data[4*i:]))
	}
	return m.Set(name, numbers, values)
}
