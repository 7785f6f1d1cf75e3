// Package process knows which processes of the program use a database: each writes
// down once a minute that it is there.
package process

import (
	"context"
	"log/slog"
	"os"
	"time"

	"clientele/internal/sqldb"
	"clientele/internal/system"
)

const (
	// every is how often a process writes that it is there, and Late after how long one
	// is late that has not.
	every = time.Minute
	Late  = 3 * time.Minute
	// keep is how long one is remembered that ended without a word.
	keep = 24 * time.Hour
	// most bounds how many are listed, and the time that the last word may take.
	most     = 100
	lastWord = 2 * time.Second
)

// Process is a process of the program.
type Process struct {
	ID      string // drawn when it starts
	Host    string
	Version string
	Engine  sqldb.Engine
	Started int64
	Seen    int64
}

// Late reports whether a process should have been seen since.
func (p *Process) Late(now int64) bool { return now-p.Seen > int64(Late/time.Second) }

// Service writes down that this process is there.
type Service struct {
	db   *sqldb.DB
	sys  *system.System
	log  *slog.Logger
	this Process
}

// New returns a Service for this process.
func New(db *sqldb.DB, sys *system.System, log *slog.Logger, version string) *Service {
	host, err := os.Hostname()
	if err != nil {
		host = ""
	}
	return &Service{db: db, sys: sys, log: log, this: Process{ID: sys.Hex(8), Host: host, Version: version, Engine: db.Engine(), Started: sys.Now()}}
}

// ID is that of this process.
func (s *Service) ID() string { return s.this.ID }

var (
	putOne = sqldb.Global(`INSERT INTO schema_processes (id, host, version, engine, date_started, date_seen) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (id) DO UPDATE SET date_seen = EXCLUDED.date_seen`)
	dropOne   = sqldb.Global(`DELETE FROM schema_processes WHERE id = $1`)
	dropOld   = sqldb.Global(`DELETE FROM schema_processes WHERE date_seen < $1`)
	selectAll = sqldb.Global(`SELECT id, host, version, engine, date_started, date_seen FROM schema_processes ORDER BY date_seen DESC, id LIMIT $1`)
)

// See writes that this process is there, and forgets those that were not seen for a
// day.
func (s *Service) See(ctx context.Context) error {
	return s.db.Write(ctx, 0, func(tx *sqldb.Tx) error {
		p, now := &s.this, s.sys.Now()
		if err := tx.Exec(putOne, p.ID, p.Host, p.Version, string(p.Engine), p.Started, now); err != nil {
			return err
		}
		return tx.Exec(dropOld, now-int64(keep/time.Second))
	})
}

// Run writes it once a minute until ctx ends, and then that the process is gone.
func (s *Service) Run(ctx context.Context) {
	see := func(ctx context.Context) {
		if err := s.See(ctx); err != nil && ctx.Err() == nil {
			s.log.Debug("this process could not be written down", "error", err)
		}
	}
	see(ctx)
	s.sys.Every(ctx, every, every, see)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastWord)
	defer cancel()
	if err := s.db.Write(ctx, 0, func(tx *sqldb.Tx) error { return tx.Exec(dropOne, s.this.ID) }); err != nil {
		s.log.Debug("it could not be written down that this process ends", "error", err)
	}
}

// List returns the processes that were seen within a day, the latest first.
func (s *Service) List(ctx context.Context) (out []Process, err error) {
	err = s.db.Read(ctx, 0, func(tx *sqldb.Tx) error {
		out = nil
		return tx.Query(selectAll, func(r *sqldb.Row) error {
			out = append(out, Process{ID: r.Text(0), Host: r.Text(1), Version: r.Text(2), Engine: sqldb.Engine(r.Text(3)), Started: r.Int(4), Seen: r.Int(5)})
			return nil
		}, int64(most))
	})
	return out, err
}
