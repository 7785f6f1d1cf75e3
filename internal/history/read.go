package history

import (
	"cmp"
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"math"
	"slices"
	"strings"

	"clientele/internal/fold"
	"clientele/internal/sqldb"
)

// Listed is an entry as it is listed.
type Listed struct {
	ID, Time   int64
	Actor      Actor
	Surface    Surface
	Action     Action
	Resource   Resource
	ResourceID int64
	CustomerID int64 // 0: none
	Changes    []Change
	// Reason is what somebody gave, or the precise one in words of the program.
	Reason, Address, RequestID string
	// Erased: what it said of a person was taken away.
	Erased bool
}

// Change is what became of a field. Values are JSON texts; empty is none.
type Change struct {
	Field         string
	Before, After string
}

// row is an entry as it is stored.
type row struct {
	id, time, actor, surface, action, resource, resourceID, customerID int64
	request, facts, personal, digest                                   []byte
}

const rowColumns = `id, date_created, actor, surface, action, resource, resource_id, customer_id, request_id, facts, personal, digest`

func scan(r *sqldb.Row) row {
	return row{r.Int(0), r.Int(1), r.Int(2), r.Int(3), r.Int(4), r.Int(5), r.Int(6), r.Int(7), r.Bytes(8), r.Bytes(9), r.Bytes(10), r.Bytes(11)}
}

// errCode: an entry cannot be read.
var errCode = errors.New("history: an entry cannot be read")

// record decodes an entry, but for the names of its actor.
func (w *row) record() (Listed, error) {
	out := Listed{
		ID: w.id, Time: w.time, Surface: Surface(w.surface), Action: Action(w.action), Resource: Resource(w.resource),
		ResourceID: w.resourceID, CustomerID: w.customerID, RequestID: hex.EncodeToString(w.request), Erased: len(w.digest) > 0,
	}
	if out.Resource == Customer && out.ResourceID == 0 {
		out.ResourceID = out.CustomerID
	}
	out.Actor.Kind, out.Actor.ID = ActorKind(w.actor&(1<<kindBits-1)), w.actor>>kindBits
	if err := out.decode(w.facts); err != nil {
		return out, err
	}
	if len(w.personal) == 0 {
		return out, nil
	}
	if len(w.personal) < saltBytes {
		return out, errCode
	}
	return out, out.decode(w.personal[saltBytes:])
}

// decode adds the changes that a value holds.
func (o *Listed) decode(b []byte) error {
	broken := false
	number := func() uint64 {
		n, size := binary.Uvarint(b)
		if size <= 0 {
			broken, b = true, nil
			return 0
		}
		b = b[size:]
		return n
	}
	text := func() string {
		n := number()
		if n > uint64(len(b)) {
			broken, b = true, nil
			return ""
		}
		s := string(b[:n])
		b = b[n:]
		return s
	}
	for len(b) > 0 && !broken {
		f, of := Field(number()), int64(0)
		if f.several() {
			of = int64(number())
		}
		before, after := text(), text()
		switch f {
		case fieldIP:
			o.Address = after
		case fieldReason:
			o.Reason = after
		case fieldCause:
			o.Reason = strings.Trim(after, `"`)
		default:
			o.Changes = append(o.Changes, Change{f.name(of), before, after})
		}
	}
	if broken {
		return errCode
	}
	return nil
}

// Filter selects entries. Empty fields select all.
type Filter struct {
	CustomerID int64
	// Actor is a kind, and ActorID or ActorName whom of it.
	Actor     string
	ActorID   int64
	ActorName string
	Surface   string
	Action    string
	Resource  string
	// ResourceID is that of the record.
	ResourceID int64
	RequestID  string
	// Since and Until are times in seconds since the epoch, 0 for none.
	Since, Until int64
	// Text is found in names and values, reasons and addresses, however it is
	// written.
	Text string
	// Before and After are ids: only older or newer entries. 0 is none.
	Before, After int64
	Limit         int
}

// Page is a part of the history, the newest first.
type Page struct {
	Records []Listed
	// Older and Newer are what to ask Before and After of for what comes next, 0
	// where nothing does.
	Older, Newer int64
}

// Bounds of reading.
const (
	// MaxLimit is how many entries a page has at most.
	MaxLimit = 250
	// bite is how many entries are read at once, and most how many are looked at
	// for a page: filters that no index serves go over entries one by one.
	bite = 1000
	most = 20 * bite
)

var (
	older         = sqldb.Static(`SELECT ` + rowColumns + ` FROM history WHERE store_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3`)
	newer         = sqldb.Static(`SELECT ` + rowColumns + ` FROM history WHERE store_id = $1 AND id > $2 ORDER BY id LIMIT $3`)
	olderOf       = sqldb.Static(`SELECT ` + rowColumns + ` FROM history WHERE store_id = $1 AND customer_id <> 0 AND customer_id = $4 AND id < $2 ORDER BY id DESC LIMIT $3`)
	newerOf       = sqldb.Static(`SELECT ` + rowColumns + ` FROM history WHERE store_id = $1 AND customer_id <> 0 AND customer_id = $4 AND id > $2 ORDER BY id LIMIT $3`)
	lastID        = sqldb.Static(`SELECT history_id FROM store_counters WHERE store_id = $1`)
	namedActors   = sqldb.Static(`SELECT id, kind, name FROM history_actors WHERE store_id = $1`)
	accountActors = sqldb.Static(`SELECT id, name, client_id FROM api_accounts WHERE store_id = $1`)
)

