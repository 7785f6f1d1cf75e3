package person

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"clientele/internal/fault"
	"clientele/internal/history"
	"clientele/internal/jobs"
	"clientele/internal/jsonx"
	"clientele/internal/personal"
	"clientele/internal/sqldb"
)

// Purpose is what certificates are signed for.
const Purpose = "erasure"

const (
	// jobErase goes on with an erasure that nobody is at, jobAfter looks once more
	// when it is done.
	jobErase = "erase_person"
	jobAfter = "erase_person_after"
	patience = 10 * time.Second
	// shift is how long a job works at an erasure before it lets others have a go.
	shift = 20 * time.Second
	// takeOver is when a job looks after an erasure that a request began.
	takeOver = 15
	// settled is after how many seconds no write is under way any more that began
	// before a customer was deleted.
	settled = 60
	// bites is how many pieces are looked through before the progress is written.
	bites = 50
)

// Erasure is one that is under way or done.
type Erasure struct {
	ID          int64
	AddressHash string
	By          history.Actor
	Requested   int64
	Done        int64 // 0: not yet
	// Certificate is the text that was signed, empty until it is done.
	Certificate, Signature, KeyID string
	Counts                        []Count

	email    string
	progress string
}

// progress is how far an erasure has come. It is written with what it tells of.
type progress struct {
	Phase       string           `json:"phase"` // "find TABLE" or "erase TABLE"; empty: at the beginning
	Place       personal.Place   `json:"place"`
	Customers   []int64          `json:"customers,omitempty"`
	Subscribers []int64          `json:"subscribers,omitempty"`
	Former      []int64          `json:"former,omitempty"`
	Counts      map[string]int64 `json:"counts,omitempty"`
}

const columns = `id, address_hash, email, progress, actor_kind, actor_id, actor_name, certificate, signature, key_id, date_created, date_done`

var (
	selectErasure = sqldb.Static(`SELECT ` + columns + ` FROM erasures WHERE store_id = $1 AND id = $2`)
	openErasure   = sqldb.Static(`SELECT ` + columns + ` FROM erasures WHERE store_id = $1 AND address_hash = $2 AND date_done = 0 ORDER BY id LIMIT 1`)
	takeID        = sqldb.Static(`UPDATE store_counters SET erasure_id = erasure_id + 1 WHERE store_id = $1 RETURNING erasure_id`)
	insertErasure = sqldb.Static(`INSERT INTO erasures (store_id, id, address_hash, email, progress, actor_kind, actor_id, actor_name, certificate, signature, key_id, date_created, date_done)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, '', '', '', $9, 0)`)
	moveOn     = sqldb.Static(`UPDATE erasures SET progress = $3 WHERE store_id = $1 AND id = $2 AND date_done = 0 AND progress = $4`)
	finishRow  = sqldb.Static(`UPDATE erasures SET email = '', progress = '', certificate = $3, signature = $4, key_id = $5, date_done = $6 WHERE store_id = $1 AND id = $2 AND date_done = 0 AND progress = $7`)
	hashByID   = sqldb.Global(`SELECT hash FROM stores WHERE id = $1`)
	byHash     = personal.By(func(w *personal.Who) []any { return []any{w.Hash} })
	theErasure = personal.Table{
		Name: "erasures", Title: "Erasures", By: byHash, Key: []string{"id"},
		Select: sqldb.Static(`SELECT id, address_hash, actor_kind, actor_id, actor_name, certificate, signature, key_id, date_created, date_done FROM erasures
			WHERE store_id = $1 AND address_hash = $2 AND id > $3 ORDER BY id LIMIT $4`),
		Kinds:  "id int, actor_id id, certificate json, date_created time, date_done time",
		Hidden: map[string]string{"email": "the address, until the erasure is done", "progress": "how far it has come"},
		Stays:  "they prove what was erased, and hold no address",
	}
)

