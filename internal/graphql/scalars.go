package graphql

import (
	"fmt"
	"time"

	"clientele/internal/graphql/exec"
	"clientele/internal/jsonx"
)

// scalars are those of the schema that GraphQL does not have itself.
var scalars = map[string]exec.Scalar{
	"Long":       {Read: exec.ReadWhole, Zero: "0"},
	"BigDecimal": {Read: readDecimal, Zero: "0"},
	"DateTime":   {Read: readTime, Zero: `"1970-01-01T00:00:00Z"`},
	"URL":        {Read: exec.ReadText, Zero: `""`},
	"UUID":       {Read: exec.ReadText, Zero: `""`},
	"IpAddress":  {Read: exec.ReadText, Zero: `""`},
}

// readDecimal reads a number as it is written in JSON.
func readDecimal(v any) (any, error) {
	text := fmt.Sprint(v)
	if n, err := jsonx.Parse([]byte(text), jsonx.Limits{}); err != nil || n.Kind() != jsonx.Number {
		return nil, fmt.Errorf("BigDecimal cannot represent %v", v)
	}
	return text, nil
}

// readTime reads a point in time. A day alone is its beginning.
func readTime(v any) (any, error) {
	s, ok := v.(string)
	if !ok {
		return nil, fmt.Errorf("DateTime cannot represent %v", v)
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05", time.DateOnly} {
		if at, err := time.Parse(layout, s); err == nil {
			return at.UTC(), nil
		}
	}
	return nil, fmt.Errorf("DateTime must be an ISO 8601 time such as 2024-05-14T09:34:00Z")
}

func appendTime(b []byte, t time.Time) []byte {
	return t.UTC().AppendFormat(b, `"2006-01-02T15:04:05Z"`)
}

// appendDate appends a stored date, or nothing.
func appendDate(b []byte, text string) []byte {
	if t, ok := date(text); ok {
		return appendTime(b, t)
	}
	return b
}

// date reads a stored date.
func date(text string) (time.Time, bool) {
	v, err := readTime(text)
	t, _ := v.(time.Time)
	return t, err == nil && !t.IsZero()
}
