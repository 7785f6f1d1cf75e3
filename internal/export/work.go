package export

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"math"
	"strconv"
	"strings"
	"time"

	"clientele/internal/fault"
	"clientele/internal/history"
	"clientele/internal/jobs"
	"clientele/internal/portable"
	"clientele/internal/sqldb"
	"clientele/internal/system"
	"clientele/internal/transfer/bundle"
)

const (
	// jobWrite writes the file of an export.
	jobWrite = "export"
	// longest bounds an export, which is begun anew when it is cut off.
	longest = time.Hour
	// watched is how often a job looks whether its export was cancelled, and tells
	// how far it is.
	watched = 500 * time.Millisecond
)

// writingOf is the payload of the job.
type writingOf struct {
	ID int64 `json:"id"`
}

// Register has r write exports and forget them.
func (s *Service) Register(r *jobs.Runner) {
	r.Register(jobs.Kind{Name: jobWrite, Handler: s.work, GaveUp: s.gaveUp, Limit: 1, Schedule: []time.Duration{5 * time.Second, time.Minute, 10 * time.Minute}, Timeout: longest})
	r.Every("files of exports", time.Hour, s.prune)
}

// errOver: nobody wants the file any more.
var errOver = errors.New("the export is over")

// work writes the file of an export, from its beginning: it is of one moment.
func (s *Service) work(ctx context.Context, j jobs.Job) error {
	e, err := s.of(ctx, j)
	if err != nil || e == nil {
		return err
	}
	// What is done is who asked for it.
	ctx = history.With(ctx, &history.Origin{Surface: history.V3, Actor: e.By})
	watching, cancel := context.WithCancelCause(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for system.Pause(watching, watched) == nil {
			if now, err := s.Get(watching, j.StoreID, e.ID); err == nil && now.State != Running || fault.As(err) != nil {
				cancel(errOver)
			}
		}
	}()
	err = s.write(watching, j.StoreID, e)
	over := errors.Is(context.Cause(watching), errOver)
	cancel(nil)
	<-done
	if err != nil {
		err = errors.Join(err, s.files.Drop(context.WithoutCancel(ctx), j.StoreID, e.ID))
	}
	switch f := fault.As(err); {
	case over:
		return nil
	case f != nil:
		return s.fail(ctx, j.StoreID, e.ID, f.Message)
	}
	return err
}

// of returns the export of a job, nil if it has ended or is gone.
func (s *Service) of(ctx context.Context, j jobs.Job) (*Export, error) {
	var of writingOf
	if err := j.Decode(&of); err != nil {
		return nil, err
	}
	e, err := s.Get(ctx, j.StoreID, of.ID)
	if errors.Is(err, errNone) || err == nil && e.State != Running {
		return nil, nil
	}
	return e, err
}

// gaveUp tells that a file cannot be written.
func (s *Service) gaveUp(ctx context.Context, j jobs.Job) error {
	e, err := s.of(ctx, j)
	if err != nil || e == nil {
		return err
	}
	return s.fail(ctx, j.StoreID, e.ID, "every attempt failed; see the log of the server")
}

func (s *Service) fail(ctx context.Context, storeID, id int64, why string) error {
	if r := []rune(strings.ReplaceAll(why, "\x00", "")); len(r) > maxError {
		why = string(r[:maxError])
	}
	return s.db.Write(ctx, storeID, func(tx *sqldb.Tx) error { return tx.Exec(endOne, id, string(Failed), why, s.sys.Now()) })
}

