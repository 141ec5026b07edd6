package measure

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"

	"github.com/deskseek/deskseek/deepseek"
	"github.com/deskseek/deskseek/token"
)

// A Reference is what a network guessed at each scored position of a text, read from
// a file, for another to be compared with. The file, little-endian:
//
//	"dslogits"               8 bytes
//	version                  u32: 1
//	window windows vocabulary  u32 each
//	tokens                   u32, windows × window, as the network read them
//	checksum                 u32: CRC-32C of all before it
//	rows                     windows × (window - 1 - window/2)
//
// and a row, the guess of the token after positions window/2, window/2 + 1, …:
//
//	base unit                f32: logit i is base + unit·level[i]
//	level                    u16 × vocabulary
//	checksum                 u32: CRC-32C of the row before it
//
// Levels span all of a row's logits, so that each is off by half a unit at most; that
// is near 3e-4 for logits that are 40 apart, and a divergence by near 1e-8.
//
// It reads the file of llama-perplexity --kl-divergence-base too, which has no
// checksums, and says nothing of tokens less likely than e^-16 of the likeliest.
type Reference struct {
	Window     int
	Windows    int
	Vocabulary int
	Tokens     []token.ID // windows × window

	r     *bufio.Reader
	llama bool
	row   []byte
}

const (
	referenceMagic   = "dslogits"
	referenceVersion = 1
	llamaMagic       = "_logits_"

	mostLevel = math.MaxUint16
)

var (
	little     = binary.LittleEndian
	castagnoli = crc32.MakeTable(crc32.Castagnoli)
)

// scored is how many tokens of a window are guessed.
func scored(window int) int { return window - 1 - window/2 }

// rowBytes is the length of a row, with its checksum.
func (r *Reference) rowBytes() int {
	if r.llama {
		return 8 + 2*((r.Vocabulary+1)/2*2)
	}
	return 8 + 2*r.Vocabulary + 4
}

// NewReference reads the head of a file of the given size, and fails where the
// size is not the one that the head asks for.
func NewReference(f io.Reader, size int64) (*Reference, error) {
	sum := crc32.New(castagnoli)
	r := &Reference{r: bufio.NewReaderSize(f, 1<<20)}
	head := io.TeeReader(r.r, sum)
	var magic [8]byte
	if _, err := io.ReadFull(head, magic[:]); err != nil {
		return nil, referenceCut(err)
	}
	switch string(magic[:]) {
	case referenceMagic:
	case llamaMagic:
		r.llama = true
	default:
		return nil, fmt.Errorf("it begins with %q, want %q or %q: it holds no reference logits", magic[:], referenceMagic, llamaMagic)
	}
	if err := r.readShape(head, size); err != nil {
		return nil, err
	}
	tokens := make([]byte, 4*r.Window*r.Windows)
	if _, err := io.ReadFull(head, tokens); err != nil {
		return nil, referenceCut(err)
	}
	for i := 0; i < len(tokens); i += 4 {
		t := little.Uint32(tokens[i:])
		if t >= uint32(r.Vocabulary) {
			return nil, fmt.Errorf("token %d is %d, want less than the vocabulary of %d", i/4, t, r.Vocabulary)
		}
		r.Tokens = append(r.Tokens, token.ID(t))
	}
	r.row = make([]byte, r.rowBytes())
	if r.llama {
		return r, nil
	}
	var end [4]byte
	want := sum.Sum32()
	if _, err := io.ReadFull(r.r, end[:]); err != nil {
		return nil, referenceCut(err)
	}
	if little.Uint32(end[:]) != want {
		return nil, errors.New("the head's checksum is wrong: the file is damaged")
	}
	return r, nil
}

