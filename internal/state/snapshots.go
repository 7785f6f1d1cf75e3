package state

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"

	"clientele/internal/fault"
	"clientele/internal/sqldb"
)

// Snapshot is what there is of a snapshot.
type Snapshot struct {
	Name    string
	Created int64
	Stores  []string // hashes
	Size    int64    // bytes
}

const (
	// maxSnapshots and maxBody bound the snapshots of a database.
	maxSnapshots = 200
	maxBody      = 256 << 20
	// maxRead bounds how many are kept as they were read.
	maxRead = 8
)

var nameForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

var (
	allSnapshots   = sqldb.Global(`SELECT name, date_created, about, LENGTH(body) FROM schema_snapshots ORDER BY name`)
	aboutSnapshot  = sqldb.Global(`SELECT version FROM schema_snapshots WHERE name = $1`)
	selectSnapshot = sqldb.Global(`SELECT body FROM schema_snapshots WHERE name = $1 AND version = $2`)
	putSnapshot    = sqldb.Global(`INSERT INTO schema_snapshots (name, version, date_created, about, body) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (name) DO UPDATE SET version = excluded.version, date_created = excluded.date_created, about = excluded.about, body = excluded.body`)
	dropSnapshot = sqldb.Global(`DELETE FROM schema_snapshots WHERE name = $1`)
)

// about is what a list tells of a snapshot.
type about struct {
	Stores []string `json:"stores"`
}

func noSnapshot(name string) error {
	return fault.New(fault.NotFound, fmt.Sprintf("there is no snapshot %q", name))
}

// Snapshots returns all snapshots by name.
func (s *Service) Snapshots(ctx context.Context) (out []Snapshot, err error) {
	err = s.DB.Read(ctx, 0, func(tx *sqldb.Tx) error {
		out = []Snapshot{}
		return tx.Query(allSnapshots, func(r *sqldb.Row) error {
			var a about
			if err := json.Unmarshal([]byte(r.Text(2)), &a); err != nil {
				return err
			}
			out = append(out, Snapshot{Name: r.Text(0), Created: r.Int(1), Stores: a.Stores, Size: r.Int(3)})
			return nil
		})
	})
	return out, err
}

// Save takes a snapshot of stores, or of all there is if none is named, in place
// of what had the name.
func (s *Service) Save(ctx context.Context, name string, hashes []string) (*Snapshot, error) {
	if err := checkName(name); err != nil {
		return nil, err
	}
	if err := s.draw(ctx, hashes); err != nil {
		return nil, err
	}
	c, err := s.hold(ctx, hashes)
	if err != nil {
		return nil, err
	}
	body, err := s.encode(c)
	if err != nil {
		return nil, err
	}
	return s.put(ctx, name, c, body)
}

// Load keeps a snapshot that comes as a file.
func (s *Service) Load(ctx context.Context, name string, file []byte) (*Snapshot, error) {
	if err := checkName(name); err != nil {
		return nil, err
	}
	if err := s.wait(ctx); err != nil {
		return nil, err
	}
	c, err := s.decode(file)
	if err != nil {
		return nil, err
	}
	return s.put(ctx, name, c, file)
}

func checkName(name string) error {
	if !nameForm.MatchString(name) {
		return fault.New(fault.Invalid, "the name of a snapshot has 1 to 64 letters, digits, dots, hyphens and underscores, and begins with a letter or digit")
	}
	return nil
}

func (s *Service) put(ctx context.Context, name string, c *image, body []byte) (*Snapshot, error) {
	if len(body) > maxBody {
		return nil, fault.New(fault.TooLarge, fmt.Sprintf("a snapshot has at most %d MiB", maxBody>>20))
	}
	out := &Snapshot{Name: name, Created: c.made, Size: int64(len(body))}
	for _, k := range c.stores {
		out.Stores = append(out.Stores, k.Hash)
	}
	text, err := json.Marshal(about{out.Stores})
	if err != nil {
		return nil, err
	}
	version := int64(0)
	err = s.DB.Write(ctx, 0, func(tx *sqldb.Tx) error {
		n, there := 0, false
		if err := tx.Query(allSnapshots, func(r *sqldb.Row) error {
			n++
			there = there || r.Text(0) == name
			return nil
		}); err != nil {
			return err
		}
		if n >= maxSnapshots && !there {
			return fault.New(fault.Conflict, fmt.Sprintf("there are %d snapshots: delete some", n))
		}
		version = tx.Draw()
		return tx.Exec(putSnapshot, name, version, c.made, string(text), body)
	})
	if err == nil {
		s.remember(name, version, c)
	}
	return out, err
}

