package store

import (
	"context"
	"fmt"

	"clientele/internal/fault"
	"clientele/internal/sqldb"
)

// State of a claim.
type State string

// The states.
const (
	Counting State = "counting"
	Waiting  State = "waiting" // for a proof
	Clashing State = "clashing"
)

// HostClaim is a channel's claim of a host, for whoever runs the service.
type HostClaim struct {
	ChannelID   int64
	Host        string
	State       State
	Proof       string // why it counts
	Holder      string // the hash of the store that has a clashing name
	Record      string // the name of the DNS record that would prove it, "" where none can
	RecordText  string
	DateClaimed int64
	DateProved  int64
}

var (
	claimsOfStore = sqldb.Static(`SELECT ` + claimColumns + ` FROM site_hosts WHERE store_id = $1 AND name <> '' ORDER BY channel_id`)
	holderOfName  = sqldb.Global(`SELECT s.hash FROM site_hosts h JOIN stores s ON s.id = h.store_id WHERE h.name = $1 AND h.store_id <> $2 AND h.date_proved > 0`)
)

func holder(tx *sqldb.Tx, name string) (hash string, err error) {
	err = tx.Query(holderOfName, func(r *sqldb.Row) error { hash = r.Text(0); return nil }, name, tx.Store())
	return hash, err
}

// HostClaims returns what hosts a store's channels claim.
func (s *Service) HostClaims(ctx context.Context, st *Store) ([]HostClaim, error) {
	var out []HostClaim
	err := s.db.Read(ctx, st.ID, func(tx *sqldb.Tx) error {
		out = nil
		if err := tx.Query(claimsOfStore, func(r *sqldb.Row) error {
			c := scanClaim(r)
			h := HostClaim{ChannelID: c.channelID, Host: c.name, State: Waiting, Proof: c.proof, DateClaimed: c.claimed, DateProved: c.proved, Record: recordName(c.name), RecordText: recordText(st.Hash)}
			if c.proved > 0 {
				h.State = Counting
			}
			out = append(out, h)
			return nil
		}); err != nil {
			return err
		}
		for i := range out {
			h := &out[i]
			if h.State == Counting {
				continue
			}
			var err error
			if h.Holder, err = holder(tx, h.Host); err != nil {
				return err
			}
			if h.Holder != "" {
				h.State = Clashing
			}
		}
		return nil
	})
	return out, err
}

// ClaimedBy returns the channels of tx's store that claim a host, inside tx:
// at least one, or else a NotFound fault.
func ClaimedBy(tx *sqldb.Tx, host string) ([]int64, error) {
	name := HostName(host)
	var out []int64
	err := tx.Query(claimsOfStore, func(r *sqldb.Row) error {
		if c := scanClaim(r); c.name == name {
			out = append(out, c.channelID)
		}
		return nil
	})
	if err == nil && len(out) == 0 {
		err = noSite(host)
	}
	return out, err
}

func noSite(host string) error {
	return fault.New(fault.NotFound, fmt.Sprintf("the store has no site at the host %s", host))
}

// ProveHost has a store's claims of a host count by the operator's word.
func (s *Service) ProveHost(ctx context.Context, storeID int64, host string) error {
	name := HostName(host)
	if name == "" {
		return noSite(host)
	}
	return s.db.Write(ctx, storeID, func(tx *sqldb.Tx) error { return s.Rules.prove(tx, name, ByOperator, Operator, s.sys.Now()) })
}

// maxTold bounds how many sites of a list are explained.
const maxTold = 5

var uncounted = sqldb.Static(`SELECT c.id, c.url FROM channels c LEFT JOIN site_hosts h ON h.store_id = c.store_id AND h.channel_id = c.id
	WHERE c.store_id = $1 AND c.url <> '' AND c.status <> 'deleted' AND c.status <> 'terminated' AND COALESCE(h.date_proved, 0) = 0 ORDER BY c.id`)

// WhyNot tells in words, by channel, why the sites of some of the store's
// channels do not count, inside tx. Of many it tells the first few.
func (r HostRules) WhyNot(tx *sqldb.Tx, channelIDs []int64) (map[int64]string, error) {
	asked := make(map[int64]bool, len(channelIDs))
	for _, id := range channelIDs {
		asked[id] = true
	}
	type site struct {
		id   int64
		name string
	}
	var sites []site
	if err := tx.Query(uncounted, func(row *sqldb.Row) error {
		if asked[row.Int(0)] && len(sites) < maxTold {
			sites = append(sites, site{row.Int(0), hostOf(row.Text(1))})
		}
		return nil
	}); err != nil || len(sites) == 0 {
		return nil, err
	}
	hash := ""
	if err := tx.Query(hashOfStore, func(row *sqldb.Row) error { hash = row.Text(0); return nil }, tx.Store()); err != nil {
		return nil, err
	}
	out := make(map[int64]string, len(sites))
	for _, s := range sites {
		other, err := holder(tx, s.name)
		if err != nil {
			return nil, err
		}
		out[s.id] = r.whyNot(s.name, hash, other != "")
	}
	return out, nil
}

func (r HostRules) whyNot(name, hash string, clash bool) string {
	kept, reserved := r.reserved(name)
	record := recordName(name)
	switch {
	case name == "":
		return "the site's host has no name that can be claimed, so nothing is served there"
	case reserved && kept != hash:
		return fmt.Sprintf("nothing of this store is served at %s: the name is kept for the store %s", name, kept)
	case clash:
		return fmt.Sprintf("nothing of this store is served at %s: the name belongs to another store", name)
	case r.isPublic(name):
		return fmt.Sprintf("nothing of this store is served at %s: it is the service's own, which its operator alone gives to a channel", name)
	case record == "":
		return fmt.Sprintf("nothing is served at %s until the service's operator proves it: no DNS record can", name)
	default:
		return fmt.Sprintf(`nothing is served at %s until it is proved: set the DNS record %s of type TXT to "%s"`, name, record, recordText(hash))
	}
}

// URLOfSite reads the URL of a channel's site into to, if its host counts:
// what links may lead to.
func URLOfSite(channelID int64, to *string) sqldb.Q {
	return sqldb.Q{Stmt: siteURL, Args: []any{channelID}, Each: func(r *sqldb.Row) error { *to = r.Text(0); return nil }}
}

var siteURL = sqldb.Static(`SELECT c.url FROM channels c JOIN site_hosts h ON h.store_id = c.store_id AND h.channel_id = c.id
	WHERE c.store_id = $1 AND c.id = $2 AND h.date_proved > 0`)
