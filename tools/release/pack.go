package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"os"
	"strings"
	"time"

	"clientele/tools/internal/archive"
	"clientele/tools/internal/product"
)

// file is a file of an archive.
type file struct {
	path string
	text []byte
	mode os.FileMode
}

// moment is when all files of a release were changed: the first that zip knows.
var moment = time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)

// packed returns the archive of a program, whose files are below a directory.
func packed(p product.Platform, dir, program string, shared []file) ([]byte, error) {
	text, err := os.ReadFile(program)
	if err != nil {
		return nil, err
	}
	name := "clientele"
	if p.OS == "windows" {
		name += ".exe"
	}
	files := []file{{name, text, 0o755}}
	for _, f := range shared {
		if strings.HasSuffix(f.path, ".service") && p.OS != "linux" {
			continue
		}
		files = append(files, f)
	}
	if p.OS == "windows" {
		return zipped(dir, files)
	}
	return tarred(dir, files)
}

func tarred(dir string, files []file) ([]byte, error) {
	entries := make([]archive.Entry, len(files))
	for i, f := range files {
		entries[i] = archive.Entry{Header: tar.Header{Name: dir + "/" + f.path, Mode: int64(f.mode), ModTime: moment}, Text: f.text}
	}
	return archive.Gzipped(entries)
}

func zipped(dir string, files []file) ([]byte, error) {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, f := range files {
		h := &zip.FileHeader{Name: dir + "/" + f.path, Method: zip.Deflate, Modified: moment}
		h.SetMode(f.mode)
		w, err := z.CreateHeader(h)
		if err != nil {
			return nil, err
		}
		if _, err := w.Write(f.text); err != nil {
			return nil, err
		}
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