// Service reads the history.
type Service struct {
	db *sqldb.DB
}

// NewService returns a Service over db.
func NewService(db *sqldb.DB) *Service { return &Service{db: db} }

// Last returns the id of the last entry, 0 for none.
func (s *Service) Last(ctx context.Context, store int64) (id int64, err error) {
	err = s.db.Read(ctx, store, func(tx *sqldb.Tx) error {
		return tx.Query(lastID, func(r *sqldb.Row) error { id = r.Int(0); return nil })
	})
	return id, err
}

// List returns a page of the entries that a filter selects.
func (s *Service) List(ctx context.Context, store int64, f Filter) (*Page, error) {
	f.Limit = cmp.Or(min(f.Limit, MaxLimit), MaxLimit)
	var out *Page
	err := s.db.Read(ctx, store, func(tx *sqldb.Tx) error {
		names, err := readNames(tx)
		if err != nil {
			return err
		}
		out, err = f.page(tx, names)
		return err
	})
	return out, err
}

// names are those of actors.
type names struct {
	named    map[int64]Actor
	accounts map[int64]Actor
}

func readNames(tx *sqldb.Tx) (*names, error) {
	n := &names{map[int64]Actor{}, map[int64]Actor{}}
	return n, tx.Pipeline(
		sqldb.Q{Stmt: namedActors, Each: func(r *sqldb.Row) error {
			n.named[r.Int(0)] = Actor{Kind: ActorKind(r.Int(1)), Name: r.Text(2)}
			return nil
		}},
		sqldb.Q{Stmt: accountActors, Each: func(r *sqldb.Row) error {
			n.accounts[r.Int(0)] = Actor{Kind: ByAccount, ID: r.Int(0), Name: r.Text(1), ClientID: r.Text(2)}
			return nil
		}},
	)
}

// fill completes an actor as it was decoded.
func (n *names) fill(a *Actor) {
	switch a.Kind {
	case named:
		*a = n.named[a.ID]
		if a.Kind == ByToken {
			a.ClientID, a.Name = a.Name, ""
		}
	case ByAccount:
		if known, ok := n.accounts[a.ID]; ok {
			*a = known
		}
	}
}

// page reads until the page is full, or enough was looked at.
func (f *Filter) page(tx *sqldb.Tx, n *names) (*Page, error) {
	out := &Page{}
	up := f.After != 0 && f.Before == 0
	at := int64(math.MaxInt64)
	if up {
		at = f.After
	} else if f.Before != 0 {
		at = f.Before
	}
	seen, more := 0, true
	for more && len(out.Records) < f.Limit && seen < most {
		rows := make([]row, 0, bite)
		if err := tx.Query(f.stmt(up), func(r *sqldb.Row) error { rows = append(rows, scan(r)); return nil }, f.args(at)...); err != nil {
			return nil, err
		}
		more = len(rows) == bite
		for i := range rows {
			w := &rows[i]
			if !up && (w.id <= f.After || f.Since != 0 && w.time < f.Since) {
				more = false
				break
			}
			seen++
			at = w.id
			r, err := w.record()
			if err != nil {
				return nil, err
			}
			n.fill(&r.Actor)
			if !f.selects(&r) {
				continue
			}
			if out.Records = append(out.Records, r); len(out.Records) == f.Limit {
				more = more || i+1 < len(rows)
				break
			}
		}
	}
	if up {
		slices.Reverse(out.Records)
		if more {
			out.Newer = at
		}
		if len(out.Records) > 0 {
			out.Older = out.Records[len(out.Records)-1].ID
		}
		return out, nil
	}
	if more {
		out.Older = at
	}
	if f.Before != 0 && len(out.Records) > 0 {
		out.Newer = out.Records[0].ID
	}
	return out, nil
}

func (f *Filter) stmt(up bool) *sqldb.Stmt {
	switch {
	case f.CustomerID != 0 && up:
		return newerOf
	case f.CustomerID != 0:
		return olderOf
	case up:
		return newer
	}
	return older
}

func (f *Filter) args(at int64) []any {
	args := []any{at, int64(bite)}
	if f.CustomerID != 0 {
		args = append(args, f.CustomerID)
	}
	return args
}

// selects reports whether an entry is one of those that are asked for.
func (f *Filter) selects(r *Listed) bool {
	switch {
	case f.Until != 0 && r.Time > f.Until, f.Since != 0 && r.Time < f.Since,
		f.Actor != "" && r.Actor.Kind.String() != f.Actor,
		f.ActorID != 0 && r.Actor.ID != f.ActorID,
		f.ActorName != "" && r.Actor.Name != f.ActorName && r.Actor.ClientID != f.ActorName,
		f.Surface != "" && r.Surface.String() != f.Surface,
		f.Action != "" && r.Action.String() != f.Action,
		f.Resource != "" && r.Resource.String() != f.Resource,
		f.ResourceID != 0 && r.ResourceID != f.ResourceID,
		f.RequestID != "" && r.RequestID != f.RequestID:
		return false
	}
	return f.Text == "" || r.has(fold.Text(f.Text))
}

// has reports whether a folded text is found in what an entry says.
func (o *Listed) has(text string) bool {
	for _, s := range []string{o.Reason, o.Address, o.Actor.Name, o.Actor.ClientID} {
		if strings.Contains(fold.Text(s), text) {
			return true
		}
	}
	return slices.ContainsFunc(o.Changes, func(c Change) bool {
		return strings.Contains(fold.Text(c.Before), text) || strings.Contains(fold.Text(c.After), text)
	})
}
