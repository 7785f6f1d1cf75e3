package bench

import (
	"context"
	"strings"
)

// Creates while another program has a snapshot of the database open, as pg_dump and
// backups have: what they see is kept, and must not be in the way of who writes.

// snapshot measures creates beside a snapshot that is as old as the measurement.
func (b *bencher) snapshot(ctx context.Context, d data) (_ []*VersusRow, err error) {
	free, end, err := b.opened(ctx, d, "free")
	if err != nil {
		return nil, err
	}
	defer end(&err)
	beside, end2, err := b.opened(ctx, d, "beside")
	if err != nil {
		return nil, err
	}
	defer end2(&err)
	drop, err := hold(ctx, beside.database)
	if err != nil {
		return nil, err
	}
	defer drop()
	return b.versus(ctx, []string{caseCreate}, "an old snapshot", "none", 0.8, b.side(beside), b.side(free))
}

// hold opens a snapshot of a database until drop is called.
func hold(ctx context.Context, dsn string) (drop func(), err error) {
	run, drop, err := writerOf(ctx, dsn)
	if err != nil {
		return nil, err
	}
	begin := "BEGIN ISOLATION LEVEL REPEATABLE READ"
	if strings.HasPrefix(dsn, "sqlite:") {
		begin = "BEGIN"
	}
	for _, sql := range []string{begin, "SELECT COUNT(*) FROM stores"} {
		if err := run(sql); err != nil {
			drop()
			return nil, err
		}
	}
	return drop, nil
}
