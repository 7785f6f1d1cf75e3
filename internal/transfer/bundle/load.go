package bundle

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"clientele/internal/fault"
	"clientele/internal/history"
	"clientele/internal/portable"
	"clientele/internal/sqldb"
)

var (
	selectLoad = sqldb.Static(`SELECT bundle_hash, progress FROM bundle_loads WHERE store_id = $1`)
	insertLoad = sqldb.Static(`INSERT INTO bundle_loads (store_id, bundle_hash, progress, date_created, date_modified) VALUES ($1, $2, $3, $4, $4)`)
	moveLoad   = sqldb.Static(`UPDATE bundle_loads SET progress = $4, date_modified = $5 WHERE store_id = $1 AND bundle_hash = $2 AND progress = $3`)
	dropLoad   = sqldb.Static(`DELETE FROM bundle_loads WHERE store_id = $1`)
)

// arrived is the progress of a bundle of which all is there. The row stays, so that
// whoever was cut off after the last commit is told so.
const arrived = "arrived"

var (
	// ErrElsewhere: somebody else fills the store from the same bundle.
	ErrElsewhere = fault.New(fault.Conflict, "another process fills the store from this bundle")
	errOther     = fault.New(fault.Conflict, "the store is filled from another bundle, which has not arrived wholly: give that one, and it goes on")
)

// place is how far a load has come.
type place struct {
	Part    int              `json:"part"` // of the manifest; those before are there
	Records int64            `json:"records"`
	Before  int64            `json:"before"` // records of earlier parts
	Number  int64            `json:"number"` // of the last record of the part
	Last    map[string]int64 `json:"last"`
}

func (p place) text() (string, error) {
	b, err := json.Marshal(p)
	return string(b), err
}

// Import fills an empty store from a bundle, or goes on where it was cut off. The
// file is checked before a record is taken, and each batch is stored with how far
// it came. Nobody should write to the store meanwhile. A bundle that has filled the
// store before changes nothing: there is then true.
func (s *Service) Import(ctx context.Context, storeID int64, f *File, each func(Progress)) (there bool, err error) {
	if err := f.Check(ctx); err != nil {
		return false, err
	}
	at, there, err := s.begin(ctx, storeID, f)
	if err != nil {
		return false, err
	}
	if there {
		return true, s.After(ctx, storeID)
	}
	l := load{Service: s, File: f, store: storeID, at: at, each: each, of: f.Records()}
	for l.at.Part < len(f.Parts) {
		if err := l.part(ctx); err != nil {
			return false, err
		}
	}
	if err := l.end(ctx); err != nil {
		return false, err
	}
	return false, s.After(ctx, storeID)
}

// begin notes that a store is filled, or finds how far that has come, or that it was
// filled from the same bundle. One that is empty again is filled anew.
func (s *Service) begin(ctx context.Context, storeID int64, f *File) (at place, there bool, err error) {
	at = place{Last: map[string]int64{}}
	first, err := at.text()
	if err != nil {
		return at, false, err
	}
	now := s.System.Now()
	err = s.DB.Write(ctx, storeID, func(tx *sqldb.Tx) error {
		there = false
		hash, progress := "", ""
		if err := tx.Query(selectLoad, func(r *sqldb.Row) error { hash, progress = r.Text(0), r.Text(1); return nil }); err != nil {
			return err
		}
		switch {
		case hash == "", progress == arrived:
		case hash == f.Hash:
			return json.Unmarshal([]byte(progress), &at)
		default:
			return errOther
		}
		for i := range s.Config.Parts {
			p := &s.Config.Parts[i]
			taken, err := p.Taken(tx)
			if err != nil {
				return err
			}
			if there = taken && hash == f.Hash; there {
				return nil
			}
			if taken {
				return fault.New(fault.Conflict, "the store is not empty, it has "+p.Name+": a bundle fills a new one (clientele store create)")
			}
		}
		if err := tx.Exec(dropLoad); err != nil {
			return err
		}
		return tx.Exec(insertLoad, f.Hash, first, now)
	})
	return at, there, err
}

// load is a bundle on its way into a store.
type load struct {
	*Service
	*File
	store int64
	at    place
	each  func(Progress)
	of    int64
}

// known returns the part that a bundle names.
func (l *load) known(name string) *portable.Part {
	for i := range l.Config.Parts {
		if l.Config.Parts[i].Name == name {
			return &l.Config.Parts[i]
		}
	}
	return nil // Open has looked
}

