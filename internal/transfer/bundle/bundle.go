// Package bundle writes all that a store consists of into one file, and fills an
// empty store from it.
//
// A bundle is a ZIP archive that holds, for each part of a store, a text of JSON
// objects, one a line, in the order of their keys, and manifest.json, which says how
// many records each part has and what its SHA-256 is. It holds no time of day and
// nothing of where the store is: a store that has arrived, written again, gives the
// same bytes.
//
// What the parts are tell the packages whose tables they come from (package
// portable).
package bundle

import (
	"archive/zip"
	"compress/flate"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"

	"clientele/internal/history"
	"clientele/internal/portable"
	"clientele/internal/sqldb"
	"clientele/internal/system"
)

const (
	format       = "clientele bundle"
	version      = 1
	manifestName = "manifest.json"
	extension    = ".ndjson"
)

// Manifest says what a bundle holds.
type Manifest struct {
	Format  string `json:"format"`
	Version int    `json:"version"`
	// Name is the store's.
	Name string `json:"store_name"`
	// Secrets: it holds hashes of passwords, and what else is of use to whoever has
	// it.
	Secrets bool        `json:"secrets"`
	Parts   []PartTotal `json:"parts"`
}

// PartTotal is what a bundle holds of a part.
type PartTotal struct {
	Name    string `json:"name"`
	Records int64  `json:"records"`
	Bytes   int64  `json:"bytes"`
	SHA256  string `json:"sha256"` // in hexadecimal
}

// Of returns how many records a bundle holds of a part.
func (m *Manifest) Of(part string) int64 {
	for i := range m.Parts {
		if m.Parts[i].Name == part {
			return m.Parts[i].Records
		}
	}
	return 0
}

// Records returns how many records a bundle holds.
func (m *Manifest) Records() (n int64) {
	for i := range m.Parts {
		n += m.Parts[i].Records
	}
	return n
}

// Progress is how far an export or an import has come.
type Progress struct {
	Part    string
	Records int64 // of all parts
	Of      int64 // 0: not known
}

// Config is what a Service needs.
type Config struct {
	DB     *sqldb.DB
	System *system.System
	// Parts are those of a store, in an order in which what others refer to comes
	// first.
	Parts []portable.Part
	// Ready returns a fault where a store cannot be written at the moment.
	Ready func(tx *sqldb.Tx) error
	// Name returns the name of a store, Rename gives it one.
	Name   func(tx *sqldb.Tx) (string, error)
	Rename func(tx *sqldb.Tx, now int64, name string) error
	// Arrived brings up to date what follows the records, once all are there.
	Arrived func(tx *sqldb.Tx, now int64, a Arrival) error
	// After does what is left then. A job would do it as well.
	After func(ctx context.Context, storeID int64) error
}

// Arrival is what has arrived in a store.
type Arrival struct {
	*Manifest
	Last map[string]int64 // the number of the last record of each part that has numbers
}

// Service writes and reads bundles.
type Service struct {
	Config
	// page is how many records are read at once, batch how many are written in one
	// transaction.
	page, batch int64
}

// NewService returns a Service.
func NewService(c Config) *Service { return &Service{c, 2000, 2000} }

// Parts are those that a bundle may have.
func (s *Service) Parts() []portable.Part { return s.Config.Parts }

// Export writes a store as it is at one moment, while others write to it. What it
// wrote is no bundle if it returns an error. That the store was written is in its
// history before the first byte is.
func (s *Service) Export(ctx context.Context, storeID int64, o portable.Options, to io.Writer, each func(Progress)) (*Manifest, error) {
	if err := s.DB.Write(ctx, storeID, func(tx *sqldb.Tx) error {
		e := history.Entry{Action: history.Exported, Resource: history.Bundle}
		if o.Secrets {
			e.Add(false, history.FieldOptions, "", history.Text("secrets"))
		}
		return history.Enter(tx, s.System.Now(), e)
	}); err != nil {
		return nil, err
	}
	w := newWriter(to)
	m := &Manifest{Format: format, Version: version, Secrets: o.Secrets, Parts: []PartTotal{}}
	err := s.DB.Snapshot(ctx, storeID, func(tx *sqldb.Tx) (err error) {
		if err := s.Ready(tx); err != nil {
			return err
		}
		if m.Name, err = s.Name(tx); err != nil {
			return err
		}
		at := Progress{}
		for i := range s.Config.Parts {
			p := &s.Config.Parts[i]
			if p.Secret && !o.Secrets {
				continue
			}
			if err := w.begin(p.Name); err != nil {
				return err
			}
			at.Part = p.Name
			if err := s.part(ctx, tx, o, p, w, &at, each); err != nil {
				return err
			}
		}
		return nil
	})
	totals, ended := w.end()
	if err = errors.Join(err, ended); err != nil {
		return nil, err
	}
	m.Parts = totals
	return m, w.finish(m)
}