// write writes the file of an export, and notes that it is there.
func (s *Service) write(ctx context.Context, storeID int64, e *Export) error {
	o := e.Options
	size, sum, records, err := s.file(ctx, storeID, e.ID, o)
	if errors.Is(err, ErrAddresses) {
		o.Zip = true
		size, sum, records, err = s.file(ctx, storeID, e.ID, o)
	}
	if err != nil {
		return err
	}
	name := string(o.Kind) + "-" + strconv.FormatInt(e.ID, 10) + ".csv"
	switch {
	case o.Format == Clientele:
		name = "store-" + strconv.FormatInt(e.ID, 10) + ".bundle"
	case o.Lines:
		name = strings.TrimSuffix(name, ".csv") + ".ndjson"
	case o.Zip:
		name = strings.TrimSuffix(name, ".csv") + ".zip"
	}
	n := int64(0)
	if err := s.db.Write(ctx, storeID, func(tx *sqldb.Tx) (err error) {
		n, err = tx.ExecCount(finish, e.ID, records, name, sum, size, s.sys.Now())
		return err
	}); err != nil {
		return err
	}
	if n == 0 { // it was cancelled meanwhile
		return s.files.Drop(ctx, storeID, e.ID)
	}
	return nil
}

// file writes the file.
func (s *Service) file(ctx context.Context, storeID, id int64, o Options) (size int64, sum string, records int64, err error) {
	if err := s.files.Drop(ctx, storeID, id); err != nil { // of an attempt that was cut off
		return 0, "", 0, err
	}
	to, err := s.files.Create(ctx, storeID, id)
	if err != nil {
		return 0, "", 0, err
	}
	hash := sha256.New()
	counted := &counting{to: io.MultiWriter(to, hash)}
	last := s.sys.Elapsed()
	tell := func(n int64) {
		if now := s.sys.Elapsed(); now-last >= watched {
			last = now
			// What cannot be told now is told later.
			_ = s.db.Write(ctx, storeID, func(tx *sqldb.Tx) error { return tx.Exec(moveOn, id, n, s.sys.Now()) })
		}
	}
	if o.Format == Clientele {
		var m *bundle.Manifest
		if m, err = s.bundles.Export(ctx, storeID, portable.Options{}, counted, func(p bundle.Progress) { tell(p.Records) }); err == nil {
			records = m.Records()
		}
	} else {
		var done Written
		done, err = s.Write(ctx, storeID, o, counted, tell)
		records = done.Rows
	}
	if err = errors.Join(err, to.Close()); err != nil {
		return 0, "", 0, err
	}
	return counted.n, hex.EncodeToString(hash.Sum(nil)), records, nil
}

// counting counts what is written.
type counting struct {
	to io.Writer
	n  int64
}

// Write implements io.Writer.
func (c *counting) Write(b []byte) (int, error) {
	n, err := c.to.Write(b)
	c.n += int64(n)
	return n, err
}

// prune takes away what ended a week ago, with its file.
func (s *Service) prune(ctx context.Context) error {
	return s.db.EachStore(ctx, func(storeID int64) error {
		lost, err := s.files.Orphans(ctx, storeID)
		if err != nil {
			return err
		}
		for _, id := range lost {
			if e, err := s.Get(ctx, storeID, id); errors.Is(err, errNone) || err == nil && (e.State == Cancelled || e.State == Failed) {
				if err := s.files.Drop(ctx, storeID, id); err != nil {
					return err
				}
			}
		}
		return s.drop(ctx, storeID, s.sys.Now()-int64(keep/time.Second))
	})
}

// DropEnded takes away all exports of a store that have ended, with their files:
// somebody is in them who was erased.
func (s *Service) DropEnded(ctx context.Context, storeID int64) error {
	return s.drop(ctx, storeID, math.MaxInt64)
}

// drop takes away what ended before a time, with its file.
func (s *Service) drop(ctx context.Context, storeID, before int64) error {
	var ids []int64
	if err := s.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
		ids = nil
		return tx.Query(over, func(r *sqldb.Row) error { ids = append(ids, r.Int(0)); return nil }, before)
	}); err != nil {
		return err
	}
	for _, id := range ids {
		if err := s.files.Drop(ctx, storeID, id); err != nil {
			return err
		}
		if err := s.db.Write(ctx, storeID, func(tx *sqldb.Tx) error { tx.Signal(sqldb.Erased); return tx.Exec(dropOne, id) }); err != nil {
			return err
		}
	}
	return nil
}
