package segment

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strconv"

	"clientele/internal/fault"
	"clientele/internal/opt"
	"clientele/internal/rule"
	"clientele/internal/sqldb"
)

// Kept is a segment with the rule by which it keeps itself; nil: members are
// chosen by hand.
type Kept struct {
	Segment
	Rule *Rule
	// Waiting tells that the rule has yet to look at customers who changed.
	Waiting bool
}

// Version tells states of a segment and its rule apart.
func (s *Kept) Version() string {
	h := sha256.New()
	parts := []string{s.Name, s.Description}
	if r := s.Rule; r != nil {
		parts = append(parts, r.bound.String(), strconv.FormatInt(r.GroupID, 10), strconv.FormatInt(r.Priority, 10), strconv.FormatBool(r.TakesOver))
	}
	for _, part := range parts {
		h.Write(strconv.AppendQuote(nil, part))
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}

// Save is the command to make a segment or, of a UUID, to change one, together
// with its rule.
type Save struct {
	UUID string
	// Version is that of the segment that is changed.
	Version           string
	Name, Description string
	Rule              *PutRule // nil: by hand
}

// ErrStale: somebody else has changed the segment meanwhile.
var ErrStale = fault.New(fault.Conflict, "the segment was changed meanwhile")

var oneSegment = sqldb.Static(`SELECT ` + segmentColumns + ` FROM segments WHERE store_id = $1 AND uuid = $2`)

// Get returns a segment with its rule, or a NotFound fault.
func (k *Keeper) Get(ctx context.Context, storeID int64, segment string) (out *Kept, err error) {
	err = k.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
		out, err = k.get(tx, segment)
		return err
	})
	return out, err
}

func (k *Keeper) get(tx *sqldb.Tx, segment string) (*Kept, error) {
	if segment = normalize(segment); !uuidForm().MatchString(segment) {
		return nil, errNoSegment
	}
	out := &Kept{}
	if err := tx.Query(oneSegment, func(r *sqldb.Row) error { out.scan(r); return nil }, segment); err != nil {
		return nil, err
	}
	if out.ID == 0 {
		return nil, errNoSegment
	}
	b, err := k.read(tx)
	if err != nil {
		return nil, err
	}
	r := b.of(out.ID)
	if r == nil {
		return out, nil
	}
	out.Rule = &r.Rule
	if err := tx.Query(lastOfAll, func(row *sqldb.Row) error { out.Rule.Last = row.Int(0); return nil }); err != nil {
		return nil, err
	}
	marks, err := rule.Marks(tx, 1)
	out.Waiting = len(marks) > 0
	return out, err
}

// Subjects returns what rules of a store may compare.
func (k *Keeper) Subjects(ctx context.Context, storeID int64) (out []rule.Subject, groups []rule.Named, err error) {
	err = k.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
		names, err := k.names(tx)
		if err == nil {
			out, groups = names.Subjects(), names.Groups
		}
		return err
	})
	return out, groups, err
}

// Save makes or changes a segment and its rule, and returns the segment's UUID.
func (k *Keeper) Save(ctx context.Context, storeID int64, in Save) (uuid string, err error) {
	zone, err := k.zone(ctx, storeID)
	if err != nil {
		return "", err
	}
	err = k.db.Write(ctx, storeID, func(tx *sqldb.Tx) (err error) {
		drop := false
		if in.UUID == "" {
			uuid, err = k.make(tx, in)
		} else {
			uuid, drop, err = k.change(tx, in)
		}
		switch {
		case err != nil:
			return err
		case in.Rule != nil:
			return k.put(tx, uuid, *in.Rule, zone)
		case drop:
			id, err := idOf(tx, segmentByUUID, uuid, errNoSegment)
			if err != nil {
				return err
			}
			return k.drop(tx, id)
		}
		return nil
	})
	if errors.Is(err, sqldb.ErrUnique) {
		err = nameTaken(1)
	}
	return uuid, fault.Alone(err)
}

func (k *Keeper) make(tx *sqldb.Tx, in Save) (string, error) {
	all := []Create{{Name: in.Name, Description: in.Description}}
	if err := checkCreate(all); err != nil {
		return "", err
	}
	made, err := NewService(k.db, k.sys).create(tx, all)
	if err != nil {
		return "", err
	}
	return made[0].UUID, nil
}

// change changes a segment. It reports whether it had a rule that goes.
func (k *Keeper) change(tx *sqldb.Tx, in Save) (uuid string, drop bool, err error) {
	if _, err := lockSegment(tx, in.UUID); err != nil {
		return "", false, err
	}
	old, err := k.get(tx, in.UUID)
	if err != nil {
		return "", false, err
	}
	if old.Version() != in.Version {
		return "", false, ErrStale
	}
	all := []Update{{UUID: in.UUID, Name: opt.Some(in.Name), Description: opt.Some(in.Description)}}
	if err := checkUpdate(all); err != nil {
		return "", false, err
	}
	_, err = update(tx, all, k.sys.Now())
	return old.UUID, old.Rule != nil && in.Rule == nil, err
}
