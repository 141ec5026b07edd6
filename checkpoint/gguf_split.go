package checkpoint

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strconv"
)

// A split GGUF is several files, each a GGUF of its own with some of the
// tensors. The model's metadata are in the first (llama.cpp, gguf-split):
//
//	NAME-00001-of-00003.gguf   split.no 0   split.count 3   split.tensors.count: of all files
//	NAME-00002-of-00003.gguf   split.no 1   split.count 3
//	NAME-00003-of-00003.gguf   split.no 2   split.count 3
//
// A count of 0 or 1, or none, means a single file.
const (
	splitNoKey      = "split.no"
	splitCountKey   = "split.count"
	splitTensorsKey = "split.tensors.count"
)

var splitName = regexp.MustCompile(`^(.*)-(\d{5})-of-(\d{5})\.gguf$`)

// sameSplit reports whether file names are those of one split set.
func sameSplit(names []string) bool {
	var set string
	for i, name := range names {
		m := splitName.FindStringSubmatch(name)
		if m == nil || i > 0 && m[1]+m[3] != set {
			return false
		}
		set = m[1] + m[3]
	}
	return len(names) > 0
}

// splitCount returns how many files g is one of.
func (g *gguf) splitCount() (uint64, error) {
	count, _, err := g.metadata.Uint(splitCountKey)
	if err != nil {
		return 0, badf(g.file, "%v", err)
	}
	return max(count, 1), nil
}

// openGGUF opens a mapped GGUF, and the others of its set.
func (c *Checkpoint) openGGUF(path string, data []byte) error {
	c.format = GGUF
	g, err := parseGGUF(path, data)
	if err != nil {
		return err
	}
	count, err := g.splitCount()
	if err != nil {
		return err
	}
	files := []string{path}
	if count > 1 {
		if files, err = splitFiles(path, count); err != nil {
			return err
		}
	}
	total := uint64(0)
	for i, file := range files {
		part := g
		if file != path {
			if part, err = c.openPart(file); err != nil {
				return err
			}
		}
		if count > 1 {
			if err := part.checkPart(uint64(i), count); err != nil {
				return err
			}
		}
		if i == 0 {
			c.metadata = part.metadata
		}
		if err := c.add(part.tensors); err != nil {
			return err
		}
		total += uint64(len(part.tensors))
	}
	c.files = files
	if count > 1 {
		return checkTotal(files[0], c.metadata, total)
	}
	return nil
}

func (c *Checkpoint) openPart(path string) (*gguf, error) {
	data, err := c.mappedAs(path, GGUF, "where a part of a split GGUF should be")
	if err != nil {
		return nil, err
	}
	return parseGGUF(path, data)
}

// splitFiles returns the files of the set that path is one of.
func splitFiles(path string, count uint64) ([]string, error) {
	folder, name := filepath.Split(path)
	m := splitName.FindStringSubmatch(name)
	if m == nil {
		return nil, badf(path, "one of %d files of a split GGUF, but not named NAME-00001-of-%05d.gguf, so that the others cannot be found", count, count)
	}
	if n, _ := strconv.ParseUint(m[3], 10, 64); n != count {
		return nil, badf(path, "it says that it is one of %d files (%s), its name says %d", count, splitCountKey, n)
	}
	var files, missing []string
	for i := range count {
		name := fmt.Sprintf("%s-%05d-of-%s.gguf", m[1], i+1, m[3])
		file := filepath.Join(folder, name)
		if !exists(file) {
			missing = append(missing, name)
		}
		files = append(files, file)
	}
	if len(missing) > 0 {
		return nil, badf(path, "%d of the split's %d files missing: %s", len(missing), count, enumerate(missing))
	}
	return files, nil
}

// checkPart: the file is the one that its name says.
func (g *gguf) checkPart(i, count uint64) error {
	no, ok, err := g.metadata.Uint(splitNoKey)
	if err != nil {
		return badf(g.file, "%v", err)
	}
	if n, err := g.splitCount(); err != nil {
		return err
	} else if n != count {
		return badf(g.file, "%s is %d, in the file that was opened it is %d", splitCountKey, n, count)
	}
	if !ok || no != i {
		return badf(g.file, "its name says part %d of the split, its %s (from 0) says %d", i+1, splitNoKey, no)
	}
	return nil
}

// checkTotal: the files have as many tensors as the first says.
func checkTotal(file string, m Metadata, total uint64) error {
	want, ok, err := m.Uint(splitTensorsKey)
	if err != nil {
		return badf(file, "%v", err)
	}
	if ok && want != total {
		return badf(file, "%s is %d, but the files have %d tensors", splitTensorsKey, want, total)
	}
	return nil
}
