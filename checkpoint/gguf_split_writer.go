package checkpoint

import (
	"fmt"
	"math"
	"path/filepath"
	"strings"
)

// A SplitLimit is what a file of a split GGUF holds at most. The zero value is no
// limit: one file.
type SplitLimit struct {
	Bytes   int64 // of tensors; one that is bigger has a file for itself
	Tensors int
}

// An OutFile is a file of a GGUF that is to be written, and which of the tensors,
// From to To, go into it.
type OutFile struct {
	Path     string
	From, To int
	*Layout
}

// LaySplit lays out a GGUF as one file at path or, where it has more than limit
// allows, as files named as llama.cpp wants them, PATH-00001-of-0000N.gguf, with
// the metadata in the first.
func LaySplit(path string, meta []KeyValue, tensors []OutTensor, limit SplitLimit) ([]OutFile, error) {
	sizes, err := checkTensors(tensors)
	if err != nil {
		return nil, err
	}
	files := cut(sizes, limit)
	if len(files) > math.MaxUint16 {
		return nil, fmt.Errorf("%s: split into %d files, the most is %d", path, len(files), math.MaxUint16)
	}
	for i := range files {
		f, own := &files[i], meta
		f.Path = path
		if len(files) > 1 {
			f.Path = splitPath(path, i, len(files))
			own = splitMetadata(meta, i, len(files), len(tensors))
		}
		if f.Layout, err = LayGGUF(own, tensors[f.From:f.To]); err != nil {
			return nil, err
		}
	}
	return files, nil
}

// cut says which tensors go into which file.
func cut(sizes []int64, limit SplitLimit) []OutFile {
	files := []OutFile{{}}
	bytes := int64(0)
	for i, n := range sizes {
		f := &files[len(files)-1]
		full := limit.Bytes > 0 && bytes+n > limit.Bytes || limit.Tensors > 0 && i-f.From >= limit.Tensors
		if full && i > f.From {
			files = append(files, OutFile{From: i})
			f, bytes = &files[len(files)-1], 0
		}
		f.To = i + 1
		bytes += n
	}
	return files
}

func splitPath(path string, i, count int) string {
	base := strings.TrimSuffix(path, filepath.Ext(path))
	if filepath.Ext(path) != ".gguf" {
		base = path
	}
	return fmt.Sprintf("%s-%05d-of-%05d.gguf", base, i+1, count)
}

// splitMetadata returns the keys of file i. Their types are the ones that llama.cpp
// asks for.
func splitMetadata(meta []KeyValue, i, count, tensors int) []KeyValue {
	var own []KeyValue
	if i == 0 {
		own = append(own, meta...)
	}
	return append(own,
		KeyValue{splitNoKey, uint16(i)}, KeyValue{splitCountKey, uint16(count)}, KeyValue{splitTensorsKey, int32(tensors)})
}
