package quantize

import (
	"context"
	"errors"
	"fmt"

	"github.com/deskseek/deskseek/internal/memory"
)

// An Interrupted says that a Write ended before its end, and how far it came. The
// same Write goes on from there.
type Interrupted struct {
	Done, Tensors int
	Err           error
}

func (e *Interrupted) Error() string {
	return fmt.Sprintf("%v (%d of %d tensors are done; the same command goes on from there)", e.Err, e.Done, e.Tensors)
}

// Unwrap returns what ended it.
func (e *Interrupted) Unwrap() error { return e.Err }

// Write writes the checkpoint, or goes on where an earlier Write of the same plan
// was ended by an error, by ctx, or by a kill. The result's bytes are the same in
// all cases. It has its name when it is complete; until then there are partial files
// and a journal. Nothing that exists is written over.
//
// progress, which may be nil, is told of the bytes of weights that are read, of
// those that are there already as well, by one goroutine at a time.
func (p *Plan) Write(ctx context.Context, progress func(done, total int64)) error {
	j, err := p.openJournal()
	if err != nil {
		return err
	}
	if !j.complete {
		if err := p.write(ctx, j, progress); err != nil {
			return errors.Join(&Interrupted{len(j.sums), len(p.tensors), err}, j.f.Close())
		}
	}
	err = p.publish()
	if e := j.f.Close(); err == nil {
		err = e
	}
	if err != nil {
		return err
	}
	return removeJournal(p.Journal()) // a run that came meanwhile may have done it
}

// write writes what is missing in the partial files.
func (p *Plan) write(ctx context.Context, j *journal, progress func(done, total int64)) (err error) {
	s := &stream{plan: p, source: newSource(p.in), progress: progress, total: p.Read()}
	defer s.source.close()
	for range p.options.Threads {
		s.workers = append(s.workers, &worker{stream: s})
	}
	s.files, err = p.open()
	defer func() {
		for _, f := range s.files {
			if e := f.Close(); err == nil {
				err = e
			}
		}
	}()
	if err != nil {
		return err
	}
	for i := range p.tensors {
		if err := p.one(ctx, s, j, i); err != nil {
			return err
		}
	}
	for _, f := range s.files {
		if err := memory.Written(f); err != nil {
			return err
		}
	}
	if err := j.line("complete"); err != nil {
		return err
	}
	return j.f.Sync()
}

// one writes tensor i, unless it is there as the journal says.
func (p *Plan) one(ctx context.Context, s *stream, j *journal, i int) error {
	t := &p.tensors[i]
	if want, ok := j.sums[i]; ok {
		before := s.done
		got, err := s.check(ctx, t)
		if err != nil || got == want {
			return err
		}
		s.done = before
		delete(j.sums, i)
	}
	sum, err := s.tensor(ctx, t)
	if err != nil {
		return err
	}
	if err := j.tensor(i, sum); err != nil {
		return err
	}
	j.sums[i] = sum
	return nil
}

// Left returns the bytes of disk that Write still needs, as far as the partial files
// say.
func (p *Plan) Left() int64 {
	n := p.Bytes()
	for i := range p.files {
		n -= allocated(p.files[i].partial)
	}
	return max(n, 0)
}
