package sqldb

import (
	"context"
	"errors"
)

// attempts bounds how often WriteAgain runs a transaction.
const attempts = 4

// WriteAgain is Write that runs anew when it lost a race: another transaction
// took a unique key in between, or deleted a row that this one refers to. The
// look before the write then finds so.
func (db *DB) WriteAgain(ctx context.Context, store int64, fn func(tx *Tx) error) error {
	return again(ctx, store, db.Write, fn)
}

// WriteSharedAgain is WriteShared that runs anew as WriteAgain does.
func (db *DB) WriteSharedAgain(ctx context.Context, store int64, fn func(tx *Tx) error) error {
	return again(ctx, store, db.WriteShared, fn)
}

func again(ctx context.Context, store int64, write func(context.Context, int64, func(*Tx) error) error, fn func(*Tx) error) error {
	for attempt := 1; ; attempt++ {
		err := write(ctx, store, fn)
		if !errors.Is(err, ErrUnique) && !errors.Is(err, ErrForeignKey) || attempt == attempts {
			return err
		}
	}
}
