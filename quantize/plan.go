package quantize

import (
	"errors"
	"fmt"
	"path/filepath"

	"github.com/deskseek/deskseek/checkpoint"
	"github.com/deskseek/deskseek/deepseek"
	"github.com/deskseek/deskseek/tensor"
)

// A Plan is a checkpoint that is to be written: all of it but the weights.
type Plan struct {
	in      *checkpoint.Checkpoint
	out     string
	options Options
	parts   *deepseek.Parts

	tensors []output
	files   []outFile
	beside  []sideFile // MLX: what lies beside the weights
	notes   []string
}

// An output is a tensor that is to be written.
type output struct {
	deepseek.Assembly
	class  string
	wanted tensor.DType // what preset or rule say
	dtype  tensor.DType // what it is
	cols   int
	places []place // one, or those of words, scales and biases
}

// A place is where the rows of an output go.
type place struct {
	file     int // of Plan.files
	offset   int64
	rowBytes int
}

func (t *output) rows() int {
	n := 1
	for _, k := range t.Shape[:len(t.Shape)-1] {
		n *= k
	}
	return n
}

func (t *output) bytes() (n int64) {
	for _, p := range t.places {
		n += int64(t.rows()) * int64(p.rowBytes)
	}
	return n
}

// read returns the bytes of the stored matrices, without scales.
func (t *output) read() (n int64) {
	for _, p := range t.Pieces {
		n += int64(p.RowBytes()) * int64(p.Rows)
	}
	return n
}

// A sideFile is a small file of a folder.
type sideFile struct {
	name string
	data []byte
}

// NewPlan says what writing the network of in to out means: a file, or the first of a
// split, for GGUF, a folder for MLX. Nothing is read of the weights.
func NewPlan(in *checkpoint.Checkpoint, out string, o Options) (*Plan, error) {
	o = o.withDefaults()
	if err := o.validate(); err != nil {
		return nil, err
	}
	if out == "" {
		return nil, errors.New("no name to write to")
	}
	parts, err := deepseek.Assemble(in, o.Format, !o.NoMTP)
	if err != nil {
		return nil, err
	}
	p := &Plan{in: in, out: filepath.Clean(out), options: o, parts: parts}
	for _, a := range parts.Tensors {
		p.add(a)
	}
	if err := p.checkRules(); err != nil {
		return nil, err
	}
	if err := p.fitImatrix(); err != nil {
		return nil, err
	}
	if o.Format == checkpoint.MLX {
		err = p.layMLX()
	} else {
		err = p.layGGUF()
	}
	if err != nil {
		return nil, err
	}
	return p, nil
}

func (p *Plan) add(a deepseek.Assembly) {
	t := output{Assembly: a, class: classOf(&a.Weight, &p.parts.Config), cols: a.Shape[len(a.Shape)-1]}
	t.wanted, _ = p.options.wanted(&a.Weight)
	t.dtype = fit(t.wanted, a.Role, t.cols)
	p.tensors = append(p.tensors, t)
}

// checkRules: a rule that changes nothing is a slip of the pen.
func (p *Plan) checkRules() error {
	for i := range p.options.Rules {
		r, found := &p.options.Rules[i], false
		for j := range p.tensors {
			found = found || p.tensors[j].Inputs > 0 && r.matches(p.tensors[j].Name)
		}
		if !found {
			return fmt.Errorf("rule %s matches no matrix; the first are named %s and %s", r, p.tensors[0].Name, p.firstOf(deepseek.RoutedDown))
		}
	}
	return nil
}

// fitImatrix: the importance matrix is this network's; and notes what it lacks.
func (p *Plan) fitImatrix() error {
	m := p.options.Imatrix
	if m == nil {
		return nil
	}
	matrices, unknown, unseen := 0, 0, 0
	for i := range p.tensors {
		t := &p.tensors[i]
		if t.Inputs == 0 || t.Role == deepseek.RouterScore || t.Role == deepseek.Embedding {
			continue
		}
		if err := m.Fit(t.Name, len(t.Pieces), t.cols); err != nil {
			return err
		}
		counts := m.Counts(t.Name)
		matrices += len(t.Pieces)
		if counts == nil {
			unknown += len(t.Pieces)
		}
		for _, n := range counts {
			if n == 0 {
				unseen++
			}
		}
	}
	if unknown+unseen > 0 {
		p.notes = append(p.notes, fmt.Sprintf("of %d matrices the importance matrix does not know %d, and %d (experts) have seen no token: their columns count alike", matrices, unknown, unseen))
	}
	return nil
}

