// Package model holds the Go forms of the Storefront GraphQL schema: those in
// generated.go are made from it, the others hold what resolvers below them
// need besides.
package model

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strconv"
	"time"

	"github.com/99designs/gqlgen/graphql"

	"clientele/internal/jsonx"
)

// MarshalInt writes an Int.
func MarshalInt(v int64) graphql.Marshaler { return integer(v) }

type integer int64

// MarshalGQL implements graphql.Marshaler.
func (v integer) MarshalGQL(w io.Writer) {
	var b [20]byte
	_, _ = w.Write(strconv.AppendInt(b[:0], int64(v), 10))
}

// UnmarshalInt reads an Int, which has 32 bits.
func UnmarshalInt(v any) (int64, error) {
	n, err := UnmarshalLong(v)
	if err == nil && (n < math.MinInt32 || n > math.MaxInt32) {
		err = fmt.Errorf("an Int has 32 bits and cannot be %d", n)
	}
	return n, err
}

// MarshalLong writes a Long.
func MarshalLong(v int64) graphql.Marshaler { return integer(v) }

// UnmarshalLong reads a Long.
func UnmarshalLong(v any) (int64, error) {
	switch v := v.(type) {
	case int64:
		return v, nil
	case int:
		return int64(v), nil
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return n, nil
		}
		// 1e2 and 2.0 are whole numbers too.
		if f, err := v.Float64(); err == nil && f == math.Trunc(f) && math.Abs(f) < 1<<53 {
			return int64(f), nil
		}
	}
	return 0, fmt.Errorf("cannot represent a whole number: %v", v)
}

// BigDecimal is a number as it is written in JSON.
type BigDecimal string

// MarshalGQL implements graphql.Marshaler.
func (d BigDecimal) MarshalGQL(w io.Writer) { _, _ = io.WriteString(w, string(d)) }

// UnmarshalGQL implements graphql.Unmarshaler.
func (d *BigDecimal) UnmarshalGQL(v any) error {
	text := fmt.Sprint(v)
	if n, err := jsonx.Parse([]byte(text), jsonx.Limits{}); err != nil || n.Kind() != jsonx.Number {
		return fmt.Errorf("BigDecimal cannot represent %v", v)
	}
	*d = BigDecimal(text)
	return nil
}

// DateTime is a point in time.
type DateTime time.Time

// MarshalGQL implements graphql.Marshaler.
func (t DateTime) MarshalGQL(w io.Writer) {
	_, _ = io.WriteString(w, time.Time(t).UTC().Format(`"2006-01-02T15:04:05Z"`))
}

// UnmarshalGQL implements graphql.Unmarshaler. A day alone is its beginning.
func (t *DateTime) UnmarshalGQL(v any) error {
	s, ok := v.(string)
	if !ok {
		return fmt.Errorf("DateTime cannot represent %v", v)
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05", time.DateOnly} {
		if at, err := time.Parse(layout, s); err == nil {
			*t = DateTime(at.UTC())
			return nil
		}
	}
	return fmt.Errorf("DateTime must be an ISO 8601 time such as 2024-05-14T09:34:00Z")
}
