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
		ON CONFLICT (store_id, customer_id, ip_address) DO UPDATE SET date_used = excluded.date_used`)
	addressesByAge = sqldb.Static(`SELECT ip_address FROM known_addresses WHERE store_id = $1 AND customer_id = $2 ORDER BY date_used DESC, ip_address`)
	forgetAddress  = sqldb.Static(`DELETE FROM known_addresses WHERE store_id = $1 AND customer_id = $2 AND ip_address = $3`)
)

// remember notes that a customer proved in a network who they are, so that
// strangers' guesses do not lock them out there.
func remember(tx *sqldb.Tx, customerID int64, peer limit.Peer, now int64) error {
	network := peer.Network()
	if network == "" {
		return nil
	}
	if err := tx.Exec(rememberAddress, customerID, network, now); err != nil {
		return err
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
