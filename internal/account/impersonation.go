package account

import (
	"cmp"
	"context"
	"strconv"
	"time"

	"clientele/internal/auth"
	"clientele/internal/customer"
	"clientele/internal/fault"
	"clientele/internal/history"
	"clientele/internal/jobs"
	"clientele/internal/listing"
	"clientele/internal/sqldb"
	"clientele/internal/store"
)

// Impersonation is the leave of somebody who works for the store to sign in as
// a customer, once and for a while. What is done in its session names it, and
// who made it, in the history.
type Impersonation struct {
	ID, CustomerID, ChannelID int64
	Reason                    string
	By                        history.Actor
	Created, Expires          int64
	Used, Ended               int64 // 0: not yet
	// How tells why it has ended.
	How HowEnded

	session int64
}

// HowEnded is why an impersonation has ended.
type HowEnded string

// The ways in which impersonations end.
const (
	ByTime     HowEnded = "expired"
	ByRequest  HowEnded = "ended"          // by who signed in, or by whoever may
	ByCustomer HowEnded = "sessions_ended" // with the customer's sessions
)

// Statuses of impersonations.
const (
	ImpersonationWaiting = "waiting" // for its link to be followed
	ImpersonationActive  = "active"
	ImpersonationEnded   = "ended"
)

// Status returns the status.
func (i *Impersonation) Status() string {
	switch {
	case i.Ended != 0:
		return ImpersonationEnded
	case i.Used != 0:
		return ImpersonationActive
	}
	return ImpersonationWaiting
}

// Bounds of impersonations.
const (
	maxMinutes           = 60
	maxImpersonateReason = 1000 // characters
	// keepImpersonations is how long they are listed.
	keepImpersonations = 400 * 24 * time.Hour
	impersonationPath  = "/login.php?action=impersonate"
)

// Impersonate is the command to make an impersonation.
type Impersonate struct {
	CustomerID int64
	Reason     string
	Minutes    int64
	By         history.Actor
}

// Impersonations declares the list, the newest first.
var Impersonations = &listing.Spec{
	Table: "impersonations",
	Fields: []listing.Field{
		{Name: "customer_id", Kind: listing.Int, Ops: []listing.Op{listing.Eq, listing.In}, Column: "customer_id"},
	},
	Descending: true,
	Cursors:    true,
}

const impersonationColumns = `id, customer_id, channel_id, reason, actor_kind, actor_id, actor_name, session_id, date_created, date_expires, date_used, date_ended, how`

var (
	takeImpersonationID = sqldb.Static(`UPDATE store_counters SET impersonation_id = impersonation_id + $2 WHERE store_id = $1 RETURNING impersonation_id`)
	insertImpersonation = sqldb.Static(`INSERT INTO impersonations (store_id, ` + impersonationColumns + `, token_hash)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, $9, $10, 0, 0, '', $11)`)
	impersonationByToken = sqldb.Static(`SELECT ` + impersonationColumns + ` FROM impersonations WHERE store_id = $1 AND token_hash = $2`)
	impersonationByID    = sqldb.Static(`SELECT ` + impersonationColumns + ` FROM impersonations WHERE store_id = $1 AND id = $2`)
	useImpersonation     = sqldb.Static(`UPDATE impersonations SET date_used = $3, session_id = $4
		WHERE store_id = $1 AND id = $2 AND date_used = 0 AND date_ended = 0 AND date_expires > $3`)
	closeImpersonation = sqldb.Static(`UPDATE impersonations SET date_ended = $3, how = $4 WHERE store_id = $1 AND id = $2 AND date_ended = 0
		RETURNING customer_id, session_id`)
	openOfCustomer = sqldb.Static(`SELECT id FROM impersonations WHERE store_id = $1 AND customer_id = $2 AND date_ended = 0 ORDER BY id`)
	expiredOnes    = sqldb.Static(`SELECT id FROM impersonations WHERE store_id = $1 AND date_ended = 0 AND date_expires <= $2 ORDER BY date_expires, id LIMIT $3`)
	storesExpired  = sqldb.Global(`SELECT s.id FROM stores s WHERE EXISTS (SELECT 1 FROM impersonations i WHERE i.store_id = s.id AND i.date_ended = 0 AND i.date_expires <= $1)`)
	oldOnes        = sqldb.Static(`SELECT token_hash FROM impersonations WHERE store_id = $1 AND date_expires < $2 ORDER BY date_expires LIMIT $3`)
	dropOld        = sqldb.Static(`DELETE FROM impersonations WHERE store_id = $1 AND token_hash = $2 AND date_expires < $3`)
)