// importance returns that of a matrix of a tensor; nil if nothing is known.
func (p *Plan) importance(t *output, matrix int) []float32 {
	if p.options.Imatrix == nil || t.Inputs == 0 {
		return nil
	}
	return p.options.Imatrix.Columns(t.Name, matrix)
}

func (p *Plan) firstOf(r deepseek.Role) string {
	for i := range p.tensors {
		if p.tensors[i].Role == r {
			return p.tensors[i].Name
		}
	}
	return p.tensors[len(p.tensors)-1].Name
}

// layGGUF says where the tensors go in the files of a GGUF.
func (p *Plan) layGGUF() error {
	meta, err := p.metadata()
	if err != nil {
		return err
	}
	var out []checkpoint.OutTensor
	for i := range p.tensors {
		t := &p.tensors[i]
		out = append(out, checkpoint.OutTensor{Name: t.Name, DType: t.dtype, Shape: t.Shape})
	}
	files, err := checkpoint.LaySplit(p.out, meta, out, p.options.Split)
	if err != nil {
		return err
	}
	for i, f := range files {
		p.files = append(p.files, outFile{final: f.Path, partial: f.Path + partialSuffix, header: f.Header, size: f.Size})
		for j := f.From; j < f.To; j++ {
			t := &p.tensors[j]
			t.places = []place{{i, f.Offsets[j-f.From], t.dtype.RowBytes(t.cols)}}
		}
	}
	return nil
}

// shardBytes is the most bytes of tensors of one safetensors file, as the Hub's
// own tools cut them.
const shardBytes = 5_000_000_000

// layMLX says where the tensors go in the shards of an MLX folder.
func (p *Plan) layMLX() error {
	var shards [][]checkpoint.OutTensor
	var owners [][]*output
	size := int64(0)
	for i := range p.tensors {
		t := &p.tensors[i]
		parts := t.mlxTensors()
		n := int64(0)
		for _, x := range parts {
			n += sizeOf(x)
		}
		if i == 0 || size+n > shardBytes {
			shards, owners, size = append(shards, nil), append(owners, nil), 0
		}
		last := len(shards) - 1
		size += n
		for _, x := range parts {
			shards[last], owners[last] = append(shards[last], x), append(owners[last], t)
		}
	}
	where, total := map[string]string{}, int64(0)
	for i, s := range shards {
		name := fmt.Sprintf("model-%05d-of-%05d.safetensors", i+1, len(shards))
		l, err := checkpoint.LaySafetensors("mlx", s)
		if err != nil {
			return err
		}
		p.files = append(p.files, outFile{
			final: filepath.Join(p.out, name), partial: filepath.Join(p.out+partialSuffix, name), header: l.Header, size: l.Size,
		})
		for j, x := range s {
			where[x.Name], total = name, total+l.Sizes[j]
			t := owners[i][j]
			t.places = append(t.places, place{i, l.Offsets[j], int(l.Sizes[j] / int64(t.rows()))})
		}
	}
	return p.layBeside(where, total)
}

func sizeOf(x checkpoint.OutTensor) int64 {
	n := int64(x.DType.RowBytes(1))
	for _, k := range x.Shape {
		n *= int64(k)
	}
	return n
}

// Tensors returns how many tensors there are.
func (p *Plan) Tensors() int { return len(p.tensors) }

// Bytes returns the bytes of all files.
func (p *Plan) Bytes() (n int64) {
	for i := range p.files {
		n += p.files[i].size
	}
	for _, f := range p.beside {
		n += int64(len(f.data))
	}
	return n
}

// Read returns the bytes of weights that are read.
func (p *Plan) Read() (n int64) {
	for i := range p.tensors {
		n += p.tensors[i].read()
	}
	return n
}
