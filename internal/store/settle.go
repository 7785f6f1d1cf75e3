package store

import (
	"cmp"
	"context"
	"slices"

	"clientele/internal/sqldb"
)

// HostClash is a host whose name two stores claim.
type HostClash struct {
	Host   string
	Holder string // the hash of the store that has it
	Other  string // that of the one whose claim does not count
}

// owned is a claim with its store's hash and its site's URL.
type owned struct {
	claim
	hash, url string
}

var selectOwned = sqldb.Global(`SELECT h.store_id, h.channel_id, h.name, h.date_claimed, h.date_proved, h.proof, h.date_looked, h.round, s.hash, c.url
	FROM site_hosts h JOIN stores s ON s.id = h.store_id JOIN channels c ON c.store_id = h.store_id AND c.id = h.channel_id WHERE h.date_claimed > 0`)

// claims returns all claims, the oldest first.
func allClaims(tx *sqldb.Tx) ([]owned, error) {
	var out []owned
	err := tx.Query(selectOwned, func(r *sqldb.Row) error {
		out = append(out, owned{scanClaim(r), r.Text(8), r.Text(9)})
		return nil
	})
	slices.SortFunc(out, func(a, b owned) int {
		return cmp.Or(cmp.Compare(a.claimed, b.claimed), cmp.Compare(a.storeID, b.storeID), cmp.Compare(a.channelID, b.channelID))
	})
	return out, err
}

// holders are the stores that have a name each.
type holders map[string]*owned

func holding(claims []owned) holders {
	out := holders{}
	for i := range claims {
		if c := &claims[i]; c.proved > 0 && c.name != "" {
			out[c.name] = c
		}
	}
	return out
}

var (
	nameClaim  = sqldb.Static(`UPDATE site_hosts SET name = $3, date_claimed = $4, date_proved = $5, proof = $6 WHERE store_id = $1 AND channel_id = $2`)
	roundClaim = sqldb.Static(`UPDATE site_hosts SET round = round + 1 WHERE store_id = $1 AND channel_id = $2`)
)

// NameHosts gives the claims of sites that are older than claims their names.
// Where two stores turn out to claim one, the older claim counts.
func NameHosts(ctx context.Context, db *sqldb.DB) error {
	unnamed := func(c owned) bool { return c.name == "" }
	var claims []owned
	load := func(tx *sqldb.Tx) (err error) { claims, err = allClaims(tx); return err }
	if err := db.Read(ctx, 0, load); err != nil || !slices.ContainsFunc(claims, unnamed) {
		return err
	}
	return db.Write(ctx, 0, func(tx *sqldb.Tx) error {
		if err := sqldb.LockProgram(tx); err != nil {
			return err
		}
		if err := load(tx); err != nil {
			return err
		}
		have := holding(claims)
		for i := range claims {
			c := &claims[i]
			if !unnamed(*c) {
				continue
			}
			if c.name = hostOf(c.url); c.name == "" {
				c.claimed, c.proved, c.proof = 0, 0, ""
			} else if h := have[c.name]; h == nil {
				have[c.name] = c
			} else if h.storeID != c.storeID {
				c.proved, c.proof = 0, ""
			}
			if err := c.write(tx); err != nil {
				return err
			}
		}
		return nil
	})
}

func (c *owned) write(tx *sqldb.Tx) error {
	return tx.In(c.storeID).Exec(nameClaim, c.channelID, c.name, c.claimed, c.proved, c.proof)
}

// SettleHosts brings the claims in line with the rules of a server that
// starts, which may be other than those of the last one, and returns the
// names that two stores claim.
func (s *Service) SettleHosts(ctx context.Context) ([]HostClash, error) {
	var claims []owned
	load := func(tx *sqldb.Tx) (err error) { claims, err = allClaims(tx); return err }
	if err := s.db.Read(ctx, 0, load); err != nil {
		return nil, err
	}
	now := s.sys.Now()
	if changed, asked := s.Rules.settle(claims, now); len(changed)+len(asked) > 0 {
		if err := s.db.Write(ctx, 0, func(tx *sqldb.Tx) error {
			if err := sqldb.LockProgram(tx); err != nil {
				return err
			}
			if err := load(tx); err != nil {
				return err
			}
			changed, asked := s.Rules.settle(claims, now)
			for _, c := range changed {
				if err := c.write(tx); err != nil {
					return err
				}
			}
			for _, c := range asked {
				tx := tx.In(c.storeID)
				if err := tx.Exec(roundClaim, c.channelID); err != nil {
					return err
				}
				c.round++
				if err := ask(tx, c.claim, now); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			return nil, err
		}
	}
	var out []HostClash
	have := holding(claims)
	for i := range claims {
		c := &claims[i]
		if h := have[c.name]; c.proved == 0 && h != nil && h.storeID != c.storeID {
			out = append(out, HostClash{Host: c.name, Holder: h.hash, Other: c.hash})
		}
	}
	return out, nil
}

// settle changes claims, which are sorted, as the rules demand. It returns
// those that it changed and those about which DNS is to be asked.
func (r HostRules) settle(claims []owned, now int64) (changed, asked []*owned) {
	before := slices.Clone(claims)
	for i := range claims {
		c := &claims[i]
		kept, reserved := r.reserved(c.name)
		switch {
		case c.proved == 0:
		case reserved && kept != c.hash,
			r.Production && c.proof == ByDevelopment,
			!reserved && c.proof == ByReservation,
			r.isPublic(c.name) && (c.proof == ByDevelopment || c.proof == ByDNS):
			c.proved, c.proof = 0, ""
		}
	}
	have := holding(claims)
	for i := range claims {
		c := &claims[i]
		kept, reserved := r.reserved(c.name)
		h := have[c.name]
		switch {
		case c.proved > 0 || c.name == "" || reserved && kept != c.hash || h != nil && h.storeID != c.storeID:
		case reserved:
			c.proved, c.proof = now, ByReservation
		case r.isPublic(c.name):
		case h != nil:
			c.proved, c.proof = now, h.proof
		case !r.Production:
			c.proved, c.proof = now, ByDevelopment
		}
		if c.proved > 0 && h == nil {
			have[c.name] = c
		}
		if *c != before[i] {
			changed = append(changed, c)
		}
		if r.Production && c.proved == 0 && c.name != "" && (c.round == 0 || before[i].proved > 0) {
			asked = append(asked, c)
		}
	}
	return changed, asked
}