func (i *Impersonation) scan(r *sqldb.Row, now int64) {
	*i = Impersonation{
		ID: r.Int(0), CustomerID: r.Int(1), ChannelID: r.Int(2), Reason: r.Text(3), By: history.Actor{Kind: history.ActorKind(r.Int(4)), ID: r.Int(5), Name: r.Text(6)},
		session: r.Int(7), Created: r.Int(8), Expires: r.Int(9), Used: r.Int(10), Ended: r.Int(11), How: HowEnded(r.Text(12)),
	}
	if i.Ended == 0 && now >= i.Expires { // before the history tells of it
		i.Ended, i.How = i.Expires, ByTime
	}
}

// Impersonate makes an impersonation on a site and returns it with the address
// that signs in, once.
func (s *Service) Impersonate(ctx context.Context, site store.Site, in Impersonate) (Impersonation, string, error) {
	c := fault.Collector{}
	c.Length(FieldReason, in.Reason, 1, maxImpersonateReason)
	if in.Minutes < 1 || in.Minutes > maxMinutes {
		c.Because(FieldMinutes, fault.OutOfRange, WhyMinutes, strconv.Itoa(maxMinutes))
	}
	if site.URL == "" {
		c.Because(FieldChannel, fault.NotAccepted, WhyNoAddress, "")
	}
	if err := c.Err(fault.Invalid); err != nil {
		return Impersonation{}, "", err
	}
	now, token := s.sys.Now(), s.sys.Hex(32)
	out := Impersonation{CustomerID: in.CustomerID, ChannelID: site.ChannelID, Reason: in.Reason, By: in.By, Created: now, Expires: now + in.Minutes*60}
	err := s.db.Write(ctx, site.StoreID, func(tx *sqldb.Tx) error {
		who, err := lockCustomer(tx, in.CustomerID, site.ChannelID)
		switch {
		case err != nil:
			return err
		case who.ID == 0:
			return fault.Broken(fault.Invalid, fault.Item{Field: FieldCustomer, Code: fault.Unknown, Why: customer.WhyNoCustomer})
		case !who.admitted:
			return fault.Broken(fault.Invalid, fault.Item{Field: FieldCustomer, Code: fault.NotAccepted, Why: WhyNoAccess})
		}
		if err := tx.Query(takeImpersonationID, func(r *sqldb.Row) error { out.ID = r.Int(0); return nil }, int64(1)); err != nil {
			return err
		}
		e := out.entry(history.Created)
		from := history.OfTx(tx)
		from.Reason = in.Reason
		e.From = &from
		e.Add(false, history.FieldExpires, "", history.Int(out.Expires))
		if err := history.Enter(tx, now, e); err != nil {
			return err
		}
		return tx.Exec(insertImpersonation, out.ID, out.CustomerID, out.ChannelID, out.Reason, int64(out.By.Kind), out.By.ID, cmp.Or(out.By.Name, out.By.ClientID),
			out.Created, out.Expires, auth.HashToken(token))
	})
	if err != nil {
		return Impersonation{}, "", err
	}
	return out, link(site, impersonationPath, "token", token), nil
}

func (i *Impersonation) entry(a history.Action) history.Entry {
	return history.Entry{Action: a, Resource: history.Impersonation, ID: i.ID, CustomerID: i.CustomerID}
}

// Acting is who acts as a customer in a session, and as whom.
type Acting struct {
	ID          int64  // of the impersonation
	By          string // a name
	Name, Email string // the customer's
	Reason      string
	Expires     int64
}

// CheckImpersonation tells whom the token of an impersonation's link signs in
// as, without using it up. One that is not good is ErrLink.
func (s *Service) CheckImpersonation(ctx context.Context, site store.Site, token string) (Acting, error) {
	_, as, err := s.peekImpersonation(ctx, site, token)
	return as, err
}

