package v3

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"clientele/internal/fault"
	"clientele/internal/jsonx"
	"clientele/internal/rest"
)

// detail is one entry of "errors".
type detail struct{ key, text string }

// Error implements rest.Surface.
func (*Surface) Error(titles *rest.Titles, err error) (int, []byte) { return Error(titles, err) }

// Error returns the answer to a request that failed. The message of a fault
// without items is the title.
func Error(titles *rest.Titles, err error) (int, []byte) {
	f := fault.As(err)
	if f == nil {
		f = &fault.Error{Kind: fault.Internal}
	}
	status, b := render(titles, f)
	if f.Status != 0 && f.Status != status {
		return body(f.Status, f.Message, nil)
	}
	if titles.Saved && status == http.StatusUnprocessableEntity {
		b = append(b[:len(b)-1], `,"meta":{"saved_records":0}}`...)
	}
	return status, b
}

func render(titles *rest.Titles, f *fault.Error) (int, []byte) {
	switch f.Kind {
	case fault.Invalid:
		if len(f.Items) == 0 {
			return body(http.StatusUnprocessableEntity, f.Message, nil)
		}
		return body(cmp.Or(titles.Invalid, http.StatusUnprocessableEntity), cmp.Or(titles.Failed, f.Message, summary(f.Items)), operationDetails(titles, f.Items))
	case fault.Conflict:
		status := cmp.Or(titles.Conflict, http.StatusUnprocessableEntity)
		if titles.Batch {
			return failedBatch(status, titles.Clash, f)
		}
		return body(status, cmp.Or(f.Message, whole(f.Items), titles.Clash, titles.Failed), operationDetails(titles, f.Items))
	case fault.Malformed:
		if titles.Syntax != 0 && unreadable(f) {
			return body(titles.Syntax, "Input is invalid.", nil)
		}
		return body(cmp.Or(titles.Invalid, http.StatusUnprocessableEntity), invalidData, details(f.Items))
	case fault.BadFilter:
		return badFilter(cmp.Or(titles.Filter, http.StatusUnprocessableEntity), f)
	case fault.NotFound:
		if titles.Missing != "" {
			return body(http.StatusNotFound, titles.Missing, nil)
		}
		title := "The resource at that URL is not found."
		if len(f.Items) > 0 { // a thing that is told by its id
			title = reason(f.Items[0])
		}
		return http.StatusNotFound, append(bodyStart(http.StatusNotFound, title), '}')
	case fault.BadInput:
		b := append(bodyStart(http.StatusBadRequest, "Input is invalid"), `,"detail":`...)
		return http.StatusBadRequest, append(jsonx.AppendString(b, f.Message), '}')
	case fault.Unauthorized:
		return body(http.StatusUnauthorized, "Unauthorized - the v3 Auth client ID or token in the request are not a valid combination for this store.", nil)
	case fault.Forbidden:
		if len(f.Items) > 0 { // the scope is good, the thing is another's
			return body(http.StatusForbidden, reason(f.Items[0]), nil)
		}
		return body(http.StatusForbidden, "You don't have a required scope to access the endpoint", nil)
	case fault.TooLarge:
		return body(http.StatusRequestEntityTooLarge, f.Message, nil)
	case fault.TooSlow:
		return body(http.StatusRequestTimeout, f.Message, nil)
	case fault.WrongMedia:
		return body(http.StatusUnsupportedMediaType, f.Message, nil)
	case fault.Repeated:
		return body(http.StatusConflict, f.Message, nil)
	case fault.KeyTaken:
		return body(http.StatusUnprocessableEntity, f.Message, nil)
	case fault.TooMany:
		return body(http.StatusTooManyRequests, f.Message, nil)
	case fault.Unavailable:
		return body(http.StatusServiceUnavailable, f.Message, nil)
	default:
		return body(http.StatusInternalServerError, "Internal Server Error", nil)
	}
}

// unreadable reports whether a body could not be read or parsed.
func unreadable(f *fault.Error) bool {
	return len(f.Items) == 0 || f.Items[0].Code == fault.BadFormat && path(f.Items[0]) == ""
}