// Personal is what this package keeps of persons.
var Personal = []personal.Part{requestPart, theErasure.Part()}

func (e *Erasure) scan(r *sqldb.Row) {
	*e = Erasure{
		ID: r.Int(0), AddressHash: r.Text(1), email: r.Text(2), progress: r.Text(3), By: history.Actor{ID: r.Int(5), Name: r.Text(6)},
		Certificate: r.Text(7), Signature: r.Text(8), KeyID: r.Text(9), Requested: r.Int(10), Done: r.Int(11),
	}
	e.By.Kind = history.ActorKindOf(r.Text(4))
}

var errNoErasure = fault.New(fault.NotFound, "there is no such erasure")

// Erasure returns the state of an erasure.
func (s *Service) Erasure(ctx context.Context, storeID, id int64) (*Erasure, error) {
	e, err := s.load(ctx, storeID, id)
	if err == nil && e == nil {
		err = errNoErasure
	}
	if err != nil {
		return nil, err
	}
	return e, e.count(s.parts)
}

func (s *Service) load(ctx context.Context, storeID, id int64) (e *Erasure, err error) {
	err = s.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
		e = nil
		return tx.Query(selectErasure, func(r *sqldb.Row) error { e = &Erasure{}; e.scan(r); return nil }, id)
	})
	return e, err
}

// count tells what was erased by now.
func (e *Erasure) count(parts []personal.Part) error {
	if e.Done != 0 {
		var c struct {
			Tables []struct {
				Table  string   `json:"table"`
				Rows   int64    `json:"rows"`
				Became Becoming `json:"became"`
			} `json:"tables"`
		}
		if err := json.Unmarshal([]byte(e.Certificate), &c); err != nil {
			return err
		}
		for _, t := range c.Tables {
			e.Counts = append(e.Counts, Count{t.Table, t.Rows, t.Became})
		}
		return nil
	}
	p, err := e.read()
	if err != nil {
		return err
	}
	e.Counts = p.tables(parts)
	return nil
}

func (e *Erasure) read() (*progress, error) {
	p := &progress{}
	if err := json.Unmarshal([]byte(e.progress), p); err != nil {
		return nil, err
	}
	if p.Counts == nil {
		p.Counts = map[string]int64{}
	}
	return p, nil
}

func (p *progress) tables(parts []personal.Part) []Count {
	out := []Count{}
	for i := range parts {
		if n := p.Counts[parts[i].Table]; n > 0 {
			out = append(out, Count{parts[i].Table, n, becoming(&parts[i])})
		}
	}
	return out
}

// Preview tells what Erase would erase. Nothing is NotFound.
func (s *Service) Preview(ctx context.Context, storeID int64, address string) ([]Count, error) {
	if err := check(address); err != nil {
		return nil, err
	}
	w, err := s.find(ctx, storeID, address)
	if err != nil {
		return nil, err
	}
	counts, err := s.counts(ctx, storeID, w)
	if err == nil && len(counts) == 0 {
		err = errNobody
	}
	return counts, err
}

// Erase erases a person. It returns when that is done or, where it takes long, a
// while before: jobs go on with it. From its beginning on the address is
// suppressed.
func (s *Service) Erase(ctx context.Context, storeID int64, in Ask) (*Erasure, error) {
	if err := in.check(); err != nil {
		return nil, err
	}
	if _, err := s.Preview(ctx, storeID, in.Email); err != nil {
		return nil, err
	}
	ctx = sqldb.Aside(ctx) // it goes on in steps, also with an idempotency key
	e, err := s.begin(ctx, storeID, in)
	if err != nil {
		return nil, err
	}
	// What was begun is finished, whether or not the caller still listens.
	return s.GoOn(context.WithoutCancel(ctx), storeID, e.ID)
}

// GoOn works at an erasure for a while, and returns its state.
func (s *Service) GoOn(ctx context.Context, storeID, id int64) (*Erasure, error) {
	if err := s.work(ctx, storeID, id, s.Patience); err != nil {
		return nil, err
	}
	return s.Erasure(ctx, storeID, id)
}