// part writes the records of a part.
func (s *Service) part(ctx context.Context, tx *sqldb.Tx, o portable.Options, p *portable.Part, w *writer, at *Progress, each func(Progress)) error {
	var after []any // the key of the last record
	for {
		n := 0
		if err := p.Read(tx, o, after, s.page, func(r portable.Record) error {
			n++
			after = r.Key(after)
			return w.record(r)
		}); err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		at.Records += int64(n)
		if each != nil {
			each(*at)
		}
		if n == 0 { // a page may leave out some
			return nil
		}
	}
}

// chunk is text on its way to the archive, or the beginning of a part.
type chunk struct {
	part    string // begins
	text    []byte
	records int64
}

const (
	chunkSize = 256 << 10
	chunks    = 4
)

// writer compresses beside whoever reads records.
type writer struct {
	zip   *zip.Writer
	out   chan chunk
	free  chan []byte
	done  chan struct{}
	bad   chan struct{} // closed where err is set
	err   error
	now   chunk
	parts []PartTotal
}

func newWriter(to io.Writer) *writer {
	w := &writer{zip: zip.NewWriter(to), out: make(chan chunk, chunks), free: make(chan []byte, chunks+2), done: make(chan struct{}), bad: make(chan struct{}), parts: []PartTotal{}}
	w.zip.RegisterCompressor(zip.Deflate, func(to io.Writer) (io.WriteCloser, error) { return flate.NewWriter(to, flate.BestSpeed) })
	for range cap(w.free) {
		w.free <- make([]byte, 0, chunkSize+chunkSize/4)
	}
	w.now.text = <-w.free
	go w.run()
	return w
}

// run is the other side.
func (w *writer) run() {
	defer close(w.done)
	var to io.Writer
	var sum hash.Hash
	seal := func() {
		if k := len(w.parts) - 1; k >= 0 {
			w.parts[k].SHA256 = hex.EncodeToString(sum.Sum(nil))
		}
	}
	for c := range w.out {
		if w.err == nil {
			var err error
			if c.part != "" {
				seal()
				sum = sha256.New()
				w.parts = append(w.parts, PartTotal{Name: c.part})
				to, err = w.zip.CreateHeader(&zip.FileHeader{Name: c.part + extension, Method: zip.Deflate})
			} else {
				p := &w.parts[len(w.parts)-1]
				p.Records, p.Bytes = p.Records+c.records, p.Bytes+int64(len(c.text))
				sum.Write(c.text)
				_, err = to.Write(c.text)
			}
			if err != nil {
				w.err = err
				close(w.bad)
			}
		}
		if c.text != nil {
			w.free <- c.text[:0]
		}
	}
	seal()
}

func (w *writer) send(c chunk) error {
	select {
	case w.out <- c:
		return nil
	case <-w.bad:
		return w.err
	}
}

// flush sends what was collected.
func (w *writer) flush() error {
	if len(w.now.text) == 0 {
		return nil
	}
	c := w.now
	if err := w.send(c); err != nil {
		return err
	}
	w.now = chunk{text: <-w.free}
	return nil
}

// begin begins a part.
func (w *writer) begin(part string) error {
	if err := w.flush(); err != nil {
		return err
	}
	return w.send(chunk{part: part})
}

func (w *writer) record(r portable.Record) error {
	w.now.text = append(r.Append(w.now.text), '\n')
	w.now.records++
	if len(w.now.text) < chunkSize {
		return nil
	}
	return w.flush()
}

// end waits for the other side, and returns what was written.
func (w *writer) end() ([]PartTotal, error) {
	err := w.flush()
	close(w.out)
	<-w.done
	return w.parts, errors.Join(err, w.err)
}

// finish writes the manifest and the end of the archive.
func (w *writer) finish(m *Manifest) error {
	to, err := w.zip.CreateHeader(&zip.FileHeader{Name: manifestName, Method: zip.Deflate})
	if err != nil {
		return err
	}
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	if _, err := to.Write(append(text, '\n')); err != nil {
		return err
	}
	return w.zip.Close()
}

// String tells how far it came.
func (p Progress) String() string {
	if p.Of == 0 {
		return fmt.Sprintf("%d records, at %s", p.Records, p.Part)
	}
	return fmt.Sprintf("%d of %d records, at %s", p.Records, p.Of, p.Part)
}
