package sqldb

// Turn is when a write came among all of the database.
type Turn struct{ ours, others int64 }

// Follows reports whether nothing was written between the two, by any process, so
// that what was read after the earlier one is still so. PostgreSQL never says so.
func (t Turn) Follows(before Turn) bool {
	return t.ours != 0 && before.ours != 0 && t.ours == before.ours+1 && t.others == before.others
}

// Turn returns when the write comes.
func (tx *Tx) Turn() (Turn, error) {
	if tx.lite == nil {
		return Turn{}, nil
	}
	others, err := tx.Elsewhere()
	return Turn{ours: tx.turn, others: others}, err
}

// Between has f called before each statement from now on, for who does much that
// others need not wait for. It does nothing on PostgreSQL, which gets many
// statements at once.
func (tx *Tx) Between(f func()) {
	if tx.lite != nil {
		tx.between = f
	}
}
