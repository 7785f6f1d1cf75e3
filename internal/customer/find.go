package customer

import (
	"slices"

	"clientele/internal/email"
	"clientele/internal/sqldb"
)

// FindTx returns whose emails are, by email.Key: more than one where channels have
// customers of their own.
func FindTx(tx *sqldb.Tx, emails []string) (map[string][]int64, error) {
	out := map[string][]int64{}
	if len(emails) == 0 {
		return out, nil
	}
	held := map[string][]slot{}
	if err := tx.Pipeline(emailSlots(emails, held)...); err != nil {
		return nil, err
	}
	for _, address := range emails {
		norm := email.Key(address)
		for _, s := range held[norm] {
			if s.customer != 0 && !slices.Contains(out[norm], s.customer) {
				out[norm] = append(out[norm], s.customer)
			}
		}
	}
	return out, nil
}
