package quantize

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// An outFile is a file of the output: written under its partial name, and renamed
// when everything is there.
type outFile struct {
	final, partial string
	header         []byte
	size           int64
}

const (
	partialSuffix = ".partial"
	journalSuffix = ".journal"
)

// finals returns what must not exist before, and appears by renaming: files, or the
// folder.
func (p *Plan) finals() (names [][2]string) {
	if p.beside != nil {
		return [][2]string{{p.out + partialSuffix, p.out}}
	}
	for i := range p.files {
		names = append(names, [2]string{p.files[i].partial, p.files[i].final})
	}
	return names
}

// Journal returns the name of the file that says how far an interrupted Write came.
func (p *Plan) Journal() string { return p.out + journalSuffix }

// checkOutput refuses to write over anything.
func (p *Plan) checkOutput() error {
	for _, name := range append(p.finals(), [2]string{"", p.out}) {
		info, err := os.Lstat(name[1])
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		for _, in := range append([]string{p.in.Path()}, p.in.Files()...) {
			if i, err := os.Stat(in); err == nil && os.SameFile(i, info) {
				return fmt.Errorf("%s is the input; it is not overwritten", name[1])
			}
		}
		return fmt.Errorf("%s exists already; it is not overwritten", name[1])
	}
	return nil
}

// open opens the partial files, those that are there and those that are not, and
// writes what is no weight.
func (p *Plan) open() (files []*os.File, err error) {
	if p.beside != nil {
		if err := os.MkdirAll(p.out+partialSuffix, 0o755); err != nil {
			return nil, err
		}
	}
	for i := range p.files {
		f, err := os.OpenFile(p.files[i].partial, os.O_RDWR|os.O_CREATE, 0o644)
		if err != nil {
			return files, err
		}
		files = append(files, f)
		if err := f.Truncate(p.files[i].size); err != nil {
			return files, err
		}
		if _, err := f.WriteAt(p.files[i].header, 0); err != nil {
			return files, err
		}
	}
	for _, b := range p.beside {
		if err := os.WriteFile(filepath.Join(p.out+partialSuffix, b.name), b.data, 0o644); err != nil {
			return files, err
		}
	}
	return files, nil
}

// publish gives the files their names: the first of a split last, since that is the
// one that is opened.
func (p *Plan) publish() error {
	for _, name := range slices.Backward(p.finals()) {
		err := os.Rename(name[0], name[1])
		if errors.Is(err, fs.ErrNotExist) {
			if _, e := os.Lstat(name[1]); e == nil {
				continue // renamed before a kill
			}
		}
		if err != nil {
			return err
		}
	}
	return syncFolder(filepath.Dir(p.out))
}

// syncFolder makes names of a folder durable, where the system can do that.
func syncFolder(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	_ = f.Sync() // Windows and some file systems refuse
	return nil
}
