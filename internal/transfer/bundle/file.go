package bundle

import (
	"archive/zip"
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"clientele/internal/fault"
	"clientele/internal/transfer/table"
)

// File is a bundle whose manifest was read.
type File struct {
	Manifest
	// Hash is the SHA-256 of the manifest, and so of all that the bundle holds.
	Hash string
	zip  *zip.Reader
}

// ErrNoBundle: a file is none.
var ErrNoBundle = errors.New("the file is no bundle of Clientele")

// wrong is why a bundle is not taken.
func wrong(format string, args ...any) error {
	return fault.New(fault.Invalid, "the bundle "+fmt.Sprintf(format, args...))
}

const (
	maxManifest = 1 << 20
	maxLine     = 64 << 20
)

// Open reads the manifest of a bundle. It returns ErrNoBundle for a file that is
// none.
func (s *Service) Open(r io.ReaderAt, size int64) (*File, error) {
	z, err := zip.NewReader(r, size)
	if err != nil {
		head := make([]byte, table.SpreadsheetHead)
		n, _ := r.ReadAt(head, 0)
		if head = head[:n]; bytes.HasPrefix(head, []byte("PK\x03\x04")) && !table.IsSpreadsheet(head) {
			return nil, wrong("is cut off or damaged")
		}
		return nil, ErrNoBundle
	}
	at := slices.IndexFunc(z.File, func(f *zip.File) bool { return f.Name == manifestName })
	if at < 0 {
		return nil, ErrNoBundle
	}
	in, err := z.File[at].Open()
	if err != nil {
		return nil, ErrNoBundle
	}
	defer in.Close()
	text, err := io.ReadAll(io.LimitReader(in, maxManifest+1))
	if err != nil || len(text) > maxManifest {
		return nil, wrong("has a damaged manifest")
	}
	sum := sha256.Sum256(text)
	f := &File{Hash: hex.EncodeToString(sum[:]), zip: z}
	if err := json.Unmarshal(text, &f.Manifest); err != nil || f.Format != format {
		return nil, ErrNoBundle
	}
	if f.Version != version {
		return nil, wrong("has version %d, and this program reads version %d", f.Version, version)
	}
	return f, s.holds(f)
}

// holds checks that a bundle holds what its manifest says, and that all of it is
// known here.
func (s *Service) holds(f *File) error {
	if len(f.zip.File) != len(f.Parts)+1 {
		return wrong("holds other files than its manifest says")
	}
	next := 0
	for _, t := range f.Parts {
		if f.file(t.Name) == nil {
			return wrong("does not hold the part %.40q of its manifest", t.Name)
		}
		known := false
		for ; next < len(s.Config.Parts) && !known; next++ {
			p := &s.Config.Parts[next]
			known = p.Name == t.Name && (f.Secrets || !p.Secret)
		}
		if !known {
			return wrong("has a part %.40q that is not known here, or not there: it is of a later version", t.Name)
		}
	}
	return nil
}

func (f *File) file(part string) *zip.File {
	for _, z := range f.zip.File {
		if z.Name == part+extension {
			return z
		}
	}
	return nil
}

// Check reads the whole bundle and compares it with its manifest.
func (f *File) Check(ctx context.Context) error {
	for _, t := range f.Parts {
		in, err := f.file(t.Name).Open()
		if err != nil {
			return wrong("has a damaged part %s", t.Name)
		}
		sum := sha256.New()
		n, err := io.Copy(sum, stopping{ctx, in})
		in.Close()
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil || n != t.Bytes || hex.EncodeToString(sum.Sum(nil)) != t.SHA256:
			return wrong("has a part %s that is not what its manifest says: it was changed or damaged", t.Name)
		}
	}
	return nil
}

// stopping is a reader that ends with a context.
type stopping struct {
	ctx  context.Context
	from io.Reader
}

// Read implements io.Reader.
func (s stopping) Read(b []byte) (int, error) {
	if err := s.ctx.Err(); err != nil {
		return 0, err
	}
	return s.from.Read(b)
}

// lines reads the lines of a part.
type lines struct {
	in *bufio.Reader
	io.Closer
	part  string
	n     int64
	whole []byte // a line that is longer than the buffer
}

func (f *File) lines(part string) (*lines, error) {
	in, err := f.file(part).Open()
	if err != nil {
		return nil, wrong("has a damaged part %s", part)
	}
	return &lines{in: bufio.NewReaderSize(in, 256<<10), Closer: in, part: part}, nil
}

// next returns the next line without its end, which is valid until the next call;
// io.EOF after the last one.
func (l *lines) next() ([]byte, error) {
	l.n++
	line, err := l.in.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		l.whole = append(l.whole[:0], line...)
		for errors.Is(err, bufio.ErrBufferFull) && len(l.whole) < maxLine {
			line, err = l.in.ReadSlice('\n')
			l.whole = append(l.whole, line...)
		}
		line = l.whole
	}
	switch {
	case errors.Is(err, io.EOF) && len(line) == 0:
		return nil, io.EOF
	case err != nil:
		return nil, l.wrong("is cut off, or too long")
	}
	return line[:len(line)-1], nil
}

// wrong is what is wrong with the line.
func (l *lines) wrong(what string) error {
	return wrong("has a line %d of %s that %s", l.n, l.part, strings.TrimSpace(what))
}
