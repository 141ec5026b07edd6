package quantize

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"io/fs"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/deskseek/deskseek/checkpoint"
	"github.com/deskseek/deskseek/deepseek"
	"github.com/deskseek/deskseek/tensor"
)

// child names the output that the test binary writes, as a process of its own that
// TestKill ends.
var child = flag.String("child", "", "for TestKill: write the demo model to this file, a line for every chunk to standard output")

func killed(out string) (*Plan, error) {
	ck, err := checkpointOfDemo()
	if err != nil {
		return nil, err
	}
	return NewPlan(ck, out, Options{Preset: "q2", Threads: 2, Split: checkpoint.SplitLimit{Tensors: 40}})
}

// TestChild is the process that TestKill ends.
func TestChild(t *testing.T) {
	if *child == "" {
		t.Skip("only TestKill runs it")
	}
	p, err := killed(*child)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Write(t.Context(), func(int64, int64) { os.Stdout.WriteString("chunk\n") }); err != nil {
		t.Fatal(err)
	}
}

// TestKill: a process that is killed after any number of chunks, again and again,
// and goes on each time, writes the bytes of one that is not.
func TestKill(t *testing.T) {
	dir := t.TempDir()
	p, err := killed(filepath.Join(dir, "whole.gguf"))
	if err != nil {
		t.Fatal(err)
	}
	chunks := 0
	if err := p.Write(t.Context(), func(int64, int64) { chunks++ }); err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(1, 2))
	out, kills := filepath.Join(dir, "killed.gguf"), 0
	for range 8 {
		kills += runKilled(t, out, random.IntN(chunks))
	}
	runKilled(t, out, math.MaxInt)
	if kills == 0 {
		t.Error("no process was killed before its end")
	}
	for i, name := range p.Files() {
		got := strings.Replace(name, "whole", "killed", 1)
		if !bytes.Equal(mustRead(t, got), mustRead(t, name)) {
			t.Errorf("file %d differs", i)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*.gguf.*")); len(left) > 0 {
		t.Errorf("left over: %s", left)
	}
}

// runKilled runs TestChild, and kills it after some chunks. It returns 1 if it did.
func runKilled(t *testing.T, out string, after int) int {
	t.Helper()
	if _, err := os.Stat(strings.TrimSuffix(out, ".gguf") + "-00001-of-00003.gguf"); err == nil {
		return 0 // complete
	}
	c := exec.Command(os.Args[0], "-test.run=^TestChild$", "-child="+out)
	lines, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	buffer, seen := make([]byte, 6), 0
	for ; seen < after; seen++ {
		if _, err := lines.Read(buffer); err != nil {
			break
		}
	}
	if seen < after {
		if err := c.Wait(); err != nil {
			t.Fatalf("a child that was not killed: %v", err)
		}
		return 0
	}
	c.Process.Kill()
	if c.Wait() == nil {
		return 0
	}
	return 1
}

