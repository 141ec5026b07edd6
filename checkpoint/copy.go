package checkpoint

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/deskseek/deskseek/internal/memory"
	"github.com/deskseek/deskseek/tensor"
)

// A Load is how the bytes of tensors get into memory.
type Load string

const (
	// Map is the mapping that Open makes: the system reads a page when it is
	// first used, keeps it while nothing else needs the memory, and shares it
	// with other programs.
	Map Load = "map"
	// Copy is Checkpoint.Copy: everything is read before, into memory of the
	// program's own.
	Copy Load = "copy"
)

// copyChunk is how much is read at once.
const copyChunk = 8 << 20

// Copy reads the files, as far as they are mapped, into memory of the program's
// own, and ends the mappings: the tensors, and Mappings, are windows of that memory
// from then on. On Linux it lies in pages of 2 MiB, as far as the system has them,
// which spares the processor most of its look-ups of addresses. It stays where it
// is until Close, whoever else needs memory; the caller sees to it that there is
// enough.
//
// It is to be called before anything is made of the tensors. Progress, which may
// be nil, is told of the bytes that are read, by one goroutine at a time. After an
// error, which may be that of ctx, the Checkpoint is as it was. One from OpenBytes
// has no mappings, and stays as it is.
func (c *Checkpoint) Copy(ctx context.Context, progress func(done, total int64)) error {
	r := &reading{progress: progress}
	err := r.prepare(c.mappings)
	if err == nil {
		err = r.read(ctx)
	}
	if err == nil {
		err = r.protect()
	}
	r.close()
	if err != nil {
		return errors.Join(err, r.free())
	}
	for i := range r.parts {
		c.move(c.mappings[i].File, r.parts[i].data)
	}
	old := *c
	c.mappings, c.release = nil, nil
	for _, p := range r.parts {
		c.mappings = append(c.mappings, Mapping{p.name, p.data})
		c.release = append(c.release, func() error { return memory.Free(p.held) })
	}
	return old.Close()
}

// move makes the tensors of a file windows of data, which has the same bytes.
func (c *Checkpoint) move(file string, data []byte) {
	for _, t := range c.tensors {
		for _, t := range []*tensor.Tensor{t, t.Scale, t.Bias} { // an MLX scale is nowhere else
			if t != nil && t.Source.File == file && t.Data != nil {
				lo, hi := t.Source.Offset, t.Source.Offset+t.Source.Length
				t.Data = data[lo:hi:hi]
			}
		}
	}
}

// A reading is a Copy that is under way.
type reading struct {
	parts    []readingPart
	total    int64
	progress func(done, total int64)

	next atomic.Int64 // the chunk that nobody reads yet, of all files' chunks
	told sync.Mutex
	done int64
}

// A readingPart is what is read of one file, into data: a part of held, which is
// memory of the program's own, that begins at a multiple of memory.HugePage.
type readingPart struct {
	name       string
	held, data []byte
	file       *os.File
}

// prepare takes the memory and opens the files.
func (r *reading) prepare(mappings []Mapping) error {
	for _, m := range mappings {
		n := len(m.Data)
		held, err := memory.Take(n + memory.HugePage)
		if err != nil {
			return fmt.Errorf("%s: %w", m.File, err)
		}
		lo := int(-uintptr(unsafe.Pointer(&held[0])) & (memory.HugePage - 1))
		r.parts = append(r.parts, readingPart{name: m.File, held: held, data: held[lo : lo+n : lo+n]})
		r.total += int64(n)
	}
	for i := range r.parts {
		var err error
		if r.parts[i].file, err = os.Open(r.parts[i].name); err != nil {
			return err
		}
	}
	return nil
}

// read reads all chunks, several at a time.
func (r *reading) read(ctx context.Context) error {
	threads := min(max(runtime.GOMAXPROCS(0), 4), 16)
	errs := make([]error, threads)
	var all sync.WaitGroup
	for i := range errs {
		all.Go(func() { errs[i] = r.readChunks(ctx) })
	}
	all.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func (r *reading) readChunks(ctx context.Context) error {
	for {
		p, lo := r.chunk(int(r.next.Add(1)) - 1)
		if p == nil {
			return nil
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		hi := min(lo+copyChunk, len(p.data))
		if _, err := io.ReadFull(io.NewSectionReader(p.file, int64(lo), int64(hi-lo)), p.data[lo:hi]); err != nil {
			r.next.Store(r.total) // more than there are chunks: the others end, too
			return fmt.Errorf("%s: reading bytes %d to %d: %w", p.name, lo, hi, err)
		}
		r.tell(int64(hi - lo))
	}
}

// chunk returns the file of chunk i, and where in it the chunk begins; nil where
// there is none.
func (r *reading) chunk(i int) (p *readingPart, lo int) {
	for k := range r.parts {
		p := &r.parts[k]
		n := (len(p.data) + copyChunk - 1) / copyChunk
		if i < n {
			return p, i * copyChunk
		}
		i -= n
	}
	return nil, 0
}

func (r *reading) tell(bytes int64) {
	if r.progress == nil {
		return
	}
	r.told.Lock()
	defer r.told.Unlock()
	r.done += bytes
	r.progress(r.done, r.total)
}

// protect makes what was read read-only, as a mapping is.
func (r *reading) protect() error {
	for _, p := range r.parts {
		if err := memory.Protect(p.held); err != nil {
			return fmt.Errorf("%s: making its memory read-only: %w", p.name, err)
		}
	}
	return nil
}

// close closes the files.
func (r *reading) close() {
	for _, p := range r.parts {
		if p.file != nil {
			p.file.Close()
		}
	}
}

// free gives the memory back.
func (r *reading) free() error {
	var errs []error
	for _, p := range r.parts {
		errs = append(errs, memory.Free(p.held))
	}
	return errors.Join(errs...)
}
