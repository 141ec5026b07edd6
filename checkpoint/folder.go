package checkpoint

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

const indexName = "model.safetensors.index.json"

// openFolder opens the checkpoint in a folder: what an index or the usual name
// says, or else the only checkpoint there is among its files.
func (c *Checkpoint) openFolder(folder string) error {
	index, err := readIndex(filepath.Join(folder, indexName))
	if err != nil {
		return err
	}
	if index != nil {
		return c.openShards(folder, index)
	}
	if path := filepath.Join(folder, "model.safetensors"); exists(path) {
		return c.openFile(path)
	}
	found, err := look(folder)
	if err != nil {
		return err
	}
	path, err := found.choose(folder)
	if err != nil {
		return err
	}
	return c.openFile(path)
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// finds are the files of a folder by what they are: base names, sorted.
type finds struct{ gguf, safetensors, torch, named []string }

// look sniffs at every regular file of a folder. named are those that call
// themselves a checkpoint and are none.
func look(folder string) (found finds, err error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return found, err
	}
	for _, e := range entries {
		path := filepath.Join(folder, e.Name())
		info, err := os.Stat(path) // follows links, as download caches have them
		if err != nil || !info.Mode().IsRegular() {
			continue
		}
		head, err := sniff(path)
		if err != nil {
			continue
		}
		name := strings.ToLower(e.Name())
		switch {
		case isGGUF(head):
			found.gguf = append(found.gguf, e.Name())
		case isSafetensors(head):
			found.safetensors = append(found.safetensors, e.Name())
		case strings.HasSuffix(name, ".gguf") || strings.HasSuffix(name, ".safetensors"):
			found.named = append(found.named, e.Name())
		case isTorch(head) && (strings.HasSuffix(name, ".bin") || strings.HasSuffix(name, ".pt") || strings.HasSuffix(name, ".pth")):
			found.torch = append(found.torch, e.Name())
		}
	}
	return found, nil
}

// choose returns the one file to open.
func (f finds) choose(folder string) (string, error) {
	all := slices.Concat(f.gguf, f.safetensors)
	switch {
	case len(all) == 1 || len(f.safetensors) == 0 && sameSplit(f.gguf):
		return filepath.Join(folder, all[0]), nil
	case len(all) == 0 && len(f.named) > 0: // opening it says what it is
		return filepath.Join(folder, f.named[0]), nil
	case len(f.gguf) == 0 && len(f.safetensors) > 1:
		return "", badf(folder, "%d safetensors files, but no %s to say what they hold together", len(f.safetensors), indexName)
	case len(all) > 1:
		return "", badf(folder, "several checkpoints (%s): name one of them", enumerate(all))
	case len(f.torch) > 0:
		return "", badf(folder, "only PyTorch files (%s), which are not read: convert them to safetensors", enumerate(f.torch))
	}
	return "", badf(folder, "no checkpoint: looked for %s, model.safetensors, any other safetensors file, and a GGUF file", indexName)
}

// enumerate names a few of many files.
func enumerate(names []string) string {
	const most = 3
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return strings.Join(names[:most], ", ") + ", …"
}

// An index says which shard holds which tensor (Hugging Face's
// model.safetensors.index.json):
//
//	{"metadata": {"total_size": …}, "weight_map": {tensor: file, …}}
type index struct {
	file  string
	shard map[string]string // by tensor
}

// readIndex reads an index; nil if there is none.
func readIndex(path string) (*index, error) {
	data, err := readWhole(path, 256<<20)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	return parseIndex(path, data)
}

func parseIndex(file string, data []byte) (*index, error) {
	var content struct {
		WeightMap map[string]string `json:"weight_map"`
	}
	if err := json.Unmarshal(data, &content); err != nil {
		return nil, badf(file, "damaged: not the JSON it should be: %v", plain(err))
	}
	if len(content.WeightMap) == 0 {
		return nil, badf(file, "damaged: its weight_map names no tensor")
	}
	for name, shard := range content.WeightMap {
		if !isBase(shard) {
			return nil, badf(file, "tensor %s is said to be in %s, which is no file of this folder", printable(name), printable(shard))
		}
	}
	return &index{file, content.WeightMap}, nil
}

// names reports whether the index names a file as a shard.
func (x *index) names(shard string) bool {
	for _, s := range x.shard {
		if s == shard {
			return true
		}
	}
	return false
}

// shards returns the files of the set, by name.
func (x *index) shards() []string {
	seen := map[string]bool{}
	var list []string
	for _, s := range x.shard {
		if !seen[s] {
			seen[s] = true
			list = append(list, s)
		}
	}
	slices.Sort(list)
	return list
}

// openShards opens the files an index names, each once.
func (c *Checkpoint) openShards(folder string, x *index) error {
	shards := x.shards()
	var missing []string
	for _, s := range shards {
		if !exists(filepath.Join(folder, s)) {
			missing = append(missing, s)
		}
	}
	if len(missing) > 0 {
		return badf(folder, "%d of %d shards missing: %s", len(missing), len(shards), enumerate(missing))
	}
	byMLX := false
	for _, shard := range shards {
		s, err := c.openShard(filepath.Join(folder, shard))
		if err != nil {
			return err
		}
		byMLX = byMLX || s.byMLX
	}
	if err := x.check(c); err != nil {
		return err
	}
	return c.finish(folder, byMLX)
}

func (c *Checkpoint) openShard(path string) (*safetensors, error) {
	data, err := c.mappedAs(path, Safetensors, "where "+indexName+" has a safetensors shard")
	if err != nil {
		return nil, err
	}
	s, err := parseSafetensors(path, data)
	if err != nil {
		return nil, err
	}
	c.files = append(c.files, path)
	return s, c.add(s.tensors)
}

// check: every tensor the index names is in the shard it names. Tensors it does
// not name are welcome.
func (x *index) check(c *Checkpoint) error {
	var errs []error
	for _, name := range sortedKeys(x.shard) {
		t, shard := c.tensors[name], x.shard[name]
		if t == nil {
			errs = append(errs, badf(x.file, "tensor %s is said to be in %s, which lacks it", printable(name), printable(shard)))
		} else if held := filepath.Base(t.Source.File); held != shard {
			errs = append(errs, badf(x.file, "tensor %s is said to be in %s, but is in %s", printable(name), printable(shard), printable(held)))
		}
	}
	return joined(x.file, errs)
}