func (s *Service) peekImpersonation(ctx context.Context, site store.Site, token string) (Impersonation, Acting, error) {
	if !tokenForm(token, 0) {
		return Impersonation{}, Acting{}, ErrLink
	}
	var found Impersonation
	var as Acting
	err := s.db.Read(ctx, site.StoreID, func(tx *sqldb.Tx) error {
		found, as = Impersonation{}, Acting{}
		if err := tx.Query(impersonationByToken, func(r *sqldb.Row) error { found.scan(r, s.sys.Now()); return nil }, auth.HashToken(token)); err != nil || found.ID == 0 {
			return err
		}
		var err error
		as, err = found.acting(tx)
		return err
	})
	if err == nil && (found.ID == 0 || found.ChannelID != site.ChannelID || found.Status() != ImpersonationWaiting) {
		err = ErrLink
	}
	return found, as, err
}

// acting returns who acts as whom.
func (i *Impersonation) acting(tx *sqldb.Tx) (Acting, error) {
	var p customer.Person
	err := tx.Pipeline(customer.PersonQuery(i.CustomerID, &p))
	return Acting{ID: i.ID, By: cmp.Or(i.By.Name, i.By.Kind.String()), Name: p.Name(), Email: p.Email, Reason: i.Reason, Expires: i.Expires}, err
}

// FollowImpersonation opens a browser's session by the token of an
// impersonation's link, once. The session ends with the impersonation.
func (s *Service) FollowImpersonation(ctx context.Context, site store.Site, token string, c Client) (_ Grant, err error) {
	defer func() { s.followed(ctx, site.StoreID, forImpersonation, c, err) }()
	settings, err := s.stores.Settings(ctx, site.StoreID)
	if err != nil {
		return Grant{}, err
	}
	p, err := s.Policy(ctx, site.StoreID)
	if err != nil {
		return Grant{}, err
	}
	in, as, err := s.peekImpersonation(ctx, site, token)
	if err != nil {
		return Grant{}, err
	}
	g := s.draw(site, Browser, in.CustomerID, c, p)
	g.Session.Acting, g.Session.Expires, g.Session.idle = &as, in.Expires, 0
	now := g.Session.Created
	history.ActAs(ctx, in.By, in.ID)
	err = s.db.Write(ctx, site.StoreID, func(tx *sqldb.Tx) error {
		who, err := lockSessions(tx, in.CustomerID, site.ChannelID)
		if err != nil {
			return err
		}
		if !who.admitted {
			return ErrLink
		}
		if err := history.Enter(tx, now, in.entry(history.SignedIn)); err != nil {
			return err
		}
		// Of several at once one wins; the others are undone.
		n, err := tx.ExecCount(useImpersonation, in.ID, now, g.Session.ID)
		if err != nil {
			return err
		}
		if n == 0 {
			return ErrLink
		}
		if err := s.open(tx, g, c, &who, opening{beside: true}); err != nil || !settings.Storefront.ImpersonationNotice {
			return err
		}
		// In the customer's language, and not in that of who acts.
		return s.mail.Queue(tx, Mail{
			Kind: MailImpersonated, Site: site, To: who.Email, ToName: who.Name(), CustomerID: who.ID,
			Data: map[string]string{"minutes": strconv.FormatInt((in.Expires-now+59)/60, 10)},
		})
	})
	if err != nil {
		return Grant{}, err
	}
	return *g, nil
}

// EndImpersonation ends an impersonation and its session. One that has ended is
// no error; without one it is a NotFound fault.
func (s *Service) EndImpersonation(ctx context.Context, storeID, id int64) error {
	return s.db.Write(ctx, storeID, func(tx *sqldb.Tx) error {
		var found Impersonation
		if err := tx.Query(impersonationByID, func(r *sqldb.Row) error { found.scan(r, s.sys.Now()); return nil }, id); err != nil {
			return err
		}
		if found.ID == 0 {
			return errNoImpersonation
		}
		return s.closeAll(tx, ByRequest, found.ID)
	})
}