// TestDamaged: what a journal says is there, and is not, is written again.
func TestDamaged(t *testing.T) {
	dir, ck := t.TempDir(), openDemo(t)
	want := mustRead(t, write(t, ck, filepath.Join(dir, "want.gguf"), Options{}))
	out := filepath.Join(dir, "out.gguf")
	p, err := NewPlan(ck, out, Options{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	err = p.Write(ctx, func(done, total int64) {
		if done > total/2 {
			cancel()
		}
	})
	var interrupted *Interrupted
	if !errors.As(err, &interrupted) || !errors.Is(err, context.Canceled) || interrupted.Done == 0 {
		t.Fatalf("error %v, want one that says how far it came", err)
	}
	if _, err := os.Stat(out); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%s is there before it is complete", out)
	}
	data := mustRead(t, out+partialSuffix)
	at := p.tensors[0].places[0].offset
	data[at] ^= 1
	if err := os.WriteFile(out+partialSuffix, data, 0o644); err != nil {
		t.Fatal(err)
	}
	journal := mustRead(t, p.Journal())
	if err := os.WriteFile(p.Journal(), journal[:len(journal)-3], 0o644); err != nil { // a torn line
		t.Fatal(err)
	}
	if err := p.Write(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(mustRead(t, out), want) {
		t.Error("the file differs from one written at once")
	}
}

// TestThreads: bytes do not depend on threads, nor on where a split cuts.
func TestThreads(t *testing.T) {
	dir, ck := t.TempDir(), openDemo(t)
	want := mustRead(t, write(t, ck, filepath.Join(dir, "1.gguf"), Options{Threads: 1}))
	if got := mustRead(t, write(t, ck, filepath.Join(dir, "7.gguf"), Options{Threads: 7})); !bytes.Equal(got, want) {
		t.Error("7 threads write other bytes than one")
	}
	whole := openPath(t, filepath.Join(dir, "1.gguf"))
	for name, limit := range map[string]checkpoint.SplitLimit{"tensors": {Tensors: 17}, "bytes": {Bytes: 1_000_000}, "both": {Bytes: 2_000_000, Tensors: 5}} {
		split := openPath(t, write(t, ck, filepath.Join(dir, name+".gguf"), Options{Split: limit}))
		if !slices.Equal(split.Names(), whole.Names()) || len(split.Files()) < 2 {
			t.Fatalf("%s: %d tensors in %d files, want %d in several", name, len(split.Names()), len(split.Files()), len(whole.Names()))
		}
		for _, n := range whole.Names() {
			if !bytes.Equal(split.Tensor(n).Data, whole.Tensor(n).Data) {
				t.Errorf("%s: tensor %s differs", name, n)
			}
		}
	}
}

// TestRefused: nothing that exists is written over, and every refusal is a sentence.
func TestRefused(t *testing.T) {
	dir, ck := t.TempDir(), openDemo(t)
	in := write(t, ck, filepath.Join(dir, "in.gguf"), Options{Preset: "q8"})
	input := openPath(t, in)
	other := filepath.Join(dir, "other.gguf")
	if err := os.WriteFile(other, []byte("mine"), 0o644); err != nil {
		t.Fatal(err)
	}
	foreign := filepath.Join(dir, "foreign.gguf")
	if err := os.WriteFile(foreign+journalSuffix, []byte("my notes\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	begun := filepath.Join(dir, "begun.gguf")
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	p, err := NewPlan(input, begun, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Write(cancelled, nil); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	orphan := filepath.Join(dir, "orphan.gguf")
	if err := os.WriteFile(orphan+partialSuffix, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		out, want string
		o         Options
	}{
		{in, "in.gguf is the input; it is not overwritten", Options{}},
		{other, "other.gguf exists already; it is not overwritten", Options{}},
		{foreign, "foreign.gguf.journal: it is no journal of this program; remove it and foreign.gguf.partial to begin again", Options{}},
		{begun, "begun.gguf.journal: it is of another input, or of other options; remove it", Options{Preset: "q2"}},
		{orphan, "orphan.gguf.partial exists, but no journal says what it is; remove it, or choose another name", Options{}},
	} {
		p, err := NewPlan(input, c.out, c.o)
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Write(t.Context(), nil); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want %s", err, c.want)
		}
	}
	if got := mustRead(t, other); string(got) != "mine" {
		t.Errorf("%s was written over", other)
	}
	for _, path := range []string{in, other, orphan} {
		if _, err := os.Lstat(path + journalSuffix); err == nil {
			t.Errorf("%s has a journal of a run that was refused", path)
		}
	}
}

// TestTwoRuns: while one run writes, a second of the same output is refused, whatever its
// options; and the first comes to its end.
func TestTwoRuns(t *testing.T) {
	dir, ck := t.TempDir(), openDemo(t)
	want := mustRead(t, write(t, ck, filepath.Join(dir, "alone.gguf"), Options{}))
	out := filepath.Join(dir, "out.gguf")
	first, err := NewPlan(ck, out, Options{})
	if err != nil {
		t.Fatal(err)
	}
	tried := false
	err = first.Write(t.Context(), func(int64, int64) {
		if tried {
			return
		}
		tried = true
		for _, o := range []Options{{}, {Preset: "q2"}} {
			second, err := NewPlan(ck, out, o)
			if err != nil {
				t.Error(err)
				return
			}
			if err := second.Write(t.Context(), nil); err == nil || !strings.Contains(err.Error(), "out.gguf is being written by another run") {
				t.Errorf("a second run: %v", err)
			}
		}
	})
	if err != nil || !tried || !bytes.Equal(mustRead(t, out), want) {
		t.Errorf("the first run: %v, or other bytes", err)
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 2 {
		t.Errorf("left behind: %v", entries)
	}
}

// TestOptions: what makes no sense is refused before anything is written.
func TestOptions(t *testing.T) {
	ck := openDemo(t)
	rule := func(text string) []Rule {
		r, err := ParseRule(text)
		if err != nil {
			t.Fatal(err)
		}
		return []Rule{r}
	}
	for want, o := range map[string]Options{
		`format "safetensors" can't be written, want gguf or mlx`:                                                   {Format: checkpoint.Safetensors},
		"both preset q4 and type Q8_0, want one of them":                                                            {Preset: "q4", Type: tensor.Q8_0},
		`preset "q9" is not known, want one of q8, q6, q5, q4, q3, q2`:                                              {Preset: "q9"},
		"type I8 is not written in gguf":                                                                            {Type: tensor.I8},
		"type Q4_K is not written in mlx, want one of MLX4 MLX8 BF16 F16 F32":                                       {Format: checkpoint.MLX, Type: tensor.Q4_K},
		"preset q4 is of GGUF's types; MLX has MLX4":                                                                {Format: checkpoint.MLX, Preset: "q4"},
		"-1 threads, want 1 or more":                                                                                {Threads: -1},
		"only GGUF is split on demand; MLX folders have shards of 5 GB":                                             {Format: checkpoint.MLX, Split: checkpoint.SplitLimit{Tensors: 1}},
		"rule lm_head=Q8_0 matches no matrix; the first are named token_embd.weight and blk.1.ffn_down_exps.weight": {Rules: rule("lm_head=q8_0")},
		"rule attn_norm=Q8_0 matches no matrix":                                                                     {Rules: rule("attn_norm=q8_0")},
		"rule output=MLX4: type MLX4 is not written in gguf":                                                        {Rules: rule("output=mlx4")},
	} {
		if _, err := NewPlan(ck, "out.gguf", o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %s", err, want)
		}
	}
	for _, text := range []string{"", "=Q8_0", "a", "a=Q9", "(=Q8_0"} {
		if _, err := ParseRule(text); err == nil || !strings.HasPrefix(err.Error(), "rule ") {
			t.Errorf("rule %q: error %v", text, err)
		}
	}
}

// TestNotFinite: a weight that is no number is named with its tensor and row.
func TestNotFinite(t *testing.T) {
	for _, x := range []float32{float32(math.NaN()), float32(math.Inf(-1))} {
		dir := t.TempDir()
		path := write(t, openDemo(t), filepath.Join(dir, "in.gguf"), Options{Type: tensor.F32})
		at := openPath(t, path).Tensor("blk.2.ffn_up_exps.weight")
		f, err := os.OpenFile(path, os.O_RDWR, 0)
		if err != nil {
			t.Fatal(err)
		}
		row := at.Rows/2 + 7
		if _, err := f.WriteAt(little.AppendUint32(nil, math.Float32bits(x)), at.Source.Offset+int64(row*at.RowBytes()+4*5)); err != nil {
			t.Fatal(err)
		}
		f.Close()
		p, err := NewPlan(openPath(t, path), filepath.Join(dir, "out.gguf"), Options{})
		if err != nil {
			t.Fatal(err)
		}
		err = p.Write(t.Context(), nil)
		if !errors.Is(err, ErrNotFinite) || !strings.Contains(err.Error(), "tensor blk.2.ffn_up_exps.weight: row 7 of matrix 4, column 5 is") {
			t.Errorf("error %v, want the tensor and its row", err)
		}
	}
}

// TestShrunk: a file that is cut off while it is read is an error, and no crash.
func TestShrunk(t *testing.T) {
	dir := t.TempDir()
	path := write(t, openDemo(t), filepath.Join(dir, "in.gguf"), Options{Preset: "q8"})
	ck := openPath(t, path)
	p, err := NewPlan(ck, filepath.Join(dir, "out.gguf"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, 1_000_000); err != nil {
		t.Skip(err) // Windows does not cut a mapped file
	}
	if err := p.Write(t.Context(), nil); err == nil || !strings.Contains(err.Error(), "in.gguf ends at byte 1000000, want bytes up to") {
		t.Errorf("error %v", err)
	}
}

// TestMLX: values of an MLX folder are as near as its codes allow. Inside a group's
// range a code is half a scale away at most. The scale is made smaller where zero
// becomes a code, by no more than the last-th part, since the edge is half the range
// away from zero or more: that leaves the other end one scale outside. And what is
// stored of scale and bias has 8 bits: that moves the end by last·2⁻⁹ scales and the
// bias by 2⁻⁹ of itself, which is at most last scales.
func TestMLX(t *testing.T) {
	ck := openDemo(t)
	for _, d := range []tensor.DType{tensor.MLX4, tensor.MLX8} {
		last := map[tensor.DType]float64{tensor.MLX4: 15, tensor.MLX8: 255}[d]
		out := openPath(t, write(t, ck, filepath.Join(t.TempDir(), "out"), Options{Format: checkpoint.MLX, Type: d}))
		parts, err := deepseek.Assemble(ck, checkpoint.MLX, true)
		if err != nil {
			t.Fatal(err)
		}
		packed := 0
		for _, a := range parts.Tensors {
			x := out.Tensor(a.Name)
			if x == nil || !slices.Equal(x.Shape, a.Shape) {
				t.Fatalf("%s: missing, or of another shape than %v", a.Name, a.Shape)
			}
			if x.DType != d || a.Pieces[0].Transposed {
				continue
			}
			packed++
			got, want, scales := make([]float32, x.Cols), make([]float32, x.Cols), make([]float32, x.Scale.Cols)
			tensor.Decode(got, x, 0)
			tensor.Decode(want, a.Pieces[0].Tensor, 0)
			tensor.Decode(scales, x.Scale, 0)
			for i := range got {
				scale := math.Abs(float64(scales[i/mlxGroup]))
				if e := math.Abs(float64(got[i]) - float64(want[i])); e > scale*(last/(last-1)+2*last/512) {
					t.Errorf("%s column %d: %v is %.3g scales from %v", a.Name, i, got[i], e/scale, want[i])
				}
			}
		}
		if packed < 30 {
			t.Errorf("%v: only %d packed matrices", d, packed)
		}
	}
}

// TestImportance: each row is encoded with the importance of its tensor's columns and
// of its matrix of a stack; an imatrix of another network is refused.
func TestImportance(t *testing.T) {
	const name = "blk.1.ffn_down_exps.weight"
	dir, ck := t.TempDir(), openDemo(t)
	source := ck.Tensor(name)
	counts, sums := make([]int, source.Shape[0]), make([]float32, source.Shape[0]*source.Cols)
	counts[3] = 1
	columns := sums[3*source.Cols:][:source.Cols]
	for i := range columns {
		columns[i] = float32(1 + i%50)
	}
	var m Imatrix
	if err := m.Set(name, counts, sums); err != nil {
		t.Fatal(err)
	}
	o := Options{Type: tensor.Q3_K, Imatrix: &m}
	plain := openPath(t, write(t, ck, filepath.Join(dir, "plain.gguf"), Options{Type: tensor.Q3_K}))
	got := openPath(t, write(t, ck, filepath.Join(dir, "weighed.gguf"), o))
	for _, n := range got.Names() {
		x := got.Tensor(n)
		want := bytes.Clone(plain.Tensor(n).Data)
		if n == name {
			rows, values := source.Rows/source.Shape[0], make([]float32, source.Cols)
			for r := 3 * rows; r < 4*rows; r++ {
				tensor.Decode(values, source, r)
				Encode(want[r*x.RowBytes():(r+1)*x.RowBytes()], x.DType, values, columns)
			}
		}
		if !bytes.Equal(x.Data, want) {
			t.Errorf("%s is encoded with other weights", n)
		}
	}
	p, err := NewPlan(ck, "out.gguf", o)
	if err != nil {
		t.Fatal(err)
	}
	if notes := strings.Join(p.Notes(), "; "); !strings.Contains(notes, "and 7 (experts) have seen no token") {
		t.Errorf("notes %s", notes)
	}
	if err := m.Set("output.weight", []int{1}, make([]float32, 5)); err != nil {
		t.Fatal(err)
	}
	if _, err := NewPlan(ck, "out.gguf", o); err == nil || !strings.Contains(err.Error(), "imatrix: tensor output.weight: it has 1 × 5 columns, the network's 1 × 256") {
		t.Errorf("error %v", err)
	}
}

// TestVocabulary: the tokenizer of a folder gets unused tokens up to the rows of the
// embedding; one with more tokens than rows is refused.
func TestVocabulary(t *testing.T) {
	dir, ck := t.TempDir(), openDemo(t)
	folder := write(t, ck, filepath.Join(dir, "folder"), Options{Format: checkpoint.MLX})
	v, err := vocabularyOf(ck.Metadata())
	if err != nil {
		t.Fatal(err)
	}
	rewrite := func() (checkpoint.Metadata, error) {
		data, err := v.JSON()
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, tokenizerFile), data, 0o644); err != nil {
			t.Fatal(err)
		}
		p, err := NewPlan(openPath(t, folder), "out.gguf", Options{})
		if err != nil {
			return nil, err
		}
		return p.metadata()
	}
	rows := len(v.Tokens)
	v.Tokens, v.Types = append(v.Tokens, "<｜one too many｜>"), append(v.Types, 3)
	if _, err := rewrite(); err == nil || !strings.Contains(err.Error(), "tokenizer.json has 2049 tokens, the network's vocabulary only 2048") {
		t.Errorf("error %v", err)
	}
	v.Tokens, v.Types = v.Tokens[:rows], v.Types[:rows]
	last := len(v.Types) - 1
	v.Types[last] = 5 // an id without a token
	meta, err := rewrite()
	if err != nil {
		t.Fatal(err)
	}
	tokens, _, err := meta.Strings("tokenizer.ggml.tokens")
	if err != nil || len(tokens) != rows || tokens[last] != "[PAD2047]" {
		t.Errorf("%d tokens, the last %q, error %v", len(tokens), tokens[len(tokens)-1], err)
	}
}