// key tells versions of a snapshot apart.
func key(name string, version int64) string { return fmt.Sprint(name, " ", version) }

// remember keeps a snapshot as it was read.
func (s *Service) remember(name string, version int64, c *image) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.read) >= maxRead {
		clear(s.read)
	}
	s.read[key(name, version)] = c
}

// body returns a snapshot's version and file; without a file if that version was
// read before.
func (s *Service) body(ctx context.Context, name string) (c *image, file []byte, err error) {
	if err := s.wait(ctx); err != nil {
		return nil, nil, err
	}
	version := int64(0)
	err = s.DB.Read(ctx, 0, func(tx *sqldb.Tx) error {
		found := false
		if err := tx.Query(aboutSnapshot, func(r *sqldb.Row) error { version, found = r.Int(0), true; return nil }, name); err != nil {
			return err
		}
		if !found {
			return noSnapshot(name)
		}
		s.mu.Lock()
		c = s.read[key(name, version)]
		s.mu.Unlock()
		if c != nil {
			return nil
		}
		return tx.Query(selectSnapshot, func(r *sqldb.Row) error { file = r.Bytes(0); return nil }, name, version)
	})
	switch {
	case err != nil || c != nil:
		return c, nil, err
	case file == nil: // it was replaced in between
		return nil, nil, noSnapshot(name)
	}
	if c, err = s.decode(file); err == nil {
		s.remember(name, version, c)
	}
	return c, file, err
}

// named returns a snapshot's content.
func (s *Service) named(ctx context.Context, name string) (*image, error) {
	c, _, err := s.body(ctx, name)
	return c, err
}

// File returns a snapshot as a file that other servers take, on any engine: what
// is encrypted here is not in it.
func (s *Service) File(ctx context.Context, name string) ([]byte, error) {
	c, err := s.named(ctx, name)
	if err != nil {
		return nil, err
	}
	out := &image{made: c.made, plain: true, stores: slices.Clone(c.stores), installation: c.installation}
	if !c.plain {
		err = s.DB.Read(ctx, 0, func(tx *sqldb.Tx) (err error) {
			for i := range out.stores {
				if out.stores[i].holds, err = s.plain(tx, c.stores[i].holds, c.stores[i].ID); err != nil {
					return err
				}
			}
			if c.installation != nil {
				out.installation, err = s.plain(tx, c.installation, installationID)
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return s.encode(out)
}

// Delete deletes a snapshot.
func (s *Service) Delete(ctx context.Context, name string) error {
	return s.DB.Write(ctx, 0, func(tx *sqldb.Tx) error {
		n, err := tx.ExecCount(dropSnapshot, name)
		if err == nil && n == 0 {
			err = noSnapshot(name)
		}
		return err
	})
}

// Restore has stores hold what they did in a snapshot. If none is named, those of
// the snapshot; and if that is of all there was, there are no others then.
func (s *Service) Restore(ctx context.Context, name string, hashes []string) error {
	c, err := s.named(ctx, name)
	if err != nil {
		return err
	}
	if hashes == nil {
		return s.goTo(ctx, c, c.installation != nil)
	}
	some := &image{made: c.made, plain: c.plain}
	for _, hash := range hashes {
		i := slices.IndexFunc(c.stores, func(k kept) bool { return k.Hash == hash })
		if i < 0 {
			return fault.New(fault.NotFound, fmt.Sprintf("the snapshot %q has no store %q", name, hash))
		}
		some.stores = append(some.stores, c.stores[i])
	}
	return s.goTo(ctx, some, false)
}
