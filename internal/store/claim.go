package store

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"clientele/internal/fault"
	"clientele/internal/history"
	"clientele/internal/jobs"
	"clientele/internal/sqldb"
)

// Why a claim counts.
const (
	ByDNS         = "dns"         // a record of the name says so
	ByOperator    = "operator"    // whoever runs the service said so
	ByReservation = "reserved"    // the name is one of the store's own
	ByDevelopment = "development" // every claim counts there
	ByMigration   = "migration"   // the site is older than the need for a proof
)

// HostRules are what claims of host names are judged by. The zero HostRules
// are those of development, without domains and a URL.
type HostRules struct {
	// Production has a claim count only once it is proved.
	Production bool
	// Domains are those that, besides localhost, all stores have names below.
	Domains []string
	// Public is the host of the service's own URL, which no API account may
	// claim.
	Public string
}

// A claimant is who claims a name.
type claimant bool

// The claimants.
const (
	Merchant claimant = false // an API account of the store
	Operator claimant = true  // whoever runs the service
)

// claim is the claim of a channel to a name.
type claim struct {
	storeID, channelID int64
	name               string
	claimed, proved    int64
	proof              string
	looked, round      int64
}

const claimColumns = `store_id, channel_id, name, date_claimed, date_proved, proof, date_looked, round`

func scanClaim(r *sqldb.Row) claim {
	return claim{
		storeID: r.Int(0), channelID: r.Int(1), name: r.Text(2), claimed: r.Int(3), proved: r.Int(4), proof: r.Text(5), looked: r.Int(6), round: r.Int(7),
	}
}

var (
	claimsOfName = sqldb.Global(`SELECT ` + claimColumns + ` FROM site_hosts WHERE name = $1 ORDER BY date_claimed, store_id, channel_id`)
	hashOfStore  = sqldb.Global(`SELECT hash FROM stores WHERE id = $1`)
	putClaim     = sqldb.Static(`INSERT INTO site_hosts (store_id, channel_id, name, date_claimed, date_proved, proof, round) VALUES ($1, $2, $3, $4, $5, $6, 1)
		ON CONFLICT (store_id, channel_id) DO UPDATE SET name = excluded.name, date_claimed = excluded.date_claimed, date_proved = excluded.date_proved,
			proof = excluded.proof, round = site_hosts.round + 1 RETURNING round`)
	dropClaim = sqldb.Static(`UPDATE site_hosts SET name = '', date_claimed = 0, date_proved = 0, proof = '', round = round + 1 WHERE store_id = $1 AND channel_id = $2`)
	proveName = sqldb.Static(`UPDATE site_hosts SET date_proved = $3, proof = $4 WHERE store_id = $1 AND name = $2`)
)

func conflict(format string, args ...any) error {
	return &fault.Error{Kind: fault.Conflict, Message: fmt.Sprintf(format, args...)}
}

// Claim has a channel of tx's store claim the host of a URL, inside tx. Every
// site's URL comes through here. A name belongs to one store, whatever scheme
// and port: one that another store has, that is kept for another store, or
// that is the service's own is a Conflict. A claim that must be proved first
// is stored and does not count, and DNS is asked after the commit.
func (r HostRules) Claim(tx *sqldb.Tx, channelID int64, url string, by claimant, now int64) error {
	name := hostOf(url)
	if name == "" {
		return &fault.Error{Kind: fault.Invalid, Message: fmt.Sprintf("%q is no http or https URL with the name of a host", url)}
	}
	rows, hash, err := contest(tx, name)
	if err != nil {
		return err
	}
	c := claim{storeID: tx.Store(), channelID: channelID, name: name, claimed: now}
	var own claim // one of the store that counts
	for _, have := range rows {
		if have.storeID != c.storeID {
			continue
		}
		if have.channelID == channelID {
			c = have
		}
		if have.proved > 0 {
			own = have
		}
	}
	if err := r.judge(c, hash, rows, by); err != nil {
		return err
	}
	proof := ""
	kept, reserved := r.reserved(name)
	switch {
	case by == Operator:
		proof = ByOperator
	case c.proved > 0:
		return nil
	case own.proved > 0:
		proof = own.proof
	case reserved && kept == hash:
		proof = ByReservation
	case !r.Production:
		proof = ByDevelopment
	}
	if proof != "" && (c.proved == 0 || c.proof != proof) {
		c.proved, c.proof = now, proof
	}
	if err := tx.Query(putClaim, func(row *sqldb.Row) error { c.round = row.Int(0); return nil }, channelID, name, c.claimed, c.proved, c.proof); err != nil {
		return err
	}
	if c.proved > 0 {
		return nil
	}
	return ask(tx, c, now)
}