// badFilter names the parameters that are wrong in the title, as the original
// does for unknown ones; wrong values are explained as well.
func badFilter(status int, f *fault.Error) (int, []byte) {
	var names []string
	var ds []detail
	for _, it := range f.Items {
		if !slices.Contains(names, path(it)) {
			names = append(names, path(it))
		}
		if it.Code != fault.UnknownFilter {
			ds = append(ds, detail{path(it), reason(it)})
		}
	}
	return body(status, "The filter(s): "+strings.Join(names, ", ")+" are not valid filter parameter(s).", ds)
}

// path returns where a rule is broken.
func path(it fault.Item) string { return speech.Path(&it) }

// summary is the title of what is refused by an operation without a title.
func summary(items []fault.Item) string {
	var fixed []string
	for _, it := range items {
		if it.Code == fault.ReadOnly {
			fixed = append(fixed, path(it))
		}
	}
	if fixed != nil {
		return "The following fields are invalid: " + strings.Join(fixed, ", ")
	}
	return reason(items[0])
}

// whole is what is wrong with the operation as a whole by a single rule.
func whole(items []fault.Item) string {
	if len(items) == 1 && items[0].Index() < 0 && path(items[0]) == "" && items[0].Code == fault.Taken {
		return reason(items[0])
	}
	return ""
}

func operationDetails(titles *rest.Titles, items []fault.Item) []detail {
	for _, it := range items {
		if it.Code == fault.EmailInUse {
			text := titles.Text + ": email already in use"
			if it.Value != "" {
				text = titles.Text + ": email " + it.Value + " already in use"
			}
			return []detail{{titles.Key, text}}
		}
	}
	ds := details(items)
	out := ds[:0]
	for _, d := range ds {
		switch {
		case d.key != "":
			out = append(out, d)
		case titles.Key != "" || titles.Failed != "": // no item and no field: the operation as a whole
			out = append(out, detail{titles.Key, titles.Text + ": " + d.text})
		}
	}
	return out
}

// failedBatch tells of a batch that failed as a whole because some of it is
// there already.
func failedBatch(status int, title string, f *fault.Error) (int, []byte) {
	b := append(make([]byte, 0, 512), `{"data":[],"errors":[`...)
	_, text := body(status, title, operationDetails(new(rest.Titles), f.Items))
	b = append(b, text...)
	b = append(b, `],"meta":{"total":`...)
	b = strconv.AppendInt(b, int64(f.Total), 10)
	b = append(b, `,"success":0,"failed":`...)
	b = strconv.AppendInt(b, int64(f.Total), 10)
	return status, append(b, `}}`...)
}

// reason says what is wrong.
func reason(it fault.Item) string { return speech.Sentence(&it) }

func details(items []fault.Item) []detail {
	out := make([]detail, 0, len(items))
	seen := make(map[string]bool, len(items))
	for _, it := range items {
		key := path(it)
		if n := it.Index(); n >= 0 {
			key = strings.TrimSuffix(strconv.Itoa(n)+"."+key, ".")
		}
		text := reason(it)
		// The first fault of a field is the one to mend first.
		if !seen[key] {
			seen[key] = true
			out = append(out, detail{key, text})
		}
	}
	return out
}

// bodyStart returns an error's body without what is wrong and the last brace.
func bodyStart(status int, title string) []byte {
	b := append(make([]byte, 0, 256), `{"status":`...)
	b = strconv.AppendInt(b, int64(status), 10)
	b = append(b, `,"title":`...)
	b = jsonx.AppendString(b, title)
	return append(b, `,"type":"`+rest.StatusCodes+`"`...)
}

func body(status int, title string, ds []detail) (int, []byte) {
	b := append(bodyStart(status, title), `,"errors":{`...)
	for i, d := range ds {
		if i > 0 {
			b = append(b, ',')
		}
		b = jsonx.AppendString(b, d.key)
		b = append(b, ':')
		b = jsonx.AppendString(b, d.text)
	}
	return status, append(b, `}}`...)
}
