package person

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"

	"clientele/internal/fault"
	"clientele/internal/history"
	"clientele/internal/listing"
	"clientele/internal/personal"
	"clientele/internal/sqldb"
)

// RequestKind is what a person asks for.
type RequestKind string

// The kinds of requests.
const (
	ForExport  RequestKind = "export"
	ForErasure RequestKind = "erase"
)

// RequestKinds are all kinds of requests.
var RequestKinds = []RequestKind{ForExport, ForErasure}

// Outcomes of requests.
const (
	RequestDone     = "done"
	RequestDeclined = "declined"
)

// RequestDays is how many days there are to do what a person asks for.
const RequestDays = 30

const daySeconds = 24 * 60 * 60

// The fields and reasons of which faults of requests tell.
const (
	FieldRequestKind fault.Field = "kind"
	FieldNote        fault.Field = "note"
	FieldReceived    fault.Field = "date_received"

	WhyRequestKind  fault.Reason = "no kind of request"
	WhyRequestOpen  fault.Reason = "another request of the person is open"
	WhyFuture       fault.Reason = "received in the future"
	WhyRequestEnded fault.Reason = "request that is no longer open"
)

// Request is what a person has asked for. The address is kept until the person is
// erased.
type Request struct {
	ID                  int64
	Kind                RequestKind
	Email, AddressHash  string
	Note                string
	Outcome             string // empty: open
	ErasureID           int64  // 0: none
	By                  history.Actor
	Received, Due, Done int64 // Done 0: open
}

// RequestOpen is the state of a request that is neither done nor declined.
const RequestOpen = "open"

// State returns whether a request is open, done or declined.
func (r *Request) State() string { return cmp.Or(r.Outcome, RequestOpen) }

// RequestList declares the requests for programs, the newest first.
var RequestList = &listing.Spec{
	Table: "person_requests",
	Fields: []listing.Field{
		{Name: "state", Kind: listing.Text, Ops: []listing.Op{listing.Eq}, Column: "outcome", Values: map[string]string{RequestOpen: "", RequestDone: RequestDone, RequestDeclined: RequestDeclined}},
		{Name: "kind", Kind: listing.Text, Ops: []listing.Op{listing.Eq}, Column: "kind", Values: map[string]string{string(ForExport): string(ForExport), string(ForErasure): string(ForErasure)}},
	},
	Descending: true,
	Cursors:    true,
}

// ListRequests returns a page of the requests.
func (s *Service) ListRequests(ctx context.Context, storeID int64, q *listing.Query) (out []Request, res *listing.Result, err error) {
	err = s.db.Read(ctx, storeID, func(tx *sqldb.Tx) (err error) {
		out, res, err = listing.Rows(tx, q, requestColumns, func(r *Request, row *sqldb.Row) error { r.scan(row); return nil })
		return err
	})
	return out, res, err
}

// Stages of open requests that are more than open.
const (
	RequestRunning = "running" // its erasure is under way, also past the due date
	RequestLate    = "late"
)

// Stage tells people how a request stands: its State, or more of one that is open.
func (r *Request) Stage(now int64) string {
	switch {
	case r.Done != 0:
	case r.ErasureID != 0:
		return RequestRunning
	case now > r.Due:
		return RequestLate
	}
	return r.State()
}

const requestColumns = `id, kind, address_hash, email, note, outcome, erasure_id, actor_kind, actor_id, actor_name, date_received, date_due, date_done`

