package account

import (
	"context"

	"clientele/internal/customer"
	"clientele/internal/limit"
	"clientele/internal/sqldb"
)

// maxAddresses is from how many networks a customer is known; the longest
// unused go first.
const maxAddresses = 20

var (
	knownAddress      = sqldb.Static(`SELECT customer_id FROM known_addresses WHERE store_id = $1 AND ip_address = $4 AND customer_id IN ` + customer.HoldersOf("$2", "$3"))
	addressOfCustomer = sqldb.Static(`SELECT customer_id FROM known_addresses WHERE store_id = $1 AND customer_id = $2 AND ip_address = $3`)
	rememberAddress   = sqldb.Static(`INSERT INTO known_addresses (store_id, customer_id, ip_address, date_used) VALUES ($1, $2, $3, $4)
		ON CONFLICT (store_id, customer_id, ip_address) DO UPDATE SET date_used = excluded.date_used
		RETURNING (SELECT COUNT(*) FROM known_addresses k WHERE k.store_id = $1 AND k.customer_id = $2)`)  // about how many: with the new one or without
	addressesByAge = sqldb.Static(`SELECT ip_address FROM known_addresses WHERE store_id = $1 AND customer_id = $2 ORDER BY date_used DESC, ip_address`)
	forgetAddress  = sqldb.Static(`DELETE FROM known_addresses WHERE store_id = $1 AND customer_id = $2 AND ip_address = $3`)
)

// remember notes that a customer proved in a network who they are, so that
// strangers' guesses do not lock them out there.
func remember(tx *sqldb.Tx, customerID int64, peer limit.Peer, now int64) error {
	n := int64(0)
	if err := tx.Pipeline(rememberQuery(customerID, peer, now, &n)...); err != nil {
		return err
	}
	return forgetOldest(tx, customerID, n)
}

// rememberQuery is remember in a pipeline, before forgetOldest of n; none where no
// network is known.
func rememberQuery(customerID int64, peer limit.Peer, now int64, n *int64) []sqldb.Q {
	network := peer.Network()
	if network == "" {
		return nil
	}
	return []sqldb.Q{{Stmt: rememberAddress, Args: []any{customerID, network, now}, Each: func(r *sqldb.Row) error { *n = r.Int(0); return nil }}}
}

// forgetOldest forgets the networks, of about n, that are too many.
func forgetOldest(tx *sqldb.Tx, customerID, n int64) error {
	if n < maxAddresses {
		return nil
	}
	var addresses []string
	if err := tx.Query(addressesByAge, func(r *sqldb.Row) error { addresses = append(addresses, r.Text(0)); return nil }, customerID); err != nil {
		return err
	}
	for i := maxAddresses; i < len(addresses); i++ {
		if err := tx.Exec(forgetAddress, customerID, addresses[i]); err != nil {
			return err
		}
	}
	return nil
}

// meet is remember for who had the right password and gets no session. One
// that cannot be noted, as that of a customer who has just gone, is right all
// the same.
func (s *Service) meet(ctx context.Context, storeID, customerID int64, peer limit.Peer) {
	_ = s.db.Write(sqldb.Aside(ctx), storeID, func(tx *sqldb.Tx) error { return remember(tx, customerID, peer, s.sys.Now()) })
}
