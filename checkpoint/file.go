package checkpoint

import (
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
)

// mapped returns the mapping of a file, and makes it where there is none yet.
func (c *Checkpoint) mapped(path string) ([]byte, error) {
	for _, m := range c.mappings {
		if m.File == path {
			return m.Data, nil
		}
	}
	return c.mapFile(path)
}

// mappedAs maps a file that must be of the given format, and says where one of
// it is wanted if it is not.
func (c *Checkpoint) mappedAs(path string, want Format, where string) ([]byte, error) {
	data, err := c.mapped(path)
	if err != nil {
		return nil, err
	}
	format, err := recognise(path, data)
	if err != nil {
		return nil, err
	}
	if format != want {
		return nil, badf(path, "%s, %s", format, where)
	}
	return data, nil
}

// mapFile maps a whole file, to be unmapped by Close. An empty file is a nil
// slice and no mapping.
func (c *Checkpoint) mapFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close() // the mapping stays
	info, err := f.Stat()
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, badf(path, "not a regular file")
	case info.Size() == 0:
		return nil, nil
	case info.Size() > math.MaxInt:
		return nil, fmt.Errorf("%s: %d bytes are more than this machine can address", path, info.Size())
	}
	data, err := mapping(f, int(info.Size()))
	if err != nil {
		return nil, fmt.Errorf("%s: mapping %d bytes: %w", path, info.Size(), err)
	}
	c.mappings = append(c.mappings, Mapping{path, data})
	c.release = append(c.release, func() error { return unmap(data) })
	return data, nil
}

// readWhole reads a file of text that may have at most limit bytes. What stands
// in for a file that was not downloaded is refused.
func readWhole(path string, limit int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, err
	}
	head := data[:min(len(data), sniffed)]
	switch {
	case int64(len(data)) > limit:
		return nil, badf(path, "longer than %d bytes", limit)
	case isPointer(head) || isHTML(head):
		return nil, badf(path, "%s", stranger(head))
	}
	return data, nil
}

// isBase reports whether name is that of a file in the same folder, and not a
// path that leads elsewhere.
func isBase(name string) bool {
	return filepath.IsLocal(name) && filepath.Base(name) == name && name != "."
}