// contest returns all claims of a name, which stay as they are until tx ends,
// and the hash of tx's store.
func contest(tx *sqldb.Tx, name string) (rows []claim, hash string, err error) {
	// Two stores must not look at the same time.
	if err := sqldb.LockProgram(tx); err != nil {
		return nil, "", err
	}
	err = tx.Pipeline(
		sqldb.Q{Stmt: claimsOfName, Args: []any{name}, Each: func(r *sqldb.Row) error { rows = append(rows, scanClaim(r)); return nil }},
		sqldb.Q{Stmt: hashOfStore, Args: []any{tx.Store()}, Each: func(r *sqldb.Row) error { hash = r.Text(0); return nil }},
	)
	return rows, hash, err
}

// judge returns a Conflict if a claim can never count as things are.
func (r HostRules) judge(c claim, hash string, rows []claim, by claimant) error {
	if kept, ok := r.reserved(c.name); ok && kept != hash {
		return conflict("the host %s is kept for the store %s", c.name, kept)
	}
	if slices.ContainsFunc(rows, func(o claim) bool { return o.proved > 0 && o.storeID != c.storeID }) {
		return conflict("the host %s belongs to another store", c.name)
	}
	if r.isPublic(c.name) && by != Operator && c.proved == 0 {
		return conflict("the host %s is the service's own, which its operator alone gives to a channel", c.name)
	}
	return nil
}

func (r HostRules) isPublic(name string) bool { return r.Public != "" && HostName(r.Public) == name }

// reserved returns the hash of the store that a name is kept for, whether it
// exists or not.
func (r HostRules) reserved(name string) (hash string, ok bool) {
	hash, _, ok = reservation(name, canonical(r.Domains))
	return hash, ok
}

// canonical returns the canonical names of domains, with localhost.
func canonical(domains []string) []string {
	out := []string{"localhost"}
	for _, d := range domains {
		if d = HostName(d); d != "" {
			out = append(out, d)
		}
	}
	return out
}

// reservation reads names such as store-abc123-2.localhost below domains:
// they stand for a store and one of its channels.
func reservation(name string, domains []string) (hash string, channelID int64, ok bool) {
	if !strings.HasPrefix(name, "store-") {
		return "", 0, false
	}
	m := siteName.FindStringSubmatch(name)
	if m == nil || !slices.Contains(domains, m[3]) {
		return "", 0, false
	}
	channelID = DefaultChannel
	if m[2] != "" {
		channelID, _ = strconv.ParseInt(m[2], 10, 64)
	}
	return m[1], channelID, true
}

// Unclaim ends the claim of a channel of tx's store, inside tx.
func Unclaim(tx *sqldb.Tx, channelID int64) error { return tx.Exec(dropClaim, channelID) }

// prove has the claims of tx's store to a name count, inside tx.
func (r HostRules) prove(tx *sqldb.Tx, name, proof string, by claimant, now int64) error {
	rows, hash, err := contest(tx, name)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(rows, func(c claim) bool { return c.storeID == tx.Store() })
	if i < 0 {
		return noSite(name)
	}
	if err := r.judge(rows[i], hash, rows, by); err != nil {
		return err
	}
	var entries []history.Entry
	for _, c := range rows {
		if c.storeID != tx.Store() {
			continue
		}
		before := &toldChannel{}
		if c.proved > 0 {
			before.host, before.proof = name, c.proof
		}
		if e := siteHistory.Change(history.Site, c.channelID, 0, before, &toldChannel{host: name, proof: proof}); e.Changed() {
			entries = append(entries, e)
		}
	}
	if err := history.Enter(tx, now, entries...); err != nil {
		return err
	}
	return tx.Exec(proveName, name, now, proof)
}

// lookAgain is how long after a look DNS is asked again at the earliest, in
// seconds.
const lookAgain = 5

// ask has DNS asked about a claim after the commit.
func ask(tx *sqldb.Tx, c claim, now int64) error {
	if recordName(c.name) == "" {
		return nil
	}
	return jobs.Enqueue(tx, now, hostJob, lookFor{c.channelID, c.round}, max(now, c.looked+lookAgain))
}

// recordName returns the name of the DNS record that proves a claim of a
// name, or "" for one that cannot have it.
func recordName(name string) string {
	const prefix = "_clientele."
	if isAddress(name) || len(prefix)+len(name) > maxHostName {
		return ""
	}
	return prefix + name
}

// recordText is what the record says.
func recordText(hash string) string { return "store=" + hash }
