package failure_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"clientele/internal/failure"
	"clientele/internal/fault"
	"clientele/internal/sqldb"
)

func TestOf(t *testing.T) {
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	late, stop := context.WithTimeout(t.Context(), 0)
	defer stop()
	for name, test := range map[string]struct {
		ctx    context.Context
		err    error
		kind   fault.Kind
		retry  int
		gone   bool
		logged bool
	}{
		"a rule":                    {t.Context(), fmt.Errorf("x: %w", fault.New(fault.Invalid, "no")), fault.Invalid, 0, false, false},
		"a busy queue":              {t.Context(), &fault.Error{Kind: fault.TooMany, RetryAfter: 5}, fault.TooMany, 5, false, false},
		"a rule, client gone":       {gone, fault.New(fault.Invalid, "no"), fault.Invalid, 0, false, false},
		"a defect":                  {t.Context(), errors.New("boom"), fault.Internal, 0, false, true},
		"the client went away":      {gone, fmt.Errorf("read: %w", context.Canceled), fault.Internal, 0, true, false},
		"canceled by us":            {t.Context(), context.Canceled, fault.Internal, 0, false, true},
		"too late":                  {late, context.DeadlineExceeded, fault.Unavailable, 1, false, true},
		"no database":               {t.Context(), fmt.Errorf("write: %w", sqldb.ErrUnavailable), fault.Unavailable, 1, false, true},
		"unknown outcome":           {t.Context(), fmt.Errorf("write: %w", sqldb.ErrUnknownOutcome), fault.Unavailable, 0, false, true},
		"no database, client gone":  {gone, sqldb.ErrUnavailable, fault.Unavailable, 1, false, true},
		"an internal fault is one":  {t.Context(), fault.New(fault.Internal, ""), fault.Internal, 0, false, true},
		"internal fault, no server": {t.Context(), &fault.Error{Kind: fault.Internal, Cause: sqldb.ErrUnavailable}, fault.Unavailable, 1, false, true},
	} {
		f := failure.Of(test.ctx, test.err)
		if f.Fault.Kind != test.kind || f.Fault.RetryAfter != test.retry || f.Gone != test.gone || (f.Err != nil) != test.logged {
			t.Errorf("%s: %+v", name, f)
		}
	}
}
