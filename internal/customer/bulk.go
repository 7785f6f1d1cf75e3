package customer

import (
	"clientele/internal/sqldb"
)

// Before is what a customer had of an attribute; Has is false for no value.
type Before struct {
	Value string
	Has   bool
}

// SetAttributeTx gives customers one value of an attribute inside a transaction, as
// PutAttributeValues does. It returns what those had who had another one or none.
func (s *Service) SetAttributeTx(tx *sqldb.Tx, attributeID int64, value string, ids []int64) (map[int64]Before, error) {
	had, err := heldValues(tx, attributeID, ids)
	if err != nil {
		return nil, err
	}
	out := map[int64]Before{}
	var puts []AttributeUpsert
	for _, id := range ids {
		v, has := had[id]
		if has && v.Value == value {
			continue
		}
		out[id] = Before{v.Value, has}
		puts = append(puts, AttributeUpsert{CustomerID: id, AttributeID: attributeID, Value: value})
	}
	if len(puts) == 0 {
		return out, nil
	}
	_, err = putAttributeValues(tx, puts, s.sys.Now())
	return out, err
}

// ResetAttributeTx gives customers back what they had of an attribute before
// SetAttributeTx, as far as they still have the value that it set. It returns who got
// it back.
func (s *Service) ResetAttributeTx(tx *sqldb.Tx, attributeID int64, value string, before map[int64]Before) (map[int64]bool, error) {
	ids := make([]int64, 0, len(before))
	for id := range before {
		ids = append(ids, id)
	}
	have, err := heldValues(tx, attributeID, ids)
	if err != nil {
		return nil, err
	}
	out := map[int64]bool{}
	var puts []AttributeUpsert
	var gone []AttributeValue
	for id, v := range have {
		if v.Value != value {
			continue
		}
		out[id] = true
		if b := before[id]; b.Has {
			puts = append(puts, AttributeUpsert{CustomerID: id, AttributeID: attributeID, Value: b.Value})
		} else {
			gone = append(gone, v)
		}
	}
	if len(puts) > 0 {
		if _, err := putAttributeValues(tx, puts, s.sys.Now()); err != nil {
			return nil, err
		}
	}
	return out, removeValues(tx, gone, s.sys.Now())
}

// heldValues returns the values of an attribute that customers have, locked behind
// their customers.
func heldValues(tx *sqldb.Tx, attributeID int64, ids []int64) (map[int64]AttributeValue, error) {
	out := map[int64]AttributeValue{}
	if len(ids) == 0 {
		return out, nil
	}
	in, args := sqldb.In([]any{attributeID}, ids)
	return out, tx.Pipeline(HoldQuery(tx, ids, map[int64]bool{}), sqldb.Q{
		Stmt: sqldb.Dynamic(`SELECT ` + attributeValueColumns + ` FROM attribute_values WHERE store_id = $1 AND attribute_id = $2 AND customer_id IN ` + in + ` ORDER BY id` + tx.ForUpdate()),
		Args: args,
		Each: func(r *sqldb.Row) error {
			var v AttributeValue
			v.scan(r)
			out[v.CustomerID] = v
			return nil
		},
	})
}

// AreThere returns which of some ids are customers', without a lock.
func AreThere(tx *sqldb.Tx, ids []int64) (map[int64]bool, error) {
	found := make(map[int64]bool, len(ids))
	if len(ids) == 0 {
		return found, nil
	}
	return found, tx.Pipeline(sqldb.Among(`SELECT id FROM customers WHERE store_id = $1 AND id IN `, ids, ``, found))
}

// AttributeType returns the type of an attribute, empty where there is none.
func AttributeType(tx *sqldb.Tx, id int64) (string, error) {
	var have attributeSet
	if err := tx.Pipeline(have.query()); err != nil || have.byID[id] == nil {
		return "", err
	}
	return have.byID[id].Type, nil
}