// part takes the rest of a part.
func (l *load) part(ctx context.Context) error {
	t := l.Manifest.Parts[l.at.Part]
	p := l.known(t.Name)
	in, err := l.lines(t.Name)
	if err != nil {
		return err
	}
	defer in.Close()
	for range l.at.Records {
		if _, err := in.next(); err != nil {
			return err
		}
	}
	for part := l.at.Part; l.at.Part == part; {
		batch, end, err := l.records(p, in)
		if err != nil {
			return err
		}
		if err := l.take(ctx, p, batch, end); err != nil {
			return err
		}
		if l.each != nil {
			l.each(Progress{Part: t.Name, Records: l.at.Before + l.at.Records, Of: l.of})
		}
	}
	return nil
}

// records reads the next batch, and whether it is the last one.
func (l *load) records(p *portable.Part, in *lines) (out []portable.Record, end bool, err error) {
	out = make([]portable.Record, 0, l.batch)
	for int64(len(out)) < l.batch {
		line, err := in.next()
		if errors.Is(err, io.EOF) {
			return out, true, nil
		}
		if err != nil {
			return nil, false, err
		}
		r, err := p.Parse(line)
		if err != nil {
			return nil, false, in.wrong(err.Error())
		}
		out = append(out, r)
	}
	return out, false, nil
}

// take stores a batch with how far the load has come then.
func (l *load) take(ctx context.Context, p *portable.Part, records []portable.Record, end bool) error {
	before, err := l.at.text()
	if err != nil {
		return err
	}
	next := l.at
	next.Records += int64(len(records))
	if n := len(records); n > 0 {
		next.Number = records[n-1].Number()
	}
	if end {
		next.Last = map[string]int64{}
		for name, n := range l.at.Last {
			next.Last[name] = n
		}
		next.Last[p.Name] = next.Number
		next = place{Part: l.at.Part + 1, Before: l.at.Before + next.Records, Last: next.Last}
	}
	after, err := next.text()
	if err != nil {
		return err
	}
	err = l.DB.Write(ctx, l.store, func(tx *sqldb.Tx) error {
		now := l.System.Now()
		n, err := tx.ExecCount(moveLoad, l.Hash, before, after, now)
		if err != nil {
			return err
		}
		if n == 0 {
			return ErrElsewhere
		}
		if l.at.Records == 0 {
			tx.Replan() // tables fill up
			if p.Clear != nil {
				if err := p.Clear(tx); err != nil {
					return err
				}
			}
		}
		// What is written may be changed on the way, and the transaction run again.
		copied := make([]portable.Record, len(records))
		for i, r := range records {
			copied[i] = r.Copy()
		}
		return p.Write(tx, portable.Batch{Before: l.at.Number, Records: copied, Now: now})
	})
	if errors.Is(err, sqldb.ErrUnique) || errors.Is(err, sqldb.ErrForeignKey) {
		return fmt.Errorf("%w: %w", fault.New(fault.Conflict, "a record of "+p.Name+" is there already, or what it belongs to is not: the store was written to while it was filled, or the bundle was not written by this program"), err)
	}
	if err == nil {
		l.at = next
	}
	return err
}

// end brings up to date what follows the records, and notes that all are there.
func (l *load) end(ctx context.Context) error {
	before, err := l.at.text()
	if err != nil {
		return err
	}
	return l.DB.Write(ctx, l.store, func(tx *sqldb.Tx) error {
		now := l.System.Now()
		n, err := tx.ExecCount(moveLoad, l.Hash, before, arrived, now)
		if err != nil {
			return err
		}
		if n == 0 {
			return ErrElsewhere
		}
		e := history.Entry{Action: history.Imported, Resource: history.Bundle}
		e.Add(false, history.FieldCount, "", history.Int(l.of))
		e.Add(false, history.FieldHash, "", history.Text(l.Hash))
		if err := history.Enter(tx, now, e); err != nil {
			return err
		}
		tx.Mute(sqldb.Muted{Entries: true}) // the entry above stands for all that came
		if err := l.Rename(tx, now, l.Manifest.Name); err != nil {
			return err
		}
		tx.Mute(sqldb.Muted{})
		return l.Arrived(tx, now, Arrival{&l.Manifest, l.at.Last})
	})
}