var (
	takeRequest   = sqldb.Static(`UPDATE store_counters SET person_request_id = person_request_id + 1 WHERE store_id = $1 RETURNING person_request_id`)
	insertRequest = sqldb.Static(`INSERT INTO person_requests (store_id, id, kind, address_hash, email, note, outcome, erasure_id, actor_kind, actor_id, actor_name, date_received, date_due, date_done)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`)
	requestByID     = sqldb.Static(`SELECT ` + requestColumns + ` FROM person_requests WHERE store_id = $1 AND id = $2`)
	openRequestOf   = sqldb.Static(`SELECT ` + requestColumns + ` FROM person_requests WHERE store_id = $1 AND address_hash = $2 AND kind = $3 AND date_done = 0 ORDER BY id LIMIT 1`)
	requestsBefore  = sqldb.Static(`SELECT ` + requestColumns + ` FROM person_requests WHERE store_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3`)
	requestsAfter   = sqldb.Static(`SELECT ` + requestColumns + ` FROM person_requests WHERE store_id = $1 AND id > $2 ORDER BY id LIMIT $3`)
	requestsOpen    = sqldb.Static(`SELECT ` + requestColumns + ` FROM person_requests WHERE store_id = $1 AND date_done = 0 AND (date_due, id) > ($2, $3) ORDER BY date_due, id LIMIT $4`)
	requestsDue     = sqldb.Static(`SELECT date_due FROM person_requests WHERE store_id = $1 AND date_done = 0 AND date_due <= $2 ORDER BY date_due, id LIMIT $3`)
	closeRequest    = sqldb.Static(`UPDATE person_requests SET outcome = $3, note = $4, date_done = $5 WHERE store_id = $1 AND id = $2 AND date_done = 0`)
	eraseFor        = sqldb.Static(`UPDATE person_requests SET erasure_id = $3 WHERE store_id = $1 AND id = $2 AND date_done = 0`)
	erasedRequests  = sqldb.Static(`UPDATE person_requests SET outcome = 'done', date_done = $3 WHERE store_id = $1 AND erasure_id = $2 AND date_done = 0`)
	scrubRequest    = sqldb.Static(`UPDATE person_requests SET email = '', note = '' WHERE store_id = $1 AND id = $2 AND (email <> '' OR note <> '')`)
	errNoRequest    = fault.New(fault.NotFound, "there is no such request")
	errRequestEnded = fault.Broken(fault.Conflict, fault.Item{Field: FieldRequestKind, Code: fault.NotAccepted, Why: WhyRequestEnded})
)

// requestPart are the requests of a person. What was asked for and done is known
// after an erasure, of whom is not.
var requestPart = func() personal.Part {
	p := personal.Table{
		Name: "person_requests", Title: "Requests about the data", By: byHash, Key: []string{"id"},
		Select: sqldb.Static(`SELECT id, kind, address_hash, email, note, outcome, erasure_id, actor_kind, actor_id, actor_name, date_received, date_due, date_done FROM person_requests
		WHERE store_id = $1 AND address_hash = $2 AND id > $3 ORDER BY id LIMIT $4`),
		Kinds: "id int, erasure_id id, actor_id id, date_received time, date_due time, date_done time",
		Drop: func(tx *sqldb.Tx, _ *personal.Erasure, rows []personal.Row) (n int64, err error) {
			for i := range rows {
				some, err := tx.ExecCount(scrubRequest, rows[i].Int(0))
				if err != nil {
					return n, err
				}
				n += some
			}
			return n, nil
		},
	}.Part()
	p.Scrubs = true
	return p
}()

func (r *Request) scan(row *sqldb.Row) {
	*r = Request{
		ID: row.Int(0), Kind: RequestKind(row.Text(1)), AddressHash: row.Text(2), Email: row.Text(3), Note: row.Text(4), Outcome: row.Text(5), ErasureID: row.Int(6),
		By: history.Actor{Kind: history.ActorKindOf(row.Text(7)), ID: row.Int(8), Name: row.Text(9)}, Received: row.Int(10), Due: row.Int(11), Done: row.Int(12),
	}
}

// Receive is the command to note what a person asks for. Received 0 is now.
type Receive struct {
	Kind     RequestKind
	Email    string
	Note     string
	Received int64
}