// ErrNoChannel: the store has no such channel to sign in on.
var ErrNoChannel = fault.Broken(fault.Invalid, fault.Item{Field: FieldChannel, Code: fault.Unknown, Why: WhyNoChannel})

var errNoImpersonation = fault.New(fault.NotFound, "there is no such impersonation")

// closeAll ends those of some impersonations that have not ended, with their
// sessions, and records it. Whatever else locks impersonations has locked the
// store's counters before, as this does.
func (s *Service) closeAll(tx *sqldb.Tx, how HowEnded, ids ...int64) error {
	if len(ids) == 0 {
		return nil
	}
	now := s.sys.Now()
	counters, err := store.Advance{Entries: int64(len(ids))}.Run(tx)
	if err != nil {
		return err
	}
	var entries []history.Entry
	for _, id := range ids {
		one := Impersonation{ID: id}
		if err := tx.Query(closeImpersonation, func(r *sqldb.Row) error { one.CustomerID, one.session = r.Int(0), r.Int(1); return nil }, id, now, string(how)); err != nil {
			return err
		}
		if one.CustomerID == 0 {
			continue
		}
		e := one.entry(history.Ended)
		e.Because(string(how))
		entries = append(entries, e)
		if one.session != 0 {
			if err := tx.Exec(deleteOfImpersonation, one.CustomerID, one.session); err != nil {
				return err
			}
		}
	}
	if missing := int64(len(ids) - len(entries)); missing > 0 {
		if err := (store.Advance{Entries: missing}).Undo(tx, &counters); err != nil {
			return err
		}
	}
	return history.Record(tx, counters.EntryID, now, entries)
}

// closeOf ends all impersonations of a customer.
func (s *Service) closeOf(tx *sqldb.Tx, customerID int64) error {
	var ids []int64
	if err := tx.Query(openOfCustomer, func(r *sqldb.Row) error { ids = append(ids, r.Int(0)); return nil }, customerID); err != nil {
		return err
	}
	return s.closeAll(tx, ByCustomer, ids...)
}

// ListImpersonations returns a page of a store's impersonations.
func (s *Service) ListImpersonations(ctx context.Context, storeID int64, q *listing.Query) (out []Impersonation, res *listing.Result, err error) {
	now := s.sys.Now()
	err = s.db.Read(ctx, storeID, func(tx *sqldb.Tx) (err error) {
		out, res, err = listing.Rows(tx, q, impersonationColumns, func(i *Impersonation, r *sqldb.Row) error { i.scan(r, now); return nil })
		return err
	})
	return out, res, err
}

const (
	lookForExpired = 10 * time.Second
	expireBite     = 100
)

// RegisterJobs has r end impersonations whose time is over, and invite customers to
// choose a password.
func (s *Service) RegisterJobs(r *jobs.Runner) {
	r.Register(jobs.Kind{Name: inviteJob, Handler: s.inviteSome, Limit: 2, Schedule: []time.Duration{5 * time.Second, time.Minute, 10 * time.Minute, time.Hour, 6 * time.Hour, 24 * time.Hour}})
	r.Every("impersonations that expire", lookForExpired, s.ExpireImpersonations)
}

// ExpireImpersonations ends all impersonations whose time is over, in all
// stores. Nobody can use them any more by then: it is told in the history.
func (s *Service) ExpireImpersonations(ctx context.Context) error {
	var stores []int64
	if err := s.db.Read(ctx, 0, func(tx *sqldb.Tx) error {
		stores = stores[:0]
		return tx.Query(storesExpired, func(r *sqldb.Row) error { stores = append(stores, r.Int(0)); return nil }, s.sys.Now())
	}); err != nil {
		return err
	}
	for _, id := range stores {
		for more := true; more; {
			if err := s.db.Write(ctx, id, func(tx *sqldb.Tx) error {
				var ids []int64
				if err := tx.Query(expiredOnes, func(r *sqldb.Row) error { ids = append(ids, r.Int(0)); return nil }, s.sys.Now(), int64(expireBite)); err != nil {
					return err
				}
				more = len(ids) == expireBite
				return s.closeAll(tx, ByTime, ids...)
			}); err != nil {
				return err
			}
		}
	}
	return nil
}
