package quantize

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"

	"github.com/deskseek/deskseek/checkpoint"
	"github.com/deskseek/deskseek/internal/lock"
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// A journal says how far a Write came: one line for each tensor that is in the
// partial files, with its check sum, written behind it.
//
//	deskseek quantize 1 <sha256 of the plan> <crc>
//	tensor <index> <check sum> <crc>
//	…
//	complete <crc>
//
// crc is the CRC-32C of the line before it, so that a line that a kill cut off is
// none. Nothing waits for the disk: what the system had not written when the power
// went is told by the tensors' check sums, which are looked at before going on.
type journal struct {
	f        *os.File
	plan     string
	sums     map[int]uint32 // by tensor
	complete bool
}

// openJournal opens the plan's journal, or begins one, and locks it until it is closed:
// two runs that write one output would write into each other's files.
func (p *Plan) openJournal() (j *journal, err error) {
	f, err := lock.File(p.Journal(), 0o644, false)
	if errors.Is(err, lock.ErrHeld) {
		return nil, fmt.Errorf("%s is being written by another run; wait for its end, or choose another name", p.out)
	}
	if err != nil {
		return nil, err
	}
	j = &journal{f: f, plan: p.fingerprint(), sums: map[int]uint32{}}
	data, err := io.ReadAll(f)
	if err == nil {
		err = p.beginJournal(j, data)
	}
	if err == nil {
		return j, nil
	}
	if len(data) == 0 { // it is this run's alone
		_ = removeJournal(p.Journal()) // where this fails, it is tried again below
	}
	err = errors.Join(err, f.Close())
	if len(data) == 0 {
		_ = removeJournal(p.Journal()) // where a file that is open can't be removed
	}
	return nil, err
}

// removeJournal removes a journal, unless it is gone.
func removeJournal(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// beginJournal makes j go on with a journal's data, which may be none.
func (p *Plan) beginJournal(j *journal, data []byte) error {
	length, err := j.parse(data)
	if err != nil {
		return fmt.Errorf("%s: %w; remove it and %s to begin again", p.Journal(), err, filepath.Base(p.finals()[0][0]))
	}
	if !j.complete {
		if err := p.checkOutput(); err != nil {
			return err
		}
	}
	if length == 0 { // none, or a kill came before its first line was there
		for _, name := range p.finals() {
			if _, err := os.Lstat(name[0]); err == nil {
				return fmt.Errorf("%s exists, but no journal says what it is; remove it, or choose another name", name[0])
			}
		}
	}
	if err := j.f.Truncate(int64(length)); err != nil {
		return err
	}
	if _, err := j.f.Seek(int64(length), io.SeekStart); err != nil {
		return err
	}
	if length == 0 {
		return j.line("deskseek quantize 1 %s", j.plan)
	}
	return nil
}

// parse takes in what a journal says, and returns the bytes of its whole lines.
func (j *journal) parse(data []byte) (length int, err error) {
	lines := bufio.NewScanner(bytes.NewReader(data))
	for lines.Scan() {
		line := lines.Bytes()
		if len(line) < 9 || length+len(line) == len(data) {
			break
		}
		said, sum := string(line[:len(line)-9]), string(line[len(line)-8:])
		if fmt.Sprintf("%08x", crc32.Checksum([]byte(said), castagnoli)) != sum {
			break
		}
		var plan string
		var index int
		var value uint32
		switch {
		case length == 0:
			if _, err := fmt.Sscanf(said, "deskseek quantize 1 %s", &plan); err != nil {
				return 0, errors.New("it is no journal of this program")
			}
			if plan != j.plan {
				return 0, errors.New("it is of another input, or of other options")
			}
		case said == "complete":
			j.complete = true
		default:
			if _, err := fmt.Sscanf(said, "tensor %d %x", &index, &value); err != nil {
				return length, nil
			}
			j.sums[index] = value
		}
		length += len(line) + 1
	}
	if length == 0 && len(data) > 0 && !bytes.HasPrefix([]byte("deskseek quantize 1 "), data[:min(len(data), 20)]) {
		return 0, errors.New("it is no journal of this program")
	}
	return length, nil
}

func (j *journal) line(format string, args ...any) error {
	said := fmt.Sprintf(format, args...)
	_, err := fmt.Fprintf(j.f, "%s %08x\n", said, crc32.Checksum([]byte(said), castagnoli))
	return err
}

func (j *journal) tensor(i int, sum uint32) error { return j.line("tensor %d %08x", i, sum) }

// fingerprint is of all that decides the output's bytes: the plan, the edition of the
// encoders, the input's files as the system tells them apart, and the importance of
// columns.
func (p *Plan) fingerprint() string {
	h := sha256.New()
	fmt.Fprintln(h, p.options.Format, encoders)
	for i := range p.files {
		h.Write(p.files[i].header)
	}
	for _, b := range p.beside {
		fmt.Fprintln(h, b.name, len(b.data))
		h.Write(b.data)
	}
	identify(h, p.in)
	if p.options.Imatrix != nil {
		var b []byte
		for i := range p.tensors {
			t := &p.tensors[i]
			for e := range t.Pieces {
				b = b[:0]
				for _, x := range p.importance(t, e) {
					b = little.AppendUint32(b, math.Float32bits(x))
				}
				h.Write(b)
			}
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}

// Identity tells a checkpoint from others, and from an older one of the same name: by
// names, sizes and dates of its files. Of one without files it knows the size.
func Identity(ck *checkpoint.Checkpoint) string {
	h := sha256.New()
	fmt.Fprintln(h, ck.Size())
	identify(h, ck)
	return hex.EncodeToString(h.Sum(nil))
}

// identify writes to h the files of a checkpoint as the system tells them apart.
func identify(h io.Writer, ck *checkpoint.Checkpoint) {
	for _, path := range ck.Files() {
		fmt.Fprint(h, filepath.Base(path))
		if info, err := os.Stat(path); err == nil {
			fmt.Fprint(h, info.Size(), info.ModTime().UnixNano())
		}
		fmt.Fprintln(h)
	}
}
