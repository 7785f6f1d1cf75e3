package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"time"

	"clientele/internal/fault"
	"clientele/internal/jobs"
	"clientele/internal/sqldb"
	"clientele/internal/system"
)

// Resolver asks DNS; *net.Resolver is one.
type Resolver interface {
	LookupTXT(ctx context.Context, name string) ([]string, error)
}

// Prover looks in DNS for the proofs of claims.
type Prover struct {
	DB       *sqldb.DB
	System   *system.System
	Rules    HostRules
	Resolver Resolver
	Log      *slog.Logger
}

const hostJob = "host"

// lookFor is a job's payload.
type lookFor struct {
	ChannelID int64 `json:"channel_id"`
	Round     int64 `json:"round"`
}

// lookPauses are the waits between looks for one proof: a month in all. A
// write of the site begins again.
var lookPauses = slices.Concat([]time.Duration{
	5 * time.Second, 15 * time.Second, 30 * time.Second, time.Minute, 2 * time.Minute, 5 * time.Minute, 15 * time.Minute, 30 * time.Minute,
	time.Hour, 2 * time.Hour, 4 * time.Hour, 8 * time.Hour, 16 * time.Hour,
}, slices.Repeat([]time.Duration{24 * time.Hour}, 28))

const lookTimeout = 20 * time.Second

// Register has a runner look for proofs.
func (p *Prover) Register(r *jobs.Runner) {
	r.Register(jobs.Kind{Name: hostJob, Handler: p.look, Schedule: lookPauses, GaveUp: p.gaveUp, Timeout: lookTimeout, Limit: 4})
}

// noProof is why a claim does not count yet. It holds no personal data.
type noProof string

// Error implements error.
func (e noProof) Error() string { return string(e) }

// Public implements jobs.Public.
func (e noProof) Public() string { return string(e) }

var (
	selectClaim = sqldb.Static(`SELECT ` + claimColumns + ` FROM site_hosts WHERE store_id = $1 AND channel_id = $2`)
	noteLook    = sqldb.Static(`UPDATE site_hosts SET date_looked = $3 WHERE store_id = $1 AND channel_id = $2`)
)

func (p *Prover) look(ctx context.Context, j jobs.Job) error {
	var in lookFor
	if err := j.Decode(&in); err != nil {
		return err
	}
	var c claim
	var hash string
	if err := p.DB.Write(ctx, j.StoreID, func(tx *sqldb.Tx) error {
		c, hash = claim{}, ""
		if err := tx.Pipeline(
			sqldb.Q{Stmt: selectClaim, Args: []any{in.ChannelID}, Each: func(r *sqldb.Row) error { c = scanClaim(r); return nil }},
			sqldb.Q{Stmt: hashOfStore, Args: []any{j.StoreID}, Each: func(r *sqldb.Row) error { hash = r.Text(0); return nil }},
		); err != nil {
			return err
		}
		return tx.Exec(noteLook, in.ChannelID, p.System.Now())
	}); err != nil {
		return err
	}
	record := recordName(c.name)
	if c.name == "" || c.round != in.Round || c.proved > 0 || record == "" {
		return nil // there is nothing to prove any more, or a newer job does it
	}
	// The dot at the end keeps the machine's search domains out.
	texts, err := p.Resolver.LookupTXT(ctx, record+".")
	if failure := (*net.DNSError)(nil); errors.As(err, &failure) && failure.IsNotFound {
		err = nil
	}
	if err != nil {
		return fmt.Errorf("%w: %w", noProof("DNS does not answer about "+record), err)
	}
	if !slices.Contains(texts, recordText(hash)) {
		return noProof("there is no record " + record + " with the text " + recordText(hash))
	}
	err = p.DB.Write(ctx, j.StoreID, func(tx *sqldb.Tx) error {
		var now claim
		if err := tx.Query(selectClaim, func(r *sqldb.Row) error { now = scanClaim(r); return nil }, in.ChannelID); err != nil {
			return err
		}
		if now.name != c.name || now.proved > 0 {
			return nil
		}
		return p.Rules.prove(tx, c.name, ByDNS, Merchant, p.System.Now())
	})
	if f := fault.As(err); f != nil && f.Kind == fault.Conflict {
		return noProof(f.Message)
	}
	if err == nil {
		p.Log.Info("a host is proved by DNS", "host", c.name, "store", hash)
	}
	return err
}

// gaveUp has nothing to tell: the claim waits for the next write of its site,
// or for the operator.
func (p *Prover) gaveUp(context.Context, jobs.Job) error { return nil }