// begin notes an erasure, or finds the one that is under way.
func (s *Service) begin(ctx context.Context, storeID int64, in Ask) (*Erasure, error) {
	by := history.Of(ctx).Actor
	start, err := json.Marshal(progress{})
	if err != nil {
		return nil, err
	}
	var e *Erasure
	err = s.db.Write(ctx, storeID, func(tx *sqldb.Tx) error {
		keys, err := s.keys.KeysTx(tx)
		if err != nil {
			return err
		}
		hash := personal.HashOf(keys, in.Email)
		var id int64
		if err := tx.Query(takeID, func(r *sqldb.Row) error { id = r.Int(0); return nil }); err != nil {
			return err
		}
		e = nil
		if err := tx.Query(openErasure, func(r *sqldb.Row) error { e = &Erasure{}; e.scan(r); return nil }, hash); err != nil || e != nil {
			return err
		}
		now := s.sys.Now()
		if err := s.suppress(tx, hash, now); err != nil {
			return err
		}
		e = &Erasure{ID: id}
		if err := history.Enter(tx, now, entry(tx, history.Created, history.Erasure, id, hash, 0, in.Reason)); err != nil {
			return err
		}
		if err := tx.Exec(insertErasure, id, hash, in.Email, string(start), by.Kind.String(), by.ID, by.Name, now); err != nil {
			return err
		}
		if err := s.answered(tx, ForErasure, hash, id, now); err != nil {
			return err
		}
		return jobs.Enqueue(tx, now, jobErase, erasing{ID: id}, now+takeOver)
	})
	return e, err
}

// erasing is the payload of jobErase and, with the ids, of jobAfter.
type erasing struct {
	ID          int64   `json:"id"`
	Customers   []int64 `json:"customers,omitempty"`
	Subscribers []int64 `json:"subscribers,omitempty"`
}

// Register has r go on with erasures.
func (s *Service) Register(r *jobs.Runner) {
	schedule := []time.Duration{5 * time.Second, time.Minute, 10 * time.Minute, time.Hour, 6 * time.Hour, 24 * time.Hour}
	r.Register(jobs.Kind{Name: jobErase, Handler: s.goOn, Limit: 2, Schedule: schedule, Timeout: 5 * time.Minute})
	r.Register(jobs.Kind{Name: jobAfter, Handler: s.again, Limit: 2, Schedule: schedule, Timeout: 5 * time.Minute})
}

func (s *Service) goOn(ctx context.Context, j jobs.Job) error {
	var of erasing
	if err := j.Decode(&of); err != nil {
		return err
	}
	if err := s.work(ctx, j.StoreID, of.ID, shift); err != nil {
		return err
	}
	e, err := s.load(ctx, j.StoreID, of.ID)
	if err == nil && e != nil && e.Done == 0 {
		return jobs.NotNow(time.Second)
	}
	return err
}

// again erases what was written of the customers and subscribers by writes that
// were under way when they went, and the files in which they may be. The address may
// be somebody's again by now.
func (s *Service) again(ctx context.Context, j jobs.Job) error {
	var of erasing
	if err := j.Decode(&of); err != nil {
		return err
	}
	w := &personal.Who{Customers: of.Customers, Subscribers: of.Subscribers}
	e, err := s.load(ctx, j.StoreID, of.ID)
	if err != nil || e == nil {
		return err
	}
	for i := range s.parts {
		p := &s.parts[i]
		if p.Drop == nil {
			continue
		}
		for at := (personal.Place{}); !at.End; {
			var rows []personal.Row
			if err := s.db.Read(ctx, j.StoreID, func(tx *sqldb.Tx) (err error) { rows, at, err = p.Read(tx, w, at); return err }); err != nil {
				return err
			}
			if len(rows) == 0 {
				continue
			}
			if err := s.db.Write(ctx, j.StoreID, func(tx *sqldb.Tx) error {
				tx.Signal(sqldb.Erased)
				_, err := p.Drop(tx, &personal.Erasure{Who: w, Mark: personal.Mark(e.AddressHash), Now: s.sys.Now(), Before: func(*sqldb.Tx, int64) error { return nil }}, rows)
				return err
			}); err != nil {
				return err
			}
		}
	}
	return s.files(ctx, j.StoreID)
}

