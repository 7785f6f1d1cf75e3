package app

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"clientele/internal/sqldb"
	"clientele/internal/system"
)

const (
	// eraseAfter is how long after something was deleted it is erased, and the
	// least time between two times: what is deleted meanwhile is erased together.
	eraseAfter = 10 * time.Second
	// eraseEvery is how often to erase in any case: what other processes
	// deleted, and what was overwritten rather than deleted.
	eraseEvery = time.Hour
)

// eraser erases what was deleted from the files of the database.
type eraser struct {
	erase func(context.Context) error
	sys   *system.System
	log   *slog.Logger
	wake  chan struct{}
}

func newEraser(db *sqldb.DB, sys *system.System, log *slog.Logger) *eraser {
	return &eraser{erase: db.Erase, sys: sys, log: log, wake: make(chan struct{}, 1)}
}

// heard is told of every commit that deleted something.
func (e *eraser) heard() {
	select {
	case e.wake <- struct{}{}:
	default:
	}
}

// run erases until ctx ends, first what a process that was killed left.
func (e *eraser) run(ctx context.Context) {
	e.heard()
	every := e.sys.NewTimer(eraseEvery)
	defer every.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-every.Chan():
			every.Reset(eraseEvery)
		case <-e.wake:
		}
		if e.sys.Sleep(ctx, eraseAfter) != nil {
			return
		}
		select {
		case <-e.wake: // what has been deleted by now is erased now
		default:
		}
		switch err := e.erase(ctx); {
		case err == nil:
		case ctx.Err() != nil:
			return
		default:
			if !errors.Is(err, sqldb.ErrBusy) {
				e.log.Error("what was deleted cannot be erased from the database's files yet", "error", err)
			}
			e.heard()
		}
	}
}
