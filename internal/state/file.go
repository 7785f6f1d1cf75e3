package state

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"clientele/internal/fault"
	"clientele/internal/sqldb"
	"clientele/internal/store"
)

// A snapshot as a file is gzip of: the line fileMark; the length of a JSON
// object and that (fileHeader); and for each store, and then the installation if
// it is a part, the rows of each table of the header: how many, how long, and
// they themselves (rows). Lengths are unsigned varints. It is the same on all
// engines.
const fileMark = "clientele snapshot 1\n"

type fileHeader struct {
	Schema       int64       `json:"schema"` // migrations
	Made         int64       `json:"made"`
	Plain        bool        `json:"plain"`
	Shops        fileTable   `json:"shops"` // the rows of stores themselves
	Tables       []fileTable `json:"tables"`
	Stores       []fileStore `json:"stores"`
	Installation bool        `json:"installation"`
}

type fileTable struct {
	Name    string       `json:"name"`
	Columns []fileColumn `json:"columns"` // those of the key first
}

type fileColumn struct {
	Name string `json:"name"`
	Type string `json:"type"`
}

type fileStore struct {
	Hash string `json:"hash"`
	Row  []byte `json:"row"`
}

func newFileTable(t *table) fileTable {
	out := fileTable{Name: t.name}
	for _, col := range t.columns {
		out.Columns = append(out.Columns, fileColumn{col.Name, col.Type})
	}
	return out
}

// maxFile bounds what is read of a file, uncompressed.
const maxFile = 1 << 30

func schemaVersion(e sqldb.Engine) (int64, error) {
	all, err := sqldb.Migrations(e)
	return int64(len(all)), err
}

// packer writes a file.
type packer struct {
	out bytes.Buffer
	z   *gzip.Writer
	b   []byte
}

// newPacker begins a file.
func (s *Service) newPacker(h fileHeader) (*packer, error) {
	var err error
	if h.Schema, err = schemaVersion(s.DB.Engine()); err != nil {
		return nil, err
	}
	h.Shops = newFileTable(s.plan.shops)
	for _, t := range s.plan.tables {
		h.Tables = append(h.Tables, newFileTable(t))
	}
	head, err := json.Marshal(h)
	if err != nil {
		return nil, err
	}
	p := &packer{}
	if p.z, err = gzip.NewWriterLevel(&p.out, gzip.BestSpeed); err != nil {
		return nil, err
	}
	p.b = append(binary.AppendUvarint([]byte(fileMark), uint64(len(head))), head...)
	_, err = p.z.Write(p.b)
	return p, err
}

// rows writes the rows of the next table.
func (p *packer) rows(count int, data []byte) error {
	p.b = binary.AppendUvarint(binary.AppendUvarint(p.b[:0], uint64(count)), uint64(len(data)))
	if _, err := p.z.Write(p.b); err != nil {
		return err
	}
	_, err := p.z.Write(data)
	return err
}

// end ends the file and returns it.
func (p *packer) end() ([]byte, error) {
	err := p.z.Close()
	return p.out.Bytes(), err
}

func header(made int64, stores []shop) fileHeader {
	h := fileHeader{Made: made}
	for _, st := range stores {
		h.Stores = append(h.Stores, fileStore{st.Hash, st.row})
	}
	return h
}

// encode returns content as a file.
func (s *Service) encode(c *image) ([]byte, error) {
	stores := make([]shop, len(c.stores))
	holds := make([]holding, 0, len(c.stores)+1)
	for i, k := range c.stores {
		stores[i] = k.shop
		holds = append(holds, k.holds)
	}
	h := header(c.made, stores)
	h.Plain, h.Installation = c.plain, c.installation != nil
	if h.Installation {
		holds = append(holds, c.installation)
	}
	p, err := s.newPacker(h)
	if err != nil {
		return nil, err
	}
	for _, hold := range holds {
		for _, t := range s.plan.tables {
			if r := hold.of(t); err == nil {
				err = p.rows(r.len(), r.data)
			}
		}
	}
	if err != nil {
		return nil, err
	}
	return p.end()
}

// pack returns what stores and the installation hold as a file. It keeps the rows
// of one table at a time.
func (s *Service) pack(tx *sqldb.Tx, stores []shop) ([]byte, error) {
	h := header(s.System.Now(), stores)
	h.Installation = true
	p, err := s.newPacker(h)
	if err != nil {
		return nil, err
	}
	var data []byte
	for _, st := range append(slices.Clone(stores), shop{ID: installationID}) {
		in := tx.In(st.ID)
		of := s.plan.tablesOf(st.ID)
		for _, t := range s.plan.tables {
			count := 0
			data = data[:0]
			if slices.Contains(of, t) {
				if err := in.Query(t.read, func(r *sqldb.Row) error {
					data = t.encode(data, r)
					count++
					return nil
				}); err != nil {
					return nil, err
				}
			}
			if err := p.rows(count, data); err != nil {
				return nil, err
			}
		}
	}
	return p.end()
}