// work goes on with an erasure for a while. Several may be at it: each step looks
// where it is, and writes only if it is still there.
func (s *Service) work(ctx context.Context, storeID, id int64, most time.Duration) error {
	end := s.sys.Elapsed() + most
	for s.sys.Elapsed() < end {
		e, err := s.load(ctx, storeID, id)
		if err != nil || e == nil || e.Done != 0 {
			return err
		}
		if err := s.step(ctx, storeID, e); err != nil {
			return err
		}
	}
	return nil
}

// phases are what an erasure does one after the other: who it is about, and then
// what is erased.
func (s *Service) phases() []string {
	var out []string
	for _, p := range slices.Backward(s.parts) {
		if p.Find != nil {
			out = append(out, "find "+p.Table)
		}
	}
	for _, p := range s.parts {
		if p.Drop != nil {
			out = append(out, "erase "+p.Table)
		}
	}
	return out
}

// step does the next piece of an erasure.
func (s *Service) step(ctx context.Context, storeID int64, e *Erasure) error {
	p, err := e.read()
	if err != nil {
		return err
	}
	phases := s.phases()
	at := slices.Index(phases, p.Phase)
	if at < 0 { // the beginning, also for another version of the program
		at, p.Place = 0, personal.Place{}
	}
	if p.Place.End {
		p.Place = personal.Place{}
		if at++; at == len(phases) {
			return s.finish(ctx, storeID, e, p)
		}
	}
	p.Phase = phases[at]
	verb, table, _ := strings.Cut(p.Phase, " ")
	part := &s.parts[slices.IndexFunc(s.parts, func(p personal.Part) bool { return p.Table == table })]
	w := &personal.Who{Email: e.email, Hash: e.AddressHash, Customers: p.Customers, Subscribers: p.Subscribers, Former: p.Former}
	var rows []personal.Row
	for n := 0; n < bites && !p.Place.End && len(rows) == 0; n++ {
		if err := s.db.Read(ctx, storeID, func(tx *sqldb.Tx) (err error) {
			if verb == "find" {
				p.Place, err = part.Find(tx, w, p.Place)
			} else {
				rows, p.Place, err = part.Read(tx, w, p.Place)
			}
			return err
		}); err != nil {
			return err
		}
	}
	p.Customers, p.Subscribers, p.Former = w.Customers, w.Subscribers, w.Former
	before := p.Counts
	return s.db.Write(ctx, storeID, func(tx *sqldb.Tx) error {
		p.Counts = map[string]int64{}
		for t, n := range before {
			p.Counts[t] = n
		}
		// Whoever else is at it waits here, and finds that it has moved on.
		held, err := s.hold(tx, e)
		if err != nil || !held {
			return err
		}
		if len(rows) > 0 {
			tx.Signal(sqldb.Erased)
			n, err := part.Drop(tx, &personal.Erasure{Who: w, Mark: personal.Mark(e.AddressHash), Now: s.sys.Now(), Before: s.counting(w, p.Counts)}, rows)
			if err != nil {
				return err
			}
			p.Counts[table] += n
		}
		text, err := json.Marshal(p)
		if err != nil {
			return err
		}
		return tx.Exec(moveOn, e.ID, string(text), e.progress)
	})
}