// readShape reads the numbers of the head. Nothing is allocated that a file of the
// size can't fill.
func (r *Reference) readShape(head io.Reader, size int64) error {
	numbers := make([]uint32, 4)
	if r.llama {
		numbers = numbers[1:]
	}
	if err := binary.Read(head, little, numbers); err != nil {
		return referenceCut(err)
	}
	window, windows, vocabulary := numbers[len(numbers)-3], numbers[len(numbers)-2], numbers[len(numbers)-1]
	fixed := int64(8 + 4*4 + 4)
	if r.llama {
		windows, vocabulary = vocabulary, windows
		fixed = 8 + 4*3
	} else if numbers[0] != referenceVersion {
		return fmt.Errorf("it is of version %d, want %d", numbers[0], referenceVersion)
	}
	for _, n := range []struct {
		name        string
		value, most uint32
	}{{"window", window, 1 << 20}, {"number of windows", windows, 1 << 20}, {"vocabulary", vocabulary, 1 << 20}} {
		if n.value < 1 || n.value > n.most {
			return fmt.Errorf("its %s is %d, want 1 to %d", n.name, n.value, n.most)
		}
	}
	r.Window, r.Windows, r.Vocabulary = int(window), int(windows), int(vocabulary)
	// At most 2^20 · (2^19 · 2^21.1 + 2^22): it fits.
	if want := fixed + int64(r.Windows)*(int64(4*r.Window)+int64(scored(r.Window))*int64(r.rowBytes())); want != size {
		return fmt.Errorf("it has %d bytes, want %d for %d windows of %d tokens and a vocabulary of %d: it is incomplete or damaged", size, want, windows, window, vocabulary)
	}
	return nil
}

func referenceCut(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("it ends too early: it is incomplete")
	}
	return err
}

// next reads the row that follows, as logits: [vocabulary]. -Inf is a probability
// too small to be told.
func (r *Reference) next(logits []float64) error {
	if _, err := io.ReadFull(r.r, r.row); err != nil {
		return referenceCut(err)
	}
	if end := len(r.row) - 4; !r.llama && little.Uint32(r.row[end:]) != crc32.Checksum(r.row[:end], castagnoli) {
		return errors.New("a row's checksum is wrong: the file is damaged")
	}
	first, second := float64(math.Float32frombits(little.Uint32(r.row))), float64(math.Float32frombits(little.Uint32(r.row[4:])))
	base, unit := first, second
	if r.llama {
		base, unit = second, first
	}
	if math.IsNaN(base) || math.IsInf(base, 0) || !(unit >= 0) || math.IsInf(unit, 0) {
		return fmt.Errorf("a row has a base of %v and a unit of %v: the file is damaged", base, unit)
	}
	for i := range logits {
		level := little.Uint16(r.row[8+2*i:])
		logits[i] = base + unit*float64(level)
		if r.llama && level == 0 && unit > 0 {
			logits[i] = math.Inf(-1)
		}
	}
	return nil
}

// appendRow appends the row of logits to b.
func appendRow(b []byte, logits []float32) []byte {
	low, top := math.Inf(1), math.Inf(-1)
	for _, x := range logits {
		low, top = min(low, float64(x)), max(top, float64(x))
	}
	unit := float64(float32((top - low) / mostLevel))
	start := len(b)
	b = little.AppendUint32(b, math.Float32bits(float32(low)))
	b = little.AppendUint32(b, math.Float32bits(float32(unit)))
	for _, x := range logits {
		level := 0.0
		if unit > 0 {
			level = min(math.Round((float64(x)-low)/unit), mostLevel)
		}
		b = little.AppendUint16(b, uint16(level))
	}
	return little.AppendUint32(b, crc32.Checksum(b[start:], castagnoli))
}

// SaveReference reads a text as PerplexityOf does, and writes what the network
// guesses, as a Reference's file. It overwrites the model's cache.
func SaveReference(ctx context.Context, m *deepseek.Model, text []token.ID, f io.Writer, o PerplexityOptions) (Perplexity, error) {
	o = o.withDefaults()
	text, err := o.cut(m, text, 1)
	if err != nil {
		return Perplexity{}, err
	}
	total := len(text) / o.Window
	b := []byte(referenceMagic)
	for _, n := range []int{referenceVersion, o.Window, total, m.Vocabulary()} {
		b = little.AppendUint32(b, uint32(n))
	}
	for _, t := range text {
		b = little.AppendUint32(b, uint32(t))
	}
	if _, err := f.Write(little.AppendUint32(b, crc32.Checksum(b, castagnoli))); err != nil {
		return Perplexity{}, err
	}
	return o.read(ctx, m, text, func(logits []float32) error {
		b = appendRow(b[:0], logits)
		_, err := f.Write(b)
		return err
	})
}
