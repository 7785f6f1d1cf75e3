package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"clientele/internal/app"
)

// outFile writes a file that its owner alone can read. It gets its name once it is
// whole and durable; one that is there is replaced if overwrite says so.
func outFile(path string, overwrite bool, write func(io.Writer) error) (err error) {
	switch have, err := os.Stat(path); {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return &app.ConfigError{Err: err}
	case !have.Mode().IsRegular():
		return &app.ConfigError{Err: fmt.Errorf("%s is not a file", path)}
	case !overwrite:
		return &app.ConfigError{Err: fmt.Errorf("%s exists; name another file, or replace it with --overwrite", path)}
	}
	part, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".part-*") // mode 0600
	if err != nil {
		return &app.ConfigError{Err: err}
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(part.Name()))
		}
	}()
	out := bufio.NewWriterSize(part, 256<<10)
	err = write(out)
	if err == nil {
		err = out.Flush()
	}
	if err == nil {
		err = part.Sync()
	}
	if err := errors.Join(err, part.Close()); err != nil {
		return err
	}
	if err := os.Rename(part.Name(), path); err != nil {
		return err
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