// hold locks an erasure, and reports whether it is as it was read.
func (s *Service) hold(tx *sqldb.Tx, e *Erasure) (bool, error) {
	same := false
	err := tx.Query(sqldb.Dynamic(selectErasure.SQL()+tx.ForUpdate()), func(r *sqldb.Row) error {
		same = r.Text(3) == e.progress && r.Int(11) == 0
		return nil
	}, e.ID)
	return same, err
}

// counting counts what goes along with a customer.
func (s *Service) counting(w *personal.Who, counts map[string]int64) func(tx *sqldb.Tx, customerID int64) error {
	return func(tx *sqldb.Tx, customerID int64) error {
		one := &personal.Who{Email: w.Email, Hash: w.Hash, Customers: []int64{customerID}}
		alone := &personal.Who{Customers: one.Customers}
		for i := range s.parts {
			p := &s.parts[i]
			of := one
			switch {
			case p.Along:
				of = alone
			case p.Drop != nil || p.Stays != "":
				continue
			}
			for at := (personal.Place{}); !at.End; {
				rows, next, err := p.Read(tx, of, at)
				if err != nil {
					return err
				}
				counts[p.Table] += int64(len(rows))
				at = next
			}
		}
		return nil
	}
}

// finish writes the certificate, and forgets the address.
func (s *Service) finish(ctx context.Context, storeID int64, e *Erasure, p *progress) error {
	if err := s.after(ctx, storeID); err != nil {
		return err
	}
	return s.db.Write(ctx, storeID, func(tx *sqldb.Tx) error {
		held, err := s.hold(tx, e)
		if err != nil || !held {
			return err
		}
		keys, err := s.keys.KeysTx(tx)
		if err != nil {
			return err
		}
		hash := ""
		if err := tx.In(0).Query(hashByID, func(r *sqldb.Row) error { hash = r.Text(0); return nil }, storeID); err != nil {
			return err
		}
		now := s.sys.Now()
		counts := p.tables(s.parts)
		text := e.certify(hash, now, counts)
		signature := base64.StdEncoding.EncodeToString(keys.Sign(Purpose, text))
		tx.Signal(sqldb.Erased)
		ended := entry(tx, history.Ended, history.Erasure, e.ID, e.AddressHash, rows(counts), "")
		ended.By = &e.By // also where a job goes on with what they began
		if err := history.Enter(tx, now, ended); err != nil {
			return err
		}
		if err := tx.Exec(finishRow, e.ID, string(text), signature, keys.Public.ID, now, e.progress); err != nil {
			return err
		}
		if err := e.erased(tx, now); err != nil {
			return err
		}
		return jobs.Enqueue(tx, now, jobAfter, erasing{e.ID, p.Customers, p.Subscribers}, now+settled)
	})
}

// certify returns the text of the certificate.
func (e *Erasure) certify(storeHash string, now int64, tables []Count) []byte {
	b := jsonx.AppendString([]byte(`{"store":`), storeHash)
	b = append(append(b, `,"erasure_id":`...), personal.NumberOrNull(e.ID)...)
	b = jsonx.AppendString(append(b, `,"address_hash":`...), e.AddressHash)
	b = append(append(b, `,"requested_at":`...), personal.TimeOrNull(e.Requested)...)
	b = append(append(b, `,"completed_at":`...), personal.TimeOrNull(now)...)
	b = jsonx.AppendString(append(b, `,"requested_by":{"kind":`...), e.By.Kind.String())
	b = append(append(b, `,"id":`...), personal.NumberOrNull(e.By.ID)...)
	b = append(jsonx.AppendString(append(b, `,"name":`...), e.By.Name), `},"tables":[`...)
	for i, c := range tables {
		if i > 0 {
			b = append(b, ',')
		}
		b = jsonx.AppendString(append(b, `{"table":`...), c.Table)
		b = append(append(b, `,"rows":`...), personal.NumberOrNull(c.Rows)...)
		b = append(jsonx.AppendString(append(b, `,"became":`...), string(c.Becomes)), '}')
	}
	return append(b, `]}`...)
}