func (in *Receive) check(now int64) error {
	if err := check(in.Email); err != nil {
		return err
	}
	c := fault.Collector{}
	if !slices.Contains(RequestKinds, in.Kind) {
		c.Because(FieldRequestKind, fault.NotAccepted, WhyRequestKind, string(ForExport)+", "+string(ForErasure))
	}
	c.Length(FieldNote, in.Note, 0, maxReason)
	if in.Received < 0 || in.Received > now {
		c.Because(FieldReceived, fault.OutOfRange, WhyFuture, "")
	}
	return c.Err(fault.Invalid)
}

// Receive notes what a person asks for, to be done within RequestDays. One request
// of a kind can be open for a person.
func (s *Service) Receive(ctx context.Context, storeID int64, in Receive) (out *Request, err error) {
	now := s.sys.Now()
	if in.Received == 0 {
		in.Received = now
	}
	in.Email = strings.TrimSpace(in.Email)
	if err := in.check(now); err != nil {
		return nil, err
	}
	err = s.db.Write(ctx, storeID, func(tx *sqldb.Tx) error {
		keys, err := s.keys.KeysTx(tx)
		if err != nil {
			return err
		}
		hash := personal.HashOf(keys, in.Email)
		id, err := takeRequestID(tx)
		if err != nil {
			return err
		}
		open, err := openRequest(tx, hash, in.Kind)
		if err != nil {
			return err
		}
		if open != nil {
			return fault.Broken(fault.Conflict, fault.Item{Field: FieldRequestKind, Code: fault.NotAccepted, Why: WhyRequestOpen, Value: strconv.FormatInt(open.ID, 10)})
		}
		out = &Request{ID: id, Kind: in.Kind, Email: in.Email, AddressHash: hash, Note: in.Note, By: history.OfTx(tx).Actor, Received: in.Received, Due: in.Received + RequestDays*daySeconds}
		e := entry(tx, history.Created, history.Person, id, hash, 0, "")
		e.Add(false, history.FieldKind, "", history.Text(string(in.Kind)))
		if err := history.Enter(tx, now, e); err != nil {
			return err
		}
		return out.insert(tx)
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// takeRequestID takes the next number, and keeps others from writing requests.
func takeRequestID(tx *sqldb.Tx) (id int64, err error) {
	return id, tx.Query(takeRequest, func(r *sqldb.Row) error { id = r.Int(0); return nil })
}

func openRequest(tx *sqldb.Tx, hash string, kind RequestKind) (out *Request, err error) {
	err = tx.Query(openRequestOf, func(r *sqldb.Row) error { out = &Request{}; out.scan(r); return nil }, hash, string(kind))
	return out, err
}

// insert writes a request.
func (r *Request) insert(tx *sqldb.Tx) error {
	return tx.Exec(insertRequest, r.ID, string(r.Kind), r.AddressHash, r.Email, r.Note, r.Outcome, r.ErasureID, r.By.Kind.String(), r.By.ID, r.By.Name, r.Received, r.Due, r.Done)
}

// answered notes that what a person may have asked for is done or, with an erasure,
// has begun.
func (s *Service) answered(tx *sqldb.Tx, kind RequestKind, hash string, erasureID, now int64) error {
	if _, err := takeRequestID(tx); err != nil {
		return err
	}
	open, err := openRequest(tx, hash, kind)
	if err != nil || open == nil {
		return err
	}
	if erasureID != 0 {
		return tx.Exec(eraseFor, open.ID, erasureID)
	}
	return tx.Exec(closeRequest, open.ID, RequestDone, open.Note, now)
}

// erased notes that an erasure is done: as what was asked for or, where nobody noted
// that, as a request of its own.
func (e *Erasure) erased(tx *sqldb.Tx, now int64) error {
	id, err := takeRequestID(tx)
	if err != nil {
		return err
	}
	n, err := tx.ExecCount(erasedRequests, e.ID, now)
	if err != nil || n > 0 {
		return err
	}
	r := Request{ID: id, Kind: ForErasure, AddressHash: e.AddressHash, Outcome: RequestDone, ErasureID: e.ID, By: e.By, Received: e.Requested, Due: e.Requested + RequestDays*daySeconds, Done: now}
	return r.insert(tx)
}

// Decline closes a request that is not done, with the reason.
func (s *Service) Decline(ctx context.Context, storeID, id int64, note string) error {
	c := fault.Collector{}
	if c.Length(FieldNote, note, 1, maxReason); c.Err(fault.Invalid) != nil {
		return c.Err(fault.Invalid)
	}
	return s.db.Write(ctx, storeID, func(tx *sqldb.Tx) error {
		if _, err := takeRequestID(tx); err != nil {
			return err
		}
		r, err := request(tx, id)
		if err != nil {
			return err
		}
		if r.Done != 0 || r.ErasureID != 0 {
			return errRequestEnded
		}
		e := entry(tx, history.Ended, history.Person, id, r.AddressHash, 0, "")
		e.Add(false, history.FieldStatus, "", history.Text(RequestDeclined))
		if err := history.Enter(tx, s.sys.Now(), e); err != nil {
			return err
		}
		return tx.Exec(closeRequest, id, RequestDeclined, note, s.sys.Now())
	})
}

func request(tx *sqldb.Tx, id int64) (out *Request, err error) {
	err = tx.Query(requestByID, func(r *sqldb.Row) error { out = &Request{}; out.scan(r); return nil }, id)
	if err == nil && out == nil {
		err = errNoRequest
	}
	return out, err
}

// Request returns a request, or NotFound.
func (s *Service) Request(ctx context.Context, storeID, id int64) (out *Request, err error) {
	err = s.db.Read(ctx, storeID, func(tx *sqldb.Tx) error { out, err = request(tx, id); return err })
	return out, err
}

// RequestsAsked asks for a page of requests: the newest first, before an id or after
// it, or those that are open, what is due first, after the last one of a page.
type RequestsAsked struct {
	Open          bool
	Before, After int64
	Last          *Request
	Limit         int
}

// RequestsPage is a page of requests.
type RequestsPage struct {
	Requests     []Request
	Older, Newer bool // with Open, Older tells that there are more
}

// Requests returns what persons have asked for.
func (s *Service) Requests(ctx context.Context, storeID int64, in RequestsAsked) (out RequestsPage, err error) {
	err = s.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
		out = RequestsPage{}
		take := func(r *sqldb.Row) error {
			out.Requests = append(out.Requests, Request{})
			out.Requests[len(out.Requests)-1].scan(r)
			return nil
		}
		var err error
		limit := int64(in.Limit + 1)
		switch {
		case in.Open:
			last := Request{}
			if in.Last != nil {
				last, out.Newer = *in.Last, true
			}
			err = tx.Query(requestsOpen, take, last.Due, last.ID, limit)
		case in.After != 0:
			err = tx.Query(requestsAfter, take, in.After, limit)
		default:
			before := in.Before
			if before == 0 {
				before = 1 << 62
			}
			err = tx.Query(requestsBefore, take, before, limit)
		}
		if err != nil {
			return err
		}
		more := len(out.Requests) > in.Limit
		out.Requests = out.Requests[:min(len(out.Requests), in.Limit)]
		switch {
		case in.Open:
			out.Older = more
		case in.After != 0:
			out.Older, out.Newer = true, more
			slices.Reverse(out.Requests)
		default:
			out.Older, out.Newer = more, in.Before != 0
		}
		return nil
	})
	return out, err
}

// DueBound is how far requests are counted that are due.
const DueBound = 100

// RequestsDue counts open requests that are due by a time, and those that are
// overdue by now, up to DueBound.
func (s *Service) RequestsDue(ctx context.Context, storeID, by int64) (due, late int64, err error) {
	now := s.sys.Now()
	err = s.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
		due, late = 0, 0
		return tx.Query(requestsDue, func(r *sqldb.Row) error {
			if due++; r.Int(0) < now {
				late++
			}
			return nil
		}, by, int64(DueBound))
	})
	return due, late, err
}
