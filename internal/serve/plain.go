package serve

import (
	"cmp"
	"net/http"
	"strconv"

	"clientele/internal/fault"
	"clientele/internal/jsonx"
)

// Plain renders faults for what has no shape of its own, such as documents and
// tools: {"status":404,"title":"…"}.
type Plain struct{}

// Refuse implements Renderer.
func (Plain) Refuse(x *Exchange, f *fault.Error) {
	status, title := cmp.Or(f.Status, StatusOf(f.Kind)), f.Error()
	switch f.Kind {
	case fault.Internal:
		title = http.StatusText(status)
	case fault.Unavailable:
		title = f.Message
	}
	b := append([]byte(nil), `{"status":`...)
	b = strconv.AppendInt(b, int64(status), 10)
	b = append(b, `,"title":`...)
	b = append(jsonx.AppendString(b, title), '}')
	h := x.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Content-Length", strconv.Itoa(len(b)))
	x.WriteHeader(status)
	// The exchange keeps the error.
	_, _ = x.Write(b)
}

// KindOf returns the kind of fault that a status stands for, and Internal where
// it stands for none.
func KindOf(status int) fault.Kind {
	for k := fault.Internal; k <= fault.KeyTaken; k++ {
		if StatusOf(k) == status {
			return k
		}
	}
	return fault.Internal
}

// StatusOf returns the status that answers a kind of fault. A surface whose
// original answers otherwise says so itself.
func StatusOf(k fault.Kind) int {
	switch k {
	case fault.Malformed, fault.BadInput:
		return http.StatusBadRequest
	case fault.Unauthorized:
		return http.StatusUnauthorized
	case fault.Forbidden:
		return http.StatusForbidden
	case fault.NotFound:
		return http.StatusNotFound
	case fault.TooSlow:
		return http.StatusRequestTimeout
	case fault.Conflict, fault.Repeated:
		return http.StatusConflict
	case fault.TooLarge:
		return http.StatusRequestEntityTooLarge
	case fault.WrongMedia:
		return http.StatusUnsupportedMediaType
	case fault.Invalid, fault.BadFilter, fault.KeyTaken:
		return http.StatusUnprocessableEntity
	case fault.TooMany:
		return http.StatusTooManyRequests
	case fault.Unavailable:
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}
