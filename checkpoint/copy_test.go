package checkpoint

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"unsafe"

	"github.com/deskseek/deskseek/internal/memory"
	"github.com/deskseek/deskseek/tensor"
)

// parts calls f for a checkpoint's tensors, and for their scales and biases.
func parts(c *Checkpoint, f func(t *tensor.Tensor)) {
	for _, name := range c.Names() {
		t := c.Tensor(name)
		for _, t := range []*tensor.Tensor{t, t.Scale, t.Bias} {
			if t != nil {
				f(t)
			}
		}
	}
}

// TestCopy copies checkpoints of every container, and checks that the tensors have
// the bytes they had, in the memory that Mappings tells of.
func TestCopy(t *testing.T) {
	t.Run("built", func(t *testing.T) { copies(t, writeFiles(t, map[string][]byte{"x.gguf": smallGGUF(t)})) })
	for _, name := range []string{"tiny-fp8", "tiny-mlx4-mla", "tiny-gguf/tiny-mla-bf16.gguf"} {
		t.Run(name, func(t *testing.T) { copies(t, golden(t, name)) })
	}
}

func copies(t *testing.T, path string) {
	c := mustOpen(t, path)
	before := map[*tensor.Tensor][]byte{}
	parts(c, func(x *tensor.Tensor) { before[x] = bytes.Clone(x.Data) })
	mapped := c.Mappings()
	var last, total int64
	if err := c.Copy(t.Context(), func(done, of int64) {
		if done <= last || done > of {
			t.Errorf("%d of %d bytes after %d", done, of, last)
		}
		last, total = done, of
	}); err != nil {
		t.Fatal(err)
	}
	size := int64(0)
	held := map[string][]byte{}
	for i, m := range c.Mappings() {
		if m.File != mapped[i].File || uintptr(unsafe.Pointer(&m.Data[0]))%memory.HugePage != 0 {
			t.Errorf("memory of %s at %p", m.File, &m.Data[0])
		}
		size += int64(len(m.Data))
		held[m.File] = m.Data
	}
	if last != total || total != size {
		t.Errorf("told of %d bytes of %d, the files have %d", last, total, size)
	}
	parts(c, func(x *tensor.Tensor) {
		if !bytes.Equal(x.Data, before[x]) {
			t.Errorf("%s has other bytes", x.Name)
		}
		if len(x.Data) > 0 && &x.Data[0] != &held[x.Source.File][x.Source.Offset] {
			t.Errorf("%s is not at its place", x.Name)
		}
	})
	if len(before) == 0 {
		t.Error("no tensors")
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
}

// TestCopyStays: what is copied does not need its file any more.
func TestCopyStays(t *testing.T) {
	path := filepath.Join(writeFiles(t, map[string][]byte{"x.gguf": smallGGUF(t)}), "x.gguf")
	c := mustOpen(t, path)
	want := bytes.Clone(c.Tensor(c.Names()[0]).Data)
	if err := c.Copy(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, 0); err != nil {
		t.Fatal(err)
	}
	if got := c.Tensor(c.Names()[0]).Data; !bytes.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

// TestCopyFails: after an error the checkpoint is as it was.
func TestCopyFails(t *testing.T) {
	dir := writeFiles(t, map[string][]byte{"x.gguf": smallGGUF(t)})
	path := filepath.Join(dir, "x.gguf")
	c := mustOpen(t, path)
	first := c.Tensor(c.Names()[0])
	before, mapped := &first.Data[0], &c.Mappings()[0].Data[0]
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := c.Copy(ctx, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want that it was canceled", err)
	}
	if err := os.Rename(path, path+".moved"); err != nil {
		t.Fatal(err)
	}
	if err := c.Copy(t.Context(), nil); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error %v of a file that is gone", err)
	}
	if err := os.WriteFile(path, []byte("short"), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := c.Copy(t.Context(), nil); err == nil {
		t.Error("no error of a file that is shorter")
	}
	if &first.Data[0] != before || len(c.Mappings()) != 1 || &c.Mappings()[0].Data[0] != mapped {
		t.Error("the checkpoint has changed")
	}
	readable(t, c)
}