func damaged(why string) error {
	return fault.New(fault.Invalid, "the body is no snapshot that can be used: "+why)
}

var errFile = errors.New("the file is damaged")

// decode reads a file, whose every row is looked at.
func (s *Service) decode(file []byte) (*image, error) {
	c, err := s.parse(file)
	if err != nil && fault.As(err) == nil {
		err = damaged(err.Error())
	}
	return c, err
}

func (s *Service) parse(file []byte) (*image, error) {
	z, err := gzip.NewReader(bytes.NewReader(file))
	if err != nil {
		return nil, errFile
	}
	in := bufio.NewReader(io.LimitReader(z, maxFile))
	take := func(n uint64) ([]byte, error) {
		if n > maxFile {
			return nil, errFile
		}
		// Memory grows with what is there, not with what the file says.
		var b bytes.Buffer
		if got, err := io.CopyN(&b, in, int64(n)); err != nil || uint64(got) != n {
			return nil, errFile
		}
		return b.Bytes(), nil
	}
	if mark, err := take(uint64(len(fileMark))); err != nil || string(mark) != fileMark {
		return nil, errors.New("it does not begin as one does")
	}
	size, err := binary.ReadUvarint(in)
	if err != nil {
		return nil, errFile
	}
	head, err := take(size)
	if err != nil {
		return nil, err
	}
	var h fileHeader
	if err := json.Unmarshal(head, &h); err != nil {
		return nil, errFile
	}
	version, err := schemaVersion(s.DB.Engine())
	if err != nil {
		return nil, err
	}
	if h.Schema != version {
		return nil, fmt.Errorf("it was made with %d migrations, and this server has %d", h.Schema, version)
	}
	match := func(t *table, ft fileTable) (columns []int, err error) {
		if t == nil || len(ft.Columns) != len(t.columns) {
			return nil, fmt.Errorf("the table %q is not one of this server's", ft.Name)
		}
		for _, col := range t.columns {
			at := slices.Index(ft.Columns, fileColumn{col.Name, col.Type})
			if at < 0 {
				return nil, fmt.Errorf("the table %q has no column %q of type %s", ft.Name, col.Name, col.Type)
			}
			columns = append(columns, at)
		}
		return columns, nil
	}
	columns := make([][]int, len(h.Tables))
	tables := make([]*table, len(h.Tables))
	for i, ft := range h.Tables {
		t := s.plan.named[ft.Name]
		if slices.Contains(tables, t) {
			return nil, errFile
		}
		if columns[i], err = match(t, ft); err != nil {
			return nil, err
		}
		tables[i] = t
	}
	shops, err := match(s.plan.shops, h.Shops)
	if err != nil {
		return nil, err
	}
	c := &image{made: h.Made, plain: h.Plain}
	hold := func(of []*table) (holding, error) {
		out := make(holding, len(s.plan.tables))
		for i, t := range tables {
			count, err := binary.ReadUvarint(in)
			if err != nil {
				return nil, errFile
			}
			size, err := binary.ReadUvarint(in)
			if err != nil {
				return nil, errFile
			}
			data, err := take(size)
			if err != nil {
				return nil, err
			}
			if count > 0 && !slices.Contains(of, t) {
				return nil, errFile
			}
			if out[t.place], err = readRows(t, h.Tables[i].Columns, columns[i], count, data); err != nil {
				return nil, fmt.Errorf("the table %q: %w", t.name, err)
			}
		}
		return out, nil
	}
	for _, st := range h.Stores {
		row, err := readRows(s.plan.shops, h.Shops.Columns, shops, 1, st.Row)
		if err != nil {
			return nil, err
		}
		k := kept{}
		if k.shop, err = s.plan.shopOf(row.data); err != nil {
			return nil, err
		}
		if !store.IsHash(k.Hash) || k.ID < 1 || slices.ContainsFunc(c.stores, func(o kept) bool { return o.Hash == k.Hash || o.ID == k.ID }) {
			return nil, errFile
		}
		if k.holds, err = hold(s.plan.stores()); err != nil {
			return nil, err
		}
		c.stores = append(c.stores, k)
	}
	if h.Installation {
		if c.installation, err = hold(s.plan.tables); err != nil {
			return nil, err
		}
	}
	if n, err := io.Copy(io.Discard, in); n != 0 || err != nil { // the end has a checksum
		return nil, errFile
	}
	return c, nil
}

// readRows reads the rows of a table whose columns are in another order.
func readRows(t *table, of []fileColumn, order []int, count uint64, data []byte) (*rows, error) {
	out := &rows{}
	fields := make([][]byte, len(of))
	var row []byte
	for range count {
		for i, c := range of {
			n := fieldLen(c.Type, data)
			if n < 0 {
				return nil, errRow
			}
			fields[i], data = data[:n], data[n:]
		}
		row = tuple(row[:0], fields, order)
		if err := t.check(row); err != nil {
			return nil, err
		}
		out.add(row)
	}
	if len(data) > 0 {
		return nil, errRow
	}
	return out, nil
}
