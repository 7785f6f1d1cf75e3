package v3

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"clientele/internal/fault"
	"clientele/internal/jsonx"
	"clientele/internal/metafield"
	"clientele/internal/rest"
	"clientele/internal/rest/decode"
)

// partial is a batch of metafields whose items succeed or fail on their own.
func partial[In any](read func(decode.Object) In, run func(*rest.Call, []In) (metafield.Outcome, error), row func([]byte, *metafield.Metafield) []byte) func(*rest.Call) error {
	return func(c *rest.Call) error {
		v, err := inputJSON(c)
		if err == nil {
			err = arrayOf(v, metafield.MaxBatch)
		}
		if err != nil {
			return err
		}
		in, at, failed := readPartial(v, read)
		var out metafield.Outcome
		if len(in) > 0 {
			if out, err = run(c, in); err != nil {
				return err
			}
		}
		for i, items := range out.Failed {
			failed[at[i]] = items
		}
		sendPartial(c, out.Done, failed, row)
		return nil
	}
}

// readPartial returns the items of the right shape, their positions in the
// request and, by position, what is wrong with the others.
func readPartial[In any](v jsonx.Value, read func(decode.Object) In) (in []In, at []int, failed [][]fault.Item) {
	failed = make([][]fault.Item, v.Len())
	for i, e := range v.Elems() {
		o := dialect.Object(e, &fault.Collector{})
		item := read(o)
		if len(o.Faults.Items) > 0 {
			failed[i] = o.Faults.Items
			continue
		}
		in, at = append(in, item), append(at, i)
	}
	return in, at, failed
}

// sendPartial answers with what was done, what failed and how many of each:
// 200 if nothing failed, 422 otherwise.
func sendPartial(c *rest.Call, done []metafield.Metafield, failed [][]fault.Item, row func([]byte, *metafield.Metafield) []byte) {
	b := rest.Buffer()
	b.B = append(b.B, `{"data":[`...)
	for i := range done {
		if i > 0 {
			b.B = append(b.B, ',')
		}
		b.B = row(b.B, &done[i])
	}
	b.B = append(b.B, `],"errors":[`...)
	status, n := http.StatusOK, 0
	if slices.ContainsFunc(failed, func(items []fault.Item) bool { return len(items) > 0 }) {
		status = http.StatusUnprocessableEntity
		b.B, n = appendFailed(b.B, failed)
	}
	b.B = fmt.Appendf(b.B, `],"meta":{"total":%d,"success":%d,"failed":%d}}`, len(done)+n, len(done), n)
	c.Send(status, b.B)
	b.Free()
}

// appendFailed appends an entry for each item that failed, by its position and
// with all that is wrong with it, and returns how many there are.
func appendFailed(b []byte, failed [][]fault.Item) ([]byte, int) {
	b = append(b, `{"status":422,"title":"Bulk operation has failed","type":"`+rest.StatusCodes+`","errors":{`...)
	n := 0
	for i, items := range failed {
		if len(items) == 0 {
			continue
		}
		texts := make([]string, len(items))
		for j, it := range items {
			texts[j] = reason(it)
			if it.Path != "" && it.Message == "" {
				texts[j] = it.Path + ": " + texts[j]
			}
		}
		if n > 0 {
			b = append(b, ',')
		}
		b = append(b, '"')
		b = strconv.AppendInt(b, int64(i), 10)
		b = append(b, `":`...)
		b = jsonx.AppendString(b, strings.Join(texts, "; "))
		n++
	}
	return append(b, `}}`...), n
}
