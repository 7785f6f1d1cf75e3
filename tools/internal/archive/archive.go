// Package archive packs files: the same files give the same bytes.
package archive

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"io"

	"github.com/klauspost/compress/zstd"
)

// Entry is a file of an archive, or a directory, which has no text.
type Entry struct {
	tar.Header // but for Size and Format
	Text       []byte
}

// Gzipped returns a tar archive that every system unpacks.
func Gzipped(entries []Entry) ([]byte, error) {
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	return tarred(entries, z, &b)
}

// Zstandard returns one that takes a tenth less.
func Zstandard(entries []Entry) ([]byte, error) {
	var b bytes.Buffer
	// Several at once may divide the text in other places.
	z, err := zstd.NewWriter(&b, zstd.WithEncoderLevel(zstd.SpeedBestCompression), zstd.WithEncoderConcurrency(1))
	if err != nil {
		return nil, err
	}
	return tarred(entries, z, &b)
}

// tarred writes an archive through z, which writes to b.
func tarred(entries []Entry, z io.WriteCloser, b *bytes.Buffer) ([]byte, error) {
	t := tar.NewWriter(z)
	for i := range entries {
		h := entries[i].Header
		h.Size, h.Format = int64(len(entries[i].Text)), tar.FormatUSTAR
		if err := t.WriteHeader(&h); err != nil {
			return nil, err
		}
		if _, err := t.Write(entries[i].Text); err != nil {
			return nil, err
		}
	}
	for _, c := range []io.Closer{t, z} {
		if err := c.Close(); err != nil {
			return nil, err
		}
	}
	return b.Bytes(), nil
}
